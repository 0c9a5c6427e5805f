"""SedarEval: questions with scoring points and deduction points on a scale of 0 to 5, written in Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rubricate.errors import DataError
from rubricate.rubrics.importers.base import Fields, Imported, build, content_ids, importer
from rubricate.types import Message, Sample

TOTAL = 5
_ITEM = re.compile(r"\s*[①-⑳]?\s*([+＋\-－])\s*(\d+(?:\.\d+)?)\s*分\s*[：:]\s*(.+?)\s*")
_HEADING = re.compile(r"\s*(?:得分点|扣分点)\s*[：:]?\s*|共.*分数范围.*")
_ALL_OR_NOTHING = re.compile(r"任[何一].*不得分")
_SECTION = re.compile(r"【评分标准】\s*(.+?)\s*(?=【|\Z)", re.DOTALL)
_EXAMPLE = re.compile(r"【打分示例】\s*(.+?)\s*(?=【|\Z)", re.DOTALL)


@importer("sedareval")
def sedareval(record: Mapping[str, Any]) -> Imported:
    """One question: ``id``, ``query``, ``meta`` {category, reference, score_standard}; ``answer``, ``auto_prompt``.

    The standard is ``meta.score_standard``, else the standard inside ``auto_prompt.prompt``; without either the record
    is refused. Where every line is an item ("①+2分：...", "⑤-1分：..."), scoring points become criteria (one point, or
    a point that any error voids: all or nothing, weight n; more points: 0 to n) and deductions criteria that take n
    when met. Any other standard stays whole, as one criterion judged 0 to 5: that is how the published evaluator reads
    it. The worked grading example of the prompt becomes the guidelines. Source: card 184, arXiv 2501.15595; fields and
    standards read in wwn1233/sedareval, whose standards mostly are free text.
    """
    fields = Fields(record)
    name, query, meta = fields.text("id"), fields.text("query"), fields.table("meta")
    prompt = _judge_prompt(fields)
    standard = (meta.optional("score_standard") or _part(_SECTION, prompt)).strip()
    if not standard:
        raise DataError("the record has no scoring standard", where="meta.score_standard", expected="scoring points")
    category = meta.texts("category")
    rubric = build(
        {
            "id": f"sedareval/{name}",
            "criteria": _points(standard) or [_whole(standard)],
            "policy": "sedareval",
            "prompt_id": name,
            "prompt": query,
            "language": "zh",
            "domain": category[0] if category else "",
            "topic": "/".join(category[1:]),
            "reference": meta.optional("reference"),
            "guidelines": _part(_EXAMPLE, prompt),
            "max_total": TOTAL,
        }
    )
    samples: tuple[Sample, ...] = ()
    if fields.has("answer"):
        messages = (Message("user", query),)
        samples = (
            Sample(
                f"{rubric.id}/answer", messages, fields.string("answer"), group=rubric.id, rubric=rubric.id,
                reference=rubric.reference,
            ),
        )  # fmt: skip
    return Imported(rubric, samples, extra=fields.rest() | meta.rest())


def _judge_prompt(fields: Fields) -> str:
    value = fields.value("auto_prompt") if fields.has("auto_prompt") else ""
    return Fields(value, "auto_prompt").text("prompt") if isinstance(value, Mapping) else str(value)


def _part(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""


def _whole(standard: str) -> dict[str, Any]:
    return {"id": "score", "text": standard, "scale": f"points 0-{TOTAL}"}


def _points(standard: str) -> list[dict[str, Any]]:
    """The items of a standard whose every line is one; nothing for any other standard."""
    criteria = []
    for line in filter(str.strip, standard.splitlines()):
        item = _ITEM.fullmatch(line)
        if item:
            points, text = float(item.group(2)), item.group(3)
            criteria.append(_deduction(points, text) if item.group(1) in "-－" else _earned(points, text))
        elif not _HEADING.fullmatch(line):
            return []
    ids = content_ids([c["text"] for c in criteria])
    earned = any("deduction" not in c for c in criteria)
    return [{"id": i, **c} for i, c in zip(ids, criteria, strict=True)] if earned else []


def _earned(points: float, text: str) -> dict[str, Any]:
    if points == 1 or _ALL_OR_NOTHING.search(text):
        return {"text": text, "weight": points}
    return {"text": text, "scale": f"points 0-{points:g}", "max_points": points}


def _deduction(points: float, text: str) -> dict[str, Any]:
    return {"text": text, "weight": -points, "deduction": points}
