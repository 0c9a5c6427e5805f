"""Criteria ordered by importance become preference pairs, where weights cannot be set."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_floats, as_group, check
from rubricate.errors import SettingError
from rubricate.rewards.group import pairs_in_groups


def lexicographic_pairs(
    scores: ArrayLike,
    group: ArrayLike,
    *,
    order: tuple[int, ...] | None = None,
    tolerance: tuple[float, ...] | float = 0.0,
    relative: bool = True,
) -> Ints:
    """Pairs (winner, loser) of rows of one group, decided by the first criterion that differs enough: int[Q, 2].

    At each level k of ``order`` (columns of ``scores[N, K]``, most important first; all when None) a pair is decided
    if the scores differ by more than the tolerance of that level: one number or one per level, times the standard
    deviation of the column over the batch when ``relative``. A pair that no level decides is dropped, and so is one
    that meets a missing score before it is decided. Labels need not be transitive: fit a Bradley-Terry model, do not
    sort. Pairs come in the order of their smaller row, then of the larger. Card 120 (arXiv 2309.02632, recalled).

    >>> lexicographic_pairs([[1, 0], [1, 5], [0, 9]], [0, 0, 0]).tolist()
    [[1, 0], [0, 2], [1, 2]]
    """
    values = as_floats(scores, "scores")
    check(scores=(values, "N K"))
    columns = range(values.shape[1]) if order is None else order
    if not len(columns) or not set(columns) <= set(range(values.shape[1])):
        raise SettingError(f"order={order}", expected=f"columns of scores, 0 to {values.shape[1] - 1}")
    levels = values[:, list(columns)]
    margins = _margins(levels, tolerance, relative)
    found: list[Ints] = []
    for i, j in pairs_in_groups(as_group(group, len(values))[0]):
        forward = i < j
        wins, loses = _decide(levels[i[forward]] - levels[j[forward]], margins)
        pairs = np.stack([i[forward], j[forward]], axis=1)
        found += [pairs[wins], pairs[loses][:, ::-1]]
    pairs = np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)
    return pairs[np.lexsort((pairs.max(1), pairs.min(1)))]


def extreme_pairs(score: ArrayLike, group: ArrayLike, *, gap: float = 0.0) -> Ints:
    """One pair (best, worst) of each group whose best score exceeds its worst by more than ``gap``: int[Q, 2].

    ``score[N]``, ``group[N]``; pairs come in the order of the groups' ids. Among equal scores the first row stands; a
    missing score takes no part. Cards 68, 102, 104 (arXiv 2501.07861, 2601.04888, 2406.10991).

    >>> extreme_pairs([0.2, 0.9, 0.5, 0.5], [0, 0, 1, 1]).tolist()
    [[1, 0]]
    """
    values = as_floats(score, "score")
    check(score=(values, "N"))
    if gap < 0:
        raise SettingError(f"gap={gap}", expected="a number >= 0")
    known = np.flatnonzero(~np.isnan(values))
    codes = as_group(group, len(values))[0][known]
    ends = [
        known[order[np.unique(codes[order], return_index=True)[1]]]
        for order in (np.lexsort((-values[known], codes)), np.lexsort((values[known], codes)))
    ]
    best, worst = ends
    return np.stack(ends, axis=1)[values[best] - values[worst] > gap]


def _margins(levels: Floats, tolerance: tuple[float, ...] | float, relative: bool) -> Floats:
    margins = as_floats(tolerance, "tolerance")
    if margins.ndim:
        check(scores=(levels, "N K"), tolerance=(margins, "K"))
    if (margins < 0).any():
        raise SettingError(f"tolerance={tolerance}", expected="numbers >= 0")
    if not relative:
        return np.broadcast_to(margins, levels.shape[1])
    known = ~np.isnan(levels)
    n = known.sum(0)
    mean = np.divide(np.where(known, levels, 0.0).sum(0), n, out=np.zeros(len(n)), where=n > 0)
    square = np.where(known, levels - mean, 0.0) ** 2
    return margins * np.sqrt(np.divide(square.sum(0), n, out=np.zeros(len(n)), where=n > 0))


def _decide(gap: Floats, margins: Floats) -> tuple[Bools, Bools]:
    """Which pairs the first decisive level gives to the first row, and which to the second."""
    open_, wins = np.ones(len(gap), dtype=np.bool_), np.zeros(len(gap), dtype=np.bool_)
    loses = wins.copy()
    for k in range(gap.shape[1]):
        wins |= open_ & (gap[:, k] > margins[k])
        loses |= open_ & (gap[:, k] < -margins[k])
        open_ &= np.abs(gap[:, k]) <= margins[k]
    return wins, loses
