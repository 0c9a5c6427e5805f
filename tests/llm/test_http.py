import asyncio
import json
import multiprocessing
import pickle
import threading

import pytest
from aiohttp import web

from rubricate.errors import CallError, SettingError
from rubricate.llm.client import Request
from rubricate.llm.http import HttpClient
from rubricate.types import Message

ASK = Request((Message("user", "hello"),), model="m")
SCHEMA = '{"type": "object"}'


def answer(*texts, **choice):
    choices = [{"message": {"role": "assistant", "content": t}, "finish_reason": "stop"} | choice for t in texts]
    return {"model": "m-1", "choices": choices, "usage": {"prompt_tokens": 1000, "completion_tokens": 100}}


class Server:
    """A real HTTP server in a thread; ``handle`` maps a request's body to a reply, a status or an exception."""

    def __init__(self, handle):
        self.handle, self.bodies, self.headers = handle, [], []
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)

    async def serve(self):
        async def reply(request):
            body = json.loads(await request.read())
            self.bodies.append(body)
            self.headers.append(dict(request.headers))
            found = self.handle(body)
            if found == "drop":
                request.transport.close()
                return web.Response()
            if isinstance(found, tuple):
                return web.Response(status=found[0], text=found[1], headers=found[2] if len(found) > 2 else {})
            return web.json_response(found)

        app = web.Application()
        app.router.add_post("/v1/chat/completions", reply)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self.stop.wait()
        await runner.cleanup()

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join()


def ask(server, request=ASK, **settings):
    return asyncio.run(HttpClient(server.url, "default", **settings).complete(request))


def test_a_plain_call_with_usage_prices_and_key():
    with Server(lambda body: answer("hi")) as server:
        reply = ask(server, api_key="secret", prices=(2.0, 10.0))
    assert (reply.text, reply.finish, reply.model) == ("hi", ("stop",), "m-1")
    assert (reply.usage.calls, reply.usage.prompt_tokens, reply.usage.completion_tokens) == (1, 1000, 100)
    assert reply.usage.cost == pytest.approx(0.003)
    assert server.headers[0]["Authorization"] == "Bearer secret"
    assert server.bodies[0] == {"model": "m", "messages": [{"role": "user", "content": "hello"}], "temperature": 0.0}
    assert "secret" not in repr(HttpClient(server.url, "m", api_key="secret"))


def test_the_schema_steps_down_until_the_server_takes_it_and_this_is_remembered():
    def strict(body):
        kind = body.get("response_format", {}).get("type")
        return (
            answer("{}")
            if kind is None
            else (400, json.dumps({"error": {"message": f"unknown response_format {kind}"}}))
        )

    request = Request(ASK.messages, schema=SCHEMA)
    with Server(strict) as server:
        client = HttpClient(server.url, "m")
        asyncio.run(client.complete(request))
        assert [b.get("response_format", {}).get("type") for b in server.bodies] == ["json_schema", "json_object", None]
        asyncio.run(client.complete(request))
        assert len(server.bodies) == 4
        with pytest.raises(CallError, match="unknown response_format"):
            asyncio.run(HttpClient(server.url, "m", json_mode="json_schema").complete(request))


def test_what_a_server_leaves_out_in_silence_is_noticed():
    with Server(lambda body: answer("plain words")) as server:
        reply = ask(server, Request(ASK.messages, schema=SCHEMA, top_logprobs=5, n=3))
    assert reply.notes == ("no-logprobs", "no-schema", "fewer-choices")
    assert reply.texts == ("plain words",) * 3
    assert reply.usage.calls == 3


def test_logprobs_and_choices_are_read():
    logprobs = {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": [{"token": "A", "logprob": -0.1}]}]}
    with Server(lambda body: answer("A", "B", logprobs=logprobs)) as server:
        reply = ask(server, Request(ASK.messages, top_logprobs=1, n=2))
    assert reply.texts == ("A", "B")
    assert reply.tokens[0][0].top == (("A", -0.1),)
    assert reply.notes == ()


@pytest.mark.parametrize(
    ("found", "state", "status", "retryable", "what"),
    [
        ((429, "{}", {"Retry-After": "7"}), "failed", 429, True, "429"),
        ((500, '{"error": {"message": "boom"}}'), "failed", 500, True, "boom"),
        ((401, '{"error": "no key"}'), "failed", 401, False, "OPENAI_API_KEY"),
        ((404, "not here"), "failed", 404, False, "base url"),
        ((200, "<html>"), "failed", None, True, "not JSON"),
        ((200, '{"choices": []}'), "failed", None, True, "no choices"),
        ("drop", "failed", None, True, "chat/completions"),
        (answer("x", finish_reason="content_filter"), "refused", None, False, "refused"),
        (answer("x", message={"refusal": "I will not", "content": None}), "refused", None, False, "refused"),
    ],
)
def test_each_failure_has_its_state(found, state, status, retryable, what):
    with Server(lambda body: found) as server, pytest.raises(CallError, match=what) as caught:
        ask(server)
    error = caught.value
    assert (error.state, error.status, error.retryable) == (state, status, retryable)
    assert error.retry_after == (7.0 if status == 429 else None)


def test_a_server_that_is_not_there():
    with pytest.raises(CallError, match=r"127\.0\.0\.1") as caught:
        asyncio.run(HttpClient("http://127.0.0.1:9/v1", "m").complete(ASK))
    assert caught.value.retryable


def test_content_in_parts_and_empty_content():
    with Server(lambda body: answer([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], None)) as server:
        assert ask(server).texts == ("ab", "")


def test_one_client_over_many_loops_threads_and_pickling():
    with Server(lambda body: answer("hi")) as server:
        client = HttpClient(server.url, "m")
        for _ in range(3):
            assert asyncio.run(client.complete(ASK)).text == "hi"
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(asyncio.run(client.complete(ASK)).text)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == ["hi"] * 4
        again = pickle.loads(pickle.dumps(client))
        assert again == client
        assert asyncio.run(again.complete(ASK)).text == "hi"


def test_connections_are_kept():
    ports = set()

    async def main(client):
        for _ in range(5):
            await client.complete(ASK)
        pool = next(iter(client._sessions._open.values()))
        ports.update(id(t) for conns in pool.session.connector._conns.values() for t, _ in conns)
        await client.close()

    with Server(lambda body: answer("hi")) as server:
        asyncio.run(main(HttpClient(server.url, "m")))
    assert len(ports) == 1


def child(client, queue):
    queue.put(asyncio.run(client.complete(ASK)).text)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_a_forked_worker_after_use_in_the_parent():
    async def used_then_forked(client, queue):
        await client.complete(ASK)
        worker = multiprocessing.get_context("fork").Process(target=run_child, args=(client, queue))
        worker.start()
        return worker

    with Server(lambda body: answer("hi")) as server:
        client = HttpClient(server.url, "m")
        queue = multiprocessing.get_context("fork").Queue()
        worker = asyncio.run(used_then_forked(client, queue))
        assert queue.get(timeout=20) == "hi"
        worker.join()
        assert worker.exitcode == 0


def run_child(client, queue):
    asyncio.events._set_running_loop(None)
    child(client, queue)


def test_settings_are_checked():
    with pytest.raises(SettingError, match="localhost:8000"):
        HttpClient("localhost", "m")
    with pytest.raises(SettingError, match="json_mode"):
        HttpClient("http://x/v1", "m", json_mode="yaml")
