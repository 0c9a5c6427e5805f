"""Agreement of a judge with people: quadratic weighted kappa. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import as_floats, check


def quadratic_weighted_kappa(a: ArrayLike, b: ArrayLike, *, low: int, high: int) -> float:
    """``1 - sum w O / sum w E`` with ``w_ij = (i - j)^2``, O the table of pairs, E that of independent raters.

    ``a[N]`` and ``b[N]`` are whole numbers in [low, high]; pairs with a NaN are left out. NaN when both raters give one
    and the same constant. Used by cards 197 and 209.

    >>> quadratic_weighted_kappa([1, 2, 3], [1, 2, 3], low=1, high=3)
    1.0
    >>> round(quadratic_weighted_kappa([1, 2, 3, 3], [1, 2, 2, 3], low=1, high=3), 4)
    0.8
    """
    x, y = as_floats(a, "a"), as_floats(b, "b")
    check(a=(x, "N"), b=(y, "N"))
    known = ~np.isnan(x) & ~np.isnan(y)
    n = high - low + 1
    i, j = (x[known] - low).astype(np.int64), (y[known] - low).astype(np.int64)
    seen = np.bincount(i * n + j, minlength=n * n).reshape(n, n).astype(np.float64)
    expected = np.outer(seen.sum(1), seen.sum(0)) / max(seen.sum(), 1.0)
    weight = (np.arange(n)[:, None] - np.arange(n)[None, :]) ** 2
    below = (weight * expected).sum()
    return float(1.0 - (weight * seen).sum() / below) if below > 0 else float("nan")
