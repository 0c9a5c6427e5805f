"""ART and eval-protocol for real."""

import asyncio

import pytest

pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]


def test_art_gathers_groups_through_after_each(told, texts):
    art = pytest.importorskip("art", reason="needs openpipe-art (make test-adapters)")
    from rubricate.integrations.art import after_each

    async def rollout(text):
        chat = [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": text}]
        return art.Trajectory(messages_and_choices=chat, reward=0.25)

    async def gather():
        groups = [art.TrajectoryGroup(rollout(t) for t in texts), art.TrajectoryGroup([rollout(texts[2])])]
        return await art.gather_trajectory_groups(groups, after_each=after_each)

    (group,) = asyncio.run(gather())
    assert sorted(t.reward for t in group) == [0.5, 1.0]  # in the order in which they were done
    assert [t.metrics["independent_reward"] for t in group] == [0.25, 0.25]
    assert {t.metrics["rubric/n_met"]: t.reward for t in group} == {2.0: 1.0, 1.0: 0.5}


def test_eval_protocol_takes_the_result_with_its_validity(told, texts):
    pytest.importorskip("eval_protocol", reason="needs eval-protocol (make test-adapters)")
    from eval_protocol.models import EvaluationRow, Message

    from rubricate.integrations.eval_protocol import evaluate

    def row(text):
        messages = [Message(role="user", content="Tea?"), Message(role="assistant", content=text)]
        found = EvaluationRow(messages=messages, ground_truth="ref")
        found.input_metadata.dataset_info = {"rubric": "tea"}
        return asyncio.run(evaluate(found)).evaluation_result

    part, cold = row(texts[1]), row(texts[2])
    assert (part.score, part.is_score_valid) == (0.5, True)
    assert (part.metrics["warm"].score, part.metrics["time"].score) == (1.0, 0.0)
    assert (cold.score, cold.is_score_valid, cold.error) == (0.0, False, "verdicts are missing")
