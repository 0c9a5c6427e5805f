"""A rubric from a folder of documents: the passages that fit the prompt, then the generator for evidence."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from rubricate.generate.base import Draft, Generator, Material, of_inner
from rubricate.generate.from_evidence import EvidenceGenerator
from rubricate.generate.index import PassageIndex
from rubricate.llm.client import Client
from rubricate.registry import register


@register("generator", "docs")
@dataclass(frozen=True)
class DocumentsGenerator:
    """Criteria from the passages of a folder that fit the prompt.

    ``k`` passages of ``documents`` by BM25 (``PassageIndex.of_folder``) go to ``inner``.

    A prompt that shares no word with any passage has no rubric. Passages of the material are replaced.
    """

    documents: PassageIndex
    k: int = 6
    inner: Generator = field(default_factory=EvidenceGenerator)

    needs = ("prompt",)

    @property
    def digest(self) -> str:
        """Settings, the documents by content, the inner generator by its digest."""
        return of_inner(self)

    async def generate(self, material: Material, client: Client, *, id: str) -> Draft:
        """The draft of the inner generator, with the sources that were used as a note."""
        passages, sources = self.documents.best(material.prompt, self.k)
        if not passages:
            return Draft(None, why="no passage of the documents shares a word with the prompt")
        found = dataclasses.replace(material, passages=passages, sources=sources)
        draft = await self.inner.generate(found, client, id=id)
        return dataclasses.replace(draft, notes=(*draft.notes, f"passages from {', '.join(dict.fromkeys(sources))}"))
