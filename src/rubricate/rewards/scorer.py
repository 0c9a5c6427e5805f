"""What every scoring policy shares: the protocol, what becomes of missing verdicts, why a row has no reward.

A policy is a frozen value. Its formula sees complete verdicts only; this file decides which verdicts those are.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Columns, Floats, Scores, as_floats, as_group, check
from rubricate.errors import PolicyError, SettingError, ShapeError
from rubricate.rewards.outcome import Outcome, Rewards, Why
from rubricate.rewards.table import Table, as_scores
from rubricate.rewards.totals import Total, total
from rubricate.steps import freeze
from rubricate.structure import Structure
from rubricate.types import STATES, State

_SKIPPED = STATES.index(State.SKIPPED)
MISSING = ("drop_sample", "drop_item", "renormalise", "worst_case", "impute_group_mean", "raise")


@dataclass(frozen=True, kw_only=True)
class Scorer(abc.ABC):
    """Base of all scoring policies: settings only, equal by value, hashable.

    missing: what becomes of "asked, no verdict".
      ``drop_sample`` the row has no reward, unless the verdicts at hand settle it (every completion gives one number);
      ``drop_item`` the item leaves numerator and denominator (a lost negative item then pays: that is its meaning);
      ``renormalise`` the same, and rows with less than ``min_coverage`` of the asked |weight| have no reward;
      ``worst_case`` the value on the scale that gives the lowest reward, given the sign of the weight;
      ``impute_group_mean`` the mean verdict of the row's group on that item; without any, as drop_sample;
      ``raise`` PolicyError.
    clip: where [0, 1] is enforced: none, example (each row), mean (the benchmark number only).
    across: macro (every row counts the same) or micro (rows count by their denominator).
    """

    name: str = ""
    missing: str = "drop_sample"
    min_coverage: float | None = None
    clip: str = "none"
    across: str = "macro"

    takes: ClassVar[tuple[str, ...]] = ()
    structured: ClassVar[bool] = False
    counts_skipped: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for f in fields(self):
            value = freeze(getattr(self, f.name), where=f.name)
            _check_type(f.name, str(f.type), value, self.name)
            object.__setattr__(self, f.name, value)
        self.choice("missing", MISSING)
        self.choice("clip", ("none", "example", "mean"))
        self.choice("across", ("macro", "micro"))
        low = self.min_coverage
        if (low is None) == (self.missing == "renormalise") or (low is not None and not 0.0 < low <= 1.0):
            raise SettingError(
                f"missing={self.missing!r} with min_coverage={self.min_coverage!r}",
                where=self.name,
                expected="a min_coverage in (0, 1] if and only if missing='renormalise'",
            )

    def choice(self, setting: str, allowed: Sequence[str]) -> None:
        """SettingError unless the setting is one of ``allowed``."""
        if getattr(self, setting) not in allowed:
            raise SettingError(
                f"{setting}={getattr(self, setting)!r}", where=self.name, expected=f"one of: {', '.join(allowed)}"
            )

    @property
    def needs_structure(self) -> bool:
        """Whether the policy reads the structure of the rubric, so that it should be passed."""
        return self.structured

    # The formula, and what it says about its inputs -------------------------------------------------------------

    @abc.abstractmethod
    def formula(self, table: Table) -> Outcome:
        """Scores of complete verdicts."""

    def prepare(self, table: Table) -> Floats:
        """Verdicts as the formula wants them; NaN stays NaN."""
        return table.values

    def extremes(self, table: Table) -> tuple[Floats, Floats]:
        """The values of lowest and highest reward, [N, C]: 0 and 1, turned round for negative weights."""
        bad = (table.weights < 0).astype(np.float64)
        return bad, 1.0 - bad

    def clipped(self, outcome: Outcome) -> Outcome:
        """``outcome`` within [0, 1] when the policy clips each example."""
        return outcome._replace(values=np.clip(outcome.values, 0.0, 1.0)) if self.clip == "example" else outcome

    # The protocol -----------------------------------------------------------------------------------------------

    def score(
        self, scores: Scores, structure: Structure | Sequence[Structure] | None = None, **context: ArrayLike | None
    ) -> Rewards:
        """Rewards of the N rows.

        ``structure`` is needed by the policies that are not flat: one for all rows, or one per rubric code.
        ``context`` are arrays over rows that the policy ``takes`` (reference verdicts, margins, flags).
        Raises SettingError for a context that it does not take, PolicyError under ``missing='raise'``.
        """
        return self._settle(self._table(scores, structure, context), scores)[0]

    def contributions(
        self, scores: Scores, structure: Structure | Sequence[Structure] | None = None, **context: ArrayLike | None
    ) -> Floats:
        """How much each criterion moved the reward of its row, float[N, C]; NaN rows have no reward.

        Here: the reward minus what it would be with that criterion at its worst. ``Policy`` overrides it with the
        exact shares.
        """
        rewards, table = self._settle(self._table(scores, structure, context), scores)
        worst = self.extremes(table)[0]
        out: Floats = np.zeros_like(table.values)
        for j in range(out.shape[1]):
            values = table.values.copy()
            values[:, j] = np.where(table.use[:, j], worst[:, j], values[:, j])
            out[:, j] = rewards.values - self.formula(replace(table, values=values)).values
        return np.where(rewards.valid[:, None], np.where(table.use, out, 0.0), np.nan)

    def total(
        self,
        rewards: Rewards | ArrayLike,
        group: ArrayLike | None = None,
        *,
        rng: np.random.Generator | None = None,
        resamples: int = 1000,
        of: str = "mean",
    ) -> Total:
        """The benchmark number under this policy's clip and pooling; see ``rubricate.rewards.totals.total``.

        Rows where nothing was asked do not count; rows without a reward for another reason are left out and counted.
        """
        mass: Floats | None = None
        if isinstance(rewards, Rewards):
            asked = rewards.code != Why.NOTHING_ASKED
            values = rewards.values[asked]
            mass = rewards.mass[asked] if self.across == "micro" else None
            group = None if group is None else np.asarray(group)[asked]
        elif self.across == "micro":
            raise SettingError("across='micro' pools by denominators", where="rewards", expected="a Rewards value")
        else:
            values = as_floats(rewards, "rewards")
        return total(values, group, mass=mass, clip=self.clip == "mean", of=of, rng=rng, resamples=resamples)

    def bounds(
        self, columns: Columns, structure: Structure | None = None, **context: ArrayLike | None
    ) -> tuple[float, float]:
        """The smallest and the largest score that a fully judged row can reach under this rubric; NaN if undefined."""
        width = len(columns.ids)
        blank = as_scores(
            np.zeros((2, width)), columns.weights, lo=columns.lo, hi=columns.hi, gate=columns.gate,
            category=columns.category,
        )  # fmt: skip
        extremes = self.extremes(self._table(blank, structure, context))
        ends = np.concatenate([extremes[0][:1], extremes[1][:1]])
        low, high = map(float, self.score(replace(blank, values=ends), structure, **context).values)
        return low, high

    def maximum(self, columns: Columns, structure: Structure | None = None, **context: ArrayLike | None) -> float:
        """The largest score that a row can reach."""
        return self.bounds(columns, structure, **context)[1]

    # Missing verdicts -------------------------------------------------------------------------------------------

    def _table(
        self,
        scores: Scores,
        structure: Structure | Sequence[Structure] | None,
        context: Mapping[str, ArrayLike | None],
    ) -> Table:
        given = {k: as_floats(v, k, infinite=True) for k, v in context.items() if v is not None}
        unknown = sorted(set(given) - set(self.takes))
        if unknown:
            raise SettingError(
                f"{self.name or type(self).__name__} takes no context {unknown}",
                expected=f"some of: {', '.join(self.takes) or '(none)'}",
            )
        for k, array in given.items():
            check(values=(scores.values, "N C"), **{k: (array, "N C | N")})
        none = np.zeros(scores.values.shape, dtype=np.bool_)
        skipped = (scores.states == _SKIPPED) & ~scores.asked if self.counts_skipped else none
        table = Table(
            values=scores.values, use=scores.asked | skipped, asked=scores.asked, skipped=skipped,
            weights=scores.weights, lo=scores.lo, hi=scores.hi, gate=scores.gate, category=scores.category,
            group=scores.group, structures=self._structures(scores, structure), context=given,
            rubric=np.zeros_like(scores.rubric) if isinstance(structure, Structure) else scores.rubric,
        )  # fmt: skip
        return replace(table, values=self.prepare(table))

    def _structures(self, scores: Scores, structure: Structure | Sequence[Structure] | None) -> tuple[Structure, ...]:
        if structure is None:
            if self.structured:
                raise SettingError(
                    f"the policy {self.name or type(self).__name__!r} reads the tree of the rubric",
                    where="structure", expected="rubric.structure(), or one per rubric code",
                )  # fmt: skip
            return ()
        widths = [len(c) for c in scores.criteria]
        if isinstance(structure, Structure):
            present = np.unique(scores.rubric).tolist()
            widths = [widths[k] for k in present] or [structure.width]
            structure = (structure,)
        if [s.width for s in structure] != widths:
            raise ShapeError(
                f"structures over {[s.width for s in structure]} leaves", where="structure",
                expected=f"one per rubric, over {widths} criteria",
            )  # fmt: skip
        return tuple(structure)

    def _settle(self, table: Table, scores: Scores) -> tuple[Rewards, Table]:
        """Decide every missing verdict, apply the formula, and say which rows have no reward."""
        lost = table.asked & np.isnan(table.values)
        answered = table.asked & ~lost
        coverage = _coverage(table, answered)
        values, use, still = table.values, table.use, lost
        if self.missing == "raise" and lost.any():
            raise _lost_error(lost, scores)
        if self.missing == "impute_group_mean" and lost.any():
            values = np.where(lost, _group_means(table, answered), values)
            still = lost & np.isnan(values)
        if self.missing in ("drop_item", "renormalise"):
            use = use & ~lost
        worst, best = self.extremes(table) if still.any() or table.skipped.any() else (values, values)
        filled = np.where(use, np.where(still | table.skipped, worst, values), 0.0)
        settled = replace(table, values=filled, use=use)
        outcome = self.formula(settled)
        code = outcome.code.copy()
        open_ = table.skipped | still if self.missing in ("drop_sample", "impute_group_mean") else table.skipped
        rows = np.flatnonzero(open_.any(1))
        if len(rows):
            high = np.where(open_, best, filled)[rows]
            top = self.formula(replace(settled.rows(rows), values=high))
            # An unknown margin is missing, not infinite, though both of its ends are.
            known = np.where(top.code == Why.OK, top.values == outcome.values[rows], top.code != Why.INFINITE)
            same = (top.code == code[rows]) & known
            why = np.where((still & open_)[rows].any(1), Why.MISSING, Why.SKIPPED)
            code[rows] = np.where(same, code[rows], why)
        if self.missing == "renormalise":
            short = coverage < (self.min_coverage or 0.0)
            code[short] = Why.COVERAGE
        asked, flagged = table.asked.any(1), code >= Why.EMPTY_ANSWER
        if self.missing != "worst_case":
            code[asked & ~answered.any(1) & ~flagged] = Why.MISSING
        code[~asked & ~flagged] = Why.NOTHING_ASKED
        valid = code == Why.OK
        rewards = np.where(valid, outcome.values, np.nan)
        return Rewards(rewards, valid, coverage, code.astype(np.int8), np.where(valid, outcome.mass, 0.0)), settled


def _check_type(setting: str, kind: str, value: Any, where: str) -> None:
    """SettingError unless the value is of the annotated kind: text, flag, number, optional number or table."""
    numbers = value.values() if isinstance(value, Mapping) else (value,)
    number = all(isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in numbers)
    fits = {
        "str": isinstance(value, str),
        "bool": isinstance(value, bool),
        "float": number,
        "float | None": value is None or number,
        "Mapping[str, float]": isinstance(value, Mapping) and number,
    }
    if not fits.get(kind, True):
        raise SettingError(f"{setting}={value!r}", where=where, expected=f"a value of type {kind}, finite")


def _coverage(table: Table, answered: Bools) -> Floats:
    size = np.abs(table.weights)
    size = np.where((size * table.asked).sum(1, keepdims=True) > 0, size, 1.0)
    asked = (size * table.asked).sum(1)
    return np.divide((size * answered).sum(1), asked, out=np.full(len(table), np.nan), where=asked > 0)


def _group_means(table: Table, answered: Bools) -> Floats:
    """[N, C] mean verdict of the row's group (and rubric) on each item; NaN where nobody has one."""
    n, width = table.values.shape
    codes, count = as_group(table.group * (int(table.rubric.max(initial=0)) + 1) + table.rubric, n)
    cell = codes[:, None] * width + np.arange(width)
    total_ = np.bincount(cell[answered], weights=table.values[answered], minlength=count * width)
    number = np.bincount(cell[answered], minlength=count * width)
    mean = np.divide(total_, number, out=np.full(count * width, np.nan), where=number > 0)
    return mean.reshape(count, width)[codes]


def _lost_error(lost: Bools, scores: Scores) -> PolicyError:
    i, j = (int(k) for k in np.argwhere(lost)[0])
    sample = scores.samples[i] if scores.samples else f"row {i}"
    return PolicyError(
        f"{int(lost.sum())} verdicts are missing, the first for {scores.criteria[scores.rubric[i]][j]!r}",
        where=sample,
        expected="a verdict for every question under missing='raise'",
        hint="Judge again, or choose another missing policy",
    )
