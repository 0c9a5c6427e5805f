"""A rubric from passages of evidence: atomic facts, then points items, then an audit that keeps only what is supported.

Card 208 (arXiv 2601.15161): positive facts, negative constraints and red flags; items of -10..10 points on five axes;
items without support are deleted, at most 20 are kept, at least one is negative.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.errors import RubricError
from rubricate.generate.ask import ask_json
from rubricate.llm.ask import Problem
from rubricate.llm.client import Client, Request
from rubricate.llm.prompts import fence_name, fenced, fill, prompt_digest, template
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.records import Evidence, Provenance
from rubricate.types import Message

AXES = ("accuracy", "completeness", "communication", "context awareness", "instruction following")
_ABSENCE = re.compile(r"^\s*(does not|do not|fails to|never|not)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Fact:
    """One atomic fact: its text, kind (positive, negative, red_flag) and the passage that it comes from (from 0)."""

    text: str
    kind: str
    passage: int


@dataclass(frozen=True)
class Dropped:
    """An item that the audit refused, and why."""

    text: str
    reason: str


@dataclass(frozen=True)
class EvidenceGenerator:
    """Writes a points rubric for a prompt from passages; every criterion names its passage.

    ``max_items`` as on the card (20). ``overlap`` is the share of shared words from which two items count as one.
    """

    max_items: int = 20
    overlap: float = 0.7
    axes: tuple[str, ...] = AXES
    policy: str = "automed"
    reasks: int = 2
    model: str = ""
    temperature: float | None = 0.1

    async def generate(
        self, prompt: str, passages: Sequence[str], client: Client, *, id: str
    ) -> tuple[Rubric, tuple[Dropped, ...]]:
        """The rubric and what the audit dropped.

        RubricError when nothing is supported or no item is negative; CallError when the model gives no usable reply.
        """
        if not passages:
            raise RubricError("no passage was given", expected="at least one passage of evidence")
        facts = await ask_json(
            client,
            self._facts_request(prompt, passages),
            "facts",
            lambda v: _facts(v, len(passages)),
            reasks=self.reasks,
        )
        items = await ask_json(
            client, self._items_request(prompt, facts), "items", lambda v: self._items(v, facts), reasks=self.reasks
        )
        kept, dropped = self._audit(items)
        if not kept:
            raise RubricError("the audit kept no item", where=f"rubric {id!r}", hint="See why: " + _reasons(dropped))
        origin = Provenance(
            generator=type(self).__name__,
            prompt_digest=prompt_digest(template("evidence_facts"), template("evidence_items")),
            calls=2,
        )
        criteria = tuple(self._criterion(k, item, facts, passages, origin) for k, item in enumerate(kept, 1))
        rubric = Rubric(id=id, prompt=prompt, criteria=criteria, policy=self.policy, provenance=origin)  # type: ignore[arg-type]
        return rubric, tuple(dropped)

    def _facts_request(self, prompt: str, passages: Sequence[str]) -> Request:
        fence = fence_name("\x1f".join([prompt, *passages]))
        blocks = [fenced("task", prompt, fence), *(fenced(f"passage {k}", p, fence) for k, p in enumerate(passages, 1))]
        return self._request(template("evidence_facts"), "\n".join(blocks))

    def _items_request(self, prompt: str, facts: Sequence[Fact]) -> Request:
        fence = fence_name(prompt + "\x1f" + "\x1f".join(f.text for f in facts))
        listed = "\n".join(f"{k}. ({f.kind}) {f.text}" for k, f in enumerate(facts, 1))
        system = fill(template("evidence_items"), {"max_items": str(self.max_items), "axes": ", ".join(self.axes)})
        return self._request(system, fenced("task", prompt, fence) + "\n" + fenced("facts", listed, fence))

    def _request(self, system: str, user: str) -> Request:
        return Request((Message("system", system), Message("user", user)), self.model, self.temperature)

    def _items(self, value: Any, facts: Sequence[Fact]) -> list[dict[str, Any]] | Problem:
        """Items of the right form, or what is wrong with the reply as a whole."""
        if not isinstance(value, list) or not value:
            return Problem("'items' is not a list with at least one item")
        if len(value) > 5 * self.max_items:
            return Problem(f"{len(value)} items; at most {self.max_items} are wanted")
        items = [i for i in value if isinstance(i, dict) and isinstance(i.get("text"), str) and i["text"].strip()]
        if not items:
            return Problem("no item has a text")
        if not any(_number(i.get("points")) < 0 for i in items):
            return Problem("no item has negative points; at least one is needed")
        for item in items:
            index = item.get("fact")
            item["supported"] = isinstance(index, int) and not isinstance(index, bool) and 1 <= index <= len(facts)
        return items

    def _audit(self, items: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Dropped]]:
        kept: list[dict[str, Any]] = []
        dropped: list[Dropped] = []
        for item in sorted(items, key=lambda i: -abs(_number(i.get("points")))):
            reason = self._refusal(item, kept)
            if reason:
                dropped.append(Dropped(item["text"], reason))
            else:
                kept.append(item)
        if kept and not any(_number(i["points"]) < 0 for i in kept):
            raise RubricError("no negative item survived the audit", hint="See why: " + _reasons(dropped))
        return kept, dropped

    def _refusal(self, item: dict[str, Any], kept: Sequence[dict[str, Any]]) -> str:
        points = _number(item.get("points"))
        if not item["supported"]:
            return "it names no fact that exists"
        if not -10 <= points <= 10 or points == 0:
            return f"its points are {item.get('points')!r}, not in -10..10 without 0"
        if points < 0 and _ABSENCE.match(item["text"]):
            return "a negative item worded as an absence is a double negation"
        words = _words(item["text"])
        for other in kept:
            shared = words & _words(other["text"])
            if len(shared) >= self.overlap * max(1, min(len(words), len(_words(other["text"])))):
                return f"it says the same as {other['text']!r}"
        return f"{self.max_items} items with more points were kept" if len(kept) >= self.max_items else ""

    def _criterion(
        self, k: int, item: dict[str, Any], facts: Sequence[Fact], passages: Sequence[str], origin: Provenance
    ) -> Criterion:
        fact = facts[item["fact"] - 1]
        axis = item.get("axis") if item.get("axis") in self.axes else ""
        evidence = Evidence(
            text=fact.text, derived_from=f"passage {fact.passage + 1}", span=_span(fact.text, passages[fact.passage])
        )
        return Criterion(
            id=f"e{k}", text=item["text"].strip(), weight=_number(item["points"]), axis=axis or "",
            evidence=(evidence,), provenance=origin,
        )  # fmt: skip


def _facts(value: Any, passages: int) -> tuple[Fact, ...] | Problem:
    """Facts that name a passage which exists; a reply without any is refused."""
    if not isinstance(value, list):
        return Problem("'facts' is not a list")
    found = []
    for entry in value:
        if isinstance(entry, dict) and isinstance(entry.get("text"), str) and entry["text"].strip():
            kind, index = entry.get("kind"), entry.get("passage")
            if kind in ("positive", "negative", "red_flag") and isinstance(index, int) and 1 <= index <= passages:
                found.append(Fact(entry["text"].strip(), kind, index - 1))
    return tuple(found) or Problem("no fact has a text, a kind and a passage that exists")


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w{3,}", text.lower()))


def _span(text: str, passage: str) -> tuple[int, int] | None:
    at = passage.find(text)
    return (at, at + len(text)) if at >= 0 else None


def _reasons(dropped: Sequence[Dropped]) -> str:
    return "; ".join(f"{d.text[:40]!r}: {d.reason}" for d in dropped[:5])
