"""How well predictions of one target rank and hit it on rows that were held out, and which of them is better."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_group, check
from rubricate.errors import SettingError


class HeldOut(NamedTuple):
    """Of K predictions: Spearman ``rank[K]`` and root mean square ``error[K]``; of each [K, 2] the interval, and the
    interval of what it gains on the prediction ``against`` (rank: above 0 better; error: below 0 better).

    ``rank_gain`` and ``error_gain`` are the gains themselves; ``n`` rows, ``clusters`` resampled units.
    """

    rank: Floats
    rank_interval: Floats
    rank_gain: Floats
    rank_gain_interval: Floats
    error: Floats
    error_interval: Floats
    error_gain: Floats
    error_gain_interval: Floats
    n: int
    clusters: int


def held_out(
    predicted: ArrayLike,
    target: ArrayLike,
    rng: np.random.Generator,
    *,
    score: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    against: int = 0,
    resamples: int = 1000,
    level: float = 0.95,
) -> HeldOut:
    """Percentile bootstrap over whole clusters (prompts, dialogues, users), all predictions on the same draws.

    ``predicted[K, N]`` in the unit of ``target[N]``; rows are ranked by ``score[K, N]``, by the predictions without it
    (of cross-fitted ones the score is what to rank by, see ``refine.cross_fitted``). ``cluster[N]`` ids of any kind;
    rows are their own clusters without it. A row that lacks the target or any prediction is left out for all. Ranks
    are those of a draw, ties at their mean; a draw without spread has no correlation and is left out.
    """
    p, y = as_floats(predicted, "predicted"), as_floats(target, "target")
    s = p if score is None else as_floats(score, "score")
    check(predicted=(p, "K N"), target=(y, "N"), score=(s, "K N"))
    if not 0 <= against < len(p) or resamples < 1 or not 0 < level < 1:
        raise SettingError(
            f"against={against}, resamples={resamples}, level={level}",
            expected=f"against in 0..{len(p) - 1}, resamples >= 1, 0 < level < 1",
        )
    known = ~(np.isnan(p).any(0) | np.isnan(s).any(0) | np.isnan(y))
    ids = np.arange(len(y)) if cluster is None else np.asarray(cluster)
    check(target=(y, "N"), cluster=(ids, "N"))
    p, s, y = p[:, known], s[:, known], y[known]
    codes, clusters = as_group(ids[known], len(y), "cluster")
    draws = [_measures(p[:, rows], s[:, rows], y[rows]) for rows in _drawn(codes, clusters, rng, resamples)]
    rank, error = _measures(p, s, y)
    ranks, errors = (np.array([d[k] for d in draws]) for k in (0, 1))
    ends = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    spans = [_span(v, ends) for r in (ranks, errors) for v in (r, r - r[:, [against]])]
    return HeldOut(
        rank, spans[0], rank - rank[against], spans[1], error, spans[2], error - error[against], spans[3],
        len(y), clusters,
    )  # fmt: skip


def spearman(x: ArrayLike, y: ArrayLike) -> Floats:
    """Spearman's correlation of each row of ``x[K, N]`` with ``y[N]``: [K]; NaN without spread.

    Ties share their mean rank; values that differ by less than 1e-9 of the largest are ties.

    >>> spearman([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], [1.0, 5.0, 9.0]).round(6).tolist()
    [1.0, -1.0]
    """
    a, b = as_floats(x, "x"), as_floats(y, "y")
    check(x=(a, "K N"), y=(b, "N"))
    return _rank_correlation(a, b)


def _rank_correlation(a: Floats, b: Floats) -> Floats:
    from scipy.stats import rankdata

    one, two = rankdata(_ties(a), axis=1), rankdata(_ties(b))
    one, two = one - one.mean(1, keepdims=True), two - two.mean()
    size = np.sqrt((one**2).sum(1) * (two @ two))
    return np.divide(one @ two, size, out=np.full(len(a), np.nan), where=size > 0)


def _ties(values: Floats) -> Floats:
    """Values without the last digits: means of the same ratings in another order are equal."""
    size = np.abs(values).max(-1, keepdims=True, initial=0.0)
    return np.round(values / np.where(size > 0, size, 1.0), 9)


def _measures(p: Floats, s: Floats, y: Floats) -> tuple[Floats, Floats]:
    if not len(y):
        return np.full(len(p), np.nan), np.full(len(p), np.nan)
    return _rank_correlation(s, y), np.sqrt(((p - y) ** 2).mean(1))


def _drawn(codes: Ints, clusters: int, rng: np.random.Generator, resamples: int) -> list[Ints]:
    """Rows of each draw of clusters with replacement."""
    if not clusters:
        return [codes] * resamples
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes, minlength=clusters))[:-1])
    return [np.concatenate([members[c] for c in rng.integers(0, clusters, clusters)]) for _ in range(resamples)]


def _span(values: Floats, ends: list[float]) -> Floats:
    """[K, 2] quantiles of draws ``values[B, K]``, draws without a value left out."""
    out = np.full((values.shape[1], 2), np.nan)
    for k, column in enumerate(values.T):
        if len(known := column[~np.isnan(column)]):
            out[k] = np.quantile(known, ends)
    return out
