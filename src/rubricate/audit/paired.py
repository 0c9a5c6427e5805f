"""One change measured on the same items: the gain with its interval, by resampling items."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import as_floats, check
from rubricate.errors import SettingError


class PairedGain(NamedTuple):
    """Means ``before`` and ``after`` over the ``n`` items that have both, ``gain`` = after - before, its interval."""

    before: float
    after: float
    gain: float
    low: float
    high: float
    n: int

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0; without items nothing is sure."""
        return self.low > 0 or self.high < 0


def paired_gain(
    before: ArrayLike, after: ArrayLike, rng: np.random.Generator, *, resamples: int = 1000, level: float = 0.95
) -> PairedGain:
    """``mean(after) - mean(before)`` with a percentile bootstrap that draws items, both values of one together.

    ``before[N]`` and ``after[N]`` are one number per item (a pair found again, the spread of a group). An item that
    lacks one of the two (NaN) is left out of both and not counted. Efron's percentile interval.

    >>> found = paired_gain([0.0, 0.0, 1.0], [1.0, 1.0, 1.0], np.random.default_rng(0))
    >>> round(found.gain, 2), found.low, found.n
    (0.67, 0.0, 3)
    """
    old, new = as_floats(before, "before"), as_floats(after, "after")
    check(before=(old, "N"), after=(new, "N"))
    if resamples < 1 or not 0 < level < 1:
        raise SettingError(f"resamples={resamples}, level={level}", expected="resamples >= 1 and 0 < level < 1")
    known = ~(np.isnan(old) | np.isnan(new))
    n = int(known.sum())
    if not n:
        nan = float("nan")
        return PairedGain(nan, nan, nan, nan, nan, 0)
    old, new = old[known], new[known]
    gains = (new - old)[rng.integers(0, n, (resamples, n))].mean(1)
    low, high = np.quantile(gains, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return PairedGain(float(old.mean()), float(new.mean()), float((new - old).mean()), float(low), float(high), n)
