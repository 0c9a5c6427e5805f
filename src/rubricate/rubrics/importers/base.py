"""What importers share: the result, the reader of fields, ids made from content, the way from a file to records.

An importer is a function from one record of a published format to ``Imported``, registered under the format's name. A
field that is missing is an error; nothing is filled in that the format does not define. What has no place in the data
model comes back in ``extra``.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rubricate import registry
from rubricate.errors import DataError, RubricError
from rubricate.files import Row, describe, nearest, read_rows
from rubricate.rubrics.model import Rubric
from rubricate.rubrics.problems import rubric_from
from rubricate.types import Judgement, Sample, State, Verdict

Convert = Callable[..., "Imported"]
Reader = Callable[[Path], Iterator[Row]]
_READERS: dict[str, Reader] = {}


@dataclass(frozen=True)
class Imported:
    """One record in the terms of rubricate.

    ``samples`` are responses that the record holds, ``recorded`` the judgements that it holds (values in the units of
    the scale), ``extra`` the fields that have no other place.
    """

    rubric: Rubric
    samples: tuple[Sample, ...] = ()
    recorded: tuple[Judgement, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


def importer(name: str, read: Reader = read_rows) -> Callable[[Convert], Convert]:
    """Register ``fn(record, **settings) -> Imported`` under ``name``; ``read`` gives the records of a file."""
    _READERS[name] = read
    return registry.register("importer", name)


def import_file(name: str, path: str | Path, **settings: Any) -> list[Imported]:
    """All records of a file in the format ``name``, in order.

    Raises UnknownNameError for a format, DataError or RubricError with file, line and field for a record.
    """
    convert = registry.lookup("importer", name)
    found = []
    for row in _READERS.get(name, read_rows)(Path(path)):
        try:
            found.append(convert(row.data, **settings))
        except (DataError, RubricError) as error:
            where = ": ".join(part for part in (row.where(), error.where) if part)
            raise type(error)(error.what, where=where, expected=error.expected, hint=error.hint) from None
    if not found:
        raise DataError("there is no record", where=str(path), expected=f"records in the format {name!r}")
    return found


class Fields:
    """A record under conversion: typed access by name; what is missing or of another kind is named with its place."""

    def __init__(self, data: Any, where: str = "") -> None:
        self.where = where
        if not isinstance(data, Mapping):
            raise DataError(f"found {describe(data)}", where=where, expected="a table of fields")
        self.data, self._read = data, set[str]()

    def has(self, name: str) -> bool:
        """Whether there is a value: null and NaN are none."""
        value = self.data.get(name)
        return value is not None and not (isinstance(value, float) and math.isnan(value))

    def value(self, name: str) -> Any:
        """The value of a field that must be there."""
        self._read.add(name)
        if not self.has(name):
            known = [str(k) for k in self.data]
            there = f"the field {name!r} (there are: {', '.join(known)})"
            raise DataError(f"{name!r} is missing", where=self.where, expected=there, hint=nearest(name, known))
        return self.data[name]

    def text(self, name: str) -> str:
        """A text that is not blank."""
        value = self.value(name)
        if not isinstance(value, str) or not value.strip():
            raise self.error(name, "empty text" if value == "" else describe(value), "text")
        return value

    def string(self, name: str) -> str:
        """A text that may be blank, as a response may."""
        value = self.value(name)
        if not isinstance(value, str):
            raise self.error(name, describe(value), "text")
        return value

    def optional(self, name: str) -> str:
        """A text, or "" where there is none."""
        self._read.add(name)
        value = self.data[name] if self.has(name) else ""
        if not isinstance(value, str):
            raise self.error(name, describe(value), "text, or nothing")
        return value

    def name(self, name: str) -> str:
        """A name: text or a whole number."""
        value = self.value(name)
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else self.text(name)

    def number(self, name: str) -> float:
        """A finite number."""
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self.error(name, describe(value), "a finite number")
        return float(value)

    def entries(self, name: str) -> Sequence[Any]:
        """A list with at least one entry."""
        value = self.value(name)
        if not isinstance(value, (list, tuple)) or not value:
            raise self.error(name, describe(value), "a list with at least one entry")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of text, empty where the field is empty or not there."""
        self._read.add(name)
        values = self.data[name] if self.has(name) else ()
        if not isinstance(values, (list, tuple)) or not all(isinstance(v, str) for v in values):
            raise self.error(name, describe(values), "a list of text")
        return tuple(values)

    def table(self, name: str) -> Fields:
        """The fields of a table."""
        return Fields(self.value(name), self._place(name))

    def tables(self, name: str) -> list[Fields]:
        """The fields of every table in a list."""
        return [Fields(item, f"{self._place(name)}[{k}]") for k, item in enumerate(self.entries(name))]

    def rest(self) -> dict[str, Any]:
        """The fields that have a value and were not read."""
        return {name: value for name, value in self.data.items() if name not in self._read and self.has(name)}

    def error(self, name: str, found: str, expected: str) -> DataError:
        """The error for a field of the wrong kind."""
        return DataError(f"found {found}", where=self._place(name), expected=expected)

    def _place(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


def build(data: Mapping[str, Any]) -> Rubric:
    """The rubric from its plain data, fields without a value left out."""
    lean = {k: v for k, v in data.items() if v not in ("", None, (), [])}
    return rubric_from(lean, "")


def content_ids(texts: Sequence[str], prefix: str = "c") -> list[str]:
    """Ids that hang on the texts alone, so that adding or moving rows leaves the others as they are.

    >>> content_ids(["one", "two", "one"])
    ['c-7692c3', 'c-3fc4cc', 'c-7692c3-2']
    """
    marks = {text: hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts}
    size = next(n for n in range(6, 65) if len({m[:n] for m in marks.values()}) == len(marks))
    seen: Counter[str] = Counter()
    ids = []
    for text in texts:
        seen[text] += 1
        ids.append(f"{prefix}-{marks[text][:size]}" + (f"-{seen[text]}" if seen[text] > 1 else ""))
    return ids


def named_ids(names: Iterable[str], texts: Sequence[str]) -> list[str]:
    """Ids from names, in lower case with hyphens; from the texts where names are missing or not distinct.

    >>> named_ids(["Word_Count and Format"], ["..."])
    ['word-count-and-format']
    """
    ids = [re.sub(r"[^\w]+", "-", name.lower().replace("_", "-")).strip("-") for name in names]
    return ids if all(ids) and len(set(ids)) == len(texts) else content_ids(texts)


def short_hash(*parts: str) -> str:
    """12 hex digits over texts, for records without an id of their own."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def scored(criterion: str, value: float, judge: str, **more: Any) -> Verdict:
    """A recorded verdict with a value."""
    return Verdict(criterion, State.SCORED, value=value, judge=judge, **more)
