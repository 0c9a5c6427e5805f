"""A rubric from better and worse answers: what separates them, said so that any answer can be held against it.

Card 10 (arXiv 2510.07743): hard rules, which the prompt states and which can be checked, and principles, which are
implicit qualities. Card 188 (arXiv 2603.08035): first each answer alone is diagnosed, with evidence; then the smallest
set of rules is written from the diagnoses.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from rubricate.errors import SettingError
from rubricate.generate.base import Material
from rubricate.generate.items import Blocks, ItemsGenerator, Prepared
from rubricate.generate.spans import partial_ratio
from rubricate.llm.ask import Asked, Problem, ask_json
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.types import Usage

STATUS = ("pass", "fail", "partial", "na")


@register("generator", "pairs")
@dataclass(frozen=True, kw_only=True)
class ContrastGenerator(ItemsGenerator):
    """Hard rules and principles that tell better from worse answers.

    Quotes of an answer are refused by the gate.

    ``mode="direct"``: one call that sees the answers, best first. ``"profiles"``: a diagnosis of each answer alone (one
    call each, at the same time), then the synthesis, which sees no answer. A finding of a fail without a quote that is
    in the answer (partial ratio >= ``quote``) is dropped with a note.
    """

    mode: str = "direct"
    quote: float = 80.0
    classes: tuple[str, ...] = ("hard rule", "principle")

    needs = ("responses", "labels")
    prompt = "generate_contrast"
    more_prompts = ("generate_profile", "generate_synthesis")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode not in ("direct", "profiles"):
            raise SettingError(f"mode={self.mode!r}", expected="'direct' or 'profiles'")

    async def prepare(self, material: Material, client: Client) -> Prepared:
        """The answers, best first, or their profiles."""
        if len(set(material.labels)) < 2:
            return Prepared([], why="the labels do not differ, so there is nothing to contrast")
        order = sorted(range(len(material.labels)), key=lambda k: -material.labels[k])
        ranked = [(f"answer of rank {1 + _above(material.labels, k)}", material.responses[k]) for k in order]
        if self.mode == "direct":
            return Prepared([("task", material.prompt), *ranked])
        asked = await asyncio.gather(*(self._profile(material, text, client) for _, text in ranked))
        usage = sum((a.usage for a in asked), Usage())
        broken = next((a.error for a in asked if a.error is not None), None)
        if broken is not None:
            return Prepared([], usage, f"no profile: {broken}")
        profiles = [_anchored(a.unwrap(), text, self.quote) for a, (_, text) in zip(asked, ranked, strict=True)]
        lost = sum(len(a.unwrap()) - len(p) for a, p in zip(asked, profiles, strict=True))
        blocks = [(f"profile of the {label}", json.dumps(p, ensure_ascii=False))
                  for (label, _), p in zip(ranked, profiles, strict=True)]  # fmt: skip
        notes = (f"findings dropped because their quote is not in the answer: {lost}",) if lost else ()
        return Prepared([("task", material.prompt), *blocks], usage, "" if any(profiles) else "no finding", notes)

    async def _profile(self, material: Material, text: str, client: Client) -> Asked[list[dict[str, Any]]]:
        shown: Blocks = [("task", material.prompt), ("answer", text)]
        asked = self.asking("generate_profile", material, shown)
        return await ask_json(client, asked, "findings", _findings, reasks=self.reasks)

    def asking(self, prompt: str, material: Material, blocks: Blocks) -> Any:
        """The synthesis has its own prompt: it sees profiles."""
        name = "generate_synthesis" if prompt == self.prompt and self.mode == "profiles" else prompt
        return super().asking(name, material, blocks)


def _above(labels: tuple[float, ...], k: int) -> int:
    """How many different labels are higher than that of answer ``k``."""
    return len({label for label in labels if label > labels[k]})


def _findings(value: Any) -> list[dict[str, Any]] | Problem:
    if not isinstance(value, list):
        return Problem("'findings' is not a list")
    fields = ("criterion", "status", "severity", "claim", "evidence")
    found = [
        {name: f.get(name, "") for name in fields}
        for f in value[:50]
        if isinstance(f, dict) and isinstance(f.get("criterion"), str) and f.get("status") in STATUS
    ]
    return found or Problem(f"no finding has a criterion and a status of {', '.join(STATUS)}")


def _anchored(findings: list[dict[str, Any]], answer: str, least: float) -> list[dict[str, Any]]:
    """The findings whose fail is shown by a quote of the answer; other findings need none."""
    return [
        f for f in findings
        if f["status"] != "fail"
        or (isinstance(f["evidence"], str) and partial_ratio(f["evidence"], answer) >= least)
    ]  # fmt: skip
