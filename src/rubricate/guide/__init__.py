"""Guidance: what the policy is shown while it learns."""

from rubricate.guide.scaffold import Scaffold, scaffold_message

__all__ = ["Scaffold", "scaffold_message"]
