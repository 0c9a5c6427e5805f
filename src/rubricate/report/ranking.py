"""The rewards of a report: how they spread, and which answer of each group came out best and worst."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from rubricate.report.facts import GroupFacts, RewardFacts, group_facts, reward_facts
from rubricate.report.figures import histogram, zero_bar
from rubricate.report.markup import Markup, heads, join, note, scroll, section, tag
from rubricate.report.numbers import count, number
from rubricate.report.training import over_training

if TYPE_CHECKING:
    from rubricate.pipeline import Result

FEW = 40  # up to here every response gets a bar
GROUPS = 200


def rewards(result: Result, shown: Collection[int]) -> Markup:
    """Distribution of the rewards, then the groups; ``shown`` are the rows whose response is on the page."""
    facts = reward_facts(result)
    few = len(result.samples) <= FEW
    figure: Markup | None = None
    if few:
        figure = _bars(result, shown)
    elif facts.defined:
        figure = histogram(result.rewards.values[result.rewards.valid], "rewards")
    return section("rewards", "Rewards", _sentence(facts), figure, over_training(result), _groups(result, shown))


def _sentence(facts: RewardFacts) -> str:
    why = "; ".join(f"{n:,} × {w}" for w, n in facts.undefined.items())
    if not facts.defined:
        return f"No response has a reward ({why})." if why else "There are no responses."
    middle = f"SD {number(facts.sd)}, median {number(facts.median)}"
    said = f"Mean {number(facts.mean)}, {middle} over {count(facts.defined, 'reward')}."
    if why:
        said += f" {sum(facts.undefined.values()):,} without a reward: {why}."
    if facts.groups:
        said += f" Mean SD inside groups {number(facts.within)}"
        said += f"; {facts.flat:,} of {count(facts.groups, 'group')} without any spread." if facts.flat else "."
    return said


def link(result: Result, row: int, shown: Collection[int]) -> Markup:
    """The name of a response, as a link where it is on the page."""
    name = tag("bdi", result.samples[row].id)
    return tag("a", name, href=f"#r{row}") if row in shown else name


def ends(values: np.ndarray) -> tuple[float, float]:
    """The axis of reward bars: from 0 or below to 1 or above."""
    known = values[~np.isnan(values)]
    return min(0.0, float(known.min(initial=0.0))), max(1.0, float(known.max(initial=1.0)))


def _bars(result: Result, shown: Collection[int]) -> Markup:
    values = result.rewards.values
    order = np.lexsort((np.arange(len(values)), np.where(np.isnan(values), np.inf, -values)))
    rows = [_bar(result, int(i), shown, *ends(values)) for i in order]
    caption = tag("caption", "Rewards, best first", cls="hidden")
    return tag("table", caption, heads(("response", ""), ("", "wide"), ("reward", "n")), tag("tbody", rows), cls="bars")


def _bar(result: Result, i: int, shown: Collection[int], low: float, high: float) -> Markup:
    reward = float(result.rewards.values[i])
    return tag(
        "tr",
        tag("th", link(result, i, shown), scope="row"),
        tag("td", zero_bar(reward, low, high), cls="wide"),
        tag("td", reward_text(result, i), cls="n"),
    )


def reward_text(result: Result, i: int) -> Markup:
    """The reward of a row, or why it has none."""
    if result.rewards.valid[i]:
        return tag("span", number(float(result.rewards.values[i])), cls="reward")
    return tag("span", result.rewards.why(i), cls="why")


def _groups(result: Result, shown: Collection[int]) -> Markup | None:
    several = [g for g in group_facts(result) if len(g.rows) > 1]
    if not several:
        return None
    title = "Best and worst answer of each group"
    more = f"The first {GROUPS} of {len(several):,} groups; rewards.jsonl has all." if len(several) > GROUPS else ""
    columns = heads(
        ("group", ""), ("responses", "n"), ("mean", "n"), ("best answer", ""), ("worst answer", ""), ("gap", "n")
    )
    table = tag("table", columns, tag("tbody", [_group(result, g, shown) for g in several[:GROUPS]]), cls="sort")
    body = [note(more), scroll(table, title)]
    if len(several) > FEW:  # many rows stand between the reader and the criteria
        return tag("details", tag("summary", f"{title}: {len(several):,} groups"), body, cls="quiet")
    return join([tag("h3", title), *body])


def _group(result: Result, group: GroupFacts, shown: Collection[int]) -> Markup:
    values = result.rewards.values
    known = group.defined > 0
    gap = float(values[group.best] - values[group.worst]) if known else float("nan")
    best, worst = (
        join([link(result, row, shown), " ", tag("span", number(values[row]), cls="dim")])
        if known
        else "none has a reward"
        for row in (group.best, group.worst)
    )
    alike = known and group.defined > 1 and gap == 0
    short = f" ({group.defined} with a reward)" if group.defined < len(group.rows) else ""
    return tag(
        "tr", tag("th", tag("bdi", group.name), scope="row"), tag("td", f"{len(group.rows)}{short}", cls="n"),
        tag("td", number(group.mean), cls="n"), tag("td", best), tag("td", "all alike" if alike else worst),
        tag("td", number(gap), cls="n"),
    )  # fmt: skip
