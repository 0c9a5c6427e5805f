"""Shapes of values and of ragged steps."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.rewards import (
    affine,
    best_of_k,
    clip,
    exponential,
    hinge_negative,
    log_sigmoid,
    piecewise,
    proper_score,
    range_score,
    soften,
    step_delta,
    zscore,
)

NAN = float("nan")


def test_elementwise_shapes_by_hand():
    np.testing.assert_allclose(affine([7.0], 0, 10), [0.7])
    np.testing.assert_allclose(affine([0.0, 0.5, 1.0], 0, 1, -3, 3), [-3, 0, 3])
    np.testing.assert_allclose(clip([-1, 0.2, 9, NAN], 0, 1), [0, 0.2, 1, NAN])
    np.testing.assert_allclose(zscore([-0.4468, 7.8532], -0.4468, 8.3, 0.3, 1.0), [1.0, 1.3])
    np.testing.assert_allclose(hinge_negative([0.95, 0.4], 0.9), [0, -0.5])
    np.testing.assert_allclose(exponential([0.0, 1.0]), [1.0, math.e])
    np.testing.assert_allclose(best_of_k([0.5], 4), [1 - 0.5**4])
    assert np.isnan(affine([NAN], 0, 1)).all()


def test_a_length_range_is_continuous_and_zero_at_the_limits():
    shape = {"knots": (0, 100, 200, 500), "values": (0, 1, 1, 0)}
    np.testing.assert_allclose(piecewise([0, 50, 100, 150, 200, 350, 500, 900], **shape), [0, 0.5, 1, 1, 1, 0.5, 0, 0])
    assert np.isnan(piecewise([NAN], **shape)).all()


def test_a_sum_of_log_sigmoids_wants_both():
    raw = [10 - 4, 2 + 2]
    both = log_sigmoid([10.0, 2.0]) + log_sigmoid([-4.0, 2.0])
    assert raw[0] > raw[1]
    np.testing.assert_allclose(both, [-4.02, -0.25], atol=0.005)
    np.testing.assert_allclose(log_sigmoid([1.0, 2.0], [1.0, 2.0]), [math.log(0.5)] * 2)
    assert log_sigmoid([-1e4])[0] == -1e4


def test_brier_by_hand_and_its_range_with_the_outcome():
    np.testing.assert_allclose(proper_score([1, 0], [0.8, 0.8]), [-0.04, -0.64])
    y, q = np.array([0.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0])
    np.testing.assert_allclose(y + proper_score(y, q), [-1, 1, 0])


@pytest.mark.parametrize("kind", ["brier", "spherical", "log"])
@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_the_honest_confidence_is_best(kind, p):
    grid = np.linspace(0.01, 0.99, 99)
    expected = p * proper_score(np.ones(99), grid, kind) + (1 - p) * proper_score(np.zeros(99), grid, kind)
    assert grid[expected.argmax()] == pytest.approx(p, abs=0.011)
    assert (proper_score([1, 0], [1.0, 0.0], kind, floor=1e-9) > -1e-8).all()


def test_the_expected_reward_at_the_honest_confidence_is_p_squared():
    p = np.array([0.2, 0.7])
    paid = p + p * proper_score(np.ones(2), p) + (1 - p) * proper_score(np.zeros(2), p)
    np.testing.assert_allclose(paid, p**2)


def test_an_absolute_score_is_not_proper():
    grid = np.linspace(0, 1, 101)
    expected = 0.7 * -np.abs(1 - grid) + 0.3 * -np.abs(grid)
    assert grid[expected.argmax()] == 1.0


def loop_delta(p, last, missing):
    out = [NAN] * len(p)
    steps = list(range(len(p)))
    if last == "zero" and steps:
        out[steps.pop()] = 0.0
    if missing == "drop_item":
        steps = [k for k in steps if not math.isnan(p[k])]
    for at, k in enumerate(steps):
        out[k] = p[k] - (p[steps[at + 1]] if at + 1 < len(steps) else 0.0)
    return out


@pytest.mark.parametrize("last", ["keep", "zero"])
@pytest.mark.parametrize("missing", ["propagate", "drop_item"])
def test_step_delta_equals_a_plain_loop(ragged, last, missing):
    rows = [ragged.steps[a:b] for a, b in zip(ragged.off[:-1], ragged.off[1:], strict=True)]
    expected = [v for p in rows for v in loop_delta(p, last, missing)]
    got = step_delta(ragged.steps, ragged.off, last=last, missing=missing)
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_step_delta_is_current_minus_next():
    np.testing.assert_allclose(step_delta([0.9, 0.2, 0.5], [0, 3]), [0.7, -0.3, 0.5])
    np.testing.assert_allclose(step_delta([0.9, 0.2, NAN], [0, 3], last="zero"), [0.7, 0.2, 0.0])


def test_clip_then_delta_pays_nothing_for_padding():
    for n in (2, 20):
        paid = step_delta(hinge_negative(np.r_[np.full(n, 0.95), 0.5], 0.9), [0, n + 1])
        assert paid.sum() == pytest.approx(0.0)
    raw = [np.full(n, 0.95).sum() for n in (2, 20)]
    assert raw[1] > raw[0]


def test_soften_equals_a_plain_loop(ragged):
    expected = []
    for a, b in zip(ragged.off[:-1], ragged.off[1:], strict=True):
        p = ragged.steps[a:b]
        total = sum(math.exp(-v / 0.1) for v in p if not math.isnan(v))
        expected += [v * math.exp(-v / 0.1) / total if not math.isnan(v) else NAN for v in p]
    np.testing.assert_allclose(soften(ragged.steps, ragged.off), expected, atol=1e-9)


@given(x=st.lists(st.floats(-1, 1), min_size=1, max_size=20), temperature=st.floats(0.02, 2))
def test_the_soft_minimum_is_bounded(x, temperature):
    total = soften(x, [0, len(x)], temperature).sum()
    assert min(x) - 1e-9 <= total <= min(x) + temperature * math.log(len(x)) + 1e-9


def test_the_plain_mean_is_not_bounded_so():
    x = [0.0, 1.0, 1.0, 1.0]
    assert np.mean(x) > min(x) + 0.1 * math.log(4)


def test_bad_input_names_the_argument():
    with pytest.raises(ShapeError, match="x holds values outside"):
        best_of_k([1.5])
    with pytest.raises(ShapeError, match="confidence holds values outside"):
        proper_score([1], [1.5])
    with pytest.raises(ShapeError, match=r"reference has shape \(2,\)"):
        log_sigmoid([1.0], [1.0, 2.0])
    for fn in (step_delta, soften):
        with pytest.raises(ShapeError, match=r"x has shape \(1, 1\)"):
            fn([[1.0]], [0, 1])
        with pytest.raises(ShapeError, match="off runs from 0 to 2"):
            fn([1.0], [0, 2])


@pytest.mark.parametrize(
    "call",
    [
        lambda: affine([1.0], 2, 2),
        lambda: clip([1.0], 2, 1),
        lambda: zscore([1.0], 0, 0),
        lambda: piecewise([1.0], (1, 0), (0, 1)),
        lambda: exponential([1.0], -1.0),
        lambda: best_of_k([0.5], 0),
        lambda: proper_score([1], [0.5], "log", floor=0.5),
        lambda: step_delta([1.0], [0, 1], last="first"),
    ],
)
def test_settings_out_of_range_are_refused(call):
    with pytest.raises(SettingError):
        call()


def test_an_unknown_score_lists_the_known():
    with pytest.raises(UnknownNameError, match="brier, log, spherical"):
        proper_score([1], [0.5], "briar")


def test_a_wanted_length_pays_1_inside_and_falls_to_0_at_0_and_at_the_limit():
    got = range_score([0, 50, 100, 150, 200, 350, 500, 900], 100, 200, 500)
    np.testing.assert_allclose(got, [0, 0.5, 1, 1, 1, 0.5, 0, 0])
    own = range_score([50, 50, np.nan], [100, 25, 25], [200, 40, 40], [500, 60, 60])
    np.testing.assert_allclose(own, [0.5, 0.5, np.nan])
    x = np.linspace(0, 600, 601)
    shared = piecewise(x, (0, 100, 200, 500), (0, 1, 1, 0))
    np.testing.assert_allclose(range_score(x, 100, 200, 500), shared)
    for bounds in ((0, 10, 20), (11, 10, 20), (5, 20, 20)):
        with pytest.raises(SettingError, match="range"):
            range_score([1.0], *bounds)
