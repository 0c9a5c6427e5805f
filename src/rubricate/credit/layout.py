"""Moving values between tokens, steps, turns, rows and groups: positions, keys, placing, pooling, cutting.

Ragged levels are CSR (``off[N+1]``); other groupings are keys (``group[N]``, ids of any kind and order, or the word
``"batch"`` for one group of all). ``spread`` (row to items) is the one of ``rubricate.reduce``. A missing value is NaN
and takes no part; it is never 0. Infinite values are refused: one of them would spoil its whole group in silence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_bools, as_floats, as_group, as_offsets, check, own_offsets
from rubricate.errors import PolicyError, SettingError, ShapeError, UnknownNameError
from rubricate.reduce import segment_reduce, spread

POOLS = ("sum", "mean", "min", "max", "last", "first", "count", "softmin", "any", "all")


def finite(x: ArrayLike, name: str, axes: str = "N") -> Floats:
    """``x`` as floats of the given rank; NaN may stand for missing, an infinite value is a ShapeError."""
    values = as_floats(x, name)
    check(**{name: (values, axes)})
    return values


def group_codes(group: ArrayLike, n: int, name: str = "group") -> tuple[Ints, int]:
    """Dense codes of ``group[N]`` and their number; ``"batch"`` puts all rows into one group."""
    if isinstance(group, str):
        if group != "batch":
            raise SettingError(
                f"{name}={group!r}", expected="an array of ids [N], or 'batch' for one group of all rows"
            )
        return np.zeros(n, dtype=np.int64), min(n, 1)
    return as_group(group, n, name)


def as_mask(mask: ArrayLike | None, n: int, name: str = "mask") -> Bools:
    """``mask`` as booleans [M]; all True when None. Other values than booleans and 0/1 are refused."""
    if mask is None:
        return np.ones(n, dtype=np.bool_)
    chosen = as_bools(mask, name)
    if chosen.shape != (n,):
        raise ShapeError(f"{name} has shape {chosen.shape}", where=name, expected=f"[M] with M = {n}")
    return chosen


def or_zero(x: Floats, missing: str) -> Floats:
    """Advantages under a policy for NaN: ``nan`` keeps it, ``zero_advantage`` gives no gradient, ``raise`` refuses.

    Raises PolicyError under ``raise``, UnknownNameError for another word.
    """
    if missing == "nan":
        return x
    if missing == "zero_advantage":
        return np.where(np.isnan(x), 0.0, x)
    if missing != "raise":
        raise UnknownNameError.among("policy for missing values", missing, ("nan", "zero_advantage", "raise"))
    if np.isnan(x).any():
        raise PolicyError(
            f"{int(np.isnan(x).sum())} of {x.size} values are missing", expected="none under missing='raise'",
            hint="Choose missing='zero_advantage', or drop those rows",
        )  # fmt: skip
    return x


def key(columns: Sequence[ArrayLike]) -> Ints:
    """One dense id for each distinct combination of ids: int[N]; such as prompt x turn index, prompt x sign.

    >>> key((["a", "a", "b"], [0, 1, 0])).tolist()
    [0, 1, 2]
    """
    if not len(columns):
        raise SettingError("no columns", expected="one array of ids or more")
    n = np.size(columns[0])
    codes, _ = as_group(columns[0], n, "columns[0]")
    for k, column in enumerate(columns[1:], 1):
        more, count = as_group(column, n, f"columns[{k}]")
        codes, _ = as_group(codes * count + more, n)
    return codes


def position(off: ArrayLike, *, relative: bool = False) -> Floats:
    """Index of each item in its row, from 0: float[M]; ``relative`` divides by the last index (a row of one: 0).

    >>> position([0, 3, 5]).tolist(), position([0, 3, 5], relative=True).tolist()
    ([0.0, 1.0, 2.0, 0.0, 1.0], [0.0, 0.5, 1.0, 0.0, 1.0])
    """
    offsets = own_offsets(off)
    index = np.arange(offsets[-1], dtype=np.float64) - spread(offsets[:-1], offsets)
    return index / spread(np.maximum(np.diff(offsets) - 1, 1), offsets) if relative else index


def place(x: ArrayLike, off: ArrayLike, at: str | int = "last", mask: ArrayLike | None = None) -> Floats:
    """Put the value of each row on one of its items, 0 on the others: ``x[N] -> [M]``.

    ``at`` is last, first, or an index into the row (negative from the end). Only items where ``mask[M]`` is True are
    counted, so that a reward never lands on a token that the model did not write. A row without such items has no
    place: its value is not used. An index outside a row that has items is a ShapeError.

    >>> place([1.0, 2.0], [0, 2, 4], mask=[1, 1, 1, 0]).tolist()
    [0.0, 1.0, 2.0, 0.0]
    """
    values, offsets = finite(x, "x"), own_offsets(off)
    check(off=(offsets, "N+1"), x=(values, "N"))
    where = _item_at(offsets, at, as_mask(mask, int(offsets[-1])))
    out = np.zeros(int(offsets[-1]))
    out[where[where >= 0]] = values[where >= 0]
    return out


def pool(
    x: ArrayLike, off: ArrayLike, how: str = "mean", *, temperature: float = 0.1, mask: ArrayLike | None = None
) -> Floats:
    """One value per row from its items: ``x[M] -> [N]``; NaN and items outside ``mask`` are left out.

    ``how``: sum, mean, min, max, last, first, count; ``softmin`` is ``sum softmax(-x / temperature) x`` (card 67, at
    most ``temperature * log(n)`` above the minimum); ``any`` and ``all`` read values of 0.5 and more as true and give
    1 or 0, or NaN when a missing item could turn the answer. ``last`` and ``first`` take the item as it stands. A row
    of which nothing is known is NaN (its count is 0); a row without items is NaN too, with sum and count 0.

    >>> pool([1.0, 0.0, 1.0], [0, 2, 3], "all").tolist()
    [0.0, 1.0]
    """
    if how not in POOLS:
        raise UnknownNameError.among("pooling", how, POOLS)
    values = finite(x, "x", "M")
    offsets = as_offsets(off, len(values))
    inside = as_mask(mask, len(values))
    if how in ("last", "first"):
        where = _item_at(offsets, how, inside)
        out = np.full(len(where), np.nan)
        out[where >= 0] = values[where[where >= 0]]
        return out
    if how in ("any", "all"):
        return _any_all(values, offsets, inside, how)
    chosen = values if mask is None else np.where(inside, values, np.nan)
    if how == "softmin":
        return _softmin(chosen, offsets, temperature)
    out = segment_reduce(chosen, offsets, how)
    if how == "sum":
        lost = (segment_reduce(chosen, offsets, "count") == 0) & (segment_reduce(inside, offsets, "sum") > 0)
        out = np.where(lost, np.nan, out)
    return out


def cutpoints(probability: ArrayLike, off: ArrayLike, *, threshold: float = 0.9, every: int = 5) -> tuple[Ints, Ints]:
    """Segments that end after ``every`` uncertain tokens: offsets of tokens per segment, of segments per row.

    A token with ``probability[M] < threshold`` is a cutpoint; the segment ends with every fifth one, the last segment
    with its row. An unknown probability (NaN) is no cutpoint. Card 123 (arXiv 2505.23564).

    >>> cutpoints([0.1, 1.0, 0.2, 0.3, 1.0], [0, 4, 5], every=2)
    (array([0, 3, 4, 5]), array([0, 2, 3]))
    """
    if every < 1:
        raise SettingError(f"every={every}", expected="at least 1")
    values = finite(probability, "probability", "M")
    offsets = as_offsets(off, len(values))
    low = values < threshold
    seen = np.concatenate([[0], np.cumsum(low)])
    ends = low & ((seen[1:] - spread(seen[offsets[:-1]], offsets)) % every == 0)
    ends[offsets[1:][np.diff(offsets) > 0] - 1] = True
    segments = np.concatenate([[0], np.flatnonzero(ends) + 1])
    return segments.astype(np.int64), np.concatenate([[0], np.cumsum(ends)])[offsets].astype(np.int64)


def _item_at(offsets: Ints, at: str | int, mask: Bools) -> Ints:
    """[N] position of one masked item of each row, -1 for rows without masked items."""
    kept = np.flatnonzero(mask)
    inner = np.concatenate([[0], np.cumsum(mask)])[offsets]
    size = np.diff(inner)
    names = {"last": -1, "first": 0}
    if isinstance(at, str) and at not in names:
        raise UnknownNameError.among("place", at, names)
    index = names[at] if isinstance(at, str) else int(at)
    short = (size > 0) & ((index >= size) | (index < -size))
    if short.any():
        row = int(np.argmax(short))
        raise ShapeError(f"row {row} has {size[row]} items", where="at", expected=f"an item at index {index}")
    out = np.full(len(size), -1, dtype=np.int64)
    use = size > 0
    out[use] = kept[(inner[:-1] if index >= 0 else inner[1:])[use] + index]
    return out


def _any_all(values: Floats, offsets: Ints, inside: Bools, how: str) -> Floats:
    unknown = np.isnan(values)
    decides = inside & ~unknown & ((values >= 0.5) == (how == "any"))
    hit = segment_reduce(decides.astype(np.float64), offsets, "sum") > 0
    total = segment_reduce(inside.astype(np.float64), offsets, "sum")
    open_ = (segment_reduce((inside & unknown).astype(np.float64), offsets, "sum") > 0) | (total == 0)
    return np.where(hit, float(how == "any"), np.where(open_, np.nan, float(how == "all")))


def _softmin(values: Floats, offsets: Ints, temperature: float) -> Floats:
    if not temperature > 0:
        raise SettingError(f"temperature={temperature}", expected="a number > 0")
    weight = np.exp(-(values - spread(segment_reduce(values, offsets, "min"), offsets)) / temperature)
    summed, total = segment_reduce(weight * values, offsets, "sum"), segment_reduce(weight, offsets, "sum")
    return np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)
