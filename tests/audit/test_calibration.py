import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.audit.agreement import quadratic_weighted_kappa
from rubricate.audit.calibration import QuantileMap, RidgeScale
from rubricate.errors import SettingError, ShapeError


def test_kappa_by_hand():
    assert quadratic_weighted_kappa([1, 3], [3, 1], low=1, high=3) == pytest.approx(-1.0)
    assert quadratic_weighted_kappa([1, 2, 3, np.nan], [1, 2, 3, 1], low=1, high=3) == 1.0
    assert np.isnan(quadratic_weighted_kappa([2, 2], [2, 2], low=1, high=3))


def test_kappa_of_independent_raters_is_near_zero():
    rng = np.random.default_rng(0)
    a, b = rng.integers(1, 6, size=(2, 5000))
    assert abs(quadratic_weighted_kappa(a, b, low=1, high=5)) < 0.05


@given(
    st.lists(st.floats(-5, 5), min_size=2, max_size=40, unique=True),
    st.lists(st.floats(-5, 5), min_size=2, max_size=40),
)
def test_the_map_is_monotone(scores, human):
    mapped = QuantileMap().fit(scores, human).apply(np.linspace(-6, 6, 50))
    assert (np.diff(mapped) >= -1e-9).all()


def test_a_shifted_and_squeezed_score_gets_the_human_distribution():
    rng = np.random.default_rng(0)
    human = rng.normal(3, 1, 2000)
    mapped = QuantileMap().fit(0.1 * human + 4, human).apply(0.1 * human + 4)
    np.testing.assert_allclose(mapped, human, atol=0.1)


def test_ridge_recovers_a_quadratic_and_knows_when_it_is_not_fitted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    y = 2 + x[:, 0] - 0.5 * x[:, 0] * x[:, 1]
    fitted = RidgeScale(alpha=1e-6).fit(x, y)
    np.testing.assert_allclose(fitted.predict(x), y, atol=1e-6)
    with pytest.raises(SettingError, match="not fitted"):
        RidgeScale().predict(x)
    with pytest.raises(ShapeError, match="missing values"):
        RidgeScale().fit([[np.nan]], [1.0])
