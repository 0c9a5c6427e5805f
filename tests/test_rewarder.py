"""The rewarder: one place for what a trainer asks; nothing missing becomes a number, nothing takes others with it."""

import asyncio
import dataclasses
import json
import math
import pickle

import numpy as np
import pytest

import rubricate as rb
from rubricate.credit import grpo
from rubricate.errors import LockError, SettingError, UnknownNameError
from rubricate.llm.scripted import JudgeScript, met
from rubricate.pipeline import rescore
from rubricate.rewarder import Rewarder
from rubricate.rewards import weighted_mean
from rubricate.steps import ref, step
from rubricate.store import RunFolder
from rubricate.types import State


def asked(*texts, group="tea", rubric=""):
    return [rb.Sample(f"s{k}", (rb.Message("user", "Tea?"),), text, group, rubric) for k, text in enumerate(texts)]


GOOD, BAD = "Warm the pot first. The steeping time is four minutes.", "Put the cup in the microwave."


def test_rewards_are_those_of_a_run(tea):
    samples = asked(GOOD, BAD)
    scored = Rewarder((tea,)).score_sync(samples)
    assert [s.reward for s in scored] == pytest.approx(rb.run(tea, samples).rewards.values.tolist())
    assert [s.sample for s in scored] == ["s0", "s1"]
    assert all(s.rubric == tea.digest and len(s.verdicts) == 3 for s in scored)


def test_the_reasoning_block_is_not_judged(tea):
    inside, outside = Rewarder((tea,)).score_sync(asked(f"<think>{GOOD}</think> {BAD}", BAD))
    assert inside.reward == outside.reward
    assert Rewarder((tea,)).score_sync(asked(GOOD))[0].reward != outside.reward


def test_metrics_have_the_same_names_for_every_response(tea):
    other = rb.Rubric(id="cake", criteria=[{"id": "x", "text": "Names flour.", "tags": ["baking"]}])
    rewarder = Rewarder((tea, other))
    scored = rewarder.score_sync(
        [*asked(GOOD, rubric="tea"), *asked("Flour.", rubric="cake"), *asked("?", rubric="no")]
    )
    assert {tuple(s.metrics) for s in scored} == {rewarder.curves.names}
    assert scored[1].metrics["rubric/tag/baking"] == 1.0
    assert math.isnan(scored[0].metrics["rubric/tag/baking"])
    assert (scored[2].reward, scored[2].metrics["rubric/valid"]) == (None, 0.0)
    assert "unknown rubric 'no'" in scored[2].why


def test_a_single_rubric_gives_a_curve_per_criterion_in_which_one_is_good(tea):
    good, bad = Rewarder((tea,)).score_sync(asked(GOOD, BAD))
    assert [good.metrics[f"rubric/criterion/{c}"] for c in ("warm", "time", "microwave")] == [1.0, 1.0, 1.0]
    assert [bad.metrics[f"rubric/criterion/{c}"] for c in ("warm", "time", "microwave")] == [0.0, 0.0, 0.0]
    assert (good.metrics["rubric/n_met"], bad.metrics["rubric/n_met"]) == (2.0, 1.0)


def test_n_met_counts_a_pitfall_with_positive_weight_as_it_is_worded():
    rubric = rb.Rubric(
        id="r", criteria=[{"id": "p", "text": "Names a microwave.", "weight": 1, "polarity": "bad_if_met"}]
    )
    (scored,) = Rewarder((rubric,)).score_sync(asked(BAD))
    assert (scored.reward, scored.metrics["rubric/n_met"], scored.metrics["rubric/criterion/p"]) == (0.0, 1.0, 0.0)


def unreadable_for(word):
    inner = JudgeScript(met)
    return rb.ScriptedClient(lambda request: "no idea" if word in request.messages[1].content else inner(request))


def test_an_unreadable_judge_gives_no_reward_and_no_other_response_suffers(tea):
    lost, kept = Rewarder((tea,), client=unreadable_for("microwave. Put")).score_sync(
        asked("A microwave. Put it in.", GOOD)
    )
    assert (lost.reward, lost.why) == (None, "verdicts are missing")
    assert {v.state for v in lost.verdicts} == {State.UNREADABLE}
    assert lost.metrics["rubric/n_missing"] == 3.0
    assert math.isnan(lost.metrics["rubric/score"])
    assert kept.reward is not None


