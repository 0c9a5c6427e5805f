"""What a run looks like in a terminal, from 80 columns on; without colour where the output is not a terminal.

The ``*_table`` functions give rich renderables, the ``print_*`` functions print them. Texts of responses and judges
are shown without control characters: an answer cannot move the cursor or colour the screen.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from rubricate.judges.engine import find_rubric
from rubricate.report.criteria import rate_text
from rubricate.report.explain import Comparison, Row, compare, explain, position, verdict_text
from rubricate.report.facts import RewardFacts, criteria_facts, goodness, reward_facts, state_counts
from rubricate.report.markup import plain
from rubricate.report.numbers import NONE, count, money, number, percent, short, signed
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import State, Verdict

if TYPE_CHECKING:
    from rubricate.pipeline import Result
    from rubricate.rubrics.lint_rules import Finding
    from rubricate.scoring import Policy

__all__ = [
    "comparison_table",
    "explain_table",
    "print_comparison",
    "print_explanation",
    "print_findings",
    "print_rewards",
    "print_summary",
    "print_verdicts",
    "rewards_table",
    "summary_table",
    "verdict_lines",
]

GOOD, BAD, LOST, QUIET = "cyan", "yellow", "magenta", "dim"
SEVERITY = {"error": "red", "warning": BAD, "info": QUIET}
FEW, CRITERIA = 12, 30
BAR = 10


def summary_table(result: Result) -> RenderableType:
    """The criteria with their rates, then verdicts, rewards and cost on one line each; few rewards are listed."""
    parts: list[RenderableType] = [_criteria(result)]
    if len(result.samples) <= FEW:
        parts += ["", rewards_table(result)]
    lines = Table.grid(padding=(0, 2))
    lines.add_column(style="bold", no_wrap=True)
    lines.add_column(overflow="fold")
    facts, use = reward_facts(result), result.usage
    lines.add_row("verdicts", _verdicts(result))
    lines.add_row("rewards", _rewards(facts))
    if use.calls:
        tokens = f"{use.prompt_tokens:,} tokens in, {use.completion_tokens:,} out"
        lines.add_row("cost", f"{count(use.calls, 'call')}, {tokens}, {money(use.cost)}")
    return Group(*parts, "", lines)


def _criteria(result: Result) -> Table:
    facts = criteria_facts(result)
    table = _table((facts.by, "fold"), ("rate", ""), ("verdicts", "n"), ("missing", "n"), ("weight", "n"), ("", ""))
    for row in facts.rows[:CRITERIA]:
        share = (row.mean - row.lo) / (row.hi - row.lo)
        weight = " to ".join(dict.fromkeys(short(w) for w in row.weight))
        flag = "no gradient" if row.flat else "bad if met" if row.bad else ""
        lost = Text(f"{row.missing:,}", LOST if row.missing else "")
        table.add_row(
            _clean(row.name), Text(f"{_bar(share)} {rate_text(row)}"), f"{row.judged:,}", lost, weight,
            Text(flag, BAD if row.flat else QUIET),
        )  # fmt: skip
    if len(facts.rows) > CRITERIA:
        table.add_row(Text(f"and {len(facts.rows) - CRITERIA} more", QUIET))
    return table


def _verdicts(result: Result) -> Text:
    states, asked = state_counts(result), int(result.scores.asked.sum())
    said = Text(f"{asked:,} asked for, {percent(states.get(State.SCORED, 0), asked)} with a value")
    for state, n in states.items():
        if state is not State.SCORED:
            said.append(f"; {n:,} {state.value.replace('_', ' ')}", "" if state is State.SKIPPED else LOST)
    return said


def _rewards(facts: RewardFacts) -> Text:
    said = Text("no response has one")
    if facts.defined:
        said = Text(f"mean {number(facts.mean)}")
        if facts.defined > 1:
            said.append(f", SD {number(facts.sd)}, {number(facts.low)} to {number(facts.high)}")
        if facts.groups:
            said.append(f"; {facts.flat} of {count(facts.groups, 'group')} without any spread" if facts.flat else "")
    for why, n in facts.undefined.items():
        said.append(f"; {n:,} without: {why}", LOST)
    return said


def rewards_table(result: Result) -> Table:
    """One row per response: group, reward, missing verdicts, and why there is no reward."""
    table = _table(("response", "fold"), ("group", "fold"), ("reward", "n"), ("", ""), ("missing", "n"), ("", "fold"))
    rewards = result.rewards
    lost = result.scores.missing.sum(1)
    for i, sample in enumerate(result.samples):
        table.add_row(
            _clean(sample.id), _clean(sample.group), number(rewards.values[i]), _bar(rewards.values[i]),
            Text(f"{lost[i]}", LOST if lost[i] else ""), "" if rewards.valid[i] else Text(rewards.why(i), LOST),
        )  # fmt: skip
    return table


def explain_table(result: Result, sample: str, policy: Policy = None) -> RenderableType:
    """Why a response has its reward: verdict, weight, contribution and reason of every criterion."""
    rows, i = explain(result, sample, policy), position(result, sample)
    table = _table(("criterion", "fold"), ("verdict", ""), ("weight", "n"), ("contribution", "n"), ("reason", "fold"))
    for row in rows:
        table.add_row(_clean(row.criterion), _state(result, i, row), short(row.weight), _share(row), _clean(row.reason))
    reward = float(result.rewards.values[i])
    if math.isnan(reward):
        return Group(_title(sample, f"no reward: {result.rewards.why(i)}"), table)
    rest = reward - math.fsum(r.contribution for r in rows)
    if abs(rest) >= 5e-4:
        table.add_row(Text("other rules of the policy", QUIET), "", "", signed(rest), "")
    return Group(_title(sample, f"reward {number(reward)}"), table)


def comparison_table(result: Result, a: str, b: str, policy: Policy = None) -> RenderableType:
    """Why a has another reward than b: criteria by the size of their difference."""
    found: Comparison = compare(result, a, b, policy)
    rows = {a: position(result, a), b: position(result, b)}
    table = _table(("criterion", "fold"), (a, ""), (b, ""), ("difference", "n"), ("reasons", "fold"))
    for row in found.rows:
        sides = [
            _state(result, rows[name], r) if r else Text("not in its rubric", QUIET)
            for name, r in ((a, row.a), (b, row.b))
        ]
        said = dict.fromkeys(r.reason for r in (row.a, row.b) if r and r.reason and row.difference)
        reasons = Text("\n").join(_clean(reason) for reason in said)
        table.add_row(_clean(row.criterion), *sides, signed(row.difference), reasons)
    if found.remainder and not math.isnan(found.remainder):
        table.add_row(Text("other rules of the policy", QUIET), "", "", signed(found.remainder), "")
    title = _title(f"{a} against {b}", found.undefined or f"{signed(found.difference)} in reward")
    return Group(title, table)


def verdict_lines(result: Result) -> Iterator[RenderableType]:
    """The verdicts with their reasons, response by response."""
    for i, sample in enumerate(result.samples):
        criteria = {c.id: c for c in find_rubric(sample, result.rubrics).leaves}
        reward = number(result.rewards.values[i]) if result.rewards.valid[i] else f"none ({result.rewards.why(i)})"
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=8, max_width=24, overflow="fold")
        table.add_column(no_wrap=True, min_width=8)
        table.add_column(overflow="fold")
        for verdict in result.judgements[i].verdicts:
            criterion = criteria[verdict.criterion]
            table.add_row(_clean(f"  {verdict.criterion}"), _styled(criterion, verdict), _clean(verdict.reason))
        yield Group(_title(sample.id, f"reward {reward}"), table, "")


def print_summary(result: Result, console: Console | None = None) -> None:
    """Print ``summary_table``."""
    (console or Console()).print(summary_table(result))


def print_rewards(result: Result, console: Console | None = None) -> None:
    """Print ``rewards_table`` and the line that sums it up."""
    out = console or Console()
    out.print(rewards_table(result))
    out.print(Text("\nrewards  ", "bold") + _rewards(reward_facts(result)))


def print_verdicts(result: Result, console: Console | None = None) -> None:
    """Print ``verdict_lines``."""
    out = console or Console()
    for block in verdict_lines(result):
        out.print(block)


def print_explanation(result: Result, sample: str, policy: Policy = None, console: Console | None = None) -> None:
    """Print ``explain_table``."""
    (console or Console()).print(explain_table(result, sample, policy))


def print_comparison(result: Result, a: str, b: str, policy: Policy = None, console: Console | None = None) -> None:
    """Print ``comparison_table``."""
    (console or Console()).print(comparison_table(result, a, b, policy))


def print_findings(path: Path, rubric: Rubric, findings: Sequence[Finding], console: Console | None = None) -> None:
    """Print what the rubric check found: severity and rule, place, reason and repair; one line where it is clean."""
    out = console or Console()
    counts: Counter[str] = Counter(f.severity for f in findings)
    said = ", ".join(count(counts[s], s) if s != "info" else f"{counts[s]} info" for s in SEVERITY if counts[s])
    out.print(_title(rubric.id, f"{path}: {said or 'nothing found'}"), soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in sorted(findings, key=lambda f: list(SEVERITY).index(f.severity)):
        where = plain(f"{finding.place} ({finding.criterion})" if finding.criterion else finding.place)
        text = Text.assemble((finding.rule, "bold"), "  ", (where, QUIET), "\n", plain(finding.reason), "\n")
        text.append(f"→ {plain(finding.repair)}")
        table.add_row(Text(f"  {finding.severity}", SEVERITY[finding.severity]), text)
    if findings:
        out.print(table)


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=QUIET, show_edge=False, padding=(0, 1, 0, 0))
    for name, kind in columns:
        if kind == "fold":
            table.add_column(_clean(name), overflow="fold", min_width=min(8, max(4, len(name))))
        else:
            table.add_column(_clean(name), justify="right" if kind == "n" else "left", no_wrap=True)
    return table


def _clean(value: str) -> Text:
    return Text(plain(value))


def _title(name: str, said: str) -> Text:
    return Text.assemble((plain(name), "bold"), "  ", plain(said))


def _bar(share: float) -> str:
    if math.isnan(share):
        return " " * BAR
    return ("█" * round(min(max(share, 0.0), 1.0) * BAR)).ljust(BAR, "·")


def _share(row: Row) -> str:
    return NONE if row.contribution == 0 and row.value is None else signed(row.contribution)


def _state(result: Result, i: int, row: Row) -> Text:
    criterion = next(c for c in find_rubric(result.samples[i], result.rubrics).leaves if c.id == row.criterion)
    if row.value is None:
        return Text(row.verdict, LOST if row.state not in (None, State.SKIPPED) else QUIET)
    return Text(row.verdict, GOOD if goodness(criterion, row.value) >= 0.5 else BAD)


def _styled(criterion: Criterion, verdict: Verdict) -> Text:
    said = plain(verdict_text(criterion, verdict))
    if verdict.value is None:
        return Text(said, QUIET if verdict.state is State.SKIPPED else LOST)
    return Text(said, GOOD if goodness(criterion, verdict.value) >= 0.5 else BAD)
