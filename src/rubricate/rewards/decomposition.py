"""The return of a rollout shared out over its steps by what the steps show."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_offsets, check
from rubricate.errors import SettingError
from rubricate.reduce import segment_reduce


def redistribute(factors: ArrayLike, off: ArrayLike, returns: ArrayLike, *, ridge: float = 1.0) -> Floats:
    """Step rewards ``w . z_t + b`` whose sums over rows fit the returns best: ``factors[M, D] -> [M]``.

    ``(w, b) = argmin sum_i (sum_t (w . z_t + b) - R_i)^2 + ridge (|w|^2 + b^2)`` over the rows whose ``returns[N]``
    and factors are all known; the reward of a step is then read off its own factors, in other rows too. NaN where a
    factor is missing; all NaN without a row to fit. Card 42 (arXiv 2412.11120) fits a network to samples of the steps;
    this is the linear fit to whole sums. Raises SettingError for ridge <= 0.

    >>> redistribute([[1.0], [0.0], [1.0], [1.0]], [0, 2, 4], [1.0, 2.0], ridge=1e-9).round(6).tolist()
    [1.0, 0.0, 1.0, 1.0]
    """
    z, total = as_floats(factors, "factors"), as_floats(returns, "returns")
    check(factors=(z, "M D"), returns=(total, "N"), off=(off, "N+1"))
    if not ridge > 0:
        raise SettingError(f"ridge={ridge}", expected="a number > 0")
    offsets = as_offsets(off, len(z))
    design = np.column_stack([z, np.ones(len(z))])
    gaps = segment_reduce(np.isnan(design).any(1).astype(np.float64), offsets, "sum")
    sums = np.column_stack([segment_reduce(column, offsets, "sum") for column in design.T])
    use = (gaps == 0) & ~np.isnan(total) & (np.diff(offsets) > 0)
    if not use.any():
        return np.full(len(z), np.nan)
    a = sums[use]
    weights = np.linalg.solve(a.T @ a + ridge * np.eye(a.shape[1]), a.T @ total[use])
    return np.asarray(design @ weights, dtype=np.float64)
