"""Operations inside groups (the responses to one prompt): scales, softmax, Pareto front, statistics per criterion.

Group ids are of any kind and in any order. NaN takes no part in a statistic and stays NaN. ``where[N]`` (booleans, or
0 and 1; NaN is outside) says which rows a statistic is made from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_bools, as_floats, as_group, check
from rubricate.errors import SettingError, ShapeError
from rubricate.reduce import group_table


def group_norm(
    x: ArrayLike,
    group: ArrayLike,
    *,
    center: bool = True,
    scale: str | None = "std",
    eps: float = 1e-6,
    where: ArrayLike | None = None,
    min_count: int = 1,
) -> Floats:
    """Centre and scale inside each group: ``(x - mean) / (std + eps)``, ``x - mean``, or ``x / max``: [N].

    ``scale``: ``std`` (population), ``max`` (eps not added), or None. Mean, std and max come from the rows ``where``,
    and are applied to all. A group with fewer than ``min_count`` such values is NaN. Where the scale is 0 a value of 0
    stays 0 and any other is NaN; a negative max gives NaN. Cards 7 and 196 (``center=False, scale="max"``), 22, 60 and
    165 (``scale=None``), 74, 105, 163.

    >>> group_norm([1.0, 3.0, 5.0], ["a", "a", "b"], scale=None).tolist()
    [-1.0, 1.0, 0.0]
    >>> group_norm([0.2, 0.4, 0.0], [0, 0, 1], center=False, scale="max").tolist()
    [0.5, 1.0, 0.0]
    """
    if scale not in (None, "std", "max"):
        raise SettingError(f"scale={scale!r}", expected="None, 'std' or 'max'")
    values = as_floats(x, "x")
    check(x=(values, "N"))
    codes, count = as_group(group, len(values))
    mask = selected(where, len(values))
    y = values
    if center:
        y = values - group_table(values, codes, count, "mean", where=mask)[codes]
        y = np.where(np.abs(y) <= 1e-12 * np.abs(values), 0.0, y)  # rounding of the mean is not a difference
    n = group_table(values, codes, count, "count", where=mask)
    y = np.where(n[codes] < min_count, np.nan, y)
    if scale is None:
        return y
    unit = group_table(values, codes, count, scale, where=mask)[codes]
    out = np.where((unit == 0) & (y == 0), 0.0, np.nan)
    return np.divide(y, unit + (eps if scale == "std" else 0.0), out=out, where=unit > 0)


def column_norm(x: ArrayLike, group: ArrayLike, *, eps: float = 1e-6) -> Floats:
    """``(x - mean) / (std + eps)`` of each column inside each group: [N, K]; one advantage per agent (card 148).

    >>> column_norm([[1.0, 5.0], [3.0, 5.0]], [0, 0], eps=0.0).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    values = as_floats(x, "x")
    check(x=(values, "N K"))
    codes, _ = as_group(group, len(values))
    cells = codes[:, None] * values.shape[1] + np.arange(values.shape[1])
    return group_norm(values.ravel(), cells.ravel(), eps=eps).reshape(values.shape)


def group_softmax(
    x: ArrayLike, group: ArrayLike, *, temperature: float = 1.0, where: ArrayLike | None = None
) -> Floats:
    """``exp(x / temperature)`` over its sum in the group, among the rows ``where``; 0 for the other rows: [N].

    A row ``where`` with NaN takes no part and stays NaN. With ``where`` the correct rows this spreads a preference
    inside the positives only, so none of them is pushed down (card 124, arXiv 2510.04474).

    >>> group_softmax([0.0, 0.0, 9.0], [0, 0, 0], where=[True, True, False]).tolist()
    [0.5, 0.5, 0.0]
    """
    if not temperature > 0:
        raise SettingError(f"temperature={temperature}", expected="a number > 0")
    z = as_floats(x, "x") / temperature
    check(x=(z, "N"))
    codes, count = as_group(group, len(z))
    inside = selected(where, len(z))
    used = inside & ~np.isnan(z)
    top = group_table(z, codes, count, "max", where=used)[codes]
    share = np.zeros(len(z))
    np.exp(z - top, out=share, where=used)
    total = np.bincount(codes, weights=share, minlength=count)[codes]
    share = np.divide(share, total, out=share, where=used)
    return np.where(inside & ~used, np.nan, share)


