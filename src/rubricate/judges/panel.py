"""A panel: several judges, or several models, about the same response; their verdicts pooled by criterion.

Protocol P11. What a panel gains depends on how far the errors of its members are their own: five voters at .70 reach
.84 with independent errors and .73 at error correlation .6 (catalogue's simulation). ``audit.panel_report`` measures
it on labelled verdicts. Cards 28, 77, 89, 140.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rubricate.errors import SettingError
from rubricate.judges.base import Judge, ask_all, needed, settings_digest, together
from rubricate.judges.conversation import Named
from rubricate.judges.pointwise import AT_ONCE, ONE_BY_ONE
from rubricate.judges.pool import check_pool, pool
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, Verdict


@dataclass(frozen=True)
class Member:
    """One voice: a judge, the model that it asks (a name of the endpoint or of a ``ClientTable``), and a weight."""

    judge: Judge
    model: str = ""
    weight: float = 1.0

    @property
    def name(self) -> str:
        """The model, or the class of the judge."""
        return self.model or type(self.judge).__name__


@register("judge", "panel")
@dataclass(frozen=True)
class Panel:
    """Asks every member about every criterion and pools by ``how``: vote, mean, median, lower, agreed, ...

    ``members`` are judges or ``Member``s; no two may be the same, since their verdicts would be. ``models`` is the
    short form: one judge (the first member) asked of each of these models. A vote needs an odd number. A member
    without a verdict leaves the panel for that criterion; fewer than ``floor`` give a state. The reason is that of the
    member nearest to the pooled value, then who answered what.
    """

    members: tuple[Judge | Member, ...] = (ONE_BY_ONE, AT_ONCE)
    models: tuple[str, ...] = ()
    how: Literal["mean", "median", "vote", "closest", "weighted", "lower", "agreed"] = "mean"
    floor: int = 1
    penalty: float = 1.0

    def __post_init__(self) -> None:
        voices = self.voices
        check_pool(self.how, len(voices), self.floor)
        kinds = [(m.judge.digest, m.model) for m in voices]
        if len(set(kinds)) < len(kinds):
            raise SettingError(
                f"two of {[m.name for m in voices]} are the same judge of the same model",
                expected="members that differ", hint="For several samples of one judge use ScoreIntegration",
            )  # fmt: skip
        if not all(m.weight > 0 for m in voices):
            raise SettingError(f"weights {[m.weight for m in voices]}", expected="weights above 0")

    @property
    def voices(self) -> tuple[Member, ...]:
        """The members as ``Member``s."""
        given = [m if isinstance(m, Member) else Member(m) for m in self.members]
        if not self.models:
            return tuple(given)
        if len(given) != 1:
            raise SettingError(
                f"{len(given)} members with models={self.models}", expected="one member, asked of each of the models"
            )
        return tuple(Member(given[0].judge, model, given[0].weight) for model in self.models)

    @property
    def needs_client(self) -> bool:
        """Whether any member calls a model."""
        return any(m.judge.needs_client for m in self.voices)

    @property
    def digest(self) -> str:
        """Settings and the digests of the members."""
        return settings_digest(self, *(m.judge.digest for m in self.voices))

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria together: members split them each in their own way."""
        return [tuple(criteria)] if criteria else []

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One pooled verdict per criterion, with the spread over the members."""
        table, digest = await self.ballots(sample, rubric, criteria, client), self.digest
        weights = [m.weight for m in self.voices]
        found = []
        for criterion, column in zip(criteria, zip(*table, strict=True), strict=True):
            verdict = pool(
                criterion, column, how=self.how, floor=self.floor, weights=weights, penalty=self.penalty, judge=digest
            )
            found.append(verdict._replace(reason=f"{verdict.reason} ({self._listed(column)})".lstrip()))
        return tuple(found)

    async def ballots(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> list[tuple[Verdict, ...]]:
        """The verdicts of each member, before they are pooled."""
        if self.needs_client:
            needed(client)
        own = [Named(client, m.model) if client is not None and m.model else client for m in self.voices]
        return await together(
            [ask_all(m.judge, sample, rubric, criteria, c) for m, c in zip(self.voices, own, strict=True)]
        )

    def _listed(self, verdicts: Sequence[Verdict]) -> str:
        said = (f"{v.value:g}" if v.value is not None else v.state.value for v in verdicts)
        return "; ".join(f"{m.name}={word}" for m, word in zip(self.voices, said, strict=True))
