"""A rubric from a reference answer that does not give the answer away."""

from __future__ import annotations

from dataclasses import dataclass

from rubricate.errors import SettingError
from rubricate.generate.base import Material
from rubricate.generate.items import Blocks, ItemsGenerator
from rubricate.registry import register
from rubricate.rubrics.model import Criterion
from rubricate.rubrics.wording import grams, tokens

_SHORT = 4


@register("generator", "reference")
@dataclass(frozen=True, kw_only=True)
class ReferenceGenerator(ItemsGenerator):
    """Criteria that a reference answer meets, without giving it away.

    ``leak="refuse"`` drops those that state it: a rubric that a policy may see must not hold the answer;
    ``leak="allow"`` is for rubrics that only a judge sees (nuggets of a gold answer).
    """

    leak: str = "refuse"

    needs = ("reference",)
    prompt = "generate_reference"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.leak not in ("refuse", "allow"):
            raise SettingError(f"leak={self.leak!r}", expected="'refuse' or 'allow'")

    def blocks(self, material: Material) -> Blocks:
        """The reference."""
        return [("reference", material.reference)]

    def refuse(self, criterion: Criterion, material: Material) -> str:
        """Why the criterion gives the reference away."""
        return leaked(criterion.text, material.reference, material.prompt) if self.leak == "refuse" else ""


def leaked(text: str, reference: str, prompt: str = "") -> str:
    """Why ``text`` states the reference, or "": four words in a row of it (Chinese: eight characters) that the prompt
    does not hold; all of a reference of at most four words, unless the prompt holds that.

    >>> leaked("States that it is 42.", "42"), leaked("Names the number.", "42"), leaked("Says 42.", "42", "Is it 42?")
    ("it holds the reference '42'", '', '')
    """
    said, known, asked = (f" {' '.join(tokens(t))} " for t in (text, reference, prompt))
    if known.strip() and len(known.split()) <= _SHORT:
        return f"it holds the reference {reference!r}" if known in said and known not in asked else ""
    both = (set(grams(text)) & set(grams(reference))) - set(grams(prompt))
    return f"it holds {min(both)!r} of the reference" if both else ""
