"""From an instruction to a checklist; what a program can decide is given to a program.

Cards 88 (ACE-RL), 8 (OpenRS, programmatic checks) and 14 (Dr. SCI). The model names a registered verifier and its
settings; it never writes code, patterns or schemas. Settings are checked as for any
rubric; where they are wrong, a judge decides instead.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from rubricate.errors import RubricateError
from rubricate.generate.base import Material
from rubricate.generate.items import ItemsGenerator
from rubricate.registry import lookup, register
from rubricate.rubrics.model import Criterion
from rubricate.rubrics.records import VerifierSpec
from rubricate.verifiers.base import check_settings

PROGRAMS = ("length", "contains", "not_contains", "starts_with", "ends_with", "format", "json", "language")
CLOSED = {"json": ("schema",)}  # a schema may hold patterns and references to addresses: not for a model to write


@register("generator", "constraints")
@dataclass(frozen=True, kw_only=True)
class ConstraintGenerator(ItemsGenerator):
    """One criterion per constraint of the instruction.

    ``verifiers`` that the model may name, with their settings taken from the registry. ``scale`` of what a judge
    decides: ternary (fully, partly, not) on card 88.
    """

    verifiers: tuple[str, ...] = PROGRAMS
    scale: str = "ternary"

    prompt = "generate_constraints"

    def form(self) -> dict[str, Any]:
        """A verifier or null."""
        return {"verifier": {"name": "length", "settings": {"unit": "words", "max": 200}}}

    def values(self, material: Material) -> dict[str, str]:
        """The programs that may be named and what they take."""
        return super().values(material) | {"programs": "\n".join(f"- {n}({_takes(n)})" for n in self.verifiers)}

    def extra(self, item: dict[str, Any], material: Material) -> dict[str, Any] | str:
        """The program, or the scale for a judge."""
        spec, _ = self._program(item)
        return {"scale": self.scale} if spec is None else {"verifier": spec}

    def notes(self, items: list[dict[str, Any]]) -> tuple[str, ...]:
        """Which criteria a judge decides because the program named for them cannot be used."""
        problems = ((item["text"].strip(), self._program(item)[1]) for item in items)
        return tuple(f"{text[:60]!r} is left to a judge: {why}" for text, why in problems if why)

    def _program(self, item: dict[str, Any]) -> tuple[VerifierSpec | None, str]:
        """The program of an item and "", or None and why not; no program named is no problem."""
        named = item.get("verifier")
        if named is None:
            return None, ""
        if not isinstance(named, dict) or named.get("name") not in self.verifiers:
            return None, f"the verifier is none of {', '.join(self.verifiers)}"
        settings = named.get("settings", {})
        if not isinstance(settings, dict) or not settings:
            return None, "the verifier has no settings"
        closed = [k for k in settings if k in CLOSED.get(named["name"], ())]
        if closed:
            return None, f"the setting {closed[0]!r} is not for a model to write"
        try:
            spec = VerifierSpec(name=named["name"], settings=settings)
            check_settings(Criterion(id="c", text="c", verifier=spec))
        except (RubricateError, ValueError) as error:
            return None, str(error).splitlines()[0]
        return spec, ""


def _takes(name: str) -> str:
    """The settings of a verifier as its signature states them."""
    parameters = list(inspect.signature(lookup("verifier", name)).parameters.values())[1:]
    return ", ".join(str(p).replace("'", "") for p in parameters if p.name not in CLOSED.get(name, ()))
