"""The TRL adapter without TRL: called as a trainer calls it. The real trainers are in tests/trainers/test_trl.py."""

import asyncio
import json
import math
import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import rubricate as rb
from rubricate.errors import (
    MissingExtraError,
    PolicyError,
    RubricateError,
    RubricError,
    SettingError,
    ShapeError,
    UnknownNameError,
)
from rubricate.integrations import trl
from rubricate.integrations.configured import rewarder_of
from rubricate.integrations.swift import RubricORM, register_reward
from rubricate.integrations.trl import AsyncRubricReward, Columns, RubricReward, tag_rewards
from rubricate.llm.scripted import JudgeScript
from rubricate.recipe import Recipe
from rubricate.rewarder import Rewarder
from rubricate.steps import ref, step
from rubricate.store import RunFolder

GOOD, BAD = "Warm the pot first. The steeping time is four minutes.", "Put the cup in the microwave."


WORDS = {"warm": "warm", "time": "minutes", "microwave": "microwave", "cup": "cup", "milk": "milk", "x": "p"}


def words(response, name, text):
    """A judge that looks for one word."""
    return WORDS[name] in response.lower()


def lost_for(word):
    inner = JudgeScript(words)
    return rb.ScriptedClient(lambda request: "no idea" if word in request.messages[1].content else inner(request))


def as_json(rubric):
    return json.dumps(rubric.model_dump(mode="json", exclude_defaults=True))


class Hooks:
    """What TRL offers to a reward function."""

    def __init__(self):
        self.metrics, self.extra, self.trainer_state = {}, {}, SimpleNamespace(global_step=7)

    def columns(self):
        return {
            "trainer_state": self.trainer_state,
            "log_metric": lambda name, value: self.metrics.setdefault(name, []).append(value),
            "log_extra": lambda name, values: self.extra.setdefault(name, []).extend(values),
            "completion_ids": [[1], [2]],
        }


def call(reward, prompts, completions, **columns):
    found = reward(prompts=prompts, completions=completions, **columns)
    return asyncio.run(found) if asyncio.iscoroutine(found) else found


FORMS = pytest.mark.parametrize("form", [RubricReward, AsyncRubricReward])


@FORMS
def test_one_number_per_row_and_none_where_there_is_none(tea, form):
    reward = form(Rewarder((tea,), client=lost_for("cold")))
    chat = [[{"role": "user", "content": "Tea?"}]] * 3
    told = call(reward, chat, [[{"role": "assistant", "content": t}] for t in (GOOD, "cold", BAD)])
    assert told[1] is None
    assert told[0] == 1.0
    assert all(isinstance(v, float) and math.isfinite(v) for v in (told[0], told[2]))


@FORMS
def test_curves_and_verdicts_reach_the_trainers_log(tea, form, tmp_path):
    hooks, rewarder = Hooks(), Rewarder((tea,), client=lost_for("cold"), log=str(tmp_path / "run"))
    call(form(rewarder), ["Tea?"] * 2, [GOOD, "cold"], **hooks.columns())
    assert hooks.metrics["rubric/valid"] == [0.5]
    assert hooks.metrics["rubric/score"] == [1.0]
    assert all(np.isfinite(v) for values in hooks.metrics.values() for v in values)
    first, second = map(json.loads, hooks.extra["rubric/verdicts"])
    assert [v["state"] for v in second["verdicts"]] == ["unreadable"] * 3
    assert second["why"] == "verdicts are missing"
    assert first["rubric"] == tea.digest
    assert [s.metadata["step"] for s in RunFolder.open(tmp_path / "run").samples()] == [7, 7]


def test_hooks_may_be_missing(tea):
    assert call(RubricReward(Rewarder((tea,))), ["Tea?"], [GOOD]) == [1.0]


def test_rubrics_travel_as_json_or_id_beside_references_and_documents():
    seen = []

    def judge(request):
        seen.append(request.messages[1].content)
        return JudgeScript(words)(request)

    rubric = rb.Rubric(id="own", criteria=[{"id": "x", "text": "Names a pot."}])
    known = rb.Rubric(id="known", criteria=[{"id": "x", "text": "Names a cup."}])
    reward = RubricReward(
        Rewarder((known,), client=rb.ScriptedClient(judge)), columns=Columns(rubric="criteria", documents="evidence")
    )
    told = call(
        reward, ["Tea?"] * 2, ["pot", "cup"], criteria=[as_json(rubric), "known"],
        reference=["A pot is used.", ""], evidence=['["Pots are hot."]', None],
    )  # fmt: skip
    assert told == [1.0, 1.0]
    assert "A pot is used." in seen[0]
    assert "Pots are hot." in seen[0]
    assert "reference" not in seen[1]


