"""Is a written rubric any good: against an expert's items, when items are hidden, by how far it tells answers apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_group, check
from rubricate.errors import SettingError


class Alignment(NamedTuple):
    """Share of the written items that an expert item matches, of the expert items that are covered, harmonic mean."""

    precision: float
    recall: float
    f1: float


def item_alignment(grid: ArrayLike) -> Alignment:
    """Written against expert items from a grid of similarity or entailment in [0, 1].

    ``grid[G, E]``: ``precision = mean_g max_e``, ``recall = mean_e max_g`` (coverage of the expert's items), f1 their
    harmonic mean. A pair without a verdict (NaN) matches nothing by itself; a row or column without any is left out.
    Card 25 (arXiv 2603.20882, notes): grids of 0-9 from a model, divided by 9; card 208: recall of expert points.

    >>> item_alignment([[1.0, 0.0], [0.5, 0.0]])
    Alignment(precision=0.75, recall=0.5, f1=0.6)
    """
    x = as_floats(grid, "grid")
    check(grid=(x, "G E"))
    if x.size and ((x < 0) | (x > 1)).any():
        raise SettingError("a similarity outside its range", where="grid", expected="[0, 1]")
    precision, recall = (_mean_of_best(x, axis) for axis in (1, 0))
    total = precision + recall
    return Alignment(precision, recall, 2 * precision * recall / total if total > 0 else total)


def _mean_of_best(x: np.ndarray, axis: int) -> float:
    known = ~np.isnan(x).all(axis)
    best = np.where(np.isnan(x), -np.inf, x).max(axis, initial=-np.inf)
    return float(best[known].mean()) if known.any() else float("nan")


class Masking(NamedTuple):
    """Share of pairs decided rightly with all items and with ``hide`` of them hidden, the drop, and its spread."""

    full: float
    hidden: float
    drop: float
    std: float


def masking_sensitivity(votes: ArrayLike, *, hide: int, rng: np.random.Generator, draws: int = 50) -> Masking:
    """How much accuracy a pair judge loses when items are hidden.

    ``votes[Q, C]``: verdict of each item, positive for the better side, NaN missing. A pair is right when its votes sum
    above 0, half right at 0; pairs without a vote are left out. ``draws`` sets of ``hide`` items, the same set for all
    pairs. An accuracy that hardly moves says that the items are not used independently (halo, or doubles), not that the
    rubric is minimal: seven independent items of accuracy .72 lose 9 points with three hidden. Card 188 (ran).

    >>> masking_sensitivity([[1, 1, 1], [-1, -1, -1]], hide=2, rng=np.random.default_rng(0)).drop
    0.0
    """
    x = as_floats(votes, "votes")
    check(votes=(x, "Q C"))
    if not 0 < hide < x.shape[1] or draws < 1:
        raise SettingError(f"hide={hide} of {x.shape[1]} items, draws={draws}", expected="0 < hide < C, draws >= 1")
    kept = np.argsort(rng.random((draws, x.shape[1])), axis=1)[:, hide:]
    keep = np.zeros((draws, x.shape[1]))
    np.put_along_axis(keep, kept, 1.0, axis=1)
    full = _right(x, np.ones((1, x.shape[1])))[0]
    hidden = _right(x, keep)
    mean = float(hidden.mean())
    return Masking(float(full), mean, float(full) - mean, float(hidden.std()))


def _right(x: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Accuracy with each set of kept items: float[draws]."""
    total = np.nan_to_num(x) @ keep.T
    known = (~np.isnan(x)).astype(np.float64) @ keep.T > 0
    score = np.where(np.abs(total) < 1e-12, 0.5, total > 0)
    count = known.sum(0)
    return np.divide(np.where(known, score, 0.0).sum(0), count, out=np.full(len(keep), np.nan), where=count > 0)


class Discrimination(NamedTuple):
    """``spread``: mean standard deviation of the rewards inside groups; ``tied``: share of pairs of one group with
    equal rewards; ``groups`` with two rewards or more, and their ``pairs``. NaN where there is no such group."""

    spread: float
    tied: float
    groups: int
    pairs: int


def group_spread(reward: ArrayLike, group: ArrayLike) -> Floats:
    """Standard deviation (population) of the rewards of each group: float[P], NaN below two known ones.

    >>> group_spread([0.0, 1.0, 0.5, float("nan")], [0, 0, 1, 1]).tolist()
    [0.5, nan]
    """
    x = as_floats(reward, "reward")
    check(reward=(x, "N"))
    codes, groups = as_group(group, len(x))
    known = ~np.isnan(x)
    n = np.bincount(codes[known], minlength=groups)
    mean = np.bincount(codes[known], weights=x[known], minlength=groups) / np.maximum(n, 1)
    square = np.bincount(codes[known], weights=(x - mean[codes])[known] ** 2, minlength=groups)
    return np.where(n >= 2, np.sqrt(square / np.maximum(n, 1)), np.nan)


def discrimination(reward: ArrayLike, group: ArrayLike) -> Discrimination:
    """How far rewards tell the answers to one prompt apart: ``reward[N]`` in ``group[N]``.

    What a trainer that compares inside a group can use: no spread, no gradient; a tied pair is no preference. Answers
    without a reward (NaN) enter neither. Rewards within 1e-9 are equal. Cards 8, 208.

    >>> discrimination([0.0, 1.0, 1.0, 0.5], [0, 0, 0, 1])
    Discrimination(spread=0.4714045207910317, tied=0.3333333333333333, groups=1, pairs=3)
    """
    spread = group_spread(reward, group)
    x = np.round(as_floats(reward, "reward"), 9)
    codes, _ = as_group(group, len(x))
    known = ~np.isnan(x)
    pairs = _couples(np.bincount(codes[known]))
    same = np.unique(np.stack([codes[known].astype(np.float64), x[known]]), axis=1, return_counts=True)[1]
    groups = int((~np.isnan(spread)).sum())
    mean = float(np.nanmean(spread)) if groups else float("nan")
    return Discrimination(mean, _couples(same) / pairs if pairs else float("nan"), groups, pairs)


def _couples(count: np.ndarray) -> int:
    return int((count * (count - 1) // 2).sum())
