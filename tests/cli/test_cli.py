"""The command line as a person meets it: real processes, exit codes, messages without tracebacks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUBRICS, RESPONSES = ROOT / "examples/data/rubrics.yaml", ROOT / "examples/data/responses.jsonl"


def rubricate(*arguments, **options):
    command = [sys.executable, "-m", "rubricate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, **options)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("cli") / "run"
    done = rubricate("judge", RUBRICS, RESPONSES, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "report.html" in done.stdout
    return out


def test_the_version_and_the_help():
    assert rubricate("--version").stdout.startswith("rubricate 0.")
    assert "judge" in rubricate("--help").stdout


def test_a_run_leaves_everything_behind(run):
    names = {p.name for p in run.iterdir()}
    assert names == {
        "run.json", "rubrics.json", "samples.jsonl", "verdicts.jsonl", "scores.npz", "rewards.jsonl", "report.html",
    }  # fmt: skip
    config = json.loads((run / "run.json").read_text())
    assert config["finished"] is True
    assert config["verdicts"] == {"scored": 42}


def test_rewards_under_another_policy_and_explanations(run):
    assert "refund-1" in rubricate("reward", run, "--policy", "rubric_lib").stdout
    assert "apology" in rubricate("reward", run, "--explain", "refund-1").stdout
    assert "return-label" in rubricate("reward", run, "--explain", "refund-1", "--against", "refund-4").stdout


@pytest.mark.parametrize("name", ["verdicts.csv", "verdicts.parquet"])
def test_export(run, tmp_path, name):
    done = rubricate("export", run, tmp_path / name)
    assert done.stdout.startswith("42 rows")
    assert (tmp_path / name).stat().st_size > 100


def test_rubric_commands(tmp_path):
    copy = tmp_path / "r.yaml"
    copy.write_text((ROOT / "examples/data/rubric_with_mistakes.yaml").read_text())
    assert "R002-double-barrelled" in rubricate("lint", copy).stdout
    assert rubricate("lint", copy, "--strict").returncode == 1
    assert rubricate("lock", copy).returncode == 0
    assert "locked" in copy.read_text()
    assert "# " in rubricate("render", copy).stdout
    assert "[sources]" in rubricate("render", copy, "--prompt").stdout
    changed = tmp_path / "changed.yaml"
    changed.write_text(copy.read_text().replace("weight: 4", "weight: 5"))
    assert "weight" in rubricate("diff", copy, changed).stdout
    refused = rubricate("judge", changed, RESPONSES)
    assert refused.returncode == 2
    assert "changed after it was locked" in refused.stderr
    assert rubricate("convert", copy, "--to", tmp_path / "r.json").returncode == 0
    assert json.loads((tmp_path / "r.json").read_text())
    assert json.loads(rubricate("schema").stdout)["title"]
    assert "healthbench" in rubricate("policies").stdout
    assert "sum w v" in rubricate("policies", "healthbench").stdout or rubricate("policies", "healthbench").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: r\ncriteria:\n  - id: a\n    text: t\n    wieght: 2\n", ["r.yaml:5", "wieght", "Did you mean 'weight'"]),
        ("id: r\ncriteria:\n  - {id: a, text: t}\n  - {id: a, text: u}\n", ["'a'", "twice"]),
        ("id: r\ncriteria:\n  - {id: a, text: t, weight: .nan}\n", ["r.yaml:3", "weight"]),
        ("id: r\ncriteria: []\n", ["criteria"]),
        ("", ["r.yaml"]),
        ("id: r\npolicy: healthbnech\ncriteria:\n  - {id: a, text: t}\n", ["Did you mean 'healthbench'"]),
    ],
)
def test_bad_rubrics_are_named_with_file_line_and_repair(tmp_path, text, said):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    out = tmp_path / "run"
    done = rubricate("judge", path, RESPONSES, "--out", out)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for part in said:
        assert part in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "a", "prompt": "p"}', ["s.jsonl:1", "response"]),
        ('{"id": "a", "prompt": "p", "response": "x"', ["s.jsonl:1", "JSON"]),
        ('{"id": "a", "prompt": "p", "response": "x", "rubirc": "r"}', ["rubirc", "rubric"]),
    ],
)
def test_bad_responses_are_named(tmp_path, line, said):
    rubric, samples = tmp_path / "r.yaml", tmp_path / "s.jsonl"
    rubric.write_text("id: r\ncriteria:\n  - {id: a, text: t, scale: {labels: {no: 0, yes: 1}}}\n")
    samples.write_text(line + "\n")
    done = rubricate("judge", rubric, samples)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for part in said:
        assert part in done.stderr


def test_wrong_encoding_and_a_huge_line(tmp_path):
    rubric, samples = tmp_path / "r.yaml", tmp_path / "s.jsonl"
    rubric.write_bytes("id: r\ntitle: caf\u00e9\n".encode("latin-1"))
    done = rubricate("judge", rubric, RESPONSES)
    assert done.returncode == 2
    assert "UTF-8" in done.stderr
    rubric.write_text("id: r\ncriteria:\n  - {id: a, text: t}\n")
    with samples.open("wb") as file:
        file.seek(200 * 2**20)
        file.write(b"\n")
    done = rubricate("judge", rubric, samples)
    assert done.returncode == 2
    assert "s.jsonl:1" in done.stderr
    assert "bytes" in done.stderr


def test_labels_no_and_yes_stay_text(tmp_path):
    rubric = tmp_path / "r.yaml"
    rubric.write_text("id: r\ncriteria:\n  - {id: a, text: t, scale: {labels: {no: 0, yes: 1}}}\n")
    assert "{no, yes}" in rubricate("render", rubric, "--prompt").stdout


def test_recipes_and_the_lab(tmp_path):
    listed = rubricate("recipes", "list").stdout
    assert "pow3r" in listed
    shown = rubricate("recipes", "show", "202").stdout
    assert "category_mean" in shown
    assert json.loads(rubricate("recipes", "show", "pow3r", "--json").stdout)["weights"]
    assert "scale_matters" in rubricate("recipes", "lint", "pow3r").stdout
    done = rubricate(
        "lab", "run", "pow3r", "--world", "slots", "--seeds", "2", "--steps", "20", "--plot", tmp_path / "c.png"
    )
    assert "quality" in done.stdout
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"
    unknown = rubricate("recipes", "show", "pow4r")
    assert unknown.returncode == 2
    assert "Did you mean 'pow3r'" in unknown.stderr


def test_judges_are_listed_and_chosen_by_name():
    listed = rubricate("judges").stdout
    assert "ordinal" in listed
    assert "without_logprobs = 'fail'" in rubricate("judges", "ordinal").stdout
    done = rubricate("judge", RUBRICS, RESPONSES, "--judge", "lexical:met=0.4")
    assert done.returncode == 0, done.stderr
    for named, said in (
        ("ordinl", "Did you mean 'ordinal'"),
        ("ordinal:temprature=1", "temperature"),
        ("ordinal", "--base-url"),
        ("learned_route", "build it in Python"),
    ):
        done = rubricate("judge", RUBRICS, RESPONSES, "--judge", named)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    done = rubricate("judge", RUBRICS, RESPONSES, "--judge", "lexical", "--batch", "2")
    assert done.returncode == 2
    assert "settings behind the name" in done.stderr


def test_verifiers_and_their_sandbox_are_described():
    assert "code_tests" in rubricate("verifiers", "list").stdout
    done = rubricate("verifiers", "sandbox", "--level", "limits")
    assert done.stdout.startswith("level    limits\nstops    ")
    assert "this is no wall" in done.stdout
    wrong = rubricate("verifiers", "sandbox", "--level", "docker")
    assert (wrong.returncode, wrong.stderr.splitlines()[-1]) == (
        2,
        "error: unknown sandbox level 'docker'; expected one of: bubblewrap, filter, limits, namespaces",
    )
