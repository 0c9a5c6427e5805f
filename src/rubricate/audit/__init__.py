"""Audit: does the judge deserve trust. Statistics are pure numpy functions."""

from rubricate.audit.agreement import quadratic_weighted_kappa
from rubricate.audit.calibration import QuantileMap, RidgeScale
from rubricate.audit.pass_at import pass_at

__all__ = ["QuantileMap", "RidgeScale", "pass_at", "quadratic_weighted_kappa"]
