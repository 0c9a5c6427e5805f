"""Neutral checks where two answers differ: what to look up before anyone decides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rubricate.generate.base import Material
from rubricate.generate.items import Blocks, ItemsGenerator, Prepared
from rubricate.llm.client import Client
from rubricate.registry import register


@register("generator", "disagreement")
@dataclass(frozen=True, kw_only=True)
class DisagreementChecklist(ItemsGenerator):
    """Neutral checks of facts on which two answers disagree.

    The model sees neither labels nor a meaningful order: which answer comes first follows from a hash of the texts. A
    check that names an answer or quotes one is refused by the gate. Source: card 190, arXiv 2605.09269 (page read).
    """

    needs = ("responses",)
    prompt = "generate_disagreement"

    async def prepare(self, material: Material, client: Client) -> Prepared:
        """The two answers, or why there is nothing to check."""
        if len(material.responses) != 2:
            return Prepared([], why=f"{len(material.responses)} responses; a disagreement has two")
        if material.responses[0].strip() == material.responses[1].strip():
            return Prepared([], why="the two responses are the same")
        return await super().prepare(material, client)

    def blocks(self, material: Material) -> Blocks:
        """Both answers in an order that says nothing."""
        texts = sorted(material.responses, key=lambda t: hashlib.sha256(t.encode()).digest())
        return [(f"answer {k}", text) for k, text in enumerate(texts, 1)]
