"""Outcome and process in one reward: the bilinear form, and rules whose sign follows the outcome.

``outcome[N]`` is 1 for right, 0 for wrong (right from 0.5 up where a rule asks). ``process[N]`` is 1 for good, 0 for
bad, and so are ``step_scores[M]`` of steps or thoughts, with ``off[N+1]``. A score that is NaN was not judged: it stays
NaN, or ``missing="outcome"`` pays what the outcome alone pays, or ``missing="drop_item"`` leaves the step out. It never
becomes the worst reward. A missing outcome gives NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_floats, as_offsets, check
from rubricate.errors import SettingError
from rubricate.reduce import group_stat, segment_reduce, spread
from rubricate.rewards.group import group_norm
from rubricate.rewards.terms import aligned, weigh


def bilinear(
    outcome: ArrayLike, process: ArrayLike, a: ArrayLike = 1.0, b: ArrayLike = 0.0, c: ArrayLike = 0.0
) -> Floats:
    """``a * outcome + b * outcome * process + c * process``: additive, gated and negative-only rewards in one form.

    All five are numbers or arrays of one shape. With outcome in {0, 1} and process in [0, 1] every right row beats
    every wrong one if and only if ``a + min(0, b + c) > max(0, c)``. Process is not read where ``b * outcome + c`` is
    0, so a judge asked about right rows only leaves no NaN in the wrong ones.

    Additive mix ``(1-w, 0, w)``; gated by the outcome ``(1-w, w, 0)`` (cards 7, 196; 139 with ``(1, 1, 0)``); scaled
    pressure ``(1, b, 0)`` (115); context ``(1, 1-h, h)`` (145); wrong rows only ``(1, -w, w)`` (198); process alone
    ``(0, 0, 1)`` (5).

    >>> bilinear([1, 1, 0], [1.0, 0.0, float("nan")], 0.7, 0.3, 0.0).tolist()
    [1.0, 0.7, 0.0]
    """
    o, p, fa, fb, fc = aligned(outcome=outcome, process=process, a=a, b=b, c=c)
    return weigh(fa, o) + weigh(weigh(fb, o) + fc, p)


def renorm(
    outcome: ArrayLike, step_scores: ArrayLike, off: ArrayLike, *, beta: float = 1.0, missing: str = "propagate"
) -> Floats:
    """Step scores recentred by the outcome: ``score + outcome - beta`` at each step, ``outcome`` at the last one: [M].

    With beta = 1 the sign of each step follows the outcome: steps of a right row lie in [0, 1], of a wrong one in
    [-1, 0]. Any beta but the typical ``score + outcome`` adds a length term. Card 23 (arXiv 2509.25598).

    >>> renorm([1, 0], [0.8, 0.1, 0.8, 0.1], [0, 2, 4]).round(6).tolist()
    [0.8, 1.0, -0.2, 0.0]
    """
    o, p, offsets = _per_step(outcome, step_scores, off)
    last = np.zeros(len(p), dtype=np.bool_)
    last[offsets[1:][np.diff(offsets) > 0] - 1] = True
    return np.where(last, o, _or_outcome(o + p - beta, o, p, missing))


def step_penalty(
    outcome: ArrayLike,
    step_scores: ArrayLike,
    off: ArrayLike,
    *,
    reward: float = 2.0,
    penalty: float = 1.0,
    missing: str = "propagate",
) -> Floats:
    """``reward * outcome - penalty * (1 - score)`` at each step: [M].

    Right and good 2, right and bad 1, wrong and good 0, wrong and bad -1; the outcome dominates if and only if
    reward > penalty. ``missing="outcome"`` leaves the penalty out. Card 127 (arXiv 2508.02298).

    >>> step_penalty([1, 0], [1, 0, 1, 0], [0, 2, 4]).tolist()
    [2.0, 1.0, 0.0, -1.0]
    """
    o, p, _ = _per_step(outcome, step_scores, off)
    return _or_outcome(reward * o - penalty * (1.0 - p), reward * o, p, missing)


def thought_outcome(
    outcome: ArrayLike,
    step_scores: ArrayLike,
    off: ArrayLike,
    group: ArrayLike,
    *,
    alpha: float = 1.0,
    eps: float = 1e-6,
    missing: str = "propagate",
) -> Floats:
    """Advantage of each thought from the z-scored outcome and the accuracy of its group: [M].

    ``z = group_norm(outcome)``; a thought to blame (score 0) gets ``z - alpha * accuracy`` in a right row and ``z``
    in a wrong one, the others (score 1) ``z`` and 0. Thoughts of weak groups are hardly punished. Splitting a
    thought changes nothing: no sum over thoughts enters. Card 43 (arXiv 2507.23317; the value of alpha is not known).
    """
    o, p, offsets = _per_step(outcome, step_scores, off)
    z = spread(group_norm(outcome, group, eps=eps), offsets)
    accuracy = spread(group_stat(outcome, group, "mean"), offsets)
    value = np.where(_right(o), z - alpha * accuracy * (1.0 - p), z * (1.0 - p))
    return _or_outcome(value, z, p, missing)


def banded(
    outcome: ArrayLike,
    step_scores: ArrayLike,
    off: ArrayLike,
    *,
    gamma: float,
    floor: float,
    ceiling: float,
    missing: str = "propagate",
) -> Floats:
    """Bounded malus for right rows, bounded bonus for wrong ones: [N].

    Right: ``max(outcome - gamma * bad, floor)``; wrong: ``min(outcome + gamma * good, ceiling)`` with good the sum of
    the step scores and bad the sum of ``1 - score``. ``ceiling < floor`` is required, so the two bands
    never cross. ``missing``: propagate (a row with an unjudged step is NaN) or drop_item (such a step is neither good
    nor bad). Card 102 (arXiv 2601.04888; its constants are not known).

    >>> banded([1, 0], [0, 0, 0, 1, 1, 1], [0, 3, 6], gamma=0.2, floor=0.6, ceiling=0.4).tolist()
    [0.6, 0.4]
    """
    if not ceiling < floor:
        raise SettingError(
            f"floor={floor} and ceiling={ceiling}", expected="ceiling < floor, so that wrong rows stay below"
        )
    o = as_floats(outcome, "outcome")
    _, p, offsets = _per_step(o, step_scores, off)
    good, bad = segment_reduce(p, offsets, "sum"), segment_reduce(1.0 - p, offsets, "sum")
    value = np.where(_right(o), np.maximum(o - gamma * bad, floor), np.minimum(o + gamma * good, ceiling))
    return np.where(np.isnan(o) | _unjudged(p, offsets, missing), np.nan, value)


def sign_product(
    outcome: ArrayLike,
    step_scores: ArrayLike,
    off: ArrayLike,
    *,
    penalty: float = 0.0,
    max_steps: int = 30,
    missing: str = "propagate",
) -> Floats:
    """Agreement of process and outcome: ``(mean score - penalty * odd) * (+1 right, -1 wrong)``: [N].

    ``odd`` is 1 for a row of one step, or of ``max_steps`` and more: text that could not be cut, or was cut to gain.
    High for right rows with good steps and for wrong rows with bad ones; a row without steps is NaN. ``missing`` as
    in ``banded``. Card 111 (arXiv 2509.03403; its penalty and step limit are not known, 30 is ours).

    >>> sign_product([1, 0], [0.9, 0.7, 0.8, 0.2], [0, 2, 4]).round(6).tolist()
    [0.8, -0.5]
    """
    o = as_floats(outcome, "outcome")
    _, p, offsets = _per_step(o, step_scores, off)
    steps = np.diff(offsets)
    value = segment_reduce(p, offsets, "mean") - penalty * ((steps == 1) | (steps >= max_steps))
    value = np.where(_right(o), value, -value)
    return np.where(np.isnan(o) | _unjudged(p, offsets, missing), np.nan, value)


def fallback(
    primary: ArrayLike,
    secondary: ArrayLike,
    *,
    threshold: float = 0.5,
    scale: float = 0.1,
    missing: str = "propagate",
) -> Floats:
    """``primary`` where it reaches the threshold, else ``scale * secondary``: partial credit for false negatives.

    ``missing``: propagate (NaN where primary is) or secondary (pay ``scale * secondary`` there as well). Card 135
    (arXiv 2505.22653; scale 0.1 to 0.5 recalled).

    >>> fallback([1.0, 0.0], [0.2, 0.6], scale=0.5).tolist()
    [1.0, 0.3]
    """
    _known(missing, "propagate", "secondary")
    first, second = aligned(primary=primary, secondary=secondary)
    value = np.where(first >= threshold, first, scale * second)
    return np.where(np.isnan(first), np.nan, value) if missing == "propagate" else value


def sign_weights(outcome: ArrayLike, *, positive: float = 0.1, negative: float = 1.0, threshold: float = 0.5) -> Floats:
    """``positive`` where the outcome reaches the threshold, else ``-negative``; NaN stays NaN.

    Positive 0 learns from wrong rows only, negative 0 from right ones only. Card 161 (arXiv 2506.01347).

    >>> sign_weights([1, 0, float("nan")]).tolist()
    [0.1, -1.0, nan]
    """
    o = as_floats(outcome, "outcome")
    return np.where(np.isnan(o), np.nan, np.where(o >= threshold, positive, -negative))


def _per_step(outcome: ArrayLike, step_scores: ArrayLike, off: ArrayLike) -> tuple[Floats, Floats, Ints]:
    """Outcome repeated over the steps, step scores, offsets; ranks and lengths checked."""
    o, p = as_floats(outcome, "outcome"), as_floats(step_scores, "step_scores")
    check(outcome=(o, "N"), step_scores=(p, "M"), off=(off, "N+1"))
    offsets = as_offsets(off, len(p))
    return spread(o, offsets), p, offsets


def _right(outcome: Floats) -> Bools:
    return np.asarray(outcome >= 0.5)


def _or_outcome(value: Floats, alone: Floats, process: Floats, missing: str) -> Floats:
    """``value``, or what the outcome alone pays where the process was not judged and the policy says so."""
    _known(missing, "propagate", "outcome")
    return np.where(np.isnan(process), alone, value) if missing == "outcome" else value


def _unjudged(process: Floats, offsets: Ints, missing: str) -> Bools:
    """[N] rows that a missing step makes NaN under the policy."""
    _known(missing, "propagate", "drop_item")
    if missing == "drop_item":
        return np.zeros(len(offsets) - 1, dtype=np.bool_)
    return segment_reduce(np.isnan(process).astype(np.float64), offsets, "sum") > 0


def _known(missing: str, *policies: str) -> None:
    if missing not in policies:
        raise SettingError(f"missing={missing!r}", expected=" or ".join(repr(p) for p in policies))
