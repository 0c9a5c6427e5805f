"""Criteria that are found while a policy learns: what tells its answers apart now joins what they are paid for.

Sources: DR Tulu (keep the criteria that vary most, drop those that never do), OnlineRubrics (arXiv 2510.07284, notes:
criteria from answers of the current and another policy), card 193 (caps, no mirror images, persistent criteria), card 6
(what is mastered makes room and is looked at again).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from rubricate.arrays import Bools, Floats, Scores
from rubricate.errors import DataError, SettingError
from rubricate.generate.base import Draft, Dropped, Generator, Material
from rubricate.generate.from_contrast import ContrastGenerator
from rubricate.judges.base import Judge
from rubricate.judges.engine import judge_all
from rubricate.llm.client import Client
from rubricate.refine.buffer import CriterionBuffer, Held
from rubricate.refine.curriculum import MASTERED, CriterionCurriculum, CriterionState
from rubricate.refine.texts import text_fault
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.scoring import pack_samples, reward
from rubricate.types import Message, Sample, Usage

STATUS = ("candidate", "active", "mastered")


@dataclass(frozen=True, slots=True)
class Elicited:
    """A criterion that was found: its text and weight, status, ema of its signal, spread when last judged, its step."""

    text: str
    weight: float
    status: str
    ema: float
    spread: float
    step: int

    @property
    def criterion(self) -> Criterion:
        """As a criterion whose id follows from its text."""
        name = f"e-{hashlib.sha256(self.text.encode()).hexdigest()[:10]}"
        return Criterion(id=name, text=self.text, weight=self.weight)


@dataclass(frozen=True)
class Elicitation:
    """Where the elicitation for one prompt stands; goes through JSON."""

    items: tuple[Elicited, ...] = ()
    step: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Elicitation:
        """The inverse of ``to_json``; DataError for anything else."""
        try:
            return cls(tuple(Elicited(**item) for item in data["items"]), data["step"])
        except (KeyError, TypeError) as error:
            raise DataError(f"this is no elicitation ({error})", expected="what Elicitation.to_json gave") from None

    def states(self) -> CriterionState:
        """The state of the curriculum."""
        status = np.array([STATUS.index(i.status) for i in self.items], dtype=np.int64)
        return CriterionState(status, np.array([i.ema for i in self.items], dtype=np.float64))


class Stepped(NamedTuple):
    """``reward[G]`` under ``rubric`` (what was in play), the ``scores`` it rests on, the next ``state``; new criteria
    ``found``, ``dropped`` ones with the reason, why nothing was asked for (``note``), the cost."""

    reward: Floats
    rubric: Rubric
    scores: Scores
    state: Elicitation
    found: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    note: str
    usage: Usage


@dataclass(frozen=True)
class ElicitCriteria:
    """One step for the rollouts of a prompt: judge and pay, contrast best and worst, judge what is new, keep the best.

    The criteria of the base rubric are always in play and never leave. Of those found, ``curriculum`` says which are in
    play; a new one is judged before it is ever paid, and waits as a candidate. At most ``new`` come in a step: those
    that say nothing a known one says (in play, waiting or mastered), quote and name no answer, and vary between the
    rollouts. What no rollout meets yet varies as little as what all meet: it may come again. ``cap`` criteria wait or
    are active, the least spread leaves first; ``mastered_cap`` mastered ones are remembered, the surest leave first.

    ``beside``: answers of another policy for a generator that needs no labels (``DisagreementChecklist``); each stands
    in turn beside the worst rollout, which finds what all rollouts lack.
    """

    generator: Generator = field(default_factory=ContrastGenerator)
    curriculum: CriterionCurriculum = field(default_factory=CriterionCurriculum)
    new: int = 3
    cap: int = 12
    mastered_cap: int = 50

    def __post_init__(self) -> None:
        if min(self.new, self.cap, self.mastered_cap) < 1:
            raise SettingError(f"{self!r}", expected="new, cap and mastered_cap >= 1")

    async def step(
        self,
        state: Elicitation,
        base: Rubric,
        prompt: str,
        responses: Sequence[str],
        judge: Judge,
        client: Client,
        rng: np.random.Generator,
        *,
        writer: Client | None = None,
        beside: Sequence[str] = (),
    ) -> Stepped:
        """Rewards of the group and the next state. ``writer`` is the client of the generator, ``client`` by default.

        SettingError for fewer than two responses, and for ``beside`` with a generator that needs labels.
        """
        if len(responses) < 2 or (beside and "labels" in self.generator.needs):
            raise SettingError(
                f"{len(responses)} responses, {len(beside)} beside them, a generator that needs {self.generator.needs}",
                expected="two responses or more; labels are not needed for answers of another policy",
            )
        play = self.curriculum.in_play(state.states(), rng) if state.items else np.zeros(0, dtype=np.bool_)
        live = [i for i, p in zip(state.items, play, strict=True) if p]
        rubric = base.model_copy(update={"criteria": (*base.criteria, *(i.criterion for i in live)), "locked": None})
        scores, usage = await _judged(rubric, prompt, responses, judge, client)
        paid = reward(scores, rubric).values
        draft = await self._draft(state, prompt, responses, paid, beside, writer or client)
        known = [*base.leaves, *(i.criterion for i in state.items)]
        fresh, dropped = self._fresh(draft, known)
        dropped = [*draft.dropped, *dropped]
        spreads = np.zeros(0)
        if fresh:
            asked = base.model_copy(update={"criteria": tuple(fresh), "locked": None})
            table, more = await _judged(asked, prompt, responses, judge, client)
            spreads, usage = _spread(table.values), usage + more
        vary = [(c, float(s)) for c, s in zip(fresh, spreads, strict=True) if s > 0]
        dropped += [Dropped(c.text, _WHY[bool(s == 0)]) for c, s in zip(fresh, spreads, strict=True) if not s > 0]
        after = self._next(state, play, scores.values[:, len(base.leaves) :], [i.weight < 0 for i in live], vary)
        kept = {i.text for i in after.items}
        found = tuple(c.text for c, _ in vary if c.text in kept)
        return Stepped(paid, rubric, scores, after, found, tuple(dropped), draft.why, usage + draft.usage)

    async def _draft(
        self,
        state: Elicitation,
        prompt: str,
        responses: Sequence[str],
        paid: Floats,
        beside: Sequence[str],
        client: Client,
    ) -> Draft:
        """What the generator makes of the best and the worst rollout, or of the worst and one of another policy."""
        known = np.flatnonzero(np.isfinite(paid))
        if len(known) < 2:
            return Draft(None, why="fewer than two rollouts have a reward")
        best, worst = known[paid[known].argmax()], known[paid[known].argmin()]
        labels: tuple[float, ...] = (float(paid[best]), float(paid[worst]))
        pair = (responses[best], responses[worst])
        if beside:
            pair, labels = (beside[state.step % len(beside)], responses[worst]), ()
        elif labels[0] == labels[1]:
            return Draft(None, why="the rollouts are paid alike, so there is nothing to contrast")
        return await self.generator.generate(Material(prompt, responses=pair, labels=labels), client, id="elicited")

    def _fresh(self, draft: Draft, known: Sequence[Criterion]) -> tuple[list[Criterion], list[Dropped]]:
        """At most ``new`` criteria of the draft that say what no known one says."""
        fresh: list[Criterion] = []
        dropped: list[Dropped] = []
        for c in draft.rubric.leaves if draft.rubric else ():
            why = text_fault(c.text, [*known, *fresh], bad_if_met=c.bad_if_met)
            why = why or (f"{self.new} new ones came before it" if len(fresh) >= self.new else "")
            if why:
                dropped.append(Dropped(c.text, why))
            else:
                fresh.append(Elicited(c.text, c.weight, STATUS[0], 0.0, 0.0, 0).criterion)
        return fresh, dropped

    def _next(
        self,
        state: Elicitation,
        play: Bools,
        values: Floats,
        bad: Sequence[bool],
        vary: Sequence[tuple[Criterion, float]],
    ) -> Elicitation:
        """Signals and spreads of what was in play, then what is new, then the caps."""
        signal, spread = np.full(len(state.items), np.nan), np.array([i.spread for i in state.items])
        with np.errstate(invalid="ignore"):
            met = np.nansum(values, 0) / (~np.isnan(values)).sum(0)
        signal[play] = np.where(np.array(bad, dtype=np.bool_), 1 - met, met)
        seen = _spread(values)
        spread[play] = np.where(np.isnan(seen), spread[play], seen)
        c = self.curriculum
        now = c.extend(state.states(), len(vary)) if state.items else c.start(len(vary))
        now = c.update(now, np.concatenate([signal, np.full(len(vary), np.nan)]))
        items = [dataclasses.replace(i, spread=float(s)) for i, s in zip(state.items, spread, strict=True)]
        items += [Elicited(n.text, n.weight, STATUS[0], 0.0, s, state.step) for n, s in vary]
        items = [
            dataclasses.replace(i, status=STATUS[k], ema=float(e))
            for i, k, e in zip(items, now.status, now.ema, strict=True)
        ]
        return Elicitation(tuple(self._capped(items)), state.step + 1)

    def _capped(self, items: Sequence[Elicited]) -> list[Elicited]:
        done = STATUS[MASTERED]
        open_ = CriterionBuffer(self.cap).add(Held(i.text, i.spread) for i in items if i.status != done)
        sure = CriterionBuffer(self.mastered_cap).add(Held(i.text, -i.ema) for i in items if i.status == done)
        kept = {h.text for h in (*open_.items, *sure.items)}
        return [i for i in items if i.text in kept]


_WHY = {True: "every rollout is judged alike", False: "fewer than two rollouts got a verdict"}


def _spread(values: Floats) -> Floats:
    """Variance of each column over rows with a verdict; NaN below two of them."""
    n = (~np.isnan(values)).sum(0)
    mean = np.nansum(values, 0) / np.maximum(n, 1)
    square = np.where(np.isnan(values), 0.0, (values - mean) ** 2).sum(0)
    return np.where(n >= 2, square / np.maximum(n, 1), np.nan)


async def _judged(
    rubric: Rubric, prompt: str, responses: Sequence[str], judge: Judge, client: Client
) -> tuple[Scores, Usage]:
    said = (Message("user", prompt),)
    samples = [Sample(f"{rubric.id}/{k}", said, text, rubric.id, rubric.id) for k, text in enumerate(responses)]
    judged = await judge_all(judge, samples, rubric, client)
    return pack_samples(samples, {rubric.id: rubric}, judged), sum((j.usage for j in judged), Usage())
