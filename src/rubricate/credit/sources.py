"""Token rewards of one source among several: returns of bounded size, baselines over whole rows, ends of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_offsets, check, own_offsets
from rubricate.credit.layout import as_mask, finite, pool
from rubricate.credit.normalise import center
from rubricate.credit.returns import suffix
from rubricate.reduce import group_stat, spread


def ends(off: ArrayLike) -> Bools:
    """Whether each item is the last of its row: bool[M]; where the outcome stands among turn rewards (card 66).

    >>> ends([0, 2, 3]).tolist()
    [False, True, True]
    """
    offsets = own_offsets(off)
    out = np.zeros(int(offsets[-1]), dtype=np.bool_)
    out[offsets[1:][np.diff(offsets) > 0] - 1] = True
    return out


def bounded(x: ArrayLike, off: ArrayLike, *, keep: ArrayLike | None = None) -> Floats:
    """``x / max |return-to-go of x|`` over the batch: [M], so that no return exceeds 1 in size.

    Only items in ``keep[M]`` count; the others keep their place. Zero rewards stay 0. NaN enters no return and stays.
    Card 49 (arXiv 2502.01456).

    >>> bounded([1.0, 3.0, -1.0], [0, 2, 3]).tolist()
    [0.25, 0.75, -0.25]
    """
    values = finite(x, "x", "M")
    size = np.abs(suffix(values, off, keep=keep, missing="drop_item"))
    largest = float(np.max(size[~np.isnan(size)], initial=0.0))
    return values / largest if largest > 0 else values


def rloo_items(x: ArrayLike, off: ArrayLike, group: ArrayLike, *, keep: ArrayLike | None = None) -> Floats:
    """``n / (n - 1) (x_t - mean_j m_j)`` with m_j the mean of row j over its items, n rows in the group: [M].

    The sum of two parts: the row's mean against that of the others (RLOO), and ``n / (n - 1) (x_t - m_i)`` inside the
    row. Items outside ``keep[M]`` take no part and get 0. A row of which nothing is known enters no group; in a group
    of one the others are missing and its items get 0. NaN stays. Card 49 (arXiv 2502.01456).

    >>> rloo_items([1.0, 3.0, 0.0], [0, 2, 3], [0, 0]).tolist()
    [0.0, 4.0, -2.0]
    """
    values, offsets = finite(x, "x", "M"), as_offsets(off, np.size(x))
    check(off=(offsets, "N+1"), group=(group, "N"))
    inside = as_mask(keep, len(values), "keep")
    mean = pool(values, offsets, "mean", mask=inside)
    count = group_stat(mean, group, "count")
    factor = np.divide(count, count - 1, out=np.zeros(len(count)), where=count > 1)
    within = spread(factor, offsets) * (values - spread(mean, offsets))
    return np.where(inside, spread(center(mean, group, "loo"), offsets) + within, 0.0)
