"""Of a cascade: where to hand over, fitted on labelled data, and which stage decided how much, how rightly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, check
from rubricate.audit.proportions import wilson_interval
from rubricate.errors import SettingError
from rubricate.judges.cascade import AGREED, CONTESTED, said
from rubricate.types import Verdict


class Handover(NamedTuple):
    """Thresholds of a stage (None: it may certify nothing on that side) and the share of answers it leaves open.

    ``bound_right`` and ``bound_wrong`` are upper bounds of the error among the answers certified so, NaN without.
    """

    wrong: float | None
    right: float | None
    open: float
    bound_wrong: float
    bound_right: float


def handover_thresholds(
    share: ArrayLike, truth: ArrayLike, *, risk: float = 0.05, confidence: float = 0.95, steps: int = 20
) -> Handover:
    """Thresholds that leave least open while the error among what is certified stays below ``risk`` on either side.

    ``share[N]`` is the stage's verdict as a share of the scale, ``truth[N]`` 1 for right answers and 0 for wrong ones,
    rows with a NaN are left out. Thresholds are tried at ``steps`` quantiles; each is taken when the Wilson upper bound
    of its error is at most ``risk`` at confidence ``1 - (1 - confidence) / (2 steps)``, so that all those tried hold
    together (Bonferroni). Protocol P12. Check them on other data with the audit share of ``Cascade``.

    >>> handover_thresholds([0.0] * 300 + [0.5] * 300 + [1.0] * 300, [0] * 300 + [0, 1, 1] * 100 + [1] * 300)[:3]
    (0.0, 1.0, 0.3333333333333333)
    """
    p, y = as_floats(share, "share"), as_floats(truth, "truth")
    check(share=(p, "N"), truth=(y, "N"))
    if not 0 < risk < 1 or not 0 < confidence < 1 or steps < 1:
        raise SettingError(
            f"risk={risk}, confidence={confidence}, steps={steps}", expected="shares in (0, 1), steps >= 1"
        )
    known = ~np.isnan(p) & ~np.isnan(y)
    p, right = p[known], y[known] >= 0.5
    if not p.size:
        return Handover(None, None, 1.0, float("nan"), float("nan"))
    z = NormalDist().inv_cdf(1 - (1 - confidence) / (2 * steps))
    tried = np.unique(np.quantile(p, np.linspace(0, 1, steps), method="nearest"))
    up = _bounds(p[:, None] >= tried, ~right, z)
    down = _bounds(p[:, None] <= tried, right, z)
    high = next((k for k in range(len(tried)) if up[k] <= risk), None)
    low = next((k for k in reversed(range(len(tried))) if down[k] <= risk), None)
    if high is not None and low is not None and low >= high:
        low = high - 1 if high and down[high - 1] <= risk else None
    r, w = (None if k is None else float(tried[k]) for k in (high, low))
    left = np.ones(len(p), dtype=np.bool_)
    left &= p < r if r is not None else True
    left &= p > w if w is not None else True
    bounds = [float("nan") if k is None else float(b[k]) for k, b in ((low, down), (high, up))]
    return Handover(w, r, float(left.mean()), bounds[0], bounds[1])


def _bounds(inside: Bools, error: Bools, z: float) -> Floats:
    """Wilson upper bound of the error among what is ``inside[N, S]``: [S]; 1 where nothing is."""
    n = inside.sum(0).astype(np.float64)
    hits = (inside & error[:, None]).sum(0)
    share = np.divide(hits, n, out=np.ones(len(n)), where=n > 0)
    n = np.maximum(n, 1e-9)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return np.asarray((share + z * z / (2 * n) + half) / (1 + z * z / n))


@dataclass(frozen=True)
class StageRow:
    """What one stage did: decisions, their share of all, how many were audited and how many of those contested.

    ``low`` and ``high`` are the Wilson interval of the contested share, NaN when nothing was audited.
    """

    stage: str
    decided: int
    share: float
    audited: int
    contested: int
    low: float
    high: float


def cascade_report(verdicts: Iterable[Verdict], z: float = 1.96) -> tuple[StageRow, ...]:
    """One row per stage of a ``Cascade``, in the order in which they first decided something.

    Verdicts without a value count as decisions of the stage whose state they have. Watch the shares over time: a stage
    that decides more than it did has met other answers, or has been found by the policy.
    """
    found = [said(v) for v in verdicts if v.label]
    decided = Counter(s.stage for s in found)
    rows = []
    for stage, count in decided.items():
        audits = Counter(s.audit for s in found if s.stage == stage)
        contested, audited = audits[CONTESTED], audits[CONTESTED] + audits[AGREED]
        low, high = wilson_interval(contested, audited, z) if audited else (float("nan"),) * 2
        rows.append(StageRow(stage, count, count / len(found), audited, contested, low, high))
    return tuple(rows)
