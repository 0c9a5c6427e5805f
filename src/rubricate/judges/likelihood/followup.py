"""What the user would say next: fixed follow-ups scored as the next turn, pleased ones against displeased ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.base import settings_digest
from rubricate.judges.likelihood.scoring import first_error, from_error, score_once, scorer_for, whole, with_usage
from rubricate.likelihood import followup_margin, reference_likelihood
from rubricate.llm.client import Client
from rubricate.llm.prompts import fill
from rubricate.llm.scorers import Answer, Forced, TokenScorer, ragged
from rubricate.registry import register
from rubricate.rubrics.model import Rubric
from rubricate.types import Sample, Verdict

FollowUps = tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]

FOLLOW_UPS: FollowUps = (
    ("relevance", ("That is just what I asked about.", "Yes, this answers my question."),
     ("That is not what I asked.", "You did not answer my question.")),
    ("understanding", ("You understood me well.", "Right, that is what I meant."),
     ("You misunderstood me.", "No, that is not what I meant.")),
    ("use", ("Thank you, this helps a lot.", "Great, I will try that."),
     ("This does not help me.", "I still do not know what to do.")),
    ("interest", ("Interesting, tell me more.", "Good point, and what else?"),
     ("This is boring.", "Let us talk about something else.")),
)  # fmt: skip


@register("judge", "follow_up")
@dataclass(frozen=True)
class FollowUpLikelihood:
    """Score of a response: mean over categories of (mean log p of pleased less of displeased follow-ups).

    ``follow_ups``: (category, pleased, displeased); the sets here are ours, the published ones were not at hand. Each
    is scored as the user's next turn (``form`` places ``$task`` and ``$response``), per token by default (``kind``,
    recalled). Card 59 (arXiv 2409.13948).
    """

    scorer: TokenScorer | None = None
    follow_ups: FollowUps = FOLLOW_UPS
    kind: str = "mean_logprob"
    form: str = "User: $task\n\nAssistant: $response\n\nUser:"

    def __post_init__(self) -> None:
        if self.kind not in ("mean_logprob", "logprob"):
            raise UnknownNameError.among("likelihood", self.kind, ("mean_logprob", "logprob"))
        if not self.follow_ups or not all(good for _, good, _ in self.follow_ups):
            raise SettingError("a category without pleased follow-ups", where="follow_ups", expected="one in each")

    @property
    def needs_client(self) -> bool:
        """False with a scorer of its own."""
        return self.scorer is None

    @property
    def digest(self) -> str:
        """Settings and scorer."""
        return settings_digest(self)

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """One verdict per response; what they cost together is on the first."""
        scorer, judge = scorer_for(self.scorer, client), self.digest
        rows = [(c, good, text) for c, pleased, displeased in self.follow_ups
                for good, side in ((True, pleased), (False, displeased)) for text in side]  # fmt: skip
        out: list[Verdict] = []
        cost: list[Answer] = []
        for sample in samples:  # one call per response: its follow-ups share the encoding of the dialogue
            prefix = fill(self.form, {"task": sample.task, "response": sample.response})
            items = [Forced(prefix, f" {text}") for _, _, text in rows]
            found = await score_once(scorer, items)
            answers = [found[item] for item in items]
            cost += found.values()
            error = first_error(answers)
            if error is not None:
                out.append(from_error(error, judge))
                continue
            logp = reference_likelihood(*ragged(answers), self.kind)
            positive, category = [good for _, good, _ in rows], [c for c, _, _ in rows]
            value = float(followup_margin(logp[None, :], positive, category)[0])
            best = int(np.argmax(logp))
            out.append(whole(value, judge, f"the likeliest follow-up is {rows[best][2]!r}"))
        return with_usage(out, cost)
