"""``rubricate generate`` as a person meets it: files in, rubrics out, every refusal on the screen, kills survived."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rubricate import cli
from rubricate.errors import CallError
from rubricate.generate import read_drafts
from rubricate.llm.server import MockServer, rules_named
from rubricate.rubrics.io import read_rubrics
from rubricate.rubrics.lint import lint

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "data" / "generate"
GOOD = {"items": [{"text": "Names a source."}, {"text": "Gives a number."}]}


@pytest.fixture
def rubricate(capsys, monkeypatch):
    """Run the command in this process: exit code, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([str(a) for a in arguments])
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture
def serve():
    """A function from a rule to the options of a mock server that answers with it."""
    servers = []

    def start(rule, **settings):
        server = MockServer(rule, **settings).in_thread()
        servers.append(server)
        return "--base-url", server.__enter__().url, "--model", "m"

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def written(tmp_path, *rows):
    path = tmp_path / "materials.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def answer(reply):
    return lambda request: reply if isinstance(reply, str) else json.dumps(reply)


REPLAYS = [
    ("prompt", ()), ("prompt:plan=yes", ()), ("reference", ()), ("pairs", ()), ("disagreement", ()), ("feedback", ()),
    ("constraints", ()), ("nuggets", ()), ("evidence", ()), ("docs", ("--docs", DATA / "documents")),
    ("neighbours", ("--bank", DATA / "bank.yaml")), ("failures", ()), ("persona", ()), ("pairs:mode=profiles", ()),
]  # fmt: skip


@pytest.mark.parametrize(("source", "more"), REPLAYS)
def test_every_example_is_replayed_without_an_endpoint_and_passes_the_lint(rubricate, tmp_path, source, more):
    path = DATA / ("preferences.jsonl" if "profiles" in source else "materials.yaml")
    out = tmp_path / "rubrics.yaml"
    code, said, _ = rubricate(
        "generate", path, "--from", source, *more, "--replay", DATA / "recording.jsonl", "--out", out
    )
    assert code == 0
    assert "2 of 2 made" in said
    assert max(map(len, said.replace(str(tmp_path), "").splitlines())) <= 100
    rubrics = read_rubrics(out)
    assert all(f.severity != "error" for r in rubrics for f in lint(r))
    assert {r.id: r for r in rubrics} == {n: d.rubric for n, d in read_drafts(tmp_path / "rubrics.drafts.jsonl")}
    assert rubricate("lint", out)[0] == 0


def test_every_generator_has_an_example():
    from rubricate import registry

    assert {source.partition(":")[0] for source, _ in REPLAYS} | {"bank"} == set(registry.names("generator"))


def test_the_bank_is_the_long_form_of_neighbours(rubricate, tmp_path):
    shared = (DATA / "materials.yaml", "--bank", DATA / "bank.yaml", "--replay", DATA / "recording.jsonl")
    short = rubricate("generate", *shared, "--from", "neighbours")
    assert short[0] == 0
    assert rubricate("generate", *shared, "--from", "bank/neighbours") == short


def test_a_recording_behind_http_and_what_is_recorded_from_it_say_the_same(rubricate, serve, tmp_path):
    command = ("generate", DATA / "materials.yaml", "--from", "evidence")
    replayed = rubricate(*command, "--replay", DATA / "recording.jsonl")
    served = serve(rules_named(f"recording:{DATA / 'recording.jsonl'}"))
    assert rubricate(*command, *served, "--record", tmp_path / "again.jsonl") == replayed
    assert len((tmp_path / "again.jsonl").read_text().splitlines()) == 4
    assert rubricate(*command, "--replay", tmp_path / "again.jsonl") == replayed


def test_without_a_file_the_rubrics_are_yaml_on_the_terminal(rubricate, tmp_path):
    code, out, err = rubricate("generate", DATA / "materials.yaml", "--replay", DATA / "recording.jsonl")
    assert code == 0
    assert "2 of 2 made" in err
    path = tmp_path / "r.yaml"
    path.write_text(out)
    assert [r.id for r in read_rubrics(path)] == ["refund", "leaflet"]


