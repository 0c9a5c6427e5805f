"""Rules on the steps of a trajectory: new actions, changes after a failure, what comes after the answer.

Actions are ids of any kind, one per step; ``step_valid[S]`` says whether the environment accepted the step, NaN when
that is not known; ``step_off[N+1]`` gives each row its steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_group, as_offsets, check
from rubricate.errors import SettingError, ShapeError
from rubricate.rewards.terms import aligned


def by_kind(kind: ArrayLike, values: Sequence[ArrayLike]) -> Floats:
    """``values[kind[i]]`` at each place i, a number or the i-th entry of an array: [M].

    A table of payments by kind of step, or of weights by tier of criterion. Only the value of its own kind is read at
    a place. Kinds are whole numbers from 0 (ShapeError). Cards 163, 171.

    >>> by_kind([0, 1, 1], ([0.5, 9.0, 9.0], -0.1)).tolist()
    [0.5, -0.1, -0.1]
    """
    check(kind=(kind, "M"))
    kinds = np.asarray(kind)
    if not len(values):
        raise SettingError("no values", expected="one value for each kind")
    if kinds.dtype.kind not in "iu" or (kinds.size and not 0 <= kinds.min() <= kinds.max() < len(values)):
        raise ShapeError("kind is out of range", where="kind", expected=f"whole numbers from 0 to {len(values) - 1}")
    columns = aligned(kind=kinds, **{f"values[{k}]": v for k, v in enumerate(values)})[1:]
    return np.stack([np.broadcast_to(c, kinds.shape) for c in columns], axis=1)[np.arange(len(kinds)), kinds]


def first_time(action: ArrayLike, step_valid: ArrayLike, step_off: ArrayLike) -> Floats:
    """1 where the row took the action of the step for the first time, 0 where a valid earlier step was the same: [S].

    Invalid steps do not use an action up. NaN where only a step of unknown validity came before. Card 163 (arXiv
    2507.22844).

    >>> first_time(["go", "go", "look", "go"], [0, 1, 1, 1], [0, 4]).tolist()
    [1.0, 1.0, 1.0, 0.0]
    """
    valid, offsets = _steps(step_valid, step_off)
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    codes, count = as_group(action, len(valid), "action")
    same, n = as_group(rows * max(count, 1) + codes, len(valid))
    sure = _before((valid >= 0.5).astype(np.float64), same, n)
    maybe = _before(np.isnan(valid).astype(np.float64), same, n)
    return np.where(sure > 0, 0.0, np.where(maybe > 0, np.nan, 1.0))


def changed_after_failure(action: ArrayLike, step_valid: ArrayLike, step_off: ArrayLike) -> Floats:
    """1 where the step before it in the row failed and the action is another one, else 0: [S]; card 163.

    NaN where the action changed and it is not known whether the step before failed.

    >>> changed_after_failure(["go", "go", "look", "go"], [0, 0, 1, 1], [0, 4]).tolist()
    [0.0, 0.0, 1.0, 0.0]
    """
    valid, offsets = _steps(step_valid, step_off)
    codes, _ = as_group(action, len(valid), "action")
    first = np.zeros(len(valid), dtype=np.bool_)
    first[offsets[:-1][np.diff(offsets) > 0]] = True
    changed = ~first & (codes != np.concatenate([codes[:1], codes[:-1]]))
    before = np.concatenate([valid[:1], valid[:-1]])
    return np.where(changed, np.where(np.isnan(before), np.nan, before < 0.5), 0.0)


def after_answer(step_scores: ArrayLike, step_off: ArrayLike) -> Floats:
    """1 for the steps between the first one that holds the right answer and the last step of the row, else 0: [S].

    ``step_scores[S]``: whether the step holds the right answer (yes from 0.5 up). The steps up to the first yes are the
    necessary prefix, the last step of a row is its final answer; without a yes nothing is redundant. NaN behind a
    missing verdict while no earlier step says yes. Card 147 (arXiv 2509.25827).

    >>> after_answer([0, 1, 0, 0, 1], [0, 5]).tolist()
    [0.0, 0.0, 1.0, 1.0, 0.0]
    """
    holds, offsets = _steps(step_scores, step_off, "step_scores")
    n = len(offsets) - 1
    rows = np.repeat(np.arange(n), np.diff(offsets))
    sure = _before((holds >= 0.5).astype(np.float64), rows, n)
    maybe = _before(np.isnan(holds).astype(np.float64), rows, n)
    redundant = np.where(sure > 0, 1.0, np.where(maybe > 0, np.nan, 0.0))
    redundant[offsets[1:][np.diff(offsets) > 0] - 1] = 0.0
    return redundant


def count_discount(x: ArrayLike, action: ArrayLike, step_off: ArrayLike, *, beta: float = 1.0) -> Floats:
    """``x_t / n_t^beta`` with n_t how often the row has met the id up to step t: [S], so that repetition stops paying.

    ``action[S]`` are ids of actions or messages. At beta = 1, n repeats of one paid message earn the harmonic number
    1 + 1/2 + ... + 1/n together. NaN stays NaN. Card 62 (arXiv 2410.23022, recalled; counts per episode).

    >>> count_discount([1.0, 1.0, 1.0], ["a", "b", "a"], [0, 3]).tolist()
    [1.0, 1.0, 0.5]
    """
    if beta < 0:
        raise SettingError(f"beta={beta}", expected="a number >= 0")
    values, offsets = _steps(x, step_off, "x")
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    codes, count = as_group(action, len(values), "action")
    same, n = as_group(rows * max(count, 1) + codes, len(values))
    return np.asarray(values / (_before(np.ones(len(values)), same, n) + 1.0) ** beta)


def _steps(values: ArrayLike, off: ArrayLike, name: str = "step_valid") -> tuple[Floats, Ints]:
    """Checked step values and offsets."""
    table = as_floats(values, name)
    check(**{name: (table, "S")})
    return table, as_offsets(off, len(table), "step_off")


def _before(x: Floats, codes: Ints, n: int) -> Floats:
    """Sum of ``x`` over the earlier items of the same code: [M]."""
    order = np.argsort(codes, kind="stable")
    total = np.cumsum(x[order]) - x[order]
    counts = np.bincount(codes, minlength=n)
    starts = np.cumsum(counts) - counts
    out = np.empty(len(x))
    out[order] = total - total[np.minimum(starts, max(len(x) - 1, 0))[codes[order]]] if len(x) else 0.0
    return out
