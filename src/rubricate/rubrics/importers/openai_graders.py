"""OpenAI graders: score_model, label_model, string_check, text_similarity, python, and a multi grader of these."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from rubricate.errors import DataError
from rubricate.rubrics.importers.base import Fields, Imported, build, importer

PROGRAMS = ("python", "string_check", "text_similarity")
OPERATIONS = ("eq", "ne", "like", "ilike")
_UNIT = "points 0-1"


@importer("openai_graders")
def openai_graders(record: Mapping[str, Any], *, sandbox: bool = False) -> Imported:
    """One grader; the prompt texts and templates ({{item.x}}, {{sample.output_text}}) are kept as they stand.

    score_model: the prompt is the text, ``range`` (by the format's definition [0, 1]) the scale; alone, it is scored in
    the units of its range. label_model: labels with value 1 for ``passing_labels``, else 0. string_check and
    text_similarity: a verifier of that name with ``input``, ``reference`` and ``operation`` or ``evaluation_metric``.
    python: refused, unless ``sandbox`` says that verifiers run in one; then a verifier ``python`` with the source.
    multi: one criterion per grader, where ``calculate_output`` is a weighted sum with weights that sum to 1 of graders
    in [0, 1]. The model's name is kept as the tag ``model:NAME``. Source: types of the openai client (read).
    """
    fields = Fields(record)
    parts, weights = {fields.text("name"): fields}, {fields.text("name"): 1.0}
    if fields.text("type") == "multi":
        graders = fields.table("graders")
        parts = {name: graders.table(name) for name in graders.data}
        weights = _linear(fields.text("calculate_output"), list(parts))
    criteria = [{"id": name, "weight": weights[name], **_grader(part, sandbox)} for name, part in parts.items()]
    for criterion in criteria if len(parts) > 1 else ():
        if criterion.get("scale", _UNIT) != _UNIT and "labels" not in criterion["scale"]:
            raise DataError(
                f"the grader {criterion['id']!r} has the scale {criterion['scale']}", where="graders",
                expected="graders in [0, 1] inside a multi grader",
            )  # fmt: skip
    alone = criteria[0].get("scale", _UNIT) if len(parts) == 1 else _UNIT
    native = isinstance(alone, str) and alone != _UNIT
    policy = "likert_mean" if native else "weighted_mean"
    rubric = build({"id": fields.text("name"), "criteria": criteria, "policy": policy})
    inner = {name: part.rest() for name, part in parts.items() if part is not fields and part.rest()}
    return Imported(rubric, extra=fields.rest() | ({"graders": inner} if inner else {}))


def _grader(fields: Fields, sandbox: bool) -> dict[str, Any]:
    kind = fields.text("type")
    if kind not in _KINDS:
        raise fields.error("type", f"the text {kind!r}", f"one of: {', '.join(_KINDS)}, multi (at the top)")
    fields.optional("name")
    return _KINDS[kind](fields, sandbox)


def _score_model(fields: Fields, sandbox: bool) -> dict[str, Any]:
    low, high = (0.0, 1.0)
    if fields.has("range"):
        ends = fields.entries("range")
        if len(ends) != 2 or not all(isinstance(e, (int, float)) for e in ends):
            raise fields.error("range", str(ends), "[lowest, highest]")
        low, high = map(float, ends)
    return _prompted(fields) | {"scale": f"points {low:g}-{high:g}"}


def _label_model(fields: Fields, sandbox: bool) -> dict[str, Any]:
    labels, passing = fields.texts("labels"), fields.texts("passing_labels")
    if not passing or not set(passing) <= set(labels):
        raise fields.error("passing_labels", str(list(passing)), f"some of: {', '.join(labels)}")
    return _prompted(fields) | {"scale": {"labels": {label: float(label in passing) for label in labels}}}


def _prompted(fields: Fields) -> dict[str, Any]:
    """The prompt as text: one message as it stands, several in blocks with their roles."""
    messages = [(m.text("role"), _content(m)) for m in fields.tables("input")]
    text = messages[0][1] if len(messages) == 1 else "\n\n".join(f"[{role}]\n{content}" for role, content in messages)
    return {"text": text, "tags": [f"model:{fields.text('model')}"]}


def _content(message: Fields) -> str:
    value = message.value("content")
    if isinstance(value, Mapping):
        return message.table("content").text("text")
    return message.text("content")


def _string_check(fields: Fields, sandbox: bool) -> dict[str, Any]:
    operation = fields.text("operation")
    if operation not in OPERATIONS:
        raise fields.error("operation", f"the text {operation!r}", f"one of: {', '.join(OPERATIONS)}")
    return _program(fields, "string_check", ("input", "reference", "operation"))


def _text_similarity(fields: Fields, sandbox: bool) -> dict[str, Any]:
    return _program(fields, "text_similarity", ("input", "reference", "evaluation_metric"))


def _python(fields: Fields, sandbox: bool) -> dict[str, Any]:
    if not sandbox:
        raise DataError(
            "a python grader runs code from this file", where=fields.where, expected="graders that run no code",
            hint="Read it with sandbox=True to keep it as a verifier that runs in the sandbox only",
        )  # fmt: skip
    return _program(fields, "python", ("source",))


def _program(fields: Fields, name: str, settings: tuple[str, ...]) -> dict[str, Any]:
    values = {key: fields.text(key) for key in settings}
    shown = ", ".join(f"{key} {value}" for key, value in values.items() if key != "source")
    return {"text": f"{name}: {shown}" if shown else name, "verifier": {"name": name, "settings": values}}


_KINDS: dict[str, Callable[[Fields, bool], dict[str, Any]]] = {
    "score_model": _score_model, "label_model": _label_model, "string_check": _string_check,
    "text_similarity": _text_similarity, "python": _python,
}  # fmt: skip


def _linear(formula: str, names: list[str]) -> dict[str, float]:
    """The weights of a formula that is a weighted mean of all names."""
    try:
        weights = _terms(ast.parse(formula, mode="eval").body)
    except (SyntaxError, ValueError, KeyError, RecursionError) as error:
        raise DataError(
            f"the formula {formula!r} is no weighted sum ({error})", where="calculate_output",
            expected="for example 0.7 * a + 0.3 * b",
        ) from None  # fmt: skip
    total = sum(weights.values())
    if set(weights) != set(names) or any(w <= 0 for w in weights.values()) or abs(total - 1.0) > 1e-6:
        raise DataError(
            f"the formula {formula!r} has the weights {weights}", where="calculate_output",
            expected=f"positive weights that sum to 1 for {', '.join(names)}",
        )  # fmt: skip
    return weights


def _terms(node: ast.expr) -> dict[str, float]:
    """Weight by name; a constant stands under the name ""."""
    if isinstance(node, ast.Name):
        return {node.id: 1.0}
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return {"": float(node.value)}
    if not isinstance(node, ast.BinOp):
        raise ValueError(ast.unparse(node))
    left, right = _terms(node.left), _terms(node.right)
    if isinstance(node.op, ast.Add):
        return {name: left.get(name, 0.0) + right.get(name, 0.0) for name in [*left, *(set(right) - set(left))]}
    if isinstance(node.op, ast.Mult) and set(left) == {""}:
        return {name: left[""] * weight for name, weight in right.items()}
    if isinstance(node.op, ast.Mult) and set(right) == {""}:
        return {name: weight * right[""] for name, weight in left.items()}
    if isinstance(node.op, ast.Div) and set(right) == {""} and right[""]:
        return {name: weight / right[""] for name, weight in left.items()}
    raise ValueError(ast.unparse(node))
