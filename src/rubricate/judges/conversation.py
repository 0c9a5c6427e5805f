"""Clients around the client of a judge: what makes a judge ask again, in context, or of another model.

A judge takes its client with each question, so a protocol of several turns or samples is a judge inside with a client
that changes its requests. Whatever judge is inside, its parser, its limits and its way of asking again stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from rubricate.errors import CallError, SettingError
from rubricate.judges.base import failed, spent
from rubricate.llm.ask import Asked
from rubricate.llm.client import Client, Reply, Request
from rubricate.rubrics.model import Criterion
from rubricate.types import Message, Usage, Verdict

_ENDED_EARLY = ("content_filter",)


@dataclass(frozen=True)
class Numbered:
    """Sample ``index`` of ``of``: requests get the sample number ``sample * of + index``, and their own seed.

    The first sample of a plain request is the plain request, so a cache serves it.
    """

    client: Client
    index: int
    of: int

    @property
    def endpoint(self) -> str:
        """The endpoint of the client inside."""
        return self.client.endpoint

    async def complete(self, request: Request) -> Reply:
        """The reply to the numbered request."""
        number = request.sample * self.of + self.index
        seed = None if request.seed is None else request.seed + self.index
        return await self.client.complete(replace(request, sample=number, seed=seed))


@dataclass(frozen=True)
class Named:
    """Every request goes to the model (or the client of a ``ClientTable``) called ``name``."""

    client: Client
    name: str

    @property
    def endpoint(self) -> str:
        """The endpoint of the client inside."""
        return self.client.endpoint

    async def complete(self, request: Request) -> Reply:
        """The reply of the model called ``name``."""
        return await self.client.complete(replace(request, model=self.name))


@dataclass(frozen=True)
class Inserted:
    """Every request gets ``turns`` after its first ``at`` messages: 1 puts them before the question, 2 after it."""

    client: Client
    turns: tuple[Message, ...]
    at: int

    @property
    def endpoint(self) -> str:
        """The endpoint of the client inside."""
        return self.client.endpoint

    async def complete(self, request: Request) -> Reply:
        """The reply in context."""
        messages = request.messages[: self.at] + self.turns + request.messages[self.at :]
        return await self.client.complete(replace(request, messages=messages))


@dataclass(frozen=True)
class Continued:
    """Every reply is thought over: the end of thinking is cut off ``times`` times and ``word`` written in its place.

    The server must go on writing an assistant message that it is given: ``extra`` holds the fields that ask for it
    (vLLM's by default). Thinking stops early at ``max_thinking`` completion tokens. The usage counts every call.
    CallError (truncated) when the verdict's own call ends early is the judge's business, as ever.
    """

    client: Client
    times: int
    word: str = "Wait"
    max_thinking: int = 8192
    tags: tuple[str, str] = ("<think>", "</think>")
    extra: tuple[tuple[str, object], ...] = (("add_generation_prompt", False), ("continue_final_message", True))

    def __post_init__(self) -> None:
        if self.times < 0 or self.max_thinking < 1:
            raise SettingError(f"{self!r}", expected="times >= 0 and max_thinking >= 1")

    @property
    def endpoint(self) -> str:
        """The endpoint of the client inside."""
        return self.client.endpoint

    async def complete(self, request: Request) -> Reply:
        """Think, go on ``times`` times, then have the verdict written; the text holds the thinking."""
        opening, closing = self.tags
        thought, usage, left = opening, Usage(), self.max_thinking
        for turn in range(self.times + 1):
            if turn:
                thought += f"\n{self.word}"
            asked = replace(self._going_on(request, thought), stop=(closing,), max_tokens=left, schema=None)
            reply = await self._one(asked, usage)
            usage += reply.usage
            thought += reply.text.split(closing)[0].rstrip()
            left -= reply.usage.completion_tokens
            if left < 1 or reply.finish[:1] == ("length",):
                break
        final = await self._one(self._going_on(request, f"{thought}\n{closing}\n"), usage)
        text = f"{thought}\n{closing}\n{final.text}"
        return replace(final, texts=(text,), usage=usage + final.usage)

    def _going_on(self, request: Request, begun: str) -> Request:
        messages = (*request.messages, Message("assistant", begun))
        return replace(request, messages=messages, extra=request.extra + self.extra)

    async def _one(self, request: Request, usage: Usage) -> Reply:
        """One call; its error counts the calls before it, and a refusal ends the thinking."""
        try:
            reply = await self.client.complete(request)
        except CallError as error:
            error.attempts += usage.calls
            raise
        if reply.finish[:1] == _ENDED_EARLY:
            raise CallError("the content filter cut in", state="refused", raw=reply.text, attempts=usage.calls + 1)
        return reply


def one_turn(judge: Any) -> None:
    """Refuse a judge that holds a conversation of its own inside another one: their turns would be mixed up."""
    inner: list[Any] = [getattr(judge, f.name) for f in fields(judge)] if is_dataclass(judge) else []
    if getattr(judge, "turns", 1) > 1:
        raise SettingError(
            f"{type(judge).__name__} inside a judge of several turns", expected="a judge of one turn inside",
            hint="Put ScoreIntegration, Panel or ConditionedJudge outside, or choose one protocol of several turns",
        )  # fmt: skip
    for part in inner:
        for one in part if isinstance(part, tuple) else (part,):
            one_turn(one)


def without_first_turn(criteria: Sequence[Criterion], first: Asked[Any], judge: str) -> tuple[Verdict, ...]:
    """Verdicts without a value, because an earlier turn gave nothing: its state, its reason, its usage."""
    assert first.error is not None
    lost = failed(criteria, first.error, judge)
    return spent([v._replace(reason=f"first turn: {v.reason}") for v in lost], first.usage)
