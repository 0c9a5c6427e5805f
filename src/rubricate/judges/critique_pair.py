"""Critique, then score: each response is criticised by itself, then scored with the critique at hand.

Card 87 (MM-RLHF, arXiv 2502.10391, recalled): a reward model writes a critique, then a score head reads it. Here both
are calls to a chat model (``CritiqueThenScore`` has a trained head). Two scores are compared, so no position can favour
a side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import rubricate.judges.layout as layout
import rubricate.judges.pair_layout as pair_layout
from rubricate.errors import SettingError
from rubricate.judges.asking import Asking
from rubricate.judges.base import WHOLE, failed, settings_digest
from rubricate.judges.orders import resolve_even
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import Answer, parse_verdicts, strip_reasoning
from rubricate.llm.prompts import fill, prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.scale import Scale
from rubricate.types import Message, Sample, State, Usage, Verdict

PARSER = "critique-1"


@register("judge", "critique_pair")
@dataclass(frozen=True)
class CritiquePairJudge(Asking):
    """Two calls per response: a critique in free text, then a whole number in [low, high].

    ``compare``: ``(s_first - s_second) / (high - low)`` in [-1, 1], order "apart"; ``even`` as in ``PairwiseJudge``.
    ``rank``: the score of each response. The critique is the reason of the verdict. A response without a critique or
    without a score is a state.
    """

    low: int = 1
    high: int = 10
    even: str = "tie"

    def __post_init__(self) -> None:
        if not self.low < self.high or self.even not in ("tie", "missing") or self.reasks < 0:
            raise SettingError(f"{self!r}", expected="low < high, even tie or missing, reasks >= 0")

    @property
    def digest(self) -> str:
        """Settings, prompt texts and parser version."""
        return settings_digest(self, prompt_digest(template("critique"), template("critique_score")), PARSER)

    async def compare(
        self, first: Sample, second: Sample, rubric: Rubric, client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict about the whole: which response has the higher score."""
        pair_layout.shared_blocks((first, second))
        a, b = await self.rank((first, second), rubric, client)
        usage = (a.usage or Usage()) + (b.usage or Usage())
        for side, verdict in (("first", a), ("second", b)):
            if verdict.value is None:
                reason = f"{side}: {verdict.reason}"
                return (verdict._replace(reason=reason, order="apart", usage=usage),)
        gap = ((a.value or 0.0) - (b.value or 0.0)) / (self.high - self.low)
        both = a._replace(
            value=gap,
            label=f"{a.label}/{b.label}",
            reason=f"first: {a.reason}\nsecond: {b.reason}",
            order="apart",
            attempts=a.attempts + b.attempts,
            usage=usage,
        )
        return (resolve_even(both, self.even),)

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """The score of each response, in [low, high]."""
        return tuple([await self.score(s, rubric, client) for s in samples])

    async def score(self, sample: Sample, rubric: Rubric, client: Client | None) -> Verdict:
        """Criticise one response, then score it."""
        if client is None:
            raise SettingError("this judge calls a model and got no client", expected="client=HttpClient(...)")
        scale = Scale(kind="ordinal", min=self.low, max=self.high)
        question = Criterion(id=WHOLE, text="Score.", scale=scale)
        blocks = [*pair_layout.shared_blocks((sample,)), *_response(sample)]
        wrote = await ask(client, self._request("critique", blocks, rubric), _critique, reasks=self.reasks)
        if wrote.error is not None:
            return failed([question], wrote.error, self.digest)[0]._replace(usage=wrote.usage)
        critique = wrote.unwrap()
        request = self._request("critique_score", [*blocks, ("critique", critique)], rubric, question)
        scored = await ask(client, request, lambda reply: _score(reply, question), reasks=self.reasks)
        usage = wrote.usage + scored.usage
        if scored.error is not None:
            return failed([question], scored.error, self.digest)[0]._replace(usage=usage)
        answer = scored.unwrap()
        return Verdict(WHOLE, State.SCORED, answer.value, answer.label, critique, judge=self.digest,
                       attempts=wrote.attempts + scored.attempts, usage=usage)  # fmt: skip

    def _request(
        self, name: str, blocks: list[tuple[str, str]], rubric: Rubric, question: Criterion | None = None
    ) -> Request:
        weigh = f"\n{pair_layout.weighed(rubric)}"
        system = Message("system", fill(template(name), {"criteria": weigh}))
        fenced = pair_layout.fence_blocks(blocks, self.fence_key)
        asked = (question,) if question else ()
        return self.to_request(
            layout.messages(system, fenced, asked),
        )


def _response(sample: Sample) -> list[tuple[str, str]]:
    return [*((f"step {k}", s.text) for k, s in enumerate(sample.steps, 1)), ("response", sample.response)]


def _critique(reply: Reply) -> str | Problem:
    if reply.finish[:1] in (("length",), ("content_filter",)):
        return Problem("it was cut off before its end")
    return strip_reasoning(reply.text).strip() or Problem("there is no critique in it")


def _score(reply: Reply, question: Criterion) -> Answer | Problem:
    parsed = parse_verdicts(reply.text, {question.id: layout.offered(question)})
    if question.id in parsed.problems:
        return Problem(parsed.problems[question.id])
    answer = parsed.answers[question.id]
    return answer if answer.value is not None else Problem("a number is asked for")
