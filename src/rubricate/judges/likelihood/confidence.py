"""How sure a policy is of its own responses: a reward without a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rubricate.errors import UnknownNameError
from rubricate.judges.base import settings_digest
from rubricate.judges.likelihood.scoring import from_error, scorer_for, whole, with_usage
from rubricate.likelihood import CONFIDENCES, self_confidence
from rubricate.llm.client import Client
from rubricate.llm.prompts import fill
from rubricate.llm.scorers import Answer, Forced, TokenLogs, TokenScorer
from rubricate.registry import register
from rubricate.rubrics.model import Rubric
from rubricate.types import Sample, Verdict

ALL = 1 << 30


@register("judge", "self_confidence")
@dataclass(frozen=True)
class SelfConfidence:
    """Score of a response: a confidence of the policy in it, one of the forms of ``self_confidence``.

    ``self_certainty``, ``token_entropy`` and ``disparity`` read distributions: ``top`` tokens at each place, by default
    all (T x V numbers for a response of T tokens; a server gives a few, and then ``vocabulary`` is needed). The scorer
    is the policy. Such rewards sharpen what the policy believes, wrong beliefs too (card 118, arXiv 2603.08660).
    """

    scorer: TokenScorer | None = None
    kind: str = "self_certainty"
    top: int = ALL
    vocabulary: int | None = None
    form: str = "$task\n\n"

    def __post_init__(self) -> None:
        if self.kind not in CONFIDENCES:
            raise UnknownNameError.among("confidence", self.kind, CONFIDENCES)

    @property
    def needs_client(self) -> bool:
        """False with a scorer of its own."""
        return self.scorer is None

    @property
    def digest(self) -> str:
        """Settings and scorer."""
        return settings_digest(self)

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """One verdict per response, one at a time, since distributions are large; the cost is on the first."""
        scorer, judge = scorer_for(self.scorer, client), self.digest
        top = 0 if self.kind in ("trajectory_entropy", "probability") else self.top
        out: list[Verdict] = []
        cost: list[Answer] = []
        for sample in samples:
            item = Forced(fill(self.form, {"task": sample.task}), sample.response)
            answer = (await scorer.logprobs([item], top=top))[0]
            cost.append(answer)
            out.append(self._verdict(answer, judge))
        return with_usage(out, cost)

    def _verdict(self, answer: Answer, judge: str) -> Verdict:
        if not isinstance(answer, TokenLogs):
            return from_error(answer, judge)
        off = [0, len(answer.logp)]
        value = self_confidence(answer.logp, off, self.kind, top_logp=answer.top, vocabulary=self.vocabulary)
        return whole(float(value[0]), judge, f"{self.kind} over {off[1]} tokens")
