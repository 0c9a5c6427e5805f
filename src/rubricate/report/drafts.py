"""What became of drafts, in a terminal: a line for each rubric, totals, and the reasons of what was dropped."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from rubricate.report.markup import plain
from rubricate.report.numbers import NONE, count, money
from rubricate.rubrics.lint import RULES
from rubricate.types import Usage

if TYPE_CHECKING:
    from rubricate.generate.base import Draft

ROWS = 30
LOST, QUIET = "magenta", "dim"
_RULE = re.compile(r"R\d{3}-[\w-]+")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def drafts_table(drafts: Mapping[str, Draft]) -> RenderableType:
    """Criteria kept and dropped, calls, and why there is none, for each rubric; then totals and reasons.

    Of many rubrics those without criteria come first, and the rest is counted.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=QUIET, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("rubric", overflow="fold", min_width=8, max_width=32)
    for name in ("criteria", "dropped", "calls"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = list(drafts.items())
    if any(draft.rubric is None for draft in drafts.values()):
        table.add_column("why there is none", overflow="fold")
    if len(rows) > ROWS:
        rows.sort(key=lambda row: row[1].rubric is not None)
    for name, draft in rows[:ROWS]:
        made = draft.rubric is not None
        table.add_row(
            Text(plain(name)), f"{len(draft.rubric.leaves)}" if draft.rubric else Text(NONE, LOST),
            f"{len(draft.dropped)}", f"{draft.usage.calls}", *([] if made else [Text(_short(draft.why), LOST)]),
        )  # fmt: skip
    if len(rows) > ROWS:
        table.add_row(Text(f"and {len(rows) - ROWS:,} more", QUIET))
    parts: list[RenderableType] = [table, "", _totals(drafts)]
    reasons = [d.reason for draft in drafts.values() for d in draft.dropped]
    return Group(*parts, "", _reasons(reasons)) if reasons else Group(*parts)


def draft_lines(drafts: Mapping[str, Draft]) -> Iterator[RenderableType]:
    """For each rubric what was dropped from it and why, and its notes; rubrics without either are left out."""
    for name, draft in drafts.items():
        if not draft.dropped and not draft.notes:
            continue
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for dropped in draft.dropped:
            text = Text.assemble(plain(dropped.text), "\n", (f"→ {plain(dropped.reason)}", QUIET))
            table.add_row(Text("  dropped", LOST), text)
        for note in draft.notes:
            table.add_row(Text("  note", QUIET), Text(plain(note)))
        yield Group(Text(plain(name), "bold"), table, "")


def print_drafts(drafts: Mapping[str, Draft], *, lines: bool = False, console: Console | None = None) -> None:
    """Print ``drafts_table``; with ``lines`` what was dropped one by one before it."""
    out = console or Console()
    for block in draft_lines(drafts) if lines else ():
        out.print(block)
    out.print(drafts_table(drafts))


def reason_kind(reason: str) -> str:
    """A reason without what is particular to one criterion, so that reasons can be counted.

    >>> reason_kind("R402-quotes-a-candidate: it holds 'a swirl of hot water'")
    'R402-quotes-a-candidate'
    >>> reason_kind("its quote 'much too long' is not in feedback 2")
    "its quote '...' is not in feedback N"
    """
    rule = _RULE.match(reason)
    return rule.group() if rule else re.sub(r"\d+(?:\.\d+)?", "N", _QUOTED.sub("'...'", reason))


def _totals(drafts: Mapping[str, Draft]) -> Table:
    made = [d.rubric for d in drafts.values() if d.rubric is not None]
    use = sum((d.usage for d in drafts.values()), Usage())
    kept, dropped = sum(len(r.leaves) for r in made), sum(len(d.dropped) for d in drafts.values())
    lines = Table.grid(padding=(0, 2))
    lines.add_column(style="bold", no_wrap=True)
    lines.add_column(overflow="fold")
    lines.add_row("rubrics", f"{len(made):,} of {len(drafts):,} made")
    lines.add_row("criteria", f"{kept:,} kept, {dropped:,} dropped")
    cost = f", {money(use.cost)}" if use.cost else ""
    tokens = f"{use.prompt_tokens:,} tokens in, {use.completion_tokens:,} out"
    lines.add_row("cost", f"{count(use.calls, 'call')}, {tokens}{cost}")
    return lines


def _reasons(reasons: Sequence[str]) -> Table:
    """How many criteria were dropped for each kind of reason; a reason that is the same for all stands as it is, and a
    lint rule is said in words.
    """
    kinds: dict[str, list[str]] = {}
    for reason in reasons:
        kinds.setdefault(reason_kind(reason), []).append(reason)
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text("dropped", QUIET), Text("because", QUIET))
    for kind, found in sorted(kinds.items(), key=lambda item: -len(item[1])):
        said = found[0] if len(set(found)) == 1 and not _RULE.match(kind) else kind
        said = f"{kind}: {RULES[kind].what}" if kind in RULES else said
        table.add_row(f"{len(found):,}", Text(_short(said)))
    return table


def _short(text: str) -> str:
    return textwrap.shorten(plain(text), 200, placeholder=" ...")
