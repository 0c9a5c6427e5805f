"""Rules about what judging has shown: pass rates, pairs, correlation, who judged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rubricate.arrays import Floats
from rubricate.rubrics.lint_rules import Hit, View, rule

RARE = 0.02
CORRELATED = 0.95


@rule(
    "R501-never-or-always-met", "warning",
    what="The mean verdict in the calibration sample is below 2% or above 98%.",
    why="It tells no response from another: no gradient comes from it, and whitened weights explode on it.",
    repair="Make it harder or easier, split it, or remove it.",
    source="cards 6, 14, 17",
)  # fmt: skip
def never_or_always_met(view: View) -> Iterator[Hit]:
    """Mean over the verdicts that exist, from ``min_rows`` of them up; else the recorded pass rate."""
    rates = view.once(_rates)
    for node in view.leaves:
        rate, n = rates.get(node.criterion.id, (np.nan, 0))
        if n >= view.context.min_rows and (rate < RARE or rate > 1 - RARE):
            repair = "ask for less, or remove it" if rate < RARE else "ask for more (split it), or remove it"
            yield Hit(node, "stats", f"is met by {rate:.1%} of {n} responses", repair)


def _rates(view: View) -> dict[str, tuple[float, int]]:
    """id -> (mean verdict, how many verdicts): of the context, where it has the criterion, else of the statistics."""
    found: dict[str, tuple[float, int]] = {}
    for node in view.leaves:
        stats = node.criterion.stats
        if stats is not None and stats.pass_rate is not None:
            found[node.criterion.id] = (stats.pass_rate, stats.n_judged or view.context.min_rows)
    values = view.context.values
    if values is not None:
        known = ~np.isnan(values)
        counts, sums = known.sum(0), np.where(known, values, 0.0).sum(0)
        rated = zip(view.context.ids, sums, counts, strict=True)
        found |= {i: (float(s / n), int(n)) for i, s, n in rated if n}
    return found


@rule(
    "R502-few-pairs", "warning",
    what="The accuracy of a criterion rests on fewer judged pairs than the floor (6 unless set).",
    why="One answered pair gives an accuracy of 1.0; coverage is what such a number hides.",
    repair="Judge more pairs before keeping or dropping it.",
    source="card 94 (6-vote floor)",
)  # fmt: skip
def few_pairs(view: View) -> Iterator[Hit]:
    """Counts in the context, else ``stats.n_judged`` where an accuracy is recorded."""
    floor = view.context.min_pairs
    for node in view.leaves:
        stats = node.criterion.stats
        recorded = stats.n_judged if stats is not None and stats.accuracy is not None else None
        n = view.context.pairs.get(node.criterion.id, recorded)
        if n is not None and n < floor:
            yield Hit(node, "stats", f"was decided on {n} pairs", f"judge at least {floor} pairs")


@rule(
    "R503-kept-on-a-tie", "warning",
    what="A preference-consistency filter kept the rubric at exactly its threshold, on an even number of pairs.",
    why='">=" on an even number lets coin flips through: 5-9 points of rubric quality in a simulation.',
    repair='Use ">", an odd number of pairs, or a lower confidence bound.',
    source="card 10",
)  # fmt: skip
def kept_on_a_tie(view: View) -> Iterator[Hit]:
    """stats.matches = threshold * n_pairs (threshold .5 unless recorded) with n_pairs even."""
    stats = view.rubric.stats
    if stats is None or not stats.n_pairs or stats.matches is None or stats.n_pairs % 2:
        return
    threshold = 0.5 if stats.threshold is None else stats.threshold
    if abs(stats.matches - threshold * stats.n_pairs) < 1e-9:
        reason = f"recovered {stats.matches} of {stats.n_pairs} pairs, exactly the threshold {threshold:g}"
        yield Hit(None, "stats", reason, "ask for more than the threshold, or use an odd number of pairs")


@rule(
    "R504-correlated", "warning",
    what="The verdicts of two criteria correlate above .95 (or below -.95) in the calibration sample.",
    why="The second adds cost and weight, no information.",
    repair="Merge them, or drop one and keep the summed weight.",
    source="card 17",
)  # fmt: skip
def correlated(view: View) -> Iterator[Hit]:
    """Pearson correlation over the rows that have both verdicts, from ``min_rows`` up; the strongest earlier one.

    Without verdicts, the correlations that the statistics of a criterion record.
    """
    values, ids = view.context.values, view.context.ids
    if values is None:
        yield from _recorded_correlations(view)
        return
    columns = {i: k for k, i in enumerate(ids)}
    nodes = [n for n in view.leaves if n.criterion.id in columns]
    r, n = pairwise_correlation(values[:, [columns[n.criterion.id] for n in nodes]])
    strong = np.tril(np.where(n >= view.context.min_rows, np.abs(np.nan_to_num(r)), 0.0), -1)
    for i in np.flatnonzero((strong > CORRELATED).any(1)):
        j = int(strong[i].argmax())
        other = nodes[j].criterion
        reason = f"correlates {r[i, j]:+.2f} with {other.id!r} over {int(n[i, j])} responses"
        yield Hit(nodes[i], "stats", reason, f"merge it with {other.id!r}, or drop one")


def _recorded_correlations(view: View) -> Iterator[Hit]:
    earlier: set[str] = set()
    for node in view.leaves:
        recorded = node.criterion.stats.correlation if node.criterion.stats else {}
        for other, r in recorded.items():
            if other in earlier and abs(r) > CORRELATED:
                yield Hit(node, "stats", f"correlates {r:+.2f} with {other!r}", f"merge it with {other!r}, or drop one")
        earlier.add(node.criterion.id)


def pairwise_correlation(values: Floats) -> tuple[Floats, Floats]:
    """Pearson r[C, C] over the rows in which both are known, and how many rows n[C, C]; NaN where one is constant.

    >>> r, n = pairwise_correlation(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, np.nan]]))
    >>> float(r[0, 1]), float(n[0, 1])
    (1.0, 2.0)
    """
    known = ~np.isnan(values)
    mask = known.astype(np.float64)
    n = mask.T @ mask
    count = np.maximum(n, 1.0)
    centre = np.where(known, values, 0.0).sum(0) / np.maximum(mask.sum(0), 1.0)
    x = np.where(known, values - centre, 0.0)  # centred first: the differences of sums below lose no digits
    sums, squares = x.T @ mask, (x * x).T @ mask
    cov = x.T @ x / count - (sums / count) * (sums.T / count)
    var = np.maximum(squares / count - (sums / count) ** 2, 0.0)
    scale = np.sqrt(var * var.T)
    return np.divide(cov, scale, out=np.full(cov.shape, np.nan), where=scale > 1e-12), n


@rule(
    "R601-same-judge", "warning",
    what="A judge is used in the loop and in the final evaluation.",
    why="What was optimised against a judge looks better to it than to any other.",
    repair="Evaluate with a judge of another family that the loop never saw.",
    source="card 209",
)  # fmt: skip
def same_judge(view: View) -> Iterator[Hit]:
    """Digests that stand on both sides in the context."""
    for judge in sorted(set(view.context.loop_judges) & set(view.context.final_judges)):
        reason = f"the judge {judge!r} is used in the loop and in the final evaluation"
        yield Hit(None, "rubric", reason, "evaluate with a judge that the loop never saw")
