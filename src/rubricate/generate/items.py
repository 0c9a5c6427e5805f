"""What most generators share: blocks of material -> one request -> items -> criteria.

A generator of this kind says which blocks the model sees and what an item must carry; asking, reading, the gate and
the bookkeeping are here. The rules and the form of a reply are written into the prompt from the settings that
check it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from rubricate.errors import SettingError
from rubricate.generate.admit import Gate, admit, points, read_items
from rubricate.generate.base import Draft, Dropped, Material, provenance, settings_digest
from rubricate.llm.ask import ask_json
from rubricate.llm.client import Client, Request
from rubricate.llm.prompts import request
from rubricate.rubrics.model import Criterion, PolicySpec
from rubricate.rubrics.records import Provenance
from rubricate.types import Usage

Blocks = list[tuple[str, str]]
GATE = Gate()


class Prepared(NamedTuple):
    """What the model is shown for the items; ``why`` there is nothing to ask; notes and costs of earlier calls."""

    blocks: Blocks
    usage: Usage = Usage()
    why: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ItemsGenerator:
    """Base of the generators that ask for a list of items.

    ``weights``: the range of an item's weight (negative: the item names a mistake), () for weight 1 everywhere.
    ``classes``: an item must name one of these; ``bad_classes`` among them describe mistakes and weigh negatively.
    ``axes``: an item may name one of these. ``policy`` is the rubric's scoring policy.
    """

    gate: Gate = GATE
    policy: str = "weighted_mean"
    weights: tuple[float, ...] = ()
    classes: tuple[str, ...] = ()
    bad_classes: tuple[str, ...] = ("pitfall",)
    axes: tuple[str, ...] = ()
    reasks: int = 2
    model: str = ""
    temperature: float | None = None

    needs: ClassVar[tuple[str, ...]] = ()
    prompt: ClassVar[str] = ""
    more_prompts: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if self.weights and not (len(self.weights) == 2 and self.weights[0] < self.weights[1]):
            raise SettingError(f"weights={self.weights}", expected="() or (low, high)")

    @property
    def digest(self) -> str:
        """Settings and prompts."""
        return settings_digest(self, self.prompt, *self.more_prompts)

    async def generate(self, material: Material, client: Client, *, id: str) -> Draft:
        """The rubric, or why there is none; what was dropped and why."""
        material.need(*self.needs, generator=type(self).__name__)
        ready = await self.prepare(material, client)
        if ready.why:
            return Draft(None, usage=ready.usage, why=ready.why, notes=ready.notes)
        asked = await ask_json(
            client, self.asking(self.prompt, material, ready.blocks), "items", lambda v: read_items(v, self.gate),
            reasks=self.reasks,
        )  # fmt: skip
        usage = ready.usage + asked.usage
        if asked.error is not None:
            return Draft(None, usage=usage, why=str(asked.error), notes=ready.notes)
        origin = provenance(self, self.prompt, *self.more_prompts, calls=usage.calls)
        drafted = [self.criterion(k, item, material, origin) for k, item in enumerate(asked.unwrap(), 1)]
        return admit(
            self.chosen(drafted, material), material, self.gate, id=id, usage=usage,
            refuse=lambda c: self.refuse(c, material),
            notes=(*ready.notes, *self.notes(asked.unwrap())), policy=PolicySpec(name=self.policy), provenance=origin,
            **self.fields(material),
        )  # fmt: skip

    # ------------------------------------------------------------------ what a generator says about itself

    async def prepare(self, material: Material, client: Client) -> Prepared:
        """The blocks of the request for items; a generator that asks something first does it here."""
        return Prepared([("task", material.prompt), *self.blocks(material)])

    def blocks(self, material: Material) -> Blocks:
        """(label, text) of what the model sees besides the task; every text is fenced."""
        return []

    def form(self) -> dict[str, Any]:
        """The fields of an item that this generator adds to the form shown to the model."""
        return {}

    def extra(self, item: dict[str, Any], material: Material) -> dict[str, Any] | str:
        """Fields of the criterion from the item's own fields, or the reason to drop the item."""
        return {}

    def chosen(self, drafted: list[Criterion | Dropped], material: Material) -> list[Criterion | Dropped]:
        """What goes to the gate, for a choice that needs all criteria at once."""
        return drafted

    def refuse(self, criterion: Criterion, material: Material) -> str:
        """The generator's own reason against a criterion, or nothing."""
        return ""

    def notes(self, items: list[dict[str, Any]]) -> tuple[str, ...]:
        """What was repaired and should be known."""
        return ()

    def fields(self, material: Material) -> dict[str, Any]:
        """Fields of the rubric besides its criteria."""
        return {}

    # ------------------------------------------------------------------------------------------- shared steps

    def asking(self, prompt: str, material: Material, blocks: Blocks) -> Request:
        """One request with the rules and the form in the system message and the fenced blocks behind it."""
        return request(prompt, self.values(material), blocks, model=self.model, temperature=self.temperature)

    def values(self, material: Material) -> dict[str, str]:
        """Values of the template: the rules about items and the form of the reply."""
        item = {"text": "..."} | self._shared_form() | self.form()
        return {"rules": self._rules(), "form": json.dumps({"items": [item]}, ensure_ascii=False)}

    def criterion(self, k: int, item: dict[str, Any], material: Material, origin: Provenance) -> Criterion | Dropped:
        """The criterion of an item, or why there is none."""
        text, kind = item["text"].strip(), item.get("class")
        if self.classes and kind not in self.classes:
            return Dropped(text, f"its class is {kind!r}, not one of {', '.join(self.classes)}")
        worth = points(item.get("weight"), *self.weights) if self.weights else 1.0
        if worth is None:
            return Dropped(text, f"its weight is {item.get('weight')!r}, not in {self.weights} without 0")
        if self.classes and kind in self.bad_classes:
            worth = -abs(worth)
        extra = self.extra(item, material)
        if isinstance(extra, str):
            return Dropped(text, extra)
        axis = item.get("axis")
        shared: dict[str, Any] = {"axis": axis} if isinstance(axis, str) and axis in self.axes else {}
        shared |= {"weight_class": kind} if self.classes else {}
        return Criterion(id=f"c{k}", text=text, weight=worth, provenance=origin, **(shared | extra))

    def _shared_form(self) -> dict[str, Any]:
        form: dict[str, Any] = {"weight": self.weights[1]} if self.weights else {}
        form |= {"class": self.classes[0]} if self.classes else {}
        return form | ({"axis": self.axes[0]} if self.axes else {})

    def _rules(self) -> str:
        rules = [f"Write {self.gate.least} to {self.gate.most} items, the most important first."]
        if self.weights:
            rules.append(f"weight is a number from {self.weights[0]:g} to {self.weights[1]:g}, never 0.")
            if self.weights[0] < 0:
                rules.append("An item with a negative weight names an observable mistake, never the lack of something.")
        if self.classes:
            rules.append(f"class is one of {', '.join(self.classes)}.")
            bad = [c for c in self.classes if c in self.bad_classes]
            rules += [f"Items of class {' or '.join(bad)} name an observable mistake."] if bad else []
        if self.axes:
            rules.append(f"axis is one of {', '.join(self.axes)}.")
        return " ".join(rules)


def numbered_one(value: Any, count: int) -> int | None:
    """The place (from 0) that a model named by its number (from 1), or None when there is no such thing."""
    return value - 1 if type(value) is int and 1 <= value <= count else None
