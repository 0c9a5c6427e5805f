"""One table per kind of part, filled by the package itself and by plugins.

Kinds: ``judge``, ``verifier``, ``policy``, ``recipe``, ``client``, ``importer``, ``truth``, ``world``. A plugin package
points the entry-point group ``rubricate`` at a module; importing the module registers its parts. A second registration
of a name is an error, and an unknown name lists the known ones.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any, TypeVar

from rubricate.errors import DuplicateNameError, UnknownNameError

T = TypeVar("T")

GROUP = "rubricate"
_tables: dict[str, dict[str, Any]] = {}
_sources: dict[str, tuple[str, ...]] = {
    # Importing these modules fills the table of that kind; they are read on first use.
    "policy": ("rubricate.rewards.named", "rubricate.rewards.benchmarks"),
    "verifier": ("rubricate.verifiers",),
    "judge": ("rubricate.judges",),
    "recipe": ("rubricate.recipes",),
    "importer": ("rubricate.rubrics.importers",),
    "truth": ("rubricate.llm.scripted", "rubricate.judges.lexical"),
    "world": ("rubricate.lab",),
}
_loaded: set[str] = set()
_plugins_loaded = False


def register(kind: str, name: str) -> Callable[[T], T]:
    """Decorator that puts a part into the table ``kind`` under ``name``."""

    def put(part: T) -> T:
        table = _tables.setdefault(kind, {})
        if name in table and table[name] is not part:
            raise DuplicateNameError(
                f"the {kind} {name!r} is registered already, by {_home(table[name])}",
                where=_home(part),
                hint="Choose another name; plugins usually write 'package/name'",
            )
        table[name] = part
        return part

    return put


def lookup(kind: str, name: str) -> Any:
    """The part registered under ``name``; an unknown name raises and lists the known ones."""
    table = _table(kind)
    if name not in table:
        raise UnknownNameError.among(kind, name, table)
    return table[name]


def names(kind: str) -> list[str]:
    """All names of a kind, sorted."""
    return sorted(_table(kind))


def items(kind: str) -> Iterator[tuple[str, Any]]:
    """Name and part of a kind, sorted by name."""
    yield from sorted(_table(kind).items())


def _table(kind: str) -> dict[str, Any]:
    if kind not in _loaded:
        _loaded.add(kind)
        for module in _sources.get(kind, ()):
            importlib.import_module(module)
    _load_plugins()
    return _tables.setdefault(kind, {})


def _load_plugins() -> None:
    global _plugins_loaded
    if _plugins_loaded:
        return
    _plugins_loaded = True
    for entry in metadata.entry_points(group=GROUP):
        entry.load()


def _home(part: Any) -> str:
    return f"{getattr(part, '__module__', '?')}.{getattr(part, '__qualname__', repr(part))}"
