"""The card of a published system and the decorator that puts its recipe into the catalogue.

A recipe is a function with settings and one ``return`` of a ``Recipe``. Its card says which system it is, what the
system claims, which check settles the claim here, what the formula rests on, and where we depart.
"""

from __future__ import annotations

import difflib
import inspect
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from rubricate.errors import DuplicateNameError, SettingError, UnknownNameError
from rubricate.recipe import Recipe
from rubricate.registry import items, register

Evidence = Literal["read", "notes", "recalled", "abstract-only"]
Tier = Literal["checked", "departs", "built", "unchecked"]
INVARIANCES = ("permutation", "shift", "scale", "zero_sum", "sign", "split")
_numbers: dict[int, str] = {}


@dataclass(frozen=True)
class Card:
    """What the catalogue knows about a system.

    ``no`` is the catalogue number (0 for baselines), ``evidence`` what the mechanism was taken from, ``departs`` where
    the recipe or our check differs from the paper, ``fit`` core or peripheral (only the named part carries over).
    ``invariances`` of a composition of credit: ``permutation`` of rows, ``shift`` and ``scale`` of the outcomes,
    ``zero_sum`` in each group, ``sign`` of the outcome kept, ``split`` of a step in two; the contract tests hold them.
    """

    no: int
    name: str
    system: str
    arxiv: str
    claim: str
    check: str
    evidence: Evidence
    departs: tuple[str, ...] = ()
    fit: Literal["core", "peripheral"] = "core"
    same_as: str = ""
    invariances: tuple[str, ...] = ()

    @property
    def tier(self) -> Tier:
        """From the last run of the claims: checked, departs, built; unchecked before any run."""
        tier: Tier = _tiers().get(self.name, "unchecked")
        return tier


@dataclass(frozen=True, eq=False)
class Entry:
    """A recipe function with its card; calling it builds the recipe."""

    fn: Callable[..., Recipe]
    card: Card

    def __call__(self, **settings: Any) -> Recipe:
        """The recipe with some settings changed."""
        return self.fn(**settings)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the recipe and their defaults."""
        return {name: p.default for name, p in inspect.signature(self.fn).parameters.items()}

    @property
    def formula(self) -> str:
        """The docstring: what the system does, as a formula."""
        return inspect.getdoc(self.fn) or ""


def recipe(
    *,
    no: int,
    system: str,
    arxiv: str,
    claim: str,
    check: str,
    evidence: Evidence,
    departs: tuple[str, ...] = (),
    fit: Literal["core", "peripheral"] = "core",
    same_as: str = "",
    invariances: tuple[str, ...] = (),
) -> Callable[[Callable[..., Recipe]], Entry]:
    """Put the recipe function into the catalogue under its own name."""

    def put(fn: Callable[..., Recipe]) -> Entry:
        name = getattr(fn, "__name__", "?")
        card = Card(no, name, system, arxiv, claim, check, evidence, departs, fit, same_as, invariances)
        missing = [k for k in ("system", "claim", "check") if not getattr(card, k)]
        if missing:
            raise SettingError(f"the card of {name!r} leaves out {missing}", expected="a complete card")
        if not set(invariances) <= set(INVARIANCES):
            raise SettingError(f"the card of {name!r} names {invariances}", expected=f"some of {INVARIANCES}")
        if no and _numbers.setdefault(no, name) != name:
            raise DuplicateNameError(f"the catalogue number {no} is taken by {_numbers[no]!r}", where=name)
        return register("recipe", name)(Entry(fn, card))

    return put


def variant(entry: Entry, **settings: Any) -> Callable[..., Recipe]:
    """The same recipe with other defaults, for ablations.

    >>> variant  # doctest: +ELLIPSIS
    <function variant at ...>
    """
    unknown = sorted(set(settings) - set(entry.settings))
    if unknown:
        raise SettingError(
            f"{entry.card.name} takes no setting {unknown}", expected=f"some of {sorted(entry.settings)}"
        )
    return partial(entry.fn, **settings)


def find_recipe(key: str) -> Entry:
    """A recipe by its name, catalogue number, arXiv id or address, system name, or one of a system's two names.

    Case, hyphens, spaces and the version of an arXiv id do not matter: ``155``, ``arXiv:2601.06487v2``, ``ArenaRL`` and
    ``arena_rl`` are one. Raises UnknownNameError with the nearest names.
    """
    table: dict[str, Entry] = dict(items("recipe"))
    bare = _AROUND.sub("", key.strip())
    wanted = _spelled(bare)
    for kind in range(len(_KEYS)):
        for entry in table.values():
            if wanted and wanted in map(_spelled, _KEYS[kind](entry.card)):
                return entry
    spoken = {_spelled(k): k for e in table.values() for k in (e.card.system, e.card.name)}
    near = [repr(spoken[n]) for n in difflib.get_close_matches(wanted, spoken, n=3)]
    raise UnknownNameError(
        f"unknown recipe {key!r}", expected="a name, a catalogue number, an arXiv id or the name of a system",
        hint=(f"Did you mean {', '.join(near)}? " if near else "") + f"'rubricate recipes list' has all {len(table)}",
    )  # fmt: skip


_AROUND = re.compile(
    r"^(#|no\.? ?(?=\d)|(https?://)?(www\.)?arxiv\.org/(abs|pdf)/|arxiv: ?)|(?<=\d{4}\.\d{5})(v\d+)?(\.pdf)?$", re.I
)
_KEYS: tuple[Callable[[Card], Iterable[str]], ...] = (
    lambda card: (card.name,),
    lambda card: (str(card.no),) if card.no else (),
    lambda card: (card.arxiv,) if card.arxiv else (),
    lambda card: (card.system,),
    lambda card: re.split(r" / | \+ |[()]", card.system),
)
"""What a recipe is found by, strongest first."""


def _spelled(text: str) -> str:
    """Small letters and digits only: how names are compared."""
    folded = unicodedata.normalize("NFKD", text.casefold()).replace("+", "plus")
    return "".join(c for c in folded if c.isalnum())


def catalogue_path() -> Path | None:
    """Where the results of the last claims run are: beside the package when installed, in docs/ in a checkout."""
    packaged = Path(str(resources.files("rubricate"))) / "catalogue.json"
    checkout = Path(__file__).resolve().parents[3] / "docs" / "catalogue.json"
    return next((p for p in (packaged, checkout) if p.is_file()), None)


@lru_cache(maxsize=1)
def _tiers() -> dict[str, Any]:
    path = catalogue_path()
    if path is None:
        return {}
    return {row["name"]: row["tier"] for row in json.loads(path.read_text(encoding="utf-8"))}
