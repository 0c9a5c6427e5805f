"""When a run that rewards itself stops learning and starts collapsing: curves over training steps in, a step out.

Card 118 (arXiv 2603.08660): rewards without labels rise, then fall; probability rewards end in short outputs, entropy
rewards in repetition, majority and self-certainty in a slow drift. The step of collapse is a cheap forecast of how
much such a run can gain. Two notes define it differently, so both definitions are here by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, check
from rubricate.errors import SettingError, UnknownNameError

RULES = ("below", "peak")


def model_collapse_step(accuracy: ArrayLike, rule: str = "below", *, level: float = 0.01, patience: int = 1) -> int:
    """The training step at which the accuracy of a self-made label or reward breaks; -1 when it does not.

    ``accuracy[T]``: the share of prompts at each step whose own label is the true one. ``below``: the first of
    ``patience`` steps in a row under ``level``. ``peak``: the step of its maximum (the first of equals), when at least
    ``patience`` steps follow it. A step without a value (NaN) neither counts nor interrupts. Card 118 has both rules in
    two notes; its level of 1 % is from one of them.

    >>> model_collapse_step([0.5, 0.4, 0.005, 0.004]), model_collapse_step([0.5, 0.6, 0.4], "peak")
    (2, 1)
    """
    if rule not in RULES:
        raise UnknownNameError.among("rule", rule, RULES)
    if patience < 1:
        raise SettingError(f"patience={patience}", expected="at least 1")
    values = as_floats(accuracy, "accuracy")
    check(accuracy=(values, "T"))
    at = np.flatnonzero(~np.isnan(values))
    if not at.size:
        return -1
    if rule == "peak":
        best = int(np.argmax(values[at]))
        return int(at[best]) if len(at) - 1 - best >= patience else -1
    start = _run_start(values[at] < level, patience)
    return int(at[start]) if start >= 0 else -1


@dataclass(frozen=True)
class Collapse:
    """The step at which each sign of collapse set in, -1 for a sign that did not; ``first`` is the earliest, or -1.

    ``shorter``: outputs fell under a share of their first length. ``repeating``: repetition rose above its limit.
    ``drifting``: the reward went on rising while the accuracy fell under its best by a margin.
    """

    shorter: int
    repeating: int
    drifting: int

    @property
    def first(self) -> int:
        """The earliest step of any sign; -1 for none."""
        seen = [s for s in (self.shorter, self.repeating, self.drifting) if s >= 0]
        return min(seen, default=-1)


def collapse_monitor(
    length: ArrayLike,
    repetition: ArrayLike,
    reward: ArrayLike,
    accuracy: ArrayLike,
    *,
    short: float = 0.5,
    repeats: float = 0.3,
    drop: float = 0.05,
    patience: int = 3,
) -> Collapse:
    """The signs of collapse in the curves of a run, each when it lasts for ``patience`` steps.

    Means per training step: ``length[T]`` of outputs; ``repetition[T]``, the share of an output that repeats others of
    its parts; ``reward[T]`` as paid; ``accuracy[T]`` on prompts with a known answer, NaN where it was not measured
    (then nothing is said about drift). ``short``: share of the mean length of the first ``patience`` steps; ``drop``
    below the best accuracy so far while the reward is no lower than it was then. The three limits are ours.

    >>> collapse_monitor([9, 9, 9, 3, 3, 3], [0] * 6, range(6), [0.5] * 6).shorter
    3
    """
    curves = [as_floats(x, n) for x, n in ((length, "length"), (repetition, "repetition"), (reward, "reward"))]
    right = as_floats(accuracy, "accuracy")
    check(length=(curves[0], "T"), repetition=(curves[1], "T"), reward=(curves[2], "T"), accuracy=(right, "T"))
    if patience < 1 or not 0 < short < 1 or drop < 0:
        raise SettingError(
            f"short={short}, drop={drop}, patience={patience}", expected="0 < short < 1, drop >= 0, >= 1"
        )
    size, repeated, paid = curves
    start = size[:patience]
    first = float(start[~np.isnan(start)].mean()) if (~np.isnan(start)).any() else float("nan")
    return Collapse(
        shorter=_run_start(size < short * first, patience),
        repeating=_run_start(repeated > repeats, patience),
        drifting=_run_start(_drifts(paid, right, drop), patience),
    )


def _drifts(reward: Floats, accuracy: Floats, drop: float) -> Bools:
    """Steps at which the accuracy lies under its best so far while the reward is at least what it was then."""
    filled = np.where(np.isnan(accuracy), -np.inf, accuracy)
    best = np.maximum.accumulate(filled)
    at = np.maximum.accumulate(np.where(filled == best, np.arange(len(filled)), 0))
    with np.errstate(invalid="ignore"):
        return (accuracy < best - drop) & (reward >= reward[at])


def _run_start(hit: Bools, length: int) -> int:
    """Where the first run of ``length`` hits starts; -1 without one."""
    if len(hit) < length:
        return -1
    whole = np.convolve(hit.astype(np.int64), np.ones(length, dtype=np.int64), mode="valid") == length
    return int(np.argmax(whole)) if whole.any() else -1
