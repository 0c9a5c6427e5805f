"""What stands before the routes: keys, body size, pace, backpressure, and an orderly end. Plain ASGI, no buffering.

A request that was let in is answered: when the server stops, it refuses new work (503) and finishes the old.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from rubricate.serve.errors import ServeError
from rubricate.serve.telemetry import Telemetry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = ("/healthz", "/metrics")  # no key, no limits: probes and scrapers
PLAIN = ("/docs", "/openapi.json", "/redoc", "/docs/oauth2-redirect")


@dataclass(frozen=True)
class GuardSettings:
    """``keys``: accepted API keys (none: open). ``max_body`` bytes. ``per_minute`` requests of one key (or address).

    ``max_pending`` requests at once over all callers; one more is told to come back after ``retry_after`` seconds.
    """

    keys: tuple[str, ...] = ()
    max_body: int = 8 << 20
    per_minute: float | None = None
    max_pending: int = 512
    retry_after: float = 1.0


@dataclass
class Bucket:
    """A token bucket: ``rate`` a second, at most ``size`` saved up."""

    rate: float
    size: float
    level: float
    at: float

    def take(self, now: float) -> float:
        """0 when there was a token, else the seconds until there is one."""
        self.level = min(self.size, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level >= 1.0:
            self.level -= 1.0
            return 0.0
        return (1.0 - self.level) / self.rate


@dataclass
class Guard:
    """ASGI middleware around ``app``."""

    app: App
    settings: GuardSettings
    telemetry: Telemetry
    pending: int = 0
    draining: bool = False
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit or refuse a request; count it either way."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.pending += 1
        try:
            measured = self._admit(scope)
            await self.app(scope, receive if measured else await _read(receive, self.settings.max_body), counted)
        except ServeError as error:
            await error.response()(scope, receive, counted)
        finally:
            self.pending -= 1
            self.telemetry.request(scope["path"], status, time.perf_counter() - started)

    def _admit(self, scope: Scope) -> bool:
        """Whether the size of the body is known to be within its limit; ServeError when the request is refused."""
        headers = {k.lower(): v for k, v in scope["headers"]}
        caller = self._caller(scope, headers)
        settings = self.settings
        if self.draining:
            raise ServeError(503, "stopping", "the server is stopping", retry_after=settings.retry_after)
        if scope["path"] in PLAIN:
            return True
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > settings.max_body:
            raise too_large(settings.max_body)
        if settings.per_minute is not None:
            wait = self._bucket(caller).take(time.monotonic())
            if wait > 0:
                what = f"more than {settings.per_minute:g} requests a minute"
                raise ServeError(429, "too_many_requests", what, retry_after=wait)
        if self.pending > settings.max_pending:
            what = f"{settings.max_pending} requests are being answered"
            raise ServeError(429, "busy", what, hint="Come back later", retry_after=settings.retry_after)
        return length.isdigit() or scope["method"] in ("GET", "HEAD", "OPTIONS")

    def _caller(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        """Who calls: the digest of the key, or the address. ServeError without a valid key where one is needed."""
        client = scope.get("client") or ("?", 0)
        if not self.settings.keys:
            return str(client[0])
        given = headers.get(b"x-api-key", b"").decode("latin-1")
        kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        key = token.strip() if kind.lower() == "bearer" else given
        matches = [hmac.compare_digest(key.encode(), k.encode()) for k in self.settings.keys]
        if not any(matches):
            raise ServeError(401, "no_valid_key", "a valid API key is needed", hint="Send Authorization: Bearer KEY")
        return hashlib.sha256(key.encode()).hexdigest()

    def _bucket(self, caller: str) -> Bucket:
        rate = (self.settings.per_minute or 1.0) / 60.0
        if len(self._buckets) > 65536:
            self._buckets.clear()
        size = max(1.0, rate)
        return self._buckets.setdefault(caller, Bucket(rate, size, size, time.monotonic()))


async def _read(receive: Receive, most: int) -> Receive:
    """``receive`` for a body without a stated length: read here, so that it cannot grow past its limit."""
    parts: list[Message] = []
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise too_large(most)
        parts.append(message)
        more = bool(message.get("more_body", False))
    replay = iter(parts)

    async def again() -> Message:
        return next(replay, None) or await receive()

    return again


def too_large(most: int) -> ServeError:
    """413, with the limit."""
    return ServeError(413, "too_large", f"the body is larger than {most} bytes", hint="Send fewer responses at once")
