"""Making rubrics: one class of prompts, parsing and audit per kind of material; one gate for what they write."""

from rubricate.generate.admit import Gate, admit
from rubricate.generate.base import Draft, Dropped, Feedback, Generator, Material
from rubricate.generate.consensus import ConsensusGenerator
from rubricate.generate.constraints import ConstraintGenerator
from rubricate.generate.disagreement import DisagreementChecklist
from rubricate.generate.from_contrast import ContrastGenerator
from rubricate.generate.from_documents import DocumentsGenerator
from rubricate.generate.from_evidence import EvidenceGenerator
from rubricate.generate.from_failures import FailureGenerator
from rubricate.generate.from_feedback import FeedbackGenerator, Principle
from rubricate.generate.from_neighbours import BankGenerator, NeighbourGenerator
from rubricate.generate.from_passages import NuggetGenerator
from rubricate.generate.from_persona import PersonaGenerator
from rubricate.generate.from_prompt import PromptGenerator
from rubricate.generate.from_reference import ReferenceGenerator
from rubricate.generate.index import PassageIndex, RubricIndex
from rubricate.generate.items import ItemsGenerator
from rubricate.generate.jobs import generate_all, read_drafts, stored_drafts
from rubricate.generate.materials import read_materials
from rubricate.generate.named import named_generator

__all__ = [
    "BankGenerator",
    "ConsensusGenerator",
    "ConstraintGenerator",
    "ContrastGenerator",
    "DisagreementChecklist",
    "DocumentsGenerator",
    "Draft",
    "Dropped",
    "EvidenceGenerator",
    "FailureGenerator",
    "Feedback",
    "FeedbackGenerator",
    "Gate",
    "Generator",
    "ItemsGenerator",
    "Material",
    "NeighbourGenerator",
    "NuggetGenerator",
    "PassageIndex",
    "PersonaGenerator",
    "Principle",
    "PromptGenerator",
    "ReferenceGenerator",
    "RubricIndex",
    "admit",
    "generate_all",
    "named_generator",
    "read_drafts",
    "read_materials",
    "stored_drafts",
]
