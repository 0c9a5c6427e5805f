"""What a generator is, what it may be given, and what it gives back.

A generator is a frozen value: prompts and rules named by its digest. It never returns half a rubric in silence: a
``Draft`` holds the linted rubric or says why there is none, and names every criterion that was dropped with the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, runtime_checkable

from rubricate.errors import SettingError
from rubricate.llm.client import Client
from rubricate.llm.prompts import prompt_digest, template
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.records import Provenance
from rubricate.types import Usage


@dataclass(frozen=True, slots=True)
class Feedback:
    """What an annotator wrote about one of the responses (its place in ``Material.responses``, or -1 for all)."""

    text: str
    annotator: str = ""
    response: int = -1


@dataclass(frozen=True, slots=True)
class Material:
    """What a rubric can be made from. A generator names the fields that it needs.

    ``responses`` with ``labels`` (higher is better, same order); ``passages`` of evidence with ``sources`` (a name or
    url each); ``neighbours`` rubrics of similar prompts; ``persona`` a profile or a stakeholder's answers; ``failures``
    known ways to go wrong; ``history`` of a user. ``metadata`` is for the caller.
    """

    prompt: str
    reference: str = ""
    responses: tuple[str, ...] = ()
    labels: tuple[float, ...] = ()
    passages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    neighbours: tuple[Rubric, ...] = ()
    persona: str = ""
    history: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.labels and len(self.labels) != len(self.responses):
            raise SettingError(f"{len(self.responses)} responses and {len(self.labels)} labels", expected="one each")
        if self.sources and len(self.sources) != len(self.passages):
            raise SettingError(f"{len(self.passages)} passages and {len(self.sources)} sources", expected="one each")

    def need(self, *names: str, generator: str) -> None:
        """SettingError for a field that a generator needs and that is empty."""
        for name in names:
            if not getattr(self, name):
                raise SettingError(f"{generator} needs {name!r}, which is empty", expected=f"Material({name}=...)")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A criterion that was refused, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator gives: a rubric, or None and ``why``; what it dropped; what it cost."""

    rubric: Rubric | None
    dropped: tuple[Dropped, ...] = ()
    usage: Usage = field(default_factory=Usage)
    why: str = ""
    notes: tuple[str, ...] = ()


@runtime_checkable
class Generator(Protocol):
    """Makes a rubric from material."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields of the material that must not be empty."""
        ...

    @property
    def digest(self) -> str:
        """16 hex digits over settings and prompts."""
        ...

    async def generate(self, material: Material, client: Client, *, id: str) -> Draft:
        """A draft. SettingError for missing material; every other failure is a draft without a rubric."""
        ...


def settings_digest(generator: Any, *prompts: str) -> str:
    """16 hex digits over the class name, the fields of a frozen dataclass and the packaged ``prompts`` that it uses."""
    return _digest(generator, {f.name: getattr(generator, f.name) for f in fields(generator)}, *prompts)


def _digest(generator: Any, values: Mapping[str, Any], *prompts: str) -> str:
    shown = {name: repr(value) for name, value in values.items()}
    text = json.dumps([type(generator).__qualname__, shown, prompt_digest(*map(template, prompts))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_inner(generator: Any) -> str:
    """``settings_digest`` of a generator that hands its material to ``inner``, which is named by its own digest."""
    values = {f.name: getattr(generator, f.name) for f in fields(generator)} | {"inner": generator.inner.digest}
    return _digest(generator, values)


def provenance(generator: object, *prompts: str, calls: int, source: str = "") -> Provenance:
    """Where a criterion comes from: the generator's name, the digest of its prompts, what it was made from."""
    digest = prompt_digest(*(template(p) for p in prompts))
    return Provenance(generator=type(generator).__name__, prompt_digest=digest, calls=calls, source=source)


def replaced(criterion: Criterion, **fields: Any) -> Criterion:
    """A criterion with some fields changed, checked like a new one."""
    return Criterion.model_validate({**{k: getattr(criterion, k) for k in criterion.model_fields_set}, **fields})
