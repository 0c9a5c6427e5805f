"""Refine: rubrics and rules made better by what they missed."""

from rubricate.refine.buffer import CriterionBuffer, Held
from rubricate.refine.consensus import model_consensus, semantic_consensus
from rubricate.refine.filters import (
    conflicting,
    coverage_subset,
    high_spread,
    likeness,
    misaligned,
    redundant,
    ungrounded,
    unverifiable,
)
from rubricate.refine.prototypes import UserPrototypes, anchored_ridge, average_chains
from rubricate.refine.reconstruct import Rebuilt, Reconstruction, word_f1
from rubricate.refine.recovery import (
    Consistency,
    PreferenceConsistency,
    Shift,
    leaks,
    margin_shift,
    matches,
    needed_pairs,
    pair_margins,
    recovery_reward,
    selective,
    wilson_low,
)
from rubricate.refine.rule_game import Case, Finding, Played, Players, RuleGame
from rubricate.refine.selector import Selected, SparseSelector
from rubricate.refine.tracker import CriterionTracker, Tracked, Version
from rubricate.refine.whitening import whitened_weights

__all__ = [
    "Case",
    "Consistency",
    "CriterionBuffer",
    "CriterionTracker",
    "Finding",
    "Held",
    "Played",
    "Players",
    "PreferenceConsistency",
    "Rebuilt",
    "Reconstruction",
    "RuleGame",
    "Selected",
    "Shift",
    "SparseSelector",
    "Tracked",
    "UserPrototypes",
    "Version",
    "anchored_ridge",
    "average_chains",
    "conflicting",
    "coverage_subset",
    "high_spread",
    "leaks",
    "likeness",
    "margin_shift",
    "matches",
    "misaligned",
    "model_consensus",
    "needed_pairs",
    "pair_margins",
    "recovery_reward",
    "redundant",
    "selective",
    "semantic_consensus",
    "ungrounded",
    "unverifiable",
    "whitened_weights",
    "wilson_low",
    "word_f1",
]
