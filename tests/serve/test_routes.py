"""Every route over the ASGI door: what goes in, what comes out, and that a missing verdict is never a silent number."""

import json

import pytest
from fastapi.testclient import TestClient

import rubricate as rb
from rubricate.llm.scripted import JudgeScript, met
from rubricate.rewarder import Rewarder
from rubricate.serve import ServeSettings, create_app

GOOD, BAD = "Warm the pot first. The steeping time is four minutes.", "Put the cup in the microwave."


def open_app(tea, settings=None, **more):
    return TestClient(create_app(Rewarder((tea,), **more), settings))


def lost_for(word):
    """A judge whose replies about responses with ``word`` cannot be read."""
    inner = JudgeScript(met)
    return rb.ScriptedClient(lambda r: "no idea" if word in r.messages[1].content else inner(r))


@pytest.fixture
def http(tea):
    with open_app(tea) as client:
        yield client


@pytest.fixture
def lossy(tea):
    with open_app(tea, client=lost_for("cold")) as client:
        yield client


def ok(reply):
    assert reply.status_code == 200, reply.text
    return reply.json()


def refused(reply, status, code):
    assert reply.status_code == status, reply.text
    assert reply.json()["error"]["code"] == code
    return reply.json()["error"]["message"]


# /v1/score -----------------------------------------------------------------------------------------------------------


def test_score_gives_rewards_verdicts_and_constant_metrics(http, tea):
    body = {"items": [{"prompt": "Tea?", "response": GOOD, "id": "a"}, {"prompt": "Tea?", "response": BAD}]}
    first, second = ok(http.post("/v1/score", json=body))["results"]
    assert (first["sample"], first["reward"], first["code"], second["sample"]) == ("a", 1.0, "ok", "1")
    assert first["rubric"] == tea.digest
    assert {v["criterion"] for v in first["verdicts"]} == {"warm", "time", "microwave"}
    assert first["metrics"].keys() == second["metrics"].keys()


def test_items_bring_their_own_rubrics(http, tea):
    own = {"id": "own", "criteria": [{"id": "x", "text": "Names a microwave."}]}
    items = [{"prompt": "q", "response": BAD, "rubric": r} for r in ("tea", own, json.dumps(own), "nope", {"id": "x"})]
    results = ok(http.post("/v1/score", json={"items": items}))["results"]
    assert [r["code"] for r in results] == ["ok", "ok", "ok", "unknown_rubric", "bad_rubric"]
    assert [r["reward"] for r in results[1:]] == [1.0, 1.0, None, None]
    assert "tea" in results[3]["why"]


def test_a_changed_rubric_costs_its_items_and_says_so(http, tea):
    changed = tea.model_dump(mode="json", exclude_defaults=True) | {"guidelines": "Be strict."}
    items = [
        {"prompt": "q", "response": GOOD, "rubric": changed},
        {"prompt": "q", "response": GOOD, "digest": "0" * 16},
        {"prompt": "q", "response": GOOD, "digest": tea.digest},
    ]
    results = ok(http.post("/v1/score", json={"items": items}))["results"]
    assert [(r["code"], r["reward"]) for r in results] == [("changed_rubric", None)] * 2 + [("ok", 1.0)]


def test_a_missing_verdict_is_null_and_says_why(lossy):
    items = [{"prompt": "q", "response": "cold water"}, {"prompt": "q", "response": GOOD}]
    lost, kept = ok(lossy.post("/v1/score", json={"items": items}))["results"]
    assert (lost["reward"], lost["code"], lost["why"]) == (None, "no_reward", "verdicts are missing")
    assert lost["metrics"]["rubric/valid"] == 0.0
    assert lost["metrics"]["rubric/score"] is None
    assert kept["reward"] is not None


