"""The training example as it is called: the bar of the program-decided rubric, and a bar that is missed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rubricate as rb
from rubricate.store import RunFolder

for package in ("torch", "trl", "datasets", "matplotlib"):
    pytest.importorskip(package, reason=f"{package} is not installed (make test-trainers)")

pytestmark = pytest.mark.trainers
ROOT = Path(__file__).resolve().parents[2]


def call(out, *options):
    command = [sys.executable, "examples/train_grpo.py", "--out", str(out), *options]
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_the_reward_of_the_programs_reaches_its_bar(tmp_path):
    done = call(tmp_path, "--mode", "verifiers", "--late", "report")  # the time is a bar of a quiet machine
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "\nverifiers  reward 0." in done.stdout
    curves = json.loads((tmp_path / "verifiers.json").read_text())
    assert sum(curves["reward"][-5:]) / 5 >= 0.9
    assert sum(curves["reward"][:3]) / 3 <= 0.2
    run = RunFolder.open(tmp_path / "run-verifiers")
    assert len(list(run.samples())) == 60 * 32
    assert rb.rescore(run.path).rewards.valid.all()
    assert (tmp_path / "verifiers.png").stat().st_size > 1000
    assert (run.path / "report.html").stat().st_size > 10_000


def test_a_missed_bar_fails(tmp_path):
    done = call(tmp_path, "--mode", "verifiers", "--steps", "6", "--late", "report")
    assert done.returncode == 1
    assert "MISSED: the reward ends at" in done.stdout
