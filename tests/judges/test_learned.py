import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.judges.learned import BradleyTerry, MixtureReward, Router


def pairs(rng, n, theta):
    a, b = rng.normal(size=(2, n, len(theta)))
    first = rng.random(n) < 1 / (1 + np.exp(-(a - b) @ theta))
    return np.where(first[:, None], a, b), np.where(first[:, None], b, a)


def test_bradley_terry_recovers_its_parameters_and_its_slope_is_zero():
    theta = np.array([1.5, -1.0, 0.0])
    better, worse = pairs(np.random.default_rng(0), 8000, theta)
    model = BradleyTerry(ridge=1e-3).fit(better, worse)
    np.testing.assert_allclose(model.theta, theta, atol=0.1)
    gap = better - worse
    p = 1 / (1 + np.exp(-gap @ np.array(model.theta)))
    np.testing.assert_allclose(gap.T @ (p - 1) + 1e-3 * np.array(model.theta), 0, atol=1e-6)


def test_weights_of_zero_leave_pairs_out_and_smoothing_shrinks():
    rng = np.random.default_rng(1)
    better, worse = pairs(rng, 400, np.array([2.0, 0.0]))
    kept = rng.random(400) < 0.5
    by_weight = BradleyTerry().fit(better, worse, pair_weights=kept.astype(float))
    np.testing.assert_allclose(by_weight.theta, BradleyTerry().fit(better[kept], worse[kept]).theta, atol=1e-6)
    plain, smooth = (BradleyTerry(smoothing=s).fit(better, worse).theta[0] for s in (0.0, 0.2))
    assert 0 < smooth < plain


def test_bad_settings_and_data_are_refused():
    with pytest.raises(SettingError, match="ridge"):
        BradleyTerry(ridge=0)
    with pytest.raises(ShapeError, match="missing features"):
        BradleyTerry().fit([[np.nan]], [[1.0]])


def test_the_router_finds_separable_tasks():
    rng = np.random.default_rng(0)
    task = rng.integers(0, 3, 300)
    features = np.eye(3)[task] + 0.1 * rng.normal(size=(300, 3))
    assert (Router().fit(features, task).route(features) == task).mean() > 0.99


def test_capability_experts_see_their_own_labels():
    rng = np.random.default_rng(0)
    better, worse = rng.normal(size=(2, 500, 2))
    capability = np.sign(better - worse)  # each capability looks at one feature
    model = MixtureReward().fit(better, worse, np.zeros(500, int), np.ones((500, 1)), capability)
    assert abs(model.experts[0][0].theta[0]) > 10 * abs(model.experts[0][0].theta[1])
    assert abs(model.experts[0][1].theta[1]) > 10 * abs(model.experts[0][1].theta[0])
