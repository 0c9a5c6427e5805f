"""Reductions over groups (any order) and over ragged segments (CSR), the arithmetic that rewards and credit share.

NaN is left out of every reduction; an empty selection gives NaN (sum and count give 0). Nothing loops over groups in
Python: sums are bincounts, extremes and quantiles come from one sort or ``reduceat``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_floats, as_group, as_offsets, check, own_offsets
from rubricate.errors import SettingError


def group_stat(
    x: ArrayLike,
    group: ArrayLike,
    op: str = "mean",
    *,
    where: ArrayLike | None = None,
    row_weights: ArrayLike | None = None,
    ddof: int = 0,
    q: float | None = None,
) -> Floats:
    """A statistic of ``x[N]`` in each group, given back to every row: float[N].

    ``op`` is sum, mean, std, var, max, min, count, median or quantile (with ``q``). Rows with NaN, or outside
    ``where[N]``, do not enter but receive the value. ``row_weights[N]`` weighs sum, mean, var and std. A group with
    too few values for the statistic (none; n <= ddof for var and std) gives NaN.

    >>> group_stat([1.0, 3.0, 10.0, float("nan")], [0, 0, 1, 1]).tolist()
    [2.0, 2.0, 10.0, 10.0]
    """
    values = as_floats(x, "x", infinite=True)
    check(x=(values, "N"))
    codes, count = as_group(group, len(values))
    return group_table(values, codes, count, op, where=where, row_weights=row_weights, ddof=ddof, q=q)[codes]


def group_table(
    x: Floats,
    codes: Ints,
    n_groups: int,
    op: str,
    *,
    where: ArrayLike | None = None,
    row_weights: ArrayLike | None = None,
    ddof: int = 0,
    q: float | None = None,
) -> Floats:
    """Like ``group_stat`` with dense codes, one value per group: float[P]."""
    use = ~np.isnan(x)
    if where is not None:
        check(x=(x, "N"), where=(where, "N"))
        use &= np.asarray(where, dtype=np.float64) >= 0.5  # NaN in a mask (an outcome not judged) is outside
    if op in ("max", "min", "median", "quantile"):
        return _ordered(x[use], codes[use], n_groups, op, q)
    weights = None
    if row_weights is not None:
        check(x=(x, "N"), row_weights=(row_weights, "N"))
        weights = as_floats(row_weights, "row_weights")
    return _moments(x, codes, n_groups, op, use, weights, ddof)


def _moments(x: Floats, codes: Ints, n_groups: int, op: str, use: Bools, weights: Floats | None, ddof: int) -> Floats:
    filled = x if use.all() else np.where(use, x, 0.0)
    mass = use.astype(np.float64) if weights is None else np.where(use, weights, 0.0)
    total = np.bincount(codes, weights=mass, minlength=n_groups)
    if op == "count":
        return np.bincount(codes, weights=use, minlength=n_groups).astype(np.float64)
    summed = np.bincount(codes, weights=filled if weights is None else filled * mass, minlength=n_groups)
    if op == "sum":
        return np.asarray(summed, dtype=np.float64)
    mean = np.divide(summed, total, out=np.full(n_groups, np.nan), where=total > 0)
    if op == "mean":
        return mean
    if op not in ("var", "std"):
        raise SettingError(f"op={op!r}", expected="sum, mean, std, var, max, min, count, median or quantile")
    # Two passes: subtracting the mean first keeps an all-equal group at exactly zero.
    deviation = np.where(use, x - mean[codes], 0.0)
    square = np.bincount(codes, weights=deviation * deviation * (1.0 if weights is None else mass), minlength=n_groups)
    var = np.divide(square, total - ddof, out=np.full(n_groups, np.nan), where=total > ddof)
    constant = _constant(x, codes, n_groups, use)
    var[constant & (total > ddof)] = 0.0
    return var if op == "var" else np.sqrt(var)


def _constant(x: Floats, codes: Ints, n_groups: int, use: Bools) -> Bools:
    """[P] groups whose values are all equal to the first one: their spread is 0, not the rounding of a mean."""
    first = np.full(n_groups, np.nan)
    chosen = np.flatnonzero(use)[::-1]
    first[codes[chosen]] = x[chosen]
    differs = use & (x != first[codes])
    return np.bincount(codes, weights=differs, minlength=n_groups) == 0


def _ordered(x: Floats, codes: Ints, n_groups: int, op: str, q: float | None) -> Floats:
    """Extremes and quantiles from one sort by (group, value); quantiles interpolate linearly."""
    out = np.full(n_groups, np.nan)
    if op in ("max", "min"):
        fn, start = (np.maximum, -np.inf) if op == "max" else (np.minimum, np.inf)
        out[:] = start
        fn.at(out, codes, x)
        seen = np.bincount(codes, minlength=n_groups) > 0
        return np.where(seen, out, np.nan)
    level = 0.5 if op == "median" else q
    if level is None or not 0.0 <= level <= 1.0:
        raise SettingError(f"q={q!r}", expected="a quantile level in [0, 1]")
    order = np.lexsort((x, codes))
    counts = np.bincount(codes, minlength=n_groups)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    seen = counts > 0
    position = starts[seen] + level * (counts[seen] - 1)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, starts[seen] + counts[seen] - 1)
    ranked = x[order]
    out[seen] = ranked[low] + (position - low) * (ranked[high] - ranked[low])
    return out


def segment_reduce(x: ArrayLike, off: ArrayLike, how: str = "sum") -> Floats:
    """A statistic of each ragged row of ``x[M]``: float[N]. ``how``: sum, mean, min, max, first, last, count.

    NaN is left out (first and last take it as it stands); an empty row gives NaN, or 0 for sum and count.

    >>> segment_reduce([1.0, 2.0, 5.0], [0, 2, 2, 3], "sum").tolist()
    [3.0, 0.0, 5.0]
    """
    values = as_floats(x, "x", infinite=True)
    offsets = as_offsets(off, len(values))
    size = np.diff(offsets)
    if how in ("first", "last"):
        at = offsets[:-1] if how == "first" else offsets[1:] - 1
        out = np.full(len(size), np.nan)
        out[size > 0] = values[at[size > 0]]
        return out
    rows = np.repeat(np.arange(len(size)), size)
    return group_table(values, rows, len(size), how)


def sizes(off: ArrayLike) -> Ints:
    """Number of items of each ragged row, judged or not: int[N].

    >>> sizes([0, 1, 3]).tolist()
    [1, 2]
    """
    return np.diff(own_offsets(off))


def spread(row: ArrayLike, off: ArrayLike) -> Floats:
    """Repeat the value of each row over its ragged items: ``row[N]`` or ``[N, C]`` -> ``[M]`` or ``[M, C]``.

    Any dtype.

    >>> spread([7, 9], [0, 1, 3]).tolist()
    [7, 9, 9]
    """
    offsets = own_offsets(off)
    check(row=(row, "N | N C"), off=(offsets, "N+1"))
    return np.repeat(np.asarray(row), np.diff(offsets), axis=0)
