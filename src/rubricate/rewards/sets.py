"""Scores of a chosen set against the right one: retrieved documents, cited chunks, predicted labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_offsets, check
from rubricate.errors import SettingError, ShapeError
from rubricate.rewards.group import pairs_in_groups


def f_beta(selected: ArrayLike, gold_ids: ArrayLike, *, beta: float = 1.0) -> Floats:
    """``(1 + beta^2) P R / (beta^2 P + R)`` of the selected items: [N] in [0, 1]; beta 2 leans towards recall.

    ``selected[N, D]`` says how often a row names each item (booleans, or counts: a repeated item lowers the precision
    ``hits / sum(selected)``), ``gold_ids[D]`` or [N, D] which items are right, ``R = hits / #gold``. Nothing selected
    gives 0; a mark that is missing (NaN), or no right item at all, gives NaN. Cards 145 (beta 2), 162 (beta 1).

    >>> f_beta([[1, 1, 0], [2, 0, 1]], [1, 1, 0], beta=2.0).round(3).tolist()
    [1.0, 0.455]
    """
    if not beta > 0:
        raise SettingError(f"beta={beta}", expected="a number > 0")
    named, right = as_floats(selected, "selected"), as_floats(gold_ids, "gold_ids")
    check(selected=(named, "N D"), gold_ids=(right, "D | N D"))
    if (named < 0).any():
        raise ShapeError("selected holds negative counts", where="selected", expected="booleans, or counts >= 0")
    gold = np.broadcast_to(right >= 0.5, named.shape)
    unknown = (np.isnan(named) | np.isnan(right)).any(1)
    hits, found = ((named > 0) & gold).sum(1), gold.sum(1)
    below = beta**2 * found + np.where(np.isnan(named), 0.0, named).sum(1)
    return np.divide((1 + beta**2) * hits, below, out=np.full(len(named), np.nan), where=(found > 0) & ~unknown)


def new_sets(selected: ArrayLike, off: ArrayLike, *, limit: int = 1) -> Floats:
    """1 for a set that shares at most ``limit`` items with every earlier set of its row, else 0: [M].

    ``selected[M, D]`` says which items each set names (documents that a search returned), ``off[N+1]`` gives each row
    its sets in order. A missing mark (NaN) counts both ways: where it could turn the answer, that is NaN. Card 102
    (arXiv 2601.04888; its limit is not known).

    >>> new_sets([[1, 1, 0], [1, 1, 1], [0, 0, 1]], [0, 3]).tolist()
    [1.0, 0.0, 1.0]
    """
    if limit < 0:
        raise SettingError(f"limit={limit}", expected="a number >= 0")
    named = as_floats(selected, "selected")
    check(selected=(named, "M D"))
    offsets = as_offsets(off, len(named))
    least, most = np.zeros(len(named)), np.zeros(len(named))
    has, may = named > 0, (named > 0) | np.isnan(named)
    for i, j in pairs_in_groups(np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))):
        later, earlier = i[i > j], j[i > j]
        np.maximum.at(least, later, (has[later] & has[earlier]).sum(1))
        np.maximum.at(most, later, (may[later] & may[earlier]).sum(1))
    return np.where(most <= limit, 1.0, np.where(least > limit, 0.0, np.nan))
