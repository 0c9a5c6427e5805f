"""What samples of one score disagree about, and how much a reward that is in doubt should weigh."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import ShapeError


def disagreement(samples: ArrayLike) -> Floats:
    """``U = mean over pairs |s_j - s_k|`` of ``samples[N, K]``: [N]; NaN where fewer than two samples are known.

    For two samples the distance of card 140 (L1). ``samples`` may be looks, orders, or members of a panel.

    >>> disagreement([[1.0, 3.0, 3.0], [2.0, float("nan"), float("nan")]]).round(4).tolist()
    [1.3333, nan]
    """
    x = as_floats(samples, "samples")
    check(samples=(x, "N K"))
    ordered = np.sort(x, axis=1)  # NaN last
    known = ~np.isnan(ordered)
    n = known.sum(1)
    # in sorted order the k-th of n stands above k others and below n - 1 - k: its factor is 2k - n + 1
    factor = 2 * np.arange(x.shape[1])[None, :] - n[:, None] + 1
    total = (np.where(known, ordered, 0.0) * factor).sum(1)
    return np.divide(total, n * (n - 1) / 2, out=np.full(len(x), np.nan), where=n > 1)


def uncertainty_weight(u: ArrayLike) -> Floats:
    """``w = exp(-U)``: [N]; NaN stays NaN. ShapeError for a negative U.

    With the cost of doubt, ``L_u = L exp(-U) + lam U`` is least at ``exp(-U) = min(1, lam / L)``: what is in doubt
    weighs less, but doubt is not free. Card 140 (arXiv 2410.11236).

    >>> uncertainty_weight([0.0, 1.0]).round(4).tolist()
    [1.0, 0.3679]
    """
    x = as_floats(u, "u")
    if (x < 0).any():
        raise ShapeError("u holds a negative value", where="u", expected="uncertainties >= 0")
    return np.exp(-x)
