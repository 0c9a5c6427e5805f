"""Does looking twice help: what a second look changes, against an independent second sample; confidence by turn."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check


class TurnReport(NamedTuple):
    """Of two looks with known truth, over the questions where both looks (and the control) have a verdict.

    ``first`` and ``second`` are accuracies; ``changed`` the share that the second look changes, ``repaired`` and
    ``spoiled`` the shares that go from wrong to right and back; ``z`` is McNemar's ``(b - c) / sqrt(b + c)`` of
    repaired against spoiled. ``control`` is the accuracy of the control, ``gain`` that of the second look over it.
    ``n`` questions count.
    """

    first: float
    second: float
    changed: float
    repaired: float
    spoiled: float
    z: float
    control: float
    gain: float
    n: int


def turn_report(first: ArrayLike, second: ArrayLike, truth: ArrayLike, control: ArrayLike | None = None) -> TurnReport:
    """Compare verdicts ``first[N]`` and ``second[N]`` (NaN missing) with ``truth[N]``; right means equal.

    ``control[N]``: verdicts of an independent second sample, which costs the same; without it control and gain are
    NaN, and the report says nothing about whether to pay for the second look. Protocols P9, P10; card 191 (C).

    >>> report = turn_report([1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1], control=[1, 1, 1, 0])
    >>> report.changed, report.repaired, report.spoiled, report.gain
    (0.5, 0.25, 0.25, -0.25)
    """
    a, b, t = as_floats(first, "first"), as_floats(second, "second"), as_floats(truth, "truth")
    check(first=(a, "N"), second=(b, "N"), truth=(t, "N"))
    c = np.full(len(a), np.nan) if control is None else as_floats(control, "control")
    check(first=(a, "N"), control=(c, "N"))
    known = ~(np.isnan(a) | np.isnan(b) | np.isnan(t)) & (~np.isnan(c) if control is not None else True)
    a, b, t, c = a[known], b[known], t[known], c[known]
    n = len(t)
    if n == 0:
        nan = math.nan
        return TurnReport(nan, nan, nan, nan, nan, nan, nan, nan, 0)
    right, later = a == t, b == t
    repaired, spoiled = int((~right & later).sum()), int((right & ~later).sum())
    z = (repaired - spoiled) / math.sqrt(repaired + spoiled) if repaired + spoiled else 0.0
    controlled = math.nan if control is None else float((c == t).mean())
    return TurnReport(
        float(right.mean()), float(later.mean()), float((a != b).mean()), repaired / n, spoiled / n, z, controlled,
        float(later.mean()) - controlled, n,
    )  # fmt: skip


class Drift(NamedTuple):
    """Stated confidence over T turns: its ``mean[T]``, ``drift`` from first to last, ``effect``, ``ece[T]``.

    ``drift`` is the mean over questions of last minus first, ``effect`` that over its standard deviation (Cohen's d of
    paired differences), ``ece`` the expected calibration error of each turn.
    """

    mean: Floats
    drift: float
    effect: float
    ece: Floats


def confidence_drift(confidence: ArrayLike, correct: ArrayLike, *, bins: int = 10) -> Drift:
    """Drift and calibration of ``confidence[Q, T]`` in [0, 1] with ``correct[Q, T]`` in {0, 1}; NaN is left out.

    ``ECE_t = sum_b n_b / n |mean correct - mean confidence|`` over equal bins. Run it on repetitions of the first turn
    as well: what drifts there is not due to the turns. Card 191 (abstract only; formulas ours where it is silent).

    >>> found = confidence_drift([[0.6, 0.8], [0.5, 0.7]], [[1, 1], [0, 1]])
    >>> round(found.drift, 2), found.ece.round(2).tolist()
    (0.2, [0.45, 0.25])
    """
    p, y = as_floats(confidence, "confidence"), as_floats(correct, "correct")
    check(confidence=(p, "Q T"), correct=(y, "Q T"))
    known = ~(np.isnan(p) | np.isnan(y))
    turns = p.shape[1]
    gap = (p[:, -1] - p[:, 0])[known[:, 0] & known[:, -1]]
    spread = float(gap.std(ddof=1)) if len(gap) > 1 else math.nan
    drift = float(gap.mean()) if len(gap) else math.nan
    place = np.clip(np.floor(np.where(known, p, 0.0) * bins).astype(np.int64), 0, bins - 1) + bins * np.arange(turns)
    place, shown = place[known], (y - p)[known]
    gaps = np.abs(np.bincount(place, weights=shown, minlength=bins * turns)).reshape(turns, bins).sum(1)
    n = known.sum(0)
    total = np.where(known, p, 0.0).sum(0)
    blank = np.full(turns, np.nan)
    return Drift(
        np.divide(total, n, out=blank.copy(), where=n > 0), drift, drift / spread if spread > 0 else math.nan,
        np.divide(gaps, n, out=blank.copy(), where=n > 0),
    )  # fmt: skip
