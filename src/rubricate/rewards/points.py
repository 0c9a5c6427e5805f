"""Points with sub-points and deductions (SedarEval), and the halving of many yes/no checks (ProImage-Bench)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError
from rubricate.rewards.outcome import Outcome, Rewards, Why
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.table import Table, each_rubric
from rubricate.structure import Structure

EMPTY, OVERLONG = -200.0, -100.0


@dataclass(frozen=True, kw_only=True)
class Points(Scorer):
    """``total = sum of points - sum of deductions``, per point first, each point within [0, max_points].

    A leaf earns ``weight * native value``; a leaf with a ``deduction`` takes that much when it is met, one of negative
    weight takes ``|weight|``; a met ``void`` leaf makes its parent worth nothing. The total lies in [0, max_total].
    ``units='normalised'`` divides by the largest reachable total.

    Context: ``empty[N]`` and ``overlong[N]`` flag answers that the source marks with the sentinels -200 and -100: they
    get no reward and a reason, never a number. Source: card 184, arXiv 2501.15595 (code read; the floor of 0 inside a
    point is ours).
    """

    units: str = "native"
    structured: ClassVar[bool] = True
    counts_skipped: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = ("empty", "overlong")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.choice("units", ("native", "normalised"))

    def extremes(self, table: Table) -> tuple[Floats, Floats]:
        """Worst is 1 where meeting it is bad."""
        bad = table.leaf([s.bad[s.leaves] for s in table.structures], False).astype(np.float64)
        return bad, 1.0 - bad

    def formula(self, table: Table) -> Outcome:
        """Points, or the share of the largest reachable total; flagged answers have a code instead."""
        outcome = self.clipped(each_rubric(table, self._total))
        code = outcome.code
        for name, why in (("empty", Why.EMPTY_ANSWER), ("overlong", Why.OVERLONG_ANSWER)):
            flag = table.context.get(name)
            if flag is not None:
                check(empty=(flag, "N"))
                code = np.where(flag != 0, why, code)
        return outcome._replace(code=code)

    def _total(self, table: Table, structure: Structure) -> Outcome:
        total = _points(table, structure, table.values)
        if self.units == "native":
            return Outcome(total, np.full(len(table), Why.OK), np.ones(len(table)))
        best = np.where(structure.bad[structure.leaves], 0.0, 1.0)
        top = _points(table, structure, np.broadcast_to(best, (len(table), structure.width)))
        code = np.where(top > 0, Why.OK, Why.ZERO)
        return Outcome(total / np.where(top > 0, top, 1.0), code, top)


def _points(table: Table, structure: Structure, values: Floats) -> Floats:
    n = len(table)
    earned, voided = np.zeros((n, len(structure) + 1)), np.zeros((n, len(structure) + 1), dtype=np.bool_)
    for node in range(len(structure) - 1, -1, -1):
        column, parent = structure.column[node], structure.parent[node]
        if column < 0:
            own = np.clip(earned[:, node], 0.0, _limit(structure.max_points[node]))
            earned[:, parent] += np.where(voided[:, node], 0.0, own)
            continue
        v, on, weight = values[:, column], table.use[:, column], table.weights[:, column]
        met = v if structure.bad[node] else 1.0 - v
        if structure.void[node]:
            voided[:, parent] |= on & (met > 0)
        if structure.void[node] or structure.deduction[node] or (weight < 0).any():
            own = -met * (structure.deduction[node] or np.maximum(-weight, 0.0))
        else:
            own = weight * (table.lo[:, column] + v * (table.hi[:, column] - table.lo[:, column]))
        earned[:, parent] += np.where(on, own, 0.0)
    total = np.clip(earned[:, -1], 0.0, _limit(structure.max_total))
    return np.where(voided[:, -1], 0.0, total)


def _limit(points: float) -> float:
    return float("inf") if np.isnan(points) else float(points)


def without_sentinels(totals: ArrayLike, empty: float = EMPTY, overlong: float = OVERLONG) -> Rewards:
    """Published totals as rewards: the sentinels (-200 empty answer, -100 over-long) become reasons, not numbers.

    >>> without_sentinels([3.0, -200.0, 5.0, -100.0]).counts()
    {'has a reward': 2, 'the answer is empty': 1, 'the answer is over-long': 1}
    """
    x = as_floats(totals, "totals")
    check(totals=(x, "N"))
    code = np.where(np.isnan(x), Why.MISSING, Why.OK)
    code = np.where(x == empty, Why.EMPTY_ANSWER, np.where(x == overlong, Why.OVERLONG_ANSWER, code))
    valid = code == Why.OK
    return Rewards(
        np.where(valid, x, np.nan), valid, np.where(valid, 1.0, np.nan), code.astype(np.int8), valid.astype(np.float64)
    )


@dataclass(frozen=True, kw_only=True)
class Halving(Scorer):
    """Mean over criteria of ``base ** failed``, where the children of a criterion are its yes/no checks.

    A top criterion without children is its own single check; a check fails below 1. Published: base .5, all criteria of
    all figures pooled (across='micro'), so figures with many criteria weigh more. The share of passed checks cannot
    tell spread from concentrated failures: 6 failures over 6 criteria of 8 checks score .5, all 6 in one score .836,
    both with accuracy .875. Source: card 24, arXiv 2512.12220 (code read, ran).
    """

    base: float = 0.5
    structured: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.base < 1.0:
            raise SettingError(f"base={self.base!r}", where=self.name, expected="a number in [0, 1)")

    def formula(self, table: Table) -> Outcome:
        """Mean over the criteria that have a check; mass is their number."""
        return self.clipped(each_rubric(table, self._mean))

    def criteria(self, table: Table, structure: Structure) -> Floats:
        """[N, T] score of each top criterion, NaN where none of its checks counts."""
        good = np.where(table.weights < 0, 1.0 - table.values, table.values)
        failed = table.use & (good < 1.0)
        top = np.array([_ancestor(structure, node) for node in structure.leaves.tolist()], dtype=np.int64)
        out = np.full((len(table), len(structure.top)), np.nan)
        for k, node in enumerate(structure.top):
            checks = np.flatnonzero(top == node)
            some = table.use[:, checks].any(1)
            out[some, k] = self.base ** failed[:, checks].sum(1)[some]
        return out

    def _mean(self, table: Table, structure: Structure) -> Outcome:
        each = self.criteria(table, structure)
        count = (~np.isnan(each)).sum(1)
        mean = np.divide(np.nansum(each, axis=1), count, out=np.zeros(len(table)), where=count > 0)
        return Outcome(mean, np.where(count > 0, Why.OK, Why.ZERO), count.astype(np.float64))


def _ancestor(structure: Structure, node: int) -> int:
    while structure.parent[node] >= 0:
        node = int(structure.parent[node])
    return node
