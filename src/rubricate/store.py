"""A run on disk: a folder that says what judged, holds every verdict, and survives being killed.

::

    runs/NAME/
      run.json        configuration, digests, versions, seed, state of the run
      rubrics.json    the rubrics as they judged
      samples.jsonl   prompts and responses
      verdicts.jsonl  one line per verdict, appended as it comes; never rewritten
      scores.npz      the verdicts as arrays
      rewards.jsonl   one line per response: reward, or why there is none
      given.jsonl     of a training under a recipe: what each response was paid; never rewritten
      report.html     everything on one page

A verdict's ``key`` is the digest of the whole question (material, criterion, judge, endpoint, model), so a run can be
resumed after a change and only what changed is asked again. Appending is one write per answer: a killed process can
leave at most one broken last line, which is cut off when the run is opened again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from rubricate.arrays import Scores
from rubricate.errors import StoreError
from rubricate.files import write_atomic
from rubricate.types import Message, Sample, State, Step, Usage, Verdict

FORMAT = 1
_NAMES = ("criteria", "samples", "digests")  # fields of Scores that hold text
_DEFAULTS = {name: Verdict._field_defaults.get(name, ...) for name in Verdict._fields}


def digest(*parts: object) -> str:
    """16 hex digits over JSON-able parts.

    >>> digest("a", 1) == digest("a", 1), digest("a", 1) == digest("a1")
    (True, False)
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class RunFolder:
    """One run on disk. Open it with ``create`` or ``open``; use it as a context manager while judging."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._verdicts: int | None = None

    @classmethod
    def create(cls, path: str | Path, *, config: Mapping[str, Any], resume: bool = False) -> RunFolder:
        """A new run folder, or with ``resume`` the existing one.

        StoreError when there is one already, or when the folder holds something else.
        """
        folder = cls(Path(path))
        if folder._file("run.json").exists():
            if not resume:
                raise StoreError(
                    f"there is a run in {folder.path} already",
                    hint="Use --resume to go on with it, or another --out for a new one",
                )
            folder.config()  # refuses a run of another format
        elif folder.path.exists() and any(folder.path.iterdir()):
            raise StoreError(f"{folder.path} is not empty and holds no run", hint="Choose a new folder for --out")
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.write_json("run.json", {"format": FORMAT, **config})
        return folder

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """An existing run, for reading."""
        folder = cls(Path(path))
        folder.config()
        return folder

    def config(self) -> dict[str, Any]:
        """The configuration in ``run.json``."""
        data = self.read_json("run.json")
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise StoreError(
                f"the run has format {data.get('format') if isinstance(data, dict) else data!r}",
                where=str(self._file("run.json")),
                expected=f"format {FORMAT}",
            )
        return data

    def _file(self, name: str) -> Path:
        return self.path / name

    def __enter__(self) -> RunFolder:
        """Lock the folder and open the verdicts for appending; a broken last line is cut off."""
        path = self._file("verdicts.jsonl")
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise StoreError(f"another process is writing to {self.path}", hint="Wait for it, or stop it") from None
        _cut_broken_line(handle)
        self._verdicts = handle
        return self

    def __exit__(self, *_: object) -> None:
        if self._verdicts is not None:
            os.close(self._verdicts)
            self._verdicts = None

    def append(self, sample: str, keys: Iterable[str], verdicts: Iterable[Verdict]) -> None:
        """Store verdicts of one response with the keys of their questions, in one write."""
        if self._verdicts is None:
            raise StoreError(f"{self.path} is not open for writing", hint="Use it as a context manager")
        lines = "".join(_line(sample, key, v) for key, v in zip(keys, verdicts, strict=True))
        _write(self._verdicts, lines)

    def verdicts(self) -> Iterator[tuple[str, str, Verdict]]:
        """(sample, key, verdict) of every stored line; a question that was asked again counts with its last line."""
        latest: dict[tuple[str, str], tuple[str, str, Verdict]] = {}
        path = self._file("verdicts.jsonl")
        if not path.exists():
            return
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break  # a line that a killed process left behind
                try:
                    sample, key, verdict = _read_line(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    raise StoreError(
                        f"a stored verdict cannot be read ({error})", where=f"{path}:{number}",
                        hint="Remove the line to have it asked again",
                    ) from None  # fmt: skip
                latest[sample, verdict.criterion] = (sample, key, verdict)
        yield from latest.values()

    def write_json(self, name: str, data: Any) -> None:
        """Write a JSON file of the run, whole or not at all."""
        write_atomic(self._file(name), json.dumps(data, indent=2, ensure_ascii=False, sort_keys=False) + "\n")

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the run."""
        path = self._file(name)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StoreError(
                f"{self.path} is not a run: {name} is missing", hint="Runs are made by: rubricate run"
            ) from None
        except ValueError as error:
            raise StoreError(f"{path} is not JSON ({error})") from None

    def write_lines(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write a JSONL file of the run, whole or not at all."""
        text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
        write_atomic(self._file(name), text)

    def read_lines(self, name: str) -> Iterator[dict[str, Any]]:
        """Rows of a JSONL file of the run."""
        path = self._file(name)
        if not path.exists():
            raise StoreError(f"{self.path} has no {name}", hint="The run may not have finished: use --resume")
        with path.open(encoding="utf-8", errors="surrogatepass") as file:
            for line in file:
                if not line.endswith("\n"):
                    return  # a line that a killed process left behind
                yield json.loads(line)

    def write_samples(self, samples: Iterable[Sample]) -> None:
        """Store prompts and responses."""
        self.write_lines("samples.jsonl", (_plain(asdict(s)) for s in samples))

    def append_lines(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to a JSONL file of the run in one write; a line that a killed process left behind is cut off."""
        text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
        handle = os.open(self._file(name), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _cut_broken_line(handle)
            _write(handle, text)
        finally:
            os.close(handle)

    def append_samples(self, samples: Iterable[Sample]) -> None:
        """Add prompts and responses behind those that are stored."""
        self.append_lines("samples.jsonl", (_plain(asdict(s)) for s in samples))

    def samples(self) -> list[Sample]:
        """The stored prompts and responses."""
        return [_sample(row) for row in self.read_lines("samples.jsonl")]

    def write_scores(self, scores: Scores) -> None:
        """Store the arrays."""
        path = self._file("scores.npz")
        temporary = path.with_suffix(".tmp.npz")
        arrays: dict[str, Any] = {f.name: getattr(scores, f.name) for f in fields(scores)}
        arrays |= {name: np.array(json.dumps(arrays[name])) for name in _NAMES}
        np.savez_compressed(temporary, **arrays)
        os.replace(temporary, path)

    def scores(self) -> Scores:
        """The stored arrays."""
        path = self._file("scores.npz")
        if not path.exists():
            raise StoreError(f"{self.path} has no scores.npz", hint="The run may not have finished: use --resume")
        with np.load(path, allow_pickle=False) as data:
            plain = {name: data[name] for name in data.files if name not in _NAMES}
            names = {name: json.loads(str(data[name])) for name in _NAMES}
        criteria = tuple(tuple(row) for row in names["criteria"])
        return Scores(**plain, criteria=criteria, samples=tuple(names["samples"]), digests=tuple(names["digests"]))


class SqliteMemory:
    """Replies of a cache in an SQLite file; safe for threads, and for several processes."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._local = threading.local()

    def _open(self) -> sqlite3.Connection:
        if getattr(self._local, "owner", None) != os.getpid():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
            self._local.connection, self._local.owner = connection, os.getpid()
        found: sqlite3.Connection = self._local.connection
        return found

    def get(self, key: str) -> str | None:
        """The text under ``key``, or None."""
        row = self._open().execute("SELECT value FROM replies WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put(self, key: str, value: str) -> None:
        """Store a text; the first one stays."""
        self._open().execute("INSERT OR IGNORE INTO replies VALUES (?, ?)", (key, value))

    def close(self) -> None:
        """Close this thread's connection."""
        if getattr(self._local, "owner", None) == os.getpid():
            self._local.connection.close()
            self._local.owner = None


def _line(sample: str, key: str, verdict: Verdict) -> str:
    row: dict[str, Any] = {"sample": sample, "key": key}
    for name, default in _DEFAULTS.items():
        value = getattr(verdict, name)
        if value != default:
            row[name] = asdict(value) if isinstance(value, Usage) else value
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


def _read_line(row: dict[str, Any]) -> tuple[str, str, Verdict]:
    sample, key = row.pop("sample"), row.pop("key")
    row["state"] = State(row["state"])
    for name in ("evidence", "unfound"):
        if name in row:
            row[name] = tuple(row[name])
    if "usage" in row:
        row["usage"] = Usage(**row["usage"])
    return sample, key, Verdict(**row)


def _write(handle: int, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    while data:
        data = data[os.write(handle, data) :]


def _cut_broken_line(handle: int) -> None:
    size = os.fstat(handle).st_size
    if not size or os.pread(handle, 1, size - 1) == b"\n":
        return
    end, block = size, 1 << 16
    while end > 0:
        start = max(0, end - block)
        found = os.pread(handle, end - start, start).rfind(b"\n")
        if found >= 0:
            os.ftruncate(handle, start + found + 1)
            return
        end = start
    os.ftruncate(handle, 0)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if v not in (None, "", (), {}) or k in ("id", "response")}


def _sample(row: dict[str, Any]) -> Sample:
    prompt = tuple(Message(m["role"], m["content"]) for m in row.get("prompt", ()))
    steps = tuple(Step(s["text"], s.get("kind", "text"), s.get("metadata", {})) for s in row.get("steps", ()))
    rest = {k: v for k, v in row.items() if k not in ("prompt", "steps", "documents")}
    return Sample(prompt=prompt, steps=steps, documents=tuple(row.get("documents", ())), **rest)
