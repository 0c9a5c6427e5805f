"""Adam on named arrays: the optimiser of the small models that have no closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rubricate.arrays import Floats

Arrays = dict[str, Floats]


def adam(start: Arrays, slopes: Callable[[Arrays, int], Arrays], *, steps: int, rate: float) -> Arrays:
    """``steps`` Adam updates (b1 .9, b2 .999, eps 1e-8) from ``start``; ``slopes(values, t)`` is the gradient at t.

    >>> found = adam({"x": np.array([3.0])}, lambda v, t: {"x": 2 * (v["x"] - 1)}, steps=400, rate=0.05)
    >>> round(float(found["x"][0]), 2)
    1.0
    """
    values = {k: v.copy() for k, v in start.items()}
    mean = {k: np.zeros_like(v) for k, v in start.items()}
    square = {k: np.zeros_like(v) for k, v in start.items()}
    for t in range(1, steps + 1):
        for name, slope in slopes(values, t - 1).items():
            mean[name] += 0.1 * (slope - mean[name])
            square[name] += 0.001 * (slope**2 - square[name])
            step = mean[name] / (1 - 0.9**t) / (np.sqrt(square[name] / (1 - 0.999**t)) + 1e-8)
            values[name] = values[name] - rate * step
    return values
