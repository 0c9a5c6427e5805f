"""Rubrics as text: Markdown for people, compact lines for prompts.

The text for prompts is stable (the same criterion gives the same text on every machine) and short: a binary criterion
costs its own text and its id. Nothing is fenced here, that is the prompt's business, but a control character
becomes a space (real data holds form feeds), and no line but the first of a criterion begins at the margin.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.wording import control_characters


def prompt_text(criterion: Criterion) -> str:
    """A criterion as a judge reads it: ``[id] text {answers}``; anchors, checks, examples on lines of their own.

    The answers stand at the end of the first line of the text; every further line is indented.

    >>> print(prompt_text(Criterion(id="tone", text="How warm it is.", scale={"kind": "ordinal", "min": 1, "max": 2,
    ...     "anchors": {"1": "cold", "2": "warm"}})))
    [tone] How warm it is. {1 to 2, whole}
      1: cold
      2: warm
    """
    c, scale = criterion, criterion.scale
    first, *more = c.text.splitlines()
    lines = [f"[{c.id}] {first}{_answers(c)}", *(f"  {line}" for line in more)]
    lines += [f"  {level}: {text}" for level, text in scale.anchors.items()]
    lines += [f"  - {check}" for check in c.checks]
    if c.reference:
        lines.append(f"  expected: {c.reference}")
    if c.allow_examples:
        lines.append("  any one of the examples named is enough")
    lines += [f"  example: {json.dumps(e.response, ensure_ascii=False)} -> {e.value}" for e in c.examples]
    return "\n".join("\n  ".join(_printable(line).splitlines()) for line in lines)


def prompt_list(criteria: Iterable[Criterion]) -> str:
    """Several criteria for one prompt, one after the other, each as ``prompt_text`` writes it."""
    return "\n".join(map(prompt_text, criteria))


def _answers(criterion: Criterion) -> str:
    """The answers that may be given; nothing for a binary criterion."""
    scale = criterion.scale
    if scale.kind == "binary":
        # braces at the end of a text are not to be mistaken for answers
        return " {met, not_met}" if criterion.text.splitlines()[0].rstrip().endswith("}") else ""
    if scale.kind == "labels":
        return " {" + ", ".join(scale.labels) + "}"
    if scale.kind == "ternary":
        return " {met, partial, not_met}"
    return f" {{{scale.min:g} to {scale.max:g}{'' if scale.kind == 'points' else ', whole'}}}"


def _printable(text: str) -> str:
    """``text`` with a space for each control character, which could end or hide a part of a prompt."""
    for bad in control_characters(text):
        text = text.replace(bad, " ")
    return text


def markdown(rubric: Rubric) -> str:
    """``rubric`` as a Markdown page for people.

    Title, prompt, policy and gates; a table of the criteria per axis (or one, without axes), a tree indented; then
    what a table cannot hold: anchors, checks, examples, evidence, references.
    """
    parts = [f"# {_line(rubric.title or rubric.id)}", *_head(rubric)]
    axes: dict[str, list[tuple[int, Criterion]]] = {}
    for top in rubric.criteria:
        axes.setdefault(next(top.leaves()).axis or top.axis, []).extend(_rows(top, 0))
    for axis, rows in axes.items():
        if axis or len(axes) > 1:
            size = rubric.dimension_weights.get(axis)
            parts.append(f"## {_line(axis) or 'Other'}" + (f" (weight {size:g})" if size is not None else ""))
        parts.append(_table(rows))
        parts += [text for _, c in rows if (text := _details(c))]
    return "\n\n".join(p for p in parts if p) + "\n"


def _head(rubric: Rubric) -> list[str]:
    policy = rubric.policy.name
    if rubric.policy.settings:
        policy += f" {json.dumps(rubric.policy.settings, ensure_ascii=False, sort_keys=True)}"
    facts = [("policy", f"`{policy}`"), ("version", rubric.version), ("locked", rubric.locked or "")]
    facts += [(n, getattr(rubric, n)) for n in ("domain", "topic", "difficulty", "task_type", "language", "persona")]
    gates = [c.id for c in rubric.walk() if c.required]
    facts.append(("gates", ", ".join(gates)))
    lines = [f"* {name}: {_line(value)}" for name, value in facts if value]
    lines += [f"* stage {s.id}: {_stage(s.model_dump(exclude_defaults=True))}" for s in rubric.stages]
    lines += [f"* blocked source: {_line(b)}" for b in rubric.blocked_sources]
    prompt = rubric.prompt if isinstance(rubric.prompt, str) else _conversation(rubric.prompt)
    quote = "\n".join(f"> {line}" for line in prompt.splitlines())
    return ["\n".join(lines), quote, rubric.guidelines]


def _conversation(messages: Sequence[dict[str, str]]) -> str:
    return "\n\n".join(f"{m.get('role', '')}: {m.get('content', '')}" for m in messages)


def _stage(settings: dict[str, object]) -> str:
    return ", ".join(f"{k} {v}" for k, v in settings.items() if k != "id") or "no limits"


def _rows(criterion: Criterion, depth: int) -> list[tuple[int, Criterion]]:
    return [(depth, criterion), *(row for child in criterion.children for row in _rows(child, depth + 1))]


def _table(rows: Sequence[tuple[int, Criterion]]) -> str:
    lines = ["| id | weight | criterion | answers |", "|---|---:|---|---|"]
    for depth, c in rows:
        marks = [m for m, on in (("gate", c.required), ("bad if met", c.bad_if_met), (c.strategy, c.children)) if on]
        weight = f"{c.weight:g}" + (f" {c.weight_class}" if c.weight_class else "")
        text = f"**{_line(c.title)}** {_line(c.text)}" if c.title else _line(c.text)
        note = f" *({', '.join(marks)})*" if marks else ""
        cells = ("&nbsp;&nbsp;" * depth + f"`{c.id}`", weight, text + note, _kind(c))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _kind(c: Criterion) -> str:
    if c.children:
        return ""
    if c.verifier:
        return f"program `{c.verifier.name}`"
    return "yes, no" if c.scale.kind == "binary" else _answers(c).strip(" {}")


def _details(c: Criterion) -> str:
    """Anchors, checks, examples, reference, evidence and rationale of a criterion as a list; empty without any."""
    lines = [f"* {level}: {_line(text)}" for level, text in c.scale.anchors.items()]
    lines += [f"* check: {_line(text)}" for text in c.checks]
    lines += [f"* expected: {_line(c.reference)}"] if c.reference else []
    lines += [
        f"* example: {_line(e.response)} -> {e.value}" + (f" ({_line(e.reason)})" if e.reason else "")
        for e in c.examples
    ]
    lines += [f"* evidence: {' '.join(filter(None, (_line(e.text), e.url, e.grade)))}" for e in c.evidence]
    lines += [f"* why: {_line(c.rationale)}"] if c.rationale else []
    return "\n".join([f"`{c.id}`", "", *lines]) if lines else ""


def _line(text: str) -> str:
    return " ".join(text.split())
