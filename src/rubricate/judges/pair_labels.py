"""Which comparisons to train on: labels on which judges agree clearly, and right beside wrong judgements. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_group, check
from rubricate.errors import SettingError


def consensus_label(gap: ArrayLike, *, min_gap: float = 1.0) -> Floats:
    """1 or -1 where all judges lie on that side and their mean gap is at least ``min_gap``, else NaN: [Q].

    ``gap[Q, J]``: each judge's score of the first response less that of the second. A missing score (NaN), a judge that
    sees no difference, or a small mean gap means that the pair is not kept: report the share that is, because a filter
    always raises accuracy on what it keeps. Card 48 (arXiv 2412.13746, recalled: four judges on a Likert scale).

    >>> consensus_label([[2, 1, 1, 2], [2, -1, 2, 2], [1, 0, 1, 1], [-3, -1, -1, -2]]).tolist()
    [1.0, nan, nan, -1.0]
    """
    g = as_floats(gap, "gap")
    check(gap=(g, "Q J"))
    if min_gap < 0:
        raise SettingError(f"min_gap={min_gap}", expected="0 or more")
    sign = np.sign(g)
    agreed = (np.abs(sign.sum(1)) == g.shape[1]) & (np.abs(g.mean(1)) >= min_gap) if g.shape[1] else np.zeros(len(g))
    return np.where(agreed, sign.mean(1) if g.shape[1] else np.nan, np.nan)


def judgement_pairs(right: ArrayLike, item: ArrayLike, side: ArrayLike, *, rng: np.random.Generator) -> Ints:
    """One pair (right judgement, wrong judgement) of each item that has both, balanced over sides: int[Q, 2] of rows.

    Rows are sampled judgements: ``right[M]`` (1, 0, NaN unreadable), ``item[M]`` (a pair in one order of showing),
    ``side[M]`` the letter that would be right there (0 or 1, the same for all rows of an item). Both members are drawn
    at random; of the side with more items as many are dropped as it takes for both to be equally frequent, so that no
    letter is the better one to say. Card 167 (RISE-Judge, arXiv 2502.11689, recalled: 20k such pairs train a judge).

    >>> rng = np.random.default_rng(0)
    >>> judgement_pairs([1, 0, 1, 1, 0, 1], [0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 1, 1], rng=rng).tolist()
    [[0, 1], [5, 4]]
    """
    y, letter = as_floats(right, "right"), as_floats(side, "side")
    check(right=(y, "M"), item=(item, "M"), side=(letter, "M"))
    codes, count = as_group(item, len(y), "item")
    shuffled = rng.permutation(len(y))
    picked = []
    for value in (1.0, 0.0):
        row = np.full(count, -1, dtype=np.int64)
        own = shuffled[y[shuffled] == value]
        row[codes[own]] = own  # the last of equals in a shuffled order: a random one
        picked.append(row)
    pairs = np.stack(picked, axis=1)
    pairs = pairs[(pairs >= 0).all(1)]
    second = letter[pairs[:, 0]] >= 0.5
    keep = min(second.sum(), (~second).sum())
    mixed = rng.permutation(len(pairs))
    kept = np.concatenate([mixed[second[mixed]][:keep], mixed[~second[mixed]][:keep]])
    return pairs[np.sort(kept)]
