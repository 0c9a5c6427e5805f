"""Loops around rollouts: what is repaired before it is trained on, who meets whom and who wins."""

from rubricate.loops.purify import Turn, purify_turn
from rubricate.loops.tournament import Played, judge_tournament, mean_of_criteria

__all__ = ["Played", "Turn", "judge_tournament", "mean_of_criteria", "purify_turn"]
