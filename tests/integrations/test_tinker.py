"""The tinker adapter without tinker: its objects in outline. The real ones are in tests/adapters/test_tinker.py."""

import asyncio
import json
import math
import pickle
import sys
from abc import ABC, abstractmethod
from types import ModuleType, SimpleNamespace

import pytest

import rubricate as rb
from rubricate.errors import MissingExtraError, PolicyError, SettingError, UnknownNameError
from rubricate.integrations import tinker
from rubricate.integrations.configured import rewarder_of
from rubricate.llm.scripted import JudgeScript
from rubricate.rewarder import Rewarder

GOOD, PART, COLD = "Warm the pot first. Steep it for four minutes.", "Warm the pot first.", "cold"
WORDS = {"warm": "warm", "time": "minutes", "microwave": "microwave"}
SCRIPT = JudgeScript(lambda response, name, text: WORDS[name] in response.lower())


class Env(ABC):
    @abstractmethod
    async def step(self, action, *, extra=None): ...


class EnvGroupBuilder(ABC):
    @abstractmethod
    async def make_envs(self): ...


class Letters:
    """A renderer whose tokens are the codes of letters; thinking is a part of its own, as in tinker's."""

    def build_generation_prompt(self, messages):
        return [ord(c) for m in messages for c in m["content"]]

    def get_stop_sequences(self):
        return ["\n"]

    def parse_response(self, action):
        parts = [{"type": "thinking", "thinking": "microwave?"}, {"type": "text", "text": "".join(map(chr, action))}]
        return {"role": "assistant", "content": parts}, "stop_sequence"


@pytest.fixture(autouse=True)
def outline(monkeypatch):
    types = ModuleType("tinker_cookbook.rl.types")
    types.Env, types.EnvGroupBuilder, types.StepResult = Env, EnvGroupBuilder, SimpleNamespace
    model = ModuleType("tinker")
    model.ModelInput = SimpleNamespace(empty=lambda: [])
    for name, module in {"tinker_cookbook.rl.types": types, "tinker": model}.items():
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("tinker_cookbook", "tinker_cookbook.rl"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    tinker._classes.cache_clear()
    yield
    tinker._classes.cache_clear()


@pytest.fixture
def rewarder(tea):
    def judge(request):
        return "no idea" if "cold" in request.messages[1].content else SCRIPT(request)

    return Rewarder((tea,), client=rb.ScriptedClient(judge))


def group(rewarder, **more):
    return tinker.RubricGroupBuilder(Letters(), "Tea?", rewarder=rewarder, **more)


def played(builder, *texts):
    """(step results, group rewards) of one episode per text."""

    async def play():
        envs = await builder.make_envs()
        assert (await envs[0].initial_observation()) == ([84, 101, 97, 63], ["\n"])
        steps = [await env.step([ord(c) for c in text]) for env, text in zip(envs, texts, strict=True)]
        return steps, await builder.compute_group_rewards(steps, envs)

    return asyncio.run(play())


def test_each_step_ends_its_episode_with_its_own_reward(rewarder):
    steps, finals = played(group(rewarder, size=2), GOOD, PART)
    assert [s.reward for s in steps] == pytest.approx([1.0, 2 / 3])
    assert all(s.episode_done and s.next_observation == [] for s in steps)
    assert finals == [(0.0, {}), (0.0, {})]
    assert json.loads(steps[1].logs["rubric/verdicts"])["verdicts"][0]["criterion"] == "warm"
    assert (steps[1].logs["rubric/valid"], steps[1].logs["rubric/why"]) == (1, "")


def test_thinking_is_no_part_of_the_response(rewarder):
    builder = group(rewarder, size=1)

    async def said():
        (env,) = await builder.make_envs()
        await env.step([ord(c) for c in PART])
        return env.response

    assert asyncio.run(said()) == PART


def test_a_response_without_a_reward_raises_its_reason(rewarder):
    with pytest.raises(PolicyError, match=r"verdicts are missing.*tinker takes numbers only"):
        played(group(rewarder, size=1), COLD)
    with pytest.raises(PolicyError, match="unknown rubric 'cake'"):
        played(group(rewarder, size=1, rubric="cake"), GOOD)


@pytest.mark.parametrize(("how", "lowest", "told"), [("zero", None, 0.0), ("lowest", -1.0, -1.0)])
def test_numbers_only_by_name_and_with_the_same_curves(rewarder, how, lowest, told):
    steps, _ = played(group(rewarder, size=2, on_missing=how, lowest=lowest), GOOD, COLD)
    assert [s.reward for s in steps] == [1.0, told]
    assert list(steps[0].metrics) == list(steps[1].metrics)
    assert (steps[1].metrics["rubric/valid"], steps[1].metrics["rubric/score"]) == (0.0, None)
    assert (steps[1].logs["rubric/valid"], steps[1].logs["rubric/why"]) == (0, "verdicts are missing")
    assert all(v is None or math.isfinite(v) for s in steps for v in s.metrics.values())


def test_together_the_group_is_judged_at_its_end(rewarder):
    steps, finals = played(group(rewarder, size=3, together=True, on_missing="group_mean"), GOOD, COLD, PART)
    assert [(s.reward, s.metrics) for s in steps] == [(0.0, {})] * 3
    assert [r for r, _ in finals] == pytest.approx([1.0, 5 / 6, 2 / 3])
    assert [m["rubric/valid"] for _, m in finals] == [1.0, 0.0, 1.0]
    with pytest.raises(PolicyError, match="verdicts are missing"):
        played(group(rewarder, size=2, together=True), GOOD, COLD)


def test_builders_pickle_and_carry_what_their_row_says(tea):
    own = json.dumps(tea.model_dump(mode="json", exclude_defaults=True))
    builder = group(Rewarder((tea,)), rubric=own, reference="R", documents=("D",), tags=("tea", "care"))
    same = pickle.loads(pickle.dumps(builder))
    assert (same.rubric, same.rewarder, same.logging_tags()) == (own, builder.rewarder, ["tea", "care"])
    ask = same.ask("a")
    assert (ask.prompt, ask.response, ask.rubric, ask.reference, ask.documents) == (
        [{"role": "user", "content": "Tea?"}], "a", own, "R", ["D"],
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(tinker.RubricEnv)) is tinker.RubricEnv


def test_without_a_rewarder_the_environment_has_one(tea, tmp_path, monkeypatch):
    rb.write_rubrics([tea], tmp_path / "tea.yaml")
    monkeypatch.setenv("RUBRICATE_RUBRICS", str(tmp_path / "tea.yaml"))
    rewarder_of.cache_clear()
    steps, _ = played(tinker.RubricGroupBuilder(Letters(), "Tea?", size=1), GOOD)
    assert steps[0].reward == 1.0


def test_settings_are_checked_when_the_group_is_made(rewarder):
    with pytest.raises(UnknownNameError, match="'zero'"):
        group(rewarder, on_missing="zeros")
    with pytest.raises(SettingError, match="lowest"):
        group(rewarder, on_missing="lowest")
    with pytest.raises(SettingError, match="size=0"):
        group(rewarder, size=0)


def test_tinker_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "tinker_cookbook.rl.types", None)
    tinker._classes.cache_clear()
    with pytest.raises(MissingExtraError, match="pip install tinker-cookbook"):
        _ = tinker.RubricGroupBuilder
    with pytest.raises(AttributeError):
        _ = tinker.RubricGroups
