"""Refine: rubrics and rules made better by what they missed."""

from rubricate.refine.rule_game import Case, Finding, Played, Players, RuleGame

__all__ = ["Case", "Finding", "Played", "Players", "RuleGame"]
