"""The top of the report: what was judged, by what, and the numbers that matter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rubricate.report.facts import RewardFacts, by_recipe, policy_of_run, reward_facts, state_counts
from rubricate.report.markup import Markup, join, note, tag
from rubricate.report.numbers import NONE, count, duration, money, number, percent, rate
from rubricate.rubrics.model import PolicySpec
from rubricate.types import State, Usage

if TYPE_CHECKING:
    from rubricate.pipeline import Result

RUBRICS = 3  # more are counted, not listed


def header(result: Result, config: Mapping[str, Any], policy_note: str) -> Markup:
    """Title, one sentence, and a list of everything that decided the verdicts and rewards."""
    judge = config.get("judge") or {}
    name = judge.get("name", "an unnamed judge")
    rubrics = list(result.rubrics.values())
    one = len(rubrics) == 1
    against = ["rubric “", tag("bdi", rubrics[0].title or rubrics[0].id), "”"] if one else f"{len(rubrics):,} rubrics"
    client = config.get("client") or {}
    programs = all(leaf.verifier for rubric in rubrics for leaf in rubric.leaves)
    by = "programs" if programs else client.get("model") or name
    entries = [
        ("Rubric" if one else "Rubrics", _rubrics(result)),
        ("Judge", _named(name, judge.get("digest", ""), judge.get("settings", ""))),
        ("Model", _model(client)),
        ("Recipe" if by_recipe(config) else "Policy", _paid_by(result, config, policy_note)),
        ("Made", _made(config)),
        ("Inputs", ", ".join(str(p) for p in config.get("inputs") or ())),
    ]
    shown = [tag("div", tag("dt", k), tag("dd", v)) for k, v in entries if v]
    return tag(
        "header",
        tag("p", "rubricate report", tag("span", result.path.name) if result.path else None, cls="kicker"),
        tag("h1", count(len(result.samples), "response"), " against ", against, ", judged by ", tag("bdi", by)),
        note("" if config.get("finished", True) else "The run has not finished: this is what it has so far."),
        tag("dl", shown, cls="facts"),
        _whole(config),
    )


def _rubrics(result: Result) -> Markup:
    table = list(result.rubrics.values())
    listed = [
        tag(
            "div", tag("bdi", r.id), " ", tag("code", r.digest), f" version {r.version}", ", locked" if r.locked else ""
        )
        for r in table[:RUBRICS]
    ]
    if len(table) > RUBRICS:
        listed.append(tag("div", f"and {len(table) - RUBRICS:,} more, in rubrics.json"))
    return join(listed)


def _named(name: str, digest: str, settings: str) -> Markup:
    shown = tag("details", tag("summary", "settings"), tag("code", settings)) if settings else None
    return join([tag("bdi", name), " ", tag("code", digest) if digest else None, shown])


def _model(client: Mapping[str, Any]) -> Markup:
    if not client:
        return join(["none: the judge ran here"])
    name, endpoint = client.get("model"), client.get("endpoint", "")
    if not name and "; " in endpoint:  # a table of clients
        return join([tag("div", tag("bdi", one)) for one in endpoint.split("; ")])
    return join([tag("bdi", name or "not named"), " at ", tag("bdi", endpoint)])


def policy_text(policy: PolicySpec) -> str:
    """A policy with its settings on one line.

    >>> policy_text(PolicySpec(name="healthbench", settings={"missing": "drop_item"}))
    'healthbench (missing=drop_item)'
    """
    settings = ", ".join(f"{k}={v}" for k, v in policy.settings.items())
    return f"{policy.name} ({settings})" if settings else policy.name


def _paid_by(result: Result, config: Mapping[str, Any], said: str) -> Markup:
    """What made the rewards on the page: the recipe while the run was made, or a policy."""
    recipe = config.get("recipe")
    shown = tag("details", tag("summary", "stages"), tag("pre", recipe)) if recipe else None
    if by_recipe(config):
        return join([tag("div", "the rewards that it gave while the run was made"), shown])
    note_ = "in place of the recipe that paid while the run was made" if recipe else ""
    return join([_policies(result, config, said), tag("div", note_, shown) if recipe else None])


def _policies(result: Result, config: Mapping[str, Any], said: str) -> Markup:
    given = policy_of_run(config)
    if given is not None:
        names = [f"{policy_text(given)}, in place of the rubric's own"]
    else:
        names = list(dict.fromkeys(policy_text(r.policy) for r in result.rubrics.values()))
    more = [tag("div", f"and {len(names) - RUBRICS} more")] if len(names) > RUBRICS else []
    return join([*(tag("div", n) for n in names[:RUBRICS]), *more, tag("div", said) if said else None])


def _made(config: Mapping[str, Any]) -> str:
    versions = [("rubricate", "rubricate"), ("Python", "python"), ("numpy", "numpy"), ("seed", "seed")]
    made = str(config.get("created", "")).replace("T", " ").replace("+00:00", " UTC")
    parts = [made] + [f"{label} {config[k]}" for label, k in versions if k in config]
    return ", ".join(p for p in parts if p)


def _whole(config: Mapping[str, Any]) -> Markup:
    written = json.dumps(dict(config), indent=2, ensure_ascii=False, default=str)
    return tag("details", tag("summary", "Everything the run says about itself"), tag("pre", written), cls="quiet")


def headline(result: Result, config: Mapping[str, Any]) -> Markup:
    """Tiles: responses, verdicts, share with a value, rewards, cost, time."""
    facts = reward_facts(result)
    states = state_counts(result)
    asked = int(result.scores.asked.sum())
    scored = states.get(State.SCORED, 0)
    skipped = states.get(State.SKIPPED, 0)
    groups = len(set(result.scores.group.tolist()))
    usage = result.usage
    tiles = [
        _tile("Responses", f"{len(result.samples):,}", f"in {count(groups, 'group')}"),
        _tile("Verdicts asked for", f"{asked:,}", f"{skipped:,} skipped" if skipped else "none skipped"),
        _tile("With a value", percent(scored, asked), f"{asked - scored:,} missing", warn=scored < asked),
        _reward_tile(facts),
        _tile("Without a reward", f"{sum(facts.undefined.values()):,}", _reasons(facts), warn=bool(facts.undefined)),
        _tile("Calls", f"{usage.calls:,}", f"{usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out"),
        _tile("Cost", money(usage.cost), _each(usage.cost, asked)),
        _time(config, asked, usage),
    ]
    return tag("section", tag("h2", "In short", cls="hidden"), tag("dl", tiles, cls="tiles"), id="short")


def _tile(label: str, value: str, more: str, warn: bool = False) -> Markup:
    return tag("div", tag("dt", label), tag("dd", value), tag("dd", more, cls="small"), cls="warn" if warn else None)


def _reward_tile(facts: RewardFacts) -> Markup:
    if not facts.defined:
        return _tile("Mean reward", NONE, "no response has a reward", warn=True)
    if facts.defined == 1:
        return _tile("Mean reward", number(facts.mean), "the only reward")
    spread = f"SD {number(facts.sd)}, {number(facts.low)} to {number(facts.high)}"
    return _tile("Mean reward", number(facts.mean), spread)


def _reasons(facts: RewardFacts) -> str:
    return "; ".join(f"{n:,} × {why}" for why, n in facts.undefined.items()) or "every response has one"


def _each(cost: float, asked: int) -> str:
    return f"{money(cost / asked)} a verdict" if cost and asked else "nothing was paid for"


def _time(config: Mapping[str, Any], asked: int, usage: Usage) -> Markup:
    seconds = config.get("seconds")
    if seconds:
        return _tile("Time", duration(seconds), f"{rate(asked / seconds)} verdicts a second")
    if usage.seconds:
        return _tile("Waited for replies", duration(usage.seconds), "all calls in sum")
    return _tile("Time", NONE, "not recorded" if usage.calls else "no calls")
