"""Points with deductions and voids, sentinels, and the halving of checks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.rewards.outcome import Why
from rubricate.rewards.points import Halving, Points, without_sentinels
from rubricate.rewards.policies import as_scores
from rubricate.structure import Structure

NAN = math.nan
# point A: two sub-points of 1; point B: three sub-points of 1 and "any error voids the point"; a deduction of 2 on all
QUESTION = Structure.of(
    [-1, 0, 0, -1, 3, 3, 3, 3, -1],
    max_points=[2.0, NAN, NAN, 3.0, NAN, NAN, NAN, NAN, NAN],
    void=[False] * 7 + [True, False],
    deduction=[0.0] * 8 + [2.0],
    max_total=5.0,
)
FULL = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]


def score(*rows, structure=QUESTION, weights=1.0, **settings_):
    return Points(**settings_).score(as_scores(rows, weights), structure).values.tolist()


def test_points_minus_deductions():
    assert score(FULL) == [5.0]
    assert score([1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]) == [3.0]
    assert score([*FULL[:6], 1.0]) == [3.0]
    assert score([0.0] * 6 + [1.0]) == [0.0]  # never below 0
    assert score([*FULL[:6], 1.0], units="normalised") == [0.6]
    with pytest.raises(SettingError, match="native, normalised"):
        Points(units="points")


def test_any_error_voids_the_whole_point():
    assert score([0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]) == [3.0, 2.0]
    assert score([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]) == [2.0]


def test_a_deduction_inside_a_point_stays_inside():
    structure = Structure.of([-1, 0, 0, -1], deduction=[0.0, 0.0, 5.0, 0.0])
    assert score([1.0, 1.0, 1.0], structure=structure) == [1.0]


def test_negative_weights_take_their_size():
    structure = Structure.of([-1, -1], weight=[3.0, -1.0])
    assert score([1.0, 1.0], structure=structure, weights=[3.0, -1.0]) == [2.0]


def test_a_deduction_that_was_turned_round_is_read_the_right_way():
    # bad if met with positive weight: the value comes in as 1 - v, so 0 means that the mistake was made
    structure = Structure.of([-1, -1], deduction=[0.0, 1.0], bad=[False, False])
    assert score([1.0, 0.0], [1.0, 1.0], structure=structure) == [0.0, 1.0]


def test_native_scales_and_caps():
    structure = Structure.of([-1, 0, 0], max_points=[5.0, NAN, NAN])
    scores = as_scores([[1.0, 0.5]], lo=0.0, hi=4.0)
    assert Points().score(scores, structure).values.tolist() == [5.0]  # 4 + 2, capped


def test_missing_deductions_do_not_pay():
    lost = as_scores([[*FULL[:6], NAN], [*FULL[:5], NAN, 0.0]])
    assert Points().score(lost, QUESTION).code.tolist() == [Why.MISSING] * 2
    assert Points(missing="worst_case").score(lost, QUESTION).values.tolist() == [3.0, 2.0]
    # the void settles point B whatever the lost sub-point is
    assert Points().score(as_scores([[1.0, 1.0, NAN, 1.0, 1.0, 1.0, 0.0]]), QUESTION).values.tolist() == [2.0]


def test_sentinels_are_reasons_and_never_numbers():
    scores = as_scores([FULL, [NAN] * 7, FULL])
    policy = Points()
    rewards = policy.score(scores, QUESTION, empty=[0, 1, 0], overlong=[0, 0, 1])
    assert rewards.values[0] == 5.0
    assert rewards.code.tolist() == [0, Why.EMPTY_ANSWER, Why.OVERLONG_ANSWER]
    found = policy.total(rewards)
    assert (found.value, found.n, found.left_out) == (5.0, 1, 2)
    published = without_sentinels([3.0, -200.0, 5.0, -100.0])
    assert float(policy.total(published)) == 4.0
    assert policy.total(published).left_out == 2


def test_control_averaged_sentinels_are_nonsense():
    assert np.mean([3.0, -200.0, 5.0, -100.0]) == -73.0


CHECKS = Structure.of([-1] * 6 + [k for k in range(6) for _ in range(8)])


def checks(failed):
    row = np.ones(48)
    row[failed] = 0.0
    return as_scores([row])


def test_halving_tells_spread_from_concentrated_failures():
    spread, packed = checks([0, 8, 16, 24, 32, 40]), checks([0, 1, 2, 3, 4, 5])
    assert Halving().score(spread, CHECKS).values[0] == 0.5
    assert Halving().score(packed, CHECKS).values[0] == pytest.approx((5 + 0.5**6) / 6)  # .836
    assert spread.values.mean() == packed.values.mean() == 0.875


def test_halving_pools_criteria_over_figures():
    policy = Halving(across="micro")
    one = Structure.of([-1, 0])
    few = policy.score(as_scores([[0.0]]), one)
    many = policy.score(checks([]), CHECKS)
    assert (few.mass[0], many.mass[0]) == (1.0, 6.0)
    both = type(few).gather(2, [(np.array([0]), few), (np.array([1]), many)])
    assert float(policy.total(both)) == pytest.approx((0.5 + 6) / 7)


def test_halving_details():
    structure = Structure.of([-1, -1, 1, 1])  # one criterion of its own, one with two checks
    rewards = Halving().score(as_scores([[0.5, 1.0, 0.0], [1.0, 0.0, 0.0]]), structure)
    assert rewards.values.tolist() == [0.5, 0.625]  # a partial check failed
    lost = as_scores([[1.0, 1.0, NAN]])
    assert Halving().score(lost, structure).code[0] == Why.MISSING
    assert Halving(missing="worst_case").score(lost, structure).values[0] == 0.75
    with pytest.raises(SettingError, match="base"):
        Halving(base=1.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=7, max_size=7), st.integers(0, 6))
def test_points_are_monotone(row, at):
    better = list(row)
    better[at] = 0.0 if at >= 5 else 1.0
    low, high = score(row, better)
    assert high >= low
