"""One layer for everything that happens around a call: limits, retries, deadlines, the breaker, caps.

A retry gives its slot back while it sleeps. There is one retry budget for a run, so a dead endpoint is not asked
thousands of times; the breaker then ends the rest at once. Nothing here invents a reply: what cannot be had is a
``CallError`` whose state says why.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field, replace

from rubricate.errors import BudgetError, CallError, SettingError
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.limits import Limits, LimitSettings, shared
from rubricate.types import Usage


@dataclass(frozen=True)
class CallSettings:
    """How calls are made. Times in seconds.

    ``attempts`` per question; ``timeout`` of one attempt; ``deadline`` of one question over all attempts and pauses,
    waiting for a slot apart; ``run_deadline`` of the whole run. ``backoff`` doubles up to ``backoff_cap``, with full
    jitter; Retry-After is obeyed up to the deadline. ``retry_share`` retries are allowed per call made, after
    ``retry_start`` free ones. ``breaker`` failures in a row without a success open the breaker for ``cooldown``.
    ``max_calls``, ``max_tokens``, ``max_cost`` cap the run.
    """

    attempts: int = 4
    timeout: float = 60.0
    deadline: float = 180.0
    run_deadline: float | None = 24 * 3600.0
    backoff: float = 0.5
    backoff_cap: float = 20.0
    retry_share: float = 0.5
    retry_start: int = 64
    breaker: int = 50
    cooldown: float = 30.0
    max_calls: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    limits: LimitSettings | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.attempts < 1 or min(self.timeout, self.deadline, self.backoff) <= 0:
            raise SettingError(f"{self!r}", expected="attempts >= 1 and positive times")


@dataclass
class Ledger:
    """What a run has spent and what went wrong, by kind."""

    usage: Usage = field(default_factory=Usage)
    retries: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def note(self, error: CallError) -> None:
        """Count an error by its HTTP status or state."""
        kind = f"http_{error.status}" if error.status else error.state
        self.errors[kind] = self.errors.get(kind, 0) + 1


class Calls:
    """A client with limits, retries, deadlines, breaker and caps around another client."""

    def __init__(self, client: Client, settings: CallSettings | None = None) -> None:
        self.client = client
        self.settings = settings or CallSettings()
        self.ledger = Ledger()
        self._row = 0
        self._open_until = 0.0
        self._capped = any(
            cap is not None for cap in (self.settings.max_calls, self.settings.max_tokens, self.settings.max_cost)
        )
        self._random = random.Random(self.settings.seed)

    @property
    def endpoint(self) -> str:
        """The endpoint of the client inside."""
        return self.client.endpoint

    @property
    def limits(self) -> Limits:
        """The limits that all judges of this process share for the endpoint."""
        return shared(self.endpoint, self.settings.limits)

    async def complete(self, request: Request) -> Reply:
        """A reply, after as many attempts as the settings allow; CallError otherwise."""
        spent, attempt = 0.0, 0
        while True:
            attempt += 1
            self._check_caps()
            started = time.monotonic()
            try:
                reply = await self._attempt(request, self.settings.deadline - spent)
                return reply if attempt == 1 else replace(reply, usage=reply.usage + Usage(calls=attempt - 1))
            except CallError as error:
                spent += min(time.monotonic() - started, self.settings.timeout)
                error.attempts = attempt
                pause = self._pause(error, attempt, spent)
                if pause is None:
                    raise
            await asyncio.sleep(pause)
            spent += pause

    async def _attempt(self, request: Request, left: float) -> Reply:
        settings, limits = self.settings, self.limits
        await limits.enter(_tokens(request) if limits.settings.tokens else 0)
        try:
            async with asyncio.timeout(min(settings.timeout, left)):
                reply = await self.client.complete(request)
        except TimeoutError:
            error = CallError(
                f"no reply within {min(settings.timeout, left):g} s",
                state="timed_out",
                retryable=True,
                where=self.endpoint,
            )
            self._failed(error)
            raise error from None
        except CallError as error:
            self._failed(error)
            raise
        finally:
            limits.leave()
        limits.succeeded()
        self._row = 0
        self.ledger.usage += reply.usage
        return reply

    def _failed(self, error: CallError) -> None:
        self.ledger.note(error)
        self.ledger.usage += Usage(calls=1)
        if error.status == 429:
            self.limits.throttled()
        if error.state in ("failed", "timed_out"):
            self._row += 1
            if self._row >= self.settings.breaker:
                self._open_until = time.monotonic() + self.settings.cooldown
                self._row = self.settings.breaker - 1  # one more failure after the pause opens it again

    def _pause(self, error: CallError, attempt: int, spent: float) -> float | None:
        """Seconds to sleep before the next attempt; None when there is to be none."""
        settings = self.settings
        allowed = settings.retry_start + settings.retry_share * self.ledger.usage.calls
        if not error.retryable or attempt >= settings.attempts or self.ledger.retries >= allowed:
            return None
        pause = self._random.uniform(0.5, 1.0) * min(settings.backoff_cap, settings.backoff * 2 ** (attempt - 1))
        if error.retry_after is not None:
            pause = max(error.retry_after, 0.0) * self._random.uniform(1.0, 1.1)
        if spent + pause >= settings.deadline:
            return None
        self.ledger.retries += 1
        return pause

    def _check_caps(self) -> None:
        settings, used, now = self.settings, self.ledger.usage, time.monotonic()
        if now < self._open_until:
            raise BudgetError(
                f"{settings.breaker} calls in a row failed, so this endpoint is left alone for {settings.cooldown:g} s",
                where=self.endpoint,
                hint="Check that the server is up; the verdicts can be asked again by resuming the run",
            )
        if settings.run_deadline is not None and now - self.ledger.started > settings.run_deadline:
            raise BudgetError(f"the run's time of {settings.run_deadline:g} s is used up", state="timed_out")
        if not self._capped:
            return
        tokens = used.prompt_tokens + used.completion_tokens
        for name, cap, value in (
            ("max_calls", settings.max_calls, used.calls),
            ("max_tokens", settings.max_tokens, tokens),
            ("max_cost", settings.max_cost, used.cost),
        ):
            if cap is not None and value >= cap:
                raise BudgetError(f"the cap {name}={cap:g} is reached", hint="Raise it and resume the run")


def _tokens(request: Request) -> int:
    """Rough size of a request for the tokens-a-minute limit: characters / 4 plus what it may generate."""
    return sum(len(m.content) for m in request.messages) // 4 + (request.max_tokens or 256)
