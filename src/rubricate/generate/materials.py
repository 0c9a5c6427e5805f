"""Material from files: a row for each rubric that is wanted, or the responses and pairs that people have already.

A row of JSONL, JSON or YAML has ``id``, ``prompt`` (text, or a list of messages) and fields of ``Material``; a feedback
is text, or a table of text, annotator and response (its place among the responses, from 0). Two other kinds of rows
are read as well: ``chosen`` and ``rejected`` for a prompt, and samples (``rubricate.samples``): rows with a
``response``, put together by ``group``, or by prompt where there is none, with their ``label`` or ``score`` (as a field
or under ``metadata``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rubricate.errors import DataError, RubricError, SettingError
from rubricate.files import Row, describe, nearest, read_rows, read_text
from rubricate.generate.base import Feedback, Material
from rubricate.rubrics.importers import Fields
from rubricate.rubrics.problems import rubric_from
from rubricate.rubrics.yaml_lines import load
from rubricate.types import Message, Sample

TEXTS = ("responses", "passages", "sources", "history", "failures")
OWN = (*TEXTS, "id", "prompt", "reference", "labels", "feedback", "neighbours", "persona", "metadata")
SAMPLE = (
    "id",
    "prompt",
    "response",
    "label",
    "score",
    "group",
    "reference",
    "documents",
    "metadata",
    "rubric",
    "steps",
)
PAIR = (*OWN, "chosen", "rejected")
ENDINGS = (".jsonl", ".ndjson", ".json", ".yaml", ".yml")


class _Entry(NamedTuple):
    """The material of a row, or of several rows with the same ``group`` ("" for a row of its own)."""

    id: str
    material: Material
    group: str
    row: Row


def read_materials(path: str | Path, *needs: str, generator: str = "generator") -> dict[str, Material]:
    """The materials of a file by id, in order. ``needs``: fields of ``Material`` that may not be empty in any row.

    DataError names file, line and field of what is missing, unknown, doubled or of the wrong kind.
    """
    found: dict[tuple[str, str], _Entry] = {}
    for row in _rows(Path(path)):
        try:
            entry = _entry(row)
        except (DataError, RubricError, SettingError) as error:
            where = ": ".join(part for part in (row.where(), error.where) if part)
            raise DataError(error.what, where=where, expected=error.expected, hint=error.hint) from None
        key = ("group", entry.group) if entry.group else ("id", entry.id)
        if key in found and not entry.group:
            raise _twice(found[key], entry)
        found[key] = _joined(found[key], entry) if key in found else entry
    if not found:
        raise DataError("there is no material", where=str(path), expected="rows with id and prompt")
    named: dict[str, _Entry] = {}
    for entry in found.values():
        if named.setdefault(entry.id, entry) is not entry:
            raise _twice(named[entry.id], entry)
        _need(entry, needs, generator)
    return {name: entry.material for name, entry in named.items()}


def _twice(first: _Entry, again: _Entry) -> DataError:
    return DataError(
        f"the id {again.id!r} stands twice, first at {first.row.where()}", where=again.row.where(),
        expected="one row for each rubric",
    )  # fmt: skip


def _need(entry: _Entry, needs: Sequence[str], generator: str) -> None:
    for name in needs:
        if not getattr(entry.material, name):
            raise DataError(
                f"{generator} needs {name!r}, and {entry.id!r} has none", where=entry.row.where(),
                hint=f"'rubricate generators {generator}' shows what it reads",
            )  # fmt: skip


def _rows(path: Path) -> Iterator[Row]:
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        raise DataError(f"the suffix {kind!r} is not known", where=str(path), expected=f"one of: {', '.join(ENDINGS)}")
    if kind not in (".yaml", ".yml"):
        yield from read_rows(path, key="materials")
        return
    data, line = load(read_text(path), path)
    wrapped = isinstance(data, dict) and "materials" in data
    base: tuple[str | int, ...] = ("materials",) if wrapped else ()
    items = data["materials"] if wrapped else data
    for k, item in enumerate(items if isinstance(items, list) else [] if items is None else [items]):
        row = Row(item if isinstance(item, dict) else {}, str(path), line((*base, k)), at=(*base, k))
        if not isinstance(item, dict):
            raise DataError(f"found {describe(item)}", where=row.where(), expected="a table of fields")
        yield row


def _entry(row: Row) -> _Entry:
    fields = Fields(row.data)
    sample = fields.has("response")
    known = SAMPLE if sample else PAIR
    for name in row.data:
        if name not in known:
            hint = nearest(name, known) or "Other values go under metadata"
            raise DataError(f"unknown field {name!r}", expected=f"one of: {', '.join(sorted(known))}", hint=hint)
    if sample:
        return _of_sample(fields, row)
    return _Entry(fields.name("id"), _material(fields), "", row)


def _material(fields: Fields) -> Material:
    values: dict[str, Any] = {name: fields.texts(name) for name in TEXTS if fields.has(name)}
    values |= {name: fields.string(name) for name in ("reference", "persona") if fields.has(name)}
    if fields.has("labels"):
        values["labels"] = tuple(_number(v, f"labels[{k}]") for k, v in enumerate(fields.entries("labels")))
    if fields.has("chosen") or fields.has("rejected"):
        if fields.has("responses") or fields.has("labels"):
            raise DataError("both chosen, rejected and responses, labels", expected="one of the two")
        values |= {"responses": (fields.text("chosen"), fields.text("rejected")), "labels": (1.0, 0.0)}
    if fields.has("feedback"):
        count = len(values.get("responses", ()))
        values["feedback"] = tuple(_feedback(f, k, count) for k, f in enumerate(fields.entries("feedback")))
    if fields.has("neighbours"):
        listed = enumerate(fields.entries("neighbours"))
        values["neighbours"] = tuple(rubric_from(data, f"neighbours[{k}]") for k, data in listed)
    if fields.has("metadata"):
        values["metadata"] = fields.table("metadata").data
    return Material(_prompt(fields), **values)


def _feedback(value: Any, k: int, responses: int) -> Feedback:
    if isinstance(value, str) and value.strip():
        return Feedback(value)
    fields = Fields(value, f"feedback[{k}]")
    for name in fields.data:
        if name not in ("text", "annotator", "response"):
            raise DataError(f"unknown field {name!r}", where=fields.where, expected="text, annotator, response")
    place = fields.value("response") if fields.has("response") else -1
    if isinstance(place, bool) or not isinstance(place, int) or not -1 <= place < responses:
        raise fields.error("response", describe(place), f"the place of one of {responses} responses, from 0")
    return Feedback(fields.text("text"), fields.name("annotator") if fields.has("annotator") else "", place)


def _prompt(fields: Fields) -> str:
    """The task as a judge sees it; several messages are one text with their roles."""
    value = fields.value("prompt")
    if isinstance(value, str):
        return fields.text("prompt")
    if not isinstance(value, list):
        raise fields.error("prompt", describe(value), "text, or a list of messages")
    messages = fields.tables("prompt")
    return Sample("", tuple(Message(m.text("role"), m.string("content")) for m in messages), "").task


def _number(value: Any, place: str) -> float:
    """A finite number; true and false are 1 and 0, as in data about preferences."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise DataError(f"found {describe(value)}", where=place, expected="a finite number")
    return float(value)


