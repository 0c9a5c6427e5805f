"""Audit: does the judge deserve trust. Statistics are pure numpy functions."""

from rubricate.audit.agreement import VariantAgreement, cross_variant_kappa, quadratic_weighted_kappa, variant_agreement
from rubricate.audit.attacks import (
    INJECTIONS,
    MASTER_KEYS,
    NEIGHBOURS,
    Injection,
    KeyRate,
    key_rates,
    truncate_to_first_sentence,
    truncation_negatives,
)
from rubricate.audit.binary import BinaryReport, binary_report
from rubricate.audit.calibration import QuantileMap, RidgeScale
from rubricate.audit.cascade import Handover, StageRow, cascade_report, handover_thresholds
from rubricate.audit.claim_graph import ClaimGraph, claim_graph
from rubricate.audit.collapse import Collapse, collapse_monitor, model_collapse_step
from rubricate.audit.credit import CreditAccuracy, credit_accuracy
from rubricate.audit.difficulty import DifficultyRow, precision_by_difficulty
from rubricate.audit.hacking import (
    Alarm,
    Gap,
    LengthDrift,
    Limits,
    Onset,
    Saturation,
    alarms,
    dead_groups,
    divergence_onset,
    length_drift,
    proxy_gap,
    saturation,
    shortcut_share,
)
from rubricate.audit.held_out import HeldOut, held_out, spearman
from rubricate.audit.injection import Gullible, Leak, injection_leaks
from rubricate.audit.overoptimisation import OverOptimisation, overoptimisation_curve
from rubricate.audit.paired import PairedGain, paired_gain
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
from rubricate.audit.panel import PanelReport, panel_report
from rubricate.audit.pass_at import pass_at
from rubricate.audit.peers import PeerReport, agreement_vs
from rubricate.audit.probes import Centroids, Probes, probe_dims
from rubricate.audit.proportions import two_proportion_z, wilson_interval
from rubricate.audit.rationale import RationaleTest, rationale_deletion, span_deletions
from rubricate.audit.rewardbench import (
    RewardBench2,
    RMBench,
    Ties,
    best_of_n_credit,
    rewardbench2,
    rm_bench_matrix,
    ties_score,
)
from rubricate.audit.rubric_quality import (
    Alignment,
    Discrimination,
    Masking,
    discrimination,
    group_spread,
    item_alignment,
    masking_sensitivity,
)
from rubricate.audit.selective import RiskCoverage, risk_coverage
from rubricate.audit.turns import Drift, TurnReport, confidence_drift, turn_report
from rubricate.audit.twins import Perturbation, perturbation_delta
from rubricate.audit.validity import Validity, minimal_pairs, predictive_validity

__all__ = [
    "Alarm",
    "Alignment",
    "AllOfN",
    "BinaryReport",
    "BothOrders",
    "Centroids",
    "ClaimGraph",
    "Collapse",
    "CreditAccuracy",
    "DifficultyRow",
    "Discrimination",
    "Drift",
    "Gap",
    "Gullible",
    "Handover",
    "HeldOut",
    "INJECTIONS",
    "Injection",
    "KeyRate",
    "Leak",
    "LengthDrift",
    "Limits",
    "MASTER_KEYS",
    "Masking",
    "NEIGHBOURS",
    "Onset",
    "OverOptimisation",
    "PairAccuracy",
    "PairedGain",
    "PanelReport",
    "PeerReport",
    "Perturbation",
    "PositionBias",
    "Probes",
    "QuantileMap",
    "RMBench",
    "RationaleTest",
    "RewardBench2",
    "RidgeScale",
    "RiskCoverage",
    "Saturation",
    "StageRow",
    "Ties",
    "TurnReport",
    "Validity",
    "VariantAgreement",
    "agreement_vs",
    "alarms",
    "all_of_n_accuracy",
    "best_of_n_credit",
    "binary_report",
    "cascade_report",
    "claim_graph",
    "collapse_monitor",
    "confidence_drift",
    "credit_accuracy",
    "cross_variant_kappa",
    "dead_groups",
    "discrimination",
    "divergence_onset",
    "group_spread",
    "handover_thresholds",
    "held_out",
    "injection_leaks",
    "item_alignment",
    "judgebench",
    "key_rates",
    "length_drift",
    "masking_sensitivity",
    "minimal_pairs",
    "model_collapse_step",
    "overoptimisation_curve",
    "pair_accuracy",
    "paired_gain",
    "panel_report",
    "pass_at",
    "perturbation_delta",
    "position_bias",
    "precision_by_difficulty",
    "predictive_validity",
    "probe_dims",
    "proxy_gap",
    "quadratic_weighted_kappa",
    "rationale_deletion",
    "rewardbench2",
    "risk_coverage",
    "rm_bench_matrix",
    "saturation",
    "shortcut_share",
    "span_deletions",
    "spearman",
    "ties_score",
    "truncate_to_first_sentence",
    "truncation_negatives",
    "turn_report",
    "two_proportion_z",
    "variant_agreement",
    "wilson_interval",
]
