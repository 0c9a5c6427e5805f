import asyncio
import json

import numpy as np
import pytest
from comparing import RUBRIC, TASK, Client
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import CallError, SettingError
from rubricate.judges import WHOLE, GroupJudge, ListwiseJudge
from rubricate.judges.listwise import read_ranking
from rubricate.llm.ask import Problem
from rubricate.llm.client import Reply
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.types import Message, Sample, State

SAMPLES = [Sample(f"id-{k}", TASK, f"text {k}") for k in range(4)]
QUALITY = {f"text {k}": score for k, score in enumerate((4, 1, 5, 2, 3, 3, 1, 5))}
ONE = ListwiseJudge(calls=1, reasks=0)


def shown(request):
    """Texts by mask."""
    blocks = read_prompt(request).blocks
    return {label.removeprefix("response "): text for label, text in blocks if label.startswith("response ")}


def reply(scores, ranking=None):
    order = sorted(scores, key=lambda mask: -scores[mask]) if ranking is None else ranking
    return json.dumps({"scores": scores, "ranking": order})


def honest(request):
    return reply({mask: QUALITY[text] for mask, text in shown(request).items()})


def rank(client, judge=ONE, samples=SAMPLES):
    return asyncio.run(judge.rank(samples, RUBRIC, client))


def test_scores_come_back_in_the_order_of_the_samples():
    assert isinstance(ONE, GroupJudge)
    found = rank(ScriptedClient(honest), ListwiseJudge(calls=3))
    assert [(v.criterion, v.value, v.spread) for v in found] == [(WHOLE, q, 0.0) for q in (4, 1, 5, 2)]
    assert [v.order for v in found] == ["shuffled:consistent"] * 4
    assert found[0].usage.calls == 3
    assert found[1].usage is None


def test_the_prompt_masks_ids_and_states_the_principle():
    request = ONE.request(SAMPLES, RUBRIC)
    text = "".join(m.content for m in request.messages)
    assert "id-" not in text
    assert shown(request) == {str(k + 1): f"text {k}" for k in range(4)}
    assert "Is true. (weight 3)" in request.messages[0].content
    own = ListwiseJudge(principle="Prefer the shortest.").request(SAMPLES, RUBRIC).messages[0].content
    assert "Prefer the shortest." in own
    assert "Is true" not in own


def test_masks_are_drawn_anew_for_every_call_and_every_group_of_one_size():
    judge = ListwiseJudge(calls=6)
    orders = judge.plan(SAMPLES)
    assert len(set(orders[:4])) == 4
    assert np.sort(np.array(orders[:4]), axis=0).tolist() == [[k] * 4 for k in range(4)]  # everyone in every place
    groups = [[Sample(f"{g}{k}", TASK, f"{g} {k}") for k in range(4)] for g in range(40)]
    first = {ListwiseJudge(calls=1).plan(g)[0] for g in groups}
    assert len(first) > 10  # 24 permutations; the defect of card 82 gives one for a given n
    places = np.array([[order.index(i) for i in range(4)] for g in groups for order in judge.plan(g)])
    assert abs(places.mean(0) - 1.5).max() < 0.25  # nobody stands in front more often: 240 calls, 3 s.e. = .22


def test_the_plan_depends_on_the_contents_alone():
    judge = ListwiseJudge(calls=4)
    turned = SAMPLES[::-1]
    assert [[SAMPLES[i].id for i in order] for order in judge.plan(SAMPLES)] == [
        [turned[i].id for i in order] for order in judge.plan(turned)
    ]
    assert judge.plan(SAMPLES) == judge.plan(list(SAMPLES))
    assert judge.plan(SAMPLES) != ListwiseJudge(calls=4, order_seed=1).plan(SAMPLES)


def test_many_responses_are_split_into_windows():
    samples = [Sample(f"id-{k}", TASK, f"text {k}") for k in range(8)]
    judge = ListwiseJudge(calls=2, window=5, overlap=2)
    assert [len(order) for order in judge.plan(samples)] == [5, 5, 5, 5]
    client = ScriptedClient(honest)
    found = rank(client, judge, samples)
    assert client.calls == 4
    np.testing.assert_allclose([v.value for v in found], [QUALITY[s.response] for s in samples], atol=1e-9)


def test_a_judge_that_prefers_what_stands_first_is_averaged_out():
    quality = {f"text {k}": k % 3 + 1 for k in range(4)}

    def biased(request):
        return reply({mask: quality[text] + 2 * (mask == "1") for mask, text in shown(request).items()})

    def error(calls):
        found = rank(ScriptedClient(biased), ListwiseJudge(calls=calls))
        off = [v.value - quality[f"text {k}"] for k, v in enumerate(found)]
        return np.abs(np.array(off) - np.mean(off)).max()

    assert error(1) == 1.5  # 2 for one of four, less the mean
    assert error(2) == 0.5
    assert error(4) == 0.0  # everyone stood first once
    assert error(6) <= 1 / 6 + 1e-9


# ------------------------------------------------------------------------------------------------- bad replies


