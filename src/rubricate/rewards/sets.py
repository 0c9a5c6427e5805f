"""Scores of a chosen set against the right one: retrieved documents, cited chunks, predicted labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError


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
