"""Adapters of evaluation tools and environments without those packages: their objects in outline."""

import asyncio
import json
import math
import pickle
import sys
from types import SimpleNamespace

import pytest

import rubricate as rb
from rubricate.errors import MissingExtraError, PolicyError, SettingError
from rubricate.integrations import inspect as inspect_adapter
from rubricate.integrations import openenv, skyrl
from rubricate.integrations.inspect import RubricScore, rubric_scorer
from rubricate.integrations.skyrl import RubricTurn
from rubricate.integrations.teller import Ask, Teller
from rubricate.llm.scripted import JudgeScript
from rubricate.rewarder import Rewarder

GOOD, PART, COLD = "Warm the pot first. Steep it for four minutes.", "Warm the pot first.", "cold"
WORDS = {"warm": "warm", "time": "minutes", "microwave": "microwave"}
SCRIPT = JudgeScript(lambda response, name, text: WORDS[name] in response.lower())


@pytest.fixture
def rewarder(tea):
    def judge(request):
        return "no idea" if "cold" in request.messages[1].content else SCRIPT(request)

    return Rewarder((tea,), client=rb.ScriptedClient(judge))


class Score:
    """A score of inspect_ai, as far as the adapter knows it."""

    def __init__(self, value, answer=None, explanation=None, metadata=None, reason=None):
        self.value, self.answer, self.explanation, self.metadata, self.reason = (
            value, answer, explanation, metadata, reason,
        )  # fmt: skip

    @classmethod
    def unscored(cls, *, reason=None, **more):
        return cls(math.nan, reason=reason, **more)


@pytest.fixture
def score_class(monkeypatch):
    monkeypatch.setattr(inspect_adapter, "_score_class", lambda: Score)


def state(text, **metadata):
    messages = [SimpleNamespace(role="user", text="Tea?")]
    return SimpleNamespace(metadata=metadata, input=messages, output=SimpleNamespace(completion=text))


def scored(score, *states):
    return [asyncio.run(score(s, SimpleNamespace(text="ref"))) for s in states]


def test_scores_have_the_same_keys_and_unscored_ones_none(rewarder, score_class):
    score = RubricScore(Teller(rewarder, "abstain"))
    good, part, cold, wrong = scored(score, state(GOOD), state(PART), state(COLD), state(GOOD, rubric="no such id"))
    assert list(good.value) == list(part.value)
    assert good.value["score"] == 1.0
    assert part.value["criterion/time"] == 0.0
    assert math.isnan(cold.value)
    assert (cold.reason, wrong.reason) == ("grader_failed", "unknown_rubric")
    assert cold.explanation == "verdicts are missing"
    assert [v["state"] for v in cold.metadata["verdicts"]] == ["unreadable"] * 3
    plain = RubricScore(Teller(Rewarder(rewarder.rubrics)))
    assert pickle.loads(pickle.dumps(plain)) == plain


def test_a_number_in_place_of_a_reward_is_the_score_and_nothing_else(rewarder, score_class):
    (cold,) = scored(RubricScore(Teller(rewarder, "lowest", lowest=-1.0)), state(COLD))
    assert (cold.value["score"], cold.value["valid"]) == (-1.0, 0.0)
    assert math.isnan(cold.value["criterion/warm"])


def test_what_a_sample_asks():
    sample = state(GOOD, rubric={"id": "x"}, documents=["D"])
    assert inspect_adapter.ask_of(sample, SimpleNamespace(text="R")) == Ask(
        [{"role": "user", "content": "Tea?"}], GOOD, {"id": "x"}, "R", ["D"]
    )
    plain = SimpleNamespace(metadata=None, input="Tea?", output=SimpleNamespace(completion=GOOD))
    assert inspect_adapter.ask_of(plain, SimpleNamespace(text="")) == Ask("Tea?", GOOD)


