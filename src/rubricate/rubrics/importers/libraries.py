"""Rubric files of two libraries: ``rubric`` (The LLM Data Company) and ``autorubric`` (arXiv 2603.00077)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rubricate.errors import DataError
from rubricate.files import Row, describe, parse_json, read_text
from rubricate.rubrics.importers.base import Fields, Imported, build, content_ids, importer, named_ids, scored
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.yaml_lines import load
from rubricate.types import Judgement, Message, Sample, State, Verdict

DEFAULT_WEIGHT = 10.0
JUDGE = "ground_truth"


def _document(path: Path) -> Iterator[Row]:
    """The whole file as one record, named after the file; a data set gives one record per rubric in it."""
    text = read_text(path)
    if path.suffix.lower() not in (".json", ".yaml", ".yml"):
        raise DataError(f"the suffix {path.suffix!r} is not known", where=str(path), expected=".json, .yaml or .yml")
    data = parse_json(text, path) if path.suffix.lower() == ".json" else load(text, path)[0]
    if isinstance(data, dict) and "items" in data:
        yield from _data_set(data, str(data.get("name") or path.stem), str(path))
    else:
        yield Row({"id": path.stem, "rubric": data}, str(path))


def _data_set(data: dict[str, Any], name: str, file: str) -> Iterator[Row]:
    shared = {k: data.get(k) for k in ("prompt", "reference_submission")}
    items = Fields(data).tables("items")
    common = [item.data for item in items if not item.has("rubric")]
    if data.get("rubric") is not None:
        yield Row({"id": name, "rubric": data["rubric"], "items": common, **shared}, file)
    elif common:
        raise DataError(
            "an item has no rubric, and there is no common one", where=file, expected="a rubric for each item"
        )
    for k, item in enumerate(items):
        if item.has("rubric"):
            own = {k: v for k, v in item.data.items() if k != "rubric"}
            yield Row(
                {"id": f"{name}/{k}", "rubric": item.data["rubric"], "items": [own], **shared}, file, at=("items", k)
            )


@importer("rubric_lib", read=_document)
def rubric_lib(record: Mapping[str, Any]) -> Imported:
    """``{"id": ..., "rubric": DATA}`` where DATA is what the library reads: a list of {weight, requirement}, a list of
    sections with ``criteria``, or a table with ``sections`` or ``rubric``. In a file the id is the file's name.

    Negative weights are penalties, met when the bad thing happens. A section's name or title becomes the axis.
    Source: the package ``rubric`` 2.2.0 (code read).
    """
    fields = Fields(record)
    items = list(_flattened(fields.value("rubric"), "rubric"))
    texts = [item.text("requirement") for item, _ in items]
    criteria = [
        {"id": i, "text": text, "weight": item.number("weight"), "axis": axis}
        for i, text, (item, axis) in zip(content_ids(texts), texts, items, strict=True)
    ]
    rubric = build({"id": fields.text("id"), "criteria": criteria, "policy": "rubric_lib"})
    return Imported(rubric, extra=fields.rest())


@importer("autorubric_lib", read=_document)
def autorubric_lib(record: Mapping[str, Any]) -> Imported:
    """``{"id": ..., "rubric": DATA}`` as for ``rubric_lib``, or with ``guidelines``, ``items``, ``prompt`` beside it.

    Criteria {name, weight (the library's default 10), requirement, options, scale_type, aggregation}; options become
    labels with their values in [0, 1], options marked ``na`` are left to abstention. ``scale_type: nominal`` and an
    aggregation are kept as tags. The items of a data set become samples, their ``ground_truth`` a recorded judgement.
    Source: the package ``autorubric`` 1.6.1 (code read).
    """
    fields = Fields(record)
    data = fields.value("rubric")
    inner = data if isinstance(data, Mapping) else {}
    guidelines = fields.optional("guidelines") or Fields(inner, "rubric").optional("guidelines")
    items = list(_flattened(data, "rubric"))
    names = [item.optional("name") for item, _ in items]
    texts = [item.text("requirement") for item, _ in items]
    criteria = [
        {"id": i, "text": text, "title": name, "axis": axis, **_options(item)}
        for i, text, name, (item, axis) in zip(named_ids(names, texts), texts, names, items, strict=True)
    ]
    rubric = build({"id": fields.text("id"), "criteria": criteria, "guidelines": guidelines, "policy": "rubric_lib"})
    samples, recorded = [], []
    for k, item in enumerate(fields.tables("items") if fields.has("items") and fields.value("items") else []):
        sample = _sample(item, fields, rubric, k)
        samples.append(sample)
        if item.has("ground_truth"):
            recorded.append(Judgement(sample.id, rubric.digest, tuple(_truth(item, rubric))))
    return Imported(rubric, tuple(samples), tuple(recorded), fields.rest())


def _flattened(data: Any, where: str) -> Iterator[tuple[Fields, str]]:
    """(criterion, name of its section) of every criterion, whatever form the library lets them have."""
    while isinstance(data, Mapping):
        key = next((name for name in ("rubric", "sections", "criteria") if name in data), None)
        if key is None:
            raise DataError(
                f"found {describe(data)}", where=where, expected="a table with rubric, sections or criteria"
            )
        data, where = data[key], f"{where}.{key}"
    if not isinstance(data, Sequence) or isinstance(data, str) or not data:
        raise DataError(f"found {describe(data)}", where=where, expected="a list of criteria or sections")
    for k, entry in enumerate(data):
        item = Fields(entry, f"{where}[{k}]")
        if item.has("criteria"):
            yield from ((c, item.optional("name") or item.optional("title")) for c in item.tables("criteria"))
        else:
            yield item, ""


def _options(item: Fields) -> dict[str, Any]:
    lean: dict[str, Any] = {"weight": item.number("weight") if item.has("weight") else DEFAULT_WEIGHT}
    if not item.has("options"):
        return lean
    options = [option for option in item.tables("options") if not option.data.get("na", False)]
    labels = {option.text("label"): option.number("value") for option in options}
    if len(labels) < 2 or len(labels) < len(options) or not all(0 <= v <= 1 for v in labels.values()):
        raise item.error("options", str(labels), "two options or more, each once, with values in [0, 1]")
    kinds = [f"{key}:{item.text(key)}" for key in ("scale_type", "aggregation") if item.has(key)]
    return lean | {
        "scale": {"labels": labels, "min": 0, "max": 1},
        "tags": [k for k in kinds if k != "scale_type:ordinal"],
    }


def _sample(item: Fields, fields: Fields, rubric: Rubric, k: int) -> Sample:
    prompt = item.optional("prompt") or fields.text("prompt")
    reference = item.optional("reference_submission") or fields.optional("reference_submission")
    return Sample(
        f"{rubric.id}/{k}", (Message("user", prompt),), item.string("submission"), group=rubric.id, rubric=rubric.id,
        reference=reference or None, metadata={"description": item.optional("description")},
    )  # fmt: skip


def _truth(item: Fields, rubric: Rubric) -> Iterator[Verdict]:
    values = item.entries("ground_truth")
    reasons = item.entries("ground_truth_reasons") if item.has("ground_truth_reasons") else [None] * len(values)
    if not len(values) == len(reasons) == len(rubric.leaves):
        what = f"{len(values)} values and {len(reasons)} reasons"
        raise item.error("ground_truth", what, f"{len(rubric.leaves)}, one for each criterion")
    for criterion, value, reason in zip(rubric.leaves, values, reasons, strict=True):
        yield _true_verdict(criterion, value, reason or "", item)


def _true_verdict(criterion: Criterion, value: Any, reason: str, item: Fields) -> Verdict:
    labels = criterion.scale.labels or {"MET": 1.0, "UNMET": 0.0}
    if value in labels:
        return scored(criterion.id, labels[value], JUDGE, label=value, reason=reason)
    if criterion.scale.labels or value == "CANNOT_ASSESS":
        return Verdict(criterion.id, State.ABSTAINED, label=str(value), reason=reason, judge=JUDGE)
    raise item.error("ground_truth", describe(value), "MET, UNMET or CANNOT_ASSESS")
