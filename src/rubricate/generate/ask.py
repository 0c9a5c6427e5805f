"""Ask a model for JSON with a bounded number of tries; what cannot be used is told back to it, and in the end to us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from rubricate.llm.ask import Asked, Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import last_object

T = TypeVar("T")


async def ask_json(
    client: Client, request: Request, key: str, read: Callable[[Any], T | Problem], *, reasks: int = 2
) -> Asked[T]:
    """What ``read`` makes of the value under ``key`` in the reply.

    ``read`` returns its result, or a ``Problem``; then the model is asked again with that sentence, at most ``reasks``
    times. Without a usable reply the outcome holds the error (unreadable, truncated, refused, ...).
    """

    def from_reply(reply: Reply) -> T | Problem:
        found = last_object(reply.text, key)
        if found is None:
            return Problem(f"the reply holds no complete JSON object with {key!r}")
        return read(_sound(found[key]))

    return await ask(client, request, from_reply, reasks=reasks)


def _sound(value: Any) -> Any:
    """The value with half characters (lone surrogates, which JSON can write and no text can hold) replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_sound(v) for v in value]
    return {_sound(k): _sound(v) for k, v in value.items()} if isinstance(value, dict) else value
