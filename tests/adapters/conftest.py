"""The packages that adapters are for, driven for real: `make test-adapters`. A judge without a reply to "cold"."""

import json

import pytest

import rubricate as rb
from rubricate.integrations.configured import rewarder_of
from rubricate.llm.scripted import JudgeScript

GOOD, PART, COLD = "Warm the pot first. Steep it for four minutes.", "Warm the pot first.", "cold"
WORDS = {"warm": "warm", "time": "minutes"}
SCRIPT = JudgeScript(lambda response, name, text: WORDS[name] in response.lower())
TEA = rb.Rubric(
    id="tea",
    criteria=[
        {"id": "warm", "text": "Says to warm the pot first."},
        {"id": "time", "text": "Gives a steeping time in minutes."},
    ],
)
TEA_JSON = json.dumps(TEA.model_dump(mode="json", exclude_defaults=True))


def judge(request):
    return "no idea" if "cold" in request.messages[1].content else SCRIPT(request)


REWARDER = rb.Rewarder((TEA,), client=rb.ScriptedClient(judge))


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The texts of the adapters' tests, and the rewarder as the environment's."""
    home = tmp_path / "my_rewarder.py"
    home.write_text("made = None\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_rewarder

    my_rewarder.made = REWARDER
    monkeypatch.setenv("RUBRICATE_REWARDER", "my_rewarder:made")
    rewarder_of.cache_clear()
    yield REWARDER
    rewarder_of.cache_clear()


@pytest.fixture
def tea_json():
    return TEA_JSON


@pytest.fixture
def texts():
    return GOOD, PART, COLD
