"""Several samples of one score: their integration, and rewards for judges that agree with the consensus.

``samples[N, K]``: K scores for each of N items, NaN where a sample gave none. A failed sample is left out and counted,
never taken as 0 (the released code of card 36 counts it as 0, which biases down).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_floats, as_group, as_weights, check
from rubricate.errors import UnknownNameError
from rubricate.reduce import group_table

HOW = ("mean", "median", "vote")


def integrate(samples: ArrayLike, how: str = "mean", sample_weights: ArrayLike | None = None) -> Floats:
    """One score per item: ``sum_k w_k s_k / sum_k w_k``, the median, or the most frequent value (ties: the lowest).

    [N]; NaN for an item without any sample. On fine scales take the mean or the median: with noise of 14 points on a
    scale of 100 in steps of 5, sixteen samples give pair accuracy .75 by mean and .69 by vote (card 36).

    >>> integrate([[60.0, 80.0, 80.0], [10.0, float("nan"), 20.0]]).round(2).tolist()
    [73.33, 15.0]
    """
    if how not in HOW:
        raise UnknownNameError.among("integration", how, HOW)
    values = as_floats(samples, "samples")
    check(samples=(values, "N K"))
    known = ~np.isnan(values)
    if how == "mean":
        weights = np.ones_like(values) if sample_weights is None else as_weights(sample_weights, "sample_weights")
        check(samples=(values, "N K"), sample_weights=(weights, "N K"))
        mass = np.where(known, weights, 0.0)
        total = (mass * np.where(known, values, 0.0)).sum(1)
        below = mass.sum(1)
        return np.divide(total, below, out=np.full(len(values), np.nan), where=below > 0)
    rows = np.repeat(np.arange(len(values)), values.shape[1])
    if how == "median":
        return group_table(values.ravel(), rows, len(values), "median")
    return _vote(values, known)


def _vote(values: Floats, known: Bools) -> Floats:
    same = (values[:, :, None] == values[:, None, :]).sum(2)
    best = np.where(known, same, -1)
    top = best == best.max(1, keepdims=True, initial=-1)
    out = np.where(top & known, values, np.inf).min(1, initial=np.inf)
    return np.where(known.any(1), out, np.nan)


def closest_to_mean(samples: ArrayLike) -> Ints:
    """Index of the sample nearest to the item's mean (ties: the first), -1 without any: [N].

    The trajectory to keep as a training target (card 36, arXiv 2509.24869).

    >>> closest_to_mean([[0.0, 50.0, 90.0]]).tolist()
    [1]
    """
    values = as_floats(samples, "samples")
    distance = np.abs(values - integrate(values)[:, None])
    filled = np.where(np.isnan(distance), np.inf, distance)
    return np.where(np.isnan(values).all(1), -1, filled.argmin(1))


def consensus_reward(samples: ArrayLike, *, tolerance: float = 0.0) -> Floats:
    """Reward inside an item: +1 for the sample nearest to its mean, -1 for the farthest, 0 for the others: [N, K].

    0 for all when the farthest is less than ``tolerance`` away, or when all are equally far. The rewards of an item
    sum to 0; unreadable samples stay NaN. Card 36 ("intra"; its tolerance is not known).

    >>> consensus_reward([[0.0, 50.0, 90.0]]).tolist()
    [[-1.0, 1.0, 0.0]]
    """
    values = as_floats(samples, "samples")
    distance = np.abs(values - integrate(values)[:, None])
    known = ~np.isnan(values)
    near = np.where(known, distance, np.inf)
    far = np.where(known, distance, -np.inf)
    least, most = near.min(1, initial=np.inf), far.max(1, initial=-np.inf)
    # Two samples are equally far from their mean, but for the rounding of that mean.
    rounding = 1e-12 * np.where(known, np.abs(values), 0.0).max(1, initial=0.0)
    rows = np.arange(len(values))
    out = np.where(known, 0.0, np.nan)
    apart = known.any(1) & (most >= tolerance) & (most > least + rounding)
    out[rows[apart], (near <= (least + rounding)[:, None]).argmax(1)[apart]] = 1.0
    out[rows[apart], (far >= (most - rounding)[:, None]).argmax(1)[apart]] = -1.0
    return out


def cross_rank_reward(samples: ArrayLike, relevant: ArrayLike, group: ArrayLike) -> Floats:
    """Reward across the items of a query: the share of samples of the other class that a sample ranks rightly: [N, K].

    A sample of a relevant item: the share of samples of irrelevant items of its group below it; of an irrelevant one:
    the share of samples of relevant items above it. NaN for unreadable samples and where the other class is empty.
    Card 36 ("inter").

    >>> cross_rank_reward([[80.0, 40.0], [50.0, 10.0]], [1, 0], [0, 0]).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    values = as_floats(samples, "samples")
    check(samples=(values, "N K"), relevant=(relevant, "N"))
    codes, count = as_group(group, len(values))
    flag = as_floats(relevant, "relevant")
    known = ~np.isnan(values) & ~np.isnan(flag)[:, None]
    right = np.broadcast_to((flag >= 0.5)[:, None], values.shape)[known]
    v, c = values[known], np.broadcast_to(codes[:, None], values.shape)[known]
    order = np.lexsort((v, c))
    v, c, right = v[order], c[order], right[order]
    ends = np.flatnonzero(np.append((v[1:] != v[:-1]) | (c[1:] != c[:-1]), True)) + 1 if len(v) else np.empty(0, int)
    tie = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    total = np.bincount(c, weights=right, minlength=count), np.bincount(c, weights=~right, minlength=count)
    seen = np.append(0.0, np.cumsum(right)), np.append(0.0, np.cumsum(~right))
    before = np.append(0.0, np.cumsum(total[1]))[c]  # irrelevant samples of the groups that stand before
    below = seen[1][np.append(0, ends)[tie]] - before
    above = np.cumsum(total[0])[c] - seen[0][ends[tie]]
    others = np.where(right, total[1][c], total[0][c])
    share = np.divide(np.where(right, below, above), others, out=np.full(len(v), np.nan), where=others > 0)
    out = np.full(values.shape, np.nan)
    flat = np.empty(len(v))
    flat[order] = share
    out[known] = flat
    return out
