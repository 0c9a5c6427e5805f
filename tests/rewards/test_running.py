"""A quantity on the scale of its past."""

import doctest

import numpy as np

from rubricate.rewards import running, running_scale


def test_examples_run():
    assert doctest.testmod(running).failed == 0


def test_it_equals_percentiles_of_the_last_values():
    rng = np.random.default_rng(0)
    earlier, x = rng.exponential(size=60), rng.exponential(size=5)
    window = np.sqrt(np.concatenate([earlier, x]))[-40:]
    low, high = np.percentile(window, [5, 95])
    expected = np.clip((np.sqrt(x) - low) / (high - low), 0, 1)
    np.testing.assert_allclose(running_scale(x, earlier, window=40), expected)
    np.testing.assert_allclose(running_scale(x, earlier, window=40, invert=True), 1 - expected)


def test_without_spread_it_is_half_and_missing_stays_missing():
    found = running_scale([2.0, float("nan")], [2.0, 2.0])
    assert found[0] == 0.5
    assert np.isnan(found[1])
    with_gap = running_scale([1.0], [float("nan"), 0.0, 4.0])
    np.testing.assert_array_equal(with_gap, running_scale([1.0], [0.0, 4.0]))
