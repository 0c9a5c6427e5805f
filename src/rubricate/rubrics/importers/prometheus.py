"""Prometheus evaluation sets: one prompt text that holds instruction, response, reference and a 1-5 rubric."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from rubricate.errors import DataError
from rubricate.rubrics.importers.base import Fields, Imported, build, importer, scored, short_hash
from rubricate.rubrics.model import Rubric
from rubricate.types import Judgement, Message, Sample

CRITERION = "score"
_HEADS = (
    "The instruction to evaluate",
    "Response to evaluate",
    "Reference Answer (Score 5)",
    "Score Rubrics",
    "Feedback",
)
_HEAD = re.compile("^###(" + "|".join(map(re.escape, _HEADS)) + "): ?\n?", re.MULTILINE)
_RUBRIC = re.compile(r"\[(.*)\]" + "".join(rf"\nScore {k}: (.*)" for k in range(1, 6)), re.DOTALL)


class Parts(NamedTuple):
    """The parts of a prompt text; ``reference`` is None where the text has none."""

    instruction: str
    response: str
    reference: str | None
    criteria: str
    levels: tuple[str, ...]


@importer("prometheus")
def prometheus(record: Mapping[str, Any]) -> Imported:
    """One row of ``mt_bench_eval`` or of ``hhh_alignment_eval``.

    mt_bench: ``idx``, ``instruction`` (the whole prompt text), ``response_source``, ``gpt4_score`` and
    ``gpt4_feedback`` (three draws each: three recorded judgements, judges gpt-4/0 .. gpt-4/2). The prompt of a sample
    may hold earlier turns of the model itself, so it is not part of the rubric. hhh_alignment: ``source``,
    ``chosen_instruction``, ``rejected_instruction``: two samples of one group, ``metadata["preferred"]`` says which one
    people preferred; the four rubrics are shared. Source: prometheus-eval (data read).
    """
    fields = Fields(record)
    if fields.has("chosen_instruction"):
        return _pair(fields)
    parts = parse_prompt(fields.text("instruction"), "instruction")
    index, source = fields.name("idx"), fields.text("response_source")
    rubric = _rubric(f"prometheus/mt_bench/{index}", parts, fields.optional("category"))
    sample = _sample(f"{rubric.id}/{source}", rubric, parts, rubric.id, {"model": source})
    scores, reasons = fields.entries("gpt4_score"), fields.texts("gpt4_feedback")
    if len(scores) != len(reasons) or not all(score in range(1, 6) for score in scores):
        what = f"{list(scores)} with {len(reasons)} feedbacks"
        raise fields.error("gpt4_score", what, "scores 1 to 5, each with its feedback")
    draws = zip(scores, reasons, strict=True)
    verdicts = [scored(CRITERION, float(score), f"gpt-4/{k}", reason=text) for k, (score, text) in enumerate(draws)]
    recorded = tuple(Judgement(sample.id, rubric.digest, (verdict,)) for verdict in verdicts)
    return Imported(rubric, (sample,), recorded, fields.rest())


def _pair(fields: Fields) -> Imported:
    texts = fields.text("chosen_instruction"), fields.text("rejected_instruction")
    chosen, rejected = (parse_prompt(t, f"{n}_instruction") for t, n in zip(texts, ("chosen", "rejected"), strict=True))
    if chosen._replace(response="") != rejected._replace(response=""):
        raise DataError("the two texts differ in more than the response", where="rejected_instruction")
    rubric = _rubric(f"prometheus/hhh_alignment/{fields.text('source')}", chosen, "")
    pair = f"{rubric.id}/{short_hash(chosen.instruction, chosen.response, rejected.response)}"
    samples = tuple(
        _sample(f"{pair}/{name}", rubric, parts, pair, {"preferred": parts is chosen})
        for name, parts in (("chosen", chosen), ("rejected", rejected))
    )
    return Imported(rubric, samples, extra=fields.rest())


def parse_prompt(text: str, where: str = "") -> Parts:
    """The parts of a prompt text in the Prometheus format; each heading must stand in it once, in order."""
    found = list(_HEAD.finditer(text))
    names = [match.group(1) for match in found]
    if names not in ([*_HEADS], [h for h in _HEADS if not h.startswith("Reference")]):
        raise DataError(f"the headings are {names}", where=where, expected=f"each once, in order: {', '.join(_HEADS)}")
    ends = [match.start() for match in found[1:]]
    bodies = {m.group(1): text[m.end() : end].removesuffix("\n\n") for m, end in zip(found, ends, strict=False)}
    rubric = _RUBRIC.fullmatch(bodies["Score Rubrics"])
    if rubric is None:
        raise DataError("the score rubric cannot be read", where=where, expected="[criteria], Score 1: to Score 5:")
    return Parts(bodies[_HEADS[0]], bodies[_HEADS[1]], bodies.get(_HEADS[2]), rubric.group(1), rubric.groups()[1:])


def score_rubric(criteria: str, levels: Mapping[str, str]) -> str:
    """The rubric part of a prompt text, the inverse of what ``parse_prompt`` reads."""
    return "\n".join([f"[{criteria}]", *(f"Score {k}: {levels[str(k)]}" for k in range(1, 6))])


def _rubric(name: str, parts: Parts, topic: str) -> Rubric:
    anchors = {str(k): text for k, text in enumerate(parts.levels, 1)}
    scale = {"kind": "ordinal", "min": 1, "max": 5, "anchors": anchors}
    return build(
        {
            "id": name,
            "criteria": [{"id": CRITERION, "text": parts.criteria, "scale": scale}],
            "policy": "likert_mean",
            "reference": parts.reference,
            "topic": topic,
        }
    )


def _sample(name: str, rubric: Rubric, parts: Parts, group: str, metadata: dict[str, Any]) -> Sample:
    prompt = (Message("user", parts.instruction),)
    return Sample(
        name, prompt, parts.response, group=group, rubric=rubric.id, reference=parts.reference, metadata=metadata
    )
