"""A run killed with SIGKILL at random moments and resumed: every verdict once, none asked again after it was stored."""

import contextlib
import json
import random
import signal
import subprocess
import sys
import time

import pytest

from rubricate.llm.scripted import JudgeScript, pseudo_random
from rubricate.llm.server import MockServer


def stored(run):
    path = run / "verdicts.jsonl"
    if not path.exists():
        return []
    rows = []
    for line in path.read_bytes().split(b"\n")[:-1]:
        with contextlib.suppress(ValueError):
            rows.append(json.loads(line))
    return [(r["sample"], r["criterion"]) for r in rows]


@pytest.mark.slow
def test_a_run_killed_twenty_times(tmp_path):
    rubric, samples, run = tmp_path / "rubric.json", tmp_path / "samples.jsonl", tmp_path / "run"
    criteria = [{"id": f"c{k}", "text": f"Criterion {k} holds."} for k in range(10)]
    rubric.write_text(json.dumps({"id": "r", "criteria": criteria}))
    rows = [{"id": f"s{i}", "prompt": "p", "response": f"Answer {i}.", "rubric": "r"} for i in range(150)]
    samples.write_text("\n".join(map(json.dumps, rows)))
    asked: list[tuple[str, str]] = []

    def truth(response, criterion, text):
        asked.append(("s" + response.split()[1].rstrip("."), criterion))
        return pseudo_random(response, criterion, text)

    rng, kills = random.Random(0), 0
    with MockServer(JudgeScript(truth), think=0.03).in_thread() as server:
        command = [
            sys.executable, "-m", "rubricate", "judge", str(rubric), str(samples), "--out", str(run), "--batch", "1",
            "--base-url", server.url, "--model", "m", "--concurrency", "8",
        ]  # fmt: skip
        while True:
            before = set(stored(run))
            first = len(asked)
            resume = ["--resume"] if (run / "run.json").exists() else []
            process = subprocess.Popen([*command, *resume], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            target = len(before) + rng.randint(20, 80)
            while process.poll() is None and kills < 20 and len(stored(run)) < target:
                time.sleep(0.005)
            if process.poll() is None and kills < 20:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.wait()
            assert process.returncode in (0, -signal.SIGKILL)
            assert not before & set(asked[first:]), "a stored verdict was asked again"
            if process.returncode == 0:
                break
    assert kills == 20
    lines = stored(run)
    assert len(lines) == len(set(lines)) == 1500
    assert json.loads((run / "run.json").read_text())["finished"] is True


@pytest.mark.slow
def test_a_terminated_run_says_how_to_go_on(tmp_path):
    rubric, samples = tmp_path / "rubric.json", tmp_path / "samples.jsonl"
    rubric.write_text(json.dumps({"id": "r", "criteria": [{"id": "c", "text": "Holds."}]}))
    samples.write_text("\n".join(json.dumps({"id": f"s{i}", "prompt": "p", "response": "x"}) for i in range(200)))
    with MockServer(JudgeScript(pseudo_random), think=0.2).in_thread() as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "rubricate", "judge", str(rubric), str(samples), "--out", str(tmp_path / "run"),
             "--base-url", server.url, "--model", "m", "--concurrency", "4"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while not stored(tmp_path / "run"):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "--resume" in said
