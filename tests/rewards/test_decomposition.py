"""Returns shared out over steps."""

import doctest

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.rewards import decomposition, redistribute

NAN = float("nan")


def test_examples_run():
    assert doctest.testmod(decomposition).failed == 0


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_augmented_least_squares_fit(seed):
    rng = np.random.default_rng(seed)
    off = np.concatenate([[0], np.cumsum(rng.integers(0, 5, size=12))])
    z, total = rng.normal(size=(off[-1], 3)), rng.normal(size=12)
    sums = np.array([[*z[a:b].sum(0), b - a] for a, b in zip(off[:-1], off[1:], strict=True)])
    rows = np.vstack([sums, np.sqrt(0.5) * np.eye(4)])
    w = np.linalg.lstsq(rows, np.concatenate([total, np.zeros(4)]), rcond=None)[0]
    np.testing.assert_allclose(redistribute(z, off, total, ridge=0.5), z @ w[:3] + w[3], atol=1e-9)


def test_rows_with_gaps_do_not_enter_the_fit_but_are_paid_where_known():
    z = np.array([[1.0], [0.0], [1.0], [1.0], [NAN], [1.0], [0.0]])
    out = redistribute(z, [0, 2, 4, 6, 7], [1.0, 2.0, 50.0, NAN], ridge=1e-9)
    np.testing.assert_allclose(out, [1, 0, 1, 1, NAN, 1, 0], atol=1e-6)
    assert np.isnan(redistribute(z[:2], [0, 2], [NAN])).all()


def test_a_ridge_of_zero_is_refused():
    with pytest.raises(SettingError, match="ridge"):
        redistribute([[1.0]], [0, 1], [1.0], ridge=0.0)
