"""``rubricate recover`` as a person meets it: real processes, files, a server that counts what it is asked."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rubricate.llm import JudgeScript
from rubricate.llm.server import MockServer

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples/data/refine"
RUBRIC, RESPONSES, PAIRS = DATA / "rubric.yaml", DATA / "responses.jsonl", DATA / "pairs.jsonl"
ENV = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}


def rubricate(*arguments, **options):
    command = [sys.executable, "-m", "rubricate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=ENV, **options)


def record(folder):
    return json.loads((folder / "recovery.json").read_text())


def test_the_embedded_judge_on_the_example(tmp_path):
    done = rubricate("recover", RUBRIC, PAIRS, "--leaks", "--out", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.replace(str(tmp_path), "").splitlines())) <= 100
    found = record(tmp_path / "r")["rubrics"][0]
    assert found["known"] == found["asked"] == len(PAIRS.read_text().splitlines())
    assert 0 < found["low"] < found["share"] < found["high"] < 1
    assert (found["keep"], found["leaking"], found["neutral"]) == (True, False, 0.5)
    shares = {c["id"]: c["share"] for c in found["criteria"]}
    assert shares["date"] > 0.55
    assert shares["stock-phrase"] < 0.5 > shares["no-refund"]
    assert shares["salutation"] is shares["quality"] is None
    assert "most misleading" in done.stdout


def test_a_run_is_read_without_a_judge_and_says_the_same(tmp_path):
    assert rubricate("judge", RUBRIC, RESPONSES, "--out", tmp_path / "run").returncode == 0
    for name, given in (("a", RUBRIC), ("b", tmp_path / "run")):
        assert rubricate("recover", given, PAIRS, "--out", tmp_path / name).returncode == 0
    assert record(tmp_path / "a")["rubrics"] == record(tmp_path / "b")["rubrics"]
    assert record(tmp_path / "b")["judge"]["name"] == "LexicalJudge"


def test_settings_change_what_is_kept(tmp_path):
    for more, kept in (([], True), (["--threshold", "0.9"], False), (["--min-pairs", "999"], False)):
        done = rubricate("recover", RUBRIC, PAIRS, "--limit", "40", "--out", tmp_path / f"r{len(more)}{kept}", *more)
        assert ("not kept" not in done.stdout) == kept


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--judge", "lexcal"], "Did you mean 'lexical'"),
        (["--judge", "pairwise"], "--base-url"),
        (["--rule", "loose"], "at_least, strict, wilson"),
        (["--ties", "both"], "half"),
    ],
)
def test_mistakes_end_with_a_message(arguments, said):
    done = rubricate("recover", RUBRIC, PAIRS, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    done = rubricate("recover", RUBRIC, PAIRS, "--out", tmp_path)
    assert done.returncode == 2
    assert "'thesis.txt'" in done.stderr


def test_pairs_for_an_unknown_rubric_are_an_error(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"prompt": "p", "better": "a", "worse": "b", "rubric": "late-parcels"}\n')
    done = rubricate("recover", RUBRIC, path)
    assert done.returncode == 2
    assert "Did you mean 'late-parcel'" in done.stderr


def first_shown(request):
    return '{"verdicts": [{"id": "whole", "reason": "it came first", "verdict": "A"}]}'


def test_a_pair_judge_that_always_says_first_finds_half(tmp_path):
    with MockServer(first_shown).in_thread() as server:
        options = ["--base-url", server.url, "--model", "m", "--limit", "20", "--out", tmp_path]
        done = rubricate("recover", RUBRIC, PAIRS, "--judge", "pairwise:order=as_is,ties=forbid", *options)
    assert done.returncode == 0, done.stderr
    assert record(tmp_path)["rubrics"][0]["share"] == 0.5
    assert record(tmp_path)["rubrics"][0]["criteria"] == []


def test_a_job_that_is_interrupted_goes_on_and_asks_nothing_twice(tmp_path):
    asked, process = Counter(), None
    truth = JudgeScript(lambda response, criterion, text: criterion[0] in response)

    def counted(request):
        asked[request.key("")] += 1
        if process is not None and sum(asked.values()) == 15:
            os.kill(process.pid, signal.SIGINT)
        return truth(request)

    with MockServer(counted).in_thread() as server:
        command = ["recover", RUBRIC, PAIRS, "--base-url", server.url, "--model", "m", "--concurrency", "1",
                   "--limit", "40", "--out", tmp_path / "r"]  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "rubricate", *map(str, command)], cwd=ROOT, env=ENV,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        _, said = process.communicate(timeout=120)
        assert process.returncode == 130
        assert "goes on from there" in said
        before, process = sum(asked.values()), None
        done = rubricate(*command)
        assert done.returncode == 0, done.stderr
        whole = record(tmp_path / "r")["rubrics"]
        after = sum(asked.values())
        assert before < after
        assert sum(n - 1 for n in asked.values()) <= 1  # the question that was in flight
        assert rubricate(*command).returncode == 0
        assert sum(asked.values()) == after
    assert record(tmp_path / "r")["rubrics"] == whole
