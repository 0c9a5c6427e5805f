"""How a judge's prompt is laid out: fixed text, then the task and the response (fenced), then the criteria.

Nothing fixed follows the criteria, so a server with a prefix cache encodes a response once for all its criteria.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from rubricate.llm.parse import ABSTAIN
from rubricate.llm.prompts import fence_name, fenced, fill, template
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.render import prompt_text
from rubricate.types import Message, Sample

Offered = Mapping[str, float] | tuple[float, float, bool]

_LABELS: dict[str, dict[str, float]] = {
    "binary": {"met": 1.0, "not_met": 0.0},
    "ternary": {"met": 1.0, "partial": 0.5, "not_met": 0.0},
}


@functools.lru_cache(maxsize=1024)
def system_message(name: str, reasons: bool, evidence: bool, abstain: bool, guidelines: str) -> Message:
    """The fixed part of the prompt for one choice of settings."""
    reason = '"reason": "one sentence", ' if reasons else ""
    quotes = '"evidence": ["exact quote of the response"], ' if evidence else ""
    cannot = f" Answer {ABSTAIN} if the material does not settle it." if abstain else ""
    text = fill(template(name), {"fields": quotes + reason, "abstain": cannot})
    return Message("system", f"{text}\n{guidelines}" if guidelines else text)


_last: tuple[Sample, str, str] | None = None  # the material of the sample that was asked about last


def material(sample: Sample, secret: str) -> str:
    """Task, documents, reference and response of a sample, each fenced by the same tag."""
    global _last
    last = _last
    if last is None or last[0] is not sample or last[1] != secret:
        last = _last = (sample, secret, _material(sample, secret))
    return last[2]


def _material(sample: Sample, secret: str) -> str:
    blocks = [("task", sample.task)]
    blocks += [("document", d) for d in sample.documents]
    if sample.reference is not None:
        blocks.append(("reference", sample.reference))
    blocks += [(f"step {k}", s.text) for k, s in enumerate(sample.steps, 1)]
    blocks.append(("response", sample.response))
    return fence_all(blocks, secret)


def fence_all(blocks: Sequence[tuple[str, str]], secret: str) -> str:
    """Labelled texts, one after the other, each between tags of one name that none of them contains."""
    fence = fence_name("\x1f".join(text for _, text in blocks), secret)
    return "\n".join(fenced(label, text, fence) for label, text in blocks)


K = TypeVar("K")
T = TypeVar("T")


def by_identity(fn: Callable[[K], T]) -> Callable[[K], T]:
    """Remember ``fn(part)`` per object: hashing a criterion by value costs more than most of what is cached.

    The object is kept with its result, so its id stays its own; the table is emptied when it is full.
    """
    table: dict[int, tuple[K, T]] = {}

    @functools.wraps(fn)
    def remembered(part: K) -> T:
        entry = table.get(id(part))
        if entry is None:
            if len(table) >= 16384:
                table.clear()
            entry = table[id(part)] = (part, fn(part))
        return entry[1]

    return remembered


criterion_text = by_identity(prompt_text)


@by_identity
def offered(criterion: Criterion) -> Offered:
    """The answers of a criterion: label -> value, or (min, max, whole numbers only)."""
    scale = criterion.scale
    if scale.kind == "labels":
        return dict(scale.labels)
    if scale.kind in _LABELS:
        return _LABELS[scale.kind]
    return (scale.min, scale.max, scale.kind != "points")


@by_identity
def batch_text(criteria: tuple[Criterion, ...]) -> str:
    """The criteria of one call, one after the other."""
    return "\n".join(map(criterion_text, criteria))


@by_identity
def batch_offered(criteria: tuple[Criterion, ...]) -> dict[str, Offered]:
    """The answers of all criteria of one call, by id."""
    return {c.id: offered(c) for c in criteria}


def messages(system: Message, block: str, criteria: tuple[Criterion, ...]) -> tuple[Message, ...]:
    """The chat messages for one call."""
    return (system, Message("user", f"{block}\n{batch_text(criteria)}"))


def schema(criteria: Sequence[Criterion], reasons: bool, evidence: bool, abstain: bool) -> str:
    """JSON schema of the reply for these criteria, for servers that constrain their output."""
    answers: set[str] = set()
    numbers = False
    for criterion in criteria:
        choices = offered(criterion)
        if isinstance(choices, tuple):
            numbers = True
        else:
            answers |= set(choices)
    kinds: list[dict[str, object]] = []
    if answers or abstain:
        kinds.append({"type": "string", "enum": sorted(answers | ({ABSTAIN} if abstain else set()))})
    if numbers:
        kinds.append({"type": "number"})
    fields: dict[str, object] = {"id": {"type": "string", "enum": [c.id for c in criteria]}}
    if evidence:
        fields["evidence"] = {"type": "array", "items": {"type": "string"}}
    if reasons:
        fields["reason"] = {"type": "string"}
    fields["verdict"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    entry = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    verdicts = {"type": "array", "items": entry, "minItems": len(criteria), "maxItems": len(criteria)}
    whole = {
        "type": "object",
        "properties": {"verdicts": verdicts},
        "required": ["verdicts"],
        "additionalProperties": False,
    }
    return json.dumps(whole, sort_keys=False)


def shared_prefix(sample: Sample, rubric: Rubric, system: Message, secret: str) -> float:
    """Share of the characters of one-criterion prompts that two criteria of one response have in common, in front."""
    block = material(sample, secret) + "\n"
    lengths = [len(criterion_text(c)) for c in rubric.leaves]
    common = len(system.content) + len(block)
    return common / (common + sum(lengths) / len(lengths))