def test_reasoning_is_not_judged(tea):
    reward = RubricReward(Rewarder((tea,)))
    inside, outside = call(reward, ["Tea?"] * 2, [f"<think>{GOOD}</think> {BAD}", BAD])
    assert inside == outside
    # a block that the chat template opened, so that only its end is in the completion
    assert call(reward, ["Tea?"], [f"{GOOD}</think>{BAD}"]) == [outside]


@pytest.mark.parametrize(
    ("on_missing", "expected"), [("abstain", None), ("zero", 0.0), ("lowest", -2.0), ("group_mean", 1.0)]
)
def test_what_the_trainer_is_told_about_a_missing_reward_is_named(tea, on_missing, expected):
    reward = RubricReward(Rewarder((tea,), client=lost_for("cold")), on_missing=on_missing, lowest=-2.0)
    told = call(reward, ["Tea?", "Tea?", "Milk?"], [GOOD, "cold", BAD])
    assert told[1] == expected
    assert told[0] == 1.0


def test_raise_ends_the_training_and_unknown_policies_are_refused(tea):
    with pytest.raises(PolicyError, match="1 of 2 rewards are missing"):
        call(RubricReward(Rewarder((tea,), client=lost_for("cold")), on_missing="raise"), ["Tea?"] * 2, [GOOD, "cold"])
    with pytest.raises(UnknownNameError, match="abstain"):
        RubricReward(Rewarder((tea,)), on_missing="none")


def test_one_bad_row_brings_nothing_down_unless_strict(tea):
    rubrics = [as_json(tea), "{broken", "unknown"]
    assert call(RubricReward(Rewarder((tea,))), ["Tea?"] * 3, [GOOD] * 3, rubric=rubrics) == [1.0, None, None]
    with pytest.raises(RubricateError, match="JSON"):
        call(RubricReward(Rewarder((tea,), strict=True)), ["Tea?"] * 3, [GOOD] * 3, rubric=rubrics)


def test_a_data_set_without_usable_rubrics_is_a_mistake_that_is_said(tea):
    with pytest.raises(RubricError, match="none of the 2 rows can be scored"):
        call(RubricReward(Rewarder((tea,))), ["Tea?"] * 2, [GOOD] * 2, rubric=["a", "b"])
    with pytest.raises(SettingError, match="2 prompts and 1 rubrics"):
        call(RubricReward(Rewarder((tea,))), ["Tea?"] * 2, [GOOD] * 2, rubric=["tea"])


def _infinite(scores):
    return np.full(len(scores), np.inf)


def test_an_infinite_reward_never_reaches_the_trainer(tea):
    rewarder = Rewarder((tea,), recipe=Recipe(reward=step(_infinite, ref("scores"))))
    assert call(RubricReward(rewarder), ["Tea?"], [GOOD]) == [None]
    with pytest.raises(ShapeError, match="infinite"):
        trl._Batch(rewarder, ["Tea?"], [GOOD], {}, Columns()).told([math.inf], "abstain", None)


@FORMS
def test_it_pickles_and_is_named_for_the_log(tea, form):
    reward = pickle.loads(pickle.dumps(form(Rewarder((tea,)), name="tea")))
    assert reward.__name__ == "tea"
    assert call(reward, ["Tea?"], [GOOD]) == [1.0]


def test_it_works_in_another_process(tea, tmp_path):
    (tmp_path / "reward").write_bytes(pickle.dumps(RubricReward(Rewarder((tea,)))))
    code = (
        "import pickle, sys; reward = pickle.load(open(sys.argv[1], 'rb')); "
        "print(reward(prompts=['Tea?'] * 2, completions=[sys.argv[2], '']))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "reward"), GOOD]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[1.0,", "0.0]"]


