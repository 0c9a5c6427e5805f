"""What goes wrong with real endpoints, on purpose and at a known rate, in process or behind HTTP.

Whole requests fail by one draw per question; ``left_out`` and ``wrong_choice`` spoil single verdicts of a reply. A
*passing* fault draws anew at every try; a *staying* one hits the same question, or the same criterion of the same
response, every time, also when it is asked again in other company or after a complaint. Every draw is a hash of seed
and content, so it does not depend on the order in which requests arrive.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import last_object
from rubricate.llm.scripted import hashed, read_prompt

Mode = Literal["passing", "staying"]
ITEM_KINDS = ("left_out", "wrong_choice")
REQUEST_KINDS = (
    "rate_limit", "server_error", "drop", "hang", "bad_json", "truncated", "cut_json", "refusal", "empty",
)  # fmt: skip
NEVER_OFFERED = "never_offered"
_MEMORY = 65536


@dataclass(frozen=True)
class Faults:
    """Rates in [0, 1] by kind of fault, per request.

    ``rate_limit``: 429 with Retry-After ``retry_after`` seconds. ``server_error``: 500. ``drop``: the connection ends
    without a response. ``hang``: no answer until the client gives up. ``bad_json``: a sentence without JSON.
    ``truncated`` and ``cut_json``: half of the reply, with finish reason length or stop. ``refusal``: content filter.
    ``empty``: no text. ``left_out``: one criterion is missing. ``wrong_choice``: a verdict that was never offered.

    ``mode`` "staying" decides by the system and the first user message, so a second try with a complaint fails too;
    ``left_out`` and ``wrong_choice`` are then rates per criterion and response.
    """

    rate_limit: float = 0.0
    server_error: float = 0.0
    drop: float = 0.0
    hang: float = 0.0
    bad_json: float = 0.0
    truncated: float = 0.0
    cut_json: float = 0.0
    refusal: float = 0.0
    empty: float = 0.0
    left_out: float = 0.0
    wrong_choice: float = 0.0
    mode: Mode = "passing"
    seed: int = 0
    retry_after: float = 1.0

    def __post_init__(self) -> None:
        rates = [getattr(self, k) for k in REQUEST_KINDS + ITEM_KINDS]
        if min(rates) < 0 or sum(rates) > 1 + 1e-9 or self.mode not in ("passing", "staying") or self.retry_after < 0:
            raise SettingError(
                f"{self!r}", expected="rates >= 0 that sum to at most 1, mode passing or staying, retry_after >= 0"
            )

    @classmethod
    def parse(cls, rates: Iterable[str], *, mode: Mode = "passing", seed: int = 0, retry_after: float = 1.0) -> Faults:
        """Faults from ``kind=rate`` texts, as a command line gives them.

        >>> Faults.parse(["rate_limit=.05", "empty=0.01"]).rate_limit
        0.05
        """
        values: dict[str, float] = {}
        for text in rates:
            kind, _, rate = text.partition("=")
            if kind not in REQUEST_KINDS + ITEM_KINDS:
                raise UnknownNameError.among("fault", kind, REQUEST_KINDS + ITEM_KINDS)
            try:
                values[kind] = float(rate)
            except ValueError:
                raise SettingError(f"the fault {text!r} has no rate", expected=f"{kind}=0.05") from None
        return cls(mode=mode, seed=seed, retry_after=retry_after, **values)

    def decide(self, request: Request, turn: int = 0) -> str | None:
        """The kind of fault that hits this request, or None. ``turn`` counts the tries of one question."""
        draw = hashed("request", str(self.seed), self._turn(turn), question(request))
        passing = self.mode == "passing"
        for kind in REQUEST_KINDS + ITEM_KINDS if passing else REQUEST_KINDS:
            draw -= getattr(self, kind)
            if draw < 0:
                return kind if kind in REQUEST_KINDS or read_prompt(request) else None
        return None if passing else next(iter(self._stuck(request).values()), None)

    def spoil(self, kind: str, reply: Reply, request: Request, turn: int = 0) -> Reply:
        """The reply as a fault of this kind leaves it; unchanged for kinds that come without a reply."""
        if kind == "bad_json":
            return replace(reply, texts=("The response looks fine to me.",) * len(reply.texts))
        if kind in ("truncated", "cut_json"):
            reply = replace(reply, texts=tuple(map(_cut, reply.texts)))
            return replace(reply, finish=("length",) * len(reply.texts)) if kind == "truncated" else reply
        if kind == "refusal":
            return replace(reply, texts=("",) * len(reply.texts), finish=("content_filter",) * len(reply.texts))
        if kind == "empty":
            return replace(reply, texts=("",) * len(reply.texts))
        if kind in ITEM_KINDS:
            items = self._one(kind, request, turn) if self.mode == "passing" else self._stuck(request)
            return replace(reply, texts=tuple(_without(text, items) for text in reply.texts))
        return reply

    def error(self, kind: str, where: str) -> CallError | None:
        """What an HTTP client raises for a fault of this kind; None when it gets a reply or waits."""
        if kind == "rate_limit":
            what = "HTTP 429: the rate limit is reached (injected)"
            return CallError(what, status=429, retry_after=self.retry_after, retryable=True, where=where)
        if kind == "server_error":
            return CallError("HTTP 500: the server failed (injected)", status=500, retryable=True, where=where)
        if kind == "drop":
            return CallError("the server closed the connection (injected)", retryable=True, where=where)
        if kind == "refusal":
            return CallError("the model refused", state="refused", where=where)
        return None

    def _turn(self, turn: int) -> str:
        return str(turn) if self.mode == "passing" else "always"

    def _one(self, kind: str, request: Request, turn: int) -> dict[str, str]:
        """The one criterion of this request that a passing fault hits."""
        parts = read_prompt(request)
        names = [c.id for c in parts.criteria] if parts else []
        place = hashed("place", str(self.seed), self._turn(turn), question(request))
        return {names[int(place * len(names))]: kind} if names else {}

    def _stuck(self, request: Request) -> dict[str, str]:
        """The criteria of this request that staying faults hit, with the kind of each."""
        parts = read_prompt(request) if self.left_out or self.wrong_choice else None
        if parts is None:
            return {}
        items: dict[str, str] = {}
        for criterion in parts.criteria:
            draw = hashed("criterion", str(self.seed), criterion.id, parts.response)
            if draw < self.left_out + self.wrong_choice:
                items[criterion.id] = "left_out" if draw < self.left_out else "wrong_choice"
        return items


def question(request: Request) -> str:
    """What stays the same when a question is asked again: the messages up to the first of the user."""
    first = next((k for k, m in enumerate(request.messages) if m.role == "user"), len(request.messages) - 1)
    return "\x1e".join(f"{m.role}\x1f{m.content}" for m in request.messages[: first + 1])


def _cut(text: str) -> str:
    """The first half of the text, ending inside its JSON when it has any."""
    end = text.rfind("}")
    return text[: (end if end >= 0 else len(text)) // 2]


def _without(text: str, items: Mapping[str, str]) -> str:
    """A judge's reply with some verdicts left out or never offered; other replies stay."""
    whole = last_object(text, "verdicts")
    if whole is None or not isinstance(whole["verdicts"], list):
        return text
    verdicts = []
    for entry in whole["verdicts"]:
        kind = items.get(str(entry.get("id"))) if isinstance(entry, dict) else None
        if kind != "left_out":
            verdicts.append({**entry, "verdict": NEVER_OFFERED} if kind else entry)
    return json.dumps({**whole, "verdicts": verdicts})


