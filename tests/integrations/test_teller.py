"""One response at a time, told as a number; OpenRLHF's reward file and slime's functions as their trainers call them."""

import asyncio
import json
import logging
import math
import pickle
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import rubricate as rb
from rubricate.errors import MissingExtraError, PolicyError, RubricateError, SettingError, UnknownNameError
from rubricate.integrations import openrlhf, slime
from rubricate.integrations.openrlhf import RubricRewardFile, asks_of
from rubricate.integrations.slime import RubricRM, drop_unscored
from rubricate.integrations.teller import Ask, Teller, Told, label_of
from rubricate.llm.scripted import JudgeScript
from rubricate.metrics import COUNTED
from rubricate.rewarder import Rewarder

GOOD, PART, COLD = "Warm the pot first. Steep it for four minutes.", "Warm the pot first.", "cold"
WORDS = {"warm": "warm", "time": "minutes", "microwave": "microwave"}
SCRIPT = JudgeScript(lambda response, name, text: WORDS[name] in response.lower())


def judge(request):
    return "no idea" if "cold" in request.messages[1].content else SCRIPT(request)


def rewarder(tea, **more):
    return Rewarder((tea,), client=rb.ScriptedClient(judge), **more)


HERE: list[Rewarder] = []


def configured():
    return HERE[0]


@pytest.fixture
def environment(tea, monkeypatch):
    """The rewarder of the process, by its name."""
    HERE[:] = [rewarder(tea)]
    path = f"{__name__}:configured"
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or SimpleNamespace(configured=configured))
    monkeypatch.setenv("RUBRICATE_REWARDER", path)
    from rubricate.integrations.configured import rewarder_of

    rewarder_of.cache_clear()
    yield monkeypatch
    rewarder_of.cache_clear()


def as_json(rubric):
    return json.dumps(rubric.model_dump(mode="json", exclude_defaults=True))


# Told ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "lowest", "second"),
    [("zero", None, 0.0), ("lowest", -2.0, -2.0), ("group_mean", None, 5 / 6), ("abstain", None, None)],
)
def test_a_missing_reward_is_told_as_the_policy_says_and_never_counts_as_judged(tea, how, lowest, second):
    told = Teller(rewarder(tea), how, lowest=lowest).tell_sync([Ask("Tea?", t) for t in (GOOD, COLD, PART)])
    assert [t.valid for t in told] == [True, False, True]
    assert told[0].reward == 1.0
    assert told[2].reward == pytest.approx(2 / 3)
    assert told[1].reward == (second if second is None else pytest.approx(second))
    assert told[1].scored.reward is None
    assert [t.numbers["rubric/valid"] for t in told] == [1.0, 0.0, 1.0]


def test_groups_are_told_by_their_own_mean(tea):
    asks = [Ask("Tea?", GOOD), Ask("Tea?", COLD), Ask("Pot?", PART), Ask("Pot?", COLD)]
    told = asyncio.run(Teller(rewarder(tea), "group_mean").tell(asks))
    assert told[1].reward == told[0].reward != told[2].reward == told[3].reward


def test_a_call_without_any_reward_says_one_number_and_nobody_gains(tea):
    told = Teller(rewarder(tea), "group_mean").tell_sync([Ask("Tea?", COLD), Ask("Tea?", "cold too")])
    assert [t.reward for t in told] == [0.0, 0.0]
    assert not any(t.valid for t in told)
    with pytest.raises(PolicyError, match="missing"):
        Teller(rewarder(tea), "raise").tell_sync([Ask("Tea?", COLD)])


