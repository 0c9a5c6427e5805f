"""Rubrics as data: the model, files, lints, locks, rendering, merging. No model is called here."""

from rubricate.rubrics.lock import check_lock, lock, unlock
from rubricate.rubrics.model import Criterion, PolicySpec, Rubric
from rubricate.rubrics.records import (
    Evidence,
    Example,
    Provenance,
    Retrieval,
    RubricStats,
    Stage,
    Stats,
    VerifierSpec,
)
from rubricate.rubrics.scale import Scale

__all__ = [
    "Criterion",
    "Evidence",
    "Example",
    "PolicySpec",
    "Provenance",
    "Retrieval",
    "Rubric",
    "RubricStats",
    "Scale",
    "Stage",
    "Stats",
    "VerifierSpec",
    "check_lock",
    "lock",
    "unlock",
]
