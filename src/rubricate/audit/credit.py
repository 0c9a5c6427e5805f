"""Whether credit goes to the steps that mattered, where it is known which did."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check


class CreditAccuracy(NamedTuple):
    """``rank_correlation`` in [-1, 1], ``sign_accuracy`` in [0, 1]; NaN where undefined."""

    rank_correlation: float
    sign_accuracy: float


def credit_accuracy(credit: ArrayLike, importance: ArrayLike) -> CreditAccuracy:
    """Agreement of ``credit[M]`` per step with its true ``importance[M]``: Spearman's correlation, share of signs.

    Steps where either is NaN are left out; the share is taken over steps where neither is 0, since credit 0 says
    nothing. A constant has no correlation (NaN). Shuffled credit gives about 0, and the chance rate of signs. Card 119
    (arXiv 2604.09459).

    >>> credit_accuracy([0.5, -0.1, 0.0], [2.0, 1.0, -1.0])
    CreditAccuracy(rank_correlation=0.5, sign_accuracy=0.5)
    """
    given, true = as_floats(credit, "credit"), as_floats(importance, "importance")
    check(credit=(given, "M"), importance=(true, "M"))
    known = ~np.isnan(given) & ~np.isnan(true)
    given, true = given[known], true[known]
    told = (given != 0) & (true != 0)
    share = float(np.mean(np.sign(given[told]) == np.sign(true[told]))) if told.any() else float("nan")
    if len(given) < 2 or np.ptp(given) == 0 or np.ptp(true) == 0:
        return CreditAccuracy(float("nan"), share)
    return CreditAccuracy(float(np.corrcoef(_ranks(given), _ranks(true))[0, 1]), share)


def _ranks(x: Floats) -> Floats:
    """Ranks from 1, ties share their mean."""
    _, code, count = np.unique(x, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2.0)[code])
