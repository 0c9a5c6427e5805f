import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from rubricate.audit import minimal_pairs, predictive_validity
from rubricate.errors import SettingError, ShapeError


@pytest.mark.parametrize("seed", range(20))
def test_the_rank_is_that_of_scipy_with_ties_and_without_the_unknown(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 5, (2, 12)).astype(float)
    x[0] = math.nan
    found = predictive_validity(x, y, rng)
    assert found.rank == pytest.approx(spearmanr(x[1:], y[1:])[0], abs=1e-12)
    assert found.n == 11
    assert found.low <= found.rank <= found.high


def test_a_wider_level_has_a_wider_interval_and_no_rng_has_none():
    x = np.arange(10.0)
    y = x + np.random.default_rng(0).normal(0, 3, 10)
    narrow, wide = (predictive_validity(x, y, np.random.default_rng(1), level=v) for v in (0.5, 0.99))
    assert wide.low < narrow.low
    assert math.isnan(predictive_validity(x, y).low)


@pytest.mark.parametrize("bench", [[1.0, 1.0, 1.0], [0.1, 0.2, math.nan]])
def test_what_has_no_rank_is_no_number(bench):
    assert math.isnan(predictive_validity(bench, [1.0, 2.0, 3.0], np.random.default_rng(0)).rank)


def test_bad_arguments():
    with pytest.raises(ShapeError, match="M = 3"):
        predictive_validity([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(SettingError, match="level"):
        predictive_validity([1.0], [1.0], level=1.0)
    with pytest.raises(SettingError, match="tolerance"):
        minimal_pairs([1.0], [0.0], tolerance=-1.0)


def test_bounds_of_a_minimal_pair():
    assert minimal_pairs([0.2, 0.2, 0.3], [0.1, -0.1, 0.2], least=0.1, tolerance=0.1).tolist() == [True, True, False]
    assert minimal_pairs([0.1, 1.0], [0.0, math.nan], least=0.1).tolist() == [False, False]