def test_names_and_numbers_stay_the_same_whatever_happens(tea, caplog):
    asks = [Ask("Tea?", GOOD), Ask("Tea?", COLD), Ask("Tea?", GOOD, "no such id"), Ask("Tea?", GOOD, None, None, 7)]
    with caplog.at_level(logging.WARNING, "rubricate.integrations"):
        told = Teller(rewarder(tea)).tell_sync(asks)
    assert {tuple(t.numbers) for t in told} == {COUNTED}
    assert len({tuple(t.known) for t in told}) == 1
    assert all(math.isfinite(v) for t in told for v in t.numbers.values())
    assert [t.scored.code for t in told] == ["ok", "no_reward", "unknown_rubric", "bad_row"]
    assert all(f"({t.scored.code})" in caplog.text for t in told[1:])
    assert json.loads(told[2].verdicts)["why"] == told[2].scored.why
    assert told[1].known["rubric/score"] is None


def test_strict_rewarders_raise_for_a_wrong_rubric_and_a_wrong_row(tea):
    for ask in (Ask("Tea?", GOOD, "no such id"), Ask("Tea?", GOOD, None, None, 7)):
        with pytest.raises(RubricateError):
            Teller(rewarder(tea, strict=True)).tell_sync([ask])


def test_no_asks_no_answers(tea):
    assert Teller(rewarder(tea)).tell_sync([]) == []


def test_settings_are_checked(tea):
    with pytest.raises(UnknownNameError, match="'zero'"):
        Teller(rewarder(tea), "zeros")
    with pytest.raises(SettingError, match="lowest"):
        Teller(rewarder(tea), "lowest")
    with pytest.raises(SettingError, match="a number"):
        Teller.configured(environ={"RUBRICATE_LOWEST": "low"})


def test_the_environment_chooses_the_rewarder_and_what_a_missing_reward_is(environment):
    environment.setenv("RUBRICATE_ON_MISSING", "lowest")
    environment.setenv("RUBRICATE_LOWEST", "-1")
    found = Teller.configured("zero")
    assert (found.rewarder, found.on_missing, found.lowest) == (HERE[0], "lowest", -1.0)
    assert Teller.configured("zero").rewarder is found.rewarder


def test_a_label_is_an_id_a_rubric_or_a_table(tea):
    assert label_of("tea") == ("tea", None)
    assert label_of(as_json(tea)) == (as_json(tea), None)
    assert label_of({"rubric": {"id": "x"}, "reference": "R"}) == ({"id": "x"}, "R")
    assert label_of({"rubric": "tea", "reference": 3}) == ("tea", None)
    assert label_of("{broken") == ("{broken", None)
    assert label_of(None) == (None, None)


# OpenRLHF -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def torch(monkeypatch):
    """Arrays in the place of tensors."""
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(tensor=np.asarray))


def test_the_reward_file_gives_what_openrlhf_reads(tea, torch):
    found = RubricRewardFile(Teller(rewarder(tea)))(["Tea?" + GOOD], ["Tea?"], ["tea"], unknown_option=1)
    assert set(found) == {"rewards", "scores", "extra_logs"}
    assert found["rewards"].tolist() == found["scores"].tolist() == [1.0]
    assert set(found["extra_logs"]) == set(COUNTED)
    assert all(v.shape == (1,) and np.isfinite(v).all() for v in found["extra_logs"].values())


def test_a_lost_verdict_is_a_zero_that_says_so_with_the_same_logs(tea, torch):
    reward = RubricRewardFile(Teller(rewarder(tea)))
    lost, good = reward(["Tea?cold"], ["Tea?"], ["tea"]), reward(["Tea?" + GOOD], ["Tea?"], ["tea"])
    assert lost["rewards"].tolist() == [0.0]
    assert lost["extra_logs"]["rubric/valid"].tolist() == [0.0]
    assert list(lost["extra_logs"]) == list(good["extra_logs"])


def test_scores_stay_in_the_unit_interval_where_rewards_do_not(tea, torch):
    bad = RubricRewardFile(Teller(rewarder(tea), "lowest", lowest=-3.0))(["Tea?cold"], ["Tea?"], ["tea"])
    assert (bad["rewards"].tolist(), bad["scores"].tolist()) == ([-3.0], [0.0])
    with pytest.raises(PolicyError, match=r"verdicts are missing.*numbers only"):
        RubricRewardFile(Teller(rewarder(tea), "abstain"))(["Tea?cold"], ["Tea?"], ["tea"])


