"""Ask a model for JSON with a bounded number of tries; what cannot be used is told back to it, and in the end to us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from rubricate.errors import CallError
from rubricate.llm.client import Client, Request
from rubricate.llm.parse import last_object

T = TypeVar("T")


async def ask_json(client: Client, request: Request, key: str, read: Callable[[Any], T | str], *, reasks: int = 2) -> T:
    """What ``read`` makes of the value under ``key`` in the reply.

    ``read`` returns its result, or a sentence that says what is wrong; then the model is asked again with that
    sentence, at most ``reasks`` times. CallError (state unreadable) when no reply was usable.
    """
    asking = request
    for attempt in range(reasks + 1):
        reply = await client.complete(asking)
        found = last_object(reply.text, key)
        problem: str = f"the reply holds no complete JSON object with {key!r}"
        if found is not None:
            result = read(found[key])
            if not isinstance(result, str):
                return result
            problem = result
        if attempt == reasks:
            raise CallError(
                f"no usable reply after {attempt + 1} tries: {problem}", state="unreadable", raw=reply.text,
                attempts=attempt + 1, hint="Look at the raw reply; another model or fewer passages may help",
            )  # fmt: skip
        asking = request.ask_again(reply.text, f"That reply cannot be used: {problem}. Reply again with the JSON only.")
    raise AssertionError("unreachable")
