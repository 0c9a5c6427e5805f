"""Audit: does the judge deserve trust. Statistics are pure numpy functions."""

from rubricate.audit.agreement import quadratic_weighted_kappa
from rubricate.audit.calibration import QuantileMap, RidgeScale
from rubricate.audit.collapse import Collapse, collapse_monitor, model_collapse_step
from rubricate.audit.credit import CreditAccuracy, credit_accuracy
from rubricate.audit.pass_at import pass_at
from rubricate.audit.proportions import two_proportion_z, wilson_interval

__all__ = [
    "Collapse",
    "CreditAccuracy",
    "QuantileMap",
    "RidgeScale",
    "collapse_monitor",
    "credit_accuracy",
    "model_collapse_step",
    "pass_at",
    "quadratic_weighted_kappa",
    "two_proportion_z",
    "wilson_interval",
]
