"""From what a model wrote to criteria that may be used: one gate for all generators, and a reason for each refusal.

What the gate checks is the lint's business (wording, doubles, leaks); it adds what only a generator can know: how many
items were asked for, code where text belongs, another script than the prompt's, passages that do not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rubricate.errors import RubricateError, SettingError
from rubricate.generate.base import Draft, Dropped, Material
from rubricate.llm.ask import Problem
from rubricate.rubrics.lint import RULES, LintContext, lint
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.wording import no_sentence, script
from rubricate.types import Usage

REFUSED = (
    "R001-double-negation", "R007-unprintable-text", "R301-same-text", "R302-overlap", "R303-contradiction",
    "R401-names-an-answer", "R402-quotes-a-candidate", "R404-blocked-source", "R405-retrieved-itself",
)  # fmt: skip
_ERRORS = {rule.id for rule in RULES.values() if rule.severity == "error"}


@dataclass(frozen=True)
class Gate:
    """Which items pass. ``least`` and ``most`` criteria a rubric; ``refused``: lint rules that drop a criterion.

    ``same_script``: criteria are written in the prompt's script. ``negatives``: at least one bad criterion is wanted.
    A reply with more than ``5 * most`` items is asked for again rather than cut: it did not do what was asked.
    """

    least: int = 1
    most: int = 20
    refused: tuple[str, ...] = REFUSED
    same_script: bool = True
    negatives: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise SettingError(f"least={self.least}, most={self.most}", expected="1 <= least <= most")


def read_items(value: Any, gate: Gate, *fields: str) -> list[dict[str, Any]] | Problem:
    """The items of a reply: a list of tables with a text (and ``fields``), or what is wrong with the reply as a whole.

    >>> read_items([{"text": "Names a source."}], Gate())
    [{'text': 'Names a source.'}]
    >>> read_items([], Gate()).text
    'there is no item; at least 1 is wanted'
    """
    if not isinstance(value, list):
        return Problem("the items are not a list")
    if not value:
        return Problem(f"there is no item; at least {gate.least} is wanted")
    if len(value) > 5 * gate.most:
        return Problem(f"{len(value)} items; at most {gate.most} are wanted")
    wanted = ("text", *fields)
    items = [i for i in value if isinstance(i, dict) and isinstance(i.get("text"), str) and _all_filled(i, wanted)]
    if not items:
        return Problem(f"no item has {' and '.join(wanted)}")
    return items


def _all_filled(item: dict[str, Any], names: Sequence[str]) -> bool:
    values = (item.get(name) for name in names)
    return all(bool(v.strip()) if isinstance(v, str) else v is not None for v in values)


def points(value: Any, low: float, high: float) -> float | None:
    """A finite number of points in [low, high] other than 0, or None. Text, flags and NaN are no points.

    >>> points(3, -10, 10), points("3", -10, 10), points(11, -10, 10), points(True, -10, 10)
    (3.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value == 0:
        return None
    return float(value) if low <= value <= high else None  # NaN and infinity are in no range


Refuse = Callable[[Criterion], str]


def admit(
    drafted: Sequence[Criterion | Dropped], material: Material, gate: Gate, *, id: str, usage: Usage | None = None,
    refuse: Refuse | None = None, notes: Sequence[str] = (), **fields: Any,
) -> Draft:  # fmt: skip
    """A draft of what passes the gate; ``fields`` go to the rubric, ``refuse`` gives a generator's own reason or "".

    Earlier criteria win over later ones that say the same, so put the important ones first. A repeated id is dropped.
    """
    kept: list[Criterion] = []
    dropped: list[Dropped] = [d for d in drafted if isinstance(d, Dropped)]
    for criterion in drafted:
        if isinstance(criterion, Dropped):
            continue
        reason = _refusal(criterion, kept, material, gate) or (refuse(criterion) if refuse else "")
        if reason:
            dropped.append(Dropped(criterion.text, reason))
        else:
            kept.append(criterion)
    spent = usage or Usage()
    why = _short(kept, gate)
    if why:
        reasons = "; ".join(f"{d.text[:40]!r}: {d.reason}" for d in dropped[:5])
        return Draft(None, tuple(dropped), spent, f"{why}{f' (dropped: {reasons})' if reasons else ''}", tuple(notes))
    return _checked(kept, dropped, material, gate, id, spent, tuple(notes), fields)


def _refusal(criterion: Criterion, kept: Sequence[Criterion], material: Material, gate: Gate) -> str:
    text = criterion.text
    if any(c.id == criterion.id for c in kept):
        return f"the id {criterion.id!r} stands twice"
    if bad := no_sentence(text):
        return bad
    if gate.same_script and script(text) and script(material.prompt) and script(text) != script(material.prompt):
        return f"it is written in {script(text)} and the prompt in {script(material.prompt)}"
    if len(kept) >= gate.most:
        return f"{gate.most} criteria before it were kept"
    return ""


def _short(kept: Sequence[Criterion], gate: Gate) -> str:
    if len(kept) < gate.least:
        return f"{len(kept)} criteria were kept, and {gate.least} are wanted"
    if gate.negatives and not any(c.bad_if_met for c in kept):
        return "no criterion about something bad was kept, and one is wanted"
    return ""


def _checked(
    kept: list[Criterion], dropped: list[Dropped], material: Material, gate: Gate, id: str, usage: Usage,
    notes: tuple[str, ...], fields: Mapping[str, Any],
) -> Draft:  # fmt: skip
    """The rubric after the lint: ``gate.refused`` drops criteria, an error about the whole ends the draft."""
    context = LintContext(candidates={f"candidate-{k}": text for k, text in enumerate(material.responses, 1)})
    rules = _ERRORS | set(gate.refused)  # what the others find is for people: `rubricate lint`
    while True:
        try:
            rubric = Rubric(id=id, prompt=material.prompt, criteria=tuple(kept), **fields)
        except (ValidationError, RubricateError) as error:
            return Draft(None, tuple(dropped), usage, f"the rubric is not valid: {error}", notes)
        findings = lint(rubric, context=context, rules=rules)
        bad = {f.criterion: f for f in findings if f.criterion and f.rule in gate.refused}
        if not bad:
            break
        dropped += [Dropped(c.text, f"{bad[c.id].rule}: {bad[c.id].reason}") for c in kept if c.id in bad]
        kept = [c for c in kept if c.id not in bad]
        why = _short(kept, gate)
        if why:
            return Draft(None, tuple(dropped), usage, f"{why} after the lint: {dropped[-1].reason}", notes)
    broken = [f for f in findings if f.severity == "error"]
    if broken:
        return Draft(None, tuple(dropped), usage, f"the lint refuses the rubric: {broken[0]}", notes)
    return Draft(rubric, tuple(dropped), usage, "", notes)
