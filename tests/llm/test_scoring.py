"""The scoring client against a real HTTP server that answers in the shapes of vLLM and of embedding servers."""

import asyncio
import json
import threading
from dataclasses import replace

import pytest
from aiohttp import web

from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.llm import Calls, CallSettings
from rubricate.llm.cache import Cached
from rubricate.llm.client import Request
from rubricate.llm.http import HttpClient
from rubricate.llm.scoring import ScoringClient
from rubricate.types import Message

CHAT = Request((Message("user", "Hi"), Message("assistant", "Hello!")), temperature=None)
TEXT = Request((Message("raw", "Hi\n\nHello!"),), temperature=None)
NUMBERS = {"classify": ("probs", [1.5]), "pooling": ("data", [-0.5]), "embeddings": ("embedding", [0.25, -1.0, 3.0])}


class ScoringServer:
    """A server with the three routes in a thread; ``answer(path, body)`` gives a body, or a status and a text."""

    def __init__(self, answer):
        self.answer, self.seen, self.ready = answer, [], threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)

    async def serve(self):
        async def reply(request):
            body = json.loads(await request.read())
            self.seen.append((request.path, body))
            found = self.answer(request.path, body)
            if isinstance(found, tuple):
                return web.Response(status=found[0], text=found[1], headers=dict(found[2:]))
            return web.Response(text=json.dumps(found), content_type="application/json")

        app = web.Application()
        for path in ("/classify", "/pooling", "/v1/embeddings"):
            app.router.add_post(path, reply)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self.stop.wait()
        await runner.cleanup()

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *exc):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join()

    def client(self, route="classify", suffix="", **settings):
        return ScoringClient(HttpClient(self.url + suffix, "rm"), route, **settings)


def good(path, body):
    name, numbers = NUMBERS[path.rsplit("/", 1)[-1]]
    entry = {"index": 0, name: numbers, "num_classes": 1}
    return {"model": "rm-1", "data": [entry], "usage": {"prompt_tokens": 7}}


def entry(**fields):
    return lambda path, body: {"data": [fields]}


def complete(client, request=CHAT):
    return asyncio.run(client.complete(request))


@pytest.mark.parametrize("route", NUMBERS)
@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_numbers_come_back_from_each_route(route, suffix):
    with ScoringServer(good) as server:
        reply = complete(server.client(route, suffix))
    assert json.loads(reply.text) == NUMBERS[route][1]
    assert reply.model == "rm-1"
    assert (reply.usage.calls, reply.usage.prompt_tokens) == (1, 7)


def test_what_is_sent():
    with ScoringServer(good) as server:
        complete(server.client())
        complete(server.client("pooling", extra=(("truncate_prompt_tokens", -1),)), TEXT)
        complete(server.client("embeddings"), replace(TEXT, model="other"))
        complete(server.client(activation=True), TEXT)
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
    assert server.seen == [
        ("/classify", {"model": "rm", "messages": chat, "use_activation": False}),
        ("/pooling", {"model": "rm", "input": "Hi\n\nHello!", "truncate_prompt_tokens": -1}),
        ("/v1/embeddings", {"model": "other", "input": "Hi\n\nHello!", "encoding_format": "float"}),
        ("/classify", {"model": "rm", "input": "Hi\n\nHello!", "use_activation": True}),
    ]


def test_of_one_row_a_token_the_last_counts():
    with ScoringServer(entry(data=[[0.1], [0.2], [0.9]])) as server:
        reply = complete(server.client("pooling"))
    assert json.loads(reply.text) == [0.9]
    assert reply.notes == ("last-of-3-rows",)


BAD = {
    "no data": lambda path, body: {"error": "x"},
    "no entry": lambda path, body: {"data": []},
    "two entries": lambda path, body: {"data": [{"probs": [1.0]}, {"probs": [2.0]}]},
    "no object": lambda path, body: {"data": [0.5]},
    "other name": entry(score=0.5),
    "empty": entry(probs=[]),
    "none": entry(probs=[None]),
    "text": entry(probs=["0.5"]),
    "a word": entry(probs="good"),
    "boolean": entry(probs=[True]),
    "nan": entry(probs=[float("nan")]),
    "infinite": entry(probs=[float("inf")]),
    "nested": entry(probs=[[[0.5]]]),
    "mixed": entry(probs=[[0.5], 0.5]),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_number_is_unreadable(case):
    with ScoringServer(BAD[case]) as server, pytest.raises(CallError) as caught:
        complete(server.client())
    assert caught.value.state == "unreadable"
    assert not caught.value.retryable


def test_base64_embeddings_are_refused():
    with ScoringServer(entry(embedding="AACAPw==")) as server, pytest.raises(CallError, match="finite numbers"):
        complete(server.client("embeddings"))


@pytest.mark.parametrize(
    ("answer", "status", "retryable"),
    [((400, '{"error": "no messages here"}'), 400, False), ((503, "busy"), 503, True), ((200, "[1]"), None, True),
     ((200, "<html>"), None, True)],
)  # fmt: skip
def test_errors_keep_their_status(answer, status, retryable):
    with ScoringServer(lambda path, body: answer) as server, pytest.raises(CallError) as caught:
        complete(server.client())
    assert (caught.value.status, caught.value.retryable) == (status, retryable)
    assert server.url in str(caught.value)


def test_a_server_that_is_gone_can_be_tried_again():
    with ScoringServer(good) as server:
        client = server.client()
    with pytest.raises(CallError) as caught:
        complete(client)
    assert caught.value.retryable


def test_retries_caps_and_the_cache_work_on_it():
    left = [(503, "busy"), (429, "slow down")]

    def answer(path, body):
        return left.pop() if left else good(path, body)

    with ScoringServer(answer) as server:
        calls = Calls(server.client(), CallSettings(backoff=0.001))
        cached = Cached(calls)
        first, second = complete(cached), complete(cached)
    assert calls.ledger.retries == 2
    assert len(server.seen) == 3
    assert second.cached
    assert second.text == first.text
    assert calls.endpoint == f"{server.url}/classify"


def test_wrong_use_is_refused():
    http = HttpClient("http://localhost:1", "rm")
    with pytest.raises(UnknownNameError, match="route"):
        ScoringClient(http, "classfy")
    for more in ({"n": 2}, {"top_logprobs": 5}, {"schema": "{}"}):
        with pytest.raises(SettingError, match="scoring endpoint"):
            complete(ScoringClient(http), replace(CHAT, **more))
