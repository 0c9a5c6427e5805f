"""The verl adapter without verl: called as its managers call it. The real ones are in tests/trainers/test_verl.py."""

import asyncio
import inspect
import json
import math
import sys
from types import ModuleType

import numpy as np
import pytest

import rubricate as rb
from rubricate.errors import MissingExtraError, PolicyError, SettingError, UnknownNameError
from rubricate.integrations import verl, verl_estimators
from rubricate.integrations.configured import rewarder_of
from rubricate.integrations.dense import Segments
from rubricate.integrations.verl import compute_score, dense_scores
from rubricate.llm.scripted import JudgeScript
from rubricate.rewarder import Rewarder

RUBRIC = rb.Rubric(
    id="tea",
    criteria=[
        {"id": "warm", "text": "Says to warm the pot.", "tags": ["care"]},
        {"id": "cup", "text": "Names a cup.", "tags": ["things"]},
    ],
)
OWN = json.dumps({"id": "own", "criteria": [{"id": "milk", "text": "Names milk."}]})


def words(response, name, text):
    return None if "cold" in response else {"warm": "warm", "cup": "cup", "milk": "milk"}[name] in response.lower()


REWARDER = Rewarder((RUBRIC,), client=rb.ScriptedClient(JudgeScript(words)))


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    module = ModuleType("tea_rewards")
    module.rewarder = REWARDER
    monkeypatch.setitem(sys.modules, "tea_rewards", module)
    for cache in (rewarder_of, verl._split, verl._teller):
        cache.cache_clear()
    yield
    for cache in (rewarder_of, verl._split, verl._teller):
        cache.cache_clear()


def score(text, extra=None, truth="", **settings):
    settings = {"rewarder": "tea_rewards:rewarder"} | settings
    return asyncio.run(compute_score("rubric", text, truth, extra, **settings))


def test_it_is_a_coroutine_function_as_verl_wants():
    assert inspect.iscoroutinefunction(compute_score)


def test_the_same_finite_keys_for_every_response():
    rows = [score("Warm the pot."), score("cold"), score("milk", {"rubric": OWN}), score("x", {"rubric": "unknown"})]
    assert len({tuple(r) for r in rows}) == 1
    assert all(isinstance(v, float) and math.isfinite(v) for r in rows for v in r.values())
    assert [r["score"] for r in rows] == [0.5, 0.0, 1.0, 0.0]
    assert [r["valid"] for r in rows] == [1.0, 0.0, 1.0, 0.0]
    assert rows[0]["rubric/tag/care"] == 1.0
    assert (rows[2]["rubric/tag/care"], rows[2]["rubric/tag/care/known"]) == (0.0, 0.0)
    assert rows[1]["rubric/n_abstain"] == 2.0


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, 0.0), ({"on_missing": "lowest", "lowest": -1}, -1.0), ({"on_missing": "abstain"}, None)],
)
def test_what_verl_is_told_about_a_missing_reward_is_named(settings, expected):
    found = score("cold", **settings)
    assert math.isnan(found["score"]) if expected is None else found["score"] == expected
    assert found["valid"] == 0.0
    assert score("cup", **settings)["score"] == 0.5


def test_policies_that_need_a_group_are_refused_and_raise_raises():
    with pytest.raises(UnknownNameError, match="abstain, lowest, raise, zero"):
        score("cup", on_missing="group_mean")
    with pytest.raises(SettingError, match="lowest"):
        score("cup", on_missing="lowest")
    with pytest.raises(PolicyError):
        score("cold", on_missing="raise")
    with pytest.raises(UnknownNameError, match="Did you mean 'rewarder'"):
        score("cup", rewarders="x")


def test_settings_may_come_from_the_environment(monkeypatch, tmp_path):
    rb.write_rubrics([RUBRIC], tmp_path / "tea.yaml")
    monkeypatch.setenv("RUBRICATE_RUBRICS", str(tmp_path / "tea.yaml"))
    monkeypatch.setenv("RUBRICATE_ON_MISSING", "lowest")
    monkeypatch.setenv("RUBRICATE_LOWEST", "-0.5")
    found = asyncio.run(compute_score("rubric", "Warm the pot.", "", {"rubric": "unknown"}))
    assert found["score"] == -0.5
    assert asyncio.run(compute_score("rubric", "Warm the pot.", ""))["score"] == 0.5


def test_prompt_reference_and_documents_reach_the_judge():
    seen = []

    def judge(request):
        seen.append(request.messages[1].content)
        return JudgeScript(words)(request)

    sys.modules["tea_rewards"].rewarder = Rewarder((RUBRIC,), client=rb.ScriptedClient(judge))
    chat = np.array([{"role": "user", "content": "Tea, please."}], dtype=object)
    score("cup", {"prompt": chat, "documents": ["Pots are hot."]}, truth="Warm it first.")
    assert all(t in seen[0] for t in ("Tea, please.", "Pots are hot.", "Warm it first."))
    score("pot", {"prompt": "Milk?", "reference": "Other."}, truth="Warm it first.")
    assert "Other." in seen[1]
    assert "Warm it first." not in seen[1]


def test_verdicts_as_json_when_asked_for():
    found = score("Warm the pot.", verdicts=True)
    assert [v["criterion"] for v in json.loads(found["verdicts"])["verdicts"]] == ["warm", "cup"]
    assert "verdicts" not in score("Warm the pot.")


def test_what_verl_passes_for_a_served_reward_model_is_left_alone():
    assert score("cup", reward_router_address="x", reward_model_tokenizer=object())["score"] == 0.5


def test_through_a_server(serving):
    with serving([RUBRIC]) as url:
        found = asyncio.run(compute_score("rubric", "Warm the pot.", "", None, url=url, tags=["care"]))
    assert found["score"] == 0.5
    assert (found["rubric/tag/care"], found["rubric/tag/care/known"]) == (1.0, 1.0)
    away = asyncio.run(compute_score("rubric", "Warm the pot.", "", None, url="http://127.0.0.1:9", tags=["care"]))
    assert tuple(away) == tuple(found)
    assert (away["score"], away["valid"]) == (0.0, 0.0)


def test_dense_scores_add_up_and_lie_on_the_last_tokens_of_their_parts():
    nan = float("nan")
    parts = Segments(np.array([1.0, nan, 0.5]), np.array([0, 4, 8]), np.array([3, 7, 12]), np.array([0, 3]))
    found = dense_scores(0.25, parts, [0, 2, 4, 5, 8, 10, 12], 2.0)
    assert found.tolist() == [0.0, 1.0, 0.0, 0.0, 0.0, 0.5, 0.25]
    assert found.sum() == pytest.approx(0.25 + 2.0 * 0.75)
    nothing = Segments(np.array([nan]), np.array([0]), np.array([3]), np.array([0, 1]))
    assert dense_scores(0.25, nothing, [0, 2], 2.0).tolist() == [0.0, 0.25]
    assert dense_scores(0.25, Segments(*(np.zeros(0, int),) * 3, np.array([0, 0])), [], 1.0).tolist() == [0.25]


def test_the_manager_and_the_estimators_need_verl(monkeypatch):
    monkeypatch.setitem(sys.modules, "verl", None)
    verl._manager.cache_clear()
    with pytest.raises(MissingExtraError, match=r"rubricate\[verl\]"):
        _ = verl.RubricRewardManager
    with pytest.raises(MissingExtraError, match=r"rubricate\[verl\]"):
        verl_estimators.register_estimators()
    with pytest.raises(AttributeError, match="nonsense"):
        _ = verl.nonsense