class Turns:
    """How often each question has been asked. A full table is emptied: questions then start over."""

    def __init__(self) -> None:
        self._asked: dict[int, int] = {}

    def next(self, request: Request) -> int:
        """0 at the first time of this question, 1 at the second, ..."""
        if len(self._asked) >= _MEMORY:
            self._asked.clear()
        key = hash(question(request))
        turn = self._asked[key] = self._asked.get(key, -1) + 1
        return turn


class FaultyClient:
    """A client around a client that fails as an HTTP client sees its server fail. ``counts`` has faults by kind."""

    def __init__(self, client: Client, faults: Faults) -> None:
        self.client, self.faults = client, faults
        self.counts: dict[str, int] = {}
        self._turns = Turns()

    @property
    def endpoint(self) -> str:
        """The endpoint of the client inside."""
        return self.client.endpoint

    async def complete(self, request: Request) -> Reply:
        """The reply, a spoilt reply, a CallError, or nothing until the caller gives up."""
        turn = self._turns.next(request)
        kind = self.faults.decide(request, turn)
        if kind is None:
            return await self.client.complete(request)
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == "hang":
            await asyncio.get_running_loop().create_future()
        error = self.faults.error(kind, self.endpoint)
        if error is not None:
            raise error
        return self.faults.spoil(kind, await self.client.complete(request), request, turn)
