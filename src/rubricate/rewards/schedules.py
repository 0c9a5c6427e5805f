"""Coefficients and criterion weights that change with training ``progress`` (a share of it, steps or epochs)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.arrays import Floats, as_floats
from rubricate.errors import SettingError, UnknownNameError

KINDS = ("constant", "linear", "exponential", "cosine", "sigmoid")


def schedule(
    progress: ArrayLike,
    *,
    kind: str = "linear",
    start: float = 1.0,
    end: float = 0.0,
    total: float = 1.0,
    sharpness: float = 10.0,
) -> Floats:
    """A coefficient that moves from ``start`` towards ``end`` while progress goes from 0 to ``total`` (same units).

    With u = progress / total and v = min(u, 1): ``linear`` start + (end - start) v; ``cosine`` end + (start - end)
    (1 + cos(pi v)) / 2; ``exponential`` end + (start - end) exp(-u); ``sigmoid`` end + (start - end) /
    (1 + exp(sharpness (u - 1/2))); ``constant`` start. The last two but one only approach ``end``. Cards 45 (linear
    from 0.5), 176 (exponential from 0.3), 81, 115.

    >>> [float(schedule(p, start=0.5, total=10)) for p in (0, 5, 20)]
    [0.5, 0.25, 0.0]
    """
    if not total > 0:
        raise SettingError(f"total={total}", expected="a number > 0")
    u = as_floats(progress, "progress") / total
    if (u < 0).any():
        raise SettingError(f"progress={progress!r}", expected="a time >= 0")
    left = {
        "constant": np.ones_like(u),
        "linear": 1.0 - np.minimum(u, 1.0),
        "cosine": (1.0 + np.cos(np.pi * np.minimum(u, 1.0))) / 2.0,
        "exponential": np.exp(-u),
        "sigmoid": np.exp(-np.logaddexp(0.0, sharpness * (u - 0.5))),
    }
    if kind not in left:
        raise UnknownNameError.among("schedule", kind, KINDS)
    return np.asarray(end + (start - end) * left[kind])


def stage(progress: float, edges: tuple[float, ...], stages: tuple[Any, ...]) -> NDArray[Any]:
    """The stage in force at a time: ``stages[number of edges <= progress]``, as an array.

    A stage is a number (card 81: another scale after some steps), a row of criterion weights or of booleans (card
    171: tiers that join one after the other; weight 0 takes a criterion out of play). One stage more than edges.

    >>> stage(0.3, (0.2, 0.4), ((1, 0, 0), (1, 1, 0), (1, 1, 1))).tolist()
    [1, 1, 0]
    """
    if len(stages) != len(edges) + 1 or (np.diff(edges) < 0).any():
        raise SettingError(
            f"{len(edges)} edges and {len(stages)} stages", expected="rising edges and one stage more than edges"
        )
    return np.asarray(stages[int(np.searchsorted(edges, progress, side="right"))])
