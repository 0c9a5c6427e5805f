"""lm-eval, ART and eval-protocol without those packages: their functions called as they call them."""

import asyncio
import json
import pickle
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

import rubricate as rb
from rubricate.errors import DataError, MissingExtraError, PolicyError
from rubricate.integrations import lm_eval
from rubricate.integrations.art import AfterEach, ask_of
from rubricate.integrations.eval_protocol import RubricEvaluation
from rubricate.integrations.lm_eval import RubricTask
from rubricate.integrations.teller import Teller
from rubricate.llm.scripted import JudgeScript
from rubricate.metrics import COUNTED
from rubricate.rewarder import Rewarder

GOOD, PART, COLD = "Warm the pot first. Steep it for four minutes.", "Warm the pot first.", "cold"
WORDS = {"warm": "warm", "time": "minutes", "microwave": "microwave"}
SCRIPT = JudgeScript(lambda response, name, text: WORDS[name] in response.lower())


@pytest.fixture
def rewarder(tea):
    def judge(request):
        return "no idea" if "cold" in request.messages[1].content else SCRIPT(request)

    return Rewarder((tea,), client=rb.ScriptedClient(judge))


# lm-eval ------------------------------------------------------------------------------------------------------------


def payloads(task, *texts):
    return [task.process_results({"question": "Tea?", "rubric": "tea"}, [t])["rubric_mean"] for t in texts]


def test_documents_are_judged_together_and_those_without_a_reward_are_left_out(rewarder):
    task = RubricTask(prompt="question", teller=Teller(rewarder, "abstain"))
    rows = payloads(task, GOOD, PART, COLD)
    assert json.loads(json.dumps(rows)) == rows
    assert task.rubric_mean(rows) == pytest.approx((1 + 2 / 3) / 2)
    assert task.rubric_valid(rows) == pytest.approx(2 / 3)
    with pytest.raises(PolicyError, match="none of 1"):
        task.rubric_mean(payloads(task, COLD))


def test_under_zero_a_lost_document_counts_and_still_is_not_valid(rewarder):
    task = RubricTask(prompt="question", teller=Teller(rewarder, "zero"))
    rows = payloads(task, GOOD, COLD)
    assert (task.rubric_mean(rows), task.rubric_valid(rows)) == (0.5, 0.5)


def test_a_document_without_its_prompt_is_refused():
    with pytest.raises(DataError, match="'question'"):
        lm_eval.process_results({"question": "Tea?"}, ["x"])


def test_the_functions_of_a_yaml_read_the_environment(tea, tmp_path, monkeypatch):
    rb.write_rubrics([tea], tmp_path / "tea.yaml")
    monkeypatch.setenv("RUBRICATE_RUBRICS", str(tmp_path / "tea.yaml"))
    found = lm_eval.process_results({"prompt": "Tea?"}, [GOOD])
    assert lm_eval.rubric_valid([found["rubric_valid"]]) == 1.0
    assert lm_eval.rubric_mean([found["rubric_mean"]]) == 1.0


# ART ----------------------------------------------------------------------------------------------------------------


@dataclass
class Trajectory:
    said: list
    reward: float = 0.25
    metrics: dict = field(default_factory=dict)
    metadata: dict = field(default_factory=dict)
    logs: list = field(default_factory=list)

    def messages(self):
        return self.said


def trajectory(text, **metadata):
    chat = [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": text}]
    return Trajectory(chat, metadata=metadata)


def test_a_group_loses_what_has_no_reward_and_keeps_the_earlier_rewards(rewarder):
    good, cold, part = (trajectory(t) for t in (GOOD, COLD, PART))
    group = asyncio.run(AfterEach(Teller(rewarder, "abstain"))(SimpleNamespace(trajectories=[good, cold, part])))
    assert group.trajectories == [good, part]
    assert [t.reward for t in group.trajectories] == pytest.approx([1.0, 2 / 3])
    assert good.metrics["independent_reward"] == 0.25
    assert set(COUNTED) < set(good.metrics)
    assert (cold.reward, cold.metrics["rubric/valid"]) == (0.25, 0.0)
    assert json.loads(cold.logs[0])["why"] == "verdicts are missing"


def test_a_group_without_any_reward_is_dropped_and_a_mean_keeps_it(rewarder):
    lost = SimpleNamespace(trajectories=[trajectory(COLD)])
    assert asyncio.run(AfterEach(Teller(rewarder, "abstain"))(lost)) is None
    group = SimpleNamespace(trajectories=[trajectory(GOOD), trajectory(COLD)])
    told = asyncio.run(AfterEach(Teller(rewarder, "group_mean"))(group))
    assert [t.reward for t in told.trajectories] == [1.0, 1.0]


def test_what_comes_before_the_first_answer_is_the_prompt():
    chat = [{"role": r, "content": r} for r in ("system", "user", "assistant", "tool", "assistant")]
    ask = ask_of(chat, {"rubric": "tea", "reference": "R"})
    assert (ask.prompt, ask.response, ask.rubric, ask.reference) == (chat[:2], chat[2:], "tea", "R")
    assert ask_of(chat[:2], {}).response == []


def test_what_is_made_here_pickles(tea):
    plain = Teller(Rewarder((tea,)))
    for made in (AfterEach(plain), RubricEvaluation(plain), RubricTask(teller=plain)):
        assert pickle.loads(pickle.dumps(made)) == made


# eval-protocol ------------------------------------------------------------------------------------------------------


@pytest.fixture
def models(monkeypatch):
    module = SimpleNamespace(EvaluateResult=SimpleNamespace, MetricResult=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "eval_protocol", SimpleNamespace(models=module))
    monkeypatch.setitem(sys.modules, "eval_protocol.models", module)


def row(text, truth: Any = None, **info):
    messages = [SimpleNamespace(role="user", content="Tea?"), SimpleNamespace(role="assistant", content=text)]
    return SimpleNamespace(messages=messages, ground_truth=truth, input_metadata=SimpleNamespace(dataset_info=info))


def test_a_lost_verdict_is_an_invalid_score_with_its_reason(rewarder, models):
    evaluation = RubricEvaluation(Teller(rewarder, "abstain"))
    part, cold = (asyncio.run(evaluation(row(t, truth="ref"))).evaluation_result for t in (PART, COLD))
    assert (part.score, part.is_score_valid, part.error) == (pytest.approx(2 / 3), True, None)
    assert (part.metrics["warm"].score, part.metrics["time"].score) == (1.0, 0.0)
    assert (cold.score, cold.is_score_valid, cold.error) == (0.0, False, "verdicts are missing")
    assert not any(m.is_score_valid for m in cold.metrics.values())


def test_an_invalid_score_stays_invalid_whatever_number_it_is(rewarder, models):
    told = asyncio.run(RubricEvaluation(Teller(rewarder, "lowest", lowest=-1.0))(row(COLD))).evaluation_result
    assert (told.score, told.is_score_valid) == (-1.0, False)


def test_eval_protocol_is_asked_for_by_name(rewarder, monkeypatch):
    monkeypatch.setitem(sys.modules, "eval_protocol.models", None)
    with pytest.raises(MissingExtraError, match="pip install eval-protocol"):
        asyncio.run(RubricEvaluation(Teller(rewarder, "abstain"))(row(GOOD)))
