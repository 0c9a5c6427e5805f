"""Whether a criterion clashes with one that is accepted, asked of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rubricate.errors import SettingError
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import last_object
from rubricate.llm.prompts import numbered, request

CLASHES = {"overlap": "overlaps with", "conflict": "conflicts with"}


@dataclass(frozen=True)
class LlmClash:
    """The ``clash`` of ``DecomposeFilter``: "" for none, else what the criterion overlaps or conflicts with.

    Overlap is at least ``share`` percent of what the criterion asks for. Card 17 (arXiv 2602.05125): 70, by a model.
    Another kind, or an accepted criterion that does not exist, is asked for again. Without a usable reply it is a
    CallError: no verdict, which ``DecomposeFilter`` keeps apart as ``undecided``. With nothing accepted nothing is
    asked.

    >>> import asyncio
    >>> from rubricate.llm.scripted import ScriptedClient
    >>> clash = LlmClash(ScriptedClient(lambda r: '{"clash": "overlap", "with": 1}'))
    >>> asyncio.run(clash("Cites a source.", ["Names where it is from."]))
    "overlaps with 'Names where it is from.'"
    """

    client: Client
    prompt: str = ""
    share: int = 70
    reasks: int = 2
    model: str = ""
    temperature: float | None = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 100:
            raise SettingError(f"share={self.share}", expected="a percentage above 0")

    async def __call__(self, text: str, accepted: Sequence[str]) -> str:
        """The clash of ``text`` with one of ``accepted``, or ""; CallError without a usable reply."""
        if not accepted:
            return ""

        def read(reply: Reply) -> str | Problem:
            found = last_object(reply.text, "clash")
            return Problem('it must be a JSON object with "clash"') if found is None else _reason(found, accepted)

        return (await ask(self.client, self.request(text, accepted), read, reasks=self.reasks)).unwrap()

    def request(self, text: str, accepted: Sequence[str]) -> Request:
        """The request about ``text``."""
        task = [("task", self.prompt)] if self.prompt else []
        blocks = [*task, ("new criterion", text), *numbered("accepted", accepted)]
        return request("clash", {"share": str(self.share)}, blocks, model=self.model, temperature=self.temperature)


def _reason(found: Mapping[str, Any], accepted: Sequence[str]) -> str | Problem:
    kind, place = found["clash"], found.get("with")
    if kind == "none" and place is None:
        return ""
    if not isinstance(kind, str) or kind not in CLASHES:
        return Problem('"clash" must be "overlap", "conflict" or "none", and "none" names no accepted criterion')
    if type(place) is not int or not 1 <= place <= len(accepted):
        return Problem(f'"with" must be the number of an accepted criterion, 1 to {len(accepted)}')
    return f"{CLASHES[kind]} {accepted[place - 1]!r}"
