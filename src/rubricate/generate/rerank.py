"""Which of many texts that were found help most with a task, asked of a model. Card 6: 50 items found, 15 kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rubricate.llm.ask import Asked, Problem, ask_json
from rubricate.llm.client import Client
from rubricate.llm.prompts import numbered, request


async def reranked(
    task: str, texts: Sequence[str], client: Client, *, most: int, reasks: int = 2, model: str = "",
    temperature: float | None = None,
) -> Asked[list[int]]:  # fmt: skip
    """Places of at most ``most`` of ``texts``, the most helpful first, or the error of a model that gave no usable one.

    >>> import asyncio
    >>> from rubricate.llm.scripted import ScriptedClient
    >>> asked = asyncio.run(reranked("Tea?", ["a", "b", "c"], ScriptedClient(lambda r: '{"best": [3, 1]}'), most=2))
    >>> asked.result
    [2, 0]
    """

    def read(value: Any) -> list[int] | Problem:
        if not isinstance(value, list) or not all(type(n) is int and 1 <= n <= len(texts) for n in value):
            return Problem(f'"best" must be a list of numbers from 1 to {len(texts)}')
        if len(set(value)) < len(value):
            return Problem("a number stands twice")
        if not 1 <= len(value) <= most:
            return Problem(f'"best" must hold 1 to {most} numbers')
        return [n - 1 for n in value]

    blocks = [("task", task), *numbered("item", texts)]
    asked = request("rerank", {"most": str(most)}, blocks, model=model, temperature=temperature)
    return await ask_json(client, asked, "best", read, reasks=reasks)
