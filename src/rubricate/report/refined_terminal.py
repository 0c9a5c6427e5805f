"""A refined rubric in a terminal: what became of each criterion and why, and the numbers before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rubricate.refine.plan import Change, Refined
from rubricate.report.markup import plain
from rubricate.report.numbers import count, number, percent, short
from rubricate.report.recipes import print_stripped
from rubricate.report.recovery import interval_text
from rubricate.report.refined_facts import BeforeAfter, Side, recovery_said, spread_said

SHOWN = 8
STYLE = {"kept": "", "added": "cyan", "rewritten": "cyan", "reweighted": "cyan", "split": "yellow", "dropped": "yellow"}
QUIET, LOST = "dim", "magenta"


def print_refined(refined: Sequence[Refined], facts: BeforeAfter, console: Console | None = None) -> None:
    """The criteria of the first rubrics with what became of them, then the numbers of all before and after."""
    out = console or Console()
    for one in changed_first(refined)[:SHOWN]:
        _rubric(one, out)
    if len(refined) > SHOWN:
        out.print(Text(f"and {count(len(refined) - SHOWN, 'more rubric')}, in the page and the work folder\n", QUIET))
    table = _table("", "before", "after")
    for row in number_rows(facts):
        table.add_row(*row)
    print_stripped(table, out)
    out.print()
    for said in (recovery_said(facts.recovery), spread_said(facts.spread), *warnings(facts)):
        out.print(Text(said))


def changed_first(refined: Sequence[Refined]) -> list[Refined]:
    """Rubrics that changed before the others, both in their order."""
    return sorted(refined, key=lambda one: one.rubric is one.before)


def number_rows(facts: BeforeAfter) -> Iterator[tuple[str, str, str]]:
    """(name, before, after) of every number of the comparison."""
    a, b = facts.before, facts.after
    yield "criteria", f"{a.criteria:,}", f"{b.criteria:,}"
    if facts.before.found.n[0] or facts.after.found.n[0]:
        yield "labels found again", _found(a), _found(b)
    yield "spread inside a prompt", number(a.told_apart.spread), number(b.told_apart.spread)
    yield "tied answers to a prompt", percent(a.told_apart.tied, 1.0), percent(b.told_apart.tied, 1.0)
    yield "verdicts missing", percent(a.missing, a.asked), percent(b.missing, b.asked)
    yield "responses without a reward", f"{a.undefined:,}", f"{b.undefined:,}"
    yield "findings of lint", _findings(a), _findings(b)


def warnings(facts: BeforeAfter) -> Iterator[str]:
    """What makes the comparison incomplete, or the new rubric suspect."""
    unjudged = [name for name in facts.after.unjudged if name not in facts.before.unjudged]
    if unjudged:
        yield (
            f"{count(len(unjudged), 'new criterion has', 'new criteria have')} no verdicts, so the numbers after are"
            f" those of the others: {', '.join(unjudged)}. Judge the refined rubric to know more."
        )
    if facts.new_errors:
        yield f"The refined rubric has new errors: {', '.join(facts.new_errors)}. See: rubricate lint"


def _rubric(one: Refined, out: Console) -> None:
    before, after = one.before, one.rubric
    said = f"version {before.version} to {after.version}" if after is not before else "nothing to change"
    numbers = f"{count(len(before.leaves), 'criterion', 'criteria')} to {len(after.leaves)}"
    out.print(Text.assemble((plain(before.id), "bold"), f"  {said}, {numbers}"))
    table = _table("criterion", "became", "why")
    for change in one.changes:
        text = change.reason or (plain(change.shown) if change.action == "added" else "")
        table.add_row(Text(plain(change.criterion)), Text(became(change), STYLE[change.action]), Text(plain(text)))
    print_stripped(table, out)
    for said in one.notes:
        out.print(Text(f"not done  {plain(said)}", QUIET))
    out.print()


def became(change: Change) -> str:
    """What a criterion became, in a word or two.

    >>> became(Change("a", "reweighted", weight=2.5)), became(Change("a", "split", parts=("a-1", "a-2")))
    ('weight 2.5', 'split')
    """
    if change.weight is not None and change.action == "reweighted":
        return f"weight {short(change.weight)}"
    return change.action


def _found(side: Side) -> str:
    found = side.found
    return interval_text(float(found.share[0]), float(found.low[0]), float(found.high[0]), int(found.n[0]))


def _findings(side: Side) -> str:
    names = {"error": "errors", "warning": "warnings", "info": "info"}
    parts = [count(side.findings[s], s, many) for s, many in names.items() if side.findings.get(s)]
    return ", ".join(parts) or "none"


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=QUIET, show_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold", no_wrap=name == "became")
    return table
