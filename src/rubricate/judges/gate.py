"""A program decides where it can tell two responses apart; only else the judge is asked.

Card 8 (OpenRS, arXiv 2602.14069, code read): for tasks with a ground truth a verifier marks each answer; if the marks
differ they decide, else the comparison goes through. The released code checks the first constraint only and runs
model-written code outside a sandbox; here every verifier of the rubric counts, and programs are registered verifiers.
"""

from __future__ import annotations

from dataclasses import dataclass

from rubricate.errors import SettingError
from rubricate.judges.base import WHOLE, PairJudge, settings_digest
from rubricate.judges.programs import by_program
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.rubrics.model import Rubric
from rubricate.types import Sample, State, Verdict


@register("judge", "verifier_gate")
@dataclass(frozen=True)
class VerifierGate:
    """A pair judge behind the verifiers of the rubric: ``sign(sum w_k (share_k(first) - share_k(second)))`` if not 0.

    ``margin``: how much the weighted mean must differ to decide. A decision is one verdict about the whole, 1 or -1,
    with order "program" and no call. Equal marks, a mark that a program could not give, and a
    rubric without verifiers fall through to the judge.
    """

    judge: PairJudge
    margin: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.margin < 1.0:
            raise SettingError(f"margin={self.margin}", expected="a number in [0, 1)")

    @property
    def needs_client(self) -> bool:
        """As the judge inside."""
        return self.judge.needs_client

    @property
    def digest(self) -> str:
        """The digest of the judge inside, marked."""
        return settings_digest(self, self.judge.digest)

    async def compare(
        self, first: Sample, second: Sample, rubric: Rubric, client: Client | None
    ) -> tuple[Verdict, ...]:
        """The verdict of the programs, or the verdicts of the judge."""
        programs = [c for c in rubric.leaves if c.verifier is not None]
        found = [by_program(first, second, c) for c in programs]
        if all(v.scored for v in found):
            mass = sum(abs(c.weight) for c in programs)
            gap = sum(abs(c.weight) * (v.value or 0.0) for c, v in zip(programs, found, strict=True))
            gap = gap / mass if mass else 0.0
            if abs(gap) > self.margin + 1e-12:
                reason = "; ".join(f"[{v.criterion}] {v.reason}" for v in found if v.value)
                value = 1.0 if gap > 0 else -1.0
                return (Verdict(WHOLE, State.SCORED, value, reason=reason, judge=self.digest, order="program"),)
        return await self.judge.compare(first, second, rubric, client)
