"""Judging only where it is safe: error among what is kept, always beside how much is kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError


class RiskCoverage(NamedTuple):
    """One point per threshold, rising: keep what has uncertainty <= ``threshold``.

    ``coverage`` is the share of all questions that is kept, ``risk`` their mean loss. ``area`` is the area under risk
    over coverage from 0 to the largest coverage, divided by that coverage (0 for no loss at all).
    """

    threshold: Floats
    coverage: Floats
    risk: Floats
    area: float

    def at_risk(self, limit: float) -> tuple[float, float]:
        """(threshold, coverage) of the largest coverage with risk <= ``limit``; (-inf, 0) when there is none.

        The threshold was chosen on these data: report risk and coverage on others.
        """
        good = np.flatnonzero(self.risk <= limit)
        if not good.size:
            return float("-inf"), 0.0
        return float(self.threshold[good[-1]]), float(self.coverage[good[-1]])


def risk_coverage(uncertainty: ArrayLike, loss: ArrayLike) -> RiskCoverage:
    """The curve of ``loss[N]`` kept at each threshold on ``uncertainty[N]``; protocol P19, cards 32, 203.

    Equal uncertainties are kept together. Uncertainty NaN (no verdict) is never kept and stays in the denominator of
    the coverage. SettingError for a loss that is missing where there is an uncertainty.

    >>> curve = risk_coverage([0.1, 0.2, 0.2, 0.9, float("nan")], [0, 0, 1, 1, 1])
    >>> curve.coverage.round(2).tolist(), curve.risk.round(2).tolist()
    ([0.2, 0.6, 0.8], [0.0, 0.33, 0.5])
    """
    u, x = as_floats(uncertainty, "uncertainty"), as_floats(loss, "loss")
    check(uncertainty=(u, "N"), loss=(x, "N"))
    known = ~np.isnan(u)
    if np.isnan(x[known]).any():
        raise SettingError("a question with an uncertainty has no loss", where="loss", expected="a loss for each")
    order = np.argsort(u[known], kind="stable")
    level, cost = u[known][order], x[known][order]
    if not level.size:
        return RiskCoverage(level, level, level, float("nan"))
    last = np.append(np.flatnonzero(np.diff(level)), len(level) - 1)
    kept = last + 1
    risk = np.cumsum(cost)[last] / kept
    coverage = kept / len(u)
    # between two thresholds the curve is a step: what comes in together has one risk
    area = float((risk * np.diff(coverage, prepend=0.0)).sum() / coverage[-1])
    return RiskCoverage(level[last], coverage, risk, area)
