"""Why a response has its reward, and why it has another one than its neighbour, criterion by criterion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rubricate.arrays import Floats
from rubricate.errors import UnknownNameError
from rubricate.judges.engine import find_rubric
from rubricate.rubrics.model import Criterion
from rubricate.types import State, Verdict

if TYPE_CHECKING:
    from rubricate.pipeline import Result
    from rubricate.scoring import Policy


@dataclass(frozen=True)
class Row:
    """One criterion of one response. ``contribution`` is in units of the reward; NaN when there is no reward."""

    criterion: str
    text: str
    verdict: str
    state: State | None
    value: float | None
    weight: float
    contribution: float
    reason: str


@dataclass(frozen=True)
class Difference:
    """One criterion of two responses; ``difference`` is the contribution to a minus that to b."""

    criterion: str
    text: str
    a: Row | None
    b: Row | None
    difference: float


@dataclass(frozen=True)
class Comparison:
    """Why a and not b: ``difference`` = reward of a - reward of b = sum over ``rows`` + ``remainder``.

    The remainder is 0 for linear policies; clips, vetoes and products leave one. Without two rewards both are NaN and
    ``undefined`` says why.
    """

    a: str
    b: str
    rows: tuple[Difference, ...]
    difference: float
    remainder: float
    undefined: str = ""


def verdict_text(criterion: Criterion, verdict: Verdict | None) -> str:
    """A verdict in the words and units of its scale; the state where there is no value.

    >>> verdict_text(Criterion(id="a", text="A.", scale="1-5"), Verdict("a", State.SCORED, 4.0))
    '4 of 5'
    """
    if verdict is None:
        return "not asked"
    if verdict.value is None:
        return verdict.state.value.replace("_", " ")
    scale, value = criterion.scale, verdict.value
    if scale.kind == "labels":
        return next((name for name, v in scale.labels.items() if v == value), f"{value:g}")
    if scale.kind in ("binary", "ternary"):
        return {0.0: "not met", 0.5: "partly met", 1.0: "met"}.get(value, f"{value:g}")
    return f"{value:+g}" if scale.min < 0 else f"{value:g} of {scale.max:g}"


def position(result: Result, sample: str) -> int:
    """The row of a response; UnknownNameError lists the known ones."""
    for i, known in enumerate(result.samples):
        if known.id == sample:
            return i
    raise UnknownNameError.among("response", sample, (s.id for s in result.samples))


def explain(result: Result, sample: str, policy: Policy = None) -> list[Row]:
    """The criteria of one response with verdict, weight, contribution to the reward and reason, in rubric order.

    ``policy`` replaces the policy that the rubric carries; give the one that made ``result.rewards``.
    """
    i = position(result, sample)
    return rows_of(result, i, result.contributions(policy)[i])


def rows_of(result: Result, i: int, shares: Floats) -> list[Row]:
    """``explain`` for row i, with its contributions ``shares[C]`` at hand."""
    found = {v.criterion: v for v in result.judgements[i].verdicts}
    rows = []
    for j, criterion in enumerate(find_rubric(result.samples[i], result.rubrics).leaves):
        verdict = found.get(criterion.id)
        rows.append(
            Row(
                criterion.id, criterion.text, verdict_text(criterion, verdict), verdict.state if verdict else None,
                verdict.value if verdict else None, float(result.scores.weights[i, j]), float(shares[j]),
                verdict.reason if verdict else "",
            )
        )  # fmt: skip
    return rows


def compare(result: Result, a: str, b: str, policy: Policy = None) -> Comparison:
    """Why a has another reward than b: criteria by the size of their difference in contribution.

    Criteria are matched by id; one that only one rubric has contributes to that side alone.
    """
    i, k = position(result, a), position(result, b)
    shares = result.contributions(policy)
    left = {r.criterion: r for r in rows_of(result, i, shares[i])}
    right = {r.criterion: r for r in rows_of(result, k, shares[k])}
    rows = [_difference(name, left.get(name), right.get(name)) for name in dict.fromkeys([*left, *right])]
    rows.sort(key=lambda r: -abs(r.difference) if not math.isnan(r.difference) else 1.0)
    values = result.rewards.values
    difference = float(values[i] - values[k])
    why = [f"{name} has no reward: {result.rewards.why(n)}" for name, n in ((a, i), (b, k)) if math.isnan(values[n])]
    remainder = difference - math.fsum(r.difference for r in rows)
    if abs(remainder) < 1e-12 * max(1.0, abs(difference)):
        remainder = 0.0
    return Comparison(a, b, tuple(rows), difference, remainder, "; ".join(why))


def _difference(name: str, a: Row | None, b: Row | None) -> Difference:
    shares = [row.contribution if row is not None else 0.0 for row in (a, b)]
    return Difference(name, (a or b).text, a, b, shares[0] - shares[1])  # type: ignore[union-attr]
