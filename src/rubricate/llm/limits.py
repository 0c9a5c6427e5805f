"""Limits of an endpoint, shared by every judge of the process that calls it.

Calls in flight, requests a minute and tokens a minute; ``adaptive`` lowers the number in flight on 429 and raises it
again while calls succeed. Slots are safe across event loops and threads, and a waiter that is cancelled or whose loop
has ended gives its place to the next.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from dataclasses import dataclass

from rubricate.errors import SettingError

Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


@dataclass(frozen=True)
class LimitSettings:
    """``in_flight`` calls at once; ``requests`` and ``tokens`` per minute (None: no limit); ``adaptive`` on 429."""

    in_flight: int = 64
    requests: float | None = None
    tokens: float | None = None
    adaptive: bool = True

    def __post_init__(self) -> None:
        if self.in_flight < 1 or any(v is not None and v <= 0 for v in (self.requests, self.tokens)):
            raise SettingError(f"{self!r}", expected="positive limits")


class Limits:
    """The live state of one endpoint's limits."""

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings
        self.allowed = float(settings.in_flight)
        self.in_flight = 0
        self.peak = 0
        self.lowered = 0
        self._waiting: deque[Waiter] = deque()
        self._lock = threading.Lock()
        self._free_at = {"requests": 0.0, "tokens": 0.0}
        self._last_cut = 0.0

    async def enter(self, tokens: int = 0) -> None:
        """Take a slot: first the pace (requests and tokens a minute), then a place in flight."""
        pause = self._pace(tokens)
        if pause > 0:
            await asyncio.sleep(pause)
        with self._lock:
            if self.in_flight < int(self.allowed) and not self._waiting:
                self._take()
                return
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.append((loop, future))
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the slot back; the next waiter gets it."""
        with self._lock:
            self.in_flight -= 1
            self._wake()

    def succeeded(self) -> None:
        """A call went well: an adaptive limit grows by one place for each full round of calls."""
        if self.allowed < self.settings.in_flight:
            with self._lock:
                self.allowed = min(self.settings.in_flight, self.allowed + 1.0 / max(1.0, self.allowed))
                self._wake()

    def throttled(self) -> None:
        """The server said 429: an adaptive limit falls by a third, at most once a second."""
        now = time.monotonic()
        with self._lock:
            if self.settings.adaptive and now - self._last_cut >= 1.0:
                self._last_cut = now
                self.lowered += 1
                self.allowed = max(1.0, self.allowed * 2.0 / 3.0)

    def _take(self) -> None:
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def _wake(self) -> None:
        while self._waiting and self.in_flight < int(self.allowed):
            loop, future = self._waiting.popleft()
            if future.done() or loop.is_closed():
                continue
            self._take()
            if _running() is loop:
                future.set_result(None)
            else:
                try:
                    loop.call_soon_threadsafe(self._grant, future)
                except RuntimeError:  # the loop closed in this moment: the place goes to the next waiter
                    self.in_flight -= 1

    def _grant(self, future: asyncio.Future[None]) -> None:
        if future.done():
            self.leave()
        else:
            future.set_result(None)

    def _pace(self, tokens: int) -> float:
        """Seconds to wait so that the minute's requests and tokens are kept, spread evenly."""
        wanted = {"requests": (1, self.settings.requests), "tokens": (tokens, self.settings.tokens)}
        if not any(limit for _, limit in wanted.values()):
            return 0.0
        now = time.monotonic()
        with self._lock:
            start = max([now, *(self._free_at[k] for k, (_, limit) in wanted.items() if limit)])
            for name, (amount, limit) in wanted.items():
                if limit:
                    self._free_at[name] = max(start, self._free_at[name]) + amount * 60.0 / limit
        return start - now


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


_shared: dict[str, Limits] = {}
_shared_lock = threading.Lock()


def shared(endpoint: str, settings: LimitSettings | None = None) -> Limits:
    """The limits of ``endpoint`` in this process; ``settings`` replace them when they differ."""
    limits = _shared.get(endpoint)
    if limits is not None and (settings is None or settings is limits.settings):
        return limits
    with _shared_lock:
        limits = _shared.get(endpoint)
        if limits is None or (settings is not None and settings != limits.settings):
            limits = _shared[endpoint] = Limits(settings or LimitSettings())
        return limits


def _after_fork() -> None:
    global _shared_lock
    _shared_lock = threading.Lock()
    _shared.clear()


os.register_at_fork(after_in_child=_after_fork)
