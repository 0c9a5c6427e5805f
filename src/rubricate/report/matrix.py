"""The verdict matrix of a report: responses x criteria, coloured by how good each verdict is for the reward."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from rubricate.report.criteria import LETTERS, legend
from rubricate.report.facts import by_code, goodness
from rubricate.report.figures import shade
from rubricate.report.markup import Markup, heads, note, scroll, section, tag
from rubricate.report.numbers import number, short
from rubricate.report.ranking import link
from rubricate.rubrics.model import Criterion
from rubricate.types import State, Verdict

if TYPE_CHECKING:
    from rubricate.pipeline import Result

ROWS, COLUMNS = 500, 60
TITLE = "Verdict matrix"
LEAD = "Each cell is the verdict in the units of its scale; the colour says how good that is for the reward."


def matrix(result: Result, shown: Collection[int]) -> Markup:
    """At most 500 rows and 60 columns; what is left out is said."""
    rubrics = by_code(result)
    leaves = [r.leaves for r in rubrics]
    width = result.scores.values.shape[1]
    names, shared = _columns(leaves, width)
    rows = range(min(ROWS, len(result.samples)))
    said = []
    if not shared:
        said.append("The rubrics differ, so a column is a place in the rubric; open the response for its criteria.")
    if len(result.samples) > ROWS:
        said.append(f"The first {ROWS} of {len(result.samples):,} responses; the exported table has the rest.")
    if width > COLUMNS:
        said.append(f"The first {COLUMNS} of {width} criteria; the exported table has the rest.")
    columns = heads(
        ("response", ""), ("reward", "n"), *((tag("span", n), "up" if shared else "") for n in names[:COLUMNS])
    )
    body = [_row(result, i, leaves[int(result.scores.rubric[i])], shown) for i in rows]
    table = tag("table", columns, tag("tbody", body), cls="matrix")
    return section("matrix", TITLE, LEAD, map(note, said), legend(), scroll(table, TITLE, "scroll tall"))


def _columns(leaves: list[tuple[Criterion, ...]], width: int) -> tuple[list[str], bool]:
    """Column heads: the criterion id where all rubrics agree on it, else the place."""
    ids = [{row[j].id for row in leaves if j < len(row)} for j in range(width)]
    if all(len(names) == 1 for names in ids):
        return [next(iter(names)) for names in ids], True
    return [str(j + 1) for j in range(width)], False


def _row(result: Result, i: int, leaves: tuple[Criterion, ...], shown: Collection[int]) -> Markup:
    found = {v.criterion: v for v in result.judgements[i].verdicts}
    width = min(result.scores.values.shape[1], COLUMNS)
    own = [_cell(c, found.get(c.id)) for c in leaves[:width]]
    cells = own + [_EMPTY] * (width - len(own))
    reward = tag(
        "td",
        number(result.rewards.values[i]),
        cls="n",
        title=None if result.rewards.valid[i] else result.rewards.why(i),
    )
    return tag("tr", tag("th", link(result, i, shown), scope="row"), reward, cells)


_EMPTY = Markup("<td class=h></td>")
_MISSING = {
    s: tag("td", letter, cls="h" if s is State.SKIPPED else "m", title=s.value) for s, letter in LETTERS.items()
}


def _cell(criterion: Criterion, verdict: Verdict | None) -> Markup:
    if verdict is None:
        return _EMPTY
    if verdict.value is None:
        return _MISSING[verdict.state]
    return Markup(f"<td class={shade(goodness(criterion, verdict.value))}>{short(verdict.value)}</td>")
