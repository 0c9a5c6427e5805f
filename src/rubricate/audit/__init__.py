"""Audit: does the judge deserve trust. Statistics are pure numpy functions."""

from rubricate.audit.agreement import quadratic_weighted_kappa
from rubricate.audit.calibration import QuantileMap, RidgeScale

__all__ = ["QuantileMap", "RidgeScale", "quadratic_weighted_kappa"]