def _of_sample(fields: Fields, row: Row) -> _Entry:
    """One response as a material of its own, to be joined with those of its group."""
    prompt, more = _prompt(fields), Fields(row.data.get("metadata") or {}, "metadata")
    group = fields.name("group") if fields.has("group") and fields.value("group") != "" else ""
    labels = [_number(f.value(n), n) for f in (fields, more) for n in ("label", "score") if f.has(n)]
    if len(labels) > 1:
        raise DataError(f"{len(labels)} labels or scores", expected="one for each response")
    reference = fields.string("reference") if fields.has("reference") else ""
    material = Material(
        prompt, reference, (fields.string("response"),), tuple(labels), passages=fields.texts("documents")
    )
    return _Entry(group or fields.name("id"), material, group or prompt, row)


def _joined(first: _Entry, more: _Entry) -> _Entry:
    a, b = first.material, more.material
    if a.prompt != b.prompt:
        raise DataError(
            f"another prompt than that of the group {first.id!r} at {first.row.where()}", where=more.row.where(),
            expected="one prompt in a group",
        )  # fmt: skip
    if bool(a.labels) != bool(b.labels):
        raise DataError("some responses of this prompt have a label and some have none", where=more.row.where(),
                        expected="a label or score for all of them, or for none")  # fmt: skip
    passages = tuple(dict.fromkeys((*a.passages, *b.passages)))
    joined = Material(
        a.prompt, a.reference or b.reference, a.responses + b.responses, a.labels + b.labels, passages=passages
    )
    return first._replace(material=joined)
