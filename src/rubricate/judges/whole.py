"""Judges that give one number for a response as a whole: reward models behind the protocols of judges.

As a ``GroupJudge`` they score each response (criterion ``WHOLE``). As a ``Judge`` they answer a rubric of one
criterion, whose scale has to hold the score.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from rubricate.errors import SettingError
from rubricate.judges.base import WHOLE
from rubricate.llm.client import Client
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Verdict


class WholeScore:
    """What a judge of whole responses shares; a subclass is a frozen dataclass with ``digest`` and ``whole``."""

    needs_client = True

    async def whole(self, sample: Sample, rubric: Rubric, client: Client | None) -> Verdict:
        """The verdict about one response, criterion ``WHOLE``."""
        raise SettingError(f"{type(self).__name__} does not say how it scores", expected="a method 'whole'")

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """One batch of one criterion. Raises SettingError for more: the score is about the response as a whole."""
        if len(criteria) > 1:
            raise SettingError(
                f"{type(self).__name__} scores a response as a whole and was given {len(criteria)} criteria",
                expected="a rubric of one criterion",
                hint="Scale it as points, such as 'points -20-20' for raw rewards",
            )
        return [tuple(criteria)] if criteria else []

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """The score as the verdict of the one criterion; a score outside its scale is no verdict (unreadable)."""
        return tuple([
            within(await self.whole(sample, rubric, client), criterion)
            for batch in self.batches(criteria)
            for criterion in batch
        ])  # fmt: skip

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """One verdict (criterion ``WHOLE``) per response, in their order."""
        return tuple(await asyncio.gather(*(self.whole(s, rubric, client) for s in samples)))


def within(verdict: Verdict, criterion: Criterion) -> Verdict:
    """``verdict`` under the criterion's id; a value that the scale does not offer becomes ``unreadable``."""
    found: dict[str, Any] = {"criterion": criterion.id}
    scale, value = criterion.scale, verdict.value
    if value is not None and not scale.admits(value):
        found |= {
            "state": State.UNREADABLE, "value": None, "raw": repr(value),
            "reason": f"the score {value:g} is not on the scale of {criterion.id!r} "
            f"({scale.kind} {scale.min:g} to {scale.max:g}); use a 'points' scale that holds it",
        }  # fmt: skip
    return verdict._replace(**found)


def whole_verdict(value: float, judge: str, **more: Any) -> Verdict:
    """A scored verdict about the response as a whole."""
    return Verdict(WHOLE, State.SCORED, value, judge=judge, **more)
