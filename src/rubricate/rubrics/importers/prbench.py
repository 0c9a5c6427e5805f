"""PRBench: legal and financial conversations with expert rubrics whose weight hangs on a weight class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rubricate.errors import DataError
from rubricate.rubrics.importers.base import Fields, Imported, build, importer

CLASSES = (
    "critically important", "important", "slightly important",
    "slightly detrimental", "detrimental", "critically detrimental",
)  # fmt: skip


@importer("prbench")
def prbench(record: Mapping[str, Any]) -> Imported:
    """One task: ``task``, ``rubric`` [{id, title, annotations}], ``prompt_0``, ``response_0``, ``prompt_1``, ...

    The weight is the column that the weight class names (``critically_important_weight`` for "critically important");
    the other columns are stale and never read. Detrimental classes are negative and met when the bad thing happens.
    ``criteria_category`` is the axis, ``field`` the domain, ``scratchpad`` the notes; ``reference_texts_K`` become the
    references (the benchmark puts them before the turn that they belong to). Fields read in scaleapi/PRBench and in the
    data card of ScaleAI/PRBench.
    """
    fields = Fields(record)
    task = fields.name("task")
    turns, references = _conversation(fields)
    rubric = build(
        {
            "id": f"prbench/{task}",
            "criteria": [_criterion(item) for item in fields.tables("rubric")],
            "policy": "prbench",
            "prompt_id": task,
            "prompt": turns,
            "domain": fields.optional("field"),
            "topic": fields.optional("topic"),
            "references": references,
            "notes": fields.optional("scratchpad"),
            "annotators": [fields.optional("expert")] if fields.has("expert") else [],
        }
    )
    return Imported(rubric, extra=fields.rest())


def _criterion(item: Fields) -> dict[str, Any]:
    notes = item.table("annotations")
    name = notes.text("weight_class")
    kind = name.replace("_", " ").lower()
    if kind not in CLASSES:
        raise notes.error("weight_class", f"the text {name!r}", f"one of: {', '.join(CLASSES)}")
    weight = notes.number(kind.replace(" ", "_") + "_weight")
    if (weight < 0) != kind.endswith("detrimental") or weight == 0:
        raise DataError(
            f"the weight of a {kind!r} item is {weight:g}", where=notes.where,
            expected="negative for detrimental classes, positive for the others",
        )  # fmt: skip
    category = notes.optional("criteria_category")
    description = notes.optional("criteria_description")
    return {
        "id": item.name("id"),
        "text": item.text("title"),
        "weight": weight,
        "weight_class": kind,
        "axis": category,
        "rationale": description,
        "tags": [notes.optional("field_for_category")] if notes.has("field_for_category") else [],
    }


def _conversation(fields: Fields) -> tuple[list[dict[str, str]], list[str]]:
    """The turns in order, the last one a prompt, and the reference texts of all turns."""
    turns: list[dict[str, str]] = []
    references: list[str] = []
    for k in range(10):
        for role, name in (("user", f"prompt_{k}"), ("assistant", f"response_{k}")):
            text = fields.optional(name)
            if text.strip():
                turns.append({"role": role, "content": text})
        references += fields.texts(f"reference_texts_{k}")
    if not turns or turns[-1]["role"] != "user":
        what = "the conversation ends with a response" if turns else "'prompt_0' is missing"
        raise DataError(what, where=fields.where, expected="prompt_0, response_0, ..., a prompt at the end")
    return turns, references
