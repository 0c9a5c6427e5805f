"""Verdicts by difficulty: where few answers are right, most accepted ones are wrong, whatever the judge's accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import as_floats, check
from rubricate.audit.binary import BinaryReport, binary_report
from rubricate.errors import SettingError


class DifficultyRow(NamedTuple):
    """One bin of the rate at which the policy is right: [low, high), how many answers, the report on them."""

    low: float
    high: float
    n: int
    report: BinaryReport


def precision_by_difficulty(
    verdict: ArrayLike, truth: ArrayLike, rate: ArrayLike, *, edges: Sequence[float] = (0.0, 0.1, 0.3, 0.5, 0.7, 1.0)
) -> tuple[DifficultyRow, ...]:
    """``binary_report`` of ``verdict[N]`` for ``truth[N]`` in bins of ``rate[N]``, the share of right answers.

    precision = p t / (p t + (1 - p) f) at rate p, with t and f the shares of right and wrong answers that are accepted:
    .05 at p .03, t .9, f .5. The last bin holds its upper edge; bins without answers are left out. Card 172.
    """
    v, t, p = as_floats(verdict, "verdict"), as_floats(truth, "truth"), as_floats(rate, "rate")
    check(verdict=(v, "N"), truth=(t, "N"), rate=(p, "N"))
    cuts = np.asarray(edges, dtype=np.float64)
    if cuts.ndim != 1 or len(cuts) < 2 or (np.diff(cuts) <= 0).any():
        raise SettingError(f"edges={tuple(edges)}", expected="two numbers or more, rising")
    place = np.searchsorted(cuts, p, side="right") - 1
    place[p == cuts[-1]] = len(cuts) - 2
    rows = []
    for k in range(len(cuts) - 1):
        inside = place == k
        if inside.any():
            report = binary_report(v[inside], t[inside])
            rows.append(DifficultyRow(float(cuts[k]), float(cuts[k + 1]), int(inside.sum()), report))
    return tuple(rows)
