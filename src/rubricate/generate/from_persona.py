"""A weighted rubric of one person: from a profile and history, or from a stakeholder's answers to questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rubricate.generate.base import Material
from rubricate.generate.items import Blocks, ItemsGenerator
from rubricate.llm.ask import Asked, Problem, ask_json
from rubricate.llm.client import Client
from rubricate.llm.prompts import numbered
from rubricate.registry import register


@register("generator", "persona")
@dataclass(frozen=True, kw_only=True)
class PersonaGenerator(ItemsGenerator):
    """Criteria and weights of one person.

    Weights are 1 to 5, from ``persona`` and what ``history`` shows.

    ``questions`` asks what one would have to know from a stakeholder (card 12); put question and answer into
    ``history``. The persona is written onto the rubric.
    """

    weights: tuple[float, ...] = (1.0, 5.0)

    needs = ("persona",)
    prompt = "generate_persona"
    more_prompts = ("generate_questions",)

    def blocks(self, material: Material) -> Blocks:
        """The profile, then the history."""
        return [("person", material.persona), *numbered("history", material.history)]

    def fields(self, material: Material) -> dict[str, Any]:
        """The persona."""
        return {"persona": material.persona}

    async def questions(self, material: Material, client: Client, *, most: int = 5) -> Asked[tuple[str, ...]]:
        """At most ``most`` open questions to the stakeholder, whose answers would change criteria or weights."""
        shown = [("task", material.prompt), *self.blocks(material)]
        asked = self.asking("generate_questions", material, shown)
        return await ask_json(client, asked, "questions", lambda v: _questions(v, most), reasks=self.reasks)


def _questions(value: Any, most: int) -> tuple[str, ...] | Problem:
    asked = [q.strip() for q in value if isinstance(q, str) and q.strip()] if isinstance(value, list) else []
    return tuple(dict.fromkeys(asked))[:most] or Problem("'questions' is not a list of questions")
