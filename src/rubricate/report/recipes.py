"""The catalogue of published systems in a terminal."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rubricate.errors import UnknownNameError
from rubricate.report.numbers import count

if TYPE_CHECKING:
    from rubricate.recipes.card import Entry

TIERS = ("checked", "departs", "built", "unchecked")


def print_recipes(
    stage: str | None = None, tier: str | None = None, search: str | None = None, console: Console | None = None
) -> None:
    """Print number, name, system, stages and tier of the recipes that fit all the filters."""
    import rubricate.recipes  # noqa: F401  fills the catalogue; kept out of the start-up of other commands
    from rubricate.recipe import STAGES
    from rubricate.registry import items

    for kind, name, known in (("stage", stage, STAGES), ("tier", tier, TIERS)):
        if name is not None and name not in known:
            raise UnknownNameError.among(kind, name, known)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("no", justify="right", no_wrap=True)
    for name in ("recipe", "system", "stages"):
        table.add_column(name, overflow="fold")
    table.add_column("tier", no_wrap=True)
    entries: list[Entry] = sorted((e for _, e in items("recipe")), key=lambda e: (e.card.no, e.card.name))
    for entry in entries:
        stages = tuple(entry().stages)
        if (stage is None or stage in stages) and (tier is None or tier == entry.card.tier) and _holds(entry, search):
            card = entry.card
            table.add_row(str(card.no or ""), Text(card.name), Text(card.system), " ".join(stages), card.tier)
    out = console or Console()
    out.print(table)
    out.print(Text(f"\n{count(table.row_count, 'recipe')} of {len(entries)}", "dim"))


def _holds(entry: Entry, search: str | None) -> bool:
    card = entry.card
    text = "\n".join((card.name, card.system, card.claim, card.check, card.arxiv, entry.formula, *card.departs))
    return search is None or search.lower() in text.lower()


def print_recipe(entry: Entry, console: Console | None = None) -> None:
    """Print one recipe: claim, check, formula, settings, composition, departures, tier."""
    card = entry.card
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    rows: list[tuple[str, str]] = [
        ("system", f"{card.system}" + (f" (no. {card.no})" if card.no else "")),
        ("paper", f"arXiv {card.arxiv}" if card.arxiv else ""),
        ("claim", card.claim), ("check", card.check), ("tier", card.tier), ("source", card.evidence),
        ("departs", "\n".join(card.departs)), ("fit", card.fit), ("same as", card.same_as),
        ("formula", _unwrapped(entry.formula)),
        ("settings", "\n".join(f"{k} = {v!r}" for k, v in entry.settings.items())),
        ("composition", _composition(entry)),
    ]  # fmt: skip
    for name, value in rows:
        if value:
            table.add_row(name, Text(value))
    out = console or Console()
    out.print(Text(card.name, "bold"))
    out.print(table)


def _unwrapped(text: str) -> str:
    """Paragraphs on one line each, for a terminal that wraps them; indented lines stay."""
    parts = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.splitlines()
        parts.append(paragraph if any(line.startswith("  ") for line in lines) else " ".join(lines))
    return "\n\n".join(parts)


def _composition(entry: Entry) -> str:
    """The recipe's return statement as it is written, comments with the sources of the constants included."""
    source = textwrap.dedent(inspect.getsource(entry.fn))
    found = ast.parse(source).body[0]
    assert isinstance(found, ast.FunctionDef)
    lines = source.splitlines()[found.body[-1].lineno - 1 :]
    return textwrap.dedent("\n".join(lines)).removeprefix("return ")
