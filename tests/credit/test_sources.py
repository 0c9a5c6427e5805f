"""Rewards of one source: against plain loops."""

import doctest

import numpy as np
import pytest

from rubricate.credit import sources
from rubricate.credit.sources import bounded, ends, rloo_items
from rubricate.errors import ShapeError

NAN = float("nan")


def test_examples_run():
    assert doctest.testmod(sources).failed == 0


def test_empty_rows_have_no_end():
    assert ends([0, 0, 2, 2]).tolist() == [False, True]
    assert ends([0]).tolist() == []


def test_no_return_exceeds_one_and_gaps_stay():
    x = np.array([2.0, NAN, -6.0, 1.0])
    out = bounded(x, [0, 3, 4])
    np.testing.assert_allclose(out, x / 6)  # the return of the second row is 1, of the last step of the first -6
    np.testing.assert_array_equal(bounded([0.0, 0.0], [0, 2]), [0.0, 0.0])
    np.testing.assert_allclose(bounded([9.0, 1.0], [0, 2], keep=[False, True]), [9.0, 1.0])


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_published_loop(seed):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, size=8)
    off = np.concatenate([[0], np.cumsum(rng.integers(1, 5, size=8))])
    x, keep = rng.normal(size=off[-1]), rng.random(off[-1]) < 0.8
    keep[off[:-1]] = True
    mean = [x[a:b][keep[a:b]].mean() for a, b in zip(off[:-1], off[1:], strict=True)]
    out = rloo_items(x, off, group, keep=keep)
    for i in range(8):
        same = [mean[j] for j in range(8) if group[j] == group[i]]
        for t in range(off[i], off[i + 1]):
            n = len(same)
            want = 0.0 if n == 1 or not keep[t] else x[t] * n / (n - 1) - sum(same) / (n - 1)
            assert out[t] == pytest.approx(want, abs=1e-12)


def test_what_is_not_known_stays_so():
    out = rloo_items([1.0, NAN, 3.0, NAN], [0, 2, 3, 4], [0, 0, 0])
    np.testing.assert_allclose(out, [-2.0, NAN, 2.0, NAN])
    with pytest.raises(ShapeError):
        rloo_items([1.0], [0, 1], [0, 0])
