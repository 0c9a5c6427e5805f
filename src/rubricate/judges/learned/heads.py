"""One head per dimension over shared features: a vector of scores per response."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError
from rubricate.judges.learned.bradley_terry import complete
from rubricate.judges.learned.parameters import Parameters


@dataclass(frozen=True)
class MultiHeadReward:
    """``score_d(x) = w_d . z + b_d`` for each of D dimensions, ridge regression on standardised features z.

    A response need not be labelled in every dimension: each head is fitted on the rows that have its label.

    >>> x = [[0.0], [1.0], [2.0], [3.0]]
    >>> heads = MultiHeadReward(ridge=1e-6).fit(x, [[0, 1], [1, float("nan")], [2, 1], [3, 1]])
    >>> heads.score([[4.0]]).round(3).tolist()
    [[4.0, 1.0]]
    """

    ridge: float = 1.0
    parameters: Parameters = field(default_factory=Parameters)

    def __post_init__(self) -> None:
        if self.ridge <= 0:
            raise SettingError(f"{self!r}", expected="ridge > 0")

    def fit(self, features: ArrayLike, targets: ArrayLike) -> MultiHeadReward:
        """A fitted copy from ``features[N, F]`` and ``targets[N, D]`` (NaN: not labelled)."""
        x, y = complete(features, "features"), as_floats(targets, "targets")
        check(features=(x, "N F"), targets=(y, "N D"))
        known = ~np.isnan(y)
        if not known.any(0).all():
            empty = np.flatnonzero(~known.any(0)).tolist()
            raise ShapeError(f"no label in dimensions {empty}", where="targets", expected="a label in every dimension")
        centre, spread = x.mean(0), x.std(0)
        spread = np.where(spread > 0, spread, 1.0)
        z = (x - centre) / spread
        heads = [self._head(z[known[:, d]], y[known[:, d], d]) for d in range(y.shape[1])]
        weights, bias = np.stack([w for w, _ in heads], 1), np.array([b for _, b in heads])
        return replace(self, parameters=Parameters(centre=centre, spread=spread, weights=weights, bias=bias))

    def score(self, features: ArrayLike) -> Floats:
        """Score in each dimension: [N, D]; NaN where a feature is missing."""
        x, p = as_floats(features, "features"), self.parameters
        check(features=(x, "N F"), centre=(p["centre"], "F"))
        return np.asarray((x - p["centre"]) / p["spread"] @ p["weights"] + p["bias"])

    def _head(self, z: Floats, y: Floats) -> tuple[Floats, float]:
        middle, mean = z.mean(0), float(y.mean())
        d = z - middle
        weights = np.linalg.solve(d.T @ d + self.ridge * np.eye(z.shape[1]), d.T @ (y - mean))
        return weights, mean - float(middle @ weights)
