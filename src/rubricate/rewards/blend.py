"""Learning how much of each reward to blend, against the one that is trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError


def learn_blend(
    evaluate: Callable[[Floats], float],
    start: Sequence[float],
    *,
    steps: int = 60,
    rate: float = 0.5,
    radius: float = 2.0,
    width: float = 1e-3,
) -> Floats:
    """Coefficients phi[K] that maximise ``evaluate(phi)``, the trusted return of a policy trained on the blend.

    ``phi <- project(phi + rate * dJ/dphi, |phi| <= radius)``, ``steps`` times, with the central difference
    ``(J(phi + width e_k) - J(phi - width e_k)) / (2 width)``: ``evaluate`` must be deterministic (fixed seeds, or exact
    gradients). A negative coefficient turns a misleading reward round. Card 133 (arXiv 2310.19007, recalled) takes the
    gradient by implicit differentiation; the difference needs 2 K trainings per step, so keep the inner one short.

    >>> learn_blend(lambda phi: -((phi - [1.0, -0.5]) ** 2).sum(), (1.0, 1.0)).round(3).tolist()
    [1.0, -0.5]
    """
    if not (steps >= 0 and rate > 0 and radius > 0 and width > 0):
        raise SettingError(f"{steps=}, {rate=}, {radius=}, {width=}", expected="steps >= 0, the others > 0")
    phi = as_floats(start, "start")
    check(start=(phi, "K"))
    for _ in range(steps):
        moves = width * np.eye(len(phi))
        slope = np.array([(evaluate(phi + m) - evaluate(phi - m)) / (2 * width) for m in moves])
        if np.isnan(slope).any():
            raise SettingError("evaluate gave NaN", where="evaluate", expected="the return as a number")
        phi = phi + rate * slope
        phi = phi * min(1.0, radius / max(float(np.linalg.norm(phi)), 1e-12))
    return phi
