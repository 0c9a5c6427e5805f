"""Whitened weights by hand, and the figures of card 17: clones share, a near-constant criterion does not take over."""

import math
import warnings

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.refine import whitened_weights

NAN = math.nan


def votes(rng, n, sizes, right, rho):
    """Which criterion votes for the better side: blocks of criteria that copy each other with probability rho."""
    columns = []
    for size, p in zip(sizes, right, strict=True):
        base = rng.random(n) < p
        for _ in range(size):
            own, copy = rng.random(n) < p, (rng.random(n) < rho) & (size > 1)
            columns.append(np.where(copy, base, own))
    return np.array(columns).T


def accuracies(extra, **settings):
    """Of uniform and of whitened weights: six clones (.6) and four independent criteria (.68), five seeds."""
    table = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        truth = np.where(rng.random(4000) < 0.5, 1, -1)
        signed = np.where(votes(rng, 4000, [6, 1, 1, 1, 1], [0.6, *[0.68] * 4], 0.95), 1, -1) * truth[:, None]
        if extra:
            signed = np.column_stack([signed, np.where(rng.random(4000) < 0.01, -1, 1)])
        weights = whitened_weights((signed[:300] + 1) / 2, **settings)
        side = signed[300:]
        ways = (np.ones(side.shape[1]), weights)
        table.append([float((np.sign(side @ w) == truth[300:]).mean() + 0.5 * (side @ w == 0).mean()) for w in ways])
    return np.mean(table, 0)


def test_independent_criteria_share_and_clones_count_once():
    even = whitened_weights([[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_allclose(even, [0.5, 0.5])
    two = np.array([[0, 0, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]])
    weights = whitened_weights(two, ridge=1e-9)
    # S = [[1,1,0],[1,1,0],[0,0,1]]: S^(-1/2) 1 on the clones is 2^(-1/2) (1,1)/sqrt(2) = 1/2^(1/2) each, 1 on the third
    np.testing.assert_allclose(weights, np.array([2**-0.5, 2**-0.5, 1]) / (2**0.5 + 1), atol=1e-6)


def test_clones_lose_their_double_count():
    uniform, whitened = accuracies(extra=False)
    assert (uniform, whitened) == (pytest.approx(0.606, abs=0.015), pytest.approx(0.688, abs=0.015))


def test_a_near_constant_criterion_does_not_explode():
    with pytest.warns(RuntimeWarning, match="hardly ever varies"):
        uniform, covariance = accuracies(extra=True, form="covariance")
    _, correlation = accuracies(extra=True)
    assert covariance < uniform < correlation - 0.05
    assert correlation == pytest.approx(0.708, abs=0.03)


def test_the_floor_takes_the_weight_of_what_never_varies_and_the_covariance_warns():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.random((300, 3)) < 0.5, np.arange(300) < 2]).astype(float)
    assert whitened_weights(x)[3] == 0.0
    assert 0.1 < whitened_weights(x, floor=0.0)[3] < 0.4
    with pytest.warns(RuntimeWarning, match="criterion 3"):
        assert whitened_weights(x, form="covariance")[3] > 0.4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whitened_weights(x[:, :3], form="covariance")
    np.testing.assert_allclose(whitened_weights(np.ones((5, 4))), 0.25)


def test_missing_verdicts_are_left_out_and_change_little():
    rng = np.random.default_rng(1)
    x = votes(rng, 3000, [4, 1, 1], [0.6, 0.7, 0.7], 0.9).astype(float)
    gaps = np.where(rng.random(x.shape) < 0.1, NAN, x)
    np.testing.assert_allclose(whitened_weights(gaps), whitened_weights(x), atol=0.03)
    as_zero = whitened_weights(np.nan_to_num(gaps))
    assert abs(as_zero - whitened_weights(x)).max() > abs(whitened_weights(gaps) - whitened_weights(x)).max()
    assert whitened_weights([[NAN, 0], [NAN, 1]]).tolist() == [0.0, 1.0]


def test_columns_may_come_in_any_order():
    x = votes(np.random.default_rng(2), 200, [3, 1, 1], [0.6, 0.7, 0.8], 0.9)
    order = [4, 2, 0, 1, 3]
    np.testing.assert_allclose(whitened_weights(x[:, order]), whitened_weights(x)[order], atol=1e-9)


def test_bad_arguments_are_refused():
    with pytest.raises(UnknownNameError, match="correlation"):
        whitened_weights([[1.0]], form="pca")
    with pytest.raises(SettingError, match="ridge"):
        whitened_weights([[1.0]], ridge=0)
    with pytest.raises(ShapeError, match="at least one row"):
        whitened_weights(np.zeros((0, 3)))
