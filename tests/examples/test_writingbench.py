"""The WritingBench example as a person runs it: real queries, our responses, a run folder; our responses as data."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rubricate import rescore
from rubricate.llm.scripted import JudgeScript
from rubricate.llm.server import MockServer

ROOT = Path(__file__).resolve().parents[2]
RESPONSES = ROOT / "examples" / "data" / "writingbench_responses.jsonl"
RUN = 24  # characters in a row: longer than any name or term that a response has to share with its query


def example(*arguments):
    command = [sys.executable, "examples/writingbench.py", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def shares_text(response, query):
    return any(response[k : k + RUN] in query for k in range(len(response) - RUN + 1))


@pytest.fixture
def data(real_data):
    return real_data / "writingbench" / "length_subset_c.jsonl"


@pytest.fixture
def queries(data):
    return {row["index"]: row for row in lines(data)}


def test_the_embedded_judge_gives_every_verdict_and_a_report(data, queries, tmp_path):
    out = tmp_path / "run"
    done = example("--data", data, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    result = rescore(out)
    verdicts = [v for s in result.samples for v in result.verdicts(s.id)]
    asked = {str(row["index"]): len(queries[row["index"]]["checklist"]) for row in lines(RESPONSES)}
    assert {s.id: len(result.verdicts(s.id)) for s in result.samples} == asked
    assert len(asked) == 50
    assert all(v.scored and 1 <= v.value <= 10 for v in verdicts)
    mean = sum(v.value for v in verdicts) / len(verdicts)
    assert f"responses      50, verdicts {len(verdicts)}: {len(verdicts)} scored, 0 abstained" in done.stdout
    assert f"micro average  {mean:.2f} over all criteria of 50 queries, 0 left out" in done.stdout
    assert "writingbench/214" in (out / "report.html").read_text(encoding="utf-8")


def test_an_endpoint_judges_and_what_it_cannot_tell_is_counted_and_left_out(data, queries, tmp_path):
    def truth(response, criterion, text):
        return None if "字数" in text else 7.0

    judged = [[c["criteria_description"] for c in queries[row["index"]]["checklist"]] for row in lines(RESPONSES)]
    abstained = sum("字数" in text for texts in judged for text in texts)
    left_out = sum(any("字数" in text for text in texts) for texts in judged)
    with MockServer(JudgeScript(truth)).in_thread() as server:
        done = example("--data", data, "--out", tmp_path / "run", "--base-url", server.url, "--model", "scripted")
    assert done.returncode == 0, done.stderr
    assert 0 < abstained < 51
    assert f"verdicts 51: {51 - abstained} scored, {abstained} abstained" in done.stdout
    assert "query scores   mean 7.00, SD 0.00, 7.00 to 7.00" in done.stdout
    assert f"micro average  7.00 over all criteria of {50 - left_out} queries, {left_out} left out" in done.stdout


def test_without_the_data_it_says_what_is_missing(tmp_path):
    done = example("--data", tmp_path / "nothing.jsonl", "--out", tmp_path / "run")
    assert done.returncode == 1
    assert re.match(r"error: \S*nothing\.jsonl: the WritingBench queries are not here; .*--data\n$", done.stderr)
    assert not (tmp_path / "run").exists()


def test_an_endpoint_needs_a_model(tmp_path):
    done = example("--data", tmp_path, "--base-url", "http://localhost:1/v1")
    assert done.returncode == 2
    assert "go together" in done.stderr


def test_a_query_that_the_file_does_not_hold_is_named(data, tmp_path):
    part = tmp_path / "part.jsonl"
    first = data.read_text(encoding="utf-8").splitlines()[0]
    part.write_text(first + "\n", encoding="utf-8")
    done = example("--data", part, "--out", tmp_path / "run")
    assert done.returncode == 1
    assert "no query has the index 214" in done.stderr


def test_fifty_responses_of_two_fields_none_empty():
    rows = lines(RESPONSES)
    assert len(rows) == len({row["index"] for row in rows}) == 50
    assert all(set(row) == {"index", "response"} and len(row["response"].strip()) >= 80 for row in rows)


def test_every_index_is_a_query_and_no_query_is_copied(queries):
    rows = lines(RESPONSES)
    assert {row["index"] for row in rows} <= set(queries)
    assert not [row["index"] for row in rows if shares_text(row["response"], queries[row["index"]]["query"])]


def test_a_copied_query_would_be_seen(queries):
    query = queries[214]["query"]
    assert shares_text(f"好的。{query}", query)
