"""Scores of sets."""

import doctest

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import f_beta, new_sets, sets

NAN = float("nan")


def test_examples_run():
    assert doctest.testmod(sets).failed == 0


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_it_is_the_weighted_harmonic_mean_of_precision_and_recall(beta):
    rng = np.random.default_rng(0)
    selected, gold = rng.integers(0, 3, size=(200, 6)), rng.random((200, 6)) < 0.5
    for row, right, found in zip(selected, gold, f_beta(selected, gold, beta=beta), strict=True):
        named = [d for d in range(6) for _ in range(row[d])]
        hits = len({d for d in named if right[d]})
        if not right.any():
            assert np.isnan(found)
        elif not hits:
            assert found == 0.0
        else:
            p, r = hits / len(named), hits / right.sum()
            assert found == pytest.approx((1 + beta**2) * p * r / (beta**2 * p + r))


def test_a_repeated_item_lowers_precision_and_unknown_marks_stay_unknown():
    once, twice, missing, unclear = f_beta([[1, 0], [2, 0], [NAN, 1], [1, 0]], [[1, 0], [1, 0], [1, 0], [NAN, 1]])
    assert (once, twice) == (1.0, pytest.approx(2 / 3))
    assert np.isnan(missing)
    assert np.isnan(unclear)


def test_bad_settings_and_counts_are_refused():
    with pytest.raises(SettingError, match="beta"):
        f_beta([[1]], [1], beta=0.0)
    with pytest.raises(ShapeError, match="negative"):
        f_beta([[-1]], [1])
    with pytest.raises(ShapeError):
        f_beta([[1, 0]], [1])


def test_a_new_set_shares_few_items_with_each_earlier_one():
    rng = np.random.default_rng(0)
    for _ in range(30):
        off = np.concatenate([[0], np.cumsum(rng.integers(0, 5, size=6))])
        sets_of = (rng.random((off[-1], 5)) < 0.5).astype(float)
        sets_of[rng.random(sets_of.shape) < 0.1] = NAN
        for limit in (0, 1, 2):
            for a, b in zip(off, off[1:], strict=False):
                for t in range(a, b):
                    shared = [((sets_of[s] == 1) & (sets_of[t] == 1)).sum() for s in range(a, t)]
                    could = [((sets_of[s] != 0) & (sets_of[t] != 0)).sum() for s in range(a, t)]
                    want = 1.0 if max(could, default=0) <= limit else 0.0 if max(shared) > limit else NAN
                    np.testing.assert_equal(new_sets(sets_of, off, limit=limit)[t], want)
    with pytest.raises(SettingError):
        new_sets(sets_of, off, limit=-1)
