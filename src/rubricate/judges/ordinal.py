"""The ordinal judge: one criterion a call, a rating of one token, and the expected score over all rating tokens.

``value = sum_k v_k p_k`` over the rating tokens where the rating stands, with its standard deviation. Responses that
get the same likeliest rating still differ, which is what a group of close responses needs. Protocol P2 of the judge
catalogue; cards 32, 203 (ratings), 71 (yes and no), 195 (reflection tokens).
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

import rubricate.judges.layout as layout
from rubricate.errors import CallError, SettingError
from rubricate.judges.asking import Asking
from rubricate.judges.base import chunks, failed, needed, settings_digest
from rubricate.judges.markers import Marked, expected_score, read_reply, surface
from rubricate.llm.ask import Asked, Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import strip_reasoning
from rubricate.llm.prompts import fill, prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Message, Sample, State, Verdict

PARSER = "ordinal-1"
LINE = "score:"
_SCORE = re.compile(r"score:\s*(.*)", re.IGNORECASE | re.DOTALL)


@register("judge", "ordinal")
@dataclass(frozen=True)
class OrdinalJudge(Asking):
    """Rates one response by one criterion a call; the value is the expectation over the rating tokens.

    ``reasons``: let it think aloud first; the tokens after a long reasoning are saturated, and the expectation then
    says little more than the rating. ``top``: how many log-probabilities to ask for. ``min_covered``: the mass that
    the ratings must hold together. ``without_logprobs``: what to do where they are missing or hold less, "fail" (no
    value; the reason says what to do) or "label" (the value of the rating that was written). ``calibrate``: divide by
    the probabilities for an empty response (held at ``prior_floor`` or more) and normalise again, at a second call.
    """

    reasons: bool = False
    top: int = 20
    min_covered: float = 0.5
    without_logprobs: Literal["fail", "label"] = "fail"
    calibrate: bool = False
    prior_floor: float = 0.01
    prompt: str = "ordinal"

    def __post_init__(self) -> None:
        good = self.top >= 1 and 0.0 <= self.min_covered <= 1.0 and 0.0 < self.prior_floor <= 1.0 and self.reasks >= 0
        if not good or self.without_logprobs not in ("fail", "label"):
            raise SettingError(
                f"{self!r}",
                expected="top >= 1, min_covered in [0, 1], prior_floor in (0, 1], without_logprobs fail or label",
            )

    @property
    def digest(self) -> str:
        """Settings, prompt text and parser version."""
        return _digest(self)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """One criterion a call."""
        return chunks(criteria, 1)

    def request(self, sample: Sample, rubric: Rubric, criterion: Criterion) -> Request:
        """The request for one criterion of one response."""
        reasons = " Give your reasons in a few sentences first." if self.reasons else ""
        text = fill(template(self.prompt), {"reasons": reasons})
        system = Message("system", f"{text}\n{rubric.guidelines}" if rubric.guidelines else text)
        question = "\n".join(
            (layout.material(sample, self.fence_key), layout.criterion_text(criterion), ratings_text(criterion))
        )
        return self.to_request((system, Message("user", question)), top_logprobs=self.top)

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion: expected value, spread, and P(met) or the covered mass as ``probability``."""
        return tuple([await self._one(sample, rubric, criterion, needed(client)) for criterion in criteria])

    async def _one(self, sample: Sample, rubric: Rubric, criterion: Criterion, client: Client) -> Verdict:
        asked = await self._ask(sample, rubric, criterion, client)
        if asked.error is not None:
            return failed((criterion,), asked.error, self.digest)[0]._replace(usage=asked.usage)
        usage, marker = asked.usage, asked.unwrap()
        found = self._read(asked, criterion)
        if self.calibrate and isinstance(found, Marked):
            blank = await self._ask(replace(sample, response="", steps=()), rubric, criterion, client)
            usage += blank.usage
            prior = self._read(blank, criterion) if blank.error is None else _without_prior(blank.error)
            found = self._calibrated(found, prior, markers_of(criterion)) if isinstance(prior, Marked) else prior
        return self._verdict(criterion, asked, marker, found)._replace(usage=usage)

    async def _ask(self, sample: Sample, rubric: Rubric, criterion: Criterion, client: Client) -> Asked[str]:
        markers = markers_of(criterion)
        request = self.request(sample, rubric, criterion)
        return await ask(client, request, lambda reply: written(reply, markers), reasks=self.reasks)

    def _read(self, asked: Asked[str], criterion: Criterion) -> Marked | Problem:
        """The distribution where the rating stands; Problem without one, or when the ratings hold too little of it."""
        assert asked.reply is not None
        found = read_reply(asked.reply, markers_of(criterion), after=_written_after(asked.reply))
        if isinstance(found, Marked) and found.covered < self.min_covered:
            return Problem(f"the ratings hold {found.covered:.2f} of the probability, {self.min_covered:g} needed")
        return found

    def _calibrated(self, found: Marked, prior: Marked, values: Mapping[str, float]) -> Marked:
        mass = np.array([[found.p[m] / max(prior.p[m], self.prior_floor) for m in values]])
        score = expected_score(mass, list(values.values()))
        shares = {m: float(x / mass.sum()) for m, x in zip(values, mass[0], strict=True)}
        return Marked(float(score.value[0]), float(score.spread[0]), found.covered, shares)

    def _verdict(self, criterion: Criterion, asked: Asked[str], marker: str, found: Marked | Problem) -> Verdict:
        assert asked.reply is not None
        values, text = markers_of(criterion), strip_reasoning(asked.reply.text)
        reason = _SCORE.sub("", text).strip()
        base = Verdict(criterion.id, State.SCORED, values[marker], label_of(criterion, marker), reason,
                       judge=self.digest, attempts=asked.attempts)  # fmt: skip
        if isinstance(found, Problem):
            if self.without_logprobs == "label":
                return base
            return base._replace(
                state=State.UNREADABLE, value=None, label=None, reason=found.text, raw=asked.reply.text[:2000]
            )
        if criterion.scale.kind != "binary":
            return base._replace(value=found.value, spread=found.spread, probability=found.covered)
        margin = None if min(found.p.values()) == 0 else float(np.log(found.p["yes"]) - np.log(found.p["no"]))
        return base._replace(value=found.value, spread=found.spread, probability=found.p["yes"], margin=margin)


