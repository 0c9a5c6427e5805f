"""Which criteria and which prompts are in play: what is mastered makes room, and is looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_floats, check
from rubricate.errors import SettingError, ShapeError, UnknownNameError

CANDIDATE, ACTIVE, MASTERED = 0, 1, 2
RULES = ("recheck", "drop")


class CriterionState(NamedTuple):
    """``status[C]``: 0 candidate, 1 active, 2 mastered; ``ema[C]`` of the signal of each criterion."""

    status: Ints
    ema: Floats


@dataclass(frozen=True)
class CriterionCurriculum:
    """candidate -> active -> mastered, by ``ema <- decay ema + (1 - decay) signal``; criteria stand in teaching order.

    ``window`` criteria start active. One is mastered above ``mastered``; the next candidate comes in, one a step, while
    nothing is active or the mean ema of the active ones is above ``admit``. ``drop`` is the published rule: what is
    mastered leaves the reward for good, and is unlearned (final pass rate .27 on card 6). ``recheck`` (default) puts
    one mastered criterion, drawn uniformly, back into each step, and makes it active again below ``demote`` (.93).
    Card 6 (arXiv 2510.15859). The signal is 1 when a good criterion is met or a bad one is not, on average over
    rollouts; NaN leaves an ema as it is.

    >>> c = CriterionCurriculum(window=1, decay=0.0)
    >>> state = c.update(c.start(3), [1.0, 0.0, 0.0])
    >>> state.status.tolist()
    [2, 1, 0]
    >>> c.in_play(state, np.random.default_rng(0)).tolist()
    [True, True, False]
    """

    window: int = 6
    decay: float = 0.9
    mastered: float = 0.9
    admit: float = 0.75
    demote: float = 0.8
    rule: str = "recheck"

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise UnknownNameError.among("rule", self.rule, RULES)
        if self.window < 1 or not 0 <= self.decay < 1 or not self.demote <= self.mastered:
            raise SettingError(f"{self!r}", expected="window >= 1, 0 <= decay < 1, demote <= mastered")

    def start(self, count: int) -> CriterionState:
        """State of ``count`` criteria before the first step."""
        status = np.where(np.arange(count) < self.window, ACTIVE, CANDIDATE)
        return CriterionState(status.astype(np.int64), np.zeros(count))

    def in_play(self, state: CriterionState, rng: np.random.Generator) -> Bools:
        """Criteria that the reward of the next step asks for: bool[C], the ``asked`` of a reward."""
        out = state.status == ACTIVE
        done = np.flatnonzero(state.status == MASTERED)
        if self.rule == "recheck" and len(done):
            out[rng.choice(done)] = True
        return np.asarray(out)

    def update(self, state: CriterionState, signal: ArrayLike) -> CriterionState:
        """The state after a step with ``signal[C]`` in [0, 1]; NaN for criteria that were not in play or not judged."""
        seen = as_floats(signal, "signal")
        check(signal=(seen, "C"), status=(state.status, "C"), ema=(state.ema, "C"))
        if ((seen < 0) | (seen > 1)).any():
            raise ShapeError("signal leaves [0, 1]", where="signal", expected="shares of rollouts in [0, 1]")
        moved = ~np.isnan(seen) & (state.status != CANDIDATE)
        ema = np.where(moved, self.decay * state.ema + (1 - self.decay) * np.nan_to_num(seen), state.ema)
        status = state.status.copy()
        status[(status == ACTIVE) & (ema > self.mastered)] = MASTERED
        if self.rule == "recheck":
            status[(state.status == MASTERED) & (ema < self.demote)] = ACTIVE
        active, waiting = status == ACTIVE, np.flatnonzero(status == CANDIDATE)
        if len(waiting) and (not active.any() or ema[active].mean() > self.admit):
            status[waiting[0]] = ACTIVE
        return CriterionState(status, ema)

    def extend(self, state: CriterionState, count: int) -> CriterionState:
        """The state with ``count`` new candidates at the end, for criteria that are elicited while training runs."""
        return CriterionState(
            np.concatenate([state.status, np.full(count, CANDIDATE)]), np.concatenate([state.ema, np.zeros(count)])
        )


@dataclass(frozen=True)
class PromptCurriculum:
    """``size`` prompts in play; one with a pass rate above ``mastered`` gives way to the easiest that waits.

    It starts in the middle: the easiest prompts whose first pass rate is at most ``start_at``; the harder ones wait,
    easier ones count as mastered. Card 14 (arXiv 2602.08321): .625 of 8 rollouts, .9. ``learnable`` is the filter of
    card 169: neither always nor never solved.

    >>> p = PromptCurriculum(size=2)
    >>> state = p.start([1.0, 0.5, 0.25, 0.125, 0.0])
    >>> state.tolist(), p.update(state, [1.0, 0.95, 0.25, 0.125, 0.0]).tolist()
    ([2, 1, 1, 0, 0], [2, 2, 1, 1, 0])
    """

    size: int
    start_at: float = 0.625
    mastered: float = 0.9

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 < self.start_at <= self.mastered <= 1:
            raise SettingError(f"{self!r}", expected="size >= 1, 0 < start_at <= mastered <= 1")

    def start(self, rate: ArrayLike) -> Ints:
        """Status (0 waiting, 1 in play, 2 mastered) of P prompts from their first pass rates: int[P]; NaN waits."""
        first = as_floats(rate, "rate")
        check(rate=(first, "P"))
        return self._fill(np.where(first > self.start_at, MASTERED, CANDIDATE), first)

    def update(self, status: ArrayLike, rate: ArrayLike) -> Ints:
        """Status after new pass rates; NaN for a prompt that was not tried, which stays where it is: int[P]."""
        now, before = as_floats(rate, "rate"), np.asarray(status, dtype=np.int64)
        check(rate=(now, "P"), status=(before, "P"))
        return self._fill(np.where((before == ACTIVE) & (now > self.mastered), MASTERED, before), now)

    def _fill(self, status: Ints, rate: Floats) -> Ints:
        waiting = np.flatnonzero(status == CANDIDATE)
        easiest = waiting[np.argsort(-np.nan_to_num(rate[waiting], nan=-1.0), kind="stable")]
        room = max(self.size - int((status == ACTIVE).sum()), 0)
        out = status.astype(np.int64)
        out[easiest[:room]] = ACTIVE
        return out


def learnable(rate: ArrayLike, *, low: float = 0.0, high: float = 1.0) -> Bools:
    """Prompts with ``low < rate < high``: those that some rollouts solve and some do not; NaN is not known. Card 169.

    >>> learnable([0.0, 0.5, 1.0, float("nan")]).tolist()
    [False, True, False, False]
    """
    x = as_floats(rate, "rate")
    check(rate=(x, "P"))
    return np.asarray((x > low) & (x < high))
