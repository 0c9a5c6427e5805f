"""A mixture of judges: each question to the judge that a rule or a learned router chooses; and judges that abstain.

Protocols P12 (a stronger judge for what the first one leaves open) and P19 (threshold on uncertainty, always reported
with its coverage: ``audit.risk_coverage``). Cards 103 (router), 203 (threshold), 32 and 140 (spread).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rubricate.errors import SettingError
from rubricate.judges.base import Judge, ask_all, settings_digest, together
from rubricate.judges.learned import Router
from rubricate.judges.pointwise import AT_ONCE
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Usage, Verdict


@dataclass(frozen=True)
class Route:
    """``judge`` for the questions that fit all that is said here; what is left empty fits everything.

    ``tags``: the criterion carries one of them. ``criteria``: ids. ``scales``: kinds of scale. ``axes``. ``metadata``:
    pairs that the sample's metadata hold. ``reference``: whether the sample has a reference.
    """

    judge: Judge
    tags: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    metadata: tuple[tuple[str, Any], ...] = ()
    reference: bool | None = None

    def fits(self, sample: Sample, criterion: Criterion) -> bool:
        """Whether a question goes this way."""
        return (
            (not self.tags or bool(set(self.tags) & set(criterion.tags)))
            and (not self.criteria or criterion.id in self.criteria)
            and (not self.scales or criterion.scale.kind in self.scales)
            and (not self.axes or criterion.axis in self.axes)
            and all(sample.metadata.get(key) == value for key, value in self.metadata)
            and (self.reference is None or self.reference == (sample.reference is not None))
        )


@register("judge", "routed")
@dataclass(frozen=True)
class RoutedJudge:
    """The first of ``routes`` that fits a criterion of a response decides who judges it; ``otherwise`` the rest."""

    routes: tuple[Route, ...] = ()
    otherwise: Judge = AT_ONCE

    @property
    def judges(self) -> tuple[Judge, ...]:
        """All judges, in the order of the routes."""
        return (*(r.judge for r in self.routes), self.otherwise)

    @property
    def needs_client(self) -> bool:
        """Whether any of them calls a model."""
        return any(j.needs_client for j in self.judges)

    @property
    def digest(self) -> str:
        """Settings and the digests of the judges."""
        return settings_digest(self, *(j.digest for j in self.judges))

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria together: the routes split them."""
        return [tuple(criteria)] if criteria else []

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion, each signed by the judge that gave it."""
        places = [next((k for k, r in enumerate(self.routes) if r.fits(sample, c)), -1) for c in criteria]
        return await _split(places, self.judges, sample, rubric, criteria, client)


@register("judge", "learned_route")
@dataclass(frozen=True)
class LearnedRoute:
    """The judge of a response is the one that a fitted ``Router`` chooses from features of the sample; card 103.

    ``features`` makes numbers of samples ([N, F] for N samples); it is a function of a module or a frozen value, and
    its name is part of the digest. Task k of the router goes to ``judges[k]``.
    """

    router: Router
    judges: tuple[Judge, ...]
    features: Callable[[Sequence[Sample]], ArrayLike]

    def __post_init__(self) -> None:
        tasks = len(self.router.weights[0]) if self.router.weights else 0
        if tasks != len(self.judges):
            raise SettingError(
                f"a router of {tasks} tasks and {len(self.judges)} judges", expected="one judge per task",
                hint="Fit the router first: Router().fit(features, task)",
            )  # fmt: skip

    @property
    def needs_client(self) -> bool:
        """Whether any of them calls a model."""
        return any(j.needs_client for j in self.judges)

    @property
    def digest(self) -> str:
        """The router, the name of the features and the digests of the judges."""
        own = getattr(self.features, "__qualname__", None)
        name = repr(self.features) if own is None else f"{self.features.__module__}.{own}"
        return settings_digest(_Plain(self.router, name), *(j.digest for j in self.judges))

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria of a response together: one judge decides them all."""
        return [tuple(criteria)] if criteria else []

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """The verdicts of the chosen judge; SettingError for features that are no numbers."""
        row = np.asarray(self.features([sample]), dtype=np.float64)
        if not np.isfinite(row).all():
            raise SettingError(f"features {row.tolist()}", where=f"sample {sample.id!r}", expected="finite numbers")
        chosen = int(self.router.route(row)[0])
        return await ask_all(self.judges[chosen], sample, rubric, criteria, client)


@dataclass(frozen=True)
class _Plain:
    router: Router
    features: str


