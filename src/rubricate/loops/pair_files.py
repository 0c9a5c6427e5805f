"""Labelled pairs from files, and where their answers stand among judged responses.

Fields of a record: ``prompt`` (text, or a list of messages), ``better`` and ``worse`` (also ``chosen`` and
``rejected``), and where they help ``rubric`` (an id) and ``id``. An answer is a text or a list of messages of which the
last is the answer; without a ``prompt`` the messages before it are the prompt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rubricate.arrays import Ints
from rubricate.errors import DataError, UnknownNameError
from rubricate.files import Row, describe, nearest, read_rows
from rubricate.loops.recover import LabelledPair
from rubricate.types import Message, Sample

FIELDS = ("id", "prompt", "better", "worse", "chosen", "rejected", "rubric")


def read_pairs(path: str | Path) -> list[LabelledPair]:
    """The pairs of a .jsonl, .json, .csv, .tsv or .parquet file; every second one of a rubric is swapped.

    DataError names file, line and field of what is missing, unknown, doubled or of the wrong kind.
    """
    pairs: list[LabelledPair] = []
    seen: Counter[str] = Counter()
    first: dict[str, str] = {}
    for number, row in enumerate(read_rows(path, key="pairs")):
        pair = _pair(row, number)
        if pair.name in first:
            raise DataError(
                f"the id {pair.name!r} stands twice, first at {first[pair.name]}", where=row.where("id"),
                expected="one id per pair",
            )  # fmt: skip
        first[pair.name] = row.where()
        pairs.append(replace(pair, swap=bool(seen[pair.rubric] % 2)))
        seen[pair.rubric] += 1
    if not pairs:
        raise DataError("there is no pair", where=str(path), expected="records with prompt, better and worse")
    return pairs


def pairs_of(pairs: Sequence[LabelledPair], rubrics: Iterable[str]) -> dict[str, list[LabelledPair]]:
    """The pairs of each rubric: those that name it and those that name none. UnknownNameError for another name."""
    table: dict[str, list[LabelledPair]] = {name: [] for name in rubrics}
    for pair in pairs:
        if pair.rubric and pair.rubric not in table:
            raise UnknownNameError.among("rubric", pair.rubric, table, where=f"pair {pair.name!r}")
        for name in [pair.rubric] if pair.rubric else table:
            table[name].append(pair)
    return table


def rows_of_pairs(pairs: Sequence[LabelledPair], samples: Sequence[Sample], rubric: str = "") -> tuple[Ints, Ints]:
    """Places of the better and the worse answers among ``samples``, int[Q] each, -1 for an answer that is not there.

    An answer is found by prompt and text, or by the id of its response. Only responses that name ``rubric``, or none,
    are looked at.
    """
    texts: dict[tuple[tuple[Message, ...], str], int] = {}
    ids: dict[str, int] = {}
    for row, sample in enumerate(samples):
        if sample.rubric in ("", rubric) or not rubric:
            texts.setdefault((sample.prompt, sample.response), row)
            ids[sample.id] = row
    places = [
        [texts.get((pair.prompt, side), ids.get(side, -1)) for side in (pair.better, pair.worse)] for pair in pairs
    ]
    table = np.array(places, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _pair(row: Row, number: int) -> LabelledPair:
    data = {k: v for k, v in row.data.items() if v is not None and v != ""}
    unknown = [name for name in data if name not in FIELDS]
    if unknown:
        hint = nearest(unknown[0], FIELDS)
        raise _error(row, f"unknown field {unknown[0]!r}", f"some of: {', '.join(FIELDS)}", unknown[0], hint)
    before, better = _side(row, data, "better", "chosen")
    _, worse = _side(row, data, "worse", "rejected")
    prompt = _messages(row, data["prompt"], "prompt") if "prompt" in data else before
    if better == worse:
        raise _error(row, "both answers are the same", "two different answers", "worse")
    name, rubric = data.get("id", f"p{number}"), data.get("rubric", "")
    if isinstance(name, int):
        name = str(name)
    for field, value in (("id", name), ("rubric", rubric)):
        if not isinstance(value, str):
            raise _error(row, f"found {describe(value)}", "a name", field)
    return LabelledPair(prompt, better, worse, name=name, rubric=rubric)


def _side(row: Row, data: Mapping[str, Any], name: str, other: str) -> tuple[tuple[Message, ...], str]:
    """What comes before the answer, and the answer."""
    if (name in data) == (other in data):
        what = f"both {name!r} and {other!r}" if name in data else f"{name!r} is missing"
        raise _error(row, what, f"{name} or {other}: the text of an answer", name if name in data else "")
    field = name if name in data else other
    value = data[field]
    if isinstance(value, str):
        return (), value
    messages = _messages(row, value, field)
    return messages[:-1], messages[-1].content


def _messages(row: Row, value: Any, field: str) -> tuple[Message, ...]:
    if isinstance(value, str):
        return (Message("user", value),)
    if not isinstance(value, list) or not value:
        raise _error(row, f"found {describe(value)}", "text, or a list of messages", field)
    found = []
    for item in value:
        if not isinstance(item, dict) or not all(isinstance(item.get(k), str) for k in ("role", "content")):
            raise _error(row, f"found {describe(item)}", "messages with role and content", field)
        found.append(Message(item["role"], item["content"]))
    return tuple(found)


def _error(row: Row, what: str, expected: str, field: str, hint: str = "") -> DataError:
    return DataError(what, where=row.where(*([field] if field else [])), expected=expected, hint=hint)
