"""Noise put into rewards on purpose, to see how much of it training stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_group, check
from rubricate.errors import SettingError, UnknownNameError

UNITS = ("prompt", "sample")


def flip(
    outcome: ArrayLike, group: ArrayLike, rng: np.random.Generator, *, rate: float = 0.4, unit: str = "prompt"
) -> Floats:
    """``1 - outcome`` with probability ``rate``, else the outcome: [N]; NaN stays NaN.

    One coin per ``unit``: ``prompt`` (all rows of a group together) or ``sample``. Under group-normalised advantages
    the gradient of two outcomes shrinks by ``1 - 2 rate`` and turns round above .5. Card 135 (arXiv 2505.22653).

    >>> flip([1.0, 0.0, 1.0], [0, 0, 1], np.random.default_rng(0), rate=1.0).tolist()
    [0.0, 1.0, 0.0]
    """
    values = as_floats(outcome, "outcome")
    check(outcome=(values, "N"))
    if not 0.0 <= rate <= 1.0:
        raise SettingError(f"rate={rate}", expected="a number in [0, 1]")
    if unit not in UNITS:
        raise UnknownNameError.among("unit", unit, UNITS)
    codes, count = as_group(group, len(values))
    coin = rng.random(count)[codes] if unit == "prompt" else rng.random(len(values))
    return np.where(coin < rate, 1.0 - values, values)
