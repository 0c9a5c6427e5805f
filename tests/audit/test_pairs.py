import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.audit import all_of_n_accuracy, cross_variant_kappa, judgebench, pair_accuracy, position_bias
from rubricate.errors import ShapeError, UnknownNameError

NAN = math.nan
VERDICTS = st.lists(
    st.tuples(st.sampled_from([-1.0, 0.0, 1.0]), st.sampled_from([-1.0, 0.0, 1.0])), min_size=1, max_size=30
)


# ------------------------------------------------------------------------------------------------ pair accuracy


def test_accuracy_by_subset_and_language_by_hand():
    margin = [2, -1, 0, 1, NAN, 1]
    found = pair_accuracy(margin, ["x", "x", "x", "y", "y", "y"], ["de", "de", "en", "en", "en", "de"])
    assert (found.subsets, found.languages) == (("x", "y"), ("de", "en"))
    np.testing.assert_allclose(found.accuracy, [[0.5, 0.5], [1.0, 1.0]])
    assert found.judged.tolist() == [[2, 1], [1, 1]]
    assert found.asked.tolist() == [[2, 1], [1, 2]]
    assert found.mean == 0.75
    assert found.overall == pytest.approx(3.5 / 5)


def test_what_ties_and_missing_verdicts_become_is_a_setting():
    margin = [1, 0, NAN, -1]
    assert pair_accuracy(margin).overall == pytest.approx(1.5 / 3)
    assert pair_accuracy(margin, ties="wrong").overall == pytest.approx(1 / 3)
    assert pair_accuracy(margin, ties="leave_out").overall == 0.5
    assert pair_accuracy(margin, missing="half").overall == pytest.approx(2 / 4)
    assert pair_accuracy(margin, missing="wrong").overall == pytest.approx(1.5 / 4)
    assert math.isnan(pair_accuracy([NAN, NAN]).mean)
    with pytest.raises(UnknownNameError, match="leave_out"):
        pair_accuracy(margin, ties="skip")
    with pytest.raises(ShapeError):
        pair_accuracy(margin, subset=[1])


def test_a_cell_without_pairs_is_nan_and_no_part_of_the_mean():
    found = pair_accuracy([1, -1], ["a", "b"], ["en", "de"])
    np.testing.assert_array_equal(np.isnan(found.accuracy), [[True, False], [False, True]])
    assert found.mean == 0.5


@pytest.mark.parametrize("seed", range(50))
def test_against_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    margin = np.where(rng.random(n) < 0.2, NAN, rng.integers(-1, 2, n))
    subset, language = rng.integers(0, 3, n), rng.integers(5, 7, n)
    ties, missing = rng.choice(["half", "wrong", "leave_out"]), rng.choice(["half", "wrong", "leave_out"])
    found = pair_accuracy(margin, subset, language, ties=ties, missing=missing)
    cells = []
    for s, name in enumerate(found.subsets):
        for k, tongue in enumerate(found.languages):
            credits = []
            for m, a, b in zip(margin, subset, language, strict=True):
                if (str(a), str(b)) == (name, tongue):
                    policy = missing if math.isnan(m) else ties if m == 0 else None
                    if policy != "leave_out":
                        credits.append({"half": 0.5, "wrong": 0.0, None: float(m > 0)}[policy])
            assert found.accuracy[s, k] == pytest.approx(np.mean(credits) if credits else NAN, nan_ok=True)
            cells += [np.mean(credits)] if credits else []
    assert found.mean == pytest.approx(np.mean(cells) if cells else NAN, nan_ok=True)


# --------------------------------------------------------------------------------------------------- both orders


def test_judgebench_by_hand():
    #           right, net right, net 0, net wrong, inconsistent tie
    forward = [1, 1, 1, -1, 0, NAN]
    backward = [1, 0, -1, 0, 0, 1]
    found = judgebench(forward, backward)
    assert (found.accuracy, found.inconsistent, found.judged) == (2 / 5, 3 / 5, 5)
    assert judgebench(forward, backward, missing="half").accuracy == 3 / 6
    assert judgebench([NAN], [1]).judged == 0
    assert math.isnan(judgebench([NAN], [1]).accuracy)