def pareto_mask(scores: ArrayLike, group: ArrayLike) -> Bools:
    """Rows of ``scores[N, K]`` that no row of their group dominates: bool[N] (card 137, arXiv 2401.05675).

    A row is dominated when another is at least as good in all K and better in one. A row with a NaN is not in the
    mask and dominates nobody. Beyond about four rewards most rows are kept (see ``lints.pareto_capacity``).

    >>> pareto_mask([[1, 0], [0, 1], [0, 0]], [0, 0, 0]).tolist()
    [True, True, False]
    """
    values = as_floats(scores, "scores")
    check(scores=(values, "N K"))
    kept = ~np.isnan(values).any(1)
    whole = values[kept]
    codes = as_group(group, len(values))[0][kept]
    dominated = np.zeros(len(whole), dtype=np.bool_)
    for i, j in pairs_in_groups(codes):
        worse = (whole[j] >= whole[i]).all(1) & (whole[j] > whole[i]).any(1)
        dominated[i[worse]] = True
    out = np.zeros(len(values), dtype=np.bool_)
    out[kept] = ~dominated
    return out


_CELLS = 1 << 15  # cells of a table that are taken at a time


class CriterionStats(NamedTuple):
    """Per group and criterion, [P, C]: ``rate`` (mean score), ``var`` (population), ``n`` values; ``rows[P]``."""

    rate: Floats
    var: Floats
    n: Floats
    rows: Floats


