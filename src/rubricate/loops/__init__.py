"""Loops around rollouts: what is repaired before it is trained on."""

from rubricate.loops.purify import Turn, purify_turn

__all__ = ["Turn", "purify_turn"]
