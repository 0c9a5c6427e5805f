"""Refine: rubrics and rules made better by what they missed."""

from rubricate.refine.buffer import CriterionBuffer, Held
from rubricate.refine.clash import LlmClash
from rubricate.refine.code_rules import CodeRule, CodeRuleWriter, Ran, Wanted, run_faults, static_faults
from rubricate.refine.compare_weights import (
    WEIGHINGS,
    CrossFitted,
    PairedL1,
    Ridge,
    correlation_aware,
    cross_fitted,
    uniform,
    whole_folds,
)
from rubricate.refine.consensus import alike_groups, model_consensus, semantic_consensus
from rubricate.refine.curriculum import CriterionCurriculum, CriterionState, PromptCurriculum, learnable
from rubricate.refine.decompose import Decomposed, DecomposeFilter, Splitter
from rubricate.refine.divide import divide
from rubricate.refine.evidence import Evidence, Judged
from rubricate.refine.evolve import ExternalFit, Fitted, RubricSearch, Searched
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
from rubricate.refine.found import Found, Share, found_again, wilson_share
from rubricate.refine.granularity import at_depth
from rubricate.refine.human import Decision, review, reviewed
from rubricate.refine.plan import Change, Refined, after_review, divided, refine_rubric, reworded
from rubricate.refine.principles import LlmPrinciples
from rubricate.refine.prototypes import UserPrototypes, anchored_ridge, average_chains
from rubricate.refine.reasons import LABELLED, SAFE, STEPS, RefineSettings
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
from rubricate.refine.rewrite import LlmRewriter, ShownPair
from rubricate.refine.rule_game import Case, Finding, Played, Players, RuleGame
from rubricate.refine.selector import Selected, SparseSelector
from rubricate.refine.split import LlmSplitter
from rubricate.refine.texts import text_fault
from rubricate.refine.themes import LlmThemes, Merged, Theme, consolidate, merged_alike
from rubricate.refine.tracker import CriterionTracker, Tracked, Version
from rubricate.refine.whitening import whitened_weights

__all__ = [
    "Case",
    "Change",
    "CodeRule",
    "CodeRuleWriter",
    "Consistency",
    "CriterionBuffer",
    "CriterionCurriculum",
    "CriterionState",
    "CriterionTracker",
    "CrossFitted",
    "Decision",
    "DecomposeFilter",
    "Decomposed",
    "Evidence",
    "ExternalFit",
    "Finding",
    "Fitted",
    "Found",
    "Held",
    "Judged",
    "LABELLED",
    "LlmClash",
    "LlmPrinciples",
    "LlmRewriter",
    "LlmSplitter",
    "LlmThemes",
    "Merged",
    "PairedL1",
    "Played",
    "Players",
    "PreferenceConsistency",
    "PromptCurriculum",
    "Ran",
    "Rebuilt",
    "Reconstruction",
    "RefineSettings",
    "Refined",
    "Ridge",
    "RubricSearch",
    "RuleGame",
    "SAFE",
    "STEPS",
    "Searched",
    "Selected",
    "Share",
    "Shift",
    "ShownPair",
    "SparseSelector",
    "Splitter",
    "Theme",
    "Tracked",
    "UserPrototypes",
    "Version",
    "WEIGHINGS",
    "Wanted",
    "after_review",
    "alike_groups",
    "anchored_ridge",
    "at_depth",
    "average_chains",
    "conflicting",
    "consolidate",
    "correlation_aware",
    "coverage_subset",
    "cross_fitted",
    "divide",
    "divided",
    "found_again",
    "high_spread",
    "leaks",
    "learnable",
    "likeness",
    "margin_shift",
    "matches",
    "merged_alike",
    "misaligned",
    "model_consensus",
    "needed_pairs",
    "pair_margins",
    "recovery_reward",
    "redundant",
    "refine_rubric",
    "review",
    "reviewed",
    "reworded",
    "run_faults",
    "selective",
    "semantic_consensus",
    "static_faults",
    "text_fault",
    "ungrounded",
    "uniform",
    "unverifiable",
    "whitened_weights",
    "whole_folds",
    "wilson_low",
    "wilson_share",
    "word_f1",
]
