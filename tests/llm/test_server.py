import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from rubricate.errors import CallError, DataError, SettingError, UnknownNameError
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.llm import server as server_module
from rubricate.llm.client import Reply, Request, Token
from rubricate.llm.faults import Faults, FaultyClient
from rubricate.llm.http import HttpClient
from rubricate.llm.recordings import Recording, by_messages
from rubricate.llm.scripted import JudgeScript, Rule, ScriptedClient, met, pseudo_random
from rubricate.llm.server import MockServer, rules_named
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

RUBRIC = Rubric(id="r", criteria=[{"id": f"c{k}", "text": f"Point {k} is made."} for k in range(4)])
JUDGE = PointwiseJudge(reasons=False, reasks=0)


def ask(text="hi", **more) -> Request:
    return Request((Message("user", text),), **more)


def sample(k: int) -> Sample:
    return Sample(f"s{k}", (Message("user", "Make tea."),), f"Response number {k}.")


def request(k: int) -> Request:
    return JUDGE.request(sample(k), RUBRIC, RUBRIC.leaves)


def with_server(work, client=JudgeScript(met), **settings):  # noqa: B008
    """``work(server, client)`` in a loop with a running server; no task is left when it has ended."""

    async def main():
        async with asyncio.timeout(20):
            async with MockServer(client, **settings) as server:
                http = HttpClient(server.url, "m")
                try:
                    return await work(server, http)
                finally:
                    await http.close()

    async def alone():
        result = await main()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    return asyncio.run(alone())


def complete(request, client=JudgeScript(met), **settings) -> Reply:  # noqa: B008
    return with_server(lambda _, http: http.complete(request), client, **settings)


def refused(request, client=JudgeScript(met), **settings) -> CallError:  # noqa: B008
    with pytest.raises(CallError) as caught:
        complete(request, client, **settings)
    return caught.value


