"""Verdicts to rewards: aggregation, gates, shaping, group operations, weight makers, preference pairs, lints.

Pure functions on arrays (NaN: asked, no answer). Each can be named as a ``step`` and composed into a recipe.
"""

from rubricate.agreement import cluster_entropy, self_agreement
from rubricate.likelihood import followup_margin, reference_likelihood, self_confidence
from rubricate.rewards.aggregate import (
    all_pass,
    category_mean,
    connected_share,
    product,
    soft_and,
    weighted_mean,
    weighted_sum,
)
from rubricate.rewards.blend import learn_blend
from rubricate.rewards.citations import Citations, claim_measures
from rubricate.rewards.classes import Classes
from rubricate.rewards.consensus import closest_to_mean, consensus_reward, cross_rank_reward, integrate
from rubricate.rewards.couple import (
    banded,
    bilinear,
    fallback,
    renorm,
    sign_product,
    sign_weights,
    step_penalty,
    thought_outcome,
)
from rubricate.rewards.decomposition import redistribute
from rubricate.rewards.deliver import ON_MISSING, deliver
from rubricate.rewards.dimensions import interact, saturate, stretch, veto
from rubricate.rewards.fields import field_agreement
from rubricate.rewards.gates import gate, gated_accumulate
from rubricate.rewards.graded import ladder, revision_reward
from rubricate.rewards.group import (
    CriterionStats,
    column_norm,
    criterion_rate,
    criterion_stats,
    group_norm,
    group_softmax,
    pareto_mask,
    pass_covariance,
    rank_penalty,
    sample_quantile,
    spread_groups,
)
from rubricate.rewards.label_lists import label_agreement
from rubricate.rewards.likelihood import information_gain, jensen_gain, marginal_likelihood
from rubricate.rewards.lints import (
    Lint,
    component_share,
    finite_budget,
    implied_threshold,
    noise_floor,
    pareto_capacity,
    primary_dominates,
    scale_matters,
    signal_share,
)
from rubricate.rewards.makers import (
    ContrastWeights,
    DualAscent,
    DualState,
    FixedWeights,
    RunningNormalizer,
    WeightMaker,
    task_weight,
)
from rubricate.rewards.margins import Margin
from rubricate.rewards.moves import after_answer, by_kind, changed_after_failure, count_discount, first_time
from rubricate.rewards.named import named, policy_reward
from rubricate.rewards.outcome import Rewards, Why
from rubricate.rewards.pairwise import Tiers, against_all, both_orders, tier_reward
from rubricate.rewards.points import Halving, Points, without_sentinels
from rubricate.rewards.policies import Policy, category_scores, tag_scores
from rubricate.rewards.preference import extreme_pairs, lexicographic_pairs
from rubricate.rewards.progress import fuse_progress
from rubricate.rewards.ranking import ndcg_at_k, recall_at_k, weighted_pair_order
from rubricate.rewards.reference import Ratio
from rubricate.rewards.running import running_scale
from rubricate.rewards.schedules import schedule, stage
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.sets import f_beta, new_sets
from rubricate.rewards.shaping import (
    affine,
    best_of_k,
    clip,
    exponential,
    hinge_negative,
    log_sigmoid,
    piecewise,
    proper_score,
    range_score,
    soften,
    step_delta,
    zscore,
)
from rubricate.rewards.sliders import Sliders
from rubricate.rewards.staged import Staged
from rubricate.rewards.table import as_scores
from rubricate.rewards.terms import combine, multiply, ratio
from rubricate.rewards.totals import Total, share_at, total
from rubricate.rewards.tree import Tree
from rubricate.rewards.uncertainty import disagreement, uncertainty_weight
from rubricate.rewards.weights import (
    agreement_weights,
    difficulty_weights,
    lowest_first,
    scaled_weights,
    shared_outcome,
    trust_weight,
)

__all__ = [
    "Citations",
    "Classes",
    "ContrastWeights",
    "CriterionStats",
    "DualAscent",
    "DualState",
    "FixedWeights",
    "Halving",
    "Lint",
    "Margin",
    "ON_MISSING",
    "Points",
    "Policy",
    "Ratio",
    "Rewards",
    "RunningNormalizer",
    "Scorer",
    "Sliders",
    "Staged",
    "Tiers",
    "Total",
    "Tree",
    "WeightMaker",
    "Why",
    "affine",
    "after_answer",
    "against_all",
    "agreement_weights",
    "all_pass",
    "as_scores",
    "banded",
    "best_of_k",
    "bilinear",
    "both_orders",
    "by_kind",
    "category_mean",
    "category_scores",
    "changed_after_failure",
    "claim_measures",
    "clip",
    "closest_to_mean",
    "cluster_entropy",
    "column_norm",
    "combine",
    "component_share",
    "connected_share",
    "consensus_reward",
    "count_discount",
    "criterion_rate",
    "criterion_stats",
    "cross_rank_reward",
    "deliver",
    "difficulty_weights",
    "disagreement",
    "exponential",
    "extreme_pairs",
    "f_beta",
    "fallback",
    "field_agreement",
    "finite_budget",
    "first_time",
    "followup_margin",
    "fuse_progress",
    "gate",
    "gated_accumulate",
    "group_norm",
    "group_softmax",
    "hinge_negative",
    "implied_threshold",
    "information_gain",
    "integrate",
    "interact",
    "jensen_gain",
    "label_agreement",
    "ladder",
    "learn_blend",
    "lexicographic_pairs",
    "log_sigmoid",
    "lowest_first",
    "marginal_likelihood",
    "multiply",
    "named",
    "ndcg_at_k",
    "new_sets",
    "noise_floor",
    "pareto_capacity",
    "pareto_mask",
    "pass_covariance",
    "piecewise",
    "policy_reward",
    "primary_dominates",
    "product",
    "proper_score",
    "range_score",
    "rank_penalty",
    "ratio",
    "recall_at_k",
    "redistribute",
    "reference_likelihood",
    "renorm",
    "revision_reward",
    "running_scale",
    "sample_quantile",
    "saturate",
    "scale_matters",
    "scaled_weights",
    "schedule",
    "self_agreement",
    "self_confidence",
    "share_at",
    "shared_outcome",
    "sign_product",
    "sign_weights",
    "signal_share",
    "soft_and",
    "soften",
    "spread_groups",
    "stage",
    "step_delta",
    "step_penalty",
    "stretch",
    "tag_scores",
    "task_weight",
    "thought_outcome",
    "tier_reward",
    "total",
    "trust_weight",
    "uncertainty_weight",
    "veto",
    "weighted_mean",
    "weighted_pair_order",
    "weighted_sum",
    "without_sentinels",
    "zscore",
]
