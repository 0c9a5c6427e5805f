"""The real server process under load: faults of the judge, SIGTERM in the middle, the client's retries."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from rubricate.errors import CallError, DataError
from rubricate.llm.faults import Faults
from rubricate.llm.server import MockServer, rules_named
from rubricate.pipeline import rescore
from rubricate.rubrics.io import write_rubrics
from rubricate.serve import RewardClient

GOOD = "Warm the pot first. The steeping time is four minutes."


@contextmanager
def server(tea, tmp_path, *options, env=None):
    path = tmp_path / "tea.yaml"
    write_rubrics([tea], path)
    command = [sys.executable, "-m", "rubricate", "serve", str(path), "--port", "0", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | (env or {}),
    )  # fmt: skip
    try:
        process.said = "".join(process.stdout.readline() for _ in range(4))
        found = re.search(r"http://[\d.]+:\d+", process.said)
        assert found, process.said + process.stderr.read()
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def test_a_client_gets_rewards_and_errors_that_say_what_to_do(tea, tmp_path):
    with server(tea, tmp_path, env={"RUBRICATE_API_KEYS": "secret"}) as (_, url):
        client = RewardClient(url, "secret", attempts=2)
        assert client.rewards("Tea?", [GOOD])["rewards"] == [1.0]
        assert client.score([{"prompt": "q", "response": GOOD}])[0]["reward"] == 1.0
        with pytest.raises(DataError, match="bad_request"):
            client.rewards("Tea?", [])
        with pytest.raises(DataError, match="no_valid_key"):
            RewardClient(url, "wrong").rewards("Tea?", [GOOD])
        with pytest.raises(CallError, match=r"127\.0\.0\.1:9"):
            RewardClient("http://127.0.0.1:9", attempts=2, pause=0.01).rewards("Tea?", [GOOD])
        client.close()

        async def stream():
            return [event["event"] async for event in client.stream([{"prompt": "q", "response": GOOD}] * 2)]

        assert asyncio.run(stream()) == ["result", "result", "progress", "end"]


async def ask_all(url, count, in_flight, on_answer=None):
    """(status or error name, reward) of ``count`` requests with different responses."""
    answers = []
    places = iter(range(count))
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:

        async def work():
            for k in places:
                body = {"items": [{"prompt": "Tea?", "response": f"{GOOD} Number {k}."}]}
                try:
                    async with session.post(f"{url}/v1/score", json=body) as reply:
                        data = await reply.json()
                        answers.append((reply.status, data))
                except aiohttp.ClientError as error:
                    answers.append((type(error).__name__, None))
                if on_answer is not None:
                    on_answer(len(answers))

        await asyncio.gather(*(work() for _ in range(in_flight)))
    return answers


def test_faults_of_the_judge_lose_no_request_and_invent_no_score(tea, tmp_path):
    faults = Faults.parse(["bad_json=0.1", "truncated=0.05", "refusal=0.05"], mode="staying", seed=1)
    with MockServer(rules_named("met"), faults=faults).in_thread() as mock:
        options = ("--base-url", mock.url, "--model", "scripted", "--log", str(tmp_path / "run"))
        with server(tea, tmp_path, *options) as (process, url):
            answers = asyncio.run(ask_all(url, 200, 32))
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    results = [data["results"][0] for status, data in answers if status == 200]
    assert len(results) == 200
    lost = [r for r in results if r["reward"] is None]
    assert 5 < len(lost) < 120
    for result in results:
        known = all(v["state"] == "scored" for v in result["verdicts"])
        assert (result["reward"] is not None) == known
        assert result["reward"] is None or result["reward"] == pytest.approx(2 / 3)  # (2 + 1 - 1) / 3
    logged = rescore(tmp_path / "run")
    assert len(logged.samples) == 200
    assert int((~logged.rewards.valid).sum()) == len(lost)


async def shares(url, connections, count):
    """How many of ``count`` answers each connection got; all of them send one request after another."""
    got, left = [0] * connections, iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:

        async def work(k):
            for n in left:
                body = {"items": [{"prompt": "Tea?", "response": f"{GOOD} Number {n}."}]}
                async with session.post(f"{url}/v1/score", json=body) as reply:
                    assert reply.status == 200
                got[k] += 1

        await asyncio.gather(*(work(k) for k in range(connections)))
    return got


def test_no_connection_waits_for_the_others_to_be_done(tea, tmp_path):
    with server(tea, tmp_path) as (_, url):
        got = asyncio.run(shares(url, 48, 480))
    assert sum(got) == 480
    # ten each, first come first served; a server that takes one new connection per turn serves the first ones twice as
    # often as the last (7 to 15 with uvloop)
    assert max(got) - min(got) <= 5, got


@pytest.mark.slow
def test_sigterm_in_mid_load_loses_no_accepted_request(tea, tmp_path):
    with MockServer(rules_named("met"), think=0.2).in_thread() as mock:
        with server(tea, tmp_path, "--base-url", mock.url, "--model", "scripted") as (process, url):
            stop = {100: lambda: process.send_signal(signal.SIGTERM)}
            answers = asyncio.run(ask_all(url, 400, 32, lambda n: stop.pop(n, lambda: None)()))
            assert process.wait(30) in (0, -signal.SIGTERM)
            log = process.stderr.read()
        asked = mock.stats.requests
    counts = {}
    for status, _ in answers:
        counts[status] = counts.get(status, 0) + 1
    assert len(answers) == 400
    # every request that reached the judge was answered: those in flight at the signal were finished, not cut
    assert counts[200] == asked, (counts, asked, log)
    assert counts[200] >= 100
    rewards = {round(data["results"][0]["reward"], 6) for status, data in answers if status == 200}
    assert rewards == {0.666667}
    refused = {k for k in counts if k not in (200, 503)}
    assert refused <= {"ClientConnectorError", "ServerDisconnectedError", "ClientOSError"}, counts


def test_the_command_says_what_it_serves(tea, tmp_path):
    with server(tea, tmp_path) as (process, _):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert "rubrics    tea" in process.said
    assert "compares words, needs no model" in process.said
    assert "open to everyone" in process.said
    assert "Traceback" not in err, err


EARLY = """
import os, signal, sys
from rubricate.rewarder import Rewarder
from rubricate.serve.app import create_app
from rubricate.serve.run import run_server

try:
    run_server(create_app(Rewarder(())), "127.0.0.1", 0, on_bound=lambda _: os.kill(os.getpid(), int(sys.argv[1])))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(("sent", "code", "said"), [(signal.SIGINT, 0, "interrupted\n"), (signal.SIGTERM, -15, "")])
def test_a_signal_before_the_first_request_ends_it_in_order(sent, code, said):
    done = subprocess.run(
        [sys.executable, "-c", EARLY, str(int(sent))], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, said, "")


def test_a_wrong_option_ends_with_what_is_expected(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "rubricate", "serve", "--on-missing", "guess"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "zero or refuse" in done.stderr
    assert not Path(tmp_path, "run").exists()
