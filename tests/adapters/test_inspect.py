"""The scorer inside inspect_ai: eval() with a mock model."""

import math

import pytest

pytest.importorskip("inspect_ai", reason="needs inspect-ai (make test-adapters)")
pytestmark = [
    pytest.mark.adapters, pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("bytes_for_tokens"),
]  # fmt: skip


def run(replies, samples, tmp_path, **settings):
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, get_model
    from inspect_ai.solver import generate

    from rubricate.integrations.inspect import rubric_scorer

    data = [Sample(id=str(k), input="Tea?", target="", metadata=own) for k, own in enumerate(samples)]
    model = get_model(
        "mockllm/model", custom_outputs=[ModelOutput.from_content("mockllm/model", text) for text in replies]
    )
    task = Task(dataset=data, solver=generate(), scorer=rubric_scorer(**settings))
    (log,) = eval(task, model=model, log_dir=str(tmp_path / "logs"), display="none", max_samples=1)
    assert log.status == "success", log.error
    return log


def test_unscored_samples_leave_every_mean_alone(told, tea_json, texts, tmp_path):
    good, part, cold = texts
    rows = [{"rubric": tea_json}, {"rubric": "tea"}, {}, {"rubric": "no such id"}]
    log = run([good, part, cold, good], rows, tmp_path, rewarder=told)
    found = {s.name: s for s in log.results.scores}
    means = {name: s.metrics["mean"].value for name, s in found.items()}
    assert means["score"] == pytest.approx(0.75)
    assert means["criterion/warm"] == 1.0
    assert means["criterion/time"] == 0.5
    assert means["valid"] == 1.0
    assert (found["score"].scored_samples, found["score"].unscored_samples) == (2, 2)
    scores = [s.scores["rubric"] for s in log.samples]
    assert [s.reason for s in scores[2:]] == ["grader_failed", "unknown_rubric"]
    assert math.isnan(scores[2].value)
    assert scores[2].metadata["verdicts"][0]["state"] == "unreadable"


def test_zero_is_counted_when_it_is_asked_for(told, texts, tmp_path):
    log = run([texts[0], texts[2]], [{}, {}], tmp_path, on_missing="zero")
    means = {s.name: s.metrics["mean"].value for s in log.results.scores}
    assert means["score"] == 0.5
    assert means["valid"] == 0.5
    assert means["criterion/warm"] == 1.0
