"""The client against a server that is not ours: transformers serve with a tiny random model.

It ignores log-probabilities, schemas, ``n`` and ``echo`` without a word, so it shows whether our client notices. Run
by ``make test-local``.
"""

import asyncio
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rubricate.errors import CallError
from rubricate.judges import LikelihoodJudge, PointwiseJudge
from rubricate.llm.client import Request
from rubricate.llm.http import HttpClient
from rubricate.llm.scorers import CompletionScorer, Forced
from rubricate.pipeline import run
from rubricate.rubrics import Rubric
from rubricate.types import Message, State

pytestmark = pytest.mark.local

SCHEMA = '{"type": "object", "properties": {"met": {"type": "boolean"}}, "required": ["met"]}'
ASK = Request((Message("user", "hello good bird"),), max_tokens=6)
RUBRIC = Rubric(id="r", criteria=[{"id": "polite", "text": "Is polite."}])


@pytest.fixture(scope="module")
def server(tiny, tmp_path_factory):
    """Address and model name of a running ``transformers serve``."""
    command = shutil.which("transformers", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the command 'transformers' is not installed (make test-local)")
    folder = tmp_path_factory.mktemp("model")
    for part in tiny():
        part.save_pretrained(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--log-level", "info"]
    process = subprocess.Popen(
        [command, "serve", str(folder), *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    limit = threading.Timer(120, process.kill)  # a server that never comes up ends, and the loop below with it
    limit.start()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "running on" in line:
            break
    limit.cancel()
    reader = threading.Thread(target=process.stdout.read, daemon=True)
    reader.start()
    if process.poll() is not None:
        pytest.fail("the server did not start:\n" + "".join(lines[-20:]))
    yield f"http://127.0.0.1:{port}/v1", str(folder)
    process.terminate()
    process.wait()
    reader.join()
    process.stdout.close()


def ask(server, request):
    return asyncio.run(HttpClient(*server).complete(request))


def with_(**settings):
    return Request(**{f: getattr(ASK, f) for f in ("messages", "max_tokens")} | settings)


def test_chat_works_and_is_counted(server):
    reply = ask(server, ASK)
    assert reply.usage.calls == 1
    assert reply.usage.prompt_tokens > 0
    assert reply.usage.completion_tokens > 0
    assert reply.finish == ("length",)
    assert reply.notes == ()


def test_missing_log_probabilities_are_noticed(server):
    assert "no-logprobs" in ask(server, with_(top_logprobs=3)).notes


def test_an_ignored_schema_is_noticed(server):
    reply = ask(server, with_(schema=SCHEMA))
    assert "no-schema" in reply.notes
    assert not reply.text.lstrip().startswith("{")


def test_choices_that_were_left_out_are_asked_for(server):
    reply = ask(server, with_(n=3))
    assert len(reply.texts) == len(reply.finish) == 3
    assert "fewer-choices" in reply.notes
    assert reply.usage.calls == 3


def test_a_model_that_is_not_served_is_an_error(server):
    with pytest.raises(CallError) as caught:
        ask(server, with_(model="nobody/nothing"))
    assert caught.value.status in (400, 404)


def test_raw_text_is_completed_and_an_ignored_echo_is_an_error_with_the_next_action(server):
    client = HttpClient(*server)
    raw = asyncio.run(client.complete(Request((Message("raw", "hello good"),), max_tokens=3)))
    assert raw.usage.prompt_tokens > 0
    for style in ("echo", "prompt_logprobs"):
        found = asyncio.run(CompletionScorer(client, style).logprobs([Forced("hello good", " bird")]))[0]
        assert isinstance(found, CallError), style
        assert found.state == "failed"
        assert "LocalScorer.load" in str(found)


@pytest.mark.parametrize("judge", [PointwiseJudge(max_tokens=16, reasks=1), LikelihoodJudge()])
def test_a_model_that_says_nothing_useful_gives_states_and_no_reward(server, judge):
    result = run(RUBRIC, prompt="Say hello.", responses=["Hello!"], judge=judge, client=HttpClient(*server))
    verdict = result.verdicts("r1")[0]
    assert verdict.value is None
    assert verdict.state in (State.UNREADABLE, State.TRUNCATED, State.FAILED)
    assert np.isnan(result.rewards.values).all()
