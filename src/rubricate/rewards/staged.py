"""Rubrics in stages: gate, correctness, quality, each with its cap and what its failure means (ARCANE)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rubricate.arrays import Floats
from rubricate.errors import PolicyError
from rubricate.rewards.outcome import Outcome, Why
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.table import Table, each_rubric
from rubricate.structure import ON_FAILURE, Structure

_STOP, _ZERO = ON_FAILURE.index("stop"), ON_FAILURE.index("zero")


@dataclass(frozen=True, kw_only=True)
class Staged(Scorer):
    """``total = min(sum over stages of min(sum of w v, max_points), max_total)``, stopped by a failed required stage.

    A stage passes when its capped points reach ``min_score`` (in points). A required stage that fails: ``stop`` ends
    the sum before it (its own points are not added), ``zero`` ends it and the total becomes ``on_failure_score``,
    ``continue`` goes on as if it had passed. Criteria without a stage are added last, and stop with it. A stage is
    worth at least 0 (published weights are not negative; without the floor, failing a gate could pay).
    ``units='normalised'`` divides by the largest reachable total.

    Raises PolicyError for a stage whose failure would pay more than passing it. Source: card 12, arXiv 2512.06196
    (code read; a newer release adds the points of the failed stage).
    """

    units: str = "native"
    structured: ClassVar[bool] = True
    counts_skipped: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.choice("units", ("native", "normalised"))

    def formula(self, table: Table) -> Outcome:
        """Points, or the share of the largest reachable total."""
        return self.clipped(each_rubric(table, self._total))

    def _total(self, table: Table, structure: Structure) -> Outcome:
        stages = structure.stages
        paid = stages.on_failure_score > stages.min_score
        if (paid & stages.required & (stages.on_failure == _ZERO)).any():
            raise PolicyError(
                f"failing the stage {stages.ids[int(np.flatnonzero(paid)[0])]!r} pays more than passing it",
                expected="on_failure_score <= min_score",
            )
        points = np.where(table.use, table.weights * table.values, 0.0)
        stage_of = structure.stage[structure.leaves]
        out, alive = np.zeros(len(table)), np.ones(len(table), dtype=np.bool_)
        for k in range(len(stages.ids)):
            got = points[:, : structure.width][:, stage_of == k].sum(1)
            got = np.clip(got, 0.0, _no_cap(stages.max_points[k]))
            failed = alive & (got < stages.min_score[k]) & bool(stages.required[k])
            ends = bool(stages.on_failure[k] in (_STOP, _ZERO))
            out = np.where(alive & ~(failed & ends), out + got, out)
            if stages.on_failure[k] == _ZERO:
                out = np.where(failed, stages.on_failure_score[k], out)
            alive = alive & ~(failed & ends)
        rest = np.maximum(points[:, : structure.width][:, stage_of < 0].sum(1), 0.0)
        out = np.minimum(np.where(alive, out + rest, out), _no_cap(structure.max_total))
        if self.units == "native":
            return Outcome(out, np.full(len(table), Why.OK), np.ones(len(table)))
        top = self._top(table, structure)
        code = np.where(top > 0, Why.OK, Why.ZERO)
        return Outcome(out / np.where(top > 0, top, 1.0), code, top)

    def _top(self, table: Table, structure: Structure) -> Floats:
        """The largest total that the asked criteria allow."""
        points = np.where(table.use, np.maximum(table.weights, 0.0), 0.0)[:, : structure.width]
        stage_of, stages = structure.stage[structure.leaves], structure.stages
        top = points[:, stage_of < 0].sum(1)
        for k in range(len(stages.ids)):
            top = top + np.minimum(points[:, stage_of == k].sum(1), _no_cap(stages.max_points[k]))
        return np.minimum(top, _no_cap(structure.max_total))


def _no_cap(limit: float) -> float:
    return float("inf") if np.isnan(limit) else float(limit)
