"""Does a benchmark of judges say what training with them will give: rank correlation, and pairs that test one thing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, check
from rubricate.errors import SettingError


class Validity(NamedTuple):
    """Spearman's ``rank`` correlation, the bounds of its bootstrap interval (NaN without ``rng``), models used."""

    rank: float
    low: float
    high: float
    n: int


def predictive_validity(
    bench: ArrayLike,
    downstream: ArrayLike,
    rng: np.random.Generator | None = None,
    *,
    resamples: int = 1000,
    level: float = 0.95,
) -> Validity:
    """Spearman correlation over M models of ``bench[M]`` with ``downstream[M]``, what best-of-N or PPO made of each.

    Models without one of the two are left out and not counted. With ``rng`` a percentile interval over models drawn
    with replacement; draws of one value have no correlation and are left out. Fewer than three models or no spread:
    NaN. Card 27 (arXiv 2604.07343).

    >>> predictive_validity([0.6, 0.7, 0.9], [0.1, 0.2, 0.8]).rank
    1.0
    """
    x, y = as_floats(bench, "bench"), as_floats(downstream, "downstream")
    check(bench=(x, "M"), downstream=(y, "M"))
    if resamples < 1 or not 0 < level < 1:
        raise SettingError(f"resamples={resamples}, level={level}", expected="resamples >= 1 and 0 < level < 1")
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    if len(x) < 3:
        return Validity(float("nan"), float("nan"), float("nan"), len(x))
    rank = float(_spearman(x[None], y[None])[0])
    if rng is None or np.isnan(rank):
        return Validity(rank, float("nan"), float("nan"), len(x))
    drawn = rng.integers(0, len(x), (resamples, len(x)))
    found = _spearman(x[drawn], y[drawn])
    found = found[~np.isnan(found)]
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(found, [tail, 1.0 - tail]) if len(found) else (np.nan, np.nan)
    return Validity(rank, float(low), float(high), len(x))


def minimal_pairs(personal: ArrayLike, generic: ArrayLike, *, least: float = 0.0, tolerance: float = 0.05) -> Bools:
    """Pairs that differ in the user's own rubric alone: [Q], ``personal > least`` and ``|generic| <= tolerance``.

    ``personal[Q]`` and ``generic[Q]`` are the margins, chosen less rejected, under the user's rubric and under a
    generic one. A pair with a margin missing (NaN) is not kept: nothing shows that it is minimal. Card 27.

    >>> minimal_pairs([0.5, 0.5, -0.1, np.nan], [0.0, 0.3, 0.0, 0.0]).tolist()
    [True, False, False, False]
    """
    own, common = as_floats(personal, "personal"), as_floats(generic, "generic")
    check(personal=(own, "Q"), generic=(common, "Q"))
    if least < 0 or tolerance < 0:
        raise SettingError(f"least={least}, tolerance={tolerance}", expected="both >= 0")
    return np.asarray((own > least) & (np.abs(common) <= tolerance))


def _spearman(x: Floats, y: Floats) -> Floats:
    """[B] correlation of the ranks of rows ``x[B, M]`` and ``y[B, M]``; NaN where one of them has no spread."""
    from scipy.stats import rankdata

    a, b = (rankdata(v, axis=1) for v in (x, y))
    a, b = (v - v.mean(1, keepdims=True) for v in (a, b))
    size = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return np.divide((a * b).sum(1), size, out=np.full(len(a), np.nan), where=size > 0)
