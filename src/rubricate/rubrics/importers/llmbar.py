"""LLMBar: the questions ("metrics") that a judge wrote from an instruction before it compared two responses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rubricate.errors import DataError
from rubricate.files import Row, read_rows
from rubricate.rubrics.importers.base import Fields, Imported, build, importer
from rubricate.types import Message, Sample

_ITEM = re.compile(r"\s*(?P<number>\d+)[.)]\s+(?P<text>.+?)\s*")


def _records(path: Path) -> Iterator[Row]:
    """The rows that hold metrics, each with its pair from ``pairs.jsonl`` in the same folder where there is one.

    Protocols without metrics have no such field; where the judge wrote none (null or empty) there is no rubric.
    """
    beside = path.with_name("pairs.jsonl")
    pairs = {row.data.get("id"): row.data for row in read_rows(beside)} if beside.is_file() else {}
    for row in read_rows(path):
        if row.data.get("generated_metrics") not in (None, ""):
            yield Row(dict(pairs.get(row.data.get("id"), {})) | dict(row.data), row.file, row.line)


@importer("llmbar_metrics", read=_records)
def llmbar_metrics(record: Mapping[str, Any]) -> Imported:
    """One row of ``completions.jsonl``: ``id``, ``judge``, ``protocol``, ``generated_metrics`` (a numbered list).

    Each question is a yes-or-no criterion of weight 1. They were written from the instruction alone, so the rubric
    names no candidates; with ``prompt``, ``response_1``, ``response_2`` and ``label`` (from ``pairs.jsonl``) it has
    its prompt, and there are two samples, ``metadata["preferred"]`` telling which one is right. The judge's replies
    stay in ``extra``. Source: LLMBar, arXiv 2310.07641 (data read).
    """
    fields = Fields(record)
    name, judge, protocol = (fields.text(key) for key in ("id", "judge", "protocol"))
    texts = list(_questions(fields.text("generated_metrics")))
    rubric = build(
        {
            "id": f"llmbar/{name}/{judge}/{protocol}",
            "criteria": [{"id": f"m{k}", "text": text} for k, text in enumerate(texts, 1)],
            "policy": "weighted_mean",
            "prompt_id": name,
            "prompt": fields.optional("prompt"),
            "group": fields.optional("subset"),
            "provenance": {"generator": judge, "source": protocol},
        }
    )
    return Imported(rubric, _samples(fields, name, rubric.id), extra=fields.rest())


def _questions(text: str) -> Iterator[str]:
    """The texts of a numbered list, one a line."""
    for k, line in enumerate((line for line in text.splitlines() if line.strip()), 1):
        found = _ITEM.fullmatch(line)
        if found is None or int(found["number"]) != k:
            raise DataError(
                f"the line {line!r}", where="generated_metrics", expected=f"'{k}. ' and a question, one a line"
            )
        yield found["text"]


def _samples(fields: Fields, name: str, rubric: str) -> tuple[Sample, ...]:
    if not fields.has("response_1"):
        return ()
    label, prompt = fields.number("label"), (Message("user", fields.text("prompt")),)
    if label not in (1, 2):
        raise fields.error("label", f"{label:g}", "1 or 2, the response that is right")
    return tuple(
        Sample(
            f"{name}/{k}", prompt, fields.string(f"response_{k}"), group=name, rubric=rubric,
            metadata={"preferred": label == k},
        )
        for k in (1, 2)
    )  # fmt: skip
