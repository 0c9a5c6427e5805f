"""Shares and their uncertainty: Wilson interval, and the test of two shares."""

from __future__ import annotations

import math

from rubricate.errors import SettingError


def wilson_interval(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Interval of a share: ``(p + z^2/2n ± z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)``.

    Used by card 208 for the share of expert points that a rubric covers. SettingError unless 0 <= hits <= n, n > 0.

    >>> [round(x, 3) for x in wilson_interval(60, 100)]
    [0.502, 0.691]
    """
    _check(hits, n)
    p, half = hits / n, z * math.sqrt(hits / n * (1 - hits / n) / n + z * z / (4 * n * n))
    below = 1 + z * z / n
    return (p + z * z / (2 * n) - half) / below, (p + z * z / (2 * n) + half) / below


def two_proportion_z(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float:
    """``(p_a - p_b) / sqrt(p (1 - p) (1/n_a + 1/n_b))`` with the pooled share p; NaN when p is 0 or 1. Card 208.

    >>> round(two_proportion_z(600, 1000, 550, 1000), 2)
    2.26
    """
    _check(hits_a, n_a)
    _check(hits_b, n_b)
    pooled = (hits_a + hits_b) / (n_a + n_b)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    return (hits_a / n_a - hits_b / n_b) / spread if spread > 0 else float("nan")


def _check(hits: int, n: int) -> None:
    if not 0 <= hits <= n or n < 1:
        raise SettingError(f"{hits} of {n}", expected="0 <= hits <= n and n >= 1")
