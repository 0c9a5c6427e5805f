"""A rubric from passages of evidence: atomic facts, then points items, then an audit that keeps only what is supported.

Card 208 (arXiv 2601.15161): positive facts, negative constraints and red flags; items of -10..10 points on five axes;
items without support are deleted, at most 20 are kept, at least one is negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.generate.admit import Gate, admit, points, read_items
from rubricate.generate.base import Draft, Dropped, Material, provenance, settings_digest
from rubricate.llm.ask import Problem, ask_json
from rubricate.llm.client import Client
from rubricate.llm.prompts import numbered, request
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, PolicySpec
from rubricate.rubrics.records import Evidence, Provenance
from rubricate.types import Usage

AXES = ("accuracy", "completeness", "communication", "context awareness", "instruction following")
KINDS = ("positive", "negative", "red_flag")
PROMPTS = ("evidence_facts", "evidence_items")
GATE = Gate(most=20, negatives=True)


@dataclass(frozen=True)
class Fact:
    """One atomic fact: its text, kind (positive, negative, red_flag) and the passage that it comes from (from 0)."""

    text: str
    kind: str
    passage: int


@register("generator", "evidence")
@dataclass(frozen=True)
class EvidenceGenerator:
    """Points for facts of the passages, each with its passage.

    ``gate.most`` as on the card (20). The policy is HealthBench's formula with the fallback for negatives only.
    """

    gate: Gate = GATE
    axes: tuple[str, ...] = AXES
    policy: str = "automed"
    reasks: int = 2
    model: str = ""
    temperature: float | None = 0.1

    needs = ("passages",)

    @property
    def digest(self) -> str:
        """Settings and prompts."""
        return settings_digest(self, *PROMPTS)

    async def generate(self, material: Material, client: Client, *, id: str) -> Draft:
        """The rubric, with what the audit dropped."""
        material.need(*self.needs, generator=type(self).__name__)
        passages = material.passages
        blocks = [("task", material.prompt), *numbered("passage", passages)]
        facts = await ask_json(
            client,
            request(PROMPTS[0], {}, blocks, model=self.model, temperature=self.temperature),
            "facts",
            lambda v: _facts(v, len(passages)),
            reasks=self.reasks,
        )
        if facts.error is not None:
            return Draft(None, usage=facts.usage, why=str(facts.error))
        known = facts.unwrap()
        listed = "\n".join(f"{k}. ({f.kind}) {f.text}" for k, f in enumerate(known, 1))
        values = {"max_items": str(self.gate.most), "axes": ", ".join(self.axes)}
        asked = request(
            PROMPTS[1], values, [("task", material.prompt), ("facts", listed)], model=self.model,
            temperature=self.temperature,
        )  # fmt: skip
        items = await ask_json(client, asked, "items", self._items, reasks=self.reasks)
        usage = facts.usage + items.usage
        if items.error is not None:
            return Draft(None, usage=usage, why=str(items.error))
        return self._draft(items.unwrap(), known, material, usage, id)

    def _items(self, value: Any) -> list[dict[str, Any]] | Problem:
        items = read_items(value, self.gate)
        if isinstance(items, list) and not any((points(i.get("points"), -10, 10) or 0) < 0 for i in items):
            return Problem("no item has negative points; at least one is needed")
        return items

    def _draft(
        self, items: list[dict[str, Any]], facts: Sequence[Fact], material: Material, usage: Usage, id: str
    ) -> Draft:
        origin = provenance(self, *PROMPTS, calls=usage.calls)
        ranked = sorted(items, key=lambda i: -abs(points(i.get("points"), -10, 10) or 0))
        drafted = [self._criterion(k, item, facts, material.passages, origin) for k, item in enumerate(ranked, 1)]
        policy = PolicySpec(name=self.policy)
        return admit(drafted, material, self.gate, id=id, usage=usage, policy=policy, provenance=origin)

    def _criterion(
        self, k: int, item: dict[str, Any], facts: Sequence[Fact], passages: Sequence[str], origin: Provenance
    ) -> Criterion | Dropped:
        worth, index = points(item.get("points"), -10, 10), item.get("fact")
        if type(index) is not int or not 1 <= index <= len(facts):
            return Dropped(item["text"], "it names no fact that exists")
        if worth is None:
            return Dropped(item["text"], f"its points are {item.get('points')!r}, not in -10..10 without 0")
        fact = facts[index - 1]
        at = passages[fact.passage].find(fact.text)
        evidence = Evidence(
            text=fact.text,
            derived_from=f"passage {fact.passage + 1}",
            span=(at, at + len(fact.text)) if at >= 0 else None,
        )
        axis = item.get("axis") if item.get("axis") in self.axes else ""
        return Criterion(
            id=f"e{k}", text=item["text"].strip(), weight=worth, axis=axis or "", evidence=(evidence,),
            provenance=origin,
        )  # fmt: skip


def _facts(value: Any, passages: int) -> tuple[Fact, ...] | Problem:
    """Facts that name a passage which exists; a reply without any is refused."""
    if not isinstance(value, list):
        return Problem("'facts' is not a list")
    found = []
    for entry in value:
        if isinstance(entry, dict) and isinstance(entry.get("text"), str) and entry["text"].strip():
            kind, index = entry.get("kind"), entry.get("passage")
            if kind in KINDS and type(index) is int and 1 <= index <= passages:
                found.append(Fact(entry["text"].strip(), kind, index - 1))
    return tuple(found) or Problem("no fact has a text, a kind and a passage that exists")
