"""Scores relative to a reference answer judged on the same criteria (DeepResearch Bench, RACE)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Scores, check
from rubricate.errors import SettingError
from rubricate.rewards.outcome import Outcome, Why
from rubricate.rewards.policies import Policy
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.table import Table
from rubricate.structure import Structure


@dataclass(frozen=True, kw_only=True)
class Ratio(Scorer):
    """``T / (T + R)`` with T and R the weighted category means of the target and of the reference; .5 means equal.

    d = sum w s / sum w inside a category (native units, 0-10 in RACE), T = sum_d W_d d with the category weights of the
    structure (equal ones without it). Context ``reference[N, C]``: verdicts of the reference in [0, 1], on the same
    criteria; required, and complete where the row was asked. Source: DeepResearch Bench (code read), arXiv 2506.11763.
    """

    takes: ClassVar[tuple[str, ...]] = ("reference",)

    @property
    def needs_structure(self) -> bool:
        """True: the category weights are in the structure."""
        return True

    def formula(self, table: Table) -> Outcome:
        """The ratio; no reward where T + R is 0."""
        target, reference, code = self._means(table)
        both = target.values + reference.values
        code = np.where((code == Why.OK) & ~(both > 0), Why.ZERO, code)
        ratio = np.divide(target.values, both, out=np.full(len(table), np.nan), where=both > 0)
        return self.clipped(Outcome(ratio, code, np.ones(len(table))))

    def dimensions(
        self, scores: Scores, reference: ArrayLike, structure: Structure | Sequence[Structure] | None = None
    ) -> Floats:
        """[N, K] the ratio T_d / (T_d + R_d) of each category; NaN where undefined or not fully judged."""
        count = int(scores.category.max(initial=0)) + 1
        out = np.full((len(scores), count), np.nan)
        for k in range(count):
            part = replace(scores, asked=scores.asked & (scores.category == k))
            out[:, k] = self.score(part, structure, reference=reference).values
        return out

    def _means(self, table: Table) -> tuple[Outcome, Outcome, np.ndarray]:
        given = table.context.get("reference")
        if given is None:
            raise SettingError("no reference verdicts", where="reference", expected="reference[N, C] in [0, 1]")
        check(values=(table.values, "N C"), reference=(given, "N C"))
        mean = Policy(denominator="sum", units="native", pool="categories")
        unknown = (table.use & np.isnan(given)).any(1)
        target = mean.formula(table)
        reference = mean.formula(replace(table, values=np.where(np.isnan(given), 0.0, given)))
        return target, reference, np.where(unknown, Why.REFERENCE, target.code)
