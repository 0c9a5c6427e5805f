import asyncio

import numpy as np
import pytest
from comparing import RUBRIC, TASK, prefers, say, shown

from rubricate.errors import CallError, SettingError, ShapeError, UnknownNameError
from rubricate.judges import WHOLE, PairwiseJudge, compare_pairs, pair_values, side_scores
from rubricate.llm.scripted import ScriptedClient
from rubricate.rewards import Tiers
from rubricate.rewards.table import as_scores
from rubricate.rubrics import Rubric
from rubricate.types import Sample, State, Verdict

SAMPLES = [Sample(f"s{k}", TASK, f"text {k}") for k in range(5)]
BEST_FIRST = prefers(*(s.response for s in SAMPLES))


def run(pairs, client, judge=None, samples=SAMPLES, rubrics=RUBRIC, **more):
    return asyncio.run(compare_pairs(judge or PairwiseJudge(), pairs, samples, rubrics, client, **more))


def test_verdicts_come_in_the_order_of_the_pairs():
    pairs = np.array([[0, 1], [3, 1], [2, 4], [4, 0]])
    for concurrency in (1, 3, 64):
        found = run(pairs, ScriptedClient(BEST_FIRST), concurrency=concurrency)
        assert pair_values(found)[:, 0].tolist() == [1.0, -1.0, 1.0, -1.0]
    assert run(np.zeros((0, 2), dtype=int), ScriptedClient(BEST_FIRST)) == []


def test_a_failing_pair_costs_itself_and_is_nan_for_both_sides():
    def rule(request):
        if "text 1" in shown(request):
            raise CallError("down")
        return BEST_FIRST(request)

    found = run([[0, 1], [0, 2]], ScriptedClient(rule))
    assert [v[0].state for v in found] == [State.FAILED, State.SCORED]
    np.testing.assert_array_equal(side_scores(pair_values(found)[:, 0]), [[np.nan, np.nan], [1.0, 0.0]])


def test_no_more_than_the_stated_number_is_in_flight():
    class Counting:
        endpoint, now, most = "test", 0, 0

        async def complete(self, request):
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            return await ScriptedClient(BEST_FIRST).complete(request)

    client = Counting()
    run([[a, b] for a in range(5) for b in range(5) if a != b], client, concurrency=3)
    assert client.most == 3


@pytest.mark.parametrize("pairs", [[[0, 5]], [[-1, 0]], [[1, 1]], [[0.0, 1.0]], [0, 1]])
def test_odd_pairs_are_refused(pairs):
    with pytest.raises(ShapeError):
        run(pairs, ScriptedClient(BEST_FIRST))


def test_arguments_are_checked_before_a_call():
    with pytest.raises(SettingError, match="got no client"):
        run([[0, 1]], None)
    with pytest.raises(UnknownNameError):
        run([[0, 1]], ScriptedClient(BEST_FIRST), rubrics={"a": RUBRIC, "b": RUBRIC})
    bad = Rubric(
        id="x", criteria=[{"id": "a", "text": "t", "verifier": {"name": "contains", "settings": {"word": "x"}}}]
    )
    with pytest.raises(SettingError, match="contains"):
        run([[0, 1]], ScriptedClient(BEST_FIRST), rubrics=bad)


def test_values_by_criterion_with_gaps():
    found = [[Verdict("a", State.SCORED, 0.5), Verdict("b", State.REFUSED)], [Verdict("b", State.SCORED, -1.0)]]
    np.testing.assert_array_equal(pair_values(found, ["a", "b"]), [[0.5, np.nan], [np.nan, -1.0]])
    np.testing.assert_array_equal(pair_values(found), [[np.nan], [np.nan]])
    assert WHOLE == "whole"
    with pytest.raises(ShapeError, match="outside"):
        side_scores([1.5])


def test_criteria_in_both_orders_feed_the_tiers_of_card_8():
    """Forward and backward comparisons by criterion, and the preference that both orders agree on."""

    def rule(request):
        a, b = shown(request)
        good = 1 if a < b else -1  # the lower text is better in truth and short; whoever is A boasts less
        return say(true=2 * good, short=good, vain=1)

    judge, names = PairwiseJudge(about="criteria", order="as_is"), [c.id for c in RUBRIC.leaves]
    pairs = np.array([[0, 1], [2, 0]])
    forward = pair_values(run(pairs, ScriptedClient(rule), judge), names)
    backward = pair_values(run(pairs[:, ::-1], ScriptedClient(rule), judge), names)
    np.testing.assert_array_equal(forward, [[1.0, 0.5, 0.5], [-1.0, -0.5, 0.5]])
    np.testing.assert_array_equal(backward, [[-1.0, -0.5, 0.5], [1.0, 0.5, 0.5]])
    scores = as_scores(forward, [3.0, 1.0, 1.0], lo=-1.0, hi=1.0)
    assert Tiers().score(scores, backward=backward).values.tolist() == [1.0, -1.0]
