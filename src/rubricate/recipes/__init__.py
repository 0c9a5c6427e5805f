"""The catalogue: published systems as short functions over shared parts.

``find_recipe`` takes a name, a catalogue number, an arXiv id or a system's name. Importing this package registers all.
"""

from rubricate.recipes import audits as audits
from rubricate.recipes import credit_baselines as credit_baselines
from rubricate.recipes import credit_group as credit_group
from rubricate.recipes import credit_process as credit_process
from rubricate.recipes import credit_search as credit_search
from rubricate.recipes import credit_steps as credit_steps
from rubricate.recipes import credit_tokens as credit_tokens
from rubricate.recipes import credit_turns as credit_turns
from rubricate.recipes import guidance as guidance
from rubricate.recipes import judge_denoise as judge_denoise
from rubricate.recipes import judge_encoders as judge_encoders
from rubricate.recipes import judge_likelihood as judge_likelihood
from rubricate.recipes import judge_pairs as judge_pairs
from rubricate.recipes import judge_trained as judge_trained
from rubricate.recipes import judge_turns as judge_turns
from rubricate.recipes import judge_verify as judge_verify
from rubricate.recipes import reward_agents as reward_agents
from rubricate.recipes import reward_composition as reward_composition
from rubricate.recipes import reward_multi as reward_multi
from rubricate.recipes import reward_shaping as reward_shaping
from rubricate.recipes import reward_tasks as reward_tasks
from rubricate.recipes import rubric_audits as rubric_audits
from rubricate.recipes import rubric_domains as rubric_domains
from rubricate.recipes import rubric_evidence as rubric_evidence
from rubricate.recipes import rubric_generate as rubric_generate
from rubricate.recipes import rubric_personas as rubric_personas
from rubricate.recipes import rubric_refine as rubric_refine
from rubricate.recipes import rubric_scoring as rubric_scoring
from rubricate.recipes.card import Card, Entry, find_recipe, recipe, variant

__all__ = [
    "Card",
    "Entry",
    "find_recipe",
    "recipe",
    "variant",
]
