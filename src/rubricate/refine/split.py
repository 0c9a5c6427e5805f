"""A criterion split in two by a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.llm.ask import Problem, ask_json
from rubricate.llm.client import Client, Request
from rubricate.llm.prompts import numbered, request


@dataclass(frozen=True)
class LlmSplitter:
    """Asks for ``children`` finer criteria, shown the task, the answers that satisfy the coarse one, and what is there.

    A reply with another number of texts, an empty one, a repeated one or the parent itself is asked for again; in the
    end it is a CallError. Card 17: two children.
    """

    client: Client
    prompt: str
    answers: tuple[str, ...]
    children: int = 2
    reasks: int = 2
    model: str = ""
    temperature: float | None = 0.7

    async def split(self, text: str, answers: Sequence[int], accepted: Sequence[str]) -> Sequence[str]:
        """Finer criteria in place of ``text``; CallError without a usable reply."""

        def read(values: Any) -> list[str] | Problem:
            if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
                return Problem('"children" must be a list of texts')
            texts = [v.strip() for v in values]
            if len(set(texts)) != self.children or text.strip() in texts or len(texts) != self.children:
                return Problem(f"there must be {self.children} different children, none of them the criterion itself")
            return texts

        asking = self.request(text, answers, accepted)
        asked = await ask_json(self.client, asking, "children", read, reasks=self.reasks)
        return asked.unwrap()

    def request(self, text: str, answers: Sequence[int], accepted: Sequence[str]) -> Request:
        """The request for the children of ``text``."""
        blocks = [("task", self.prompt), ("criterion", text)]
        blocks += [*numbered("answer", [self.answers[k] for k in answers]), *numbered("accepted", accepted)]
        values = {"children": str(self.children)}
        return request("split", values, blocks, model=self.model, temperature=self.temperature)
