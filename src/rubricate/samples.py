"""Samples from files: one record per response, read one by one.

Fields: ``id``; ``prompt`` (text, or a list of messages with role and content); ``response``, or ``responses`` (a list:
several samples of one group, with ids ``ID/0``, ``ID/1``, ...); ``group``; ``rubric`` (the id of a rubric, or a whole
rubric); ``reference``; ``documents`` (list of text); ``steps`` (list of text, or of text, kind, metadata);
``metadata``. In CSV the cells of responses, documents, steps and metadata hold JSON, and an empty cell is no value.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rubricate.errors import DataError
from rubricate.files import Row, describe, nearest, parse_json, read_rows
from rubricate.types import Message, Sample, Step

FIELDS = (
    "id", "prompt", "response", "responses", "group", "rubric", "reference", "documents", "steps", "metadata",
)  # fmt: skip
ROLES = ("system", "user", "assistant", "tool")


def read_samples(path: str | Path) -> Iterator[Sample]:
    """The samples of a .jsonl, .json, .csv, .tsv or .parquet file, in order; inline rubrics are left out."""
    for sample, _ in read_items(path):
        yield sample


def read_items(path: str | Path) -> Iterator[tuple[Sample, dict[str, Any] | None]]:
    """Samples, each with the rubric that stands in its record as plain data, or None.

    A JSON file holds a list of records or ``{"samples": [...]}``. DataError names file, line and field of what is
    missing, unknown, doubled or of the wrong kind. Parquet needs the extra ``export``.
    """
    cells = Path(path).suffix.lower() in (".csv", ".tsv")
    first: dict[str, str] = {}
    for row in read_rows(path, key="samples"):
        for sample, rubric in _items(_from_cells(row) if cells else row):
            if sample.id in first:
                raise DataError(
                    f"the id {sample.id!r} stands twice, first at {first[sample.id]}", where=row.where("id"),
                    expected="one id per response",
                )  # fmt: skip
            first[sample.id] = row.where()
            yield sample, rubric
    if not first:
        raise DataError("there is no sample", where=str(path), expected="records with id, prompt and response")


def _items(row: Row) -> Iterator[tuple[Sample, dict[str, Any] | None]]:
    data = {k: v for k, v in row.data.items() if v is not None}
    for name in data:
        if name not in FIELDS:
            hint = nearest(name, FIELDS) or "Other values go under metadata"
            raise _error(row, f"unknown field {name!r}", f"one of: {', '.join(FIELDS)}", name, hint=hint)
    for name in ("id", "prompt"):
        if name not in data:
            raise _error(row, f"{name!r} is missing", "id, prompt and response in every record")
    rubric, inline = _rubric(row, data.get("rubric", ""))
    name = _name(row, data, "id")
    responses = _responses(row, data)
    several = "responses" in data
    shared: dict[str, Any] = {
        "prompt": _prompt(row, data["prompt"]),
        "group": _name(row, data, "group") or (name if several else ""),
        "rubric": rubric,
        "reference": _text(row, data["reference"], "reference") if "reference" in data else None,
        "documents": tuple(_text(row, d, "documents", k) for k, d in enumerate(_list(row, data, "documents"))),
        "steps": tuple(_step(row, s, k) for k, s in enumerate(_list(row, data, "steps"))),
        "metadata": _table(row, data.get("metadata", {}), "metadata"),
    }
    for k, response in enumerate(responses):
        yield Sample(f"{name}/{k}" if several else name, response=response, **shared), inline


def _responses(row: Row, data: dict[str, Any]) -> list[str]:
    if ("response" in data) == ("responses" in data):
        both = "response" in data
        what = "both 'response' and 'responses'" if both else "'response' is missing"
        raise _error(row, what, "the text of a response, or a list of them", *(["responses"] if both else []))
    if "response" in data:
        return [_text(row, data["response"], "response")]
    texts = [_text(row, r, "responses", k) for k, r in enumerate(_list(row, data, "responses"))]
    if not texts:
        raise _error(row, "is empty", "at least one response", "responses")
    return texts


def _rubric(row: Row, value: Any) -> tuple[str, dict[str, Any] | None]:
    if isinstance(value, dict):
        if not isinstance(value.get("id"), str):
            raise _error(row, "the rubric has no id", "a rubric with an id", "rubric")
        return value["id"], value
    return _name(row, {"rubric": value}, "rubric"), None


def _prompt(row: Row, value: Any) -> tuple[Message, ...]:
    if isinstance(value, str):
        return (Message("user", value),)
    if not isinstance(value, list) or not value:
        raise _error(row, f"found {describe(value)}", "text, or a list of messages", "prompt")
    messages = []
    for k, item in enumerate(value):
        message = _table(row, item, "prompt", k)
        unknown = [name for name in message if name not in ("role", "content")]
        if unknown:
            raise _error(row, f"unknown field {unknown[0]!r}", "role and content", "prompt", k, unknown[0])
        role = message.get("role")
        if role not in ROLES:
            raise _error(row, f"found {describe(role)}", f"one of: {', '.join(ROLES)}", "prompt", k, "role")
        messages.append(Message(role, _text(row, message.get("content"), "prompt", k, "content")))
    return tuple(messages)


def _step(row: Row, value: Any, k: int) -> Step:
    if isinstance(value, str):
        return Step(value)
    table = {name: v for name, v in _table(row, value, "steps", k).items() if v is not None}
    unknown = [name for name in table if name not in ("text", "kind", "metadata")]
    if unknown:
        raise _error(row, f"unknown field {unknown[0]!r}", "text, kind, metadata", "steps", k, unknown[0])
    return Step(
        _text(row, table.get("text"), "steps", k, "text"),
        _text(row, table.get("kind", "text"), "steps", k, "kind"),
        _table(row, table.get("metadata", {}), "steps", k, "metadata"),
    )


def _name(row: Row, data: dict[str, Any], field: str) -> str:
    """A name; a whole number is one too."""
    value = data.get(field, "")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if field == "id" and value == "":
        raise _error(row, "the id is empty", "text", field)
    return _text(row, value, field)


def _text(row: Row, value: Any, *path: str | int) -> str:
    if not isinstance(value, str):
        raise _error(row, f"found {describe(value)}", "text", *path)
    return value


def _list(row: Row, data: dict[str, Any], field: str) -> list[Any]:
    value = data.get(field, [])
    if not isinstance(value, list):
        raise _error(row, f"found {describe(value)}", "a list", field)
    return value


def _table(row: Row, value: Any, *path: str | int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _error(row, f"found {describe(value)}", "a table of names and values", *path)
    return value


def _from_cells(row: Row) -> Row:
    data = {name: cell for name, cell in row.data.items() if cell != ""}
    for name in ("responses", "documents", "steps", "metadata"):
        if name in data:
            try:
                data[name] = parse_json(data[name])
            except DataError as error:
                raise _error(row, error.what, "JSON in this cell", name) from None
    return Row(data, row.file, row.line)


def _error(row: Row, what: str, expected: str, *path: str | int, hint: str = "") -> DataError:
    return DataError(what, where=row.where(*path), expected=expected, hint=hint)
