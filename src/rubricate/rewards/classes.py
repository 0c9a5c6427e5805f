"""Classes of criteria with truncation and saturation (QuarkMedBench)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from rubricate.arrays import Columns, Floats
from rubricate.errors import PolicyError, SettingError
from rubricate.rewards.outcome import Outcome, Why
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.table import Table
from rubricate.steps import FrozenMapping
from rubricate.structure import Structure


class _Sums(NamedTuple):
    """Obtained and available points of the essentials and pitfalls; the rest after saturation, and its maximum."""

    essential: Floats
    essential_of: Floats
    pitfall: Floats
    pitfall_of: Floats
    rest: Floats
    rest_of: Floats


@dataclass(frozen=True, kw_only=True)
class Classes(Scorer):
    """``raw = a S_ess + sum_c w_c S_c - b S_pit``, truncated, saturated, then min-max scaled to [0, 1].

    S_c and R_c are the obtained and available points (|weight|) of a class. min = -b R_pit, max = all positive classes.
    truncation: the other classes pay nothing when S_ess < rho R_ess or S_pit > rho R_pit (``hard``, a cliff of up to
    ``cliff``), or fade linearly to it (``smooth``, ours), or not at all (``none``).
    saturation: each group (class, first tag) pays at most ``cap`` points, all together at most cap_ratio S_ess; cap
    None turns it off. Every criterion needs a class. A pitfall counts when v = 1 under a negative weight, and when
    v = 0 under a positive one. Published weights 2:1:1:2; rho and cap were not published: .5 and 1 are ours.
    Source: card 218, arXiv 2603.13691 (report read, ran).
    """

    class_weights: Mapping[str, float] = FrozenMapping(
        {"essential": 2.0, "important": 1.0, "highlight": 1.0, "pitfall": 2.0}
    )
    essential: str = "essential"
    pitfall: str = "pitfall"
    truncation: str = "hard"
    rho: float = 0.5
    cap: float | None = 1.0
    cap_ratio: float = 2.0
    structured: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.choice("truncation", ("hard", "smooth", "none"))
        self.choice("essential", tuple(self.class_weights))
        self.choice("pitfall", tuple(self.class_weights))
        if not 0.0 < self.rho < 1.0 or (self.cap is not None and not self.cap > 0) or not self.cap_ratio > 0:
            raise SettingError(
                f"rho={self.rho!r}, cap={self.cap!r}, cap_ratio={self.cap_ratio!r}",
                where=self.name,
                expected="rho in (0, 1), cap and cap_ratio above 0",
            )

    def formula(self, table: Table) -> Outcome:
        """The min-max score; mass is the range."""
        sums = self._sums(table)
        a, b = float(self.class_weights[self.essential]), float(self.class_weights[self.pitfall])
        low, high = -b * sums.pitfall_of, a * sums.essential_of + sums.rest_of
        raw = a * sums.essential + self._factor(sums) * sums.rest - b * sums.pitfall
        size = high - low
        code = np.where(size > 0, Why.OK, Why.ZERO)
        return self.clipped(Outcome((raw - low) / np.where(size > 0, size, 1.0), code, size))

    def cliff(self, columns: Columns, structure: Structure) -> float:
        """The largest drop of the score at the truncation edge: what the other classes can pay there, over the range.

        0 unless truncation is hard. A reward with a cliff gives no gradient across it.
        """
        if self.truncation != "hard":
            return 0.0
        code = structure.class_codes(list(self.class_weights), where=self.name)
        size, names = np.abs(columns.weights), list(self.class_weights)
        available = {n: float(size[code == k].sum()) for k, n in enumerate(names)}
        span = sum(float(self.class_weights[n]) * available[n] for n in names)
        paid = {n: self.class_weights[n] * available[n] for n in names if n not in (self.essential, self.pitfall)}
        rest = sum(paid.values())
        if self.cap is not None:
            rest = min(rest, self.cap_ratio * available[self.essential])
        return rest / span if span > 0 else float("nan")

    def _sums(self, table: Table) -> _Sums:
        names = list(self.class_weights)
        codes = [s.class_codes(names, where=self.name) for s in table.structures]
        for structure, code in zip(table.structures, codes, strict=True):
            if (code < 0).any():
                node = structure.leaves[int(np.flatnonzero(code < 0)[0])]
                raise PolicyError(
                    f"{structure.ids[node]!r} has no weight class", where=self.name, expected=f"one of {names}"
                )
        kind = table.leaf(codes, -1)
        size = np.where(table.use, np.abs(table.weights), 0.0)
        bad = np.where(table.weights < 0, table.values, 1.0 - table.values)
        good = size * np.where(table.weights < 0, 1.0 - table.values, table.values)

        def held(name: str, what: Floats) -> Floats:
            return np.where(kind == names.index(name), what, 0.0).sum(1)

        rest, rest_of = self._rest(table, kind, good, size, names)
        essential = held(self.essential, good)
        if self.cap is not None:
            rest = np.minimum(rest, self.cap_ratio * essential)
        return _Sums(
            essential,
            held(self.essential, size),
            held(self.pitfall, size * bad),
            held(self.pitfall, size),
            rest,
            rest_of,
        )

    def _rest(
        self, table: Table, kind: np.ndarray, good: Floats, size: Floats, names: list[str]
    ) -> tuple[Floats, Floats]:
        """Weighted points of the other classes after the cap of each (class, tag) group, and their maximum uncapped."""
        listed = sorted({s.tags[node][0] for s in table.structures for node in s.leaves if s.tags[node]})
        place = {t: k for k, t in enumerate(listed)}
        tags = [[place[s.tags[node][0]] if s.tags[node] else -1 for node in s.leaves] for s in table.structures]
        tag = table.leaf(tags, -1)
        limit = float("inf") if self.cap is None else self.cap
        rest, rest_of = np.zeros(len(table)), np.zeros(len(table))
        for k, name in enumerate(names):
            if name in (self.essential, self.pitfall):
                continue
            weight = float(self.class_weights[name])
            rest_of += weight * np.where(kind == k, size, 0.0).sum(1)
            for t in range(-1, len(listed)):
                got = np.where((kind == k) & (tag == t), good, 0.0).sum(1)
                rest += weight * np.minimum(got, limit)
        return rest, rest_of

    def _factor(self, sums: _Sums) -> Floats:
        if self.truncation == "none":
            return np.ones(len(sums.rest))
        need, room = self.rho * sums.essential_of, (1.0 - self.rho) * sums.pitfall_of
        if self.truncation == "hard":
            kept = (sums.essential >= need) & (sums.pitfall <= self.rho * sums.pitfall_of)
            return kept.astype(np.float64)
        met = np.divide(sums.essential, need, out=np.ones(len(need)), where=need > 0)
        clear = np.divide(sums.pitfall_of - sums.pitfall, room, out=np.ones(len(room)), where=room > 0)
        return np.minimum(met, 1.0) * np.minimum(clear, 1.0)
