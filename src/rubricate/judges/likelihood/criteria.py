"""Criteria by likelihood: how probable each offered answer is as the next words, and nothing is generated."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import rubricate.judges.layout as layout
from rubricate.errors import SettingError
from rubricate.judges.base import failed, settings_digest
from rubricate.judges.likelihood.scoring import first_error, score_once, scorer_for, spent
from rubricate.judges.markers import expected_score
from rubricate.llm.client import Client
from rubricate.llm.prompts import fill, prompt_digest, template
from rubricate.llm.scorers import Answer, Forced, TokenLogs, TokenScorer
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Verdict

WORDS = (("met", "yes"), ("not_met", "no"), ("partial", "partly"))


@register("judge", "likelihood")
@dataclass(frozen=True)
class LikelihoodJudge:
    """One response, any number of criteria: the answers of each criterion are scored as continuations.

    P(answer k) = exp(sum of its log-probabilities) over the sum for all answers offered (labels, or whole numbers up to
    ``max_answers``). ``value="expected"`` is the mean of the answers' values, ``"mode"`` the value of the likeliest.
    ``probability`` is P of the best answer on a binary scale P(met); ``spread`` the standard deviation; ``margin`` the
    log-probability of the best answer less that of the second. When the answers together hold less than ``least_mass``
    of the model's probability it was about to say something else: unreadable. ``words`` are the continuations that
    stand for labels. Without a ``scorer`` the client's completions endpoint is asked.

    Put in one call, the criteria of a response share its encoding (``LocalScorer``, or a server's prefix cache).
    """

    scorer: TokenScorer | None = None
    value: str = "expected"
    least_mass: float = 0.0
    max_answers: int = 11
    words: tuple[tuple[str, str], ...] = WORDS
    prompt: str = "judge_likelihood"
    fence_key: str = "rubricate"

    def __post_init__(self) -> None:
        if self.value not in ("expected", "mode") or not 0.0 <= self.least_mass < 1.0 or self.max_answers < 2:
            raise SettingError(
                f"{self!r}", expected="value expected or mode; least_mass in [0, 1); max_answers of 2 or more"
            )

    @property
    def needs_client(self) -> bool:
        """False with a scorer of its own."""
        return self.scorer is None

    @property
    def digest(self) -> str:
        """Settings, scorer and prompt texts."""
        return settings_digest(self, prompt_digest(template(self.prompt), template(f"{self.prompt}_criterion")))

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria of a response at once, so that they share what they have in common."""
        return [tuple(criteria)] if criteria else []

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion; what it all cost is on the first."""
        scorer, judge = scorer_for(self.scorer, client), self.digest
        guidelines = f"\n{rubric.guidelines}" if rubric.guidelines else ""
        material = layout.material(sample, self.fence_key)
        start = fill(template(self.prompt), {"guidelines": guidelines, "material": material})
        asked = [self._items(start, c) for c in criteria]
        found = await score_once(scorer, [item for items in asked for item in items.values()])
        out = [
            self._verdict(c, {label: found[item] for label, item in items.items()}, judge)
            for c, items in zip(criteria, asked, strict=True)
        ]
        return (out[0]._replace(usage=spent(found.values())), *out[1:])

    def _items(self, start: str, criterion: Criterion) -> dict[str, Forced]:
        """The continuation of each answer; none when there are too many of them."""
        said = self._said(criterion)
        question = fill(
            template(f"{self.prompt}_criterion"),
            {"criterion": layout.criterion_text(criterion), "answers": ", ".join(said.values())},
        )
        return {label: Forced(f"{start}\n{question}", f" {word}") for label, word in said.items()}

    def _said(self, criterion: Criterion) -> Mapping[str, str]:
        offered, words = layout.offered(criterion), dict(self.words)
        if not isinstance(offered, tuple):
            return {label: words.get(label, label) for label in offered}
        levels = _levels(offered, self.max_answers)
        return {f"{v:g}": f"{v:g}" for v in levels}

    def _verdict(self, criterion: Criterion, found: Mapping[str, Answer], judge: str) -> Verdict:
        if not found:
            return Verdict(
                criterion.id, State.ABSTAINED, judge=judge,
                reason=f"the scale offers more than {self.max_answers} answers, or numbers that are not whole",
            )  # fmt: skip
        error = first_error(list(found.values()))
        if error is not None:
            return failed([criterion], error, judge)[0]
        logs = {label: a.total for label, a in found.items() if isinstance(a, TokenLogs)}
        return self._read(criterion, logs, judge)

    def _read(self, criterion: Criterion, logs: Mapping[str, float], judge: str) -> Verdict:
        offered = layout.offered(criterion)
        values = [float(label) if isinstance(offered, tuple) else offered[label] for label in logs]
        logp = np.array(list(logs.values()))
        covered, order = float(np.exp(logp).sum()), np.argsort(-logp, kind="stable")
        best = list(logs)[order[0]]
        if not math.isfinite(logp.max()) or covered < self.least_mass:
            reason = f"the answers offered hold {covered:.2g} of the probability, less than {self.least_mass:g}"
            return Verdict(criterion.id, State.UNREADABLE, reason=reason, judge=judge)
        p = np.exp(logp - logp.max())
        mean, spread, total = (float(x[0]) for x in expected_score(p[None, :], values))
        met = p[list(logs).index("met")] if criterion.scale.kind == "binary" else p.max()
        return Verdict(
            criterion.id, State.SCORED, mean if self.value == "expected" else float(values[order[0]]), best,
            reason=f"the answers offered hold {covered:.2g} of the probability", probability=float(met / total),
            margin=float(logp[order[0]] - logp[order[1]]), spread=spread, judge=judge,
        )  # fmt: skip


@functools.lru_cache(maxsize=256)
def _levels(offered: tuple[float, float, bool], most: int) -> tuple[float, ...]:
    """The whole numbers of a scale; none when they are too many or other numbers are allowed."""
    low, high, whole = offered
    if not whole or high - low + 1 > most:
        return ()
    return tuple(float(v) for v in np.arange(low, high + 1))
