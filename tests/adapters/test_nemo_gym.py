"""The reward server in the place of a resources server of NeMo-Gym: its requests, its models, its own failure row.

The package asks for Python 3.13 and for much that a client does not need, so it is installed without either; only the
classes of its wire are used.
"""

import asyncio
import json

import pytest

base = pytest.importorskip("nemo_gym.base_resources_server", reason="needs nemo-gym (make test-adapters)")
pytest.importorskip("fastapi.testclient", reason="needs the extra serve")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]


@pytest.fixture
def http(told):
    from fastapi.testclient import TestClient

    from rubricate.serve import create_app

    with TestClient(create_app(told)) as client:
        yield client


def request(text, **more):
    """A row as NeMo-Gym's agents send it, checked by its own model."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    body = {
        "responses_create_params": {"input": [{"role": "user", "content": "Tea?"}]},
        "response": {
            "id": "r", "created_at": 0.0, "model": "m", "object": "response", "parallel_tool_calls": False,
            "tool_choice": "auto", "tools": [],
            "output": [
                {"id": "t", "type": "reasoning", "summary": [{"type": "summary_text", "text": "minutes?"}]},
                {"id": "a", "type": "message", "role": "assistant", "status": "completed", "content": content},
            ],
        },
    }  # fmt: skip
    base.BaseVerifyRequest.model_validate(body)
    return body | more


def test_a_verified_row_is_a_verify_response_with_numbers_beside_it(http, texts, tea_json):
    for rubric in ("tea", tea_json):
        reply = http.post("/verify", json=request(texts[1], rubric=rubric)).json()
        row = base.BaseVerifyResponse.model_validate(reply)
        assert (row.reward, row.mask_sample, row.failure_kind) == (0.5, False, None)
    assert (reply["rubric_criterion_warm"], reply["rubric_criterion_time"], reply["rubric_n_met"]) == (1.0, 0.0, 1.0)


def test_a_lost_verdict_is_the_row_that_their_own_failed_judge_gives(http, texts):
    from nemo_gym.judge import JudgeError, judge_failsafe

    async def verify(body):
        raise JudgeError("verdicts are missing")

    body = request(texts[2], rubric="tea")
    theirs = asyncio.run(judge_failsafe(verify)(body=base.BaseVerifyRequest.model_validate(body)))
    theirs = json.loads(theirs.body)
    ours = http.post("/verify", json=body).json()
    assert base.BaseVerifyResponse.model_validate(ours).mask_sample
    added = set(theirs) - {"responses_create_params", "response", "capture_rollout_id"}
    assert {k: ours[k] for k in added} == {k: theirs[k] for k in added}


def test_aggregates_agree_with_theirs_and_leave_the_failed_out(http, texts):
    from nemo_gym.config_types import AggregateMetrics
    from nemo_gym.reward_profile import compute_aggregate_metrics

    rows = [
        http.post("/verify", json=request(t, rubric="tea", _ng_task_index=k, _ng_rollout_index=0)).json()
        for k, t in enumerate(texts)
    ]
    ours = AggregateMetrics.model_validate(http.post("/aggregate_metrics", json={"verify_responses": rows}).json())
    measured = compute_aggregate_metrics([r for r in rows if not r.get("mask_sample")])
    assert ours.agent_metrics["mean/reward"] == measured.agent_metrics["mean/reward"] == 0.75
    assert ours.agent_metrics["num_failed"] == 1
    assert [g["_ng_task_index"] for g in ours.group_level_metrics] == [0, 1]


def test_the_other_routes_answer_in_their_types(http):
    assert base.ReverifyMode(http.get("/reverify_mode").json()) is base.ReverifyMode.STATELESS
    task = {"suite": "s", "task": "t"}
    seeded = http.post("/seed_session", json={"resources_session_id": "s1", "task_id": task}).json()
    assert base.ResourcesSeedSessionResponse.model_validate(seeded).resources_session_id == "s1"
    closed = http.post("/close_session", json={"resources_session_id": "s1"}).json()
    assert base.ResourcesCloseSessionResponse.model_validate(closed).resources_session_id == "s1"


def test_a_wrong_rubric_is_an_error_not_a_row(http, texts):
    assert http.post("/verify", json=request(texts[0], rubric="no such id")).status_code == 404
