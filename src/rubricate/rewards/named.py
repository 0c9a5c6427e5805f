"""Scoring policies by name: general ones here, the published formulas in ``rubricate.rewards.benchmarks``.

A rubric carries ``{name, settings}``; ``named(name, **settings)`` gives the frozen policy. Plugins register a function
without arguments that returns a ``Scorer`` under the kind ``policy``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from numpy.typing import ArrayLike

from rubricate import registry
from rubricate.arrays import Floats, as_bools, as_floats, check
from rubricate.errors import SettingError
from rubricate.registry import register
from rubricate.rewards.margins import Margin
from rubricate.rewards.policies import Policy
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.table import as_scores
from rubricate.structure import Structure


def named(name: str, /, **settings: Any) -> Scorer:
    """The policy registered under ``name``, with some settings changed.

    Raises UnknownNameError for a name (the known ones are listed), SettingError for a setting that the policy does not
    have (its settings are listed) or a value out of range.

    >>> named("healthbench", missing="worst_case").missing
    'worst_case'
    >>> named("healthbench") == named("healthbench")
    True
    """
    base: Scorer = registry.lookup("policy", name)()
    known = sorted(f.name for f in fields(base) if f.name != "name")
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise SettingError(f"the policy {name!r} takes no setting {unknown}", expected=f"some of: {', '.join(known)}")
    return replace(base, name=name, **settings)


def policy_reward(
    scores: ArrayLike,
    asked: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    category: ArrayLike | None = None,
    gate_mask: ArrayLike | None = None,
    group: ArrayLike | None = None,
    structure: Structure | Sequence[Structure] | None = None,
    *,
    policy: str = "weighted_mean",
    settings: Mapping[str, Any] | None = None,
) -> Floats:
    """The rewards of a named policy from plain arrays, as a part of a recipe: float[N], NaN where there is none.

    ``scores[N, C]`` in [0, 1]; the other arrays default to all asked, weight 1, one category, no gates, own groups.

    >>> policy_reward([[1.0, 1.0, 1.0]], weights=[5.0, 5.0, -8.0], policy="healthbench").tolist()
    [0.2]
    """
    values, gates = as_floats(scores, "scores"), as_bools(False if gate_mask is None else gate_mask, "gate_mask")
    check(scores=(values, "N C"))
    if gates.ndim:
        check(scores=(values, "N C"), gate_mask=(gates, "C | N C"))
    packed = as_scores(
        values, 1.0 if weights is None else weights, asked=asked, category=0 if category is None else category,
        gate=gates, group=group,
    )  # fmt: skip
    return named(policy, **dict(settings or {})).score(packed, structure).values


@register("policy", "weighted_mean")
def weighted_mean() -> Policy:
    """Weighted share of the criteria that came out well: (raw - lowest) / (highest - lowest), in [0, 1].

    With positive weights sum w v / sum w. A criterion of negative weight earns |w| when it is not met, so the score is
    defined under any signs. A required criterion that fails (below its min_score, else below .5) sets the score to 0.
    The default policy of a rubric.
    """
    return Policy(denominator="minmax", gate="veto")


@register("policy", "points_ratio")
def points_ratio() -> Policy:
    """sum w v / sum of positive weights, unclipped; no score without a positive criterion. Negative scores happen."""
    return Policy(denominator="positive")


@register("policy", "likert_mean")
def likert_mean() -> Policy:
    """Plain mean of the verdicts in the units of their scales (1-5 stays 1-5)."""
    return Policy(denominator="sum", weighted=False, units="native")


@register("policy", "category_mean")
def category_mean() -> Policy:
    """Weighted mean inside each category (axis), then the mean of the categories under the dimension weights.

    A category counts the same however many criteria it has.
    """
    return Policy(denominator="minmax", pool="categories")


@register("policy", "all_of")
def all_of() -> Policy:
    """1 if every criterion is fully met (for negative weights: fully avoided), else 0.

    With probabilities as verdicts set gate_threshold: at 1.0 a verdict of .99 fails.
    """
    return Policy(denominator="minmax", weighted=False, gate="veto", gate_on="all", gate_threshold=1.0)


@register("policy", "log_margin")
def log_margin() -> Margin:
    """Weighted mean of log p(yes) - log p(no); no score where a margin is infinite."""
    return Margin()
