"""Criterion and Rubric: what a good answer is, as data.

A rubric carries its scoring policy, because every benchmark uses another denominator or clip order. Criteria are
matched by ``id``, never by text or position. All records are frozen; unknown fields are refused.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from rubricate.arrays import Columns
from rubricate.rubrics.records import Evidence, Example, Provenance, Retrieval, RubricStats, Stage, Stats, VerifierSpec
from rubricate.rubrics.scale import Scale
from rubricate.rubrics.structure import structure_of
from rubricate.structure import Structure

Weight = float
BOOKKEEPING = {"stats", "status", "reject_reason", "provenance", "notes", "retrieval", "annotators"}


class Criterion(BaseModel):
    """One thing to check in a response.

    ``weight`` is signed: a negative criterion describes something bad and counts when it is met. ``polarity`` is kept
    apart from the sign (a RaR pitfall is worded as avoided and has a positive weight); left out, it follows the sign.
    ``required`` makes it a gate (also read as ``critical``). A criterion with ``children`` is an inner node: only its
    leaves are judged. A criterion with a ``verifier`` is decided by a program and never sent to a model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    title: str = ""
    weight: Weight = 1.0
    weight_class: str = ""
    polarity: Literal["good_if_met", "bad_if_met"] | None = None
    scale: Scale = Scale()
    required: bool = Field(default=False, validation_alias=AliasChoices("required", "critical", "gate"))
    min_score: float | None = None
    max_points: float | None = None
    on_failure: Literal["continue", "stop", "zero"] = "continue"
    on_failure_score: float = 0.0
    deduction: float | None = None
    void_parent: bool = False
    cap: float | None = None
    children: tuple[Criterion, ...] = ()
    strategy: Literal["parallel", "sequential"] = "parallel"
    checks: tuple[str, ...] = ()
    kind: Literal["llm", "code", "reference_match", "citation", "encoder"] = "llm"
    verifier: VerifierSpec | None = None
    axis: str = ""
    tags: tuple[str, ...] = ()
    rationale: str = ""
    evidence: tuple[Evidence, ...] = ()
    blocked_sources: tuple[str, ...] = ()
    reference: str | None = None
    examples: tuple[Example, ...] = ()
    allow_examples: bool = False
    scope: Literal["dataset", "task", "instance"] = "instance"
    comparison: Literal["pointwise", "pairwise"] = "pointwise"
    target: Literal["prompt", "response", "trajectory", "turn", "step", "stage"] = "response"
    stage: str = ""
    user_id: str = ""
    status: Literal["draft", "accepted", "rejected"] = "accepted"
    reject_reason: str = ""
    provenance: Provenance | None = None
    stats: Stats | None = None

    @model_validator(mode="before")
    @classmethod
    def _program_kind(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("verifier") and "kind" not in data:
            return dict(data) | {"kind": "code"}
        return data

    @field_validator("id")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError(f"the id {value!r} is not printable text on one line")
        return value

    @field_validator("weight", "cap", "deduction", "min_score", "max_points")
    @classmethod
    def _finite(cls, value: float | None) -> float | None:
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{value} is not a finite number")
        return value

    @property
    def bad_if_met(self) -> bool:
        """Whether meeting it is bad: the stated polarity, else the sign of the weight."""
        return self.polarity == "bad_if_met" if self.polarity else self.weight < 0

    def leaves(self) -> Iterator[Criterion]:
        """The judged criteria below this one, itself when it has no children."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def walk(self) -> Iterator[Criterion]:
        """This criterion and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


class PolicySpec(BaseModel):
    """Name of a scoring policy and its settings: how verdicts become a score. Short form: the name alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "weighted_mean"
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"name": data}
        if isinstance(data, Mapping) and "settings" not in data:
            rest = {k: v for k, v in data.items() if k != "name"}
            return {"name": data.get("name", "weighted_mean"), "settings": rest}
        return data


class Rubric(BaseModel):
    """Criteria (a list or a tree) with the policy that turns their verdicts into a score.

    >>> r = Rubric(id="tea", criteria=[{"id": "warm", "text": "Says to warm the pot."}])
    >>> r.digest == Rubric.model_validate_json(r.model_dump_json()).digest
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    policy: PolicySpec = PolicySpec()
    title: str = ""
    guidelines: str = ""
    version: str = "1"
    locked: str | None = None
    prompt_id: str = ""
    prompt: str | tuple[dict[str, str], ...] = ""
    language: str = ""
    domain: str = ""
    topic: str = ""
    difficulty: str = ""
    task_type: str = ""
    max_total: float | None = None
    stages: tuple[Stage, ...] = ()
    dimension_weights: dict[str, float] = Field(default_factory=dict)
    group: str = ""
    meta_rubric: str = ""
    persona: str = ""
    references: tuple[str, ...] = ()
    reference: str | None = None
    candidates: tuple[str, ...] = ()
    labels: tuple[float, ...] = ()
    blocked_sources: tuple[str, ...] = ()
    notes: str = ""
    annotators: tuple[str, ...] = ()
    retrieval: Retrieval | None = None
    provenance: Provenance | None = None
    stats: RubricStats | None = None

    @model_validator(mode="after")
    def _check(self) -> Rubric:
        seen: set[str] = set()
        for criterion in self.walk():
            if criterion.id in seen:
                raise ValueError(f"the id {criterion.id!r} stands twice; ids are unique in a rubric")
            seen.add(criterion.id)
        return self

    def walk(self) -> Iterator[Criterion]:
        """All criteria, parents before children."""
        for criterion in self.criteria:
            yield from criterion.walk()

    @property
    def leaves(self) -> tuple[Criterion, ...]:
        """The judged criteria, in order: the columns of ``Scores``."""
        return tuple(leaf for c in self.criteria for leaf in c.leaves())

    def canonical(self) -> dict[str, Any]:
        """What the digest covers: every field that decides a verdict or a score, defaults and bookkeeping left out."""
        plain: dict[str, Any] = _strip(self.model_dump(mode="json", exclude_defaults=True, exclude={"locked"}))
        return plain

    @property
    def digest(self) -> str:
        """16 hex digits, equal across processes, machines and key orders; a changed weight changes it."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def columns(self) -> Columns:
        """The leaves as arrays, for ``rubricate.arrays.pack``."""
        leaves = self.leaves
        axes = {a: k for k, a in enumerate(dict.fromkeys(c.axis for c in leaves))}
        weights = np.array([c.weight for c in leaves], dtype=np.float64)
        return Columns(
            ids=tuple(c.id for c in leaves),
            weights=weights,
            lo=np.array([c.scale.min for c in leaves], dtype=np.float64),
            hi=np.array([c.scale.max for c in leaves], dtype=np.float64),
            flip=np.array([c.bad_if_met and c.weight >= 0 for c in leaves], dtype=np.bool_),
            gate=np.array([c.required for c in leaves], dtype=np.bool_),
            category=np.array([axes[c.axis] for c in leaves], dtype=np.int64),
            tags=tuple(c.tags for c in leaves),
        )

    def structure(self) -> Structure:
        """The tree, stages, classes and tags as arrays, for policies that are not flat."""
        return structure_of(self)


def _strip(record: Any) -> Any:
    """``record`` without its bookkeeping, down the tree of criteria; settings of policies and verifiers stay whole."""
    nested = {k: [_strip(c) for c in record[k]] for k in ("criteria", "children") if k in record}
    return {k: _whole(v) for k, v in (record | nested).items() if k not in BOOKKEEPING}


def _whole(value: Any) -> Any:
    """Numbers as JSON would write them once: 2.0 and 2 have one form."""
    if isinstance(value, dict):
        return {k: _whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_whole(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
