"""A run that grows: what a recipe paid stays what it paid, through reopening, kills, reports and other policies."""

import json
from dataclasses import replace

import numpy as np
import pytest

import rubricate as rb
from rubricate.cli.runs import reward, write_report
from rubricate.pipeline import rescore
from rubricate.rewarder import Rewarder
from rubricate.rewards import weighted_mean
from rubricate.run_log import as_given
from rubricate.steps import ref, step
from rubricate.store import RunFolder

GOOD, BAD = "Warm the pot first. The steeping time is four minutes.", "Put the cup in the microwave."
SHARE = rb.Recipe(reward=step(weighted_mean, ref("scores"), denominator="abs"))  # the weights are 2, 1, -1


def asked(*texts):
    return [rb.Sample(f"s{k}", (rb.Message("user", "Tea?"),), text, "tea") for k, text in enumerate(texts)]


@pytest.fixture
def trained(tea, tmp_path):
    """(folder, rewards that were given) of two batches under a recipe."""
    rewarder = Rewarder((tea,), recipe=SHARE, log=str(tmp_path / "run"))
    given = [s.reward for texts in ((GOOD, BAD), ("Warm the pot first.",)) for s in rewarder.score_sync(asked(*texts))]
    rewarder.run.finish()
    return tmp_path / "run", given


def stored(path):
    return [row["reward"] for row in RunFolder.open(path).read_lines("rewards.jsonl")]


def test_a_run_under_a_recipe_keeps_the_rewards_that_were_given(trained):
    path, given = trained
    assert given == pytest.approx([3 / 4, -1 / 4, 2 / 4])
    assert as_given(path).rewards.values.tolist() == stored(path) == given
    by_policy = rescore(path).rewards.values
    assert by_policy.tolist() == pytest.approx([1.0, -1 / 3, 2 / 3])  # over the positive weights
    assert rescore(path).samples == as_given(path).samples


def test_the_report_shows_what_was_paid_or_names_what_it_shows(trained, capsys):
    path, _ = trained
    page = write_report(path).read_text()
    assert "the rewards that it gave while the run was made" in page
    assert "weighted_mean" in page  # the stages
    assert "contribution" not in page.split("<main")[1].split("</main>")[0]
    reward(path)
    assert "paid by the recipe" in capsys.readouterr().out
    reward(path, explain="0/1")
    assert "no sum over criteria" in capsys.readouterr().out

    reward(path, policy="healthbench", save=True)
    assert "paid by the recipe" not in capsys.readouterr().out
    page = write_report(path).read_text()
    assert "healthbench, in place of the rubric" in page
    assert "in place of the recipe that paid while the run was made" in page
    assert stored(path) == pytest.approx([1.0, -1 / 3, 2 / 3])


def test_saving_a_run_under_a_recipe_again_changes_nothing(trained, capsys):
    path, given = trained
    reward(path, explain="0/1", save=True)
    assert stored(path) == given
    assert "report.html" in capsys.readouterr().out


def test_a_response_whose_line_is_lost_has_no_reward_and_says_so(trained):
    path, given = trained
    lines = (path / "given.jsonl").read_bytes().splitlines(keepends=True)
    (path / "given.jsonl").write_bytes(b"".join(lines[:2]) + lines[2][:9])  # killed in the middle of a line
    rewards = as_given(path).rewards
    assert rewards.values[:2].tolist() == given[:2]
    assert np.isnan(rewards.values[2])
    assert rewards.valid.tolist() == [True, True, False]
    assert [rewards.why(k) for k in range(3)] == ["", "", "what it was paid was not stored"]


def test_a_training_goes_on_behind_broken_lines(trained, tea):
    path, given = trained
    for name in ("samples.jsonl", "given.jsonl", "steps.jsonl", "verdicts.jsonl"):
        with (path / name).open("ab") as file:
            file.write(b'{"id": "2/0", "samp')
    again = Rewarder((tea,), recipe=SHARE, log=str(path))
    more = again.score_sync(asked(BAD))[0].reward
    again.run.finish()
    assert [s.id for s in as_given(path).samples] == ["0/0", "0/1", "1/0", "2/0"]
    assert stored(path) == [*given, more]


def test_missing_rewards_keep_their_reasons(tea, tmp_path):
    def reply(request):
        if "cold" in request.messages[1].content:
            return "no idea"
        return json.dumps({"verdicts": [{"id": c.id, "met": True} for c in tea.leaves]})

    cold = rb.ScriptedClient(reply)
    rewarder = Rewarder((tea,), rb.PointwiseJudge(), cold, recipe=SHARE, log=str(tmp_path / "run"))
    told = rewarder.score_sync(asked("cold", "hot"))
    rewarder.run.finish()
    result = as_given(tmp_path / "run")
    assert [None if np.isnan(v) else v for v in result.rewards.values] == [s.reward for s in told]
    assert [result.rewards.why(k) for k in range(2)] == [s.why for s in told]
    assert result.rewards.why(0) == "verdicts are missing"


def test_a_run_without_a_recipe_is_its_policy(tea, tmp_path):
    rewarder = Rewarder((tea,), policy="rubric_lib", log=str(tmp_path / "run"))
    rewarder.score_sync(asked(GOOD, BAD))
    path = rewarder.run.finish()
    assert as_given(path).rewards.values.tolist() == rescore(path, "rubric_lib").rewards.values.tolist()
    assert not (path / "given.jsonl").exists()
    assert "recipe" not in RunFolder.open(path).config()


def test_credit_alone_leaves_the_rewards_to_the_policy(tea, tmp_path):
    from rubricate.credit import grpo

    recipe = rb.Recipe(credit=step(grpo, ref("reward")))
    rewarder = replace(Rewarder((tea,), recipe=recipe), log=str(tmp_path / "run"))
    told = rewarder.score_sync(asked(GOOD, BAD))
    path = rewarder.run.finish()
    assert as_given(path).rewards.values.tolist() == pytest.approx([s.reward for s in told])
    rows = list(RunFolder.open(path).read_lines("given.jsonl"))
    assert [row["advantage"] for row in rows] == [s.advantage for s in told]
