"""HealthBench: conversations with physician-written points rubrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rubricate.rubrics.importers.base import Fields, Imported, build, content_ids, importer
from rubricate.types import Message, Sample

_ANY_EXAMPLE = ("such as", "for example", "including")


@importer("healthbench")
def healthbench(record: Mapping[str, Any]) -> Imported:
    """One conversation: ``prompt_id``, ``prompt``, ``rubrics`` [{criterion, points, tags}], ``example_tags``.

    Points are signed weights; an item of negative points is met when the bad thing happens. The ``axis:`` tag becomes
    the axis, the ``theme:`` tag the topic. Where an item says "such as", "for example" or "including", one example is
    enough (the grader's rule). ``ideal_completions_data`` gives the physician's completion and the model completions
    that it started from as samples. Source: arXiv 2505.08775; fields read in simple-evals, ``healthbench_eval.py``.
    """
    fields = Fields(record)
    prompt_id = fields.text("prompt_id")
    prompt = messages(fields, "prompt")
    tags = fields.texts("example_tags")
    items = fields.tables("rubrics")
    texts = [item.text("criterion") for item in items]
    rubric = build(
        {
            "id": f"healthbench/{prompt_id}",
            "criteria": [
                {
                    "id": name,
                    "text": text,
                    "weight": item.number("points"),
                    "axis": tag_value(item.texts("tags"), "axis:"),
                    "tags": item.texts("tags"),
                    "allow_examples": any(sign in text.lower() for sign in _ANY_EXAMPLE),
                }
                for name, text, item in zip(content_ids(texts), texts, items, strict=True)
            ],
            "policy": "healthbench",
            "prompt_id": prompt_id,
            "prompt": [{"role": m.role, "content": m.content} for m in prompt],
            "topic": tag_value(tags, "theme:"),
        }
    )
    samples = _completions(fields, rubric.id, prompt, tags)
    extra = fields.rest() | ({"example_tags": tags} if tags else {})
    return Imported(rubric, samples, extra=extra)


def _completions(fields: Fields, rubric: str, prompt: tuple[Message, ...], tags: tuple[str, ...]) -> tuple[Sample, ...]:
    if not fields.has("ideal_completions_data"):
        return ()
    data = fields.table("ideal_completions_data")
    found = [("ideal", data.text("ideal_completion"))]
    found += [(f"reference-{k}", text) for k, text in enumerate(data.texts("ideal_completions_ref_completions"))]
    shared = {"example_tags": tags, "group": data.optional("ideal_completions_group")}
    return tuple(
        Sample(f"{rubric}/{kind}", prompt, text, group=rubric, rubric=rubric, metadata={"completion": kind, **shared})
        for kind, text in found
    )


def messages(fields: Fields, name: str) -> tuple[Message, ...]:
    """A list of {role, content} as messages."""
    return tuple(Message(m.text("role"), m.text("content")) for m in fields.tables(name))


def tag_value(tags: tuple[str, ...], prefix: str) -> str:
    """What follows ``prefix`` in the first tag that begins with it."""
    return next((tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)), "")
