"""Principles from what annotators wrote: a phrase, whether it holds, and the words that say so.

Card 174 (arXiv 2509.21319): a span must be in the feedback (partial ratio > 60), "partially" and plain helpfulness are
dropped, and a principle stays when every other annotator said something alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.generate.admit import read_items
from rubricate.generate.base import Dropped, Feedback, Material, settings_digest
from rubricate.generate.items import ItemsGenerator, numbered_one
from rubricate.generate.spans import partial_ratio
from rubricate.llm.ask import Asked, ask_json
from rubricate.llm.client import Client
from rubricate.llm.prompts import numbered
from rubricate.refine.consensus import semantic_consensus
from rubricate.registry import register
from rubricate.rubrics.model import Criterion
from rubricate.rubrics.records import Evidence

Similarity = Callable[[Sequence[str]], ArrayLike]
GENERIC = ("helpfulness", "helpful", "overall quality", "quality", "good response", "is helpful")


class Principle(NamedTuple):
    """A principle, whether the response holds it, the words of the feedback, which feedback, and who wrote it."""

    text: str
    holds: bool
    span: str
    feedback: int
    annotator: str


@register("generator", "feedback")
@dataclass(frozen=True, kw_only=True)
class FeedbackGenerator(ItemsGenerator):
    """Criteria from the words of annotators, each with its quote.

    ``span``: the least partial ratio (exclusive) of the quoted words. ``similar(texts) -> [P, P]`` turns on the
    consensus of all other annotators at ``threshold``; one who said nothing of use agrees with nothing. ``principles``
    gives what was extracted, with yes or no, for those who train a judge on it.
    """

    span: float = 60.0
    threshold: float = 0.8
    similar: Similarity | None = None
    generic: tuple[str, ...] = GENERIC

    needs = ("feedback",)
    prompt = "generate_feedback"

    @property
    def digest(self) -> str:
        """Settings and prompts; the similarity by its name, which is the same in every process."""
        name = getattr(self.similar, "__qualname__", type(self.similar).__qualname__) if self.similar else ""
        plain = dataclasses.replace(self, similar=None, generic=(*self.generic, f"similar:{name}"))
        return settings_digest(plain, self.prompt)

    def form(self) -> dict[str, Any]:
        """Which feedback, whether it holds, and the quote."""
        return {"feedback": 1, "holds": "yes | no | partially", "span": "..."}

    def extra(self, item: dict[str, Any], material: Material) -> dict[str, Any] | str:
        """The quote as evidence, or why the item has none."""
        found = self._principle(item, material.feedback)
        if isinstance(found, str):
            return found
        return {"evidence": (Evidence(text=found.span, derived_from=f"feedback {found.feedback + 1}"),)}

    async def principles(self, material: Material, client: Client) -> Asked[tuple[Principle, ...]]:
        """Every principle that passes the checks of one item, before consensus."""
        material.need(*self.needs, generator=type(self).__name__)
        asked = await self._ask(material, client)
        found = (self._principle(item, material.feedback) for item in asked.result or ())
        kept = None if asked.error is not None else tuple(p for p in found if isinstance(p, Principle))
        return Asked(kept, asked.error, asked.reply, asked.usage, asked.attempts)

    def blocks(self, material: Material) -> list[tuple[str, str]]:
        """Each feedback, with the response that it is about."""
        about = [
            f"{f.text}\n---\nIt is about: {material.responses[f.response]}"
            if 0 <= f.response < len(material.responses)
            else f.text
            for f in material.feedback
        ]
        return numbered("feedback", about)

    def chosen(self, drafted: list[Criterion | Dropped], material: Material) -> list[Criterion | Dropped]:
        """With ``similar`` only what every other annotator shares."""
        found = [c for c in drafted if isinstance(c, Criterion)]
        if self.similar is None or not found:
            return drafted
        places = [int(c.evidence[0].derived_from.removeprefix("feedback ")) - 1 for c in found]
        people = [material.feedback[p].annotator or f"feedback {p}" for p in places]
        asked = len({f.annotator or f"feedback {k}" for k, f in enumerate(material.feedback)})
        alike = np.asarray(self.similar([c.text for c in found]), dtype=np.float64).reshape(len(found), len(found))
        keep = semantic_consensus(alike, people, threshold=self.threshold, annotators=asked)
        shared = {c.id for c, k in zip(found, keep, strict=True) if k}
        reason = f"not every other annotator says something alike (above {self.threshold})"
        return [c if isinstance(c, Dropped) or c.id in shared else Dropped(c.text, reason) for c in drafted]

    async def _ask(self, material: Material, client: Client) -> Asked[list[dict[str, Any]]]:
        shown = [("task", material.prompt), *self.blocks(material)]
        asked = self.asking(self.prompt, material, shown)
        return await ask_json(client, asked, "items", lambda v: read_items(v, self.gate), reasks=self.reasks)

    def _principle(self, item: dict[str, Any], feedback: Sequence[Feedback]) -> Principle | str:
        place, holds, span = numbered_one(item.get("feedback"), len(feedback)), item.get("holds"), item.get("span")
        if place is None:
            return "it names no feedback that exists"
        if holds not in ("yes", "no"):
            return f"it holds {holds!r}; only yes and no are kept"
        if not isinstance(span, str) or not span.strip() or partial_ratio(span, feedback[place].text) <= self.span:
            return f"its quote {str(span)[:60]!r} is not in feedback {place + 1}"
        text = item["text"].strip()
        if text.lower().strip(" .") in self.generic:
            return "it is generic"
        return Principle(text, holds == "yes", span, place, feedback[place].annotator)
