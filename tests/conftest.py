"""Fixtures for all tests: the real data folder, small rubrics and samples."""

import contextlib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rubricate import write_rubrics
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else litellm retries a download for seconds at import
if importlib.util.find_spec("hypothesis"):
    import hypothesis

    hypothesis.settings.register_profile("untimed", deadline=None)  # no test measures time
    hypothesis.settings.load_profile("untimed")
DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


def pytest_configure(config) -> None:
    config.addinivalue_line("markers", "asyncio: what eval-protocol's decorator puts on an example of the docs")


@pytest.fixture
def real_data() -> Path:
    """The folder of real data beside the project; tests that need it skip where it is absent."""
    if not DATA.is_dir():
        pytest.skip("the real data folder ../shared/data is not here")
    return DATA.resolve()


@pytest.fixture
def tea() -> Rubric:
    """A rubric of three criteria, one of them bad."""
    return Rubric(
        id="tea",
        criteria=[
            {"id": "warm", "text": "Says to warm the pot first.", "weight": 2},
            {"id": "time", "text": "Gives a steeping time in minutes.", "weight": 1},
            {"id": "microwave", "text": "Suggests a microwave.", "weight": -1},
        ],
        policy="healthbench",
    )


@pytest.fixture
def samples() -> list[Sample]:
    """Two responses to one prompt."""
    prompt = (Message("user", "How do I make tea?"),)
    return [
        Sample("good", prompt, "Warm the pot first, then steep for four minutes.", group="tea"),
        Sample("bad", prompt, "Put the cup in the microwave.", group="tea"),
    ]


@pytest.fixture
def bytes_for_tokens(monkeypatch) -> None:
    """inspect_ai counts tokens with a table that tiktoken would fetch: one byte, one token, instead."""
    if importlib.util.find_spec("tiktoken") is None:
        return
    import tiktoken

    table = tiktoken.Encoding(
        "bytes", pat_str=r"(?s).", mergeable_ranks={bytes([k]): k for k in range(256)}, special_tokens={}
    )
    monkeypatch.setattr(tiktoken, "get_encoding", lambda name: table)
    monkeypatch.setattr(tiktoken, "encoding_for_model", lambda name: table)


@pytest.fixture
def serving(tmp_path):
    """A reward server as a process: ``with serving([rubric], "--option") as url``."""

    @contextlib.contextmanager
    def start(rubrics, *options, env=None):
        path = tmp_path / "rubrics.yaml"
        write_rubrics(rubrics, path)
        command = [sys.executable, "-m", "rubricate", "serve", str(path), "--port", "0", *options]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | (env or {}),
        )  # fmt: skip
        try:
            said = "".join(process.stdout.readline() for _ in range(4))
            found = re.search(r"http://[\d.]+:\d+", said)
            assert found, said + process.stderr.read()
            yield found[0]
        finally:
            process.terminate()
            process.communicate(timeout=60)

    return start
