"""Rubrics as Rewards (RaR-Medicine, RaR-Science): questions with generated checklists in four classes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rubricate.errors import DataError
from rubricate.rubrics.importers.base import Fields, Imported, build, content_ids, importer, short_hash

WEIGHTS = {"Essential": 1.0, "Important": 0.7, "Optional": 0.3, "Pitfall": 0.9}
_PREFIX = re.compile(r"\s*(essential|important|optional|pitfall)\s+criteri(?:a|on)\s*:\s*", re.IGNORECASE)


@importer("rar")
def rar(record: Mapping[str, Any]) -> Imported:
    """One question: ``question``, ``reference_answer``, ``rubric`` [{title, description, weight}].

    The class stands before the description ("Essential Criteria: ..."), or is the weight itself; it gives the weight
    (1, .7, .3, .9, recalled). Pitfalls are taken as worded for avoidance: meeting one is good, its weight positive
    (arXiv 2507.17746, recalled), whatever the sign of the number in the data, which is kept as the tag ``points:N``.
    The record has no id: it gets one from the question. Field names read in the data card of ScaleAI/RaR-Medicine.
    """
    fields = Fields(record)
    question, items = fields.text("question"), fields.tables("rubric")
    name = f"rar/{short_hash(question)}"
    count = fields.number("rubric_count") if fields.has("rubric_count") else len(items)
    if count != len(items):
        raise DataError(f"there are {len(items)} items", where="rubric", expected=f"rubric_count, {count:g}")
    criteria = [_criterion(item) for item in items]
    ids = content_ids([c["text"] for c in criteria])
    rubric = build(
        {
            "id": name,
            "criteria": [{"id": i, **c} for i, c in zip(ids, criteria, strict=True)],
            "policy": "rar_explicit",
            "prompt": question,
            "reference": fields.optional("reference_answer"),
            "provenance": {"source": fields.text("question_source")} if fields.has("question_source") else None,
        }
    )
    extra = fields.rest()
    if extra.get("rubric_list") == [item.text("description") for item in items]:
        del extra["rubric_list"]  # the descriptions once more
    return Imported(rubric, extra=extra)


def _criterion(item: Fields) -> dict[str, Any]:
    description, weight = item.text("description"), item.value("weight")
    prefix = _PREFIX.match(description)
    given = weight if isinstance(weight, str) else prefix.group(1) if prefix else ""
    if given.capitalize() not in WEIGHTS:
        classes = ", ".join(WEIGHTS)
        raise item.error("description", f"the class {given!r}", f"'CLASS Criteria: ...' with one of: {classes}")
    return {
        "text": description[prefix.end() :] if prefix else description,
        "title": item.optional("title"),
        "weight": WEIGHTS[given.capitalize()],
        "weight_class": given.capitalize(),
        "polarity": "good_if_met",
        "tags": [] if isinstance(weight, str) else [f"points:{item.number('weight'):g}"],
    }
