"""The whole path under faults, over real HTTP: 5 % of the calls fail, one kind at a time, passing or staying.

Passing faults cost no verdict. Staying ones cost exactly the verdicts concerned, with their state. Nothing is wrong.
"""

import pytest

from rubricate.judges.pointwise import PointwiseJudge
from rubricate.llm.calls import Calls, CallSettings
from rubricate.llm.faults import Faults
from rubricate.llm.http import HttpClient
from rubricate.llm.limits import LimitSettings
from rubricate.llm.scripted import JudgeScript
from rubricate.llm.server import MockServer
from rubricate.pipeline import run
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

RUBRIC = Rubric(
    id="r", criteria=[{"id": f"c{k}", "text": f"Holds the number {k}."} for k in range(10)], policy="weighted_mean"
)
SAMPLES = [Sample(f"s{i}", (Message("user", "Count."),), f"Answer {i}.", "g") for i in range(40)]
TRUTH = {(s.id, c.id): float((i + k) % 2) for i, s in enumerate(SAMPLES) for k, c in enumerate(RUBRIC.leaves)}
KINDS = {
    "rate_limit": State.FAILED,
    "server_error": State.FAILED,
    "drop": State.FAILED,
    "hang": State.TIMED_OUT,
    "bad_json": State.UNREADABLE,
    "cut_json": State.UNREADABLE,
    "truncated": State.TRUNCATED,
    "refusal": State.REFUSED,
    "empty": State.UNREADABLE,
    "left_out": State.UNREADABLE,
    "wrong_choice": State.UNREADABLE,
}


def truth(response: str, criterion: str, text: str) -> bool:
    return TRUTH["s" + response.split()[1].rstrip("."), criterion] == 1.0


def judged(faults: Faults, batch, attempts=6):
    settings = CallSettings(
        attempts=attempts, timeout=0.5, deadline=5.0, backoff=0.01, retry_start=10_000, breaker=10_000,
        limits=LimitSettings(in_flight=32, adaptive=False),
    )  # fmt: skip
    with MockServer(JudgeScript(truth), faults=faults).in_thread() as server:
        client = Calls(HttpClient(server.url, "mock"), settings)
        result = run(RUBRIC, SAMPLES, judge=PointwiseJudge(batch=batch, reasks=5), client=client, concurrency=32)
        asked = server.stats.requests
    found = {(j.sample, v.criterion): v for j in result.judgements for v in j.verdicts}
    assert len(found) == 400
    wrong = [k for k, v in found.items() if v.scored and v.value != TRUTH[k]]
    assert not wrong, f"silently wrong: {wrong[:3]}"
    return found, result, asked


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, "all"])
@pytest.mark.parametrize("kind", [k for k in KINDS if k != "refusal"])
def test_passing_faults_cost_no_verdict(kind, batch):
    faults = Faults(**{kind: 0.05}, mode="passing", seed=3, retry_after=0.01)
    found, result, _ = judged(faults, batch)
    assert all(v.scored for v in found.values())
    assert result.rewards.valid.all()


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, "all"])
@pytest.mark.parametrize("kind", KINDS)
def test_staying_faults_cost_exactly_the_verdicts_concerned(kind, batch):
    faults = Faults(**{kind: 0.05}, mode="staying", seed=3, retry_after=0.01)
    found, result, asked = judged(faults, batch, attempts=3)
    lost = {k for k, v in found.items() if not v.scored}
    states = {found[k].state for k in lost}
    assert states <= {KINDS[kind]}, states
    if batch == 1:
        assert 4 <= len(lost) <= 40, len(lost)
    else:
        assert len(lost) <= 80, len(lost)
    rows = {s.id: i for i, s in enumerate(SAMPLES)}
    for sample, _ in lost:
        assert not result.rewards.valid[rows[sample]]
    untouched = {s.id for s in SAMPLES} - {s for s, _ in lost}
    assert all(result.rewards.valid[rows[s]] for s in untouched)
    assert asked <= 400 * 7


def test_one_stuck_criterion_costs_its_attempts_and_no_more():
    faults = Faults(server_error=1.0, mode="staying", retry_after=0.0)
    settings = CallSettings(attempts=3, backoff=0.001, breaker=10_000)
    with MockServer(JudgeScript(truth), faults=faults).in_thread() as server:
        client = Calls(HttpClient(server.url, "mock"), settings)
        result = run(RUBRIC, SAMPLES[:1], judge=PointwiseJudge(batch="all"), client=client)
        assert server.stats.requests == 3
    assert {v.state for v in result.judgements[0].verdicts} == {State.FAILED}
    assert result.judgements[0].verdicts[0].attempts == 3


def test_a_dead_endpoint_ends_the_run_early():
    faults = Faults(server_error=1.0, mode="staying")
    settings = CallSettings(attempts=2, backoff=0.001, breaker=10)
    with MockServer(JudgeScript(truth), faults=faults).in_thread() as server:
        client = Calls(HttpClient(server.url, "mock"), settings)
        result = run(RUBRIC, SAMPLES, judge=PointwiseJudge(batch=1), client=client, concurrency=4)
        assert server.stats.requests < 40  # of 800 that blind retrying would have sent
    assert not result.rewards.valid.any()
    assert any("in a row failed" in v.reason for j in result.judgements for v in j.verdicts)
