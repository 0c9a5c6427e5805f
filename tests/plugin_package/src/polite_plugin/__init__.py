"""A toy plugin: one verifier and one scoring policy, registered when rubricate reads the entry point."""

from rubricate.registry import register
from rubricate.rewards.policies import Policy
from rubricate.types import Sample
from rubricate.verifiers.base import verifier


@verifier("polite/please")
def please(sample: Sample, word: str = "please") -> bool:
    """Whether the response says the word."""
    return word in sample.response.lower()


@register("policy", "polite/strict")
def strict() -> Policy:
    """Weighted share, 0 unless every criterion is met."""
    return Policy(denominator="minmax", gate="veto", gate_on="all", gate_threshold=1.0)
