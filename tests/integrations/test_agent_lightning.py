"""The agent-lightning adapter without it: its two emitters in outline. The real ones: tests/adapters."""

import asyncio
import json
import math
import pickle
import sys
from types import ModuleType

import pytest

import rubricate as rb
from rubricate.errors import MissingExtraError, PolicyError, SettingError, UnknownNameError
from rubricate.integrations.agent_lightning import RubricSpan
from rubricate.integrations.teller import Ask
from rubricate.llm.scripted import JudgeScript
from rubricate.metrics import COUNTED
from rubricate.rewarder import Rewarder

GOOD, COLD = "Warm the pot first. Steep it for four minutes.", "cold"
WORDS = {"warm": "warm", "time": "minutes", "microwave": "microwave"}
SCRIPT = JudgeScript(lambda response, name, text: WORDS[name] in response.lower())


@pytest.fixture
def spans(monkeypatch):
    """What was emitted: (kind, content, settings)."""
    emitted = []
    module = ModuleType("agentlightning.emitter")
    module.emit_reward = lambda reward, **more: emitted.append(("reward", reward, more))
    module.emit_annotation = lambda annotation, **more: emitted.append(("annotation", annotation, more))
    monkeypatch.setitem(sys.modules, "agentlightning", ModuleType("agentlightning"))
    monkeypatch.setitem(sys.modules, "agentlightning.emitter", module)
    return emitted


@pytest.fixture
def rewarder(tea):
    def judge(request):
        return "no idea" if "cold" in request.messages[1].content else SCRIPT(request)

    return Rewarder((tea,), client=rb.ScriptedClient(judge))


def test_a_reward_is_one_span_with_its_counts_and_verdicts(rewarder, spans):
    for told in (asyncio.run(RubricSpan(rewarder)(Ask("Tea?", GOOD))), RubricSpan(rewarder).sync(Ask("Tea?", GOOD))):
        assert (told.reward, told.valid) == (1.0, True)
    (kind, reward, more), other = spans
    assert (kind, reward) == other[:2]
    assert kind == "reward"
    assert list(reward) == ["rubric", *COUNTED]
    assert (reward["rubric"], more["primary_key"], more["propagate"]) == (1.0, "rubric", True)
    assert json.loads(more["attributes"]["rubricate.verdicts"])["verdicts"][0]["criterion"] == "warm"
    assert all(math.isfinite(v) for v in reward.values())


def test_without_a_reward_no_reward_is_emitted_and_the_reason_is_written_down(rewarder, spans):
    told = RubricSpan(rewarder, propagate=False).sync(Ask("Tea?", COLD))
    assert told.reward is None
    ((kind, note, more),) = spans
    assert (kind, note["rubricate.why"], more) == ("annotation", "verdicts are missing", {"propagate": False})


def test_numbers_and_failures_by_name(rewarder, spans):
    told = RubricSpan(rewarder, "lowest", lowest=-1.0).sync(Ask("Tea?", COLD))
    assert (told.reward, told.valid) == (-1.0, False)
    ((_, reward, _),) = spans
    assert (reward["rubric"], reward["rubric/valid"]) == (-1.0, 0.0)
    with pytest.raises(PolicyError, match="missing"):
        RubricSpan(rewarder, "raise").sync(Ask("Tea?", COLD))


def test_settings_are_checked_and_it_pickles(tea):
    with pytest.raises(UnknownNameError, match="'zero'"):
        RubricSpan(Rewarder((tea,)), "zeros")
    with pytest.raises(SettingError, match="lowest"):
        RubricSpan(Rewarder((tea,)), "lowest")
    span = RubricSpan(Rewarder((tea,)), "zero")
    assert pickle.loads(pickle.dumps(span)) == span


def test_agent_lightning_is_asked_for_by_name(tea, monkeypatch):
    monkeypatch.setitem(sys.modules, "agentlightning.emitter", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'agentlightning==0.3.\*'"):
        RubricSpan(Rewarder((tea,))).sync(Ask("Tea?", GOOD))
