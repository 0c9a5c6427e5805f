"""A rubric from the rubrics of similar prompts: whole ones as demonstrations, single items of more as suggestions.

Card 6 (arXiv 2510.15859): 3 complete rubrics, items of the 10 nearest cases cut to 15. Card 25 (arXiv 2603.20882).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rubricate.errors import CallError, SettingError
from rubricate.generate.admit import Gate
from rubricate.generate.base import Draft, Generator, Material, of_inner, settings_digest
from rubricate.generate.index import RubricIndex, Words, top
from rubricate.generate.items import ItemsGenerator, Prepared
from rubricate.generate.rerank import reranked
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.rubrics.model import Rubric
from rubricate.rubrics.records import Retrieval
from rubricate.types import Usage

Score = Callable[[str, Sequence[str]], ArrayLike]
GATE = Gate(most=20, negatives=True)
AXES = ("accuracy", "completeness", "communication", "context awareness", "instruction following")


@register("generator", "neighbours")
@dataclass(frozen=True, kw_only=True)
class NeighbourGenerator(ItemsGenerator):
    """Criteria in the manner of rubrics of similar prompts.

    ``RubricIndex.neighbours`` finds them, without the prompt's own.

    ``examples`` rubrics are shown whole; of the others ``pool`` items, those nearest to the prompt by words. Cases are
    cut at ``case_chars``. The ids that were shown stand on the rubric, where the lint looks for its own (R405).

    ``rerank``: so many items (card 6: 50) are first found by words, then ordered by a model, or by ``score(task, texts)
    -> [M]``, an encoder say, higher is better. When the model gives nothing usable, or the score is no finite number
    for each text, the order by words stands, and the draft says so in a note.
    """

    gate: Gate = GATE
    weights: tuple[float, ...] = (-10.0, 10.0)
    axes: tuple[str, ...] = AXES
    policy: str = "orbit"
    examples: int = 3
    pool: int = 15
    case_chars: int = 1000
    rerank: int = 0
    score: Score | None = None

    needs = ("neighbours",)
    prompt = "generate_neighbours"
    more_prompts = ("rerank",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rerank and not self.pool <= self.rerank:
            raise SettingError(f"rerank={self.rerank}, pool={self.pool}", expected="0, or at least pool items")
        if self.score is not None and not self.rerank:
            raise SettingError("score is set and rerank is 0", expected="how many items to rerank, such as 50")

    @property
    def digest(self) -> str:
        """Settings and prompts; the score by its name, which is the same in every process."""
        name = getattr(self.score, "__qualname__", type(self.score).__qualname__) if self.score else ""
        plain = dataclasses.replace(self, score=None, axes=(*self.axes, f"score:{name}"))
        return settings_digest(plain, self.prompt, *self.more_prompts)

    async def prepare(self, material: Material, client: Client) -> Prepared:
        """Demonstrations, then loose items, reranked when there are more than are shown."""
        whole, rest = material.neighbours[: self.examples], material.neighbours[self.examples :]
        shown = [("task", material.prompt), *((f"example {k}", self._example(r)) for k, r in enumerate(whole, 1))]
        texts = list(dict.fromkeys(c.text for r in rest for c in r.leaves))
        if not texts or not self.pool:
            return Prepared(shown)
        scores = Words(texts).scores(material.prompt)
        near, usage, notes = top(scores, self.pool), Usage(), tuple[str, ...]()
        if self.rerank and len(texts) > self.pool:
            found = np.argsort(-scores, kind="stable")[: self.rerank].tolist()
            order, usage, notes = await self._reranked(material.prompt, [texts[i] for i in found], client)
            near = near if order is None else [found[i] for i in order]
        items = "\n".join(f"- {texts[i]}" for i in near)
        return Prepared([*shown, ("items of similar cases", items)] if near else shown, usage, notes=notes)

    async def _reranked(
        self, task: str, texts: list[str], client: Client
    ) -> tuple[list[int] | None, Usage, tuple[str, ...]]:
        """Places of the best ``pool`` texts; None and a note when there is no order to be had."""
        if self.score is not None:
            try:
                values = np.asarray(self.score(task, texts), dtype=np.float64)
            except CallError as error:
                return None, Usage(), (f"the items were not scored ({error.state}); they are ordered by words",)
            if values.shape != (len(texts),) or not np.isfinite(values).all():
                return None, Usage(), ("the score gave no number for each item; items are ordered by words",)
            return np.argsort(-values, kind="stable")[: self.pool].tolist(), Usage(), ()
        asked = await reranked(task, texts, client, most=self.pool, reasks=self.reasks, model=self.model,
                               temperature=self.temperature)  # fmt: skip
        if asked.error is not None:
            return None, asked.usage, (f"the items were not reranked ({asked.error.state}); they are ordered by words",)
        return asked.unwrap(), asked.usage, ()

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
