"""An ``@evaluation_test`` of eval-protocol, run by pytest in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("eval_protocol", reason="needs eval-protocol (make test-adapters)")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]

REWARDER = """
import rubricate as rb

TEA = rb.Rubric(id="tea", criteria=[
    {"id": "warm", "text": "Says to warm the pot first."}, {"id": "time", "text": "Gives a steeping time in minutes."},
])
WORDS = {"warm": "warm", "time": "minutes"}
script = rb.llm.scripted.JudgeScript(lambda response, name, text: WORDS[name] in response.lower())
made = rb.Rewarder((TEA,), client=rb.ScriptedClient(
    lambda request: "no idea" if "cold" in request.messages[1].content else script(request)))
"""
TEST = """
import json
from pathlib import Path

from eval_protocol.models import EvaluationRow, InputMetadata, Message
from eval_protocol.pytest import evaluation_test

from rubricate.integrations.eval_protocol import evaluate


def row(text):
    chat = [Message(role="user", content="Tea?"), Message(role="assistant", content=text)]
    return EvaluationRow(messages=chat, input_metadata=InputMetadata(row_id=text, dataset_info={"rubric": "tea"}))


TEXTS = ["Warm the pot first. Steep it for four minutes.", "Warm the pot first.", "cold"]


@evaluation_test(input_rows=[[row(t) for t in TEXTS]], disable_browser_open=True)
async def test_tea(row: EvaluationRow) -> EvaluationRow:
    done = await evaluate(row)
    with Path("results.jsonl").open("a") as out:
        out.write(json.dumps({"id": row.input_metadata.row_id, **done.evaluation_result.model_dump()}) + "\\n")
    return done
"""


def test_the_decorated_test_judges_every_row_and_says_which_scores_are_valid(tmp_path):
    (tmp_path / "my_rewarder.py").write_text(REWARDER)
    (tmp_path / "test_tea.py").write_text(TEST)
    env = os.environ | {
        "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        "RUBRICATE_REWARDER": "my_rewarder:made",
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tea.py"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {r["id"]: r for r in map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())}
    scores = sorted((r["score"], r["is_score_valid"]) for r in found.values())
    assert scores == [(0.0, False), (0.5, True), (1.0, True)]
    assert found["cold"]["error"] == "verdicts are missing"
    part = found["Warm the pot first."]["metrics"]
    assert {name: (m["score"], m["is_score_valid"]) for name, m in part.items()} == {
        "warm": (1.0, True), "time": (0.0, True),
    }  # fmt: skip
