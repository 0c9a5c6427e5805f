"""The one seam for model calls: a request goes in, a reply comes out, everything else is a wrapper.

A client has one async method, ``complete``. It raises ``CallError`` (with the verdict state it leads to) and never
returns a made-up reply. Wrappers (cache, retry, limits, caps) are clients around clients.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from rubricate.types import Message, Usage

ONE_CALL = Usage(calls=1)


@dataclass(frozen=True, slots=True)
class Request:
    """One chat request. ``schema`` is a JSON schema for the reply, ``sample`` an index that tells repeats apart.

    ``extra`` goes to the server as it is (``chat_template_kwargs``, ``reasoning_effort``, ...). ``tags`` are for
    wrappers and logs; they are not sent and do not enter the key.
    """

    messages: tuple[Message, ...]
    model: str = ""
    temperature: float | None = 0.0
    max_tokens: int | None = None
    seed: int | None = None
    n: int = 1
    top_logprobs: int = 0
    schema: str | None = None
    stop: tuple[str, ...] = ()
    sample: int = 0
    extra: tuple[tuple[str, Any], ...] = ()
    tags: tuple[str, ...] = ()

    def key(self, endpoint: str = "") -> str:
        """Content address: everything that can change the reply, the endpoint included; 32 hex digits."""
        content = (
            endpoint, self.model, self.temperature, self.max_tokens, self.seed, self.n, self.top_logprobs,
            self.schema, self.stop, self.sample, self.extra, [(m.role, m.content) for m in self.messages],
        )  # fmt: skip
        text = json.dumps(content, ensure_ascii=True, sort_keys=True, default=repr)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def ask_again(self, reply: str, complaint: str) -> Request:
        """The request of a second try: the unusable reply, then what was wrong with it."""
        more = (Message("assistant", reply[:4000] or "(empty)"), Message("user", complaint))
        return replace(self, messages=self.messages + more)


@dataclass(frozen=True, slots=True)
class Token:
    """A generated token: its text, log-probability, and the most likely tokens at its place (text -> logprob)."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. ``texts`` has one entry per choice; ``finish`` why each ended (stop, length, content_filter).

    ``notes`` lists what the server silently did not do (``no-logprobs``, ``no-schema``, ``fewer-choices``).
    """

    texts: tuple[str, ...]
    finish: tuple[str, ...] = ()
    model: str = ""
    usage: Usage = ONE_CALL
    tokens: tuple[tuple[Token, ...], ...] = ()
    notes: tuple[str, ...] = ()
    cached: bool = False

    @property
    def text(self) -> str:
        """The first choice."""
        return self.texts[0]


@runtime_checkable
class Client(Protocol):
    """Anything that completes requests. ``endpoint`` names where they go, for limits, cache keys and logs."""

    @property
    def endpoint(self) -> str:
        """Where requests go: a base url, or a name such as ``scripted``."""
        ...

    async def complete(self, request: Request) -> Reply:
        """One reply for one request; CallError when there is none."""
        ...
