"""Several samples of one score: rewards for judges that agree with the consensus (integration is in ``reduce``).

``samples[N, K]``: K scores for each of N items, NaN where a sample gave none. A failed sample is left out and counted,
never taken as 0 (the released code of card 36 counts it as 0, which biases down).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_group, check
from rubricate.reduce import closest_to_mean, integrate

__all__ = ["closest_to_mean", "consensus_reward", "cross_rank_reward", "integrate"]


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
    flag = np.asarray(relevant, dtype=np.float64)
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
