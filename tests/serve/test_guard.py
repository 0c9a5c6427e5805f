"""Keys, size, pace, backpressure: what is refused, with which status, and what the caller is told to do."""

import threading

import pytest
from fastapi.testclient import TestClient

import rubricate as rb
from rubricate.llm.scripted import JudgeScript, met
from rubricate.rewarder import Rewarder
from rubricate.serve import ServeSettings, create_app
from rubricate.serve.guard import Bucket, GuardSettings

BODY = {"items": [{"prompt": "q", "response": "Warm the pot."}]}


def app_with(tea, client=None, **guard):
    return create_app(Rewarder((tea,), client=client), ServeSettings(GuardSettings(**guard)))


def code(reply):
    return reply.json()["error"]["code"]


def test_without_keys_everybody_may_ask_and_with_keys_only_those_who_have_one(tea):
    with TestClient(app_with(tea)) as http:
        assert http.post("/v1/score", json=BODY).status_code == 200
    with TestClient(app_with(tea, keys=("one", "two"))) as http:
        for headers in ({}, {"Authorization": "Bearer three"}, {"Authorization": "one"}, {"X-API-Key": ""}):
            reply = http.post("/v1/score", json=BODY, headers=headers)
            assert (reply.status_code, code(reply)) == (401, "no_valid_key")
            assert "Bearer KEY" in reply.json()["error"]["hint"]
        for headers in ({"Authorization": "Bearer two"}, {"X-API-Key": "one"}):
            assert http.post("/v1/score", json=BODY, headers=headers).status_code == 200
        assert http.get("/v1/rubrics").status_code == 401
        assert http.get("/healthz").status_code == 200  # probes and scrapers need no key
        assert http.get("/metrics").status_code == 200


def chunks(total):
    for _ in range(total // 1000):
        yield b"x" * 1000


def test_a_body_is_cut_off_whether_its_length_is_stated_or_not(tea):
    with TestClient(app_with(tea, max_body=5000)) as http:
        stated = http.post("/v1/score", json={"items": [{"prompt": "q" * 6000, "response": "r"}]})
        assert (stated.status_code, code(stated)) == (413, "too_large")
        growing = http.post("/v1/score", content=chunks(9000), headers={"content-type": "application/json"})
        assert (growing.status_code, code(growing)) == (413, "too_large")
        chunked = http.post(
            "/v1/score", content=iter([b'{"items": [{"prompt": "q", ', b'"response": "Warm"}]}']),
            headers={"content-type": "application/json"},
        )  # fmt: skip
        assert chunked.status_code == 200


def test_the_pace_of_a_key_is_its_own(tea):
    with TestClient(app_with(tea, keys=("one", "two"), per_minute=2.0)) as http:
        replies = [http.post("/v1/score", json=BODY, headers={"X-API-Key": "one"}) for _ in range(3)]
        assert [r.status_code for r in replies] == [200, 429, 429]
        assert code(replies[1]) == "too_many_requests"
        assert 25 <= int(replies[1].headers["retry-after"]) <= 30
        assert http.post("/v1/score", json=BODY, headers={"X-API-Key": "two"}).status_code == 200


def test_a_bucket_by_hand():
    bucket = Bucket(rate=2.0, size=2.0, level=2.0, at=0.0)
    assert [bucket.take(0.0), bucket.take(0.0)] == [0.0, 0.0]
    assert bucket.take(0.0) == pytest.approx(0.5)
    assert bucket.take(0.5) == 0.0
    assert bucket.take(100.0) == 0.0
    assert bucket.level == pytest.approx(1.0)  # no more than two are saved up


def test_backpressure_refuses_what_is_too_much_and_answers_what_was_let_in(tea):
    entered, release = threading.Barrier(3), threading.Event()
    script = JudgeScript(met)

    class Held(rb.ScriptedClient):
        async def complete(self, request):
            import asyncio

            await asyncio.to_thread(entered.wait, 10)
            await asyncio.to_thread(release.wait, 10)
            return await super().complete(request)

    app = app_with(tea, client=Held(script), max_pending=2)
    with TestClient(app) as http:
        replies = []

        def ask(k):
            body = {"items": [{"prompt": f"q{k}", "response": "Warm the pot."}]}
            replies.append(http.post("/v1/score", json=body).status_code)

        threads = [threading.Thread(target=ask, args=(k,)) for k in range(2)]
        for thread in threads:
            thread.start()
        entered.wait(10)
        busy = http.post("/v1/score", json=BODY)
        assert (busy.status_code, code(busy), busy.headers["retry-after"]) == (429, "busy", "1")
        assert http.get("/healthz").json()["pending"] == 2
        release.set()
        for thread in threads:
            thread.join(10)
        assert replies == [200, 200]
        assert http.get("/healthz").json()["pending"] == 0


def test_a_server_that_stops_takes_nothing_new(tea):
    app = app_with(tea)
    with TestClient(app) as http:
        http.get("/healthz")
        app.state.guard.draining = True
        reply = http.post("/v1/score", json=BODY)
        assert (reply.status_code, code(reply), reply.headers["retry-after"]) == (503, "stopping", "1")
        assert http.get("/healthz").status_code == 503
