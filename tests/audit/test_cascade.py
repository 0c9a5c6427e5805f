import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.audit import handover_thresholds, wilson_interval
from rubricate.errors import SettingError, ShapeError


def calibrated(n, seed):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.4, 0.4, n)
    return p, (rng.random(n) < p).astype(float)


def test_thresholds_keep_the_risk_on_new_data():
    kept = []
    for seed in range(20):
        found = handover_thresholds(*calibrated(2000, seed), risk=0.1)
        p, y = calibrated(20000, 1000 + seed)
        kept += [(1 - y)[p >= found.right].mean() <= 0.1, y[p <= found.wrong].mean() <= 0.1]
        assert found.open < 0.6
        assert found.wrong < found.right
    assert np.mean(kept) == 1.0


def test_control_thresholds_at_the_middle_do_not_keep_it():
    p, y = calibrated(20000, 5)
    assert (1 - y)[p >= 0.5].mean() > 0.1


def test_the_bound_is_the_wilson_bound():
    z = 1.9599639845400545
    found = handover_thresholds([0.0] * 200 + [1.0] * 200, [0] * 199 + [1] * 201, risk=0.2, steps=2, confidence=0.9)
    assert (found.wrong, found.right, found.open) == (0.0, 1.0, 0.0)
    assert found.bound_wrong == pytest.approx(wilson_interval(1, 200, z)[1])
    assert found.bound_right == pytest.approx(wilson_interval(0, 200, z)[1])


def test_a_useless_judge_may_certify_nothing():
    rng = np.random.default_rng(0)
    found = handover_thresholds(rng.random(500), rng.random(500) < 0.5)
    assert found[:3] == (None, None, 1.0)
    assert handover_thresholds([], [])[:3] == (None, None, 1.0)
    assert handover_thresholds([0.9] * 5, [1] * 5).right is None  # too few to know


def test_one_side_only():
    found = handover_thresholds([0.2] * 500 + [0.8] * 500, [0, 1] * 250 + [1] * 500)
    assert (found.wrong, found.right, found.open) == (None, 0.8, 0.5)


@given(st.integers(0, 200), st.floats(0.02, 0.3))
def test_what_is_certified_meets_the_risk_in_the_sample(seed, risk):
    p, y = calibrated(300, seed)
    p[::7] = np.nan
    found = handover_thresholds(p, y, risk=risk)
    known = ~np.isnan(p)
    left = known.copy()
    if found.right is not None:
        assert (1 - y)[known & (p >= found.right)].mean() <= risk
        left &= ~(p >= found.right)
    if found.wrong is not None:
        assert y[known & (p <= found.wrong)].mean() <= risk
        left &= ~(p <= found.wrong)
    assert found.open == pytest.approx(left.sum() / known.sum())


def test_arguments_are_checked():
    with pytest.raises(SettingError):
        handover_thresholds([0.1], [1], risk=0)
    with pytest.raises(ShapeError):
        handover_thresholds([0.1], [1, 0])
