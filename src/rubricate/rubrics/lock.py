"""Locks: a rubric that says its own digest, and lock files that say what it was.

A locked rubric refuses a silent change: ``check_lock`` compares. Only what decides a verdict or a score is covered;
bookkeeping (statistics, status, provenance, notes) may change under a lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rubricate.errors import DataError, LockError
from rubricate.files import parse_json, read_text, write_atomic
from rubricate.rubrics.diff import changes
from rubricate.rubrics.model import Rubric

FORMAT = "rubricate-lock/1"
MOST = 6


@dataclass(frozen=True)
class Lock:
    """What a rubric was when it was locked: its digest, and its canonical form to tell what changed."""

    digest: str
    canonical: Mapping[str, Any]


def lock(rubric: Rubric) -> Rubric:
    """``rubric`` with its digest written into ``locked``; an older lock is replaced.

    >>> r = lock(Rubric(id="t", criteria=[{"id": "a", "text": "Warm."}]))
    >>> r.locked == r.digest
    True
    """
    return rubric.model_copy(update={"locked": rubric.digest})


def unlock(rubric: Rubric) -> Rubric:
    """``rubric`` without a lock."""
    return rubric.model_copy(update={"locked": None})


def check_lock(rubric: Rubric, against: str | Path | Mapping[str, Lock] | None = None) -> None:
    """Raise LockError when ``rubric`` is not what was locked.

    Its own ``locked`` digest is compared when it has one. ``against`` is a lock file, or what ``read_lock`` gave: the
    rubric must then be in it, and the error names the criteria and fields that differ.
    """
    digest = rubric.digest
    locks = read_lock(against) if isinstance(against, (str, Path)) else against
    known = None
    if locks is not None:
        known = locks.get(rubric.id)
        if known is None:
            raise LockError(
                f"the rubric {rubric.id!r} is not in the lock file", expected=f"one of: {', '.join(sorted(locks))}",
                hint="Lock it, and write the lock file again",
            )  # fmt: skip
    wanted = [d for d in (rubric.locked, known.digest if known else None) if d is not None]
    if all(d == digest for d in wanted):
        return
    found = _differences(known.canonical, rubric.canonical()) if known else ""
    raise LockError(
        f"the locked rubric was changed{': ' + found if found else ''}",
        where=f"rubric {rubric.id!r}",
        expected=f"the digest {next(d for d in wanted if d != digest)}, found {digest}",
        hint="Undo the change, or lock it again if it is meant",
    )


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The changed fields in words, at most six of them."""
    one, two = (_ids(c["criteria"]) for c in (old, new))
    parts = [f"{i} was added" for i in two if i not in one] + [f"{i} was removed" for i in one if i not in two]
    for c in changes(old, new):
        name = f"{c.criterion}.{c.field}" if c.criterion else c.field
        parts.append(f"{name} was {_short(c.before)}, is {_short(c.after)}")
    if not parts and one != two:
        parts = ["the order of the criteria"]
    return "; ".join(parts[:MOST]) + (f"; and {len(parts) - MOST} more" if len(parts) > MOST else "")


def _ids(criteria: Iterable[Mapping[str, Any]]) -> list[str]:
    return [i for c in criteria for i in (c["id"], *_ids(c.get("children", ())))]


def _short(value: Any) -> str:
    text = "the default" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def write_lock(rubrics: Rubric | Iterable[Rubric], path: str | Path) -> None:
    """Write the lock file of one rubric or several: JSON with the digest and the canonical form of each, whole or not.

    Raises LockError when an id stands twice.
    """
    given = [rubrics] if isinstance(rubrics, Rubric) else list(rubrics)
    table: dict[str, Any] = {}
    for rubric in given:
        if rubric.id in table:
            raise LockError(f"the rubric id {rubric.id!r} stands twice", expected="one lock per id")
        table[rubric.id] = {"digest": rubric.digest, "canonical": rubric.canonical()}
    data = {"format": FORMAT, "rubrics": table}
    write_atomic(path, json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def read_lock(path: str | Path) -> dict[str, Lock]:
    """id -> lock, from a lock file. Raises DataError when the file is not one."""
    data = parse_json(read_text(path), path)
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("rubrics"), dict):
        raise DataError(
            "this is not a lock file", where=str(path), expected=f'{{"format": "{FORMAT}", "rubrics": ...}}'
        )
    locks = {}
    for name, entry in data["rubrics"].items():
        try:
            locks[name] = Lock(str(entry["digest"]), dict(entry["canonical"]))
            _ids(locks[name].canonical["criteria"])
        except (TypeError, KeyError, ValueError):
            raise DataError(
                f"the lock of {name!r} is broken", where=str(path), expected="digest and canonical form",
                hint="Write the lock file again with write_lock",
            ) from None  # fmt: skip
    return locks
