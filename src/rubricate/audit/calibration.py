"""Calibration of judge scores to people's: ridge on trait scores, then a monotone map between quantiles.

Card 197 (RULERS, arXiv 2601.08654). Calibration rescales; it cannot create agreement that the scores do not hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError


@dataclass(frozen=True)
class RidgeScale:
    """``z = ridge(poly2(standardise(features)))``: predicts human scores from trait scores.

    ``fit(features[N, F], human[N])`` gives a fitted one; ``predict(features)``: [N]. ``alpha`` is the ridge penalty
    (paper 1.0 to 2.5), ``degree`` 1 or 2 (2 adds squares and products).
    """

    alpha: float = 1.0
    degree: int = 2
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    intercept: float = 0.0

    def fit(self, features: ArrayLike, human: ArrayLike) -> RidgeScale:
        """A copy with coefficients. ShapeError when a value is missing: leave such rows out knowingly."""
        x, y = as_floats(features, "features"), as_floats(human, "human")
        check(features=(x, "N F"), human=(y, "N"))
        if np.isnan(x).any() or np.isnan(y).any():
            raise ShapeError("missing values in the calibration data", where="features", expected="complete rows")
        raw = _polynomial(x, self.degree)
        mean, std = raw.mean(0), raw.std(0)
        std = np.where(std > 0, std, 1.0)
        z = (raw - mean) / std
        weights = np.linalg.solve(z.T @ z + self.alpha * np.eye(z.shape[1]), z.T @ (y - y.mean()))
        return RidgeScale(self.alpha, self.degree, tuple(mean), tuple(std), tuple(weights), float(y.mean()))

    def predict(self, features: ArrayLike) -> Floats:
        """Predicted human scores; NaN for rows with a missing feature."""
        if not self.weights:
            raise SettingError("this scale is not fitted", expected="RidgeScale().fit(features, human)")
        z = (_polynomial(as_floats(features, "features"), self.degree) - np.array(self.mean)) / np.array(self.std)
        return np.asarray(z @ np.array(self.weights) + self.intercept)


def _polynomial(x: Floats, degree: int) -> Floats:
    if degree not in (1, 2):
        raise SettingError(f"degree={degree}", expected="1 or 2")
    if degree == 1:
        return x
    i, j = np.triu_indices(x.shape[1])
    return np.concatenate([x, x[:, i] * x[:, j]], axis=1)


@dataclass(frozen=True)
class QuantileMap:
    """Monotone map that gives scores the distribution of human scores (optimal transport on a line).

    Sorted scores and sorted human scores are joined by straight lines; beyond the ends the last slope goes on.
    ``apply`` clips to [low, high] and rounds to ``step`` when they are given.
    """

    source: tuple[float, ...] = ()
    target: tuple[float, ...] = ()

    def fit(self, scores: ArrayLike, human: ArrayLike) -> QuantileMap:
        """A map from the distribution of ``scores`` to that of ``human`` (any two lengths, NaN left out)."""
        levels = np.linspace(0.0, 1.0, 101)
        sides = []
        for name, values in (("scores", scores), ("human", human)):
            known = as_floats(values, name)
            known = known[~np.isnan(known)]
            if known.size < 2:
                raise ShapeError(f"{name} has {known.size} values", where=name, expected="two or more")
            sides.append(np.quantile(known, levels))
        gaps = np.diff(sides[0]) > 1e-9 * max(1.0, float(np.ptp(sides[0])))  # nearer scores count as one
        start = np.flatnonzero(np.concatenate([[True], gaps]))
        parts = np.split(sides[1], start[1:])
        return QuantileMap(tuple(float(s) for s in sides[0][start]), tuple(float(p.mean()) for p in parts))

    def apply(
        self, scores: ArrayLike, *, low: float | None = None, high: float | None = None, step: float | None = None
    ) -> Floats:
        """Mapped scores: [N]; NaN stays NaN."""
        if not self.source:
            raise SettingError("this map is not fitted", expected="QuantileMap().fit(scores, human)")
        x = as_floats(scores, "scores")
        out = np.interp(x, self.source, self.target)
        if len(self.source) > 1:
            for end, inner, beyond in ((0, 1, x < self.source[0]), (-1, -2, x > self.source[-1])):
                run = self.source[inner] - self.source[end]
                slope = (self.target[inner] - self.target[end]) / run
                out = np.where(beyond, self.target[end] + slope * (x - self.source[end]), out)
        if step is not None:
            out = np.round(out / step) * step
        return np.clip(out, low, high) if low is not None or high is not None else out