ITEM = {"text": "Names a source.", "passage": 1}


@pytest.mark.parametrize(
    ("reply", "code", "said"),
    [
        ("Sure, here you are.", 1, "after 3 tries: the reply holds no complete JSON object with 'items'"),
        ({"items": []}, 1, "there is no item; at least 1 is wanted"),
        ({"items": [ITEM] * 500}, 1, "500 items; at most 20 are wanted"),
        ({"items": [{"text": "```python\nimport os\n```", "passage": 1}]}, 1, "it holds code; a criterion is a"),
        ({"items": [ITEM, {"text": "Offers tea.", "passage": 9}]}, 0, "it cites no passage that exists"),
        ({"items": [ITEM, ITEM]}, 0, "R301-same-text"),
        ({"items": [{**ITEM, "id": "x"}, {"id": "x", "text": "Has a date.", "passage": 1}]}, 0, "2 kept, 0 dropped"),
    ],
)
def test_what_a_model_may_not_write_is_refused_or_repaired_and_shown(rubricate, serve, tmp_path, reply, code, said):
    path, out = written(tmp_path, {"id": "a", "prompt": "Say why.", "passages": ["Because."]}), tmp_path / "r.yaml"
    found, screen, _ = rubricate("generate", path, "--from", "nuggets", "--drops", "--out", out, *serve(answer(reply)))
    assert found == code
    assert said in " ".join(screen.split())
    assert out.exists() == (code == 0)


def test_failed_ones_are_asked_again_only_on_request(rubricate, serve, tmp_path):
    path, out = written(tmp_path, *({"id": k, "prompt": f"Task {k}."} for k in "ab")), tmp_path / "r.yaml"
    broken, asked = ["Task b."], []

    def rule(request):
        asked.append(request)
        return "no" if any(b in request.messages[1].content for b in broken) else json.dumps(GOOD)

    command = ("generate", path, "--out", out, *serve(rule))
    code, screen, _ = rubricate(*command)
    assert code == 0
    assert "1 without a rubric: the same command with --retry-failed asks again" in screen
    broken.clear()
    asked.clear()
    code, _, err = rubricate(*command)
    assert "2 of 2 drafts are taken over" in err
    assert not asked
    assert rubricate(*command, "--retry-failed")[0] == 0
    assert len(asked) == 1
    assert [r.id for r in read_rubrics(out)] == ["a", "b"]


def test_a_cap_stops_the_job_and_a_higher_one_goes_on(rubricate, serve, tmp_path):
    path, out = written(tmp_path, *({"id": k, "prompt": f"Task {k}."} for k in "abcd")), tmp_path / "r.yaml"
    asked = []

    def rule(request):
        asked.append(request)
        return json.dumps(GOOD)

    command = ("generate", path, "--out", out, "--concurrency", "1", *serve(rule))
    _, screen, _ = rubricate(*command, "--max-calls", "3")
    assert "the cap max_calls=3 is reached" in " ".join(screen.split())
    assert "1 got no reply: the same command asks again" in screen
    assert rubricate(*command)[0] == 0
    assert len(asked) == 4
    assert len(read_rubrics(out)) == 4


