"""Making rubrics: from evidence so far; one class of prompts, parsing and audit per source."""

from rubricate.generate.from_evidence import EvidenceGenerator

__all__ = ["EvidenceGenerator"]
