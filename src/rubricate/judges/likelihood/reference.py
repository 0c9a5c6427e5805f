"""How likely a response's reasoning makes the reference answer; for verifiable and for open answers alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.base import settings_digest
from rubricate.judges.likelihood.scoring import (
    first_error,
    from_error,
    score_once,
    scorer_for,
    whole,
    with_usage,
    without,
)
from rubricate.likelihood import LIKELIHOODS, reference_likelihood
from rubricate.llm.client import Client
from rubricate.llm.prompts import fill
from rubricate.llm.scorers import Answer, Forced, TokenScorer, ragged
from rubricate.registry import register
from rubricate.rubrics.model import Rubric
from rubricate.types import Sample, State, Verdict

BASELINES = ("none", "no_reasoning", "masked")


@register("judge", "reference_likelihood")
@dataclass(frozen=True)
class ReferenceLikelihood:
    """Score of a response: the likelihood of its sample's reference behind its reasoning, less that of a baseline.

    score = clip(L(reference | task, reasoning) - L(reference | task, baseline)), L one of the ``kind``s of
    ``reference_likelihood`` with its ``floor``. The reasoning is the response up to and with ``cut`` (what follows is
    replaced by the reference); without ``cut`` the whole response. ``baseline``: none, ``no_reasoning`` (``cut`` alone)
    or ``masked`` (every word of the reasoning replaced by ``mask``). ``form`` and ``target`` place ``$task``,
    ``$reasoning``, ``$reference``; write a chat template there for a policy that was trained with one.

    The reward is a plain number (``reward_grad=False``): a trainer that also differentiates it adds a supervised step
    on the reference. A reasoning that quotes the reference scores high without deriving it: ``max_leak`` abstains above
    that share of quoted word triples. Cards 21 (arXiv 2602.03979), 138 (arXiv 2506.18254: mean_prob, no_reasoning,
    clip (0, 1)), 55 (masked).
    """

    scorer: TokenScorer | None = None
    kind: str = "mean_prob"
    baseline: str = "none"
    clip: tuple[float, float] | None = None
    floor: float | None = None
    cut: str = "<answer>"
    form: str = "$task\n\n$reasoning"
    target: str = "$reference"
    mask: str = "_"
    max_leak: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in LIKELIHOODS:
            raise UnknownNameError.among("likelihood", self.kind, LIKELIHOODS)
        if self.baseline not in BASELINES:
            raise UnknownNameError.among("baseline", self.baseline, BASELINES)
        if self.clip is not None and self.clip[0] >= self.clip[1]:
            raise SettingError(f"clip={self.clip}", expected="(low, high) with low < high")

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
        plans = [self._plan(sample, judge) for sample in samples]
        items = [item for plan in plans if not isinstance(plan, Verdict) for item in plan]
        found = await score_once(scorer, items)
        out = []
        for sample, plan in zip(samples, plans, strict=True):
            if isinstance(plan, Verdict):
                out.append(plan)
            else:
                out.append(self._verdict(sample, [found[item] for item in plan], judge))
        return with_usage(out, found.values())

    def _plan(self, sample: Sample, judge: str) -> tuple[Forced, ...] | Verdict:
        """The texts to score: behind the reasoning, and behind the baseline; or why there is nothing to score."""
        if not sample.reference:
            return without(State.ABSTAINED, judge, "the sample has no reference")
        reasoning = _reasoning(sample.response, self.cut)
        if reasoning is None:
            return without(State.UNREADABLE, judge, f"there is no {self.cut} in the response")
        leak = leaked_share(reasoning, sample.reference)
        if self.max_leak is not None and leak > self.max_leak:
            return without(State.ABSTAINED, judge, f"{leak:.0%} of the reference stands in the reasoning")
        texts = [reasoning]
        if self.baseline != "none":
            body = reasoning.removesuffix(self.cut)
            texts.append((re.sub(r"\S+", self.mask, body) if self.baseline == "masked" else "") + self.cut)
        target = fill(self.target, {"reference": sample.reference})
        return tuple(Forced(fill(self.form, {"task": sample.task, "reasoning": text}), target) for text in texts)

    def _verdict(self, sample: Sample, answers: Sequence[Answer], judge: str) -> Verdict:
        error = first_error(answers)
        if error is not None:
            return from_error(error, judge)
        logp, off = ragged(answers)
        value = reference_likelihood(logp, off, self.kind, floor=self.floor)
        score = float(value[0] - value[1]) if len(value) > 1 else float(value[0])
        if self.clip is not None:
            score = float(np.clip(score, *self.clip))
        base = f", {value[1]:.4g} without it" if len(value) > 1 else ""
        leak = leaked_share(_reasoning(sample.response, self.cut) or "", sample.reference or "")
        told = f"{off[1]} tokens, {leak:.0%} of the reference quoted"
        return whole(score, judge, f"{self.kind} {value[0]:.4g} behind the reasoning{base}; {told}")


def leaked_share(text: str, reference: str, n: int = 3) -> float:
    """Share of the reference's different runs of ``n`` words that stand in a text; shorter references count whole.

    >>> leaked_share("so it is four red apples", "four red apples fall"), leaked_share("it is 42", "42")
    (0.5, 1.0)
    """
    words, said = re.findall(r"\w+", reference.casefold()), re.findall(r"\w+", text.casefold())
    size = min(n, len(words))
    if size == 0:
        return 0.0
    grams = {tuple(words[k : k + size]) for k in range(len(words) - size + 1)}
    quoted = {tuple(said[k : k + size]) for k in range(len(said) - size + 1)}
    return len(grams & quoted) / len(grams)


def _reasoning(response: str, cut: str) -> str | None:
    """The response up to and with the last ``cut``; None where it has none."""
    if not cut:
        return response
    at = response.rfind(cut)
    return None if at < 0 else response[: at + len(cut)]
