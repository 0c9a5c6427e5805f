"""Small records that hang on a criterion or a rubric: evidence, examples, provenance, statistics, stages."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Record(BaseModel):
    """Base of the small records: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(Record):
    """What supports a criterion: a passage, a url, a span of a response, a grade of evidence, where it came from."""

    text: str = ""
    url: str = ""
    span: tuple[int, int] | None = None
    grade: str = ""
    derived_from: str = ""


class Example(Record):
    """A worked grading example: a response (or part of one), the right verdict, and why."""

    response: str
    value: float | str | bool | None = None
    reason: str = ""


class Provenance(Record):
    """Where a criterion or rubric came from: who or what wrote it, from what, reviewed by a person or not."""

    generator: str = ""
    prompt_digest: str = ""
    parent: str = ""
    depth: int = 0
    version: str = ""
    reviewed: bool = False
    source: str = ""
    calls: int = 0
    cost: float = 0.0


class Stats(Record):
    """What judging has shown about a criterion. Shares are over non-abstentions; ``coverage`` is how many those are."""

    n_judged: int = 0
    accuracy: float | None = None
    coverage: float | None = None
    pass_rate: float | None = None
    ema: float | None = None
    state: Literal["candidate", "active", "mastered"] | None = None
    cluster: int | None = None
    correlation: dict[str, float] = Field(default_factory=dict)


class RubricStats(Record):
    """What is known about a rubric as a whole: preference consistency, recovery, consensus, agreement with experts."""

    matches: int | None = None
    n_pairs: int | None = None
    threshold: float | None = None
    recovery: float | None = None
    misleading_margin: float | None = None
    consensus: dict[str, int] = Field(default_factory=dict)
    expert_agreement: float | None = None
    contamination: float | None = None
    cognitive_load: float | None = None


class Retrieval(Record):
    """Ids of the cases or rubrics that were shown when this one was written (kept for leak checks)."""

    ids: tuple[str, ...] = ()
    index: str = ""


class Stage(Record):
    """One stage of a staged rubric: its points are capped, and a required stage below its minimum stops the rest."""

    id: str
    title: str = ""
    required: bool = False
    min_score: float | None = None
    max_points: float | None = None
    on_failure: Literal["continue", "stop", "zero"] = "continue"
    on_failure_score: float = 0.0


class VerifierSpec(Record):
    """A program that decides a criterion: its registered name and settings. Short form: the name alone."""

    name: str = Field(min_length=1)
    settings: dict[str, Any] = Field(default_factory=dict)
    timeout: float | None = None
    sandbox: bool = True

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"name": data}
        if isinstance(data, dict) and "settings" not in data:
            own = {k: data[k] for k in ("name", "timeout", "sandbox") if k in data}
            return own | {"settings": {k: v for k, v in data.items() if k not in own}}
        return data