@register("judge", "selective")
@dataclass(frozen=True)
class SelectiveJudge:
    """``judge``, whose verdicts count only where it is sure enough; the rest abstains, or goes to ``otherwise``.

    ``max_spread``: largest standard deviation, as a share of the scale. ``min_confidence``: smallest max(P, 1 - P) of a
    binary criterion, smallest covered mass or share of votes of the others. ``min_margin``: smallest size of the log
    margin. A verdict that does not carry what a threshold needs is not sure enough. The value that was dropped stays
    in the reason. Choose thresholds on other data than you report on, and report coverage with them.
    """

    judge: Judge
    max_spread: float | None = None
    min_confidence: float | None = None
    min_margin: float | None = None
    otherwise: Judge | None = None

    def __post_init__(self) -> None:
        if self.max_spread is None and self.min_confidence is None and self.min_margin is None:
            raise SettingError("no threshold", expected="max_spread, min_confidence or min_margin")

    @property
    def needs_client(self) -> bool:
        """Whether one of the two calls a model."""
        return self.judge.needs_client or (self.otherwise is not None and self.otherwise.needs_client)

    @property
    def digest(self) -> str:
        """Settings and the digests of the judges."""
        return settings_digest(self, self.judge.digest, self.otherwise.digest if self.otherwise else "")

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """As the judge inside; all together when there is a second judge."""
        if self.otherwise is None:
            return self.judge.batches(criteria)
        return [tuple(criteria)] if criteria else []

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """The verdicts that are sure enough, those of ``otherwise`` for what is open, abstained ones for the rest."""
        found = {v.criterion: v for v in await ask_all(self.judge, sample, rubric, criteria, client)}
        doubts = {c.id: self.doubt(c, found[c.id]) for c in criteria}
        unsure = [c for c in criteria if doubts[c.id] or (self.otherwise and not found[c.id].scored)]
        if self.otherwise is not None and unsure:
            for second in await ask_all(self.otherwise, sample, rubric, unsure, client):
                first = found[second.criterion]
                usage = (first.usage or Usage()) + (second.usage or Usage())
                said = f"after {doubts[second.criterion] or first.state}"
                found[second.criterion] = second._replace(usage=usage, reason=f"{second.reason} ({said})".strip())
        elif unsure:
            for criterion in unsure:
                found[criterion.id] = _abstained(found[criterion.id], doubts[criterion.id])
        return tuple(found[c.id] for c in criteria)

    def doubt(self, criterion: Criterion, verdict: Verdict) -> str:
        """Why a verdict with a value is not sure enough; empty when it is, or has no value anyway."""
        if not verdict.scored:
            return ""
        width = criterion.scale.max - criterion.scale.min
        spread = None if verdict.spread is None else verdict.spread / width
        confidence = verdict.probability
        if confidence is not None and criterion.scale.kind == "binary":
            confidence = max(confidence, 1.0 - confidence)
        margin = None if verdict.margin is None else abs(verdict.margin)
        return (
            _above(self.max_spread, spread, "spread")
            or _below(self.min_confidence, confidence, "confidence")
            or _below(self.min_margin, margin, "margin")
        )


def _above(limit: float | None, x: float | None, name: str) -> str:
    if limit is None or (x is not None and x <= limit):
        return ""
    return f"no {name} came with the verdict" if x is None else f"{name} {x:.3g} above {limit:g}"


def _below(limit: float | None, x: float | None, name: str) -> str:
    if limit is None or (x is not None and x >= limit):
        return ""
    return f"no {name} came with the verdict" if x is None else f"{name} {x:.3g} below {limit:g}"


def _abstained(verdict: Verdict, doubt: str) -> Verdict:
    reason = f"{doubt}; it said {verdict.value:g}: {verdict.reason}".rstrip(": ")
    return verdict._replace(state=State.ABSTAINED, value=None, label=None, reason=reason)


async def _split(
    places: Sequence[int],
    judges: Sequence[Judge],
    sample: Sample,
    rubric: Rubric,
    criteria: Sequence[Criterion],
    client: Client | None,
) -> tuple[Verdict, ...]:
    parts = {k: [c for c, place in zip(criteria, places, strict=True) if place == k] for k in dict.fromkeys(places)}
    asked = await together([ask_all(judges[k], sample, rubric, part, client) for k, part in parts.items()])
    found = {v.criterion: v for verdicts in asked for v in verdicts}
    return tuple(found[c.id] for c in criteria)
