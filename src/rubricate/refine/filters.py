"""Filters on arrays of verdicts: which criteria say nothing, say it twice, contradict, or cannot be judged.

Every filter takes verdicts ``[N, C]`` in [0, 1] (NaN: missing) or what its docstring says, and answers per criterion.
A missing verdict speaks for nothing: no criterion is dropped for a comparison that could not be made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_bools, as_floats, as_group, check
from rubricate.errors import SettingError, UnknownNameError

LIKENESS = ("correlation", "overlap")


def misaligned(weak: ArrayLike, strong: ArrayLike) -> Bools:
    """Criteria that a weak model's answer meets and a strong model's does not: bool[C]. Card 17.

    >>> misaligned([1, 1, float("nan")], [0, 1, 0]).tolist()
    [True, False, False]
    """
    low, high = as_floats(weak, "weak"), as_floats(strong, "strong")
    check(weak=(low, "C"), strong=(high, "C"))
    return np.asarray((low >= 0.5) & (high < 0.5))


def likeness(scores: ArrayLike, *, how: str = "correlation", min_rows: int = 8) -> Floats:
    """How alike two criteria judge: float[C, C], NaN where fewer than ``min_rows`` rows have both, or one is constant.

    ``correlation``: Pearson over common rows. ``overlap``: rows that meet both over rows that meet either (Jaccard).
    """
    if how not in LIKENESS:
        raise UnknownNameError.among("likeness", how, LIKENESS)
    if min_rows < 2:
        raise SettingError(f"min_rows={min_rows}", expected="2 or more")
    x = as_floats(scores, "scores")
    check(scores=(x, "N C"))
    known = ~np.isnan(x)
    k, v = known.astype(np.float64), np.where(known, x, 0.0)
    n = k.T @ k
    if how == "overlap":
        met = ((v >= 0.5) & known).astype(np.float64)
        both = met.T @ met
        top, bottom = both, met.T @ k + k.T @ met - both
    else:
        safe = np.maximum(n, 1.0)
        top = v.T @ v - (v.T @ k) * (k.T @ v) / safe
        spread = np.maximum((v * v).T @ k - (v.T @ k) ** 2 / safe, 0.0)
        bottom = np.sqrt(spread * spread.T)
        bottom = np.where(bottom > 1e-9 * safe, bottom, 0.0)
    out = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return np.where(n >= min_rows, out, np.nan)


def redundant(
    scores: ArrayLike,
    *,
    threshold: float = 0.9,
    how: str = "correlation",
    min_rows: int = 8,
    order: ArrayLike | None = None,
) -> Ints:
    """For each criterion the kept one that it repeats, -1 for those kept: int[C].

    Criteria are gone through in ``order`` (places, best first; as they stand when left out); one that is at least
    ``threshold`` alike with a kept one goes. Cards 17 (70 % overlap, there by a model), 94, 187, 208.

    >>> redundant([[1, 1, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0]], min_rows=4).tolist()
    [-1, 0, -1]
    """
    alike = likeness(scores, how=how, min_rows=min_rows)
    c = len(alike)
    places = np.arange(c) if order is None else np.asarray(order, dtype=np.int64)
    check(order=(places, "C"), scores=(np.asarray(scores), "N C"))
    twin, kept = np.full(c, -1, dtype=np.int64), np.zeros(c, dtype=np.bool_)
    for j in places:
        near = np.where(kept & ~np.isnan(alike[j]), alike[j], -np.inf)
        best = int(near.argmax())
        twin[j] = best if near[best] >= threshold else -1
        kept[j] = twin[j] < 0
    return twin


def conflicting(scores: ArrayLike, *, threshold: float = 0.8, min_rows: int = 8) -> Ints:
    """Pairs of criteria of which one is met when the other is not, correlation <= -``threshold``: int[K, 2]. Card 17.

    >>> conflicting([[1, 0], [0, 1], [1, 0], [0, 1]], min_rows=4).tolist()
    [[0, 1]]
    """
    alike = np.nan_to_num(likeness(scores, min_rows=min_rows), nan=0.0)
    return np.argwhere(np.triu(alike <= -threshold, 1)).astype(np.int64)


def unverifiable(scores: ArrayLike, asked: ArrayLike | None = None, *, most: float = 0.3) -> Bools:
    """Criteria that the judge left without a verdict in more than ``most`` of the rows where it was asked: bool[C].

    >>> nan = float("nan")
    >>> unverifiable([[1, nan], [0, nan], [1, 1]]).tolist()
    [False, True]
    """
    x = as_floats(scores, "scores")
    seen = np.ones(x.shape, dtype=np.bool_) if asked is None else as_bools(asked, "asked")
    check(scores=(x, "N C"), asked=(seen, "N C"))
    count = seen.sum(0)
    return np.asarray((np.isnan(x) & seen).sum(0) > most * np.maximum(count, 1)) & (count > 0)


def ungrounded(support: ArrayLike, *, threshold: float = 0.5) -> Bools:
    """Criteria that no passage supports, though at least one was looked at: bool[C].

    ``support[C, P]`` how far passage P entails criterion C, NaN where that was not judged. Card 208.

    >>> ungrounded([[0.9, 0.1], [0.2, float("nan")], [float("nan"), float("nan")]]).tolist()
    [False, True, False]
    """
    found = as_floats(support, "support")
    check(support=(found, "C P"))
    known = ~np.isnan(found)
    return np.asarray(known.any(1) & ~(np.where(known, found, -np.inf) >= threshold).any(1))


def high_spread(scores: ArrayLike, group: ArrayLike | None = None, *, count: int = 0) -> Ints:
    """The criteria whose verdicts vary most, widest first, without those that never vary: int[<=C].

    Mean variance of verdicts within each group (prompt), or over all rows. ``count`` 0 keeps all that vary.

    >>> high_spread([[1, 0, 1], [0, 0, 1], [1, 0, 0], [0, 0, 1]]).tolist()
    [0, 2]
    """
    x = as_floats(scores, "scores")
    check(scores=(x, "N C"))
    codes, groups = as_group(np.zeros(len(x), dtype=np.int64) if group is None else group, len(x))
    member = np.eye(groups)[codes].T
    known = ~np.isnan(x)
    n = member @ known
    mean = np.divide(member @ np.where(known, x, 0.0), n, out=np.zeros(n.shape), where=n > 0)
    square = member @ np.where(known, (np.where(known, x, 0.0) - mean[codes]) ** 2, 0.0)
    usable = n >= 2
    spread = np.divide(square, n, out=np.zeros(n.shape), where=usable).sum(0) / np.maximum(usable.sum(0), 1)
    order = np.argsort(-spread, kind="stable")
    order = order[spread[order] > 1e-12]
    return order[:count] if count else order


def coverage_subset(embeddings: ArrayLike, *, count: int, eps: float = 0.5, min_gain: float = 0.0) -> Ints:
    """Criteria that together cover most, picked greedily, best first: int[<=count].

    Each step adds the item that raises the coding rate ``R(Z) = 1/2 log det(I + d / eps^2 Z'Z)`` most, rows of
    ``embeddings[C, d]`` brought to length 1; it stops when the gain is at or below ``min_gain``. R is submodular, so
    the greedy set reaches 1 - 1/e of the best. The rate of MCR^2 (arXiv 2006.08558, recalled), without its 1/n, which
    would make a larger set worth less. A zero vector (an embedding that failed) covers nothing and is never picked.

    >>> coverage_subset([[1, 0], [0.99, 0.1], [0, 1]], count=2).tolist()
    [0, 2]
    """
    z = as_floats(embeddings, "embeddings")
    check(embeddings=(z, "C D"))
    if count < 1 or eps <= 0 or np.isnan(z).any():
        raise SettingError(f"count={count}, eps={eps}", expected="count >= 1, eps > 0, embeddings without NaN")
    z = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)
    rest = (z.shape[1] / eps**2) * (z @ z.T)
    picked: list[int] = []
    for _ in range(min(count, len(z))):
        gain = 0.5 * np.log1p(np.maximum(np.diag(rest), 0.0))
        gain[picked] = -np.inf
        best = int(np.argmax(gain.round(12)))
        if gain[best] <= min_gain:
            break
        picked.append(best)
        rest = rest - np.outer(rest[:, best], rest[best]) / (1.0 + rest[best, best])
    return np.array(picked, dtype=np.int64)
