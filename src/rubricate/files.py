"""Files at the edge: UTF-8 text, lines in bounded memory, rows of JSONL, JSON, CSV and Parquet, atomic writes.

Every failure is a DataError that says which file, which line, what was found and what to do.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rubricate.errors import DataError, MissingExtraError

MAX_LINE = 64 * 2**20
MAX_TEXT = 256 * 2**20
Place = Sequence[str | int]
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def read_text(path: str | Path, max_bytes: int = MAX_TEXT) -> str:
    """The whole file as text (UTF-8, a byte-order mark is dropped); a file above ``max_bytes`` is refused."""
    with _os_errors(path, "read"), Path(path).open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise DataError(
            f"the file is larger than {max_bytes:,} bytes", where=str(path),
            hint="Write it as JSONL, one record per line: that is read line by line",
        )  # fmt: skip
    return _decode(data, path, 1)


def read_lines(path: str | Path, max_bytes: int = MAX_LINE) -> Iterator[tuple[int, str]]:
    """(number, text) of every line that is not blank; memory is bounded by ``max_bytes``, the longest line allowed."""
    with _os_errors(path, "read"), Path(path).open("rb") as file:
        number = 0
        while line := file.readline(max_bytes + 2):
            number += 1
            size = len(line)
            if len(line.removesuffix(b"\n").removesuffix(b"\r")) > max_bytes:
                while not line.endswith(b"\n") and (line := file.readline(1 << 20)):
                    size += len(line)
                raise DataError(
                    f"the line has {size:,} bytes", where=f"{path}:{number}", expected=f"at most {max_bytes:,} bytes",
                    hint="JSONL holds one record per line; split the record, or read it as .json",
                )  # fmt: skip
            text = _decode(line, path, number).rstrip("\r\n")
            if text.strip():
                yield number, text


def write_atomic(path: str | Path, data: str | bytes) -> None:
    """Write a file whole or not at all: a temporary file beside it, then a rename. An existing file keeps its mode."""
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}.tmp")
    with _os_errors(path, "written"):
        try:
            with temporary.open("xb") as file:
                file.write(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                temporary.chmod(target.stat().st_mode & 0o7777)
            temporary.replace(target)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise


def append_line(path: str | Path, line: str) -> None:
    """Append a line to a file of lines; half a line that a killed process left at its end is cut off first."""
    with _os_errors(path, "written"), Path(path).open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        file.write(line.encode("utf-8", "surrogatepass") + b"\n")


def dotted(path: Place) -> str:
    """A place inside a document as text.

    >>> dotted(("criteria", 2, "weight"))
    'criteria[2].weight'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def parse_json(text: str, file: str | Path = "", line: int = 1) -> Any:
    """JSON text as data; ``line`` is where it begins in ``file``. A key that stands twice is refused."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        what, at = f"not JSON: {error.msg} (column {error.colno})", line + error.lineno - 1
    except ValueError as error:
        what, at = str(error), line
    except RecursionError:
        what, at = "the JSON is nested too deeply", line
    raise DataError(what, where=f"{file}:{at}" if file else f"line {at}", expected="valid JSON")


def json_line(text: str, path: Place) -> int:
    """The line of a place in valid JSON text, or of the deepest part of it that exists.

    >>> json_line('{"a": 1,\\n "b": [3,\\n 4]}', ("b", 1))
    3
    """
    at = _skip(text, 0)
    for part in path:
        found = _child(text, at, part)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


@dataclass(frozen=True)
class Row:
    """One record of a file and where it stands; ``text`` and ``at`` find the line of a field in a JSON file."""

    data: Mapping[str, Any]
    file: str
    line: int | None = None
    at: tuple[str | int, ...] = ()
    text: str = ""

    def where(self, *path: str | int) -> str:
        """``file:line: field`` for an error message."""
        line = json_line(self.text, (*self.at, *path)) if self.text else self.line
        place = self.file if line is None else f"{self.file}:{line}"
        inside = dotted((*self.at, *path))
        return f"{place}: {inside}" if inside else place


def read_rows(path: str | Path, key: str = "") -> Iterator[Row]:
    """The records of a .jsonl, .json, .csv, .tsv or .parquet file, in order.

    A JSON file holds a list of records, ``{key: [...]}``, or one record.
    """
    suffix = Path(path).suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        for number, text in read_lines(path):
            yield _row(parse_json(text, path, number), str(path), line=number)
    elif suffix == ".json":
        yield from _json_rows(path, key)
    elif suffix in (".csv", ".tsv"):
        yield from _csv_rows(path, "," if suffix == ".csv" else "\t")
    elif suffix == ".parquet":
        yield from _parquet_rows(path)
    else:
        raise DataError(
            f"the suffix {suffix!r} is not known", where=str(path),
            expected="one of: .jsonl, .ndjson, .json, .csv, .tsv, .parquet",
        )  # fmt: skip


def _json_rows(path: str | Path, key: str) -> Iterator[Row]:
    text = read_text(path)
    if not text.strip():
        raise DataError("the file is empty", where=str(path), expected="a list of records")
    data = parse_json(text, path)
    wrapped = isinstance(data, dict) and bool(key) and key in data
    base: tuple[str | int, ...] = (key,) if wrapped else ()
    items = data[key] if wrapped else data
    if not isinstance(items, list):
        yield _row(items, str(path), text=text)
        return
    for k, item in enumerate(items):
        yield _row(item, str(path), at=(*base, k), text=text)


def _row(data: Any, file: str, **place: Any) -> Row:
    row = Row(data if isinstance(data, dict) else {}, file, **place)
    if not isinstance(data, dict):
        raise DataError(f"found {describe(data)}", where=row.where(), expected="a record: {field: value, ...}")
    return row


def _csv_rows(path: str | Path, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        twice = sorted({name for name in header if header.count(name) > 1})
        if not any(header) or twice:
            what = f"the column {twice[0]!r} stands twice" if twice else "the file has no header"
            raise DataError(what, where=f"{path}:1", expected="one line of column names")
        line = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(header):
                raise DataError(
                    f"the row has {len(cells)} cells", where=f"{path}:{line}", expected=f"{len(header)}, as the header"
                )
            if cells:
                yield Row(dict(zip(header, cells, strict=True)), str(path), line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"not CSV: {error}", where=f"{path}:{reader.line_num}") from None


def _parquet_rows(path: str | Path) -> Iterator[Row]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError.of("pyarrow", "export", purpose="reading a Parquet file") from None
    with _os_errors(path, "read"), Path(path).open("rb") as handle:
        try:
            batches = pq.ParquetFile(handle).iter_batches(batch_size=1024)
            number = 0
            for batch in batches:
                for data in batch.to_pylist():
                    yield Row(data, str(path), at=("row", number))
                    number += 1
        except pa.ArrowInvalid as error:
            raise DataError(f"not Parquet: {error}", where=str(path)) from None


def describe(value: Any) -> str:
    """What a value is, for the "found ..." of an error message.

    >>> describe(None), describe("two"), describe([1, 2])
    ('nothing (null)', "the text 'two'", 'a list of 2')
    """
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value if len(value) <= 60 else value[:57] + '...'!r}"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, Mapping):
        names = ", ".join(map(str, list(value)[:4]))
        return f"a table with {names}{', ...' if len(value) > 4 else ''}" if value else "an empty table"
    return f"{value} ({type(value).__name__})"


def nearest(name: str, known: Sequence[str]) -> str:
    """``Did you mean 'x'?`` for the closest known names, or nothing."""
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    return f"Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""


@contextmanager
def _os_errors(path: str | Path, done: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        here = Path(path)
        if done == "written":
            raise DataError("the folder does not exist", where=str(here.parent), hint="Make it first") from None
        siblings = sorted(p.name for p in here.parent.iterdir()) if here.parent.is_dir() else []
        raise DataError("there is no such file", where=str(path), hint=nearest(here.name, siblings)) from None
    except IsADirectoryError:
        raise DataError("this is a folder", where=str(path), expected="a file") from None
    except OSError as error:
        raise DataError(f"cannot be {done}: {error.strerror or error}", where=str(path)) from None


def _decode(data: bytes, path: str | Path, line: int) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        at = error.start + (len(data) - len(error.object))  # the codec counts from behind a byte-order mark
        start = data.rfind(b"\n", 0, at) + 1
        raise DataError(
            f"byte 0x{data[at]:02x} is not UTF-8 (byte {at - start + 1} of the line)",
            where=f"{path}:{line + data[:start].count(10)}",
            expected="UTF-8 text",
            hint="The file looks like UTF-16: save it as UTF-8" if utf16 else "Save the file as UTF-8",
        ) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} stands twice in one object")
    return table


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _child(text: str, at: int, part: str | int) -> int | None:
    """Where the value under ``part`` begins, in the list or object that begins at ``at``."""
    closing: Mapping[str, str] = {"[": "]", "{": "}"}
    if text[at : at + 1] != ("[" if isinstance(part, int) else "{"):
        return None
    end, at, index = closing[text[at]], _skip(text, at + 1), 0
    while text[at] != end:
        name: str | int = index
        if end == "}":
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        if name == part:
            return at
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        at, index = _skip(text, at + 1) if text[at] == "," else at, index + 1
    return None
