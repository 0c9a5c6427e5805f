"""One self-contained page about refined rubrics: what became of each criterion and why, and the numbers of both sides.

The texts of criteria, reasons and names are hostile input, as in ``report.html``: they reach the page through
``markup.text`` only, and the page allows no script but its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rubricate.refine.evidence import Evidence
from rubricate.refine.plan import Change, Refined
from rubricate.report.figures import bar
from rubricate.report.html import whole_page
from rubricate.report.markup import Markup, heads, join, note, scroll, section, tag
from rubricate.report.numbers import NONE, count, number, percent, short, signed
from rubricate.report.refined_facts import BeforeAfter, Side, recovery_said, spread_said
from rubricate.report.refined_terminal import changed_first, number_rows, warnings

SHOWN = 100  # rubrics with a table of their own
ORDER = ("dropped", "split", "added", "rewritten", "reweighted", "kept")


def refine_page(
    refined: Sequence[Refined],
    facts: BeforeAfter,
    each: Mapping[str, BeforeAfter] | None = None,
    *,
    config: Mapping[str, Any],
    said: Sequence[str] = (),
) -> str:
    """The page of a refinement.

    ``facts`` are the numbers over all rubrics, ``each`` those of single ones by id. ``config`` is what the job says
    about itself: files, judge, settings, how many pairs decided and were held out; ``said`` are sentences about what
    could not be used. Recovery is that of the held-out pairs.
    """
    listed = changed_first(refined)
    shown = listed[:SHOWN]
    rest = f"and {count(len(listed) - SHOWN, 'more rubric')}, in changes.json" if len(listed) > SHOWN else ""
    body = [
        _header(listed, facts, config),
        tag(
            "nav",
            [tag("a", name, href=f"#{name}") for name in ("numbers", "criteria", "method")],
            aria_label="Sections",
        ),
        tag(
            "main",
            _tiles(facts),
            _numbers(facts, [*said, *warnings(facts)]),
            _rubrics(shown, each or {}, rest),
            _method(config),
        ),
    ]
    name = listed[0].before.id if len(listed) == 1 else count(len(listed), "rubric")
    return whole_page(f"{name} · refined", join(body))


def _header(refined: Sequence[Refined], facts: BeforeAfter, config: Mapping[str, Any]) -> Markup:
    one = refined[0] if len(refined) == 1 else None
    name = tag("bdi", one.before.title or one.before.id) if one else count(len(refined), "rubric")
    moved = sum(r.rubric is not r.before for r in refined)
    changed = ("Changed", f"{moved:,} of {count(len(refined), 'rubric')}")
    entries: list[tuple[str, Any]] = [("Rubric", _versions(one)) if one else changed]
    judge = config.get("judge") or {}
    entries += [
        ("Verdicts", [tag("bdi", config.get("verdicts", "")), f", judged by {judge['name']}" if judge else ""]),
        ("Pairs", _pairs(config)),
        ("Files", tag("bdi", config.get("rubrics_file", ""))),
    ]
    rows = [tag("div", tag("dt", k), tag("dd", v)) for k, v in entries if v]
    a, b = facts.before.criteria, facts.after.criteria
    return tag(
        "header",
        tag("p", "rubricate refine", cls="kicker"),
        tag("h1", name, f": {count(a, 'criterion', 'criteria')} before, {b:,} after"),
        tag("dl", rows, cls="facts"),
    )


def _versions(one: Refined) -> Markup:
    if one.rubric is one.before:
        return join([f"version {one.before.version}, unchanged ", tag("code", one.before.digest)])
    before, after = one.before, one.rubric
    return join(
        [f"version {before.version} ", tag("code", before.digest), f" to {after.version} ", tag("code", after.digest)]
    )


def _pairs(config: Mapping[str, Any]) -> str:
    fit, out = config.get("pairs_fit", 0), config.get("pairs_held_out", 0)
    if not fit + out:
        return "none: nothing below is about labels"
    return f"{fit:,} to decide by, {out:,} held out for the numbers below"


def _tiles(facts: BeforeAfter) -> Markup:
    a, b = facts.before, facts.after
    tiles = [
        _tile("Criteria", f"{a.criteria:,}", f"{b.criteria:,}", _became(a.criteria, b.criteria)),
        _tile("Labels found again", _share(a), _share(b), _recovery_note(facts), warn=_falls(facts.recovery)),
        _tile(
            "Spread inside a prompt", number(a.told_apart.spread), number(b.told_apart.spread),
            _gain_note(facts.spread.n, facts.spread.sure, "prompt"), warn=_falls(facts.spread),
        ),
        _tile(
            "Tied answers", percent(a.told_apart.tied, 1.0), percent(b.told_apart.tied, 1.0),
            f"of {count(b.told_apart.pairs, 'pair')} to one prompt",
        ),
        _tile(
            "Verdicts missing", percent(a.missing, a.asked), percent(b.missing, b.asked),
            f"{b.missing:,} of {b.asked:,} left",
        ),
        _tile(
            "Findings of lint", f"{sum(a.findings.values())}", f"{sum(b.findings.values())}",
            f"{count(b.findings.get('error', 0), 'error')}, {count(b.findings.get('warning', 0), 'warning')} left",
            warn=bool(facts.new_errors),
        ),
    ]  # fmt: skip
    return tag("section", tag("h2", "In short", cls="hidden"), tag("dl", tiles, cls="tiles"), id="short")


def _tile(label: str, before: str, after: str, more: str, warn: bool = False) -> Markup:
    to = tag("span", "to", cls="to")
    value = [before, " ", to, " ", after] if before != after else after
    return tag("div", tag("dt", label), tag("dd", value), tag("dd", more, cls="small"), cls="warn" if warn else None)


def _became(a: int, b: int) -> str:
    return "as many as before" if a == b else f"{abs(a - b)} {'fewer' if b < a else 'more'}"


def _share(side: Side) -> str:
    return percent(side.recovery, 1.0)


def _recovery_note(facts: BeforeAfter) -> str:
    gain = facts.recovery
    return _gain_note(gain.n, gain.sure, "held-out pair") if gain.n else "no labelled pair was held out"


def _gain_note(n: int, sure: bool, thing: str) -> str:
    if not n:
        return f"no {thing} to measure it by"
    return f"over {count(n, thing)}; " + ("more than chance" if sure else "no difference shown")


def _falls(gain: Any) -> bool:
    return bool(gain.n and gain.high < 0)


def _numbers(facts: BeforeAfter, said: Sequence[str]) -> Markup:
    rows = [tag("tr", tag("th", name, scope="row"), tag("td", a), tag("td", b)) for name, a, b in number_rows(facts)]
    table = tag("table", heads(("", ""), ("before", ""), ("after", "")), tag("tbody", rows), cls="numbers")
    lines = [tag("p", line) for line in (recovery_said(facts.recovery), spread_said(facts.spread))]
    lead = "Both sides are read from the same verdicts. Spreads are in units of each rubric's reward."
    return section("numbers", "Before and after", lead, lines, [note(line) for line in said], scroll(table, "Numbers"))


def _rubrics(refined: Sequence[Refined], each: Mapping[str, BeforeAfter], rest: str) -> Markup:
    lead = (
        "What became of each criterion, and what the verdicts show about it. Likeness and shares are turned to what is"
        " good for the reward."
    )
    parts = [_rubric(one, each.get(one.before.id), len(refined) > 1) for one in refined]
    return section("criteria", "Criteria", lead, parts, note(rest))


def _rubric(one: Refined, facts: BeforeAfter | None, named: bool) -> Markup:
    columns = (("criterion", ""), ("became", ""), ("why", ""), ("weight", "n"), ("met", "rate"), ("verdicts", "n"),
               ("most like", ""), ("pairs won", "n"))  # fmt: skip
    weights = {c.id: c.weight for c in (*one.rubric.leaves, *one.before.leaves)}
    new = {c.id: c.weight for c in one.rubric.leaves}
    rows = [_row(change, weights, new) for change in one.changes]
    table = tag("table", heads(*columns), tag("tbody", rows), cls="changes")
    title = (
        tag("h3", tag("bdi", one.before.title or one.before.id), " ", tag("small", _short(one, facts)))
        if named
        else None
    )
    notes = [note(f"Not done: {line}") for line in one.notes]
    return tag("div", title, notes, scroll(table, f"Criteria of {one.before.id}"))


def _short(one: Refined, facts: BeforeAfter | None) -> str:
    said = [f"{count(one.count(action), action, action)}" for action in ORDER if one.count(action)]
    if facts is not None and facts.recovery.n:
        said.append(f"labels {_share(facts.before)} to {_share(facts.after)} (n = {facts.recovery.n})")
    return ", ".join(said)


def _row(change: Change, weights: Mapping[str, float], new: Mapping[str, float]) -> Markup:
    found, old = change.evidence, weights.get(change.criterion, float("nan"))
    now = new.get(change.criterion)
    weight = short(old) if now is None or now == old else join([short(old), tag("span", " to ", cls="to"), short(now)])
    chip = tag("span", "new weight" if change.action == "reweighted" else change.action, cls=f"chip {change.action}")
    why = [tag("span", change.reason, dir="auto"), tag("small", f" {change.source}") if change.source else None]
    text = [tag("span", change.shown, cls="wording", dir="auto")]
    if change.text:
        text.append(tag("span", "now: ", tag("b", change.text), cls="wording", dir="auto"))
    return tag(
        "tr",
        tag("th", tag("bdi", change.criterion), text, scope="row"),
        tag("td", chip),
        tag("td", why, cls="why-text"),
        tag("td", weight, cls="n", data_l="weight"),
        tag("td", bar(found.met), " ", percent(found.met, 1.0), cls="rate", data_l="met"),
        tag("td", _verdicts(found), cls="n", data_l="verdicts"),
        tag("td", _like(found), data_l="most like"),
        tag("td", _won(found), cls="n", data_l="pairs won"),
        cls=change.action,
    )


def _verdicts(found: Evidence) -> str:
    return f"{found.judged:,} of {found.asked:,}" if found.asked else NONE


def _like(found: Evidence) -> Markup | str:
    if not found.like or np.isnan(found.r):
        return NONE
    return join([tag("bdi", found.like), f" {signed(found.r, 2)}"])


def _won(found: Evidence) -> str:
    return f"{percent(found.share, 1.0)} of {found.pairs:,}" if found.pairs else NONE


def _method(config: Mapping[str, Any]) -> Markup:
    settings = config.get("settings") or {}
    steps = ", ".join(settings.get("steps", ())) or "none"
    more = "".join(f", {name}" for name in ("split", "rewrite") if config.get(name))
    lead = f"Steps: {steps}{more}. A missing verdict drops nothing, except by the step 'unverifiable'."
    items = [
        ("unverifiable", "no verdict on more than the given share of the answers that it was asked about"),
        ("constant", "no two answers to one prompt differ by it"),
        ("redundant", "good by one means good by the other: the one to keep is a gate, wins more pairs, weighs more"),
        ("conflicting", "good by one means bad by the other: the one that labels or weights speak less for goes"),
        ("misaligned", "most of the weaker answers are good by it, and most of the better ones are not"),
        ("reversed", "a sparse fit and the pairs that it decides both say that it speaks for the worse answer"),
        ("weightless", "a sparse fit to the pairs gives it no weight beside the others, nor do its own pairs"),
        ("weights", "uniform weights whitened by the correlation of the verdicts, so that doubles share theirs"),
    ]  # fmt: skip
    taken = [tag("li", tag("b", f"{name}: "), why) for name, why in items if name in settings.get("steps", ())]
    whole = json.dumps(dict(config), indent=2, ensure_ascii=False, default=str)
    details = tag("details", tag("summary", "Everything the job says about itself"), tag("pre", whole), cls="quiet")
    held = (
        "Labelled pairs are halved by prompt: one half decides, the numbers are those of the other. Intervals are 95 %:"
        " Wilson for shares, a bootstrap over pairs or prompts for differences."
    )
    return section("method", "Method", lead, tag("ul", taken), tag("p", held), details)