def test_missing_packages_are_named(rewarder, monkeypatch):
    monkeypatch.setitem(sys.modules, "inspect_ai.scorer", None)
    monkeypatch.setitem(sys.modules, "skyrl_gym.envs.base_text_env", None)
    with pytest.raises(MissingExtraError, match="pip install inspect-ai"):
        rubric_scorer(rewarder)
    skyrl._env_class.cache_clear()
    with pytest.raises(MissingExtraError, match="pip install skyrl-gym"):
        _ = skyrl.RubricEnv
    with pytest.raises(AttributeError):
        _ = skyrl.RubricEnvs


# SkyRL --------------------------------------------------------------------------------------------------------------


def episode(teller, text, **extras):
    kind = type("Env", (RubricTurn,), {"teller": teller})
    env = kind({}, extras)
    assert env.get_metrics() == {}
    assert env.init([{"role": "user", "content": "Tea?"}]) == ([{"role": "user", "content": "Tea?"}], {})
    return env, env.step(text)


def test_a_turn_is_scored_and_ends_the_episode(rewarder):
    env, out = episode(Teller(rewarder), PART, reward_spec={"ground_truth": "tea"})
    assert (out["reward"], out["done"], out["observations"]) == (pytest.approx(2 / 3), True, [])
    assert json.loads(out["metadata"]["verdicts"])["rubric"] == rewarder.rubrics[0].digest
    lost, said = episode(Teller(rewarder), COLD)
    assert (said["reward"], said["metadata"]["valid"], lost.get_metrics()["rubric/score"]) == (0.0, False, None)
    assert list(lost.get_metrics()) == list(env.get_metrics())
    with pytest.raises(PolicyError, match="SkyRL"):
        episode(Teller(rewarder, "abstain"), COLD)


def test_the_row_of_an_episode_names_rubric_and_reference():
    spec = {"ground_truth": "The answer."}
    assert skyrl.ask_of([], "a", {"rubric": "tea", "reward_spec": spec}) == Ask([], "a", "tea", "The answer.")
    assert skyrl.ask_of([], "a", {"reward_spec": {"ground_truth": '{"rubric": "r", "reference": "R"}'}}) == Ask(
        [], "a", "r", "R"
    )
    assert skyrl.ask_of([], "a", {}) == Ask([], "a")


# OpenEnv ------------------------------------------------------------------------------------------------------------


class WeightedSum:
    """A sum of parts, as far as the adapter knows OpenEnv's."""

    def __init__(self, weights, **parts):
        self.weights, self.parts = weights, parts

    def named_children(self):
        return self.parts.items()


def test_a_sum_of_sums_is_read_back_with_its_weights_and_awaited_where_it_must_be():
    async def later(action, observation):
        return float(observation == "Tea?")

    inner = WeightedSum([2.0, -1.0], a=later, b=lambda action, observation: 0.25)
    rubric, judge = openenv.rubric_of(WeightedSum([0.5, 0.5], x=inner, y=lambda a, o: len(a) / 10), "t", {"y": "Long."})
    assert [(c.id, c.weight) for c in rubric.leaves] == [("x.a", 1.0), ("x.b", -0.5), ("y", 0.5)]
    sample = rb.Sample("s", (rb.Message("user", "Tea?"),), "12345")
    assert Rewarder((rubric,), judge=judge).score_sync([sample])[0].reward == pytest.approx(1 - 0.125 + 0.25)
    other, same = openenv.rubric_of(inner, "t")[1], openenv.rubric_of(inner, "t")[1]
    assert judge.digest != other.digest == same.digest


def test_actions_and_observations_are_text_or_hold_it():
    assert openenv.read_text(SimpleNamespace(message="m"), {"content": "c"}) == Ask("c", "m")
    assert openenv.read_text("a", None) == Ask("", "a")
    with pytest.raises(SettingError, match="has no text"):
        openenv.read_text(3, "x")
    assert openenv.play_text(rb.Sample("s", (), "r")) == ("r", "")


def test_openenv_is_asked_for_by_name(rewarder, monkeypatch):
    monkeypatch.setitem(sys.modules, "openenv.core.rubrics", None)
    openenv._classes.cache_clear()
    with pytest.raises(MissingExtraError, match="pip install openenv"):
        openenv.rubric_tree(Teller(rewarder), rewarder.rubrics[0])
