"""Numbers for Prometheus: requests, verdicts by state, rewards given and not given, work in hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from rubricate.rewarder import Scored

ROUTES = (
    "/v1/score", "/v1/rewards", "/v1/compare", "/v1/rubrics", "/get_reward", "/rm", "/verify", "/seed_session",
    "/close_session", "/aggregate_metrics", "/reverify_mode", "/classify",
)  # fmt: skip
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0)


class Telemetry:
    """The metrics of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("rubricate_requests", "Requests.", ["route", "status"], registry=self.registry)
        self._seconds = Histogram(
            "rubricate_request_seconds", "Time to answer.", ["route"], registry=self.registry, buckets=_SECONDS
        )
        self._verdicts = Counter("rubricate_verdicts", "Verdicts by state.", ["state"], registry=self.registry)
        self._rewards = Counter("rubricate_rewards", "Responses by outcome.", ["code"], registry=self.registry)
        self._calls = Counter("rubricate_judge_calls", "Calls to the judge's model.", registry=self.registry)
        self._tokens = Counter("rubricate_judge_tokens", "Tokens of those calls.", ["kind"], registry=self.registry)
        self.pending = Gauge("rubricate_pending_requests", "Requests being answered.", registry=self.registry)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request; unknown paths share one name, so that no caller can grow the table."""
        name = route if route in ROUTES else "other"
        self._requests.labels(name, str(status)).inc()
        self._seconds.labels(name).observe(seconds)

    def scored(self, results: Iterable[Scored]) -> None:
        """Count what became of responses."""
        for result in results:
            self._rewards.labels(result.code).inc()
            for verdict in result.verdicts:
                self._verdicts.labels(str(verdict.state)).inc()
            self._calls.inc(result.usage.calls)
            self._tokens.labels("prompt").inc(result.usage.prompt_tokens)
            self._tokens.labels("completion").inc(result.usage.completion_tokens)

    def page(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
