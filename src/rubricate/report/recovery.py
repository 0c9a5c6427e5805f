"""Recovery in a terminal: which rubrics find the known labels again, and which of their criteria help or mislead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rubricate.refine.found import Found
from rubricate.report.markup import plain
from rubricate.report.numbers import NONE, count, percent, signed
from rubricate.report.recipes import print_stripped
from rubricate.rubrics.model import Rubric

LISTED, SHOWN = 3, 8  # criteria of either kind, and rubrics whose criteria are printed
GOOD, BAD, QUIET = "cyan", "yellow", "dim"


class RubricFound(NamedTuple):
    """A rubric with its recovery result."""

    rubric: Rubric
    found: Found


def print_recovery(rows: Sequence[RubricFound], *, leaks: bool, console: Console | None = None) -> None:
    """One line per rubric, then the criteria that decide most pairs rightly, and those that decide most wrongly."""
    out = console or Console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=QUIET, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("rubric", overflow="fold", min_width=8)
    for name in ("found again", "95 % interval", "pairs", "ties", "margin", *(["hidden"] if leaks else [])):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for rubric, found in rows:
        hidden = [percent(found.neutral, 1.0)] if leaks else []
        verdict = Text("leaks", BAD) if found.leaking else Text("kept", GOOD) if found.keep else Text("not kept", BAD)
        table.add_row(
            Text(plain(rubric.id)), percent(found.share, 1.0), span(found.low, found.high),
            f"{found.known:,} of {found.asked:,}", f"{found.ties:,}", signed(found.margin), *hidden, verdict,
        )  # fmt: skip
    print_stripped(table, out)
    for rubric, found in rows[:SHOWN]:
        _criteria(rubric, found, out)
    if len(rows) > SHOWN:
        out.print(Text(f"\nand the criteria of {count(len(rows) - SHOWN, 'more rubric')}, in recovery.json", QUIET))


def span(low: float, high: float) -> str:
    """An interval of a share.

    >>> span(0.25, 0.5), span(float("nan"), 0.5)
    ('25 % to 50 %', '–')
    """
    return NONE if np.isnan(low + high) else f"{percent(low, 1.0)} to {percent(high, 1.0)}"


def _criteria(rubric: Rubric, found: Found, out: Console) -> None:
    share, n = found.criteria.share, found.criteria.n
    decided = np.flatnonzero(n > 0)
    if not len(decided):
        return
    best = decided[np.lexsort((decided, -n[decided], -share[decided]))]
    helpful = [int(j) for j in best if share[j] > 0.5][:LISTED]
    misleading = [int(j) for j in best[::-1] if share[j] < 0.5][:LISTED]
    out.print(Text.assemble("\n", (plain(rubric.id), "bold"), ("  share of the pairs that a criterion decides", QUIET)))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", max_width=24)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    leaves = rubric.leaves
    for what, style, places in (("most helpful", GOOD, helpful), ("most misleading", BAD, misleading)):
        for k, j in enumerate(places):
            said = f"{percent(float(share[j]), 1.0)} of {n[j]:,}"
            grid.add_row(
                Text(f"  {what}" if not k else "", style), plain(leaves[j].id), said, Text(_text(leaves[j].text), QUIET)
            )
    silent = len(n) - len(decided)
    print_stripped(grid, out)
    if silent:
        out.print(Text(f"  {count(silent, 'criterion', 'criteria')} of {len(n)} told no pair apart", QUIET))


def _text(value: str, most: int = 120) -> str:
    flat = plain(" ".join(value.split()))
    return flat if len(flat) <= most else flat[: most - 3] + "..."


def recovery_record(row: RubricFound) -> dict[str, Any]:
    """The numbers of one rubric as plain data; what is not known is null."""
    rubric, found = row
    values: Mapping[str, Any] = found._asdict()
    own = {k: _known(v) for k, v in values.items() if k != "criteria"}
    c = found.criteria
    criteria = [
        {"id": leaf.id, "share": _known(s), "low": _known(a), "high": _known(b), "decided": int(n)}
        for leaf, s, a, b, n in zip(rubric.leaves, c.share, c.low, c.high, c.n, strict=False)
    ]
    return {"rubric": rubric.id, "digest": rubric.digest, **own, "criteria": criteria}


def _known(value: Any) -> Any:
    if isinstance(value, (bool, int)):
        return value
    return None if np.isnan(value) else round(float(value), 6)


def interval_text(share: float, low: float, high: float, n: int) -> str:
    """A share with its interval and n.

    >>> interval_text(0.75, 0.5, 0.9, 8)
    '75 % (50 % to 90 %, n = 8)'
    """
    return NONE if not n else f"{percent(share, 1.0)} ({span(low, high)}, n = {n})"
