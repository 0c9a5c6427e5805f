"""Credit against planted importance: worked numbers, scipy's ranks, missing and silent steps, shuffled credit."""

import math

import numpy as np
import pytest

from rubricate.audit import credit_accuracy


def test_worked_numbers():
    assert credit_accuracy([3.0, 1.0, -2.0], [0.9, 0.1, -0.5]) == (pytest.approx(1.0), 1.0)
    assert credit_accuracy([-1.0, 1.0], [1.0, -1.0]) == (pytest.approx(-1.0), 0.0)


def test_ranks_with_ties_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for _ in range(50):
        a, b = rng.integers(-3, 4, (2, 20)).astype(float)
        assert credit_accuracy(a, b).rank_correlation == pytest.approx(stats.spearmanr(a, b).statistic)


def test_silent_and_missing_steps_have_no_sign():
    got = credit_accuracy([0.0, math.nan, 1.0, -1.0], [1.0, 1.0, 1.0, math.nan])
    assert got.sign_accuracy == 1.0
    assert math.isnan(credit_accuracy([0.0, 0.0], [1.0, -1.0]).sign_accuracy)
    assert math.isnan(credit_accuracy([1.0, 1.0], [1.0, -1.0]).rank_correlation)
    assert all(map(math.isnan, credit_accuracy([], [])))


def test_control_shuffled_credit_says_nothing():
    rng = np.random.default_rng(0)
    true = rng.standard_normal(5000)
    rank, sign = credit_accuracy(rng.permutation(true), true)
    assert abs(rank) < 0.05
    assert abs(sign - 0.5) < 0.03
    assert credit_accuracy(true, true) == (pytest.approx(1.0), 1.0)
