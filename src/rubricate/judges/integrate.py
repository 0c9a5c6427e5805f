"""Score integration: ask a judge several times and pool the samples of each criterion.

Card 36 (arXiv 2509.24869): on a fine scale the mean or the median of many samples orders better than a vote. Protocol
P11. Errors that all samples share do not go away: a panel of different judges may do better at the same cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rubricate.errors import SettingError
from rubricate.judges.base import Judge, needed, settings_digest, together
from rubricate.judges.conversation import Numbered
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.judges.pool import check_pool, pool
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, Verdict

SAMPLED = PointwiseJudge(batch=1, temperature=0.6)  # card 36: T 0.6


@register("judge", "integrate")
@dataclass(frozen=True)
class ScoreIntegration:
    """Asks ``judge`` ``k`` times (the sample index is in the request's key) and pools by ``how``.

    mean, median, vote, closest, weighted, lower, agreed: see ``judges.pool.pool``. Samples without a value lower the
    number; fewer than ``floor`` give a state. ``penalty`` is the share of the deviation that "lower" takes off.
    """

    judge: Judge = SAMPLED
    k: int = 4
    how: Literal["mean", "median", "vote", "closest", "weighted", "lower", "agreed"] = "mean"
    floor: int = 1
    penalty: float = 1.0

    needs_client = True

    def __post_init__(self) -> None:
        check_pool(self.how, self.k, self.floor)
        if self.k > 1 and getattr(self.judge, "temperature", None) == 0.0:
            raise SettingError(
                f"{self.k} samples at temperature 0 of {type(self.judge).__name__}",
                expected="a judge with a temperature above 0", hint="For example temperature=0.6",
            )  # fmt: skip
        if not self.judge.needs_client:
            raise SettingError(f"{type(self.judge).__name__} gives the same verdict each time", expected="a model")

    @property
    def digest(self) -> str:
        """Settings and the digest of the judge inside."""
        return settings_digest(self, self.judge.digest)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """As the judge inside."""
        return self.judge.batches(criteria)

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One pooled verdict per criterion, with the spread over the samples."""
        base, digest = needed(client), self.digest
        asked = [
            self.judge.verdicts(sample, rubric, criteria, Numbered(base, index, self.k)) for index in range(self.k)
        ]
        columns = zip(*await together(asked), strict=True)
        return tuple(
            pool(criterion, column, how=self.how, floor=self.floor, penalty=self.penalty, judge=digest)
            for criterion, column in zip(criteria, columns, strict=True)
        )