def test_a_long_job_streams_results_and_progress(http):
    items = [{"prompt": "q", "response": GOOD if k % 2 else BAD, "group": str(k // 4), "id": str(k)} for k in range(40)]
    reply = http.post("/v1/score", json={"items": items, "stream": True})
    assert reply.headers["content-type"] == "application/x-ndjson"
    events = [json.loads(line) for line in reply.text.splitlines()]
    results = {e["place"]: e for e in events if e["event"] == "result"}
    assert sorted(results) == list(range(40))
    assert all(results[k]["sample"] == str(k) for k in range(40))
    assert [e["done"] for e in events if e["event"] == "progress"] == [16, 32, 40]
    assert events[-1] == {"event": "end", "total": 40}


# /v1/rewards, /v1/compare, /v1/rubrics -------------------------------------------------------------------------------


def test_a_group_gets_advantages_that_are_null_where_the_reward_is(lossy):
    body = {"prompt": "Tea?", "responses": [GOOD, BAD, "cold water"], "verdicts": True}
    reply = ok(lossy.post("/v1/rewards", json=body))
    assert reply["rewards"][2] is None
    assert reply["advantages"][2] is None
    assert reply["advantages"][0] == pytest.approx(-reply["advantages"][1])
    assert reply["why"][2] == "verdicts are missing"
    assert len(reply["verdicts"]) == 3
    none = ok(lossy.post("/v1/rewards", json=body | {"credit": "none"}))
    assert none["advantages"] == [None] * 3
    rloo = ok(lossy.post("/v1/rewards", json=body | {"credit": "rloo"}))
    difference = reply["rewards"][0] - reply["rewards"][1]
    assert rloo["advantages"][:2] == pytest.approx([difference, -difference])


def test_compare_by_rewards(http, lossy):
    better = ok(http.post("/v1/compare", json={"prompt": "q", "first": BAD, "second": GOOD}))
    assert (better["preference"], better["margin"]) == (-1, pytest.approx(better["rewards"][0] - better["rewards"][1]))
    assert ok(http.post("/v1/compare", json={"prompt": "q", "first": GOOD, "second": GOOD}))["preference"] == 0
    lost = ok(lossy.post("/v1/compare", json={"prompt": "q", "first": GOOD, "second": "cold water"}))
    assert (lost["preference"], lost["margin"], lost["why"]) == (None, None, "verdicts are missing")


class Pairs:
    needs_client, digest = False, "pairs"

    async def compare(self, first, second, rubric, client):
        if "cold" in first.response + second.response:
            return (rb.Verdict("whole", rb.State.UNREADABLE),)
        return (rb.Verdict("whole", rb.State.SCORED, 1.0 if len(first.response) > len(second.response) else -1.0),)


def test_compare_by_a_pair_judge(tea):
    with TestClient(create_app(Rewarder((tea,)), pair_judge=Pairs())) as http:
        body = {"prompt": "q", "first": "long answer", "second": "short"}
        assert ok(http.post("/v1/compare", json=body))["preference"] == 1
        lost = ok(http.post("/v1/compare", json=body | {"first": "cold"}))
        assert (lost["preference"], lost["why"]) == (None, "whole: unreadable")
        refused(http.post("/v1/compare", json=body | {"digest": "0"}), 409, "changed_rubric")
        refused(http.post("/v1/compare", json=body | {"rubric": "nope"}), 404, "unknown_name")


def test_the_rubrics_of_the_server(http, tea):
    assert ok(http.get("/v1/rubrics")) == {"tea": tea.digest}


# Trainers ------------------------------------------------------------------------------------------------------------


def test_openrlhf(http, tea):
    body = {"query": ["Tea?" + GOOD, "Tea?" + BAD], "prompts": ["Tea?"] * 2, "labels": ["tea", ""]}
    reply = ok(http.post("/get_reward", json=body))
    assert reply["rewards"][0] == 1.0
    assert reply["scores"][1] == 0.0  # scores are in [0, 1]; the reward is below
    assert reply["rewards"][1] < 0
    assert reply["extra_logs"]["rubric/valid"] == [1.0, 1.0]
    assert all(isinstance(v, float) for values in reply["extra_logs"].values() for v in values)
    refused(http.post("/get_reward", json=body | {"prompts": ["Tea?"]}), 422, "unequal_lengths")
    refused(http.post("/get_reward", json=body | {"labels": ["nope", ""]}), 404, "unknown_rubric")
    refused(http.post("/get_reward", json=body | {"labels": ["{", ""]}), 422, "bad_rubric")


def test_openrlhf_is_told_that_a_zero_is_no_verdict(lossy):
    body = {"query": ["Tea? cold water"], "prompts": ["Tea?"], "labels": [""]}
    reply = ok(lossy.post("/get_reward", json=body))
    assert (reply["rewards"], reply["extra_logs"]["rubric/valid"]) == ([0.0], [0.0])
    assert "rubric/score" not in reply["extra_logs"]  # it may be unknown, and then is no number
    good = ok(lossy.post("/get_reward", json={"query": ["Tea?" + GOOD], "prompts": ["Tea?"], "labels": [""]}))
    assert list(good["extra_logs"]) == list(reply["extra_logs"])


def test_callers_of_numbers_can_be_refused_instead(tea):
    with open_app(tea, ServeSettings(on_missing="refuse"), client=lost_for("cold")) as http:
        reply = http.post("/get_reward", json={"query": ["q cold"], "prompts": ["q"], "labels": [""]})
        refused(reply, 503, "no_reward")
        assert reply.headers["retry-after"] == "5"
        refused(http.post("/rm", json={"prompt": "q", "response": "cold"}), 503, "no_reward")


def test_slime(http, lossy):
    assert ok(http.post("/rm", json={"prompt": "q", "response": GOOD, "label": "tea"})) == 1.0
    table = ok(http.post("/rm?table=true", json={"prompt": [{"role": "user", "content": "q"}], "response": GOOD}))
    assert (table["score"], table["rubric/valid"]) == (1.0, 1.0)
    lost = ok(lossy.post("/rm?table=true", json={"prompt": "q", "response": "cold"}))
    assert (lost["score"], lost["rubric/valid"], lost["rubric/score"]) == (0.0, 0.0, None)
    assert list(lost) == list(table)
    refused(http.post("/rm", json={"prompt": "q", "response": GOOD, "label": 3}), 422, "bad_rubric")


def test_a_label_may_carry_a_reference(tea):
    rubric = {"id": "r", "criteria": [{"id": "x", "text": "Agrees.", "verifier": {"name": "exact"}}]}
    label = json.dumps({"rubric": rubric, "reference": "42"})
    with open_app(tea) as http:
        assert ok(http.post("/rm", json={"prompt": "q", "response": "42", "label": label})) == 1.0
        assert ok(http.post("/rm", json={"prompt": "q", "response": "41", "label": label})) == 0.0


def nemo(text, **more):
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    reasoning = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Warm the pot."}]}
    return {
        "responses_create_params": {"input": [{"role": "user", "content": "Tea?"}]},
        "response": {"output": [reasoning, message]}, "task": 7, **more,
    }  # fmt: skip


def test_nemo_gym(http, lossy):
    reply = ok(http.post("/verify", json=nemo(GOOD, rubric="tea")))
    assert (reply["reward"], reply["task"], reply["rubric_valid"]) == (1.0, 7, 1.0)
    assert reply["response"]["output"][1]["content"][0]["text"] == GOOD
    lost = ok(lossy.post("/verify", json=nemo("cold", instance_config={"seed": 3})))
    assert (lost["reward"], lost["_ng_failure_class"]) == (0.0, "judge_failed")
    assert lost["instance_config"] == {"seed": 3, "mask_sample": True}
    assert (lost["mask_sample"], lost["failure_kind"], lost["failure_reason"]) == (
        True, "judge_failed", "verdicts are missing",
    )  # fmt: skip
    assert {k for k in lost if k.startswith("rubric_")} == {k for k in reply if k.startswith("rubric_")}
    refused(http.post("/verify", json={"response": {"output": []}}), 422, "bad_request")
    refused(http.post("/verify", json={"responses_create_params": {"input": "q"}}), 422, "bad_request")
    refused(http.post("/verify", json=nemo(GOOD, rubric="nope")), 404, "unknown_rubric")
    assert ok(http.post("/seed_session", json={})) == {}
    for route in ("/seed_session", "/close_session"):
        assert ok(http.post(route, json={"resources_session_id": "s", "episode_id": "e"})) == {
            "resources_session_id": "s"
        }
    assert ok(http.get("/reverify_mode")) == "stateless"
    rows = [reply | {"_ng_task_index": 3}, reply | {"_ng_task_index": 1, "reward": 0.5}, lost | {"_ng_task_index": 1}]
    found = ok(http.post("/aggregate_metrics", json={"verify_responses": rows}))
    assert found["agent_metrics"]["num_failed"] == 1
    assert (found["key_metrics"], found["agent_metrics"]["mean/rubric_valid"]) == ({"mean/reward": 0.75}, 1.0)
    assert [(g["_ng_task_index"], g["mean/reward"]) for g in found["group_level_metrics"]] == [(1, 0.5), (3, 1.0)]
    assert ok(http.post("/aggregate_metrics", json={}))["key_metrics"] == {}


def test_a_reward_model_in_the_shape_of_vllm(http, lossy):
    one = ok(http.post("/classify", json={"model": "m", "input": BAD, "use_activation": False}))
    (entry,) = one["data"]
    assert (entry["probs"][0] < 0, entry["num_classes"], one["model"]) == (True, 1, "m")
    two = ok(http.post("/classify", json={"input": [GOOD, BAD], "use_activation": True}))
    assert [e["probs"][0] for e in two["data"]] == [1.0, 0.0]
    lost = ok(lossy.post("/classify", json={"input": "cold"}))
    assert (lost["data"][0]["probs"], lost["valid"]) == ([0.0], [False])


# Bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["/v1/score", "/v1/rewards", "/v1/compare", "/get_reward", "/rm", "/classify"])
def test_malformed_json_is_400_and_a_wrong_body_422(http, route):
    broken = http.post(route, content=b"{not json", headers={"content-type": "application/json"})
    refused(broken, 400, "malformed_json")
    message = refused(http.post(route, json={"nonsense": 1}), 422, "bad_request")
    assert ":" in message


def test_wrong_keys_are_named(http):
    reply = http.post("/v1/score", json={"items": [{"prompt": "q", "response": "r", "respnse": "x"}]})
    assert "respnse" in refused(reply, 422, "bad_request")
    refused(http.post("/v1/rewards", json={"prompt": "q", "responses": []}), 422, "bad_request")


def test_too_many_items_are_refused(tea):
    with open_app(tea, ServeSettings(max_items=2)) as http:
        items = [{"prompt": "q", "response": "r"}] * 3
        assert "at most 2" in refused(http.post("/v1/score", json={"items": items}), 422, "bad_request")


def test_health_and_numbers(lossy):
    lossy.post("/v1/score", json={"items": [{"prompt": "q", "response": "cold"}, {"prompt": "q", "response": GOOD}]})
    lossy.post("/nowhere")
    assert ok(lossy.get("/healthz")) == {"status": "ok", "pending": 0, "rubrics": 1}
    page = lossy.get("/metrics").text
    assert 'rubricate_rewards_total{code="no_reward"} 1.0' in page
    assert 'rubricate_verdicts_total{state="unreadable"} 3.0' in page
    assert 'rubricate_requests_total{route="/v1/score",status="200"} 1.0' in page
    assert 'rubricate_requests_total{route="other",status="404"} 1.0' in page
