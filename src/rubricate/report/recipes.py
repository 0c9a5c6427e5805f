"""The catalogue of published systems in a terminal."""

from __future__ import annotations

import ast
import inspect
import textwrap
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rubricate.errors import UnknownNameError
from rubricate.report.numbers import count

if TYPE_CHECKING:
    from rubricate.lab.claims import Claim
    from rubricate.recipes.card import Card, Entry
    from rubricate.rewards import Lint

LABEL = 8
NOTES = ("scale_matters",)
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
    print_stripped(table, out)
    out.print(Text(f"\n{count(table.row_count, 'recipe')} of {len(entries)}", "dim"))


def _holds(entry: Entry, search: str | None) -> bool:
    card = entry.card
    text = "\n".join((card.name, card.system, card.claim, card.check, card.arxiv, entry.formula, *card.departs))
    return search is None or search.lower() in text.lower()


EVIDENCE = {
    "read": "read: code or full text was opened",
    "notes": "notes: taken from an account of the paper",
    "recalled": "recalled: from memory, not confirmed",
    "abstract-only": "abstract-only",
}


KEEPS = {
    "permutation": "any order of rows",
    "shift": "a shift of all outcomes",
    "scale": "a scale of all outcomes",
    "zero_sum": "sum 0 in each group",
    "sign": "the sign of the outcome",
    "split": "steps cut in two",
}


def print_recipe(entry: Entry, console: Console | None = None) -> None:
    """Print one recipe: claim, check, formula, settings, composition, departures, tier."""
    card, out = entry.card, console or Console()
    number = f"no. {card.no}" if card.no else "baseline"
    recipe, where = (_folded(text, out.width - LABEL - 2) for text in _composition(entry))
    rows: list[tuple[str, str]] = [
        ("system", f"{card.system}  ({number}, arXiv {card.arxiv})" if card.arxiv else f"{card.system}  ({number})"),
        ("claim", card.claim), ("check", f"{card.check}  ({card.tier})"), ("evidence", EVIDENCE[card.evidence]),
        ("departs", "\n".join(f"- {d}" if len(card.departs) > 1 else d for d in card.departs)),
        ("fit", "peripheral: only the named part carries over" if card.fit == "peripheral" else ""),
        ("same as", card.same_as), ("keeps", ", ".join(KEEPS[k] for k in card.invariances)),
        ("formula", _unwrapped(entry.formula)),
        ("settings", "\n".join(f"{k} = {v!r}" for k, v in entry.settings.items())),
        ("recipe", recipe), ("where", where),
    ]  # fmt: skip
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True, min_width=LABEL)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(name, Text(value))
    out.print(Text(card.name, "bold"))
    print_stripped(table, out)


def print_lints(
    entry: Entry, found: Sequence[Lint], skipped: Mapping[str, str], console: Console | None = None
) -> bool:
    """Print what each lint says of a recipe, or why it does not apply (-); True when one fails.

    Whether the scale matters is a note, not a failure.
    """
    from rubricate.lab.recipe_lints import RULES

    out = console or Console()
    said = {lint.rule: lint for lint in found}
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for rule in RULES:
        lint = said.get(rule)
        word = "-" if lint is None else "holds" if lint.ok else "note" if rule in NOTES else "fails"
        style = {"fails": "bold red", "-": "dim"}.get(word, "")
        message = skipped[rule] if lint is None else lint.message
        table.add_row(Text(word, style), Text(rule), Text(message, "dim" if lint is None else ""))
    out.print(Text.assemble((entry.card.name, "bold"), f"  {entry.card.system}"))
    print_stripped(table, out)
    return any(not lint.ok and lint.rule not in NOTES for lint in found)


def print_check(card: Card, claim: Claim, console: Console | None = None) -> bool:
    """Run the check of a claim and print its figures; True when it gives what the card says."""
    start = time.perf_counter()
    outcome = claim.run()
    seconds = time.perf_counter() - start
    verdict = "holds" if outcome.holds else "does not hold"
    expected = outcome.holds == (claim.expect == "holds")
    if claim.expect == "departs":
        verdict += ", as the card says" if expected else ", and the card says that it does not"
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True, min_width=LABEL)
    table.add_column(overflow="fold")
    for name, value in (
        ("claim", card.claim), ("check", card.check), ("baseline", _figure(outcome.baseline)),
        ("ours", _figure(outcome.ours)), ("result", f"the claim {verdict}  ({seconds:.1f} s)"), ("note", outcome.note),
    ):  # fmt: skip
        if value:
            table.add_row(name, Text(value))
    out = console or Console()
    out.print(Text.assemble((card.name, "bold"), f"  {card.system}"))
    print_stripped(table, out)
    return expected


def _figure(x: float | str) -> str:
    return x if isinstance(x, str) else f"{x:.4g}"


def print_stripped(table: Table, out: Console) -> None:
    """Print a table without the blanks that pad its lines."""
    for line in out.render_lines(table, pad=False):
        while line and not line[-1].text.strip():
            line.pop()
        if line:
            line[-1] = line[-1]._replace(text=line[-1].text.rstrip())
        out.print(Text.assemble(*((part.text, part.style or "") for part in line)), soft_wrap=True)


def _unwrapped(text: str) -> str:
    """Paragraphs on one line each, for a terminal that wraps them; indented lines stay."""
    parts = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.splitlines()
        parts.append(paragraph if any(line.startswith("  ") for line in lines) else " ".join(lines))
    return "\n".join(parts)


def _composition(entry: Entry) -> tuple[str, str]:
    """The return statement as it is written, with the sources of constants, and the named parts that it uses."""
    source = textwrap.dedent(inspect.getsource(entry.fn))
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    own = textwrap.dedent("\n".join(source.splitlines()[function.body[-1].lineno - 1 :])).removeprefix("return ")
    module = inspect.getsource(inspect.getmodule(entry.fn) or entry.fn)
    parts = {
        target.id: node for node in ast.parse(module).body if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name) and target.id.isupper()
    }  # fmt: skip
    used = (parts[name] for name in _used(function.body[-1], parts))
    return own, "\n".join(line for p in used for line in module.splitlines()[p.lineno - 1 : p.end_lineno])


def _used(node: ast.AST, parts: Mapping[str, ast.Assign]) -> list[str]:
    """Names of module-level parts that a node uses, those that they use included, in the order of first use."""
    found: list[str] = []
    waiting = [node]
    while waiting:
        for name in ast.walk(waiting.pop(0)):
            if isinstance(name, ast.Name) and name.id in parts and name.id not in found:
                found.append(name.id)
                waiting.append(parts[name.id])
    return found


def _folded(code: str, width: int) -> str:
    """Code whose long lines go on below with a deeper indent, comments as comments."""
    lines: list[str] = []
    for line in code.splitlines():
        text, mark, said = line.partition("# ")
        indent = " " * (len(line) - len(line.lstrip()))
        fold = partial(textwrap.wrap, width=width, break_long_words=False, break_on_hyphens=False)
        if mark and len(text) < width < len(line):
            lines += fold(line, subsequent_indent=f"{indent}{'    ' * bool(text.strip())}# ")
        else:
            lines += fold(f"{text}{mark}{said}", subsequent_indent=indent + "    ")
    return "\n".join(lines)