@functools.lru_cache(maxsize=256)
def _digest(judge: OrdinalJudge) -> str:
    return settings_digest(judge, prompt_digest(template(judge.prompt)), PARSER)


@layout.by_identity
def markers_of(criterion: Criterion) -> dict[str, float]:
    """The ratings of a criterion, one token each -> value in the units of its scale.

    Yes and no; the digits of an ordinal scale inside 0..9; letters for labels and ternary scales; else the digits 0 to
    9 spread evenly over the scale (numbers of two digits are two tokens). SettingError for more than 26 labels.

    >>> markers_of(Criterion(id="a", text="How warm.", scale="1-3"))
    {'1': 1.0, '2': 2.0, '3': 3.0}
    >>> markers_of(Criterion(id="a", text="How warm.", scale="points 0-90"))["4"]
    40.0
    """
    scale = criterion.scale
    if scale.kind == "binary":
        return {"yes": 1.0, "no": 0.0}
    if scale.kind in ("labels", "ternary"):
        values = list(scale.labels.values()) if scale.labels else [0.0, 0.5, 1.0]
        if len(values) > len(string.ascii_uppercase):
            raise SettingError(f"{len(values)} labels", where=criterion.id, expected="26 at most for one-token ratings")
        return dict(zip(string.ascii_uppercase, values, strict=False))
    if scale.kind == "ordinal" and scale.min >= 0 and scale.max <= 9:
        return {f"{level:g}": level for level in scale.levels}
    return {str(k): scale.min + k * (scale.max - scale.min) / 9 for k in range(10)}


def label_of(criterion: Criterion, marker: str) -> str:
    """The answer of the scale that a marker stands for: a label's own name, else its value."""
    scale, markers = criterion.scale, markers_of(criterion)
    names = {"binary": ("met", "not_met"), "ternary": ("not_met", "partial", "met"), "labels": tuple(scale.labels)}
    if scale.kind in names:
        return names[scale.kind][list(markers).index(marker)]
    return f"{markers[marker]:g}"


def ratings_text(criterion: Criterion) -> str:
    """The line of a prompt that lists the ratings and what they stand for.

    >>> print(ratings_text(Criterion(id="a", text="Which side.", scale={"labels": {"none": 0, "ours": 1}})))
    Ratings: A (none), B (ours)
    """
    scale, markers = criterion.scale, markers_of(criterion)
    if scale.kind == "binary":
        return "Ratings: yes, no"
    if scale.kind in ("labels", "ternary"):
        names = list(scale.labels) or ["not met", "partly met", "met"]
        return "Ratings: " + ", ".join(f"{m} ({name})" for m, name in zip(markers, names, strict=True))
    if scale.kind == "ordinal" and scale.min >= 0 and scale.max <= 9:
        return "Ratings: " + ", ".join(markers)
    return f"Ratings: 0 to 9, where 0 stands for {scale.min:g} and 9 for {scale.max:g}"


def written(reply: Reply, markers: Mapping[str, float]) -> str | Problem:
    """The rating that a reply gives in words: one marker, alone after the last "Score:", or alone in the reply."""
    text = strip_reasoning(reply.text)
    where = text.lower().rfind(LINE)
    said = text[where + len(LINE) :] if where >= 0 else text
    form = surface(said.strip().strip("*\"'`.").strip())
    for marker in markers:
        if form == surface(marker):
            return marker
    return Problem(f"the rating is not one of {', '.join(markers)}")


def _written_after(reply: Reply) -> str:
    return LINE if LINE in reply.text.lower() else ""


def _without_prior(error: CallError) -> Problem:
    return Problem(f"the prior on an empty response could not be read: {error}")