def test_queries_lose_their_prompt_and_only_at_the_front():
    asks = asks_of(["Tea? Tea? yes", "no prompt"], ["Tea?", "Pot?"], ["a", '{"rubric": "b", "reference": "R"}'])
    assert asks == [Ask("Tea?", " Tea? yes", "a"), Ask("Pot?", "no prompt", "b", "R")]
    with pytest.raises(SettingError, match="1 prompts"):
        asks_of(["a", "b"], ["a"], None)


def test_the_module_function_reads_the_environment_and_pickles(environment, torch):
    reward = pickle.loads(pickle.dumps(openrlhf.reward_func))
    assert reward(queries=["Tea?" + GOOD], prompts=["Tea?"], labels=[""])["rewards"].tolist() == [1.0]


def test_torch_is_asked_for_by_name(tea, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="pip install torch"):
        RubricRewardFile(Teller(rewarder(tea)))(["a"], ["a"], ["tea"])


# slime --------------------------------------------------------------------------------------------------------------


@dataclass
class SlimeSample:
    prompt: Any = "Tea?"
    response: str = GOOD
    label: str | None = None
    metadata: Any = field(default_factory=dict)
    reward: Any = None
    remove_sample: bool = False


def run(reward, sample, **options):
    return asyncio.run(reward(SimpleNamespace(**options), sample))


def test_slime_gets_a_number_for_a_sample_and_numbers_for_a_group(tea):
    reward = RubricRM(Teller(rewarder(tea), "group_mean"))
    assert run(reward, SlimeSample()) == 1.0
    group = [SlimeSample(), SlimeSample(response=COLD), SlimeSample(response=PART)]
    assert run(reward, group, group_rm=True) == pytest.approx([1.0, 5 / 6, 2 / 3])
    assert [s.metadata["rubricate"]["valid"] for s in group] == [True, False, True]
    assert json.loads(group[1].metadata["rubricate"]["verdicts"])["verdicts"][0]["state"] == "unreadable"
    assert run(reward, []) == []


def test_the_filter_takes_out_exactly_what_was_not_judged(tea):
    group = [SlimeSample(), SlimeSample(response=COLD), SlimeSample(metadata=None)]
    run(RubricRM(Teller(rewarder(tea))), group[:2])
    drop_unscored(SimpleNamespace(), [group[:1], [group[1:2], group[2:]]])
    assert [s.remove_sample for s in group] == [False, True, False]


def test_with_a_reward_key_slime_gets_a_table_with_constant_names(tea):
    reward = RubricRM(Teller(rewarder(tea)))
    good, lost = (run(reward, SlimeSample(response=t), reward_key="score") for t in (GOOD, COLD))
    assert (good["score"], lost["score"], lost["rubric/valid"], lost["rubric/score"]) == (1.0, 0.0, 0.0, None)
    assert list(good) == list(lost)
    json.dumps(lost, allow_nan=False)


def test_the_rubric_of_a_sample_lies_in_its_metadata_or_label(tea):
    own = as_json(tea)
    ask = slime.ask_of(SlimeSample(label="The answer.", metadata={"rubric": own, "documents": ["D"]}))
    assert ask == Ask("Tea?", GOOD, own, "The answer.", ["D"])
    ask = slime.ask_of(SlimeSample(label='{"rubric": "tea", "reference": "R"}', metadata=None))
    assert ask == Ask("Tea?", GOOD, "tea", "R", None)
    assert slime.ask_of(SlimeSample(label="", metadata={"rubric": "tea"})).reference is None


def test_slimes_module_function_reads_the_environment_and_pickles(environment):
    assert run(pickle.loads(pickle.dumps(slime.rm)), SlimeSample(label="tea")) == 1.0
    assert isinstance(pickle.loads(pickle.dumps(Told(1.0, HERE[0].score_sync([])))), Told)
