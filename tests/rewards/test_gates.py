"""Hard overrides, and step rewards behind a gate."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import gate, gated_accumulate

NAN = float("nan")


def test_gate_by_hand():
    np.testing.assert_allclose(gate([1, 0, 0.7], [0.1, 0.2, 0.3], -1), [0.1, -1, 0.3])
    np.testing.assert_allclose(gate([0.4, 0.9], 1.0, 0.0, threshold=0.8), [0, 1])


def test_a_gate_that_was_not_judged_decides_nothing():
    np.testing.assert_allclose(gate([NAN, 1.0], [0.5, 0.5]), [NAN, 0.5])


def test_the_side_not_taken_is_not_read():
    np.testing.assert_allclose(gate([0, 1], [NAN, 0.5], [0.0, NAN]), [0.0, 0.5])


def test_nested_gates_are_a_table_of_payments():
    verdict, truth = np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0])
    got = gate(verdict, gate(truth, 0.3, -0.6), gate(truth, -0.3, 0.3))
    np.testing.assert_allclose(got, [0.3, -0.6, -0.3, 0.3])


def test_malformed_steps_earn_less_than_any_valid_one():
    rng = np.random.default_rng(0)
    valid = rng.random(200) < 0.5
    paid = gate(valid, rng.random(200), -1.0)
    assert paid[~valid].max() < paid[valid].min()


@pytest.mark.parametrize("missing", ["propagate", "drop_item"])
def test_gated_accumulate_equals_a_plain_loop(ragged, missing):
    high = np.where(ragged.rng.random((ragged.n, 2)) < 0.1, NAN, ragged.rng.random((ragged.n, 2)))
    gates = (0.3, 0.5)
    expected = []
    for i in range(ragged.n):
        steps = ragged.steps[ragged.off[i] : ragged.off[i + 1]]
        if any(h < g for h, g in zip(high[i], gates, strict=True)):
            expected.append(0.0)
        elif np.isnan(high[i]).any() or (missing == "propagate" and np.isnan(steps).any()):
            expected.append(NAN)
        else:
            expected.append(sum(s for s in steps if not math.isnan(s)))
    got = gated_accumulate(ragged.steps, ragged.off, high, gates, missing=missing)
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_farmed_steps_pay_nothing_without_a_submission():
    steps, off, outcome = [3.0, 0.2, 0.6], [0, 1, 2, 3], np.array([-1.0, -0.5, 1.0])
    np.testing.assert_allclose(outcome + gated_accumulate(steps, off, outcome, 0.0), [-1.0, -0.5, 1.6])


def test_bad_input_names_the_argument():
    with pytest.raises(ShapeError, match=r"x has shape \(3,\)"):
        gate([1, 0], [1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match=r"gates has shape \(3,\)"):
        gated_accumulate([1.0], [0, 1], [[1.0, 1.0]], (0, 0, 0))
    with pytest.raises(ShapeError, match="off runs from 0 to 2"):
        gated_accumulate([1.0], [0, 2], [1.0], 0.5)
    with pytest.raises(SettingError, match="missing='zero'"):
        gated_accumulate([1.0], [0, 1], [1.0], 0.5, missing="zero")
