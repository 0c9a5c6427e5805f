"""Making rubrics: one class of prompts, parsing and audit per kind of material; one gate for what they write."""

from rubricate.generate.admit import Gate, admit
from rubricate.generate.base import Draft, Dropped, Feedback, Generator, Material
from rubricate.generate.from_evidence import EvidenceGenerator
from rubricate.generate.jobs import generate_all, read_drafts

__all__ = [
    "Draft",
    "Dropped",
    "EvidenceGenerator",
    "Feedback",
    "Gate",
    "Generator",
    "Material",
    "admit",
    "generate_all",
    "read_drafts",
]
