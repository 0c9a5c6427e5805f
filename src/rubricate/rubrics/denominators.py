"""What the flat scoring policies divide by, as far as lints and diffs need it: weights, shares, range of the score.

The formulas are in ``rubricate.rewards``; this package may not import them, so a small table names the switches of the
published policies, and ``settings`` of a rubric's policy override it. A policy that is not in the table (a tree,
stages, pairwise tiers, a plugin) has no range here, and its shares are those of the absolute weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from rubricate.arrays import Floats
from rubricate.rubrics.model import PolicySpec, Rubric

RAR = {"essential": 1.0, "important": 0.7, "optional": 0.3, "pitfall": 0.9}


@dataclass(frozen=True)
class Flat:
    """The switches of a flat policy that decide weights and range; the names are those of ``rewards.Policy``."""

    denominator: str = "positive"
    negatives_only: str = "undefined"
    clip: str = "none"
    units: str = "normalised"
    weighted: bool = True
    pool: str = "items"
    gate: str = "none"
    class_weights: Mapping[str, float] = field(default_factory=dict)
    max_total: float | None = None
    ratio: bool = False


FLAT: dict[str, Flat] = {
    "weighted_mean": Flat("minmax", gate="veto"),
    "points_ratio": Flat("positive"),
    "healthbench": Flat("positive", clip="mean"),
    "prbench": Flat("positive", clip="example"),
    "researchrubrics": Flat("positive"),
    "draco": Flat("positive", clip="example"),
    "orbit": Flat("positive", "signed_fallback"),
    "automed": Flat("positive", "signed_fallback"),
    "rubric_lib": Flat("positive", "one_plus", clip="example"),
    "rubric_lib_raw": Flat("none"),
    "autorubric_t2i": Flat("none"),
    "rar_explicit": Flat("sum", class_weights=RAR),
    "rar_implicit": Flat("sum", units="of_max"),
    "researcherbench": Flat("sum"),
    "arcane_flat": Flat("sum"),
    "deepresearch_bench_2": Flat("sum", weighted=False),
    "researchqa": Flat("sum", weighted=False),
    "search_gen_v": Flat("sum", weighted=False),
    "likert_mean": Flat("sum", weighted=False, units="native"),
    "writingbench": Flat("sum", weighted=False, units="native"),
    "category_mean": Flat("minmax", pool="categories"),
    "deepresearch_race": Flat("sum", units="native", pool="categories", ratio=True),
    "all_of": Flat("minmax", weighted=False, gate="veto"),
}


def flat_of(policy: PolicySpec) -> Flat | None:
    """The switches of ``policy`` with its settings; None when it is not a flat policy that the table knows.

    >>> flat_of(PolicySpec(name="healthbench", settings={"denominator": "abs"})).denominator
    'abs'
    """
    own: dict[str, Any] = {f.name: policy.settings[f.name] for f in fields(Flat) if f.name in policy.settings}
    if policy.name in FLAT:
        return replace(FLAT[policy.name], **own)
    return Flat(**own) if "denominator" in own else None


def leaf_weights(rubric: Rubric) -> Floats:
    """float[C] the signed weights that the policy uses: class weights and equal weights stand in for the written."""
    flat = flat_of(rubric.policy) or Flat()
    written = np.array([c.weight for c in rubric.leaves], dtype=np.float64)
    sign = np.where(written < 0, -1.0, 1.0)
    if flat.class_weights:
        sizes = {k.lower(): float(v) for k, v in flat.class_weights.items()}
        by_class = np.array([sizes.get(c.weight_class.lower(), np.nan) for c in rubric.leaves])
        return np.where(np.isnan(by_class), written, sign * by_class)
    return written if flat.weighted else sign


def shares(rubric: Rubric) -> Floats:
    """float[C] what each criterion can move: w / D, of the positive weights where the policy divides by those.

    Otherwise |w| / sum |w|; inside its category times the share of the category when the policy pools by category.
    All 0 where the divisor is 0.
    """
    weights, flat = leaf_weights(rubric), flat_of(rubric.policy)
    if flat is None or flat.pool == "items":
        return _over(weights, flat)
    axis = np.array([c.axis for c in rubric.leaves])
    out = np.zeros(len(weights))
    sizes = {a: rubric.dimension_weights.get(a, 1.0) for a in dict.fromkeys(axis.tolist())}
    whole = sum(sizes.values()) or 1.0
    for name, size in sizes.items():
        out[axis == name] = size / whole * _over(weights[axis == name], flat)
    return out


def _over(weights: Floats, flat: Flat | None) -> Floats:
    positive = np.maximum(weights, 0.0).sum()
    if flat is not None and flat.denominator == "positive" and positive > 0:
        return weights / positive
    whole = np.abs(weights).sum()
    return np.abs(weights) / whole if whole > 0 else np.zeros(len(weights))


def score_range(rubric: Rubric) -> tuple[float, float] | None:
    """(lowest, highest) score that complete verdicts can reach; None when undefined, or the policy is not flat.

    sum of min(w x) / D and sum of max(w x) / D over the ends x of each scale, then clipped; 0 and 1 under minmax.
    """
    flat = flat_of(rubric.policy)
    if flat is None:
        return None
    if flat.ratio:
        return (0.0, 1.0)
    weights = leaf_weights(rubric)
    axis = np.array([c.axis for c in rubric.leaves if flat.pool == "categories"] or [""] * len(weights))
    low = high = whole = 0.0
    for name in dict.fromkeys(axis.tolist()):
        part = _part_range(rubric, flat, weights, axis == name)
        if part is None:
            return None
        size = rubric.dimension_weights.get(name, 1.0) if flat.pool == "categories" else 1.0
        low, high, whole = low + size * part[0], high + size * part[1], whole + size
    if not whole > 0:
        return None
    low, high = low / whole, high / whole
    return (min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)) if flat.clip == "example" else (low, high)


def _part_range(rubric: Rubric, flat: Flat, weights: Floats, mask: np.ndarray) -> tuple[float, float] | None:
    if flat.denominator == "minmax":
        return (0.0, 1.0) if np.abs(weights[mask]).sum() > 0 else None
    ends = np.array([_ends(c.scale.min, c.scale.max, flat.units) for c in rubric.leaves])[mask]
    w = weights[mask]
    points = w[:, None] * ends
    low, high = float(points.min(1).sum()), float(points.max(1).sum())
    positive, size = float(np.maximum(w, 0.0).sum()), float(np.abs(w).sum())
    shift = 0.0
    divisor = {
        "positive": positive, "abs": size, "sum": float(w.sum()), "none": 1.0,
        "fixed": float(flat.max_total or rubric.max_total or 0.0),
    }.get(flat.denominator, 0.0)  # fmt: skip
    if flat.denominator == "positive" and not positive and flat.negatives_only != "undefined":
        divisor, shift = size, float(flat.negatives_only == "one_plus")
    if not divisor > 0 or (flat.denominator == "sum" and (w < 0).any()):
        return None
    return low / divisor + shift, high / divisor + shift


def _ends(low: float, high: float, units: str) -> tuple[float, float]:
    if units == "native":
        return low, high
    return (low / high, 1.0) if units == "of_max" and high > 0 else (0.0, 1.0)
