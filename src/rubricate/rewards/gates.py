"""Gates: a hard override, and step rewards that count only once a higher goal is met.

A gate that was not judged (NaN) decides nothing: the row is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_offsets, check
from rubricate.errors import SettingError
from rubricate.reduce import segment_reduce
from rubricate.rewards.terms import aligned


def gate(condition: ArrayLike, x: ArrayLike, otherwise: ArrayLike = 0.0, *, threshold: float = 0.5) -> Floats:
    """``x`` where the condition reaches the threshold, else ``otherwise``; NaN where the condition is NaN.

    All three are numbers or arrays of one shape; the side not taken is not read. Gates nest: a table of payments by
    verdict and truth is ``gate(verdict, gate(truth, .3, -.6), gate(truth, -.3, .3))`` (card 100). Bad format -1:
    cards 30, 45, 129.

    >>> gate([True, False], [0.4, 0.9], -1.0).tolist()
    [0.4, -1.0]
    """
    passed, value, other = aligned(condition=condition, x=x, otherwise=otherwise)
    return np.where(np.isnan(passed), np.nan, np.where(passed >= threshold, value, other))


def gated_accumulate(
    x: ArrayLike, off: ArrayLike, high: ArrayLike, gates: ArrayLike, *, missing: str = "propagate"
) -> Floats:
    """Sum of the step rewards of a row if all its higher goals reach their gates, else 0: [N].

    ``sum x[off[i]:off[i+1]] if all(high[i] >= gates) else 0`` with ``x[M]``, ``high[N, n]`` (or [N] for one goal) and
    ``gates[n]``. A known failure closes the gate; otherwise a goal that is NaN makes the row NaN. ``missing`` for step
    rewards: propagate (an open row with a NaN is NaN) or drop_item. Card 122 (arXiv 2508.10548; its gates are not
    known): total reward = outcome + gated_accumulate(steps).

    >>> gated_accumulate([1.0, 1.0, 5.0], [0, 2, 3], [[1.0], [0.0]], [0.5]).tolist()
    [2.0, 0.0]
    """
    if missing not in ("propagate", "drop_item"):
        raise SettingError(f"missing={missing!r}", expected="'propagate' or 'drop_item'")
    steps, goals, levels = as_floats(x, "x"), as_floats(high, "high"), as_floats(gates, "gates")
    check(x=(steps, "M"))
    goals = goals[:, None] if goals.ndim == 1 else goals
    levels = np.atleast_1d(levels)
    offsets = as_offsets(off, len(steps))
    check(off=(offsets, "N+1"), high=(goals, "N n"), gates=(levels, "n"))
    total = segment_reduce(steps, offsets, "sum")
    if missing == "propagate":
        gaps = segment_reduce(np.isnan(steps).astype(np.float64), offsets, "sum")
        total = np.where(gaps > 0, np.nan, total)
    total = np.where(np.isnan(goals).any(1), np.nan, total)
    return np.where((goals < levels).any(1), 0.0, total)
