"""Principles about criteria (a meta-rubric), improved by a model from what a reviewer accepted and rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.errors import SettingError
from rubricate.llm.ask import Problem, ask_json
from rubricate.llm.client import Client, Request
from rubricate.llm.prompts import numbered, request
from rubricate.refine.human import Decision
from rubricate.refine.texts import text_fault


@dataclass(frozen=True)
class LlmPrinciples:
    """Asks for a better set of at most ``most`` principles: one more, one less, or one worded anew.

    A set that is the old one, an empty text, one that repeats or contradicts another, or quotes a criterion it was
    shown is asked for again; in the end it is a CallError. Card 8 (arXiv 2602.14069): the general meta-rubric evolves,
    people edit; no code was released.
    """

    client: Client
    most: int = 6
    reasks: int = 2
    model: str = ""
    temperature: float | None = 0.7

    def __post_init__(self) -> None:
        if self.most < 1:
            raise SettingError(f"most={self.most}", expected="1 or more")

    async def improve(self, principles: Sequence[str], decisions: Sequence[Decision]) -> tuple[str, ...]:
        """Another set of principles; CallError without a usable reply."""
        shown = [d.text for d in decisions]

        def read(value: Any) -> tuple[str, ...] | Problem:
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                return Problem('"principles" must be a list of texts')
            texts = tuple(v.strip() for v in value)
            if not 1 <= len(texts) <= self.most:
                return Problem(f"there must be 1 to {self.most} principles")
            if set(texts) == set(principles):
                return Problem("these are the old principles")
            faults = (text_fault(t, texts[:k], shown) for k, t in enumerate(texts))
            wrong = next((f for f in faults if f), "")
            return Problem(f"a principle cannot be used: {wrong}") if wrong else texts

        asked = await ask_json(
            self.client, self.request(principles, decisions), "principles", read, reasks=self.reasks
        )  # fmt: skip
        return asked.unwrap()

    def request(self, principles: Sequence[str], decisions: Sequence[Decision]) -> Request:
        """The request for a better set."""
        said = {"accept": "accepted", "reject": "rejected", "edit": "rejected as it stands"}
        blocks = numbered("principle", principles)
        for k, d in enumerate(decisions, 1):
            why = f"\nbecause: {d.reason}" if d.reason else ""
            blocks.append((f"{said[d.action]} criterion {k}", d.text + why))
        values = {"most": str(self.most)}
        return request("principles", values, blocks, model=self.model, temperature=self.temperature)
