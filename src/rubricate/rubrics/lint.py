"""Lints: mistakes in a rubric that can be seen before anything is judged, each with its place and its repair.

A rule is one small function in a ``lint_*`` module, registered in ``RULES`` under a stable id. R0: words, R1: numbers,
R2: structure, R3: pairs of criteria, R4: leaks and evidence, R5: what judging has shown, R6: the setup.
"""

from __future__ import annotations

from collections.abc import Collection

from rubricate.rubrics import (
    lint_asks,
    lint_data,
    lint_leaks,
    lint_overlap,
    lint_scoring,
    lint_structure,
    lint_words,
)
from rubricate.rubrics.lint_rules import RULES, Finding, Hit, LintContext, Rule, View
from rubricate.rubrics.model import Rubric

__all__ = ["RULES", "Finding", "LintContext", "Rule", "lint", "rules_page"]

MODULES = (lint_words, lint_asks, lint_scoring, lint_structure, lint_overlap, lint_leaks, lint_data)


def lint(rubric: Rubric, *, context: LintContext | None = None, rules: Collection[str] | None = None) -> list[Finding]:
    """Mistakes in ``rubric``, those of the whole rubric first, then criterion by criterion.

    ``rules``: ids of the rules that are asked, all when None. What the rubric records about itself is read always;
    verdicts, candidates and judges only from ``context``. The rules are heuristics: an error is near certain, a warning
    likely, an info worth a look.

    >>> from rubricate.rubrics.model import Rubric
    >>> r = Rubric(id="t", criteria=[{"id": "a", "text": "Does not mention the dose.", "weight": -3}])
    >>> [f.rule for f in lint(r)]
    ['R001-double-negation']
    """
    view = View(rubric, context or LintContext())
    order = {id(node): k for k, node in enumerate(view.nodes)}
    read = [rule for rule in RULES.values() if rules is None or rule.id in rules]
    hits = [(rule, hit) for rule in read for hit in rule.check(view)]
    hits.sort(key=lambda h: (order[id(h[1].node)] if h[1].node else -1, h[0].id))
    return [_finding(rule, hit) for rule, hit in hits]


def _finding(rule: Rule, hit: Hit) -> Finding:
    place = f"{hit.node.path}.{hit.field}" if hit.node else hit.field
    return Finding(rule.id, rule.severity, place, hit.node.criterion.id if hit.node else "", hit.reason, hit.repair)


def rules_page() -> str:
    """``docs/lints.md``: every rule with what it finds, why it matters, what to do, and where it comes from."""
    lines = [
        "# Lints",
        "",
        "`rubricate lint FILE` and `rubricate.rubrics.lint(rubric, context=...)` check a rubric before anything is",
        "judged. error: the score is undefined, wrong or leaks. warning: probably not what was meant. info: worth a",
        "look. The rules on wording are heuristics on English and Chinese. A finding names the place in the file, the",
        "criterion, the reason and the repair.",
        "",
        "| rule | severity | finds | why | repair | source |",
        "|---|---|---|---|---|---|",
    ]
    for rule in sorted(RULES.values(), key=lambda r: r.id):
        cells = (f"`{rule.id}`", rule.severity, rule.what, rule.why, rule.repair, rule.source)
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(lines) + "\n"
