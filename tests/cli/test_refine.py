"""``rubricate refine`` as a person meets it: files in, files out, a model behind HTTP, a person at the terminal."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rubricate.judges import LexicalJudge
from rubricate.llm.scripted import JudgeScript
from rubricate.llm.server import MockServer
from rubricate.rubrics.io import read_rubrics
from rubricate.rubrics.lint import lint

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples/data/refine"
RUBRIC, RESPONSES, PAIRS = DATA / "rubric.yaml", DATA / "responses.jsonl", DATA / "pairs.jsonl"
ENV = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}


def command(*arguments):
    return [sys.executable, "-m", "rubricate", *map(str, arguments)]


def rubricate(*arguments, **options):
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, cwd=ROOT, env=ENV, **options
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("refine") / "run"
    assert rubricate("judge", RUBRIC, RESPONSES, "--out", out).returncode == 0
    return out


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    out = tmp_path_factory.mktemp("refine") / "small"
    assert rubricate("judge", RUBRIC, RESPONSES, "--limit", "10", "--out", out).returncode == 0
    return out


def decided(folder):
    return {c["criterion"]: (c["action"], c["step"]) for c in changes(folder)["rubrics"][0]["changes"]}


def changes(folder):
    return json.loads((folder / "changes.json").read_text())


def test_the_safe_steps_find_the_planted_faults_without_a_label(run, tmp_path):
    out = tmp_path / "r.yaml"
    done = rubricate("refine", RUBRIC, run, "--out", out, "--page", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.replace(str(tmp_path), "").splitlines())) <= 100
    found = decided(tmp_path / "r.work")
    assert {k: v for k, v in found.items() if v[0] == "dropped"} == {
        "date-again": ("dropped", "redundant"), "quality": ("dropped", "unverifiable"),
        "salutation": ("dropped", "constant"),
    }  # fmt: skip
    assert found["no-refund"] == ("kept", "conflicting")  # equal weights: nothing says which is meant
    rubric = read_rubrics(out)[0]
    assert (rubric.version, rubric.policy) == ("2", read_rubrics(RUBRIC)[0].policy)
    assert not [f for f in lint(rubric) if f.severity == "error"]
    assert "not known: no labelled pair was held out" in done.stdout
    assert "<h1>" in (tmp_path / "page.html").read_text()


def test_with_labels_the_held_out_half_is_found_again_better(run, tmp_path):
    done = rubricate("refine", RUBRIC, run, "--out", tmp_path / "r.yaml", "--pairs", PAIRS, "--steps", "all")
    assert done.returncode == 0, done.stderr
    data = changes(tmp_path / "r.work")
    assert decided(tmp_path / "r.work")["stock-phrase"] == ("dropped", "reversed")
    assert data["pairs_fit"] + data["pairs_held_out"] == len(PAIRS.read_text().splitlines())
    gain = data["numbers"]["gain"]["recovery"]
    assert gain["n"] == data["pairs_held_out"]
    assert gain["low"] > 0.05
    assert "Labels are found again better" in done.stdout
    again = rubricate("refine", RUBRIC, run, "--out", tmp_path / "s.yaml", "--pairs", PAIRS, "--steps", "all")
    assert again.returncode == 0
    assert (tmp_path / "s.yaml").read_text() == (tmp_path / "r.yaml").read_text()


def test_labels_that_say_nothing_show_no_difference(run, tmp_path):
    """The negative control: with labels by chance nothing may be claimed."""
    rows = [json.loads(line) for line in PAIRS.read_text().splitlines()]
    for k, row in enumerate(rows):
        if k % 2:
            row["better"], row["worse"] = row["worse"], row["better"]
    shuffled = tmp_path / "p.jsonl"
    shuffled.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = rubricate("refine", RUBRIC, run, "--out", tmp_path / "r.yaml", "--pairs", shuffled)
    assert "No difference is shown: its interval" in done.stdout


def test_a_table_of_verdicts_gives_the_same_rubric(run, tmp_path):
    table = tmp_path / "v.csv"
    assert rubricate("export", run, table).returncode == 0
    for name, source in (("a", run), ("b", table)):
        done = rubricate("refine", RUBRIC, source, "--out", tmp_path / f"{name}.yaml")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.yaml").read_text() == (tmp_path / "b.yaml").read_text()


def test_a_person_decides_in_two_sittings(run, tmp_path):
    record, out = tmp_path / "review.jsonl", tmp_path / "r.yaml"
    arguments = ("refine", RUBRIC, run, "--out", out, "--review", record)
    first = rubricate(*arguments, input="a\nr\nnot for us\nq\n")
    assert first.returncode == 1
    assert "5 criteria are not decided yet" in first.stderr
    assert not out.exists()
    second = rubricate(*arguments, input="e\nGives the postage back.\na\na\na\na\n")
    assert second.returncode == 0, second.stderr
    found = decided(tmp_path / "r.work")
    assert found["date"] == ("dropped", "person")
    assert found["refund"] == ("rewritten", "person")
    assert "date" not in {c.id for c in read_rubrics(out)[0].leaves}
    assert "Gives the postage back." in out.read_text()
    assert changes(tmp_path / "r.work")["numbers"]["after"]["unjudged"] == []  # judged by the run's kind of judge


# ---------------------------------------------------------------------------------------- with a model

PARTS = {"Names a contact for questions.": ["Names Weber.", "Names Adler."]}


class Model:
    """Answers judge prompts by words, splits what it knows, sees no clash; counts what it is asked."""

    def __init__(self):
        self.asked, self.process, self.stop_at = Counter(), None, 0
        self.truth = JudgeScript(
            lambda response, criterion, text: text.split()[-1].strip(".").lower() in response.lower()
        )

    def __call__(self, request):
        self.asked[request.key("")] += 1
        if self.process is not None and self.asked.total() == self.stop_at:
            os.kill(self.process.pid, signal.SIGINT)
        text = request.messages[-1].content
        system = request.messages[0].content
        if '"children"' in system:
            known = next(
                (parts for whole, parts in PARTS.items() if f"\n{whole}\n" in text),
                ["Is xq.", "Is xz."],
            )
            return json.dumps({"children": known})
        if '"clash"' in system:
            return '{"clash": "none"}'
        return self.truth(request)


def split(server, run, out, *more):
    return command(
        "refine", RUBRIC, run, "--out", out, "--split", "--judge", "pointwise", "--base-url", server.url, "--model", "m",
        "--concurrency", "1", "--split-above", "1", "--steps", "none", *more,
    )  # fmt: skip


def test_a_split_that_is_interrupted_goes_on_and_asks_nothing_twice(small, tmp_path):
    model, out = Model(), tmp_path / "r.yaml"
    with MockServer(model).in_thread() as server:
        model.stop_at = 8
        model.process = subprocess.Popen(
            split(server, small, out), cwd=ROOT, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        _, said = model.process.communicate(timeout=120)
        assert model.process.returncode == 130, said
        assert "goes on from there" in said
        assert not out.exists()
        before, model.process = model.asked.total(), None
        done = subprocess.run(split(server, small, out), cwd=ROOT, env=ENV, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert before < model.asked.total()
    assert sum(n - 1 for n in model.asked.values()) <= 1  # the question that was in flight
    found = decided(tmp_path / "r.work")
    assert found["contact"] == ("split", "split")
    assert {k for k, v in found.items() if v[0] == "added"} >= {"contact-1"}
    assert changes(tmp_path / "r.work")["numbers"]["after"]["unjudged"] == []


def test_a_recording_replays_the_split_without_an_endpoint(small, tmp_path):
    record = tmp_path / "replies.jsonl"
    with MockServer(Model()).in_thread() as server:
        done = subprocess.run(
            split(server, small, tmp_path / "a.yaml", "--record", record), cwd=ROOT, env=ENV, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    again = rubricate(
        "refine", RUBRIC, small, "--out", tmp_path / "b.yaml", "--split", "--judge", "pointwise", "--split-above", "1",
        "--steps", "none", "--replay", record,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "a.yaml").read_text() == (tmp_path / "b.yaml").read_text()


def wordings(request):
    """One new wording, whatever is asked; the second criterion that gets it is refused as a double."""
    count = request.messages[-1].content.count(": worse answer") - request.messages[-1].content.count("right pair") // 3
    return json.dumps({"rewrite": {"critiques": ["It misses."] * count, "text": "States that the date is new."}})


def test_criteria_are_worded_anew_by_a_model_and_tried_out(run, tmp_path):
    with MockServer(wordings).in_thread() as server:
        done = rubricate(
            "refine", RUBRIC, run, "--out", tmp_path / "r.yaml", "--pairs", PAIRS, "--rewrite", "--base-url", server.url,
            "--model", "m",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tried = [c for c in changes(tmp_path / "r.work")["rubrics"][0]["changes"] if c["step"] == "rewrite"]
    assert tried
    assert any("as worded anew in" in c["reason"] for c in tried)
    for change in tried:
        assert change["action"] in ("kept", "rewritten")
    assert changes(tmp_path / "r.work")["numbers"]["after"]["unjudged"] == []


# --------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steps", "redundent"], "Did you mean 'redundant'"),
        (["--split"], "--base-url and --model"),
        (["--weak", "a"], "go together"),
        (["--weak", "a", "--strong", "b", "--steps", "all"], "metadata.model"),
        (["--repeat", "0"], "shares in (0, 1]"),
    ],
)
def test_mistakes_end_with_a_message_and_write_nothing(run, tmp_path, arguments, said):
    out = tmp_path / "r.yaml"
    done = rubricate("refine", RUBRIC, run, "--out", out, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_rubrics_that_the_run_does_not_know(run, tmp_path):
    other = tmp_path / "o.yaml"
    other.write_text("id: other\ncriteria:\n  - {id: a, text: Says a.}\n")
    done = rubricate("refine", other, run, "--out", tmp_path / "r.yaml")
    assert done.returncode == 2
    assert "no response was judged by other; expected one of: late-parcel" in done.stderr
    known = json.loads(
        rubricate("convert", RUBRIC, "--to", tmp_path / "k.json").stdout and (tmp_path / "k.json").read_text()
    )
    both = tmp_path / "b.json"
    both.write_text(json.dumps({"rubrics": [known, {"id": "other", "criteria": [{"id": "a", "text": "Says a."}]}]}))
    done = rubricate("refine", both, run, "--out", tmp_path / "r.yaml")
    assert done.returncode == 0, done.stderr
    assert "other: no response was judged by it; it stays" in done.stdout
    assert [(r.id, r.version) for r in read_rubrics(tmp_path / "r.yaml")] == [("late-parcel", "2"), ("other", "1")]


def test_a_criterion_that_was_reworded_since_the_run_is_not_judged_by_it(run, tmp_path):
    anew = tmp_path / "n.yaml"
    anew.write_text(RUBRIC.read_text().replace("Names the new date of the delivery.", "Names a day."))
    done = rubricate("refine", anew, run, "--out", tmp_path / "r.yaml")
    assert done.returncode == 0, done.stderr
    assert decided(tmp_path / "r.work")["date-again"] == ("kept", "")
    assert "never judged here" in done.stdout


def test_the_judge_of_the_example_is_the_embedded_one(run):
    assert json.loads((run / "run.json").read_text())["judge"]["digest"] == LexicalJudge().digest


def test_criteria_of_several_rubrics_are_reviewed_under_their_rubric(tmp_path):
    rubrics, table = tmp_path / "r.json", tmp_path / "v.csv"
    criteria = [{"id": "a", "text": "Says a."}, {"id": "b", "text": "Says b."}]
    rubrics.write_text(json.dumps({"rubrics": [{"id": name, "criteria": criteria} for name in ("one", "two")]}))
    rows = [f"{name}{k},{name},{c},{k % 2}" for name in ("one", "two") for k in range(4) for c in "ab"]
    table.write_text("\n".join(["sample,rubric,criterion,value", *rows]) + "\n")
    done = rubricate(
        "refine",
        rubrics,
        table,
        "--out",
        tmp_path / "out.json",
        "--review",
        tmp_path / "d.jsonl",
        input="a\nr\n\na\na\n",
    )
    assert done.returncode == 0, done.stderr
    assert [[c.id for c in r.leaves] for r in read_rubrics(tmp_path / "out.json")] == [["a"], ["a", "b"]]
    assert [json.loads(line)["criterion"] for line in (tmp_path / "d.jsonl").read_text().splitlines()] == [
        "one/a", "one/b", "two/a", "two/b",
    ]  # fmt: skip


def test_pairs_too_few_to_decide_anything_are_all_held_out(run, tmp_path):
    few = tmp_path / "p.jsonl"
    few.write_text("".join(f"{line}\n" for line in PAIRS.read_text().splitlines()[:8]))
    done = rubricate("refine", RUBRIC, run, "--out", tmp_path / "r.yaml", "--pairs", few, "--steps", "reversed")
    assert done.returncode == 0, done.stderr
    assert "reversed: it needs 6 labelled pairs with verdicts, and has 0" in done.stdout
    data = changes(tmp_path / "r.work")
    assert (data["pairs_fit"], data["pairs_held_out"]) == (0, 8)
