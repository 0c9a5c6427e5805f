"""Couplings of outcome and process: hand-worked numbers, signs, missing verdicts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import (
    banded,
    bilinear,
    fallback,
    renorm,
    sign_product,
    sign_weights,
    step_penalty,
    thought_outcome,
)

NAN = float("nan")
UNIT = st.floats(0, 1)


@pytest.mark.parametrize(
    ("a", "b", "c", "right", "wrong"),
    [
        (1, 0, 0, 1.0, 0.0),
        (0.7, 0.3, 0, 0.85, 0.0),
        (1, 0.9, 0.1, 1.5, 0.05),
        (1, -0.4, 0.4, 1.0, 0.2),
        (0, 0, 1, 0.5, 0.5),
    ],
)
def test_bilinear_by_hand(a, b, c, right, wrong):
    np.testing.assert_allclose(bilinear([1, 0], [0.5, 0.5], a, b, c), [right, wrong], atol=1e-12)


def test_bilinear_reads_the_process_only_where_it_pays():
    np.testing.assert_allclose(bilinear([1, 0], [NAN, NAN], 1.0, 1.0, 0.0), [NAN, 0.0])
    np.testing.assert_allclose(bilinear([1, 0], [NAN, NAN], 1.0, -0.5, 0.5), [1.0, NAN])
    np.testing.assert_allclose(bilinear([NAN, NAN], [0.5, 0.5], 0.0, 0.0, 1.0), [0.5, 0.5])
    np.testing.assert_allclose(bilinear([NAN], [0.5], 1.0, 0.0, 1.0), [NAN])


def test_bilinear_takes_coefficients_per_row():
    np.testing.assert_allclose(bilinear([1, 1], [0.5, 0.5], 1.0, 0.0, [0.2, 0.4]), [1.1, 1.2])


@given(a=st.floats(-2, 2), b=st.floats(-2, 2), c=st.floats(-2, 2))
def test_the_ordering_law_of_the_bilinear_form(a, b, c):
    corners = np.array([0.0, 1.0])
    margin = bilinear(np.ones(2), corners, a, b, c).min() - bilinear(np.zeros(2), corners, a, b, c).max()
    assert margin == pytest.approx(a + min(0.0, b + c) - max(0.0, c), abs=1e-12)


steps = st.lists(UNIT, min_size=1, max_size=6)


@given(outcome=st.sampled_from([0.0, 1.0]), scores=steps)
def test_the_sign_of_a_recentred_step_follows_the_outcome(outcome, scores):
    got = renorm([outcome], scores, [0, len(scores)])
    assert all(np.sign(got[:-1]) * (2 * outcome - 1) >= 0)
    assert got[-1] == outcome


def test_with_half_the_centre_it_does_not():
    assert renorm([0], [0.9, 0.0], [0, 2], beta=0.5)[0] > 0


def test_unjudged_steps_never_get_the_worst_reward():
    off, scores = [0, 3], [NAN, 0.25, NAN]
    np.testing.assert_allclose(renorm([0], scores, off), [NAN, -0.75, 0.0])
    np.testing.assert_allclose(renorm([0], scores, off, missing="outcome"), [0.0, -0.75, 0.0])
    np.testing.assert_allclose(step_penalty([0], scores, off), [NAN, -0.75, NAN])
    np.testing.assert_allclose(step_penalty([1], scores, off, missing="outcome"), [2.0, 1.25, 2.0])
    naive = np.nan_to_num(scores) + 0.0 - 1.0
    assert naive[0] == -1.0


def test_unjudged_outcomes_stay_missing():
    off, scores = [0, 1, 2], [0.5, 0.5]
    for rule in (renorm, step_penalty, sign_product):
        got = rule([NAN, 1.0], scores, off)
        assert np.isnan(got[0]), rule.__name__
        assert not np.isnan(got[1]), rule.__name__
    got = banded([NAN, 1.0], scores, off, gamma=0.1, floor=0.6, ceiling=0.4)
    assert np.isnan(got).tolist() == [True, False]
    assert np.isnan(thought_outcome([NAN, 1.0], scores, off, [0, 0])).tolist() == [True, False]


@given(good=UNIT, bad=UNIT, penalty=st.floats(0.01, 1.9))
def test_outcome_dominates_the_step_penalty(good, bad, penalty):
    paid = step_penalty([1, 0], [bad, good], [0, 1, 2], reward=2.0, penalty=penalty)
    assert paid[0] > paid[1]


def test_with_an_equal_penalty_it_does_not():
    paid = step_penalty([1, 0], [0.0, 1.0], [0, 1, 2], reward=1.0, penalty=1.0)
    assert paid[0] <= paid[1]


@pytest.mark.parametrize(("right", "good", "bad"), [(1, 2.65, 2.52), (4, 1.0, 0.5), (7, 0.38, -0.50)])
def test_thoughts_in_right_answers_by_group_accuracy(right, good, bad):
    outcome = np.r_[np.ones(right), np.zeros(8 - right)]
    scores, off = np.tile([1.0, 0.0], 8), np.arange(9) * 2
    got = thought_outcome(outcome, scores, off, np.zeros(8, dtype=int), eps=0.0).reshape(8, 2)
    np.testing.assert_allclose(got[0], [good, bad], atol=0.006)
    np.testing.assert_allclose(got[-1], [0.0, -good * right / (8 - right)], atol=0.02)


def test_splitting_a_thought_changes_nothing():
    group, outcome = [0, 0, 0], [1, 0, 1]
    whole = thought_outcome(outcome, [0.0, 1.0, 1.0, 0.0], [0, 2, 3, 4], group)
    split = thought_outcome(outcome, [0.0, 0.0, 0.0, 1.0, 1.0, 0.0], [0, 4, 5, 6], group)
    np.testing.assert_allclose(split[[0, 1, 2, 3, 4, 5]], whole[[0, 0, 0, 1, 2, 3]])


@given(right=steps, wrong=steps, gamma=st.floats(0, 5))
def test_the_bands_never_cross(right, wrong, gamma):
    off = [0, len(right), len(right) + len(wrong)]
    got = banded([1, 0], right + wrong, off, gamma=gamma, floor=0.6, ceiling=0.4)
    assert got[0] > got[1]


def test_the_additive_rule_does_cross():
    off, scores, right = [0, 1, 7], np.array([1.0] + [1.0] * 6), np.array([1.0, 0.0])
    additive = right + 0.2 * np.array([0.0, scores[1:].sum()])
    assert additive[1] == pytest.approx(1.2)
    assert additive[1] > additive[0]
    np.testing.assert_allclose(banded(right, scores, off, gamma=0.2, floor=0.6, ceiling=0.4), [1.0, 0.4])


def test_bands_with_unjudged_steps():
    off, scores = [0, 2, 4], [0.0, NAN, 1.0, NAN]
    settings = {"gamma": 0.1, "floor": 0.6, "ceiling": 0.4}
    assert np.isnan(banded([1, 0], scores, off, **settings)).all()
    np.testing.assert_allclose(banded([1, 0], scores, off, missing="drop_item", **settings), [0.9, 0.1])
    np.testing.assert_allclose(banded([1, 0], [NAN, NAN], [0, 1, 2], missing="drop_item", **settings), [1.0, 0.0])


def test_sign_product_by_hand():
    off, scores = [0, 2, 3, 5], [0.5, 1.0, 0.8, 0.2, NAN]
    got = sign_product([1, 1, 0], scores, off, penalty=0.5, missing="drop_item")
    np.testing.assert_allclose(got, [0.75, 0.3, -0.2])
    assert np.isnan(sign_product([1, 1, 0], scores, off)).tolist() == [False, False, True]
    assert np.isnan(sign_product([1], [], [0, 0]))[0]
    assert sign_product([1], [0.5] * 4, [0, 4], penalty=0.2, max_steps=4)[0] == pytest.approx(0.3)


@pytest.mark.parametrize("rule", ["renorm", "step_penalty", "banded", "sign_product"])
def test_step_rules_equal_a_plain_loop(ragged, rule):
    d, expected = ragged, []
    for i in range(d.n):
        o, p = d.outcome[i], d.steps[d.off[i] : d.off[i + 1]]
        if rule == "renorm":
            expected += [o if k == len(p) - 1 else v + o - 0.8 for k, v in enumerate(p)]
        elif rule == "step_penalty":
            expected += [3 * o - (1 - v) for v in p]
        elif rule == "banded":
            total = max(o - 0.2 * sum(1 - p), 0.6) if o else min(0.2 * sum(p), 0.4)
            expected.append(NAN if np.isnan(p).any() else total)
        else:
            total = (p.mean() - 0.1 * (len(p) in (1, 4))) * (2 * o - 1) if len(p) else NAN
            expected.append(total)
    got = {
        "renorm": lambda: renorm(d.outcome, d.steps, d.off, beta=0.8),
        "step_penalty": lambda: step_penalty(d.outcome, d.steps, d.off, reward=3.0),
        "banded": lambda: banded(d.outcome, d.steps, d.off, gamma=0.2, floor=0.6, ceiling=0.4),
        "sign_product": lambda: sign_product(d.outcome, d.steps, d.off, penalty=0.1, max_steps=4),
    }[rule]()
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_fallback_by_hand():
    np.testing.assert_allclose(fallback([0.9, 0.1, NAN], [0.3, 0.6, 0.8], scale=0.5), [0.9, 0.3, NAN])
    np.testing.assert_allclose(fallback([NAN], [0.8], scale=0.5, missing="secondary"), [0.4])


def test_sign_weights_by_hand():
    np.testing.assert_allclose(sign_weights([1, 0.5, 0.4, NAN]), [0.1, 0.1, -1.0, NAN])
    np.testing.assert_allclose(sign_weights([1, 0], positive=0.0), [0.0, -1.0])


def test_bad_input_names_the_argument():
    with pytest.raises(ShapeError, match=r"process has shape \(3,\)"):
        bilinear([1, 0], [1.0, 1.0, 1.0])
    with pytest.raises(ShapeError, match=r"off has shape \(2,\)"):
        renorm([1, 0], [1.0], [0, 1])
    with pytest.raises(ShapeError, match=r"step_scores has shape \(1, 1\)"):
        step_penalty([1], [[1.0]], [0, 1])
    with pytest.raises(ShapeError, match=r"group has shape \(2,\)"):
        thought_outcome([1], [1.0], [0, 1], [0, 0])
    with pytest.raises(SettingError, match="ceiling < floor"):
        banded([1], [1.0], [0, 1], gamma=0.1, floor=0.4, ceiling=0.6)
    for rule, policy in ((renorm, "zero"), (sign_product, "outcome"), (fallback, "outcome")):
        arguments = ([1.0], [1.0]) if rule is fallback else ([1], [1.0], [0, 1])
        with pytest.raises(SettingError, match=f"missing='{policy}'"):
            rule(*arguments, missing=policy)