async def eventually(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


def get(url, method="GET", key=None, data=None):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    call = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(call, timeout=10) as response:
            return response.status, response.read(), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


# answers


def test_verdicts_come_through_http():
    async def work(server, http):
        verdicts = await JUDGE.verdicts(sample(0), RUBRIC, RUBRIC.leaves, http)
        return {v.criterion: v.value for v in verdicts}, server.stats

    values, stats = with_server(work, JudgeScript(lambda response, name, text: name in ("c0", "c2")))
    assert values == {"c0": 1.0, "c1": 0.0, "c2": 1.0, "c3": 0.0}
    assert (stats.requests, stats.connections, stats.in_flight, stats.peak_in_flight) == (1, 1, 0, 1)
    assert stats.prompt_chars == sum(len(m.content) for m in request(0).messages)
    assert stats.prompt_bytes > stats.prompt_chars


def test_everything_of_a_reply_comes_through_http():
    token = Token("a", -0.5, (("a", -0.5), ("b", -1.0)))
    reply = Reply(("a", "b"), ("stop", "length"), "real", tokens=((token,), (token,)))
    got = complete(ask(n=2, top_logprobs=2), lambda r: reply)
    assert (got.texts, got.finish, got.model, got.tokens, got.notes) == (*_parts(reply), ())
    assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (1, 1)


def _parts(reply):
    return reply.texts, reply.finish, reply.model, reply.tokens


def test_what_is_ignored_is_ignored_in_silence():
    token = Token("a", -0.5)
    rules = [Rule("both", Reply(("a", "b"), tokens=((token,), (token,)))), JudgeScript(met)]
    both = complete(ask("both", n=2, top_logprobs=1), rules, ignore=("n", "logprobs"))
    assert both.texts == ("a", "a")  # the client noticed and asked again for the second
    assert both.notes == ("no-logprobs", "fewer-choices")
    structured = PointwiseJudge(structured=True)
    wrapped = complete(structured.request(sample(0), RUBRIC, RUBRIC.leaves), rules, ignore=("schema",))
    assert wrapped.notes == ("no-schema",)
    verdicts = with_server(
        lambda _, http: structured.verdicts(sample(0), RUBRIC, RUBRIC.leaves, http), rules, ignore=("schema",)
    )
    assert {v.value for v in verdicts} == {1.0}
    assert complete(structured.request(sample(0), RUBRIC, RUBRIC.leaves), rules).notes == ()


def test_many_at_once_with_think_time():
    async def work(server, http):
        replies = await asyncio.gather(*(http.complete(ask(str(k))) for k in range(32)))
        return [r.text for r in replies], server.stats

    texts, stats = with_server(work, lambda r: r.messages[0].content, think=0.05)
    assert texts == [str(k) for k in range(32)]
    assert (stats.peak_in_flight, stats.in_flight, stats.connections) == (32, 0, 32)


def test_any_client_can_be_behind_it():
    inner = FaultyClient(ScriptedClient(lambda r: "fine"), Faults(refusal=1.0))
    assert refused(ask(), inner).state == "refused"
    limited = FaultyClient(ScriptedClient(lambda r: "fine"), Faults(rate_limit=1.0, retry_after=3))
    error = refused(ask(), limited)
    assert (error.status, error.retry_after) == (429, 3.0)
    assert complete(ask(), FaultyClient(ScriptedClient(lambda r: "fine"), Faults())).text == "fine"


def test_a_rule_that_raises_is_a_500_and_no_rule_a_400():
    def broken(request):
        return str(1 / 0)

    error = refused(ask(), broken)
    assert (error.status, "ZeroDivisionError" in str(error), error.retryable) == (500, True, True)
    error = refused(ask(), JudgeScript(met))
    assert (error.status, "judge script (met)" in str(error), error.retryable) == (400, True, False)


# paths


def test_the_other_paths():
    with MockServer(JudgeScript(met), model="mock").in_thread() as server:
        root = server.url.removesuffix("/v1")
        assert get(f"{root}/healthz")[:2] == (200, b'{"status": "ok"}')
        status, body, headers = get(f"{root}/healthz", "HEAD")
        assert (status, body, headers["Content-Length"]) == (200, b"", "16")
        assert json.loads(get(f"{server.url}/models")[1])["data"][0]["id"] == "mock"
        assert json.loads(get(f"{root}/stats")[1])["requests"] == 0
        status, body, _ = get(f"{root}/v2/models")
        assert (status, json.loads(body)["error"]["type"]) == (404, "invalid_request_error")
        status, _, headers = get(f"{server.url}/chat/completions")
        assert (status, headers["Allow"]) == (405, "POST")
        status, body, _ = get(f"{server.url}/chat/completions", "POST", data=b"{not json")
        assert (status, "cannot be read" in json.loads(body)["error"]["message"]) == (400, True)
        status, body, _ = get(f"{server.url}/chat/completions", "POST", data=b"[" * 100_000)
        assert status == 400


def test_the_key():
    with MockServer(JudgeScript(met), api_key="sesame").in_thread() as server:
        assert get(f"{server.url}/models", key="sesame")[0] == 200
        for key in (None, "Sesame", "sesame2"):
            status, body, _ = get(f"{server.url}/models", key=key)
            assert (status, json.loads(body)["error"]["code"]) == (401, "invalid_api_key")
        assert get(server.url.removesuffix("/v1") + "/healthz")[0] == 200


def test_a_body_that_is_too_large():
    error = refused(ask("x" * 2000), max_bytes=1000)
    assert (error.status, "1000" in str(error)) == (413, True)


# faults


def fault(kind, **settings):
    return Faults(**{kind: 1.0}, **settings)


@pytest.mark.parametrize(
    ("kind", "status", "state", "retryable"),
    [
        ("rate_limit", 429, "failed", True),
        ("server_error", 500, "failed", True),
        ("drop", None, "failed", True),
        ("refusal", None, "refused", False),
    ],
)
def test_faults_without_a_reply(kind, status, state, retryable):
    faults = fault(kind, retry_after=0.25)
    over_http = refused(request(0), faults=faults)
    assert (over_http.status, over_http.state, over_http.retryable) == (status, state, retryable)
    assert over_http.retry_after == (0.25 if kind == "rate_limit" else None)
    with pytest.raises(CallError) as caught:
        asyncio.run(FaultyClient(ScriptedClient(JudgeScript(met)), faults).complete(request(0)))
    names = ("status", "state", "retryable", "retry_after")
    assert [getattr(caught.value, n) for n in names] == [getattr(over_http, n) for n in names]


@pytest.mark.parametrize("kind", ["bad_json", "truncated", "cut_json", "empty", "left_out", "wrong_choice"])
def test_faults_that_spoil_the_reply_are_the_same_in_process(kind):
    over_http = complete(request(0), faults=fault(kind))
    inside = asyncio.run(FaultyClient(ScriptedClient(JudgeScript(met)), fault(kind)).complete(request(0)))
    assert (over_http.texts, over_http.finish) == (inside.texts, inside.finish)

    async def judged(server, http):
        verdicts = await JUDGE.verdicts(sample(0), RUBRIC, RUBRIC.leaves, http)
        return [v.state for v in verdicts].count(State.SCORED), server.stats.faults

    assert with_server(judged, faults=fault(kind)) == (3 if kind in ("left_out", "wrong_choice") else 0, {kind: 1})


def test_which_questions_stay_stuck_is_the_same_in_process():
    faults = Faults(rate_limit=0.2, bad_json=0.2, left_out=0.1, mode="staying", seed=5)

    async def outcomes(client):
        got = []
        for k in range(30):
            try:
                got.append((await client.complete(request(k))).text)
            except CallError as error:
                got.append(str(error.status))
        return got

    async def both(server, http):
        return await outcomes(http), await outcomes(http)

    first, second = with_server(both, faults=faults)
    assert first == second
    assert first == asyncio.run(outcomes(FaultyClient(ScriptedClient(JudgeScript(met)), faults)))
    assert len(set(first)) > 3


def test_a_passing_fault_passes():
    async def tries(server, http):
        got = []
        for _ in range(40):
            try:
                got.append((await http.complete(request(0))).text)
            except CallError as error:
                got.append(error.status)
        return got, server.stats.faults["server_error"]

    got, counted = with_server(tries, faults=Faults(server_error=0.5))
    assert got.count(500) == counted
    assert 8 < counted < 32


def test_a_hang_ends_when_the_client_gives_up():
    async def work(server, http):
        call = asyncio.create_task(http.complete(request(0)))
        await eventually(lambda: server.stats.in_flight == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await eventually(lambda: server.stats.in_flight == 0)
        return server.stats.faults, server._connections

    assert with_server(work, faults=fault("hang")) == ({"hang": 1}, set())


@pytest.mark.parametrize("behind", [JudgeScript(met), FaultyClient(ScriptedClient(met), Faults(hang=1.0))])
def test_a_client_that_leaves_while_the_server_thinks(behind):
    async def work(server, http):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))
        body = json.dumps({"messages": [{"role": m.role, "content": m.content} for m in request(0).messages]}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        writer.write(head + body)
        await eventually(lambda: server.stats.in_flight == 1)
        writer.close()
        await eventually(lambda: server.stats.in_flight == 0)
        assert await reader.read() == b""

    with_server(work, behind, think=3600.0)


# life


def test_stopping_while_requests_wait_leaves_nothing():
    async def work():
        server = MockServer(JudgeScript(met), think=3600.0)
        async with server:
            http = HttpClient(server.url, "m")
            calls = [asyncio.create_task(http.complete(request(k))) for k in range(5)]
            await eventually(lambda: server.stats.in_flight == 5)
        assert not server._connections
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(outcome, CallError)
        await http.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        with pytest.raises(SettingError, match="not been started"):
            _ = server.url

    asyncio.run(work())


def test_in_a_thread_again_and_again():
    before = threading.active_count()
    server = MockServer(lambda r: "ok")
    body = json.dumps({"messages": [{"role": "user", "content": "hi"}]}).encode()
    for _ in range(3):
        with server.in_thread() as running:
            data = json.loads(get(f"{running.url}/chat/completions", "POST", data=body)[1])
            assert data["choices"][0]["message"]["content"] == "ok"
    assert (server.stats.requests, threading.active_count()) == (3, before)


def test_a_port_that_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = MockServer(lambda r: "ok", port=taken.getsockname()[1])
        with pytest.raises(OSError, match="address already in use"), server.in_thread():
            pass


def test_settings_are_checked():
    for bad in ({"ignore": ("tools",)}, {"think": -1.0}, {"max_bytes": 0}):
        with pytest.raises(SettingError):
            MockServer(lambda r: "ok", **bad)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_as_a_process(number):
    arguments = (
        "--truth hash --think 0.001 --faults rate_limit=1 --fault-mode staying --retry-after 7 --ignore n schema"
    )
    command = [sys.executable, "-W", "error", "-m", "rubricate.llm.server", *arguments.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        body = json.dumps({"messages": [{"role": "user", "content": "hi"}]}).encode()
        status, _, headers = get(f"{url}/chat/completions", "POST", data=body)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (status, headers["Retry-After"]) == (429, "7")
    assert (process.returncode, out, err) == (0, "", "")


def test_serving_gives_the_signals_back(monkeypatch, capsys):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    opened = MockServer.__aenter__

    async def then_stop(self):
        os.kill(os.getpid(), signal.SIGTERM)
        return await opened(self)

    monkeypatch.setattr(MockServer, "__aenter__", then_stop)
    server_module.main(["--truth", "met", "--port", "0"])
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_bad_arguments_end_with_a_message(capsys):
    for arguments, words in (
        (["--truth", "mett"], "Did you mean 'met'"),
        (["--faults", "hangs=1"], "hang"),
        (["--truth", "recording:nowhere.jsonl"], "no such file"),
        (["--think", "-1"], "think >= 0"),
    ):
        with pytest.raises(SystemExit):
            server_module.main(arguments)
        assert words in capsys.readouterr().err


def test_rules_by_name(tmp_path):
    assert rules_named("met") == JudgeScript(met)
    assert rules_named("hash") == JudgeScript(pseudo_random)
    with pytest.raises(UnknownNameError, match="hash, met"):
        rules_named("oracle")
    recording = Recording(key=by_messages)
    asyncio.run(recording.record(ScriptedClient(lambda r: "as recorded")).complete(ask("hi")))
    recording.write(tmp_path / "r.jsonl")
    assert complete(ask("hi", temperature=0.3), rules_named(f"recording:{tmp_path}/r.jsonl")).text == "as recorded"
    (tmp_path / "bad.jsonl").write_text("{}\n")
    with pytest.raises(DataError):
        rules_named(f"recording:{tmp_path}/bad.jsonl")
