"""A rubric from the rubrics of similar prompts: whole ones as demonstrations, single items of more as suggestions.

Card 6 (arXiv 2510.15859): 3 complete rubrics, items of the 10 nearest cases cut to 15. Card 25 (arXiv 2603.20882).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from rubricate.generate.admit import Gate
from rubricate.generate.base import Draft, Generator, Material, of_inner
from rubricate.generate.index import RubricIndex, Words, top
from rubricate.generate.items import Blocks, ItemsGenerator
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.rubrics.model import Rubric
from rubricate.rubrics.records import Retrieval

GATE = Gate(most=20, negatives=True)
AXES = ("accuracy", "completeness", "communication", "context awareness", "instruction following")


@register("generator", "neighbours")
@dataclass(frozen=True, kw_only=True)
class NeighbourGenerator(ItemsGenerator):
    """Criteria in the manner of rubrics of similar prompts.

    ``RubricIndex.neighbours`` finds them, without the prompt's own.

    ``examples`` rubrics are shown whole; of the others ``pool`` items, those nearest to the prompt by words. Cases are
    cut at ``case_chars``. The ids that were shown stand on the rubric, where the lint looks for its own (R405).
    """

    gate: Gate = GATE
    weights: tuple[float, ...] = (-10.0, 10.0)
    axes: tuple[str, ...] = AXES
    policy: str = "orbit"
    examples: int = 3
    pool: int = 15
    case_chars: int = 1000

    needs = ("neighbours",)
    prompt = "generate_neighbours"

    def blocks(self, material: Material) -> Blocks:
        """Demonstrations, then loose items."""
        whole, rest = material.neighbours[: self.examples], material.neighbours[self.examples :]
        shown = [(f"example {k}", self._example(r)) for k, r in enumerate(whole, 1)]
        texts = list(dict.fromkeys(c.text for r in rest for c in r.leaves))
        near = top(Words(texts).scores(material.prompt), self.pool) if texts and self.pool else []
        return [*shown, ("items of similar cases", "\n".join(f"- {texts[i]}" for i in near))] if near else shown

    def fields(self, material: Material) -> dict[str, Any]:
        """What was shown."""
        return {"retrieval": Retrieval(ids=tuple(r.id for r in material.neighbours), index="rubrics")}

    def _example(self, rubric: Rubric) -> str:
        case = rubric.prompt if isinstance(rubric.prompt, str) else json.dumps(rubric.prompt, ensure_ascii=False)
        items = "\n".join(f"{c.weight:g}: {c.text}" for c in rubric.leaves)
        return f"{case[: self.case_chars]}\n---\n{items}"


@register("generator", "bank")
@dataclass(frozen=True)
class BankGenerator:
    """Criteria in the manner of the nearest rubrics of a bank.

    The ``k`` rubrics of ``bank`` whose prompts are nearest go to ``inner``; never the rubric of the same id.

    Prompts more alike than ``most_alike`` are left out (``RubricIndex.nearest``). A prompt that shares no word with the
    bank has no rubric. Neighbours of the material are replaced.
    """

    bank: RubricIndex
    k: int = 10
    most_alike: float = 0.95
    inner: Generator = field(default_factory=NeighbourGenerator)

    needs = ("prompt",)

    @property
    def digest(self) -> str:
        """Settings, the bank by content, the inner generator by its digest."""
        return of_inner(self)

    async def generate(self, material: Material, client: Client, *, id: str) -> Draft:
        """The draft of the inner generator."""
        found = self.bank.neighbours(material, self.k, id=id, most_alike=self.most_alike)
        if not found.neighbours:
            return Draft(None, why="no other rubric of the bank shares a word with the prompt")
        return await self.inner.generate(found, client, id=id)
