"""Curves for trainers: the same finite set of names for every response, so that no logger meets a new key.

Criteria differ from prompt to prompt, so curves go by slots: the score, counts, the mean of every tag, and for a single
rubric every criterion. A name that does not apply to a response is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Scores
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import STATES, State

COUNTS = ("rubric/score", "rubric/valid", "rubric/coverage", "rubric/n_met", "rubric/n_abstain", "rubric/n_missing")
COUNTED = COUNTS[1:]  # those that a response without a reward has too
_ABSTAINED = STATES.index(State.ABSTAINED)


@dataclass(frozen=True)
class Curves:
    """Names of the metrics: the fixed counts, ``rubric/tag/T`` per tag, ``rubric/criterion/ID`` of a single rubric.

    score: the reward. valid: 1 with a reward, else 0. coverage: share of asked criteria with a verdict. n_met: criteria
    met as they are worded (the top of their scale). n_abstain, n_missing: asked, and the judge could not tell, or no
    verdict came. Tags and criteria: mean value in [0, 1], 1 good (what is bad if met counts as 1 - v).
    """

    tags: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        tags = [f"rubric/tag/{t}" for t in self.tags]
        return (*COUNTS, *tags, *(f"rubric/criterion/{c}" for c in self.criteria))

    def empty(self) -> dict[str, float]:
        """The metrics of a response that was not judged at all."""
        return dict.fromkeys(self.names, float("nan")) | {"rubric/valid": 0.0}

    def of(self, scores: Scores, rubrics: Mapping[str, Rubric], reward: ArrayLike) -> list[dict[str, float]]:
        """Metrics of N responses; ``reward[N]`` is NaN where there is none."""
        good = np.where(scores.weights < 0, 1.0 - scores.values, scores.values)
        known = scores.asked & ~np.isnan(scores.values)
        leaves = _leaves(scores, rubrics)
        columns = list(_counts(scores, leaves, np.asarray(reward, dtype=np.float64), known))
        for tag in self.tags:
            columns.append(_mean(good, known & _columns(scores, leaves, partial(_has_tag, tag))))
        for name in self.criteria:
            columns.append(_mean(good, known & _columns(scores, leaves, partial(_is, name))))
        rows = np.column_stack(columns)
        return [dict(zip(self.names, map(float, row), strict=True)) for row in rows]


def counted(metrics: Mapping[str, float]) -> dict[str, float]:
    """``COUNTED`` of a response, all finite: what was not judged has counts of 0, which is true of it.

    >>> counted({"rubric/valid": 0.0, "rubric/n_met": float("nan")})["rubric/n_met"]
    0.0
    """
    return {name: float(np.nan_to_num(metrics.get(name, 0.0), nan=0.0)) for name in COUNTED}


def plain(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Every curve, None where one does not apply: the same names for every response."""
    return {name: float(value) if np.isfinite(value) else None for name, value in metrics.items()}


def _counts(
    scores: Scores, leaves: Sequence[Sequence[Criterion]], reward: Floats, known: np.ndarray
) -> Iterable[Floats]:
    abstained = scores.asked & (scores.states == _ABSTAINED)
    flipped = _columns(scores, leaves, lambda c: c.bad_if_met and c.weight >= 0)  # their values are 1 - v
    met = known & (np.where(flipped, 1.0 - scores.values, scores.values) == 1.0)
    yield np.where(np.isfinite(reward), reward, np.nan)
    yield np.isfinite(reward).astype(np.float64)
    yield scores.coverage
    yield met.sum(1).astype(np.float64)
    yield abstained.sum(1).astype(np.float64)
    yield (scores.missing & ~abstained).sum(1).astype(np.float64)


def tagged(scores: Scores, rubrics: Mapping[str, Rubric], tag: str) -> Bools:
    """[N, C]: whether a criterion carries the tag (or has it as its axis), each row under its own rubric."""
    return _columns(scores, _leaves(scores, rubrics), partial(_has_tag, tag))


def _leaves(scores: Scores, rubrics: Mapping[str, Rubric]) -> list[Sequence[Criterion]]:
    by_digest = {r.digest: r.leaves for r in rubrics.values()}
    return [by_digest[d] for d in scores.digests]


def _columns(scores: Scores, leaves: Sequence[Sequence[Criterion]], holds: Callable[[Criterion], bool]) -> Bools:
    """[N, C]: whether a criterion has a property, each row under its own rubric."""
    table = np.zeros((len(leaves), scores.values.shape[1]), dtype=np.bool_)
    for k, own in enumerate(leaves):
        table[k, : len(own)] = [holds(c) for c in own]
    return np.asarray(table[scores.rubric])


def _mean(values: Floats, use: Bools) -> Floats:
    """[N] mean of the values in use; NaN without any."""
    number = use.sum(1)
    sums = np.where(use, values, 0.0).sum(1)
    return np.divide(sums, number, out=np.full(len(values), np.nan), where=number > 0)


def curves_of(rubrics: Sequence[Rubric], tags: tuple[str, ...] | None = None) -> Curves:
    """The curves for some rubrics: ``tags`` when given, else all tags and axes, and the criteria of a single rubric."""
    if tags is not None:
        return Curves(tags)
    found = sorted({t for r in rubrics for c in r.leaves for t in tags_of(c)})
    return Curves(tuple(found), tuple(c.id for c in rubrics[0].leaves) if len(rubrics) == 1 else ())


def _has_tag(tag: str, criterion: Criterion) -> bool:
    return tag in tags_of(criterion)


def _is(name: str, criterion: Criterion) -> bool:
    return criterion.id == name


def tags_of(criterion: Criterion) -> tuple[str, ...]:
    """The tags of a criterion, and its axis."""
    return (*criterion.tags, criterion.axis) if criterion.axis else criterion.tags
