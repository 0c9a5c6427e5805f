"""Critique, then score: a model says what is good and bad about a response, a small head reads what it said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rubricate.errors import SettingError
from rubricate.judges.base import WHOLE, settings_digest
from rubricate.judges.layout import material
from rubricate.judges.learned.bradley_terry import BradleyTerry
from rubricate.judges.learned.features import hashed_words
from rubricate.judges.whole import WholeScore, whole_verdict
from rubricate.llm.ask import Asked, Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.prompts import fill, prompt_digest, template
from rubricate.rubrics.model import Rubric
from rubricate.rubrics.render import prompt_list
from rubricate.types import Message, Sample, State, Verdict

PARSER = "critique-1"


@dataclass(frozen=True)
class CritiqueThenScore(WholeScore):
    """``r(x, y) = theta . words(critique(x, y))``; the head is a Bradley-Terry model on critiques. Card 87 (MM-RLHF).

    The paper trains one model for both: cross-entropy on human critiques plus the Bradley-Terry loss of a head that
    reads them. Here the critic is any model behind the client, and only the head is trained (``fit``). arXiv
    2502.10391, recalled. The reason of a verdict is the critique.
    """

    head: BradleyTerry = field(default_factory=BradleyTerry)
    buckets: int = 512
    reasks: int = 1
    model: str = ""
    temperature: float | None = 0.0
    max_tokens: int | None = None
    seed: int | None = None
    prompt: str = "critique"
    fence_key: str = "rubricate"

    @property
    def digest(self) -> str:
        """Over settings, the fitted head, the prompt and the parser."""
        return settings_digest(self, prompt_digest(template(self.prompt)), PARSER)

    def fit(self, better: Sequence[str], worse: Sequence[str]) -> CritiqueThenScore:
        """A copy whose head was fitted on critiques of better and of worse responses, pair by pair."""
        x, y = (hashed_words(texts, self.buckets) for texts in (better, worse))
        return replace(self, head=self.head.fit(x, y))

    async def critique(self, sample: Sample, rubric: Rubric, client: Client) -> Asked[str]:
        """What the model says about a response; an empty or a cut-off critique is asked for again."""
        criteria = f"\nLook at these points:\n{prompt_list(rubric.leaves)}" if rubric.leaves else ""
        system = Message("system", fill(template(self.prompt), {"criteria": criteria}))
        request = Request(
            (system, Message("user", material(sample, self.fence_key))), model=self.model,
            temperature=self.temperature, max_tokens=self.max_tokens, seed=self.seed,
        )  # fmt: skip
        return await ask(client, request, _read, reasks=self.reasks)

    async def whole(self, sample: Sample, rubric: Rubric, client: Client | None) -> Verdict:
        """The head's score of the critique, or the state of the call that gave none."""
        if client is None or not self.head.theta:
            raise SettingError(
                "CritiqueThenScore needs a client and a fitted head", expected="judge.fit(better, worse) first"
            )
        asked = await self.critique(sample, rubric, client)
        if asked.error is not None:
            return Verdict(
                WHOLE, State(asked.error.state), reason=str(asked.error), judge=self.digest,
                attempts=asked.attempts, raw=asked.error.raw, usage=asked.usage,
            )  # fmt: skip
        text = asked.unwrap()
        score = float(self.head.score(hashed_words([text], self.buckets))[0])
        return whole_verdict(score, self.digest, reason=text, attempts=asked.attempts, usage=asked.usage)


def _read(reply: Reply) -> str | Problem:
    if reply.finish and reply.finish[0] == "length":
        return Problem("the critique was cut off")
    return reply.text.strip() or Problem("the critique is empty")