def test_what_is_late_is_timed_out_and_what_was_in_time_stays(tea):
    script, started = JudgeScript(met), []

    class Slow(rb.ScriptedClient):
        async def complete(self, request):
            started.append(request)
            if "cold" in request.messages[1].content:
                await asyncio.Event().wait()  # never answers
            return await super().complete(request)

    late, quick = Rewarder((tea,), client=Slow(script), deadline=0.3).score_sync(asked("cold water", GOOD))
    assert {v.state for v in late.verdicts} == {State.TIMED_OUT}
    assert late.reward is None
    assert "within the 0.3 s" in late.verdicts[0].reason
    assert quick.reward is not None


def test_equal_questions_are_asked_once_per_process(tea):
    count = []
    script = JudgeScript(met)
    client = rb.ScriptedClient(lambda r: count.append(1) or script(r))
    rewarder = Rewarder((tea,), client=client)
    first, again = rewarder.score_sync(asked(GOOD, GOOD))
    rewarder.score_sync(asked(GOOD))
    assert len(count) == 1
    assert first.reward == again.reward
    uncached = Rewarder((tea,), client=client, cache=False)
    uncached.score_sync(asked(GOOD, GOOD))
    assert len(count) == 3


def test_rubrics_travel_as_ids_json_or_data(tea):
    rewarder = Rewarder((tea,))
    text = json.dumps(tea.model_dump(mode="json", exclude_defaults=True))
    given = [tea, "tea", text, json.loads(text), None, ""]
    scored = rewarder.score_sync(asked(*[GOOD] * len(given)), given)
    assert {s.reward for s in scored} == {1.0}
    assert {s.rubric for s in scored} == {tea.digest}


def test_two_rubrics_with_one_id_in_a_batch_stay_apart(tea):
    other = rb.Rubric(id="own", criteria=[{"id": "a", "text": "Names a microwave."}])
    twin = rb.Rubric(id="own", criteria=[{"id": "a", "text": "Names a pot."}])
    first, second = Rewarder().score_sync(asked(BAD, BAD), [other, twin])
    assert (first.reward, second.reward) == (1.0, 0.0)


def test_a_rubric_that_changed_under_a_run_is_refused(tea):
    changed = tea.model_copy(update={"policy": rb.Rubric(id="x", criteria=tea.criteria).policy})
    scored, fine = Rewarder((tea,)).score_sync(asked(GOOD, GOOD), [changed, tea])
    assert scored.reward is None
    assert "this run began with" in scored.why
    assert fine.reward == 1.0
    with pytest.raises(LockError, match="start a new run"):
        Rewarder((tea,), strict=True).score_sync(asked(GOOD), [changed])


@pytest.mark.parametrize("bad", ["{not json", '{"id": "r"}', '{"id": "r", "criteria": []}', 5, "unknown"])
def test_a_bad_rubric_costs_its_own_response_only(tea, bad):
    lost, kept = Rewarder((tea,)).score_sync(asked(GOOD, GOOD), [bad, tea])
    assert (lost.reward, kept.reward) == (None, 1.0)
    assert lost.why


def test_wrong_arguments_are_errors(tea):
    with pytest.raises(SettingError, match="2 samples and 1 rubrics"):
        Rewarder((tea,)).score_sync(asked(GOOD, BAD), [tea])
    with pytest.raises(SettingError, match="positive numbers"):
        Rewarder((tea,), concurrency=0)
    with pytest.raises(UnknownNameError, match="unknown policy"):
        Rewarder((tea,), policy="nonsense")


def test_a_recipe_gives_rewards_and_advantages(tea):
    recipe = rb.Recipe(reward=step(weighted_mean, ref("scores")), credit=step(grpo, ref("reward")))
    scored = Rewarder((tea,), recipe=recipe).score_sync(asked(GOOD, BAD, BAD))
    advantages = np.array([s.advantage for s in scored])
    assert advantages.sum() == pytest.approx(0.0)
    assert advantages[0] > 0 > advantages[1]


