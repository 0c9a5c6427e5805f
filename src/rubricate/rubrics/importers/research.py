"""Benchmarks of research reports: ResearchRubrics, ResearcherBench, DeepResearch Bench and DeepResearch Bench II."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rubricate.errors import DataError
from rubricate.rubrics.importers.base import Fields, Imported, build, content_ids, importer

BLOCKED = {"met": 1.0, "absent": 0.0, "blocked": -1.0}


@importer("researchrubrics")
def researchrubrics(record: Mapping[str, Any]) -> Imported:
    """One task: ``sample_id``, ``prompt``, ``rubrics`` [{criterion, weight, axis}], weights -5..5, three answers.

    ``conceptual_breadth``, ``logical_nesting`` and ``exploration`` together are the difficulty. Source: card 213,
    arXiv 2511.07685; fields read in scaleapi/researchrubrics.
    """
    fields = Fields(record)
    name, items = fields.text("sample_id"), fields.tables("rubrics")
    texts = [item.text("criterion") for item in items]
    levels = {key: fields.optional(key) for key in ("conceptual_breadth", "logical_nesting", "exploration")}
    rubric = build(
        {
            "id": f"researchrubrics/{name}",
            "criteria": [
                {"id": i, "text": text, "weight": item.number("weight"), "axis": item.text("axis"), "scale": "ternary"}
                for i, text, item in zip(content_ids(texts), texts, items, strict=True)
            ],
            "policy": "researchrubrics",
            "prompt_id": name,
            "prompt": fields.text("prompt"),
            "domain": fields.optional("domain"),
            "difficulty": ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in levels.items() if value),
        }
    )
    return Imported(rubric, extra=fields.rest())


@importer("researcherbench")
def researcherbench(record: Mapping[str, Any]) -> Imported:
    """One question: ``id``, ``question``, ``rubric`` [{point, weight}] with weights 1-3, yes or no per point.

    Source: card 216, arXiv 2507.16280 (recalled); fields read in GAIR-NLP/ResearcherBench.
    """
    fields = Fields(record)
    name, items = fields.name("id"), fields.tables("rubric")
    texts = [item.text("point") for item in items]
    rubric = build(
        {
            "id": f"researcherbench/{name}",
            "criteria": [
                {"id": i, "text": text, "weight": item.number("weight")}
                for i, text, item in zip(content_ids(texts), texts, items, strict=True)
            ],
            "policy": "researcherbench",
            "prompt_id": name,
            "prompt": fields.text("question"),
        }
    )
    return Imported(rubric, extra=fields.rest())


@importer("deepresearch_bench")
def deepresearch_bench(record: Mapping[str, Any]) -> Imported:
    """One task: ``id``, ``prompt``, ``dimension_weight``, ``criterions`` {dimension: [{criterion, explanation, ...}]}.

    Criterion and explanation together are the text, judged 0-10 beside a reference report; dimension weights, and the
    weights inside each dimension, sum to 1 (within .01). A comment or a rationale for the weight is kept as the
    rationale, an aspect as a tag. Source: arXiv 2506.11763 (data and code read).
    """
    fields = Fields(record)
    name, prompt = fields.name("id"), fields.text("prompt")
    sizes, dimensions = fields.table("dimension_weight"), fields.table("criterions")
    weights = {dimension: sizes.number(dimension) for dimension in sizes.data}
    if set(weights) != set(dimensions.data):
        raise DataError(
            f"weights for {sorted(weights)}", where="dimension_weight", expected=f"for {sorted(dimensions.data)}"
        )
    _sums_to_one(weights.values(), "dimension_weight")
    criteria: list[dict[str, Any]] = []
    for dimension in dimensions.data:
        items = dimensions.tables(dimension)
        _sums_to_one((item.number("weight") for item in items), f"criterions.{dimension}")
        texts = [f"{item.text('criterion')}: {item.text('explanation')}" for item in items]
        for i, text, item in zip(content_ids(texts, dimension), texts, items, strict=True):
            criteria.append(_race_criterion(item, dimension) | {"id": i, "text": text})
    rubric = build(
        {
            "id": f"deepresearch_bench/{name}",
            "criteria": criteria,
            "policy": "deepresearch_race",
            "prompt_id": name,
            "prompt": prompt,
            "dimension_weights": weights,
        }
    )
    return Imported(rubric, extra=fields.rest())


def _race_criterion(item: Fields, dimension: str) -> dict[str, Any]:
    return {
        "title": item.text("criterion"),
        "weight": item.number("weight"),
        "axis": dimension,
        "scale": "points 0-10",
        "rationale": item.optional("comment") or item.optional("rationale_for_weight"),
        "tags": [item.text("aspect")] if item.has("aspect") else [],
    }


def _sums_to_one(weights: Iterable[float], where: str) -> None:
    total = sum(weights)
    if abs(total - 1.0) > 0.01:
        raise DataError(f"the weights sum to {total:g}", where=where, expected="1")


@importer("deepresearch_bench_2")
def deepresearch_bench_2(record: Mapping[str, Any]) -> Imported:
    """One task: ``id``, ``prompt``, ``content`` {``rubric`` {dimension: [text]}, ``blocked`` {title, authors, urls}}.

    Each item is answered met 1, absent 0, or blocked -1: met only by citing the article that the rubric was made from,
    which must not be cited. Source: card 63, arXiv 2601.08536 (recalled); fields read in imlrz/DeepResearch-Bench-II.
    """
    fields = Fields(record)
    name, content = fields.text("id"), fields.table("content")
    blocked = content.table("blocked")
    sources = (blocked.optional("title"), *blocked.texts("authors"), *blocked.texts("urls"))
    dimensions = content.table("rubric")
    criteria = []
    for dimension in dimensions.data:
        texts = dimensions.texts(dimension)
        for i, text in zip(content_ids(texts, dimension), texts, strict=True):
            criteria.append({"id": i, "text": text, "axis": dimension, "scale": {"labels": BLOCKED}})
    rubric = build(
        {
            "id": f"deepresearch_bench_2/{name}",
            "criteria": criteria,
            "policy": "deepresearch_bench_2",
            "title": fields.optional("description"),
            "prompt_id": name,
            "prompt": fields.text("prompt"),
            "language": fields.optional("language"),
            "domain": fields.optional("theme"),
            "blocked_sources": [source for source in sources if source],
        }
    )
    return Imported(rubric, extra=fields.rest() | content.rest())
