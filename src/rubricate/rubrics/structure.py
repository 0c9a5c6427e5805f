"""The tree of a rubric as arrays, for the policies that read more than weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rubricate.arrays import Floats, Ints
from rubricate.errors import RubricError, UnknownNameError
from rubricate.structure import Stages, Structure

if TYPE_CHECKING:
    from rubricate.rubrics.model import Criterion, Rubric


def structure_of(rubric: Rubric) -> Structure:
    """The criteria as arrays over nodes, parents before children; leaves in the order of ``rubric.columns()``.

    Without ``stages``, the top criteria that have children are the stages. A criterion belongs to the stage that it
    names, else to its parent's. ``cap`` and ``max_points`` of a criterion both bound its points: the smaller counts.
    An unknown stage, or an axis that the dimension weights leave out, raises: nothing falls back to 1 in silence.
    """
    nodes = list(rubric.walk())
    place = {c.id: i for i, c in enumerate(nodes)}
    parent = np.full(len(nodes), -1, dtype=np.int64)
    for i, node in enumerate(nodes):
        for child in node.children:
            parent[place[child.id]] = i
    leaf = np.array([not c.children for c in nodes], dtype=np.bool_)
    axes = tuple(dict.fromkeys(c.axis for c in rubric.leaves))
    stages = _stages(rubric)
    return Structure(
        ids=tuple(c.id for c in nodes),
        parent=parent,
        column=np.where(leaf, np.cumsum(leaf) - 1, -1),
        weight=np.array([c.weight for c in nodes], dtype=np.float64),
        critical=np.array([c.required for c in nodes], dtype=np.bool_),
        sequential=np.array([c.strategy == "sequential" for c in nodes], dtype=np.bool_),
        deduction=np.array([c.deduction or 0.0 for c in nodes], dtype=np.float64),
        void=np.array([c.void_parent for c in nodes], dtype=np.bool_),
        bad=np.array([_bad(c) for c in nodes], dtype=np.bool_),
        max_points=np.array([_limit(c) for c in nodes], dtype=np.float64),
        min_score=np.array([np.nan if c.min_score is None else c.min_score for c in nodes], dtype=np.float64),
        stage=_stage_of(nodes, parent, stages, bool(rubric.stages)),
        classes=tuple(c.weight_class.lower() for c in nodes),
        tags=tuple(c.tags for c in nodes),
        categories=axes,
        category_weights=_axis_weights(rubric, axes),
        stages=stages,
        max_total=np.nan if rubric.max_total is None else float(rubric.max_total),
    )


def _bad(criterion: Criterion) -> bool:
    """Whether a value of 1 means something bad: ``columns`` has turned bad-if-met criteria of positive weight round."""
    if criterion.weight < 0:
        return True
    takes = criterion.deduction is not None or criterion.void_parent
    return takes and not criterion.bad_if_met


def _limit(criterion: Criterion) -> float:
    limits = [x for x in (criterion.max_points, criterion.cap) if x is not None]
    return min(limits, default=float("nan"))


def _axis_weights(rubric: Rubric, axes: tuple[str, ...]) -> Floats:
    given = rubric.dimension_weights
    left_out = [a for a in axes if a not in given]
    if given and left_out:
        raise RubricError(
            f"the axis {left_out[0]!r} has no dimension weight", where=f"rubric {rubric.id!r}",
            expected=f"dimension_weights for every axis: {list(axes)}",
        )  # fmt: skip
    return np.array([given.get(a, 1.0) for a in axes], dtype=np.float64)


def _stages(rubric: Rubric) -> Stages:
    if rubric.stages:
        return Stages.of([s.model_dump() for s in rubric.stages])
    fields = {"id", "required", "min_score", "on_failure", "on_failure_score"}
    inner = [c for c in rubric.criteria if c.children]
    return Stages.of([c.model_dump(include=fields) | {"max_points": _limit(c)} for c in inner])


def _stage_of(nodes: list[Criterion], parent: Ints, stages: Stages, named: bool) -> Ints:
    code = {name: k for k, name in enumerate(stages.ids)}
    out = np.full(len(nodes), -1, dtype=np.int64)
    for i, node in enumerate(nodes):
        out[i] = out[parent[i]] if parent[i] >= 0 else code.get(node.id, -1)
        if node.stage and named:
            if node.stage not in code:
                raise UnknownNameError.among("stage", node.stage, code, where=f"criterion {node.id!r}")
            out[i] = code[node.stage]
    return out