def test_an_endpoint_that_is_down_costs_no_draft(rubricate, serve, tmp_path):
    path, out = written(tmp_path, {"id": "a", "prompt": "Task a."}), tmp_path / "r.yaml"
    up = []

    def rule(request):
        if not up:
            raise CallError("there is no such model", status=404)
        return json.dumps(GOOD)

    command = ("generate", path, "--out", out, *serve(rule))
    code, screen, _ = rubricate(*command)
    assert code == 1
    assert "there is no such model" in " ".join(screen.split())
    assert "1 got no reply: the same command asks again" in screen
    assert not out.exists()
    up.append(True)
    assert rubricate(*command)[0] == 0
    assert len(read_rubrics(out)) == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_job_that_was_killed_goes_on_and_asks_no_finished_draft_again(tmp_path, how):
    path, out = written(tmp_path, *({"id": f"t{k}", "prompt": f"Task <{k}>."} for k in range(30))), tmp_path / "r.yaml"
    asked, running, flight = [], [], 4

    def rule(request):
        asked.append(re.search(r"<(\d+)>", request.messages[1].content)[1])
        if len(asked) == 15:
            os.kill(running[0].pid, how)
        return json.dumps(GOOD)

    with MockServer(rule, think=0.01).in_thread() as server:
        command = [sys.executable, "-m", "rubricate", "generate", path, "--out", out, "--base-url", server.url,
                   "--model", "m", "--concurrency", str(flight)]  # fmt: skip
        command = list(map(str, command))
        first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        running.append(first)
        _, err = first.communicate()
        assert first.returncode == (130 if how is signal.SIGINT else -how)
        kept = [name.removeprefix("t") for name, _ in read_drafts(tmp_path / "r.drafts.jsonl")]
        assert 5 <= len(kept) < 30
        assert not out.exists()
        if how is signal.SIGINT:
            assert f"interrupted; {len(kept)} drafts are in {tmp_path / 'r.drafts.jsonl'}: the same command" in err
            assert "Traceback" not in err
        before = len(asked)
        again = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert again.returncode == 0, again.stderr
    assert f"{len(kept)} of 30 drafts are taken over" in again.stderr
    assert not set(kept) & set(asked[before:])
    assert len(asked) <= 30 + flight
    assert [r.id for r in read_rubrics(out)] == [f"t{k}" for k in range(30)]


ROW = {"id": "a", "prompt": "Say why."}


@pytest.mark.parametrize(
    ("row", "arguments", "said"),
    [
        (ROW, (), "a generator calls a model; expected --base-url and --model, or --replay"),
        (ROW, ("--from", "promt"), "unknown generator 'promt'"),
        (ROW, ("--from", "prompt:plann=yes"), "prompt takes no setting 'plann=yes'"),
        (ROW, ("--from", "prompt:plan=maybe"), "prompt: plan='maybe'; expected a valid boolean"),
        (ROW, ("--from", "prompt:policy=best"), "unknown policy 'best'"),
        (ROW, ("--from", "reference:leak=alow"), "expected 'refuse' or 'allow'"),
        (ROW, ("--from", "pairs"), "materials.jsonl:1: pairs needs 'responses', and 'a' has none"),
        (ROW, ("--from", "docs"), "docs needs --docs FOLDER"),
        (ROW, ("--docs", DATA / "documents"), "prompt does not take --docs FOLDER; expected --from docs/prompt"),
        (ROW, ("--out", "r.txt"), "unknown rubric format 'txt'"),
        ({"id": "a", "promt": "Say why."}, (), "materials.jsonl:1: unknown field 'promt'"),
    ],
)
def test_bad_input_ends_before_the_first_call(rubricate, tmp_path, row, arguments, said):
    code, _, err = rubricate("generate", written(tmp_path, row), *arguments)
    assert code == 2
    assert said in err


def test_the_generators_are_listed_and_shown(rubricate):
    code, out, _ = rubricate("generators")
    assert code == 0
    assert re.search(r"^pairs +responses, labels +Hard rules", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 100
    code, out, _ = rubricate("generators", "docs")
    assert "needs: prompt, --docs FOLDER" in out
    assert "a generator inside: docs/NAME" in out
    code, out, _ = rubricate("generators", "neighbours")
    assert "  weights = -10.0+10.0" in out
    assert "  negatives = yes" in out
    assert max(map(len, out.splitlines())) <= 100
    assert "Did you mean 'persona'" in rubricate("generators", "persone")[2]
