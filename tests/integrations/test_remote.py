"""Scoring through a real reward server: the same results as in process, and what happens when it does not answer."""

import math
import pickle

import pytest

import rubricate as rb
from rubricate.errors import CallError, DataError, SettingError
from rubricate.integrations import remote
from rubricate.integrations.remote import RemoteRewarder, with_tag_rewards
from rubricate.integrations.trl import RubricReward
from rubricate.llm.faults import Faults
from rubricate.llm.server import MockServer, rules_named
from rubricate.rewarder import Rewarder


def samples(*texts, groups=("g",)):
    return [
        rb.Sample(f"s{k}", (rb.Message("user", "Tea?"),), t, groups[k % len(groups)], reference="Warm it.")
        for k, t in enumerate(texts)
    ]


def test_the_server_scores_as_the_rewarder_does(tea, serving, monkeypatch):
    monkeypatch.setattr(remote, "CHUNK", 2)  # several requests
    texts = ["Warm the pot first.", "Microwave.", "Nothing.", "The steeping time is four minutes."] * 2
    other = rb.Rubric(id="cake", criteria=[{"id": "x", "text": "Names flour.", "tags": ["baking"]}])
    asked = samples(*texts, groups=("a", "b", "c"))
    rubrics = [tea, "tea", other, tea.model_dump(mode="json", exclude_defaults=True), *["tea"] * 3, "unknown"]
    with serving([tea, other]) as url:
        far = RemoteRewarder(url, tags=("baking",))
        found = pickle.loads(pickle.dumps(far)).score_sync(asked, rubrics, step=3)
    near = Rewarder((tea, other), tags=("baking",)).score_sync(asked, rubrics)
    assert [s.sample for s in found] == [s.id for s in asked]
    assert [s.reward for s in found] == [s.reward for s in near]
    assert [s.verdicts for s in found] == [s.verdicts for s in near]
    assert [s.code for s in found] == [s.code for s in near]
    assert found[-1].code == "unknown_rubric"
    assert {tuple(s.metrics) for s in found} == {far.curves.names}
    assert found[2].metrics["rubric/tag/baking"] == 0.0
    assert math.isnan(found[0].metrics["rubric/tag/baking"])


def test_a_judge_without_verdicts_gives_no_reward_through_the_server(tea, serving):
    broken = MockServer(rules_named("met"), faults=Faults(bad_json=1.0)).in_thread()
    with broken as mock, serving([tea], "--base-url", mock.url, "--model", "scripted") as url:
        told = RubricReward(RemoteRewarder(url))(prompts=["Tea?"], completions=["Warm."])
    assert told == [None]


def test_a_server_that_is_not_there_costs_the_rewards_and_raises_under_strict(tea):
    far = RemoteRewarder("http://127.0.0.1:9", attempts=1)
    (scored,) = far.score_sync(samples("Warm."))
    assert (scored.reward, scored.code) == (None, "no_reward")
    assert "ClientConnector" in scored.why
    with pytest.raises(CallError):
        RemoteRewarder("http://127.0.0.1:9", attempts=1, strict=True).score_sync(samples("Warm."))


def test_a_server_that_refuses_says_so(tea, serving):
    with serving([tea], env={"RUBRICATE_API_KEYS": "right"}) as url:
        assert RemoteRewarder(url, "right").score_sync(samples("Warm the pot first."))[0].reward is not None
        (scored,) = RemoteRewarder(url, "wrong").score_sync(samples("Warm."))
        with pytest.raises(DataError, match="401"):
            RemoteRewarder(url, "wrong", strict=True).score_sync(samples("Warm."))
    assert scored.code == "refused"
    assert "401" in scored.why


def test_rewards_by_tag_need_a_server_that_gives_them(tea, serving):
    with serving([tea]) as url, pytest.raises(SettingError, match="the same tag_rewards"):
        with_tag_rewards(RemoteRewarder(url), ["care"]).score_sync(samples("Warm."))


def test_settings_are_checked(tea):
    with pytest.raises(SettingError, match="http"):
        RemoteRewarder("localhost:8080")
    with pytest.raises(SettingError, match="1 samples and 2 rubrics"):
        RemoteRewarder("http://x").score_sync(samples("a"), [tea, tea])
