"""One table per kind of part, filled by the package itself and by plugins.

Kinds: ``judge``, ``generator``, ``verifier``, ``policy``, ``recipe``, ``client``, ``importer``, ``truth``, ``world``. A
plugin package points the entry-point group ``rubricate`` at a module; importing the module registers its parts. A
second registration of a name is an error, and an unknown name lists the known ones.

Parts with settings are described in one line, on the command line and in configuration files:
``name:setting=value,setting=value``, then a slash and a part inside, as in ``integrate:k=5/ordinal:temperature=0.7``.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from importlib import metadata
from typing import Any, NamedTuple, TypeVar

from rubricate.errors import DuplicateNameError, SettingError, UnknownNameError

T = TypeVar("T")

GROUP = "rubricate"
_tables: dict[str, dict[str, Any]] = {}
_sources: dict[str, tuple[str, ...]] = {
    # Importing these modules fills the table of that kind; they are read on first use.
    "policy": ("rubricate.rewards.named", "rubricate.rewards.benchmarks"),
    "verifier": ("rubricate.verifiers",),
    "judge": ("rubricate.judges",),
    "generator": ("rubricate.generate",),
    "recipe": ("rubricate.recipes",),
    "importer": ("rubricate.rubrics.importers",),
    "truth": ("rubricate.llm.scripted", "rubricate.judges.lexical"),
    "world": ("rubricate.lab",),
}
_WORDS = {"yes": True, "true": True, "no": False, "false": False, "none": None}
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


class Described(NamedTuple):
    """What a one-line description says: the name, its part, the settings given, and the text of the part inside."""

    name: str
    part: Any
    settings: dict[str, Any]
    inside: str


def settings_of(part: Any) -> dict[str, Any]:
    """Names and defaults of the settings of a registered part; ... stands for a setting that must be given."""
    if not is_dataclass(part):
        return {}
    own_first = sorted(fields(part), key=lambda f: f.kw_only is True)  # settings that many parts share come last
    return {f.name: _default(f) for f in own_first}


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return ... if field.default is MISSING else field.default


def described(kind: str, text: str, takes: Callable[[Any], Mapping[str, Any]] = settings_of) -> Described:
    """The part of ``kind`` that ``text`` describes; ``takes(part)`` gives its settings and their defaults.

    Values are numbers, yes or no, none, words, or lists with + between their parts. UnknownNameError lists the names;
    SettingError the settings of one.

    >>> described("judge", "pointwise:batch=3,reasons=no").settings
    {'batch': 3, 'reasons': False}
    """
    whole = text.partition(":")[0].strip()
    slashed = whole if "/" in whole and whole in names(kind) else ""  # plugins write 'package/name'
    outer, _, inside = text.removeprefix(slashed).partition("/")
    name, _, listed = (slashed + outer).partition(":")
    part = lookup(kind, name.strip())
    known, settings = takes(part), dict[str, Any]()
    for given in filter(None, (p.strip() for p in listed.split(","))):
        key, equals, value = given.partition("=")
        if not equals or key not in known:
            raise SettingError(f"{name} takes no setting {given!r}", expected=f"some of {sorted(known)} as name=value")
        settings[key] = _value(value)
        if isinstance(known[key], tuple) and not isinstance(settings[key], tuple):
            settings[key] = (settings[key],)
    return Described(name.strip(), part, settings, inside)


def _value(text: str) -> Any:
    if "+" in text[1:]:
        return tuple(_value(part) for part in text.split("+"))
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return json.loads(text)
    except ValueError:
        return text


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
