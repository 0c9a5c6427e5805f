"""Ask a model until its reply can be used, a bounded number of times; what stays unusable is an error, not a guess.

``read`` turns a reply into a result, or into a ``Problem``: a sentence that the model is told before it is asked again.
Judges turn the error into a verdict with its state, generators raise it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from rubricate.errors import CallError, SettingError
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import last_object
from rubricate.types import Usage

T = TypeVar("T")

_ENDED = {"length": "truncated", "content_filter": "refused"}


class Problem(NamedTuple):
    """What is wrong with a reply, as a sentence that the model can act on."""

    text: str


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """How asking ended: a ``result``, or an ``error`` with its state; ``usage`` counts every try."""

    result: T | None
    error: CallError | None
    reply: Reply | None
    usage: Usage
    attempts: int

    def unwrap(self) -> T:
        """The result; raises the error when there is none."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


async def ask(client: Client, request: Request, read: Callable[[Reply], T | Problem], *, reasks: int = 2) -> Asked[T]:
    """Ask, read, and ask again with what was wrong, at most ``reasks`` times.

    The error's state is that of the call, or ``truncated`` or ``refused`` when the last reply ended so, else
    ``unreadable``. A call that fails is not repeated here: retries are the client's. A refusal is not repeated either.

    >>> import asyncio
    >>> from rubricate.llm.scripted import ScriptedClient
    >>> from rubricate.types import Message
    >>> def number(reply): return int(reply.text) if reply.text.isdigit() else Problem("that is no whole number")
    >>> client = ScriptedClient(lambda r: "four" if len(r.messages) == 1 else "4")
    >>> asked = asyncio.run(ask(client, Request((Message("user", "2 + 2?"),)), number))
    >>> asked.result, asked.attempts, asked.usage.calls
    (4, 2, 2)
    """
    if reasks < 0:
        raise SettingError(f"reasks={reasks}", expected="0 or more")
    usage, asking = Usage(), request
    for attempt in range(1, reasks + 2):
        try:
            reply = await client.complete(asking)
        except CallError as error:
            return Asked(None, error, None, usage + Usage(calls=error.attempts), attempt)
        usage += reply.usage
        found = read(reply)
        if not isinstance(found, Problem):
            return Asked(found, None, reply, usage, attempt)
        state = _ENDED.get(reply.finish[0] if reply.finish else "", "unreadable")
        if state == "refused" or attempt > reasks:
            unusable = CallError(
                f"no usable reply after {attempt} tries: {found.text}", state=state, raw=reply.text, attempts=attempt,
                hint="Look at the raw reply; another model, or a shorter task, may help",
            )  # fmt: skip
            return Asked(None, unusable, reply, usage, attempt)
        brief = " Keep it short: the last reply was cut off." if state == "truncated" else ""
        asking = request.ask_again(reply.text, f"That reply cannot be used: {found.text}.{brief} Reply again as asked.")
    raise AssertionError("unreachable")


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
        plain = reply.text.isascii() and "\\u" not in reply.text  # then there is no half character to be found
        return read(found[key] if plain else _sound(found[key]))

    return await ask(client, request, from_reply, reasks=reasks)


def _sound(value: Any) -> Any:
    """The value with half characters (lone surrogates, which JSON can write and no text can hold) replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_sound(v) for v in value]
    return {_sound(k): _sound(v) for k, v in value.items()} if isinstance(value, dict) else value
