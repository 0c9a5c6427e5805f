"""Criteria and missing verdicts of a report: what was met, how often, and what has no value and why."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from rubricate.report.facts import CriterionFacts, criteria_facts, state_counts
from rubricate.report.figures import bar
from rubricate.report.markup import Markup, clip, heads, join, note, scroll, section, tag
from rubricate.report.numbers import NONE, number, percent, short
from rubricate.types import State

if TYPE_CHECKING:
    from rubricate.pipeline import Result

ROWS = 200
TITLE = "Verdicts without a value"
REASONS = 12
MEANING = {
    State.ABSTAINED: "the judge said that it cannot tell",
    State.UNREADABLE: "replies came, none could be read",
    State.REFUSED: "the model declined, or a filter cut in",
    State.TRUNCATED: "the reply hit the token limit",
    State.TIMED_OUT: "no reply within the deadline",
    State.FAILED: "transport or server error after all retries, or a cap",
    State.SKIPPED: "a gate or an earlier criterion had decided",
}


def criteria(result: Result) -> Markup:
    """One row per criterion: rate, verdicts, weight, spread; what never varies is flagged."""
    facts = criteria_facts(result)
    flat = sum(r.flat for r in facts.rows)
    lead = "How often each criterion was met, or its mean verdict on its own scale. "
    if facts.by != "criterion":
        lead = f"The rubrics differ, so verdicts are put together by {facts.by}. "
    if flat:
        lead += f"{flat} of {len(facts.rows)} gave every answer the same verdict: no gradient."
    more = f"The first {ROWS} of {len(facts.rows):,}." if len(facts.rows) > ROWS else ""
    columns = ((facts.by, ""), ("rate", "rate"), *((n, "n") for n in ("verdicts", "missing", "weight", "spread (SD)")))
    rows = [_row(r) for r in facts.rows[:ROWS]]
    table = tag("table", heads(*columns), tag("tbody", rows), cls="sort criteria")
    return section("criteria", "Criteria", lead, note(more), scroll(table, "Criteria"))


def rate_text(row: CriterionFacts) -> str:
    """The share met of a criterion from 0 to 1, else the mean verdict with the ends of its scale."""
    if math.isnan(row.mean):
        return NONE
    if (row.lo, row.hi) == (0.0, 1.0):
        return percent(row.mean, 1.0)
    return f"{short(round(row.mean, 2))} ({short(row.lo)} to {short(row.hi)})"


def _row(row: CriterionFacts) -> Markup:
    share = (row.mean - row.lo) / (row.hi - row.lo)
    low, high = (short(w) for w in row.weight)
    marks = [tag("span", "bad if met", cls="chip")] if row.bad else []
    if row.flat:
        marks.append(tag("span", "no gradient", cls="chip alarm"))
    wording = row.text or f"{row.kinds:,} wordings"
    spread = number(row.sd, 2) if row.judged > 1 else NONE
    numbers = (f"{row.judged:,}", f"{row.missing:,}", low if low == high else f"{low} to {high}", spread)
    return tag(
        "tr",
        tag("th", tag("bdi", row.name), " ", marks, tag("span", wording, cls="wording", dir="auto"), scope="row"),
        tag("td", bar(share), " ", tag("span", rate_text(row)), cls="rate", data_v=f"{share:.6g}"),
        [tag("td", n, cls="n") for n in numbers],
    )


def missing(result: Result) -> Markup:
    """Verdicts that have no value, by state, with the reasons that were recorded."""
    counts = {s: n for s, n in state_counts(result).items() if s is not State.SCORED}
    if not counts:
        return section("missing", TITLE, "None: every criterion that was asked has a value.")
    asked = int(result.scores.asked.sum())
    reasons: dict[State, Counter[str]] = {s: Counter() for s in counts}
    for judgement in result.judgements:
        for verdict in judgement.verdicts:
            if verdict.state in reasons:
                reasons[verdict.state][verdict.reason or "no reason was recorded"] += 1
    lost = sum(n for s, n in counts.items() if s is not State.SKIPPED)
    lead = (
        f"{lost:,} of {asked:,} verdicts that were asked for have no value. None counts as 0 unless the policy says so."
    )
    blocks = [_state(s, n, asked, reasons[s]) for s, n in sorted(counts.items(), key=lambda p: -p[1])]
    return section("missing", TITLE, lead, blocks)


def _state(state: State, count: int, asked: int, reasons: Counter[str]) -> Markup:
    share = "not asked" if state is State.SKIPPED else percent(count, asked)
    summary = tag(
        "summary", tag("span", state.value.replace("_", " "), cls="name"), bar(count / max(asked, count), "plain"),
        tag("span", f"{count:,}", cls="count"), tag("span", f"{share} · {MEANING[state]}", cls="dim"),
    )  # fmt: skip
    listed = [tag("li", tag("b", f"{n:,} × "), tag("bdi", clip(w, 400)[0])) for w, n in reasons.most_common(REASONS)]
    more = len(reasons) - REASONS
    others = note(f"and {more:,} other reasons" if more > 0 else "")
    return tag("details", summary, tag("ul", listed), others, cls="state")


def legend() -> Markup:
    """The marks of the matrix."""
    marks = [
        tag("span", tag("i", letter, cls="h" if state is State.SKIPPED else "m"), f" {state.value.replace('_', ' ')}")
        for state, letter in LETTERS.items()
    ]
    shades = [tag("i", cls=f"v{k}") for k in range(9)]
    return tag(
        "p", tag("span", "bad for the reward ", join(shades), " good", cls="scale"), marks,
        tag("span", tag("i", cls="h"), " not asked"), cls="legend",
    )  # fmt: skip


LETTERS = {
    State.ABSTAINED: "A",
    State.UNREADABLE: "U",
    State.REFUSED: "R",
    State.TRUNCATED: "T",
    State.TIMED_OUT: "D",
    State.FAILED: "F",
    State.SKIPPED: "S",
}
