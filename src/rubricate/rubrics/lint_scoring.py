"""Rules about numbers: signs, weights, denominators, dimensions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rubricate.rubrics.denominators import leaf_weights, shares
from rubricate.rubrics.lint_rules import Hit, View, rule
from rubricate.rubrics.model import Criterion

DOMINANT = 0.8
TOLERANCE = 0.005
UNGATED = ("none", None)


@rule(
    "R101-no-positive-criterion", "error",
    what="The policy divides by the sum of the positive weights, and no criterion has one.",
    why="The score is undefined for every response (HealthBench returns None).",
    repair="Add what a good response does, or choose a policy that is defined: weighted_mean, orbit, rubric_lib.",
    source="HealthBench, cards 6, 213",
)  # fmt: skip
def no_positive_criterion(view: View) -> Iterator[Hit]:
    """A positive denominator without fallback and without a positive leaf."""
    flat = view.flat
    if flat is None or flat.denominator != "positive" or flat.negatives_only != "undefined":
        return
    if not (leaf_weights(view.rubric) > 0).any():
        reason = f"policy {view.rubric.policy.name!r} divides by the positive weights; there are none"
        repair = "add a positive criterion, or set the policy to weighted_mean, orbit or rubric_lib"
        yield Hit(None, "policy", reason, repair)


@rule(
    "R102-sign-against-polarity", "error",
    what="A negative weight on a criterion that is said to be good if met.",
    why="Doing the good thing costs points.",
    repair="Make the weight positive, or the polarity bad_if_met.",
    source="data model (polarity apart from the sign)",
)  # fmt: skip
def sign_against_polarity(view: View) -> Iterator[Hit]:
    """weight < 0 and polarity good_if_met."""
    for node in view.leaves:
        c = node.criterion
        if c.weight < 0 and c.polarity == "good_if_met":
            repair = f"write weight {-c.weight:g}, or polarity: bad_if_met"
            yield Hit(node, "weight", f"weight {c.weight:g} with polarity good_if_met", repair)


@rule(
    "R103-paid-for-absence", "info",
    what="A positive weight on a criterion that is bad if met: points for not doing something.",
    why="An empty response earns them, and a judgement that failed and is read as not met pays too.",
    repair="Give it a negative weight, or word it as something to be seen in the response.",
    source="card 6 (polarity of a failed judgement)",
)  # fmt: skip
def paid_for_absence(view: View) -> Iterator[Hit]:
    """weight > 0 and polarity bad_if_met."""
    for node in view.leaves:
        c = node.criterion
        if c.weight > 0 and c.polarity == "bad_if_met":
            repair = f"write weight {-c.weight:g}, or word it as a good thing"
            yield Hit(node, "polarity", f"pays {c.weight:g} when the bad thing is not seen", repair)


@rule(
    "R104-zero-weight", "warning",
    what="A judged criterion has weight 0.",
    why="It costs a judgement and moves no score; as a gate it still does nothing unless the policy reads gates.",
    repair="Give it a weight, remove it, or use a policy with a gate.",
    source="data model",
)  # fmt: skip
def zero_weight(view: View) -> Iterator[Hit]:
    """Effective weight 0 (equal-weight and class-weight policies read no written weight)."""
    gated = view.flat is None or view.flat.gate not in UNGATED
    for node, weight in zip(view.leaves, leaf_weights(view.rubric), strict=True):
        c = node.criterion
        if weight == 0 and not (c.required and gated) and c.deduction is None and not c.void_parent:
            reason = "is required, but has weight 0 and the policy reads no gate" if c.required else "has weight 0"
            yield Hit(node, "weight", reason, "give it a weight, or remove it" + ("; or a gate" if c.required else ""))


@rule(
    "R105-gate-not-read", "warning",
    what="A criterion is required, but the policy of the rubric reads no gates.",
    why="A response that fails it keeps the points of all the others.",
    repair="Set `gate: veto` (or truncate) in the policy, or drop `required`.",
    source="cards 2, 12, 178",
)  # fmt: skip
def gate_not_read(view: View) -> Iterator[Hit]:
    """Required leaves of positive or negative weight under a flat policy with gate 'none'."""
    if view.flat is None or view.flat.gate not in UNGATED:
        return
    name = view.rubric.policy.name
    for node in view.leaves:
        if node.criterion.required and node.criterion.weight:
            repair = f"write policy: {{name: {name}, gate: veto}}, or drop required"
            yield Hit(node, "required", f"is required, but policy {name!r} reads no gate", repair)


@rule(
    "R106-negative-under-sum", "error",
    what="A negative weight under a policy that divides by the sum of all weights.",
    why="The sum can vanish or change sign, so no reward is given.",
    repair="Use a policy with a positive denominator, or word the item as avoided with a positive weight.",
    source="RaR (pitfalls worded as avoided), card 12",
)  # fmt: skip
def negative_under_sum(view: View) -> Iterator[Hit]:
    """Any negative leaf under denominator 'sum'."""
    if view.flat is None or view.flat.denominator != "sum":
        return
    for node in view.leaves:
        if node.criterion.weight < 0:
            reason = f"weight {node.criterion.weight:g} under {view.rubric.policy.name!r}, which divides by the sum"
            yield Hit(node, "weight", reason, "word it as avoided with a positive weight, or use points_ratio")


@rule(
    "R107-weights-not-one", "warning",
    what="Weights that should sum to 1 do not: of all criteria (arcane_flat), of one dimension (deepresearch_race), of "
    "the dimensions.",
    why="The published formula assumes it; a sum off 1 is usually a lost or doubled criterion.",
    repair="Find the missing share, or divide by the sum; the finding gives the factor.",
    source="card 12; DeepResearch Bench (RACE)",
)  # fmt: skip
def weights_not_one(view: View) -> Iterator[Hit]:
    """Sums further from 1 than .005 (published weights are rounded to two decimals)."""
    rubric = view.rubric
    groups: dict[str, list[Criterion]] = {}
    for c in rubric.leaves:
        groups.setdefault(c.axis if rubric.policy.name == "deepresearch_race" else "", []).append(c)
    if rubric.policy.name in ("arcane_flat", "deepresearch_race"):
        for axis, members in groups.items():
            where = f"the {len(members)} criteria of {axis!r}" if axis else f"the {len(members)} criteria"
            yield from _off_one(where, "criteria", sum(c.weight for c in members))
    if rubric.dimension_weights:
        yield from _off_one("the dimension weights", "dimension_weights", sum(rubric.dimension_weights.values()))


def _off_one(where: str, place: str, total: float) -> Iterator[Hit]:
    if abs(total - 1.0) > TOLERANCE + 1e-9:
        repair = f"multiply each by {1 / total:.4g}" if total > 0 else "write weights that sum to 1"
        yield Hit(None, place, f"{where} sum to {total:.4g}, not 1", repair)


@rule(
    "R108-dimension-without-match", "error",
    what="Axes of the criteria and names of the dimension weights do not match.",
    why="A criterion of an unknown dimension has no weight: the structure of the rubric cannot be built.",
    repair="Name a weight for every axis, and give every weight a criterion.",
    source="DeepResearch Bench (RACE falls back to the mean weight in silence)",
)  # fmt: skip
def dimension_without_match(view: View) -> Iterator[Hit]:
    """Axes without a dimension weight, dimension weights without a criterion."""
    given = view.rubric.dimension_weights
    axes = {c.axis for c in view.rubric.leaves}
    if not given:
        return
    for axis in sorted(axes - set(given)):
        yield Hit(None, "dimension_weights", f"the axis {axis!r} has no weight", f"add a weight for {axis!r}")
    for name in sorted(set(given) - axes):
        reason = f"the dimension {name!r} (weight {given[name]:g}) has no criterion"
        yield Hit(None, "dimension_weights", reason, f"add a criterion with axis {name!r}, or drop the weight")


@rule(
    "R109-one-criterion-decides", "warning",
    what="One criterion holds more than 80% of the positive weight.",
    why="The others cannot change a ranking; the rubric is that criterion.",
    repair="Split it, lower its weight, or make it a gate.",
    source="card 17 (weights)",
)  # fmt: skip
def one_criterion_decides(view: View) -> Iterator[Hit]:
    """The largest share of the positive weights (inside categories where the policy pools by category)."""
    part = np.where(leaf_weights(view.rubric) > 0, np.abs(shares(view.rubric)), 0.0)
    if (part > 0).sum() < 2:
        return
    top = int(part.argmax())
    share = float(part[top] / part.sum())
    if share > DOMINANT:
        reason = f"holds {share:.0%} of the positive weight of {int((part > 0).sum())} criteria"
        yield Hit(view.leaves[top], "weight", reason, "split it, lower its weight, or make it a gate")
