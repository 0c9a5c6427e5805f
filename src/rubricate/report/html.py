"""One self-contained page about a run: no network, no fonts, no library; without JavaScript everything can be read.

The responses on it are hostile input. They reach the page through ``markup.text`` only, and the page's own content
policy allows no script but the one that it carries, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from rubricate.report.criteria import criteria, missing
from rubricate.report.facts import by_recipe, call_usages, policy_of_run
from rubricate.report.figures import histogram
from rubricate.report.markup import Markup, join, section, tag
from rubricate.report.matrix import matrix
from rubricate.report.numbers import count, duration, money, short
from rubricate.report.overview import header, headline
from rubricate.report.ranking import rewards
from rubricate.report.responses import responses, shown_rows

if TYPE_CHECKING:
    from rubricate.pipeline import Result

COST = "Cost and latency"
NOTHING_ELSE = "base-uri 'none'; form-action 'none'"
FEW_CALLS = 20  # fewer show no distribution
PARTS = ("rewards", "criteria", "missing", "matrix", "responses", "cost")


def html_report(result: Result, *, config: Mapping[str, Any], policy_note: str = "") -> str:
    """The report of a run as one HTML page.

    ``config`` is what the run says about itself (``run.json``): judge, client, policy, versions, inputs, and
    ``seconds`` of wall time where known. What it names, a policy or a recipe (``rewards_by``), must be what made
    ``result.rewards``.
    ``policy_note`` is a sentence shown beside the policy. The page stays under about 5 MB: what is left out is said.
    """
    shown = shown_rows(result)
    sections = [
        header(result, config, policy_note),
        tag("nav", [tag("a", name, href=f"#{name}") for name in PARTS], aria_label="Sections"),
        tag(
            "main",
            headline(result, config),
            rewards(result, shown),
            criteria(result),
            missing(result),
            matrix(result, shown),
            responses(result, None if by_recipe(config) else result.contributions(policy_of_run(config)), shown),
            cost(result),
        ),
    ]
    name = result.path.name if result.path else " ".join(list(result.rubrics)[:1])
    return whole_page(f"{name} · rubricate report", join(sections))


def cost(result: Result) -> Markup:
    """What the calls cost, and how long replies took where that is known."""
    usages = call_usages(result)
    use, asked = result.usage, int(result.scores.asked.sum())
    if not use.calls:
        return section("cost", COST, "No model was called.")
    price = f"{money(use.cost)} in all, {money(use.cost / use.calls)} a call"
    tokens = (
        f"{short(use.prompt_tokens / use.calls)} tokens in and {short(use.completion_tokens / use.calls)} out a call"
    )
    lead = f"{count(use.calls, 'call')} for {count(asked, 'verdict')}: {price}; {tokens}."
    seconds = np.array([u.seconds / u.calls for u in usages if u.seconds > 0])
    if len(seconds) < FEW_CALLS:
        return section("cost", COST, lead)
    low, middle, high = (float(q) for q in np.quantile(seconds, (0.1, 0.5, 0.9)))
    said = f"Seconds a call: median {duration(middle)}, 10 % under {duration(low)}, 10 % over {duration(high)}."
    return section("cost", COST, lead, tag("p", said), histogram(np.round(seconds, 3), "calls, seconds each"))


def _asset(name: str) -> str:
    return (resources.files("rubricate.report") / "assets" / name).read_text(encoding="utf-8")


def whole_page(title: str, body: Markup) -> str:
    """A page with its style and script inside, and a content policy that allows nothing else."""
    script, style = _asset("report.js"), _asset("report.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rule = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; {NOTHING_ELSE}"
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=rule),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(style)),
    ]
    page = tag("html", tag("head", head), tag("body", body, tag("script", Markup(script))), lang="en")
    return f"<!doctype html>\n{page}\n"