@pytest.mark.parametrize(
    ("table", "missing"),
    [
        ({"1": 4, "2": 3, "3": 2}, {"4"}),
        ({"1": 4, "2": 3, "3": 2, "4": 9}, {"4"}),
        ({"1": 4, "2": 3, "3": 2, "4": 2.5}, {"4"}),
        ({"1": 4, "2": 3, "3": 2, "4": "good"}, {"4"}),
        ({"1": 4, "2": 3, "3": None, "4": True}, {"3", "4"}),
        ({"1": 4, "2": 3, "3": 2, "5": 1}, {"4"}),
    ],
)
def test_a_bad_score_is_missing_for_that_response_alone(table, missing):
    found = rank(Client(reply(table, ["1", "2", "3", "4"])))
    order = ONE.plan(SAMPLES)[0]
    for mask, i in zip("1234", order, strict=True):
        if mask in missing:
            assert (found[i].state, found[i].value) == (State.UNREADABLE, None)
        else:
            assert found[i].value == table[mask]


def test_a_doubled_id_is_missing():
    text = '{"scores": {"1": 4, "1": 2, "2": 3, "3": 1, "4": 1}, "ranking": ["1", "2", "3", "4"]}'
    found = rank(Client(text))
    first = ONE.plan(SAMPLES)[0][0]
    assert found[first].state is State.UNREADABLE
    assert "twice" in found[first].reason
    assert sum(v.scored for v in found) == 3


@pytest.mark.parametrize(
    "text",
    ["", "1 > 2 > 3", '{"ranking": ["1"]}', '{"scores": [1, 2]}', '{"scores": {"1": 4', '{"scores": {"1": NaN}}'],
)
def test_unreadable_replies(text):
    found = rank(Client(text))
    assert {(v.state, v.value) for v in found} == {(State.UNREADABLE, None)}
    assert found[0].raw == text
    client = Client(text, honest_reply := reply({"1": 1, "2": 2, "3": 3, "4": 4}))
    assert all(v.scored for v in rank(client, ListwiseJudge(calls=1, reasks=1)))
    assert honest_reply
    assert "cannot be used" in client.requests[1].messages[-1].content


@pytest.mark.parametrize(
    ("bad", "state"),
    [
        (Reply(('{"scores": {"1"',), ("length",)), State.TRUNCATED),
        (Reply(("no",), ("content_filter",)), State.REFUSED),
        (CallError("late", state="timed_out"), State.TIMED_OUT),
        (CallError("down"), State.FAILED),
    ],
)
def test_states_of_calls(bad, state):
    assert {(v.state, v.value) for v in rank(Client(bad))} == {(state, None)}


def test_one_failing_call_of_two_leaves_the_other_and_says_so():
    client = Client(CallError("down"), reply({"1": 1, "2": 2, "3": 3, "4": 4}))
    found = rank(client, ListwiseJudge(calls=2, reasks=0))
    assert all(v.scored for v in found)
    assert found[0].reason == "scored in 1 of 2 calls"
    assert found[0].usage.calls == 2


def test_scores_are_kept_and_flagged_when_the_ranking_contradicts_them():
    table = {"1": 1, "2": 2, "3": 3, "4": 4}
    for ranking in (["1", "2", "3", "4"], ["4", "3", "2"], ["4", "4", "3", "2"], None, "4321"):
        text = json.dumps({"scores": table, "ranking": ranking})
        found = rank(Client(text))
        assert {v.order for v in found} == {"shuffled:inconsistent"}
        assert sorted(v.value for v in found) == [1, 2, 3, 4]
        assert "ranking against scores in 1" in found[0].reason
    assert {v.order for v in rank(Client(reply(table)))} == {"shuffled:consistent"}


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.randoms())
def test_any_order_by_score_is_consistent_and_a_swap_of_unequal_ones_is_not(scores, random):
    masks = [str(k + 1) for k in range(len(scores))]
    table = dict(zip(masks, scores, strict=True))
    order = sorted(masks, key=lambda m: (-table[m], random.random()))
    assert read_ranking(reply(table, order), masks, 1, 5).consistent
    if len(set(scores)) > 1:
        assert not read_ranking(reply(table, order[::-1]), masks, 1, 5).consistent


def test_a_problem_is_no_ranking():
    assert isinstance(read_ranking("nothing", ["1"], 1, 5), Problem)


def test_settings_and_samples():
    for odd in ({"calls": 0}, {"window": 1}, {"low": 5}, {"overlap": 5}, {"reasks": -1}):
        with pytest.raises(SettingError):
            ListwiseJudge(**odd)
    with pytest.raises(SettingError, match="different prompts"):
        rank(ScriptedClient(honest), samples=[SAMPLES[0], Sample("x", (Message("user", "other"),), "y")])
    with pytest.raises(SettingError, match="got no client"):
        rank(None)
    assert rank(ScriptedClient(honest), samples=[]) == ()
    assert rank(ScriptedClient(honest), samples=SAMPLES[:1])[0].value == 4.0
    assert ListwiseJudge().digest != ListwiseJudge(principle="x").digest
