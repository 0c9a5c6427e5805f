import math

import pytest

from rubricate.errors import UnknownNameError
from rubricate.report import compare, explain
from rubricate.report.explain import verdict_text
from rubricate.rubrics import Rubric
from rubricate.rubrics.model import Criterion
from rubricate.types import State, Verdict


def test_rows_by_hand(run):
    rows = explain(run, "a2")
    assert [r.criterion for r in rows] == ["warm", "clear", "microwave"]
    assert [r.verdict for r in rows] == ["not met", "3 of 5", "not met"]
    assert [r.weight for r in rows] == [3, 1, -2]
    assert [r.contribution for r in rows] == [0, 0.125, 0]
    assert [r.reason for r in rows] == ["said 0", "said 3", "said 0"]


def test_missing_and_not_asked(run):
    assert [(r.verdict, r.state, r.value) for r in explain(run, "b3")] == [
        ("met", State.SCORED, 1.0),
        ("truncated", State.TRUNCATED, None),
        ("not asked", None, None),
    ]
    assert [r.verdict for r in explain(run, "b2")] == ["timed out", "failed", "refused"]
    assert all(math.isnan(r.contribution) for r in explain(run, "b2"))


def test_differences_of_a_linear_policy_sum_to_the_difference_in_reward(run):
    found = compare(run, "a1", "a2")
    assert found.difference == 0.875
    assert found.remainder == 0.0
    assert [(r.criterion, r.difference) for r in found.rows] == [("warm", 0.75), ("clear", 0.125), ("microwave", 0.0)]
    back = compare(run, "a2", "a1")
    assert [(r.criterion, r.difference) for r in back.rows] == [("warm", -0.75), ("clear", -0.125), ("microwave", 0.0)]


def test_another_policy_gives_other_contributions(run):
    """weighted_mean: (w v - lowest) / range with range 3 + 1 + 2."""
    assert [r.contribution for r in explain(run, "a1", "weighted_mean")] == pytest.approx([3 / 6, 1 / 6, 2 / 6])


def test_a_clipped_policy_leaves_a_remainder_that_is_said(make, sample):
    rubric = Rubric(
        id="r",
        criteria=[{"id": "good", "text": "Good."}, {"id": "bad", "text": "Bad.", "weight": -3}],
        policy={"name": "points_ratio", "clip": "example"},
    )
    result = make(rubric, [(sample("x"), (1, 0)), (sample("y"), (1, 1))])
    assert result.rewards.values.tolist() == [1.0, 0.0]
    found = compare(result, "x", "y")
    assert [(r.criterion, r.difference) for r in found.rows] == [("bad", 3.0), ("good", 0.0)]
    assert (found.difference, found.remainder) == (1.0, -2.0)


def test_without_a_reward_nothing_becomes_a_number(run):
    found = compare(run, "a1", "b2")
    assert math.isnan(found.difference)
    assert math.isnan(found.remainder)
    assert all(math.isnan(r.difference) for r in found.rows)
    assert found.undefined == "b2 has no reward: verdicts are missing"


def test_responses_under_two_rubrics_are_compared_by_id(make, sample):
    one = Rubric(id="one", criteria=[{"id": "same", "text": "S."}, {"id": "left", "text": "L."}])
    two = Rubric(id="two", criteria=[{"id": "same", "text": "S."}, {"id": "right", "text": "R.", "weight": 3}])
    result = make([one, two], [(sample("x", rubric="one"), (1, 1)), (sample("y", rubric="two"), (0, 1))])
    found = compare(result, "x", "y")
    assert [(r.criterion, r.difference) for r in found.rows] == [("right", -0.75), ("same", 0.5), ("left", 0.5)]
    assert (found.difference, found.remainder) == (0.25, 0.0)
    assert found.rows[0].a is None
    assert found.rows[2].b is None


def test_an_unknown_response_lists_the_known(run):
    with pytest.raises(UnknownNameError, match=r"unknown response 'a9'.*a1, a2"):
        explain(run, "a9")


@pytest.mark.parametrize(
    ("scale", "value", "words"),
    [
        ("binary", 1.0, "met"),
        ("ternary", 0.5, "partly met"),
        ("1-5", 4.0, "4 of 5"),
        ("points 0-10", 7.5, "7.5 of 10"),
        ("pairwise", -1.0, "-1"),
        ("pairwise", 2.0, "+2"),
        ({"labels": {"support": 1, "partial": 0.4, "none": 0}}, 0.4, "partial"),
    ],
)
def test_verdicts_in_the_words_of_their_scales(scale, value, words):
    criterion = Criterion(id="c", text="C.", scale=scale)
    assert verdict_text(criterion, Verdict("c", State.SCORED, value)) == words
