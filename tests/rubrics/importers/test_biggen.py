"""BiGGen-Bench instances: anchors, sample, recorded score; all 695 real ones."""

import json

import pytest

from rubricate.arrays import pack
from rubricate.errors import DataError
from rubricate.rewards.named import named
from rubricate.rubrics.importers import biggen, import_file
from rubricate.rubrics.io import read_rubrics, write_rubrics
from rubricate.types import Message

LEVELS = {f"score{k}_description": f"level {k}" for k in range(1, 6)}
ROW = {
    "id": "plan_0", "capability": "planning", "task": "plan", "instance_idx": 0, "system_prompt": "Be brief.",
    "input": "Plan.", "reference_answer": "A plan.", "score_rubric": {"criteria": "Is it a plan?", **LEVELS},
    "response": "My plan.", "response_model_name": "m1", "feedback": "Fine.", "score": 4, "eval_model_name": "j1",
}  # fmt: skip


def test_an_instance():
    found = biggen(ROW)
    rubric, sample, judgement = found.rubric, found.samples[0], found.recorded[0]
    criterion = rubric.criteria[0]
    assert criterion.scale.anchors == {str(k): f"level {k}" for k in range(1, 6)}
    assert (rubric.id, rubric.domain, rubric.task_type, rubric.reference) == (
        "biggen/plan_0",
        "planning",
        "plan",
        "A plan.",
    )
    assert sample.prompt == (Message("system", "Be brief."), Message("user", "Plan."))
    assert (sample.response, sample.reference, sample.group) == ("My plan.", "A plan.", rubric.id)
    verdict = judgement.verdicts[0]
    assert (judgement.sample, judgement.rubric) == (sample.id, rubric.digest)
    assert (verdict.value, verdict.reason, verdict.judge) == (4.0, "Fine.", "j1")
    scores = pack(found.recorded, {rubric.digest: rubric.columns()})
    assert named(rubric.policy.name).score(scores).values.tolist() == [4.0]  # native units


def test_without_a_response_there_is_no_sample():
    found = biggen(
        {k: v for k, v in ROW.items() if not k.startswith(("response", "score", "eval")) or k == "score_rubric"}
    )
    assert (found.samples, found.recorded) == ((), ())


@pytest.mark.parametrize("name", ["id", "input", "response_model_name", "eval_model_name"])
def test_a_missing_field_is_named(name):
    with pytest.raises(DataError, match=f"'{name}' is missing"):
        biggen({k: v for k, v in ROW.items() if k != name})


def test_all_695(real_data, tmp_path):
    path = real_data / "biggen" / "evals.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = import_file("biggen", path)
    assert len(found) == 695
    for row, item in zip(rows, found, strict=True):
        rubric, sample, verdict = item.rubric, item.samples[0], item.recorded[0].verdicts[0]
        criterion = rubric.criteria[0]
        back = {
            "id": rubric.prompt_id, "capability": rubric.domain, "task": rubric.task_type, **item.extra,
            "system_prompt": sample.prompt[0].content, "input": sample.prompt[1].content,
            "reference_answer": rubric.reference, "response": sample.response,
            "score_rubric": {"criteria": criterion.text}
            | {f"score{k}_description": text for k, text in criterion.scale.anchors.items()},
            "response_model_name": sample.metadata["model"], "feedback": verdict.reason, "score": verdict.value,
            "eval_model_name": verdict.judge,
        }  # fmt: skip
        assert back == row
    rubrics = [item.rubric for item in found]
    write_rubrics(rubrics, tmp_path / "r.jsonl")
    assert read_rubrics(tmp_path / "r.jsonl") == rubrics
    assert pack([j for i in found for j in i.recorded], {r.digest: r.columns() for r in rubrics}).native.min() == 5.0
