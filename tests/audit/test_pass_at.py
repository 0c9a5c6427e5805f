"""pass@k against counting all subsets, and its laws."""

import doctest
import importlib
import itertools

import numpy as np
import pytest

from rubricate.audit import pass_at
from rubricate.errors import SettingError

NAN = float("nan")


def test_the_example_runs():
    assert doctest.testmod(importlib.import_module("rubricate.audit.pass_at")).failed == 0


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_share_of_subsets_with_a_success(seed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(3, 9)), int(rng.integers(1, 4))
    outcome, sound = (rng.random((2, n)) < 0.5).astype(float)
    for success, extra in ((outcome, None), (outcome * sound, sound)):
        subsets = list(itertools.combinations(range(n), k))
        expected = sum(any(success[list(s)]) for s in subsets) / len(subsets)
        np.testing.assert_allclose(pass_at(outcome, np.zeros(n), extra, k=k), [expected], atol=1e-12)


def test_groups_gaps_and_too_few_tries():
    outcome = [1, 0, NAN, 1, 1, 0]
    group = ["b", "b", "b", "a", "c", "c"]
    np.testing.assert_allclose(pass_at(outcome, group, k=2), [NAN, 1.0, 1.0])
    np.testing.assert_allclose(pass_at(outcome, group, k=1), [1.0, 0.5, 0.5])
    np.testing.assert_allclose(pass_at([1, 0, 0], [0] * 3, [NAN, NAN, NAN], k=2), [0.0])
    assert pass_at([], [], k=1).shape == (0,)
    with pytest.raises(SettingError, match="k=0"):
        pass_at([1.0], [0], k=0)


def test_many_tries_stay_exact_and_verified_is_never_above_plain():
    rng = np.random.default_rng(0)
    outcome, sound = (rng.random((2, 4000)) < 0.1).astype(float)
    group = np.repeat([0, 1], 2000)
    for k in (1, 64, 1024):
        plain, verified = pass_at(outcome, group, k=k), pass_at(outcome, group, sound, k=k)
        assert (verified <= plain).all()
        assert ((plain >= 0) & (plain <= 1)).all()
    np.testing.assert_allclose(pass_at(outcome, group, k=1), outcome.reshape(2, 2000).mean(1), atol=1e-12)
