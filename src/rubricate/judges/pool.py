"""Several verdicts about one criterion as one: samples of a judge, or the members of a panel.

A verdict without a value lowers the number, never enters as one. Fewer than ``floor`` of them give no value, with the
state that most of them had; a vote that is tied gives none either. Without ties mean, median and vote are those of
``rewards.integrate``, which pools whole arrays (``tests/judges/test_pool.py`` compares them).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from rubricate.arrays import Floats
from rubricate.errors import SettingError, UnknownNameError
from rubricate.rubrics.model import Criterion
from rubricate.types import State, Usage, Verdict

HOW = ("mean", "median", "vote", "closest", "weighted", "lower", "agreed")
LEAST = 0.05  # spread, as a share of the scale, that a sample's own spread is never counted below


def check_pool(how: str, size: int, floor: int) -> None:
    """Refuse unknown ways, an even number of voters, and a floor that cannot be reached."""
    if how not in HOW:
        raise UnknownNameError.among("way to pool verdicts", how, HOW)
    if size < 1 or not 1 <= floor <= size:
        raise SettingError(f"{size} verdicts with floor={floor}", expected="1 <= floor <= number of verdicts")
    if how == "vote" and size % 2 == 0:
        raise SettingError(f"a vote of {size}", expected="an odd number of voters, so that two sides cannot tie")


def pool(
    criterion: Criterion,
    verdicts: Sequence[Verdict],
    *,
    how: str = "mean",
    floor: int = 1,
    weights: Sequence[float] = (),
    penalty: float = 1.0,
    judge: str = "",
) -> Verdict:
    """One verdict from several: its value, the standard deviation of the values, and the reason of the nearest one.

    mean ``sum w v / sum w``; median; vote (the most frequent value; ``probability`` is its share); closest (the value
    nearest to the mean); weighted (mean with ``w / (s^2 + s0^2)``, s the verdict's own spread, s0 a twentieth of the
    scale; verdicts without a spread are left out); lower (``mean - penalty std``, for a criterion that is bad if met
    ``mean + penalty std``, held inside the scale); agreed (the value that all of them gave; where they differ the pool
    abstains). The spread has n - 1 below; None for a single value.
    """
    mass = np.array(weights or [1.0] * len(verdicts), dtype=np.float64)
    usable = [v.scored and (how != "weighted" or v.spread is not None) for v in verdicts]
    values = np.array([v.value if u else math.nan for v, u in zip(verdicts, usable, strict=True)], dtype=np.float64)
    known = values[~np.isnan(values)]
    if len(known) < floor:
        return _too_few(criterion, verdicts, len(known), floor, how, judge)
    if how == "weighted":
        mass = mass / _squares(criterion, verdicts)
    spread = float(known.std(ddof=1)) if len(known) > 1 else None
    share = None
    if how == "vote":
        counts = Counter(known.tolist()).most_common()
        share = counts[0][1] / len(known)
        if len(counts) > 1 and counts[0][1] == counts[1][1]:
            tied = ", ".join(f"{v:g} x{n}" for v, n in counts)
            return _verdict(criterion, verdicts, State.ABSTAINED, f"the vote is tied: {tied}", judge, spread)
    if how == "agreed" and known.min() < known.max():
        listed = ", ".join(f"{v:g} x{n}" for v, n in Counter(known.tolist()).most_common())
        return _verdict(criterion, verdicts, State.ABSTAINED, f"they do not agree: {listed}", judge, spread)
    value = _value(criterion, values, how, mass, (spread or 0.0) * penalty)
    nearest = verdicts[int(np.nanargmin(np.abs(values - value)))]
    found = _verdict(criterion, verdicts, State.SCORED, nearest.reason, judge, spread)
    return found._replace(
        value=value, label=nearest.label if nearest.value == value else None, evidence=nearest.evidence,
        unfound=nearest.unfound, probability=share,
    )  # fmt: skip


def _value(criterion: Criterion, values: Floats, how: str, mass: Floats, penalty: float) -> float:
    known = ~np.isnan(values)
    if how == "median":
        return float(np.median(values[known]))
    if how == "vote":
        return float(Counter(values[known].tolist()).most_common(1)[0][0])
    mean = float(np.average(values[known], weights=None if how == "closest" else mass[known]))
    if how == "closest":
        return float(values[np.nanargmin(np.abs(values - mean))])
    if how == "lower":
        mean += penalty if criterion.bad_if_met else -penalty
    return min(criterion.scale.max, max(criterion.scale.min, mean))


def _squares(criterion: Criterion, verdicts: Sequence[Verdict]) -> Floats:
    least = LEAST * (criterion.scale.max - criterion.scale.min)
    return np.array([(v.spread or 0.0) ** 2 + least**2 for v in verdicts])


def _too_few(
    criterion: Criterion, verdicts: Sequence[Verdict], known: int, floor: int, how: str, judge: str
) -> Verdict:
    lost = [v for v in verdicts if not v.scored]
    states = Counter(v.state for v in lost).most_common()
    listed = ", ".join(f"{state} x{n}" for state, n in states)
    if how == "weighted" and len(lost) < len(verdicts) - known:
        listed = ", ".join(filter(None, (listed, f"without a spread x{len(verdicts) - known - len(lost)}")))
    reason = f"{known} of {len(verdicts)} verdicts can be used, {floor} needed ({listed})"
    state = states[0][0] if states else State.UNREADABLE
    if lost:
        reason += f"; the first said: {lost[0].reason}"
    found = _verdict(criterion, verdicts, state, reason, judge, None)
    return found._replace(raw=lost[0].raw if lost else "")


def _verdict(
    criterion: Criterion, verdicts: Sequence[Verdict], state: State, reason: str, judge: str, spread: float | None
) -> Verdict:
    return Verdict(
        criterion.id, state, reason=reason, spread=spread, judge=judge, attempts=sum(v.attempts for v in verdicts),
        usage=sum((v.usage for v in verdicts if v.usage), Usage()),
    )  # fmt: skip
