import asyncio

import pytest
from comparing import BAD, GOOD, RUBRIC, Client, say

from rubricate.errors import CallError, SettingError
from rubricate.judges import CritiquePairJudge, GroupJudge, PairJudge
from rubricate.llm.client import Reply
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.types import State

JUDGE = CritiquePairJudge(reasks=0)


def critic(scores):
    """Criticises first; then scores by the response, but only when the critique is there to be read."""

    def rule(request):
        blocks = dict(read_prompt(request).blocks)
        if "critique" not in blocks:
            return f"<think>hm</think>About: {blocks['response']}"
        assert blocks["critique"] == f"About: {blocks['response']}"
        return say(whole=scores[blocks["response"]])

    return ScriptedClient(rule)


def compare(client, judge=JUDGE, first=GOOD, second=BAD):
    (found,) = asyncio.run(judge.compare(first, second, RUBRIC, client))
    return found


def test_two_calls_per_response_and_the_gap_of_the_scores():
    client = critic({GOOD.response: 9, BAD.response: 3})
    found = compare(client)
    assert (found.value, found.label, found.order) == (pytest.approx(6 / 9), "9/3", "apart")
    assert found.usage.calls == client.calls == 4
    assert "first: About: Seven" in found.reason
    assert compare(client, first=BAD, second=GOOD).value == pytest.approx(-6 / 9)


def test_even_scores():
    client = critic({GOOD.response: 5, BAD.response: 5})
    assert compare(client).value == 0.0
    assert compare(client, CritiquePairJudge(even="missing")).state is State.ABSTAINED


def test_it_also_scores_a_group():
    assert isinstance(JUDGE, GroupJudge)
    assert isinstance(JUDGE, PairJudge)
    found = asyncio.run(JUDGE.rank((GOOD, BAD), RUBRIC, critic({GOOD.response: 9, BAD.response: 3})))
    assert [v.value for v in found] == [9.0, 3.0]
    assert found[0].reason == "About: Seven is a prime."


@pytest.mark.parametrize(
    ("replies", "state"),
    [
        ([""], State.UNREADABLE),
        ([Reply(("It begins",), ("length",))], State.TRUNCATED),
        ([Reply(("no",), ("content_filter",))], State.REFUSED),
        ([CallError("late", state="timed_out")], State.TIMED_OUT),
        (["Fine.", say(whole=11)], State.UNREADABLE),
        (["Fine.", say(whole=5.5)], State.UNREADABLE),
        (["Fine.", say(whole="cannot_tell")], State.UNREADABLE),
        (["Fine.", "Nine of ten"], State.UNREADABLE),
        (["Fine.", CallError("down")], State.FAILED),
    ],
)
def test_a_missing_critique_or_score_is_a_state_of_its_side(replies, state):
    rest = ["Good.", say(whole=7)]
    first = compare(Client(*replies, *rest))
    assert (first.state, first.value) == (state, None)
    assert first.reason.startswith("first:")
    second = compare(Client(*rest, *replies))
    assert (second.state, second.value) == (state, None)
    assert second.reason.startswith("second:")
    assert second.usage.calls == 2 + len(replies)


def test_settings():
    with pytest.raises(SettingError):
        CritiquePairJudge(low=5, high=5)
    with pytest.raises(SettingError, match="got no client"):
        compare(None)
    assert CritiquePairJudge(high=5).digest != CritiquePairJudge().digest