@given(VERDICTS)
def test_without_ties_the_net_rule_is_strict_agreement(verdicts):
    f, b = np.array(verdicts).T
    strict = np.mean((f > 0) & (b > 0))
    if not ((f == 0) | (b == 0)).any():
        assert judgebench(f, b).accuracy == strict
    assert judgebench(f, b).accuracy >= strict


def test_position_bias_by_hand():
    #  consistent, consistent, first shown twice, second shown twice, tie and win
    found = position_bias([1, -1, 1, -1, 0, NAN], [1, -1, -1, 1, 1, 1])
    assert (found.consistency, found.primacy, found.recency, found.lean, found.judged) == (0.4, 0.2, 0.2, 0.0, 5)
    # shown first wins: forward + - + - ., backward - + + - - -> 4 of 9
    assert found.first_shown == pytest.approx(4 / 9)
    half = 1.96 * math.sqrt(0.4 / 5)
    assert found.interval == pytest.approx((-half, half))
    assert position_bias([NAN], [1]).judged == 0


@given(VERDICTS)
def test_a_turned_judge_leans_the_other_way(verdicts):
    f, b = np.array(verdicts).T
    found, turned = position_bias(f, b), position_bias(b, f)
    assert turned.lean == -found.lean
    assert turned.consistency == found.consistency


def test_a_judge_that_takes_the_first_is_all_primacy():
    found = position_bias([1] * 10, [-1] * 10)
    assert (found.consistency, found.first_shown, found.primacy, found.lean) == (0.0, 1.0, 1.0, 1.0)
    fair = position_bias([1] * 10, [1] * 10)
    assert (fair.consistency, fair.first_shown, fair.lean) == (1.0, 0.5, 0.0)


# ------------------------------------------------------------------------------------------------------- all of n


def test_all_of_n_by_hand():
    found = all_of_n_accuracy([1, 1, 1, -1, 1, 0, 1, NAN, -1, NAN], list("aabbccddee"))
    assert (found.accuracy, found.judged) == (1 / 3, 3)  # a won, b lost, c tied; d and e are incomplete
    assert found.pairwise == 5 / 8


def test_a_missing_pair_is_left_out_even_where_another_one_is_lost():
    """Counting lost items only would favour losing: with half of the verdicts missing at random, nothing shifts."""
    rng = np.random.default_rng(0)
    margin = np.where(rng.random((4000, 4)) < 0.9, 1.0, -1.0)
    item = np.repeat(np.arange(4000), 4)
    full = all_of_n_accuracy(margin.ravel(), item).accuracy
    holes = np.where(rng.random(margin.shape) < 0.3, NAN, margin)
    assert abs(all_of_n_accuracy(holes.ravel(), item).accuracy - full) < 0.05
    lost = np.nanmin(np.where(np.isnan(holes), np.inf, holes), axis=1) < 0
    counted = lost | ~np.isnan(holes).any(1)
    assert np.mean(~lost[counted]) < full - 0.2  # the control


# ---------------------------------------------------------------------------------------------------------- kappa


def test_kappa_by_hand():
    # 50 items, 20 both yes, 5 and 10 split, 15 both no: p_o .7, p_e .5
    a = [1] * 25 + [0] * 25
    b = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    np.testing.assert_allclose(cross_variant_kappa(np.column_stack([a, b])), [[1.0, 0.4], [0.4, 1.0]])


def test_kappa_of_choices_against_kappa_of_rightness():
    """Accuracy .8 in both languages with independent errors: .36 on sides, 0 on whether it was right (the trap)."""
    rng = np.random.default_rng(0)
    label = rng.choice([-1, 1], 20000)
    right = rng.random((20000, 2)) < 0.8
    sides = np.where(right, label[:, None], -label[:, None])
    assert cross_variant_kappa(sides)[0, 1] == pytest.approx(0.36, abs=0.02)
    assert cross_variant_kappa(right.astype(float))[0, 1] == pytest.approx(0.0, abs=0.02)


def test_kappa_with_gaps_and_without_variation():
    found = cross_variant_kappa([[1, 1, 1], [2, 2, 1], [2, NAN, 1], [1, NAN, 1]])
    assert found[0, 1] == 1.0
    assert math.isnan(found[2, 2])
    assert found[0, 2] == 0.0
    assert np.isnan(cross_variant_kappa([[NAN, NAN]])).all()
