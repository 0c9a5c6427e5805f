"""The figure of a training: there for batches, not for a run in one piece; means by hand; the cost of all batches."""

import re

import numpy as np

import rubricate as rb
from rubricate.cli.runs import write_report
from rubricate.report.training import PLACES, batch_means, over_training
from rubricate.rewarder import Rewarder
from rubricate.run_log import as_given
from rubricate.store import RunFolder
from rubricate.types import Usage

GOOD, BAD = "Warm the pot first. The steeping time is four minutes.", "Put the cup in the microwave."


def asked(*texts):
    return [rb.Sample(f"s{k}", (rb.Message("user", "Tea?"),), text, "tea") for k, text in enumerate(texts)]


def trained(tea, path, batches, **more):
    rewarder = Rewarder((tea,), log=str(path), **more)
    for texts in batches:
        rewarder.score_sync(asked(*texts))
    return rewarder.run.finish()


def test_batches_are_shown_and_one_piece_is_not(tea, tmp_path):
    result = as_given(trained(tea, tmp_path / "run", [(BAD, BAD), (GOOD, BAD), (GOOD, GOOD)]))
    page = str(over_training(result))
    assert "from −0.333 to 1.000 over 3 batches" in page
    assert re.findall(r'title="([^"]+)"', page) == ["batch 0: −0.33", "batch 1: 0.33", "batch 2: 1.00"]
    assert over_training(as_given(trained(tea, tmp_path / "one", [(GOOD, BAD)]))) is None
    assert over_training(rb.run(tea, asked(GOOD, BAD))) is None


def test_many_batches_are_put_together_and_many_groups_are_folded(tea, tmp_path):
    path = trained(tea, tmp_path / "run", [(GOOD, BAD)] * (2 * PLACES))
    page = write_report(path).read_text()
    figure = page.split("Over training")[1].split("</figure>")[0]
    titles = re.findall(r'title="([^"]+)"', figure)
    assert len(titles) == PLACES
    assert titles[0] == "batches 0 to 1: 0.33"
    assert f"Best and worst answer of each group: {2 * PLACES} groups" in page


def test_means_leave_unknown_rewards_out():
    values, batch = np.array([1.0, np.nan, 0.5, np.nan]), np.array([0, 0, 2, 3])
    np.testing.assert_array_equal(batch_means(values, batch), [1.0, np.nan, 0.5, np.nan])


def test_the_cost_is_that_of_all_batches(tea, tmp_path):
    client = rb.ScriptedClient(rb.llm.scripted.JudgeScript(rb.llm.scripted.met))
    path = trained(tea, tmp_path / "run", [(GOOD,), (BAD, "Boil it.")], judge=rb.PointwiseJudge(), client=client)
    assert RunFolder.open(path).config()["usage"]["calls"] == 3
    assert as_given(path).usage.calls == 3
    assert "3 calls for 9 verdicts" in write_report(path).read_text()
    programs = trained(tea, tmp_path / "none", [(GOOD,), (BAD,)])
    assert as_given(programs).usage == Usage()
