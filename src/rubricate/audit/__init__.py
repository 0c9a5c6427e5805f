"""Audit: does the judge deserve trust. Statistics are pure numpy functions."""

from rubricate.audit.agreement import quadratic_weighted_kappa
from rubricate.audit.calibration import QuantileMap, RidgeScale
from rubricate.audit.collapse import Collapse, collapse_monitor, model_collapse_step
from rubricate.audit.credit import CreditAccuracy, credit_accuracy
from rubricate.audit.overoptimisation import OverOptimisation, overoptimisation_curve
from rubricate.audit.pass_at import pass_at
from rubricate.audit.probes import Centroids, Probes, probe_dims
from rubricate.audit.proportions import two_proportion_z, wilson_interval

__all__ = [
    "Centroids",
    "Collapse",
    "CreditAccuracy",
    "OverOptimisation",
    "Probes",
    "QuantileMap",
    "RidgeScale",
    "collapse_monitor",
    "credit_accuracy",
    "model_collapse_step",
    "overoptimisation_curve",
    "pass_at",
    "probe_dims",
    "quadratic_weighted_kappa",
    "two_proportion_z",
    "wilson_interval",
]
