"""Refine: rubrics and rules made better by what they missed."""

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

__all__ = [
    "Case",
    "Consistency",
    "Finding",
    "Played",
    "Players",
    "PreferenceConsistency",
    "RuleGame",
    "Shift",
    "leaks",
    "margin_shift",
    "matches",
    "needed_pairs",
    "pair_margins",
    "recovery_reward",
    "selective",
    "wilson_low",
]
