"""What Rubicon does to scored dimensions: saturate each, pay for pairs, stretch the top, veto. Card 2 (2508.12790).

The paper names these modifiers and publishes no constants; those here are ours, tried on the card's arms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_bools, as_floats, check
from rubricate.errors import SettingError


def saturate(scores: ArrayLike, *, steepness: float = 8.0, centre: float = 0.5) -> Floats:
    """``sigmoid(steepness (s - centre))``: pushing one dimension pays less and less; the shape of ``scores``.

    >>> saturate([[0.5, 1.0]]).round(3).tolist()
    [[0.5, 0.982]]
    """
    if steepness <= 0:
        raise SettingError(f"steepness={steepness}", expected="a positive number")
    away = np.clip(steepness * (as_floats(scores, "scores") - centre), -700.0, 700.0)  # exp stays finite
    return np.asarray(1.0 / (1.0 + np.exp(-away)))


def interact(scores: ArrayLike, x: ArrayLike, pairs: tuple[tuple[int, int, float], ...]) -> Floats:
    """``x + sum_{(i, j, b)} b s_i s_j``: a bonus (or, b < 0, a malus) for two dimensions that are high together: [N].

    >>> interact([[1.0, 0.5]], [0.75], ((0, 1, 0.2),)).tolist()
    [0.85]
    """
    values, base = as_floats(scores, "scores"), as_floats(x, "x")
    check(scores=(values, "N C"), x=(base, "N"))
    width = values.shape[1]
    for i, j, _ in pairs:
        if not (0 <= i < width and 0 <= j < width and i != j):
            raise SettingError(f"the pair ({i}, {j})", expected=f"two different columns below {width}")
    return np.asarray(base + sum(b * values[:, i] * values[:, j] for i, j, b in pairs))


def stretch(x: ArrayLike, *, start: float = 0.8, factor: float = 2.0) -> Floats:
    """``x`` below ``start``, then ``start + factor (x - start)``: spreads the top, where the members of a group bunch.

    Monotone, so no order changes; values above 1 are possible.

    >>> stretch([0.5, 0.9]).round(3).tolist()
    [0.5, 1.0]
    """
    if factor <= 0:
        raise SettingError(f"factor={factor}", expected="a positive number: the map must stay monotone")
    values = as_floats(x, "x")
    return np.where(values > start, start + factor * (values - start), values)


def veto(
    x: ArrayLike, scores: ArrayLike, gate_mask: ArrayLike, *, threshold: float = 0.3, floor: float = 0.0
) -> Floats:
    """``floor`` where any gated dimension is below ``threshold``, else ``x``: [N].

    A known failure decides even when another gate was not judged; without one, a gate that is NaN makes the row NaN.

    >>> veto([0.7, 0.7], [[0.9, 0.1], [0.9, 0.4]], [False, True]).tolist()
    [0.0, 0.7]
    """
    base, values, gates = as_floats(x, "x"), as_floats(scores, "scores"), as_bools(gate_mask, "gate_mask")
    check(x=(base, "N"), scores=(values, "N C"), gate_mask=(gates, "C"))
    failed = (gates & (values < threshold)).any(1)
    unknown = (gates & np.isnan(values)).any(1)
    return np.where(failed, floor, np.where(unknown, np.nan, base))
