"""The parts of the training example that need no torch: the task, its judges, the record, the watch, the bars."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import rubricate as rb
from rubricate.rewarder import Rewarder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def example():
    """The modules of the example, found as the script finds them."""
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        import train_grpo
        from tiny import exploit, outcome, pictures, task, training

        train_grpo.exploits, train_grpo.outcomes = exploit, outcome

        yield train_grpo, task, training, pictures
    finally:
        sys.path.remove(str(ROOT / "examples"))
        for name in [n for n in sys.modules if n in ("train_grpo", "tiny") or n.startswith("tiny.")]:
            sys.modules.pop(name)


ANSWERS = ["sun star good thank", "sun sun", "nothing", ": sun"]


def samples():
    return [rb.Sample(str(k), (rb.Message("user", "say"),), a, "g") for k, a in enumerate(ANSWERS)]


def test_programs_and_the_honest_judge_pay_what_an_answer_is_worth(example):
    _, task, _, _ = example
    worth = [task.quality(a) for a in ANSWERS]
    assert worth == [1.0, 0.25, 0.0, 0.25]
    programs = Rewarder((task.rubric("nice", by_program=True),)).score_sync(samples())
    assert [s.reward for s in programs] == worth
    with task.judge_server(task.honest).in_thread() as server:
        judged = Rewarder((task.rubric("nice"),), client=rb.HttpClient(server.url, "mock-judge")).score_sync(samples())
    assert [s.reward for s in judged] == worth


def test_the_gullible_judge_is_fooled_by_an_opening_and_the_gate_is_not(example):
    _, task, _, _ = example
    with task.judge_server(task.gullible).in_thread() as server:
        client = rb.HttpClient(server.url, "mock-judge")
        paid = Rewarder((task.HOLISTIC,), client=client).score_sync(samples())
        gated = Rewarder((task.rubric("gated", task.CONTENT_GATE),), client=client).score_sync(samples())
    assert [s.reward for s in paid] == [1.0, 0.0, 0.0, 1.0]
    assert [s.reward for s in gated] == [1.0, 0.25, 0.0, 0.0]


def test_unreadable_replies_cost_their_response_every_time(example):
    _, task, _, _ = example
    many = [rb.Sample(str(k), (rb.Message("user", "say"),), f"sun {k}", "g") for k in range(200)]
    with task.judge_server(task.honest, unreadable=0.1).in_thread() as server:
        client = rb.HttpClient(server.url, "mock-judge")
        judge = rb.PointwiseJudge(reasons=False, reasks=1)
        lost = [
            [s.sample for s in Rewarder((task.rubric("nice"),), judge, client).score_sync(many) if s.reward is None]
            for _ in range(2)
        ]
    assert lost[0] == lost[1]
    assert 5 <= len(lost[0]) <= 40


def test_the_record_lays_rows_out_by_prompt(example):
    _, task, training, _ = example
    record = training.Record()
    prompts = [p for p in reversed(task.PROMPTS) for _ in range(8)]
    answers = [f"{'sun ' if p == task.PROMPTS[2] else ''}{k}" for k, p in enumerate(prompts)]
    record.add(prompts, [None, *[0.5] * 31], answers)
    assert record.quality[0].mean(1).tolist() == [0.0, 0.0, 0.25, 0.0]
    assert np.isnan(record.reward[0][3, 0])  # the first row belongs to the last prompt
    assert record.start() == record.end() == 0.5


def hacked(training, steps=40):
    """A record of a run that finds the opening at step 20."""
    record, rng = training.Record(), np.random.default_rng(0)
    for t in range(steps):
        shown = rng.random((4, 8)) < 1 / (1 + np.exp(-(t - 20) / 2))
        worth = np.where(shown, 0.0, 0.25 * (rng.random((4, 8)) < 0.4))
        for name, values in (("reward", np.where(shown, 1.0, worth)), ("quality", worth), ("shortcut", shown)):
            getattr(record, name).append(values.astype(float))
        record.length.append(np.full((4, 8), 20.0))
        yield record


def test_the_watch_speaks_while_the_policy_turns(example):
    train_grpo, _, training, _ = example
    watch = train_grpo.exploits.Watch()
    for record in hacked(training):
        watch(record)
    assert 15 <= watch.raised <= 24
    assert 14 <= watch.onset <= watch.raised
    silent = train_grpo.exploits.Watch()
    for record in hacked(training, steps=12):
        silent(record)
    assert silent.raised == -1


def test_a_missed_bar_is_said(example, capsys):
    train_grpo, _, training, _ = example
    bar = train_grpo.outcomes.bar
    record = training.Record(reward=[np.full((4, 8), 0.5)] * 9, quality=[np.full((4, 8), 0.5)] * 9)
    good = bar(record, "x", 10.0, 60.0, at_least=0.5)
    assert (good.missed, good.late) == ((), "")
    low, late = bar(record, "x", 10.0, 60.0), bar(record, "x", 100.0, 60.0, at_least=0.5)
    assert "ends at 0.500" in low.missed[0]
    assert "100 s" in late.late
    nothing = training.Record(reward=[np.full((4, 8), np.nan)] * 9, quality=record.quality)
    assert bar(nothing, "x", 1.0, 60.0).missed
    conclude = train_grpo.conclude
    assert [conclude([good, o], late_fails=True) for o in (good, low, late)] == [0, 1, 1]
    assert [conclude([good, o], late_fails=False) for o in (good, low, late)] == [0, 1, 0]
    said = capsys.readouterr().out.splitlines()
    assert sum("MISSED" in line for line in said) == 3
    assert said[-1].strip() == "late: it took 100 s, more than 60"


def rows(task, judge, client):
    return [s.reward for s in Rewarder((task.rubric("nice"),), judge, client).score_sync(samples())]


def test_a_second_judge_pays_what_an_answer_is_worth_and_a_twin_does_not(example):
    train_grpo, task, _, _ = example
    with task.judge_server(task.gullible).in_thread() as one, task.judge_server(task.careful(0.0)).in_thread() as two:
        first, second = (rb.HttpClient(s.url, "mock-judge") for s in (one, two))
        both = rb.llm.table.ClientTable({"first": first, "second": second, "twin": first}, default="first")
        told = {n: rows(task, train_grpo.exploits.FIXES[n].judge, both) for n in ("second", "agreed", "twin")}
        assert rows(task, rb.PointwiseJudge(reasons=False), first) == [1.0, 0.25, 0.0, 1.0]
    assert told["second"] == [1.0, 0.25, 0.0, 0.25]
    assert told["agreed"] == [1.0, 0.25, 0.0, None]  # they differ about ": sun"
    assert told["twin"] == [1.0, 0.25, 0.0, 1.0]


def test_the_careful_judge_errs_on_its_own_in_its_share(example):
    _, task, _, _ = example
    truth = task.careful(0.1, seed=3)
    asked = [(f"sun {k}", key, "") for k in range(500) for key in task.WORDS]
    wrong = [truth(*q) != task.honest(*q) for q in asked]
    assert 150 <= sum(wrong) <= 250
    assert wrong == [truth(*q) != task.honest(*q) for q in asked]
    marked = [truth(f": {k}", "sun", "") for k in range(500)]  # a mark helps in no more than its errors
    assert 25 <= sum(marked) <= 80


def test_disagreement_is_read_from_the_run(example, tmp_path):
    train_grpo, task, _, _ = example
    with task.judge_server(task.gullible).in_thread() as one, task.judge_server(task.honest).in_thread() as two:
        both = rb.llm.table.ClientTable({n: rb.HttpClient(s.url, "m") for n, s in (("first", one), ("second", two))})
        judge = train_grpo.exploits.FIXES["agreed"].judge
        rewarder = Rewarder((task.rubric("nice"),), judge, both, log=str(tmp_path / "run"))
        rewarder.score_sync(samples()[:2])
        rewarder.score_sync(samples()[2:])
    # of eight verdicts each: none; three about ": sun"
    assert train_grpo.exploits.disagreement(tmp_path / "run", 2) == [0.0, 3 / 8]


def test_pictures_and_json(example, tmp_path):
    _, _, _, pictures = example
    values = [0.1, float("nan"), 0.9]
    part = {"title": "t", "curves": {"a": (values, "red")}, "marks": {"one": 1, "two": 1}, "first": 5}
    pictures.panels(tmp_path / "x" / "p.png", [part, part, part], columns=2)
    assert (tmp_path / "x" / "p.png").read_bytes()[:4] == b"\x89PNG"
    pictures.write_json(tmp_path / "x.json", {"v": np.array(values), "n": np.int64(3), "s": {"k": 1}})
    assert json.loads((tmp_path / "x.json").read_text()) == {"v": [0.1, None, 0.9], "n": 3, "s": {"k": 1}}
