"""Nuggets: one atomic fact of the passages per criterion, each with the passage that it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rubricate.generate.base import Material
from rubricate.generate.items import Blocks, ItemsGenerator, numbered_one
from rubricate.llm.prompts import numbered
from rubricate.registry import register
from rubricate.rubrics.records import Evidence


@register("generator", "nuggets")
@dataclass(frozen=True, kw_only=True)
class NuggetGenerator(ItemsGenerator):
    """One criterion for each fact of the passages.

    One call; an item that cites a passage which does not exist is dropped.

    ``scale`` of the verdict ("binary", "ternary" as on card 1, "1-5" as on card 44). ``blocked``: the sources must not
    be cited by a response (card 63), so they go to the rubric's blocked sources and not to the evidence (R404).
    ``grades``: the strength of evidence is asked for (card 52), and an item with an unknown grade is dropped.
    """

    scale: str = "binary"
    blocked: bool = False
    grades: tuple[str, ...] = ()

    needs = ("passages",)
    prompt = "generate_nuggets"

    def blocks(self, material: Material) -> Blocks:
        """The passages, numbered."""
        return numbered("passage", material.passages)

    def form(self) -> dict[str, Any]:
        """The number of the passage, and the grade."""
        return {"passage": 1} | ({"grade": " | ".join(self.grades)} if self.grades else {})

    def extra(self, item: dict[str, Any], material: Material) -> dict[str, Any] | str:
        """Scale and evidence."""
        place = numbered_one(item.get("passage"), len(material.passages))
        if place is None:
            return "it cites no passage that exists"
        grade = item.get("grade")
        if self.grades and grade not in self.grades:
            return f"its grade of evidence is {grade!r}, not one of {', '.join(self.grades)}"
        source = material.sources[place] if material.sources and not self.blocked else ""
        evidence = Evidence(
            text=material.passages[place], url=source, grade=str(grade) if self.grades else "",
            derived_from=f"passage {place + 1}",
        )  # fmt: skip
        return {"evidence": (evidence,), "scale": self.scale}

    def fields(self, material: Material) -> dict[str, Any]:
        """The sources of the rubric, which a response must not use."""
        return {"blocked_sources": material.sources} if self.blocked else {}
