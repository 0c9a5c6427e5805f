"""BiGGen-Bench: instance-specific 1-5 rubrics with level descriptions, a response and a recorded score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rubricate.rubrics.importers.base import Fields, Imported, build, importer, scored
from rubricate.types import Judgement, Message, Sample

CRITERION = "score"


@importer("biggen")
def biggen(record: Mapping[str, Any]) -> Imported:
    """One instance: ``id``, ``system_prompt``, ``input``, ``reference_answer``, ``score_rubric``, maybe a response.

    ``score_rubric`` {criteria, score1_description .. score5_description} is one criterion with anchors. A ``response``
    (with ``response_model_name``) is a sample; a ``score`` 1-5 (with ``feedback`` and ``eval_model_name``) a recorded
    judgement of it. Source: prometheus-eval, BiGGen-Bench (data read).
    """
    fields = Fields(record)
    name, prompt = fields.text("id"), _prompt(fields)
    rubric = build(
        {
            "id": f"biggen/{name}",
            "criteria": [_criterion(fields.table("score_rubric"))],
            "policy": "likert_mean",
            "prompt_id": name,
            "prompt": [{"role": m.role, "content": m.content} for m in prompt],
            "reference": fields.optional("reference_answer"),
            "domain": fields.optional("capability"),
            "task_type": fields.optional("task"),
        }
    )
    samples: tuple[Sample, ...] = ()
    recorded: tuple[Judgement, ...] = ()
    if fields.has("response"):
        model = fields.text("response_model_name")
        sample = Sample(
            f"{rubric.id}/{model}", prompt, fields.string("response"), group=rubric.id, rubric=rubric.id,
            reference=rubric.reference, metadata={"model": model},
        )  # fmt: skip
        samples = (sample,)
        if fields.has("score"):
            verdict = scored(
                CRITERION, fields.number("score"), fields.text("eval_model_name"), reason=fields.optional("feedback")
            )
            recorded = (Judgement(sample.id, rubric.digest, (verdict,)),)
    return Imported(rubric, samples, recorded, fields.rest())


def _prompt(fields: Fields) -> tuple[Message, ...]:
    system = fields.optional("system_prompt")
    return (*([Message("system", system)] if system else []), Message("user", fields.text("input")))


def _criterion(rubric: Fields) -> dict[str, Any]:
    anchors = {str(k): rubric.text(f"score{k}_description") for k in range(1, 6)}
    scale = {"kind": "ordinal", "min": 1, "max": 5, "anchors": anchors}
    return {"id": CRITERION, "text": rubric.text("criteria"), "scale": scale}
