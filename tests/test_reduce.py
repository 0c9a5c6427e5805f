import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.reduce import group_stat, segment_reduce, spread
from rubricate.reduce import sizes as row_sizes

LOOPS = {
    "sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "count": len, "median": np.median,
    "std": np.std, "var": np.var,
}  # fmt: skip


def ragged(rng):
    n = int(rng.integers(1, 60))
    x = rng.normal(size=n) * 10
    x[rng.random(n) < 0.2] = np.nan
    return x, rng.integers(0, 7, size=n) * 3 - 4


@pytest.mark.parametrize("op", LOOPS)
def test_group_statistics_equal_a_plain_loop(op):
    rng = np.random.default_rng(0)
    for _ in range(50):
        x, group = ragged(rng)
        where = rng.random(len(x)) < 0.8
        expected = np.full(len(x), np.nan)
        for i in range(len(x)):
            rows = (group == group[i]) & where & ~np.isnan(x)
            empty = 0.0 if op in ("sum", "count") else np.nan
            expected[i] = LOOPS[op](x[rows]) if rows.any() else empty
        np.testing.assert_allclose(group_stat(x, group, op, where=where), expected, atol=1e-9)


def test_quantiles_and_weights_equal_numpy():
    rng = np.random.default_rng(1)
    for _ in range(20):
        x, group = ragged(rng)
        weights = rng.random(len(x)) + 0.1
        for i in range(len(x)):
            rows = (group == group[i]) & ~np.isnan(x)
            if not rows.any():
                continue
            assert group_stat(x, group, "quantile", q=0.85)[i] == pytest.approx(np.quantile(x[rows], 0.85), abs=1e-9)
            mean = np.average(x[rows], weights=weights[rows])
            assert group_stat(x, group, "mean", row_weights=weights)[i] == pytest.approx(mean, abs=1e-9)


def test_an_all_equal_group_has_exactly_no_spread():
    x = np.full(7, 0.1)
    assert (group_stat(x, np.zeros(7, int), "std") == 0.0).all()
    assert (group_stat(x, np.zeros(7, int), "std", ddof=1) == 0.0).all()
    assert np.isnan(group_stat([1.0], [0], "std", ddof=1)).all()


def test_segments_equal_a_plain_loop_with_empty_rows():
    rng = np.random.default_rng(2)
    for _ in range(50):
        sizes = rng.integers(0, 5, size=8)
        off = np.concatenate([[0], np.cumsum(sizes)])
        x = rng.normal(size=off[-1])
        for how in ("sum", "mean", "max", "min", "first", "last", "count"):
            rows = [x[a:b] for a, b in zip(off[:-1], off[1:], strict=True)]
            pick = {"first": lambda r: r[0], "last": lambda r: r[-1]} | LOOPS
            empty = 0.0 if how in ("sum", "count") else np.nan
            expected = [pick[how](r) if len(r) else empty for r in rows]
            np.testing.assert_allclose(segment_reduce(x, off, how), expected, atol=1e-12)
        np.testing.assert_array_equal(spread(np.arange(8), off), np.repeat(np.arange(8), sizes))
        table = rng.random((8, 3))
        np.testing.assert_array_equal(
            spread(table, off), [r for r, k in zip(table, sizes, strict=True) for _ in range(k)]
        )
        np.testing.assert_array_equal(row_sizes(off), sizes)


def test_bad_input_is_named():
    with pytest.raises(ShapeError, match=r"group has shape \(2,\)"):
        group_stat([1.0, 2.0, 3.0], [0, 1])
    with pytest.raises(ShapeError, match="x has shape"):
        group_stat([[1.0]], [0])
    with pytest.raises(SettingError, match="op='mode'"):
        group_stat([1.0], [0], "mode")
    with pytest.raises(SettingError, match="quantile level"):
        group_stat([1.0], [0], "quantile", q=2.0)
    with pytest.raises(ShapeError, match="off runs"):
        segment_reduce([1.0, 2.0], [0, 1])


def test_a_mask_with_gaps_leaves_the_gaps_out():
    got = group_stat([1.0, 3.0, 8.0], [0, 0, 0], where=[1.0, 0.0, np.nan])
    assert got.tolist() == [1.0, 1.0, 1.0]
