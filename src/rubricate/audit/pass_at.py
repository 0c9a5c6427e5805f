"""pass@k and verified pass@k: the chance that one of k tries succeeds, without bias, from n tries."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_group, check
from rubricate.errors import SettingError


def pass_at(outcome: ArrayLike, group: ArrayLike, sound: ArrayLike | None = None, *, k: int) -> Floats:
    """``1 - C(n - c, k) / C(n, k)`` of each group, n judged tries with c successes: float[P], groups by sorted id.

    A success is a right answer (``outcome[N]`` from .5 up); with ``sound[N]`` it must also be sound, which gives the
    verified rate, never above the plain one. A try whose outcome, or whose soundness where the answer is right, is
    unknown (NaN) is left out of n; fewer than k tries give NaN. Card 5 (arXiv 2510.07774); recalled estimator.

    >>> pass_at([1, 0, 0, 1], [7] * 4, [0, 1, 1, 1], k=2).round(6).tolist()
    [0.5]
    """
    right = as_floats(outcome, "outcome")
    if k < 1:
        raise SettingError(f"k={k}", expected="1 or more")
    check(outcome=(right, "N"))
    success, known = right >= 0.5, ~np.isnan(right)
    if sound is not None:
        check(outcome=(right, "N"), sound=(sound, "N"))
        steps = as_floats(sound, "sound")
        known &= ~(success & np.isnan(steps))
        success = success & (steps >= 0.5)
    codes, count = as_group(group, len(right))
    n = np.bincount(codes, weights=known, minlength=count).astype(np.int64)
    c = np.bincount(codes, weights=known & success, minlength=count).astype(np.int64)
    log = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, max(n.max(initial=0), k) + 1)))])
    enough, some = n >= k, n - c >= k
    left = np.where(some, n - c, k)
    total = np.maximum(n, k)
    missed = np.where(some, np.exp(log[left] - log[left - k] - log[total] + log[total - k]), 0.0)
    return np.where(enough, 1.0 - missed, np.nan)