def test_plain_functions_take_their_rewarder_from_the_environment(tea, tmp_path, monkeypatch):
    path = tmp_path / "tea.yaml"
    rb.write_rubrics([tea], path)
    monkeypatch.setenv("RUBRICATE_RUBRICS", str(path))
    rewarder_of.cache_clear()
    assert call(trl.rubric_reward, ["Tea?"], [GOOD]) == [1.0]
    assert call(trl.async_rubric_reward, ["Tea?"], [GOOD]) == [1.0]
    assert pickle.loads(pickle.dumps(trl.rubric_reward)) is trl.rubric_reward
    table = {}
    register_reward(table)
    messages = [[{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": GOOD}]]
    assert table["rubricate"] is RubricORM
    assert table["rubricate"]()([GOOD], messages=messages) == [1.0]
    # None would be summed as 0 there: a lost row gets the mean, and advantage 0
    assert table["rubricate"]()([GOOD, GOOD], messages=messages * 2, rubric=["tea", "nope"]) == [1.0, 1.0]
    monkeypatch.setenv("RUBRICATE_ON_MISSING", "lowest")
    monkeypatch.setenv("RUBRICATE_LOWEST", "-1")
    assert table["rubricate"]()([GOOD, GOOD], messages=messages * 2, rubric=["tea", "nope"]) == [1.0, -1.0]
    assert call(trl.rubric_reward, ["Tea?"] * 2, [GOOD] * 2, rubric=["tea", "nope"]) == [1.0, -1.0]
    with pytest.raises(MissingExtraError, match="pip install ms-swift"):
        register_reward()


TAGGED = rb.Rubric(
    id="tagged",
    criteria=[
        {"id": "warm", "text": "Says to warm the pot.", "tags": ["care"]},
        {"id": "cup", "text": "Names a cup.", "tags": ["things"]},
        {"id": "milk", "text": "Names milk.", "tags": ["things"]},
    ],
)


@pytest.mark.parametrize("sync", [True, False])
def test_one_function_per_tag_judges_a_batch_once(sync):
    count = []

    def judge(request):
        count.append(1)
        return JudgeScript(words)(request)

    hooks = Hooks()
    functions = tag_rewards(
        Rewarder((TAGGED,), client=rb.ScriptedClient(judge), cache=False), ["care", "things"], sync=sync
    )
    assert [f.__name__ for f in functions] == ["rubric/care", "rubric/things"]

    async def together(texts):
        return await asyncio.gather(*(f(prompts=["Tea?"] * 2, completions=texts, **hooks.columns()) for f in functions))

    def told(texts):
        if sync:
            return [f(prompts=["Tea?"] * 2, completions=texts, **hooks.columns()) for f in functions]
        return asyncio.run(together(texts))

    texts = ["Warm the pot.", "A cup."]
    assert told(texts) == [[1.0, 0.0], [0.0, 0.5]]
    assert len(count) == 2
    assert hooks.metrics["rubric/valid"] == [1.0]
    assert told(texts) == [[1.0, 0.0], [0.0, 0.5]]  # the same batch again is a new one
    assert len(count) == 4
    copies = pickle.loads(pickle.dumps(tag_rewards(Rewarder((TAGGED,)), ["care", "things"], sync=sync)))
    assert copies[0].shared is copies[1].shared
    assert [c.__name__ for c in copies] == ["rubric/care", "rubric/things"]


@pytest.mark.parametrize("sync", [True, False])
def test_a_failing_batch_fails_for_all_tags_and_is_forgotten(sync):
    functions = tag_rewards(Rewarder((TAGGED,)), ["care", "things"], sync=sync)

    async def together():
        asked = (f(prompts=["Tea?"], completions=["A"], rubric=["unknown"]) for f in functions)
        return await asyncio.gather(*asked, return_exceptions=True)

    if sync:
        found = []
        for f in functions:
            with pytest.raises(RubricError):
                f(prompts=["Tea?"], completions=["A"], rubric=["unknown"])
    else:
        found = asyncio.run(together())
    assert all(isinstance(e, RubricError) for e in found)
    assert call(functions[0], ["Tea?"], ["Warm the pot."]) == [1.0]


def test_a_tag_abstains_alone():
    client = rb.ScriptedClient(JudgeScript(lambda response, name, text: None if name == "milk" else True))
    care, things = tag_rewards(Rewarder((TAGGED,), client=client), ["care", "things"], sync=True)
    assert call(care, ["Tea?"], ["A"]) == [1.0]
    assert call(things, ["Tea?"], ["A"]) == [None]


@pytest.mark.parametrize("tags", [[], ["a", "a"]])
def test_tags_are_one_or_more_and_different(tags):
    with pytest.raises(SettingError, match="different tags"):
        tag_rewards(Rewarder((TAGGED,)), tags)


def test_the_trainer_subclass_needs_trl(monkeypatch):
    monkeypatch.setitem(sys.modules, "trl", None)
    trl._dense_trainer.cache_clear()
    with pytest.raises(MissingExtraError, match=r"rubricate\[trl\]"):
        _ = trl.DenseGRPOTrainer
    trl._dense_trainer.cache_clear()
    with pytest.raises(AttributeError, match="nonsense"):
        _ = trl.nonsense
