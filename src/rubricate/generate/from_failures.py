"""A rubric of the known ways to go wrong: one criterion about a mistake, or its absence, per kind of failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rubricate.generate.base import Material
from rubricate.generate.items import Blocks, ItemsGenerator, numbered_one
from rubricate.llm.prompts import numbered
from rubricate.registry import register
from rubricate.rubrics.records import Evidence


@register("generator", "failures")
@dataclass(frozen=True, kw_only=True)
class FailureGenerator(ItemsGenerator):
    """Negative criteria from known ways to fail.

    An item that names no failure of the list is dropped.

    Kinds that cannot occur in answers to this prompt are left out by the model. The default policy divides by the sum
    of all weights where no criterion is positive ("orbit": signed fallback, card 6).
    """

    weights: tuple[float, ...] = (-10.0, -1.0)
    policy: str = "orbit"

    needs = ("failures",)
    prompt = "generate_failures"

    def blocks(self, material: Material) -> Blocks:
        """The failures, numbered."""
        return numbered("failure", material.failures)

    def form(self) -> dict[str, Any]:
        """The number of the failure."""
        return {"failure": 1}

    def extra(self, item: dict[str, Any], material: Material) -> dict[str, Any] | str:
        """The failure as evidence."""
        place = numbered_one(item.get("failure"), len(material.failures))
        if place is None:
            return "it names no failure that exists"
        return {"evidence": (Evidence(text=material.failures[place], derived_from=f"failure {place + 1}"),)}
