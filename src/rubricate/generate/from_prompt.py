"""A rubric from the prompt alone, with a plan of what a good answer depends on first when that is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rubricate.generate.base import Material
from rubricate.generate.items import Blocks, ItemsGenerator, Prepared
from rubricate.llm.ask import Problem, ask_json
from rubricate.llm.client import Client
from rubricate.registry import register


@register("generator", "prompt")
@dataclass(frozen=True, kw_only=True)
class PromptGenerator(ItemsGenerator):
    """Criteria from the prompt alone.

    ``plan`` asks first what a good answer depends on (one call more).

    A persona in the material is shown: the criteria are then those of that reader. Classes as on card 14 (Essential,
    Important, Optional, Pitfall) are a setting.
    """

    plan: bool = False

    prompt = "generate_prompt"
    more_prompts = ("generate_plan",)

    def blocks(self, material: Material) -> Blocks:
        """The persona, when there is one."""
        return [("reader", material.persona)] if material.persona else []

    async def prepare(self, material: Material, client: Client) -> Prepared:
        """The task, the persona, and the plan."""
        shown = [("task", material.prompt), *self.blocks(material)]
        if not self.plan:
            return Prepared(shown)
        asked = await ask_json(
            client, self.asking("generate_plan", material, shown), "plan", _plan, reasks=self.reasks
        )  # fmt: skip
        if asked.error is not None:
            return Prepared(shown, asked.usage, f"no plan: {asked.error}")
        return Prepared([*shown, ("plan", "\n".join(f"- {p}" for p in asked.unwrap()))], asked.usage)


def _plan(value: Any) -> list[str] | Problem:
    steps = [p.strip() for p in value if isinstance(p, str) and p.strip()] if isinstance(value, list) else []
    return steps[:20] or Problem("the plan is not a list of sentences")
