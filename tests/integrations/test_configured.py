"""A rewarder from plain settings: the environment, a trainer's options, a name, a server."""

import os

import pytest

import rubricate as rb
from rubricate.errors import SettingError, UnknownNameError
from rubricate.integrations.configured import Settings, named, rewarder_of
from rubricate.integrations.remote import RemoteRewarder
from rubricate.rewarder import Rewarder

HERE = Rewarder((rb.Rubric(id="r", criteria=[{"id": "a", "text": "A."}]),))


def made():
    return HERE


def read(given=None, **environ):
    return Settings.read(given, {f"RUBRICATE_{k}": v for k, v in environ.items()})


def test_options_win_over_the_environment():
    found = read({"policy": "healthbench", "deadline": 5}, POLICY="prbench", CONCURRENCY="8", STRICT="1", TAGS="a, b")
    assert (found.policy, found.deadline, found.concurrency, found.strict, found.tags) == (
        "healthbench", 5.0, 8, True, "a, b",
    )  # fmt: skip
    assert read({"policy": None}, POLICY="prbench").policy == "prbench"
    assert read({"tags": ["a", "b"]}).tags == "a,b"
    assert not read(STRICT="0").strict


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"policies": "x"}, "Did you mean 'policy'"),
        ({"deadline": "soon"}, "a float"),
        ({"base_url": "http://x/v1"}, "both, or neither"),
        ({"url": "http://x", "rubrics": "r.yaml"}, "a server"),
        ({"url": "http://x", "rewarder": "a:b"}, "a server"),
    ],
)
def test_wrong_settings_say_what_is_right(given, match):
    with pytest.raises((UnknownNameError, SettingError), match=match):
        read(given)


def test_a_new_rewarder_is_built_once_per_process(tea, tmp_path):
    path = tmp_path / "tea.yaml"
    rb.write_rubrics([tea], path)
    settings = read(RUBRICS=str(path), BASE_URL="http://x/v1", MODEL="m", TAGS="a,b", LOG="runs/{pid}", CONCURRENCY="3")
    rewarder = rewarder_of(settings)
    assert rewarder is rewarder_of(read(RUBRICS=str(path), BASE_URL="http://x/v1", MODEL="m", TAGS="a,b",
                                        LOG="runs/{pid}", CONCURRENCY="3"))  # fmt: skip
    assert [r.digest for r in rewarder.rubrics] == [tea.digest]
    assert (rewarder.client.model, rewarder.concurrency, rewarder.tags) == ("m", 3, ("a", "b"))
    assert rewarder.log == f"runs/{os.getpid()}"


def test_without_anything_rows_bring_their_rubrics_and_the_embedded_judge_decides():
    (scored,) = rewarder_of(read()).score_sync([rb.Sample("a", (), "Warm the pot.")], ['{"id": "x", "criteria": '
        '[{"id": "w", "text": "Says to warm the pot."}]}'])  # fmt: skip
    assert scored.reward == 1.0


@pytest.mark.parametrize("name", ["HERE", "made"])
def test_a_rewarder_by_name(name, tmp_path, monkeypatch):
    (tmp_path / "rewards_by_name.py").write_text(
        "import rubricate as rb\nHERE = rb.Rewarder((rb.Rubric(id='r', criteria=[{'id': 'a', 'text': 'A.'}]),))\n"
        "def made():\n    return HERE\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    rewarder_of.cache_clear()
    assert rewarder_of(read(REWARDER=f"rewards_by_name:{name}")).rubrics[0].id == "r"


@pytest.mark.parametrize(
    ("path", "match"),
    [("rubricate", "names no object"), ("no_such_module:x", "PYTHONPATH"), ("rubricate.files:x", "unknown name in")],
)
def test_names_that_are_none(path, match):
    with pytest.raises((SettingError, UnknownNameError), match=match):
        named(path)


def test_a_name_of_something_else_is_refused():
    with pytest.raises(SettingError, match="a Rewarder"):
        rewarder_of(Settings(rewarder="rubricate.errors:__doc__"))


def test_a_server(monkeypatch):
    found = rewarder_of(read(URL="http://localhost:8080", API_KEY="secret", TAGS="a"))
    assert isinstance(found, RemoteRewarder)
    assert (found.api_key, found.tags) == ("secret", ("a",))
    assert "secret" not in repr(found)
