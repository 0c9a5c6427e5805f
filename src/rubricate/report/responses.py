"""Every response of a report: its text with the evidence marked, its verdicts, and what each did to the reward."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from rubricate.arrays import Floats
from rubricate.judges.engine import find_rubric
from rubricate.report.explain import Row, rows_of
from rubricate.report.facts import GroupFacts, goodness, group_facts
from rubricate.report.figures import shade, zero_bar
from rubricate.report.markup import Markup, clip, heads, join, note, scroll, section, tag
from rubricate.report.numbers import NONE, number, short, signed
from rubricate.report.quotes import highlighted
from rubricate.report.ranking import ends, reward_text
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample, State, Verdict

if TYPE_CHECKING:
    from rubricate.pipeline import Result

FRAME_BYTES, TEXT_BYTES, ROW_BYTES = 2_000_000, 2_000_000, 550  # for the verdict tables, for texts, for one table row


def responses(result: Result, shares: Floats | None, shown: Collection[int]) -> Markup:
    """The responses ``shown``, folded, group by group; what is left out is said.

    ``shares[N, C]`` are the contributions to the rewards; None where the rewards are no sum over criteria.
    """
    page = _Page(result, shares, text_limit(_lengths(result, shown), TEXT_BYTES))
    blocks = [page.group(g, [int(i) for i in g.rows if int(i) in shown]) for g in group_facts(result)]
    left = len(result.samples) - len(shown)
    more = f"The first {len(shown):,} responses; {left:,} more are in the run folder." if left else ""
    return section("responses", "Responses", "", note(more), _tools(), blocks)


def shown_rows(result: Result) -> frozenset[int]:
    """The first rows, group by group, whose verdict tables fit on the page; one at least."""
    order = [int(i) for g in group_facts(result) for i in g.rows]
    sizes = []
    for i in order:
        leaves = find_rubric(result.samples[i], result.rubrics).leaves
        reasons = sum(len(v.reason.encode("utf-8", "surrogatepass")) for v in result.judgements[i].verdicts)
        sizes.append(800 + reasons + sum(ROW_BYTES + len(c.text.encode()) for c in leaves))
    return frozenset(order[: max(1, sum(total <= FRAME_BYTES for total in accumulate(sizes)))])


def _tools() -> Markup:
    """Search and folding; shown where there is JavaScript."""
    search = tag("label", "Find ", tag("input", type="search", placeholder="id, group or word"))
    buttons = [tag("button", name, type="button") for name in ("Open all", "Close all")]
    return tag("p", search, buttons, tag("output", aria_live="polite"), cls="tools", hidden=True)


def _lengths(result: Result, shown: Collection[int]) -> list[int]:
    texts = [result.samples[i].response for i in shown]
    texts += {(result.samples[i].group or i): result.samples[i].task for i in shown}.values()
    return [len(t.encode("utf-8", "surrogatepass")) for t in texts]


def text_limit(lengths: Sequence[int], budget: int) -> int:
    """The longest length such that all texts, cut to it, fit into the budget.

    >>> text_limit([10, 20, 90], 70), text_limit([10, 20], 70)
    (40, 20)
    """
    left = budget
    for k, length in enumerate(sorted(lengths)):
        rest = len(lengths) - k
        if length * rest > left:
            return left // rest
        left -= length
    return max(lengths, default=0)


class _Page:
    """What all blocks share: the result, contributions, the axes of bars, how much text is shown."""

    def __init__(self, result: Result, shares: Floats | None, limit: int) -> None:
        self.result, self.limit, self.split = result, limit, shares is not None
        if shares is None:
            shares = np.full(result.scores.values.shape, np.nan)
        self.shares = shares
        self.axis = ends(result.rewards.values)
        known = shares[~np.isnan(shares)]
        self.share_axis = (min(0.0, float(known.min(initial=0.0))), max(0.0, float(known.max(initial=0.0))))

    def group(self, group: GroupFacts, rows: Sequence[int]) -> Markup | None:
        if not rows:
            return None
        several = len(group.rows) > 1
        blocks = [self.response(i, prompt=not several) for i in rows]
        if not several:
            return join(blocks)
        mean = f"{len(group.rows)} responses, mean reward {number(group.mean)}"
        head = tag("h3", tag("bdi", group.name or "no group"), " ", tag("small", mean))
        return tag("div", head, self.prompt(self.result.samples[rows[0]]), blocks, cls="group")

    def prompt(self, sample: Sample) -> Markup:
        return tag("details", tag("summary", "Prompt"), self.text(sample.task), cls="prompt")

    def text(self, value: str, quotes: Sequence[tuple[str, str]] = ()) -> Markup:
        kept, left = clip(value, self.limit)
        more = note(f"{left:,} more characters, in samples.jsonl" if left else "")
        body = highlighted(kept, quotes) if kept.strip() else tag("span", "(empty)", cls="dim")
        return join([tag("div", body, cls="text", dir="auto"), more])

    def response(self, i: int, *, prompt: bool) -> Markup:
        result, sample = self.result, self.result.samples[i]
        rows = rows_of(result, i, self.shares[i])
        verdicts = {v.criterion: v for v in result.judgements[i].verdicts}
        steps = [join([tag("h4", f"Step {n}: {s.kind}"), self.text(s.text)]) for n, s in enumerate(sample.steps, 1)]
        return tag(
            "details",
            self.summary(i, rows),
            self.prompt(sample) if prompt and sample.prompt else None,
            steps,
            self.text(sample.response, _quotes(rows, verdicts)),
            self.reference(sample),
            scroll(self.table(i, rows, verdicts), "Verdicts"),
            id=f"r{i}",
            cls="response",
        )

    def reference(self, sample: Sample) -> Markup | None:
        if not sample.reference:
            return None
        return tag("details", tag("summary", "Reference"), self.text(sample.reference), cls="prompt")

    def summary(self, i: int, rows: Sequence[Row]) -> Markup:
        lost = sum(r.state is not None and r.state not in (State.SCORED, State.SKIPPED) for r in rows)
        chip = tag("span", f"{lost} missing", cls="chip alarm") if lost else None
        bar = zero_bar(float(self.result.rewards.values[i]), *self.axis)
        name = tag("bdi", self.result.samples[i].id, cls="name")
        return tag("summary", name, chip, bar, reward_text(self.result, i))

    def table(self, i: int, rows: Sequence[Row], verdicts: Mapping[str, Verdict]) -> Markup:
        leaves = find_rubric(self.result.samples[i], self.result.rubrics).leaves
        body = [self.row(n, row, c, verdicts.get(c.id)) for n, (row, c) in enumerate(zip(rows, leaves, strict=True), 1)]
        names = heads(*(column for column in COLUMNS if self.split or column[0] != "contribution"))
        return tag("table", names, tag("tbody", body), tag("tfoot", self.total(i, rows)), cls="verdicts")

    def row(self, n: int, row: Row, criterion: Criterion, verdict: Verdict | None) -> Markup:
        kind = "h" if row.state in (None, State.SKIPPED) else "m"
        if row.value is not None:
            kind = shade(goodness(criterion, row.value))
        silent = row.contribution == 0 and row.value is None
        share = tag("span", NONE if silent else signed(row.contribution))
        return tag(
            "tr",
            tag("td", n, cls="n"),
            tag("th", tag("bdi", row.criterion), tag("span", row.text, cls="wording", dir="auto"), scope="row"),
            tag("td", tag("span", row.verdict, cls=f"verdict {kind}")),
            tag("td", short(row.weight), cls="n"),
            tag("td", zero_bar(row.contribution, *self.share_axis), " ", share, cls="n") if self.split else None,
            tag("td", _reason(verdict), dir="auto", cls="reason"),
        )

    def total(self, i: int, rows: Sequence[Row]) -> Markup | None:
        reward = float(self.result.rewards.values[i])
        if math.isnan(reward) or not self.split:
            return None
        added = math.fsum(r.contribution for r in rows)
        rest = reward - added
        said = f"reward {number(reward)}"
        if abs(rest) >= 5e-4:
            said += f": {signed(rest)} by other rules of the policy"
        return tag("tr", tag("td", "sum", colspan="4", cls="n"), tag("td", signed(added), cls="n"), tag("td", said))


COLUMNS = (("#", "n"), ("criterion", ""), ("verdict", ""), ("weight", "n"), ("contribution", "n"), ("reason", ""))


def _quotes(rows: Sequence[Row], verdicts: Mapping[str, Verdict]) -> list[tuple[str, str]]:
    """(number of the criterion, quote) of all evidence."""
    numbered = [(str(n), verdicts.get(row.criterion)) for n, row in enumerate(rows, 1)]
    return [(n, quote) for n, verdict in numbered if verdict is not None for quote in verdict.evidence]


def _reason(verdict: Verdict | None) -> Iterator[Markup]:
    if verdict is None:
        return
    yield join([clip(verdict.reason, 4000)[0]])
    for quote in verdict.evidence:
        yield tag("q", clip(quote, 600)[0])
    for quote in verdict.unfound:
        yield tag("span", "not in the response: ", tag("q", clip(quote, 600)[0]), cls="unfound")
    if verdict.probability is not None:
        yield tag("span", f"P(met) {number(verdict.probability, 2)}", cls="dim")
    if verdict.raw:
        yield tag("details", tag("summary", "reply"), tag("code", clip(verdict.raw, 800)[0]))
