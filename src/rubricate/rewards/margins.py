"""Log margins of yes over no as a reward (C2, RLBFF)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rubricate.arrays import Floats, check
from rubricate.rewards.outcome import Outcome, Why
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.table import Table


@dataclass(frozen=True, kw_only=True)
class Margin(Scorer):
    """``sum w m / sum w`` with ``m = log p(yes) - log p(no)``; one criterion gives its own margin.

    Verdicts are P(yes) among yes and no (m = logit v), or the context ``margin[N, C]`` holds the log margins (NaN: no
    verdict). A margin that is not finite (a letter that the judge never offered) leaves the row without a reward
    instead of entering a maximum. Sources: card 15, arXiv 2604.13618; card 174, arXiv 2509.21319.
    """

    takes: ClassVar[tuple[str, ...]] = ("margin",)

    def prepare(self, table: Table) -> Floats:
        """Log margins, NaN where there is no verdict."""
        margin = table.context.get("margin")
        if margin is not None:
            check(values=(table.values, "N C"), margin=(margin, "N C"))
            return margin
        with np.errstate(divide="ignore"):
            return np.log(table.values) - np.log1p(-table.values)

    def extremes(self, table: Table) -> tuple[Floats, Floats]:
        """Margins have no ends: minus and plus infinity, turned round for negative weights."""
        low = np.where(table.weights < 0, np.inf, -np.inf)
        return low, -low

    def formula(self, table: Table) -> Outcome:
        """The weighted mean margin."""
        finite = np.isfinite(table.values)
        weights = np.where(table.use, table.weights, 0.0)
        den = weights.sum(1)
        code = np.where(den > 0, Why.OK, Why.ZERO)
        code = np.where((weights < 0).any(1), Why.NEGATIVE, code)
        code = np.where((table.use & ~finite).any(1), Why.INFINITE, code)
        raw = (weights * np.where(finite, table.values, 0.0)).sum(1)
        return self.clipped(Outcome(raw / np.where(den > 0, den, 1.0), code, den))
