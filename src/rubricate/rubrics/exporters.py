"""Rubrics in the formats of benchmarks and libraries; what the target cannot say is refused, with the reason.

Ids, provenance, statistics, notes and titles stay behind: no target has a place for all of them, and none of them
decides a verdict or a score. Everything that does must survive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rubricate.errors import RubricError, SettingError, UnknownNameError
from rubricate.rubrics.importers.openai_graders import PROGRAMS
from rubricate.rubrics.importers.prometheus import score_rubric
from rubricate.rubrics.importers.rar import WEIGHTS
from rubricate.rubrics.model import Criterion, Rubric

Exporter = Callable[..., dict[str, Any]]
# What decides a verdict or a score besides text and weight, with the words that say so.
_DECIDES = {
    "children": "sub-criteria", "verifier": "a verifier", "required": "a gate", "min_score": "a minimum score",
    "max_points": "a cap on points", "cap": "a cap", "deduction": "a deduction", "void_parent": "a void rule",
    "checks": "checks", "reference": "an expected answer", "examples": "worked examples", "evidence": "evidence",
    "blocked_sources": "blocked sources", "stage": "a stage", "allow_examples": "the any-example rule",
    "kind": "a judge of its own kind", "comparison": "a comparison of responses",
    "target": "another target than the response",
}  # fmt: skip


def export(name: str, rubric: Rubric, **settings: Any) -> dict[str, Any]:
    """``rubric`` in the format ``name``: autorubric_lib, healthbench, openai_graders, prometheus, rar or rubric_lib.

    RubricError says what the format cannot express; SettingError which setting is missing or not known.
    """
    if name not in EXPORTERS:
        raise UnknownNameError.among("export format", name, EXPORTERS)
    exporter = EXPORTERS[name]
    known = set(_SETTINGS.get(name, ()))
    if set(settings) - known:
        raise SettingError(
            f"{name} takes no setting {sorted(set(settings) - known)}", expected=f"some of {sorted(known)}"
        )
    return exporter(rubric, **settings)


def healthbench(rubric: Rubric) -> dict[str, Any]:
    """A HealthBench row: prompt_id, prompt, rubrics [{criterion, points, tags}]. Binary criteria, signed weights."""
    _check(rubric, "healthbench", {"binary"}, ("healthbench",), may=("allow_examples",))
    prompt = [{"role": "user", "content": rubric.prompt}] if isinstance(rubric.prompt, str) else list(rubric.prompt)
    rubrics = [{"criterion": c.text, "points": _number(c.weight), "tags": _tags(c)} for c in rubric.criteria]
    return {"prompt_id": rubric.prompt_id or rubric.id, "prompt": prompt, "rubrics": rubrics}


def rar(rubric: Rubric) -> dict[str, Any]:
    """A RaR row: question, reference_answer, rubric [{title, description, weight}], rubric_list, rubric_count.

    Every criterion has one of the four classes and its weight; the number written is the one under the tag
    ``points:N``, else the weight of the class.
    """
    _check(rubric, "rar", {"binary"}, ("rar_explicit",), has=("reference",))
    if not isinstance(rubric.prompt, str) or not rubric.prompt:
        raise _refusal(rubric, "the prompt is not one text", "a question as text")
    items = []
    for c in rubric.criteria:
        if WEIGHTS.get(c.weight_class.capitalize()) != c.weight:
            what = f"weight {c.weight:g} with the class {c.weight_class!r}"
            raise _refusal(rubric, what, ", ".join(f"{k} {v}" for k, v in WEIGHTS.items()), c)
        points = next((t.removeprefix("points:") for t in c.tags if t.startswith("points:")), c.weight)
        description = f"{c.weight_class.capitalize()} Criteria: {c.text}"
        items.append({"title": c.title, "description": description, "weight": _number(float(points))})
    return {
        "question": rubric.prompt, "reference_answer": rubric.reference or "", "rubric": items,
        "rubric_list": [item["description"] for item in items], "rubric_count": len(items),
    }  # fmt: skip


def rubric_lib(rubric: Rubric) -> dict[str, Any]:
    """The dict form of the ``rubric`` library: {"rubric": [{weight, requirement}]}. Binary criteria, signed weights."""
    _check(rubric, "rubric_lib", {"binary"}, ("rubric_lib",))
    return {"rubric": [{"weight": _number(c.weight), "requirement": c.text} for c in rubric.criteria]}


def autorubric_lib(rubric: Rubric) -> dict[str, Any]:
    """The dict form of ``autorubric``: guidelines and criteria [{name, weight, requirement, options, scale_type}].

    Labels, ternary and ordinal scales become options with values in [0, 1]; anchors join the labels.
    """
    _check(rubric, "autorubric_lib", {"binary", "ternary", "ordinal", "labels"}, ("rubric_lib",), has=("guidelines",))
    criteria = []
    for c in rubric.criteria:
        item: dict[str, Any] = {"name": c.id, "weight": _number(c.weight), "requirement": c.text}
        if c.scale.kind != "binary":
            kinds = [t.removeprefix("scale_type:") for t in c.tags if t.startswith("scale_type:")]
            item |= {"scale_type": (kinds or ["ordinal"])[0], "options": _options(c)}
        criteria.append(item)
    return {"guidelines": rubric.guidelines, "criteria": criteria} if rubric.guidelines else {"criteria": criteria}


def openai_graders(rubric: Rubric, *, model: str = "") -> dict[str, Any]:
    """A grader, or a multi grader whose ``calculate_output`` is the weighted mean of one grader per criterion.

    ``model`` judges the criteria; without it each criterion needs the tag ``model:NAME``. Points in [0, 1] become
    score_model graders, labels worth 0 or 1 and binary criteria label_model graders, verifiers that were graders
    those graders. A text without a template gets the templates of prompt and response put before it. One criterion
    alone, under the policy likert_mean, may have points in any range.
    """
    if any(c.weight <= 0 for c in rubric.criteria):
        raise _refusal(rubric, "a weight that is not positive", "positive weights: graders only add up")
    alone = ("likert_mean",) if len(rubric.criteria) == 1 else ()
    _check(rubric, "openai_graders", {"binary", "points", "labels"}, alone, may=("verifier", "kind"))
    graders = {f"c{k}": _grader(rubric, c, model) for k, c in enumerate(rubric.criteria)}
    if len(graders) == 1:
        return graders["c0"]
    total = sum(c.weight for c in rubric.criteria)
    formula = " + ".join(f"{c.weight / total!r} * c{k}" for k, c in enumerate(rubric.criteria))
    return {"type": "multi", "name": rubric.id, "graders": graders, "calculate_output": formula}


def prometheus(rubric: Rubric) -> dict[str, Any]:
    """The rubric part of a Prometheus prompt, under ``score_rubric``: [criteria], then Score 1 to Score 5."""
    _check(rubric, "prometheus", {"ordinal"}, ("likert_mean", "weighted_mean"), has=("reference",))
    if len(rubric.criteria) != 1:
        raise _refusal(rubric, f"{len(rubric.criteria)} criteria", "one criterion")
    criterion = rubric.criteria[0]
    levels = criterion.scale.anchors
    if set(levels) != {"1", "2", "3", "4", "5"} or (criterion.scale.min, criterion.scale.max) != (1, 5):
        raise _refusal(
            rubric, f"anchors for {sorted(levels) or 'no level'}", "an ordinal scale 1-5, a text for each", criterion
        )
    text = {"score_rubric": score_rubric(criterion.text, levels)}
    return text | ({"reference_answer": rubric.reference} if rubric.reference else {})


EXPORTERS: Mapping[str, Exporter] = {
    "autorubric_lib": autorubric_lib, "healthbench": healthbench, "openai_graders": openai_graders,
    "prometheus": prometheus, "rar": rar, "rubric_lib": rubric_lib,
}  # fmt: skip
_SETTINGS = {"openai_graders": ("model",)}


def _check(
    rubric: Rubric,
    target: str,
    scales: set[str],
    policies: tuple[str, ...],
    *,
    has: tuple[str, ...] = (),
    may: tuple[str, ...] = (),
) -> None:
    """Refuse what ``target`` cannot say: another policy, fields of the rubric that are not among those that it ``has``,
    fields of a criterion that are not among those that it ``may`` have, scales, polarities.
    """
    positive = all(c.weight > 0 for c in rubric.criteria)
    known = (*policies, "weighted_mean") if positive else policies
    if rubric.policy.name not in known or rubric.policy.settings:
        what = f"the policy {rubric.policy.name!r}{' with settings' if rubric.policy.settings else ''}"
        hint = f"{target} scores in its own way: set that policy first if it is what you want"
        raise _refusal(rubric, what, f"{' or '.join(map(repr, known))} without settings", hint=hint)
    for field in ("guidelines", "stages", "dimension_weights", "max_total", "reference"):
        if getattr(rubric, field) not in ("", (), {}, None) and field not in has:
            raise _refusal(rubric, f"{field.replace('_', ' ')} in the rubric", f"none: {target} has no place for it")
    for c in rubric.criteria:
        for field, words in _DECIDES.items():
            if field not in may and getattr(c, field) != Criterion.model_fields[field].default:
                raise _refusal(rubric, words, f"none: {target} has no place for it", c)
        if c.scale.kind not in scales:
            raise _refusal(rubric, f"a {c.scale.kind} scale", f"one of: {', '.join(sorted(scales))}", c)
        if c.weight > 0 and c.bad_if_met:
            raise _refusal(rubric, "bad if met, with a positive weight", "the sign of the weight says it", c)


def _refusal(
    rubric: Rubric, what: str, expected: str, criterion: Criterion | None = None, hint: str = ""
) -> RubricError:
    where = f"rubric {rubric.id!r}" + (f", criterion {criterion.id!r}" if criterion else "")
    return RubricError(f"cannot be exported: {what}", where=where, expected=expected, hint=hint)


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value


def _tags(criterion: Criterion) -> list[str]:
    """The tags, with the axis among them as ``axis:NAME``."""
    axis = f"axis:{criterion.axis}"
    return [*([axis] if criterion.axis and axis not in criterion.tags else []), *criterion.tags]


def _options(criterion: Criterion) -> list[dict[str, Any]]:
    scale = criterion.scale
    if scale.kind == "labels":
        values = dict(scale.labels)
    elif scale.kind == "ternary":
        values = {"met": 1.0, "partial": 0.5, "not met": 0.0}
    else:
        names = {level: f"{level:g}" for level in scale.levels}
        values = {f"{n}: {scale.anchors[n]}" if n in scale.anchors else n: level for level, n in names.items()}
    width = scale.max - scale.min
    return [{"label": label, "value": (value - scale.min) / width} for label, value in values.items()]


def _grader(rubric: Rubric, criterion: Criterion, model: str) -> dict[str, Any]:
    spec = criterion.verifier
    if spec is not None:
        if spec.name not in PROGRAMS:
            raise _refusal(rubric, f"the verifier {spec.name!r}", f"one of: {', '.join(PROGRAMS)}", criterion)
        return {"type": spec.name, "name": criterion.id, **spec.settings}
    name = model or next((t.removeprefix("model:") for t in criterion.tags if t.startswith("model:")), "")
    if not name:
        raise SettingError("openai_graders needs a judge", where="model", expected="model='NAME', or a tag model:NAME")
    text, scale = criterion.text, criterion.scale
    if "{{" not in text:
        text = f"[task]\n{{{{item.prompt}}}}\n\n[response]\n{{{{sample.output_text}}}}\n\n[criterion]\n{text}"
    shared = {"name": criterion.id, "model": name, "input": [{"role": "user", "content": text}]}
    if scale.kind == "points":
        if rubric.policy.name != "likert_mean" and (scale.min, scale.max) != (0, 1):
            raise _refusal(rubric, f"points {scale.min:g}-{scale.max:g}", "points 0-1 under weighted_mean", criterion)
        return {"type": "score_model", **shared, "range": [_number(scale.min), _number(scale.max)]}
    labels = dict(scale.labels) or {"met": 1.0, "not_met": 0.0}
    if not set(labels.values()) == {0.0, 1.0}:
        raise _refusal(rubric, f"labels worth {sorted(set(labels.values()))}", "labels worth 0 or 1", criterion)
    passing = [label for label, value in labels.items() if value == 1.0]
    return {"type": "label_model", **shared, "labels": list(labels), "passing_labels": passing}
