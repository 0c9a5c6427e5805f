"""LLM-Rubric: nine questions about a dialogue, answered 1-4 by people and, as distributions, by a language model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rubricate.errors import DataError
from rubricate.files import Row, read_rows
from rubricate.rubrics.importers.base import Fields, Imported, build, importer, scored
from rubricate.rubrics.model import Rubric
from rubricate.types import Judgement, State, Verdict

# Subjects as in table 2 of the paper; the wording is ours. 4 is best.
QUESTIONS = {
    "Q1": ("naturalness", "How natural does the assistant sound, like a competent person in conversation?"),
    "Q2": ("grounding sources", "How many of the user's questions can the retrieved sources answer?"),
    "Q3": ("citation presence", "How many of the claims that need a source carry a citation?"),
    "Q4": ("citation suitability", "How well do the cited sources support the claims that they are cited for?"),
    "Q5": ("citation optimality", "How close are the citations to the best ones that the sources offer?"),
    "Q6": ("redundancy", "How free is the dialogue of things said twice?"),
    "Q7": ("conciseness", "How concise are the assistant's answers?"),
    "Q8": ("efficiency", "How few turns did the user need for the amount of help received?"),
    "Q0": ("satisfaction", "How satisfied would the user be with the dialogue overall?"),
}
LEVELS = (1, 2, 3, 4)


def _records(path: Path) -> Iterator[Row]:
    """One record per text: its rows of human answers, or of distributions, of a .tsv file of either kind."""
    texts: dict[str, list[Row]] = {}
    for row in read_rows(path):
        texts.setdefault(str(row.data.get("text_id", "")), []).append(row)
    for name, rows in texts.items():
        kind = "llm" if "answer1_prob" in rows[0].data else "human"
        yield Row({"text_id": name, kind: [r.data for r in rows]}, rows[0].file, rows[0].line)


@importer("llm_rubric", read=_records)
def llm_rubric(record: Mapping[str, Any]) -> Imported:
    """One text: ``text_id`` with ``human`` rows (Q0..Q8, annotator_id, ...) or ``llm`` rows (criterion, answerK_prob).

    Each human row is a judgement by ``human:ID``; 0 (not applicable) and an empty cell are abstentions. The
    distributions are one judgement by ``llm``: value = sum k p_k / sum p_k, its standard deviation as ``spread``, the
    mass sum p_k as ``probability``, the sampled answer as ``label``. The dialogues are not in these files, so there are
    no samples; the other columns come back in ``extra["rows"]``, one entry per judgement. In ``real_human.tsv`` the
    columns Q1 and Q2 seem exchanged (Q1, not Q2, is 0 wherever there were no documents); they are taken as they stand.
    Source: arXiv 2501.00274 (data read, subjects read, wording ours).
    """
    fields = Fields(record)
    name, rubric = fields.text("text_id"), questions()
    if fields.has("llm"):
        verdicts = tuple(_expected(row) for row in fields.tables("llm"))
        return Imported(rubric, (), (Judgement(name, rubric.digest, verdicts),), fields.rest())
    rows = fields.tables("human")
    recorded = tuple(Judgement(name, rubric.digest, tuple(_answers(row))) for row in rows)
    others = [{k: v for k, v in row.data.items() if k not in QUESTIONS and k != "text_id"} for row in rows]
    return Imported(rubric, (), recorded, fields.rest() | {"rows": others})


def questions() -> Rubric:
    """The rubric of the nine questions; Q0, the overall one, is tagged ``overall``."""
    return build(
        {
            "id": "llm_rubric",
            "criteria": [
                {"id": q, "title": title, "text": text, "scale": "1-4", "tags": ["overall"] if q == "Q0" else []}
                for q, (title, text) in QUESTIONS.items()
            ],
            "policy": "likert_mean",
        }
    )


def _answers(row: Fields) -> Iterator[Verdict]:
    judge = f"human:{row.name('annotator_id')}"
    for question in QUESTIONS:
        if question not in row.data:
            raise DataError(f"{question!r} is missing", where=row.where, expected=f"the columns {', '.join(QUESTIONS)}")
        cell = str(row.data[question]).strip()
        value = _number(cell) if cell else 0.0
        if value in LEVELS:
            yield scored(question, value, judge)
        elif value == 0.0:
            reason = "not applicable" if cell else "left blank"
            yield Verdict(question, State.ABSTAINED, label=cell or None, reason=reason, judge=judge)
        else:
            raise row.error(question, f"the text {cell!r}", "1 to 4, 0 for not applicable, or nothing")


def _expected(row: Fields) -> Verdict:
    question = row.text("criterion")
    if question not in QUESTIONS:
        raise row.error("criterion", f"the text {question!r}", f"one of: {', '.join(QUESTIONS)}")
    masses = [_number(str(row.value(f"answer{k}_prob"))) for k in LEVELS]
    total = sum(masses)
    if not (all(mass >= 0 for mass in masses) and 0 < total < 1.001):
        raise DataError(f"the probabilities are {masses}", where=row.where, expected="masses that sum to at most 1")
    mean = _mean(LEVELS, masses)
    spread = math.sqrt(_mean([(k - mean) ** 2 for k in LEVELS], masses))
    return scored(question, mean, "llm", label=row.name("sample_llm"), spread=spread, probability=min(total, 1.0))


def _mean(values: Sequence[float], masses: Sequence[float]) -> float:
    return sum(v * m for v, m in zip(values, masses, strict=True)) / sum(masses)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
