"""The judge plugin inside verifiers 0.4: found by its id, scored by Task.score."""

import asyncio
import json

import pytest

pytest.importorskip("verifiers.v1", reason="needs verifiers 0.4 (make test-adapters)")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]


def scored(rubric, reply, **config):
    import verifiers.v1 as vf
    from verifiers.v1.configs.task import TaskConfig

    class Data(vf.TaskData):
        rubric: str | None = None

    class Task(vf.Task[Data, vf.State, TaskConfig]):
        pass

    judges = [{"id": "rubricate_verifiers", "weight": 0.5, **config}]
    task = Task(Data(prompt="Tea?", rubric=rubric), TaskConfig(judges=judges))
    trace = vf.Trace.model_construct(rewards={}, metrics={}, info={}, extra_usage=[], root_reply=reply)
    failed = None
    try:
        asyncio.run(task.score(trace))
    except vf.TaskError as error:
        failed = str(error)
    return trace, failed


def test_the_reward_its_weight_and_its_counts_reach_the_trace(told, tea_json, texts):
    for rubric in (tea_json, "tea", None):
        trace, failed = scored(rubric, texts[1])
        assert failed is None
        (reward,) = trace.rewards.values()
        assert (reward.score, reward.weight) == (0.5, 0.5)
    assert trace.metrics["rubricate_verifiers/n_met"] == 1.0
    assert json.loads(trace.info["rubric_verdicts"]["rubricate_verifiers"])["verdicts"][0]["criterion"] == "warm"


def test_a_response_without_a_reward_is_an_error_of_the_task_not_a_zero(told, texts):
    trace, failed = scored(None, texts[2])
    assert "verdicts are missing" in failed
    assert list(trace.rewards.values()) == [None]
    assert trace.metrics["rubricate_verifiers/valid"] == 0.0


def test_zero_only_by_name(told, texts):
    trace, failed = scored(None, texts[2], on_missing="zero", name="mine")
    assert failed is None
    assert trace.rewards["mine"].score == 0.0
