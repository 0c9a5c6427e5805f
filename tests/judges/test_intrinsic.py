"""Agreement of a group with itself, by answers, by similarity and by asking."""

import asyncio
import json

import numpy as np
import pytest

from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.judges import GroupJudge, SelfAgreement
from rubricate.judges.intrinsic import greedy_clusters
from rubricate.llm.scripted import ScriptedClient
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

ANY = Rubric(id="any", criteria=[{"id": "c", "text": "Any."}])


def group(*texts, views=None):
    return [
        Sample(f"s{k}", (Message("user", "2 + 2?"),), t, "g", "any", metadata={} if views is None else {"wording": views[k]})
        for k, t in enumerate(texts)
    ]  # fmt: skip


def ranked(judge, samples, client=None):
    return asyncio.run(judge.rank(samples, ANY, client))


def test_answers_are_compared_after_normalising_and_silence_is_no_vote():
    samples = group(r"so \boxed{4}", r"\boxed{3} no, \boxed{ 4 }", r"\boxed{5}", "I do not know", r"\boxed{}")
    judge = SelfAgreement()
    assert isinstance(judge, GroupJudge)
    assert not judge.needs_client
    found = ranked(judge, samples)
    assert [v.value for v in found] == [1.0, 1.0, 0.0, None, None]
    assert found[3].state is State.UNREADABLE
    shares = ranked(SelfAgreement("frequency"), samples)
    assert [v.value for v in shares[:3]] == pytest.approx([2 / 3, 2 / 3, 1 / 3])


def test_other_views_vote():
    samples = group(r"\boxed{4}", r"\boxed{4}", r"\boxed{5}", r"\boxed{5}", views="aabb")
    assert [v.value for v in ranked(SelfAgreement(view="wording"), samples)] == [0.0] * 4
    alone = ranked(SelfAgreement(view="wording"), samples[:2])
    assert {v.state for v in alone} == {State.ABSTAINED}


def test_by_similarity():
    found = ranked(
        SelfAgreement("frequency", by="similarity", threshold=0.6),
        group("It is four.", "it is FOUR", "Stocks fell", ""),
    )
    assert [v.value for v in found[:3]] == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert found[3].state is State.UNREADABLE


def truth(pairs, calls=None):
    """A client for which the second answer follows from the first for the pairs given."""

    def reply(request):
        text = request.messages[-1].content if len(request.messages) == 2 else request.messages[1].content
        first, second = (
            text.partition(f'is="{label} answer">\n')[2].partition("\n</d-")[0] for label in ("first", "second")
        )
        if calls is not None:
            calls.append((first, second))
        return json.dumps({"follows": "yes" if (first, second) in pairs else "no"})

    return ScriptedClient(reply)


def test_by_entailment_both_ways():
    calls = []
    client = truth({("four", "4"), ("4", "four"), ("four", "a number")}, calls)
    judge = SelfAgreement("frequency", by="entailment")
    assert judge.needs_client
    found = ranked(judge, group("four", "4", "a number", "Four"), client)
    assert [v.value for v in found] == pytest.approx([3 / 4, 3 / 4, 1 / 4, 3 / 4])
    assert calls == [("four", "4"), ("4", "four"), ("four", "a number"), ("a number", "four")]
    assert found[0].usage.calls == 4
    with pytest.raises(SettingError, match="client"):
        ranked(judge, group("a", "b"))


@pytest.mark.parametrize("reply", ["", "yes", '{"follows": "maybe"}', '{"follows": true}', '{"answer": "yes"}'])
def test_bad_replies_become_states_and_cost_their_own_response_only(reply):
    client = ScriptedClient(lambda r: reply)
    found = ranked(SelfAgreement(by="entailment", reasks=1), group("four", "five", "four"), client)
    assert [v.state for v in found] == [State.SCORED, State.UNREADABLE, State.SCORED]
    assert found[1].value is None
    assert found[0].usage.calls == 2


def test_a_failing_endpoint():
    def down(request):
        raise CallError("down", state="timed_out")

    found = ranked(SelfAgreement(by="entailment"), group("four", "five"), ScriptedClient(down))
    assert [v.state for v in found] == [State.SCORED, State.TIMED_OUT]


def test_clusters_and_settings():
    same = np.ones((3, 3), dtype=bool)
    assert greedy_clusters(same, np.array([True, False, True])).tolist() == [0, -1, 0]
    assert greedy_clusters(~same, np.array([True] * 3)).tolist() == [0, 1, 2]
    for bad in ({"how": "most"}, {"by": "eye"}):
        with pytest.raises(UnknownNameError):
            SelfAgreement(**bad)
    for bad in ({"answer": "no group"}, {"threshold": 2.0}):
        with pytest.raises(SettingError):
            SelfAgreement(**bad)
    assert len({SelfAgreement(h, b).digest for h in ("majority", "frequency") for b in ("answer", "similarity")}) == 4
