"""One normaliser with a key: baselines and scales over any grouping (prompt, prompt x turn, prompt x sign, batch).

What differs between published estimators is the array, the key, the weights and the order relative to ``suffix``; all
four stand in the composition. Three rules hold for every function here. NaN enters no mean, spread or count, and what
becomes of it is ``missing``: ``nan`` (default), ``zero_advantage`` or ``raise``. A group with fewer than ``min_count``
values, or too few for its statistic, follows ``singleton``: ``zero`` (default), ``raw`` (unchanged), ``nan`` or
``raise``. A group of equal values gives exactly 0, not the rounding of its mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_offsets, as_weights, check
from rubricate.credit.layout import as_mask, finite, group_codes, or_zero, position
from rubricate.errors import PolicyError, SettingError, UnknownNameError
from rubricate.reduce import group_table, spread

_FLAT = 1e-2  # spread over mean from which on the rounding of the mean does not show in the deviations
CENTERS = ("mean", "loo", "max", "value", "none")
SCALES = ("std", "maxabs", "minmax", "meanone", "const", "none")
SINGLETONS = ("zero", "raw", "nan", "raise")


def center(
    x: ArrayLike,
    group: ArrayLike,
    how: str = "mean",
    *,
    baseline: ArrayLike | None = None,
    row_weights: ArrayLike | None = None,
    min_count: int = 2,
    singleton: str = "zero",
    missing: str = "nan",
) -> Floats:
    """Subtract a baseline: ``x - b``, float[N].

    ``how``: ``mean`` of the group, weighted by ``row_weights[N]`` when given; ``loo``, the (weighted) mean of the
    others; ``max`` of the group; ``value``, the array ``baseline[N]`` (a critic, the greedy response); ``none``.
    ``min_count`` and ``singleton`` concern mean, loo and max. Serves cards 23, 49, 66, 67, 131, 152, 153, 158, 166.

    >>> center([1.0, 3.0, 8.0], ["a", "a", "b"]).tolist()
    [-1.0, 1.0, 0.0]
    >>> center([1.0, 3.0, 8.0], "batch", "loo").tolist()
    [-4.5, -1.5, 6.0]
    """
    _known(how, CENTERS, singleton)
    values = finite(x, "x")
    if how == "none":
        return or_zero(values, missing)
    if how == "value":
        if baseline is None:
            raise SettingError("how='value' without a baseline", expected="baseline[N]")
        check(x=(values, "N"), baseline=(baseline, "N"))
        return or_zero(values - finite(baseline, "baseline"), missing)
    codes, count = group_codes(group, len(values))
    weights = _weights(row_weights, values)
    shifted = values - _first(values, codes, count)[codes]
    if how == "max":
        out = shifted - group_table(shifted, codes, count, "max")[codes]
    else:
        out = _less_mean(shifted, codes, count, weights, how)
    return or_zero(settle(out, values, codes, count, min_count, singleton), missing)


def scale(
    x: ArrayLike,
    group: ArrayLike,
    how: str = "std",
    *,
    ddof: int = 1,
    eps: float = 1e-6,
    constant: float = 1.0,
    row_weights: ArrayLike | None = None,
    min_count: int = 2,
    singleton: str = "zero",
    missing: str = "nan",
) -> Floats:
    """Divide by a size: float[N].

    ``how``: ``std``, ``x / (std + eps)`` with ``ddof``, about the group's mean (``row_weights`` count as repetitions);
    ``maxabs``, ``x / max|x|``; ``minmax``, ``(x - min) / (max - min + eps)``; ``meanone``, ``x / mean``, which needs a
    positive mean (PolicyError); ``const``, ``x / constant``; ``none``. A group without spread (std, minmax), or of
    zeros (maxabs), gives 0.

    >>> scale([2.0, -4.0], "batch", "maxabs").tolist()
    [0.5, -1.0]
    """
    _known(how, SCALES, singleton)
    values = finite(x, "x")
    if how in ("const", "none"):
        if constant == 0:
            raise SettingError("constant=0", expected="a number other than 0")
        return or_zero(values / constant if how == "const" else values, missing)
    codes, count = group_codes(group, len(values))
    shifted, unit = values, np.zeros(0)
    if how == "std":
        unit = _std(values, codes, count, _weights(row_weights, values), ddof)
    elif how == "maxabs":
        unit, eps = group_table(np.abs(values), codes, count, "max"), 0.0
    elif how == "minmax":
        low = group_table(values, codes, count, "min")
        shifted, unit = values - low[codes], group_table(values, codes, count, "max") - low
    else:
        unit, eps = group_table(values, codes, count, "mean", row_weights=_weights(row_weights, values)), 0.0
        if (unit <= 0).any():
            raise PolicyError("a group has a mean of 0 or less", expected="positive means for how='meanone'")
    out = _divide(shifted, unit[codes], eps)
    return or_zero(settle(out, values, codes, count, min_count, singleton), missing)


def z_score(
    x: ArrayLike,
    group: ArrayLike,
    *,
    ddof: int = 1,
    eps: float = 1e-6,
    row_weights: ArrayLike | None = None,
    min_count: int = 2,
    singleton: str = "zero",
    missing: str = "nan",
) -> Floats:
    """``(x - mean) / (std + eps)`` in each group: float[N]; ``scale`` after ``center`` in one pass.

    With ``row_weights`` = tokens per step this is the z-score over the tokens of cards 127 and 131, without spreading
    first; long rows then weigh more in both moments.

    >>> z_score([1.0, 3.0, 7.0, 7.0], [0, 0, 1, 1], eps=0.0).round(3).tolist()
    [-0.707, 0.707, 0.0, 0.0]
    """
    return standardised(finite(x, "x"), group, ddof, eps, row_weights, min_count, singleton, missing)


def standardised(
    values: Floats, group: ArrayLike, ddof: int, eps: float, row_weights: ArrayLike | None, min_count: int,
    singleton: str, missing: str,
) -> Floats:  # fmt: skip
    """``z_score`` of values that have been checked."""
    _known("mean", CENTERS, singleton)
    enough = max(min_count, 2, ddof + 1)
    size = _rising_blocks(group, len(values)) if row_weights is None else 0
    out = _z_blocks(values.reshape(-1, size), ddof, eps) if size >= enough else None
    if out is not None:
        return out
    codes, count = group_codes(group, len(values))
    weights = _weights(row_weights, values)
    size = len(values) // max(count, 1)
    if weights is None and size >= enough and _in_blocks(codes, size, count):
        out = _z_blocks(values.reshape(count, size), ddof, eps)
        if out is not None:
            return out
    shifted = values - _first(values, codes, count)[codes]
    deviation = _less_mean(shifted, codes, count, weights, "mean")
    unit = _root_mean_square(deviation, codes, count, weights, ddof)
    out = _divide(deviation, unit[codes], eps)
    return or_zero(settle(out, values, codes, count, min_count, singleton), missing)


def whiten(
    x: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    row_weights: ArrayLike | None = None,
    ddof: int = 1,
    eps: float = 1e-8,
    missing: str = "nan",
) -> Floats:
    """``(x - mean) / sqrt(var + eps)`` over the whole batch, 0 outside ``mask``: float[N] (or tokens [M]).

    Mean and variance are those of the items in ``mask``; with fewer than two values all are 0. verl's
    ``masked_whiten`` (ddof 1).

    >>> whiten([1.0, 3.0, 99.0], [1, 1, 0]).round(3).tolist()
    [-0.707, 0.707, 0.0]
    """
    values = finite(x, "x")
    inside = as_mask(mask, len(values))
    weights = _weights(row_weights, values)
    known = inside & ~np.isnan(values)
    v = values[known]
    mass = np.ones(len(v)) if weights is None else weights[known]
    out = np.where(inside & ~known, np.nan, 0.0)
    if len(v) > 1 and mass.sum() > ddof:
        shifted = v - v[0]
        deviation = shifted - mass @ shifted / mass.sum()
        variance = mass @ deviation**2 / (mass.sum() - ddof)
        out[known] = deviation / np.sqrt(variance + eps) if variance > 0 else 0.0
    return or_zero(out, missing)


def columnwise_group_norm(
    x: ArrayLike,
    off: ArrayLike,
    group: ArrayLike,
    *,
    past_end: ArrayLike | None = None,
    ddof: int = 1,
    eps: float = 1e-6,
    mask: ArrayLike | None = None,
    singleton: str = "zero",
    missing: str = "nan",
) -> Floats:
    """z-score of each token position over the rows of the group that reach it: ``x[M] -> [M]``.

    ``past_end`` (number or [N]) lets rows that have ended count with that value, so that they are the reference for
    the surplus tokens of the others (card 147, arXiv 2509.25827); without it, what lies behind the end of a row never
    enters. Tokens outside ``mask`` take no part and get 0. Columns compare equal positions, not equal turns: for turns
    use ``z_score`` with ``key((group, turn))``.

    >>> columnwise_group_norm([1.0, 0.5, 1.0], [0, 2, 3], [0, 0], past_end=1.0, eps=0.0).round(3).tolist()
    [0.0, -0.707, 0.0]
    """
    values = finite(x, "x", "M")
    offsets = as_offsets(off, len(values))
    rows = len(offsets) - 1
    codes, count = group_codes(group, rows)
    inside = as_mask(mask, len(values))
    size = np.diff(offsets)
    width = group_table(size.astype(np.float64), codes, count, "max").astype(np.int64)
    grid = np.concatenate([[0], np.cumsum(size if past_end is None else width[codes])])
    column = position(grid).astype(np.int64)
    reached = column < spread(size, grid)
    table = np.full(int(grid[-1]), np.nan)
    if past_end is not None:
        end = as_floats(past_end, "past_end")
        if end.ndim:
            check(off=(offsets, "N+1"), past_end=(end, "N"))
        table = spread(np.broadcast_to(end, (rows,)), grid).astype(np.float64)
    table[reached] = np.where(inside, values, np.nan)
    first_column = np.concatenate([[0], np.cumsum(width)])
    ids = column + spread(first_column[codes], grid)
    out = z_score(table, ids, ddof=ddof, eps=eps, singleton=singleton)[reached]
    return or_zero(np.where(inside, out, 0.0), missing)


def _rising_blocks(group: ArrayLike, n: int) -> int:
    """Rows per group when an array of whole numbers rises in blocks of one size, as a trainer lays it out; else 0."""
    if not isinstance(group, np.ndarray) or group.shape != (n,) or not n or group.dtype.kind not in "iu":
        return 0
    new = group[1:] != group[:-1]
    size, rest = divmod(n, 1 + int(np.count_nonzero(new)))
    heads = group[::size]
    return size if not rest and new[size - 1 :: size].all() and (heads[1:] > heads[:-1]).all() else 0


def _in_blocks(codes: Ints, size: int, count: int) -> bool:
    """Whether the groups are consecutive blocks of ``size`` rows, in any order and under ids of any kind."""
    return len(codes) == size * count and bool((codes.reshape(count, size) == codes[::size, None]).all())


def _z_blocks(x: Floats, ddof: int, eps: float) -> Floats | None:
    """``z_score`` of known values [P, G], flat, without gathering by code; None when a value is missing.

    Where the spread is small beside the mean, deviations are taken from a member of the group, as everywhere else.
    """
    size = x.shape[1]
    mean = np.einsum("ij->i", x) / size
    if np.isnan(mean).any():
        return None
    out = x - mean[:, None]
    unit = _unit(out, size - ddof)
    flat = np.flatnonzero((unit <= _FLAT * np.abs(mean)) & (unit > 0))
    if len(flat):
        own = x[flat] - x[flat, :1]
        own -= np.einsum("ij->i", own)[:, None] / size
        out[flat], unit[flat] = own, _unit(own, size - ddof)
    out *= np.divide(1.0, unit + eps, out=np.zeros(len(unit)), where=unit > 0)[:, None]
    return out.ravel()


def _unit(deviation: Floats, n: int) -> Floats:
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", deviation, deviation) / n))


def _known(how: str, among: tuple[str, ...], singleton: str) -> None:
    if how not in among:
        raise UnknownNameError.among("way to normalise", how, among)
    if singleton not in SINGLETONS:
        raise UnknownNameError.among("policy for small groups", singleton, SINGLETONS)


def _weights(row_weights: ArrayLike | None, values: Floats) -> Floats | None:
    if row_weights is None:
        return None
    weights = as_weights(row_weights, "row_weights")
    check(x=(values, "N"), row_weights=(weights, "N"))
    return weights


def _first(values: Floats, codes: Ints, count: int) -> Floats:
    """[P] a known value of each group. Deviations are taken from it, so that equal values differ by exactly 0."""
    first = np.full(count, np.nan)
    known = ~np.isnan(values)
    if known.all():
        first[codes] = values
    else:
        first[codes[known]] = values[known]
    return first


def _less_mean(x: Floats, codes: Ints, count: int, weights: Floats | None, how: str) -> Floats:
    """``x`` less the weighted mean of its group, or of the others in its group (NaN when there are none)."""
    if how == "mean":
        mean = group_table(x, codes, count, "mean", row_weights=weights)
        return np.asarray(x - mean[codes])
    mass = np.ones(len(x)) if weights is None else weights
    mass = np.where(np.isnan(x), 0.0, mass)
    total = np.bincount(codes, weights=mass, minlength=count)[codes]
    summed = group_table(x, codes, count, "sum", row_weights=weights)[codes]
    others = np.divide(summed - mass * x, total - mass, out=np.full(len(x), np.nan), where=total > mass)
    return np.asarray(x - others)


def _root_mean_square(deviation: Floats, codes: Ints, count: int, weights: Floats | None, ddof: int) -> Floats:
    """[P] ``sqrt(sum w d^2 / (sum w - ddof))``; NaN where the denominator is not positive."""
    square = group_table(deviation * deviation, codes, count, "sum", row_weights=weights)
    known = ~np.isnan(deviation)
    mass = np.where(known, 1.0 if weights is None else weights, 0.0)
    total = np.bincount(codes, weights=mass, minlength=count) - ddof
    return np.sqrt(np.divide(square, total, out=np.full(count, np.nan), where=total > 0))


def _std(values: Floats, codes: Ints, count: int, weights: Floats | None, ddof: int) -> Floats:
    shifted = values - _first(values, codes, count)[codes]
    return _root_mean_square(_less_mean(shifted, codes, count, weights, "mean"), codes, count, weights, ddof)


def _divide(x: Floats, unit: Floats, eps: float) -> Floats:
    """``x / (unit + eps)``; 0 where the unit is 0; NaN stays."""
    out = np.where(np.isnan(x) | np.isnan(unit), np.nan, 0.0)
    return np.divide(x, unit + eps, out=out, where=unit > 0)


def settle(out: Floats, raw: Floats, codes: Ints, count: int, min_count: int, singleton: str) -> Floats:
    """Apply the policy to known values in groups that are too small, or whose statistic is undefined (no weight)."""
    known = ~np.isnan(raw)
    small = np.bincount(codes, weights=known, minlength=count) < min_count
    affected = known & (small[codes] | np.isnan(out))
    if not affected.any():
        return out
    if singleton == "raise":
        raise PolicyError(
            f"{len(np.unique(codes[affected]))} groups have too few values for their statistic",
            expected=f"at least {min_count} under singleton='raise'", hint="Drop them, or choose singleton='zero'",
        )  # fmt: skip
    if singleton == "raw":
        return np.where(affected, raw, out)
    return np.where(affected, 0.0 if singleton == "zero" else np.nan, out)
