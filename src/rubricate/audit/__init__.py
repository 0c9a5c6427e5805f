"""Audit: does the judge deserve trust. Statistics are pure numpy functions."""

from rubricate.audit.agreement import VariantAgreement, cross_variant_kappa, quadratic_weighted_kappa, variant_agreement
from rubricate.audit.calibration import QuantileMap, RidgeScale
from rubricate.audit.collapse import Collapse, collapse_monitor, model_collapse_step
from rubricate.audit.credit import CreditAccuracy, credit_accuracy
from rubricate.audit.overoptimisation import OverOptimisation, overoptimisation_curve
from rubricate.audit.pairs import (
    AllOfN,
    BothOrders,
    PairAccuracy,
    PositionBias,
    all_of_n_accuracy,
    judgebench,
    pair_accuracy,
    position_bias,
)
from rubricate.audit.pass_at import pass_at
from rubricate.audit.probes import Centroids, Probes, probe_dims
from rubricate.audit.proportions import two_proportion_z, wilson_interval
from rubricate.audit.rewardbench import (
    RewardBench2,
    RMBench,
    Ties,
    best_of_n_credit,
    rewardbench2,
    rm_bench_matrix,
    ties_score,
)

__all__ = [
    "AllOfN",
    "BothOrders",
    "Centroids",
    "Collapse",
    "CreditAccuracy",
    "OverOptimisation",
    "PairAccuracy",
    "PositionBias",
    "Probes",
    "QuantileMap",
    "RMBench",
    "RewardBench2",
    "RidgeScale",
    "Ties",
    "VariantAgreement",
    "all_of_n_accuracy",
    "best_of_n_credit",
    "collapse_monitor",
    "credit_accuracy",
    "cross_variant_kappa",
    "judgebench",
    "model_collapse_step",
    "overoptimisation_curve",
    "pair_accuracy",
    "pass_at",
    "position_bias",
    "probe_dims",
    "quadratic_weighted_kappa",
    "rewardbench2",
    "rm_bench_matrix",
    "ties_score",
    "two_proportion_z",
    "variant_agreement",
    "wilson_interval",
]