def criterion_stats(scores: ArrayLike, group: ArrayLike, asked: ArrayLike | None = None) -> CriterionStats:
    """Mean, variance and number of verdicts of each criterion in each group (cards 22, 115, 202).

    Groups are in the order of their sorted ids; ``spread_groups`` brings [P, ...] back to rows. Criteria that were not
    asked and missing verdicts do not enter; rate and var are NaN where nothing is left.

    >>> criterion_stats([[1.0, 1.0], [0.0, 1.0]], [7, 7]).rate.tolist()
    [[0.5, 1.0]]
    """
    values = as_floats(scores, "scores")
    check(scores=(values, "N C"))
    if asked is not None:
        check(scores=(values, "N C"), asked=(asked, "C | N C"))
        values = np.where(as_bools(asked, "asked"), values, np.nan)
    codes, count = as_group(group, len(values))
    size = np.bincount(codes, minlength=count)
    ends = np.cumsum(size)
    order = None if (codes[1:] >= codes[:-1]).all() else np.argsort(codes, kind="stable")
    cells = np.empty((3, count, values.shape[1]))
    first = 0
    while first < count:  # some groups at a time: their rows fit the cache, the table does not
        start = ends[first] - size[first]
        last = max(int(np.searchsorted(ends, start + _CELLS // max(values.shape[1], 1), side="right")), first + 1)
        rows = slice(start, ends[last - 1]) if order is None else order[start : ends[last - 1]]
        cells[:, first:last] = _moments(values[rows], size[first:last])
        first = last
    return CriterionStats(cells[0], cells[1], cells[2], size.astype(np.float64))


def _moments(x: Floats, size: Ints) -> tuple[Floats, Floats, Floats]:
    """Mean, variance and count of the known values of each column in consecutive groups of ``size[P]`` rows: [P, C].

    Deviations are taken from the lowest value, so that equal values have no spread, not that of a rounded mean.
    """
    starts = np.cumsum(size) - size
    known = ~np.isnan(x)
    n = np.add.reduceat(known, starts, axis=0, dtype=np.float64)
    lowest = np.fmin.reduceat(x, starts, axis=0)
    above = x - np.repeat(lowest, size, axis=0)
    whole = bool(known.all())
    with np.errstate(invalid="ignore"):
        mean = np.add.reduceat(above if whole else np.where(known, above, 0.0), starts, axis=0) / n
    deviation = above - np.repeat(mean, size, axis=0)
    square = np.multiply(deviation, deviation, out=deviation)
    with np.errstate(invalid="ignore"):
        var = np.add.reduceat(square if whole else np.where(known, square, 0.0), starts, axis=0) / n
    return lowest + mean, var, n


def criterion_rate(scores: ArrayLike, group: ArrayLike, asked: ArrayLike | None = None) -> Floats:
    """Mean verdict of each criterion in the group of the row: [N, C], NaN where the group has no verdict on it.

    ``criterion_stats(...).rate`` spread over the rows, the input of ``difficulty_weights`` inside a step (card 22).

    >>> criterion_rate([[1.0, 1.0], [0.0, 1.0]], [7, 7]).tolist()
    [[0.5, 1.0], [0.5, 1.0]]
    """
    return spread_groups(criterion_stats(scores, group, asked).rate, group)


def pass_covariance(scores: ArrayLike, second: ArrayLike, group: ArrayLike, asked: ArrayLike | None = None) -> Floats:
    """Covariance of two independent judge passes per group and criterion, not below 0: [P, C].

    An estimate of the variance of the true verdicts that independent flips do not raise: a stand-in for ``var`` before
    contrast weighting. Errors that both passes share stay in. Not from a paper; see card 202.
    """
    first, other = as_floats(scores, "scores"), as_floats(second, "second")
    check(scores=(first, "N C"), second=(other, "N C"))
    both = np.where(np.isnan(first) | np.isnan(other), np.nan, first * other)
    gap = np.isnan(both)
    means = [
        criterion_stats(x, group, asked).rate
        for x in (both, np.where(gap, np.nan, first), np.where(gap, np.nan, other))
    ]
    return np.maximum(means[0] - means[1] * means[2], 0.0)


def rank_penalty(rank: ArrayLike, hit: ArrayLike, group: ArrayLike) -> Floats:
    """Fine for misses by their rank, in groups that contain a hit: [N] (card 144, arXiv 2510.12211).

    ``-(1 / log2(rank + 2)) / sum over the group of 1 / log2(rank + 2)`` for a miss, 0 for a hit and in groups without
    one; rank 0 is the most confident. Where ``hit`` is NaN, or decides whether the group has a hit, the result is NaN.

    >>> rank_penalty([0, 1], [0, 1], [0, 0]).round(4).tolist()
    [-0.6131, 0.0]
    """
    ranks, hits = as_floats(rank, "rank"), as_floats(hit, "hit")
    check(rank=(ranks, "N"), hit=(hits, "N"))
    if (ranks < 0).any():
        raise SettingError(f"rank {ranks.min():g}", where="rank", expected="ranks from 0 upwards")
    codes, count = as_group(group, len(ranks))
    raw = 1.0 / np.log2(ranks + 2.0)
    share = raw / group_table(raw, codes, count, "sum")[codes]
    found = group_table((hits >= 0.5).astype(np.float64), codes, count, "max")[codes] > 0
    unknown = group_table(np.isnan(hits).astype(np.float64), codes, count, "max")[codes] > 0
    value = np.where(found & (hits < 0.5), -share, 0.0)
    return np.where(np.isnan(hits) | (unknown & ~found), np.nan, value)


def spread_groups(table: ArrayLike, group: ArrayLike, name: str = "table") -> Floats:
    """Repeat a table with one entry per group, ``[P, ...]`` in the order of the sorted ids, over the rows: [N, ...].

    Errors call the table ``name``.

    >>> spread_groups([0.1, 0.9], ["b", "a", "b"]).tolist()
    [0.9, 0.1, 0.9]
    """
    values = as_floats(table, name)
    check(group=(group, "N"))
    codes, count = as_group(group, np.size(group))
    if not values.ndim or len(values) != count:
        raise ShapeError(f"{name} has shape {values.shape}", where=name, expected=f"[P, ...] with P = {count} groups")
    return values[codes]


def sample_quantile(samples: ArrayLike, q: float) -> Floats:
    """Quantile over the last axis of ``samples[..., B]``, linear, NaN left out; NaN where none is left: [...].

    What a good answer of the starting policy earns, as a reference per prompt: ``samples[P, K, B]`` -> [P, K], then
    ``spread_groups``. One sample, a canned reply, is its own quantile. Card 108 (arXiv 2402.00742).

    >>> sample_quantile([[1.0, 2.0, 3.0], [5.0, float("nan"), float("nan")]], 0.75).tolist()
    [2.5, 5.0]
    """
    values = as_floats(samples, "samples")
    if not values.ndim:
        raise ShapeError("samples is a single number", where="samples", expected="[..., B]")
    count = int(np.prod(values.shape[:-1]))
    cells = np.repeat(np.arange(count), values.shape[-1])
    return group_table(values.ravel(), cells, count, "quantile", q=q).reshape(values.shape[:-1])


def selected(where: ArrayLike | None, n: int) -> Bools:
    """``where`` as booleans [N]: all when None; numbers count from 0.5 up, NaN does not."""
    if where is None:
        return np.ones(n, dtype=np.bool_)
    chosen = as_floats(where, "where")
    check(x=(np.broadcast_to(0.0, n), "N"), where=(chosen, "N"))
    return np.asarray(chosen >= 0.5)


def pairs_in_groups(codes: Ints, block: int = 1 << 18) -> Iterator[tuple[Ints, Ints]]:
    """All ordered pairs (i, j) of rows with the same code, i == j included, in blocks of about ``block`` pairs."""
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    partners = counts[codes[order]]
    ends = np.cumsum(partners)
    first = 0
    while first < len(order):
        until = int(np.searchsorted(ends, (ends[first - 1] if first else 0) + block, side="right"))
        rows = order[first : max(until, first + 1)]
        size = counts[codes[rows]]
        i = np.repeat(rows, size)
        within = np.arange(len(i)) - np.repeat(np.cumsum(size) - size, size)
        yield i, order[starts[codes[i]] + within]
        first += len(rows)
