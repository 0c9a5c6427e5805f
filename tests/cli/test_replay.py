"""``--record`` keeps what an endpoint answered; ``--replay`` does without the endpoint and says what it does not hold."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rubricate.llm.scripted import JudgeScript, pseudo_random
from rubricate.llm.server import MockServer

ROOT = Path(__file__).resolve().parents[2]
INPUT = ("examples/data/rubrics.yaml", "examples/data/responses.jsonl")


def judge(*arguments):
    command = [sys.executable, "-m", "rubricate", "judge", *INPUT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def rewards(folder):
    return [json.loads(line)["reward"] for line in (folder / "rewards.jsonl").read_text().splitlines()]


def test_what_was_recorded_is_replayed_under_any_model_name(tmp_path):
    recording = tmp_path / "kept" / "replies.jsonl"
    with MockServer(JudgeScript(pseudo_random)).in_thread() as server:
        first = judge("--base-url", server.url, "--model", "a", "--record", recording, "--out", tmp_path / "a")
        asked = server.stats.requests
    assert first.returncode == 0, first.stderr
    assert len(recording.read_text().splitlines()) == asked > 0
    again = judge("--replay", recording, "--model", "b", "--out", tmp_path / "b")
    assert again.returncode == 0, again.stderr
    assert rewards(tmp_path / "a") == rewards(tmp_path / "b")
    other = judge("--replay", recording, "--batch", "1")
    assert other.returncode == 2
    assert f"error: {recording}: none of {asked} recorded replies is for the request" in other.stderr
    assert "--base-url URL --model NAME --record FILE" in other.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--replay", "x.jsonl", "--base-url", "http://localhost:1/v1"), "a recording or an endpoint"),
        (("--record", "x.jsonl"), "--record needs --base-url"),
        (("--replay", "nowhere.jsonl"), "nowhere.jsonl: there is no such file"),
        (("--base-url", "http://localhost:1/v1", "--model", "m", "--record", INPUT[0]), "rubrics.yaml:1: not JSON"),
    ],
)
def test_options_that_do_not_fit_are_refused(arguments, said):
    done = judge(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