def test_it_pickles_and_judges_the_same(tea):
    rewarder = Rewarder((tea,), deadline=5.0)
    rewarder.score_sync(asked(GOOD))
    copy = pickle.loads(pickle.dumps(rewarder))
    assert copy == rewarder
    assert copy.score_sync(asked(GOOD))[0].reward == 1.0


def test_records_are_json(tea):
    for scored in Rewarder((tea,), client=unreadable_for("Tea")).score_sync(asked(GOOD)):
        record = json.loads(json.dumps(scored.record(), allow_nan=False))
        assert record["reward"] is None
        assert record["verdicts"][0]["state"] == "unreadable"
        assert record["metrics"]["rubric/score"] is None


def test_every_batch_lands_in_one_run_that_others_can_read(tea, tmp_path):
    rewarder = Rewarder((tea,), log=str(tmp_path / "run"))
    first = rewarder.score_sync(asked(GOOD, BAD), step=0)
    rewarder.score_sync(asked(GOOD), step=1)
    again = pickle.loads(pickle.dumps(rewarder))  # another process goes on with the same folder
    again.score_sync(asked(BAD), step=2)
    again.run.finish()
    result = rescore(tmp_path / "run")
    assert [s.id for s in result.samples] == ["0/0", "0/1", "1/0", "2/0"]
    assert [s.metadata["step"] for s in result.samples] == [0, 0, 1, 2]
    assert result.rewards.values.tolist() == pytest.approx([first[0].reward, first[1].reward, 1.0, first[1].reward])
    rows = list(RunFolder.open(tmp_path / "run").read_lines("steps.jsonl"))
    assert [(r["step"], r["responses"]) for r in rows] == [(0, 2), (1, 1), (2, 1)]
    assert RunFolder.open(tmp_path / "run").config()["finished"]


def test_a_log_refuses_a_rubric_that_changed_between_batches(tea, tmp_path):
    first = rb.Rubric(id="own", criteria=[{"id": "a", "text": "Names a microwave."}])
    rewarder = Rewarder(log=str(tmp_path / "run"))
    rewarder.score_sync(asked(BAD), [first])
    with pytest.raises(LockError, match="give the changed rubric an id of its own"):
        rewarder.score_sync(asked(BAD), [first.model_copy(update={"guidelines": "Be strict."})])


def test_tags_get_rewards_of_their_own_under_the_rubrics_policy():
    rubric = rb.Rubric(
        id="r",
        criteria=[
            {"id": "warm", "text": "Says to warm the pot.", "weight": 3, "tags": ["care"]},
            {"id": "milk", "text": "Names milk.", "weight": 1, "tags": ["care", "kind"]},
            {"id": "cup", "text": "Names a cup.", "axis": "plain"},
        ],
    )
    rewarder = Rewarder((rubric,), tag_rewards=("care", "kind", "plain", "none"))
    first, second = rewarder.score_sync(asked("Warm the pot.", "Milk in the cup."))
    assert first.by_tag == {"care": 0.75, "kind": 0.0, "plain": 0.0, "none": None}
    assert second.by_tag == {"care": 0.25, "kind": 1.0, "plain": 1.0, "none": None}
    assert first.record()["by_tag"]["care"] == 0.75
    assert Rewarder((rubric,)).score_sync(asked("Milk"))[0].by_tag == {}


def test_a_tag_with_a_missing_verdict_has_no_reward_and_the_others_keep_theirs():
    rubric = rb.Rubric(
        id="r",
        criteria=[{"id": "a", "text": "Warm.", "tags": ["x"]}, {"id": "b", "text": "Cup.", "tags": ["x", "y"]}],
    )
    client = rb.ScriptedClient(JudgeScript(lambda response, name, text: None if name == "a" else True))
    (scored,) = Rewarder((rubric,), client=client, tag_rewards=("x", "y")).score_sync(asked(GOOD))
    assert scored.by_tag == {"x": None, "y": 1.0}


def test_a_changed_copy_builds_its_own_calls(tea):
    rewarder = Rewarder((tea,), client=unreadable_for("nothing"))
    before = rewarder.calls_client
    assert dataclasses.replace(rewarder, tag_rewards=("x",)).calls_client is not before
