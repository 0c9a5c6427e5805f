"""Reward spans inside agent-lightning: its runner, its tracer, its store."""

import asyncio
import json

import pytest

from rubricate.integrations.teller import Ask

pytest.importorskip("agentlightning", reason="needs agentlightning 0.3 (make test-adapters)")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]


def run(agent, task):
    """(the rollout, its spans) of one task."""
    from agentlightning import InMemoryLightningStore, LitAgentRunner, OtelTracer

    async def go():
        store = InMemoryLightningStore()
        runner = LitAgentRunner(tracer=OtelTracer())
        with runner.run_context(agent=agent, store=store):
            rollout = await runner.step(task, resources={})
        return rollout, await store.query_spans(rollout.rollout_id)

    return asyncio.run(go())


def agent_of(span):
    import agentlightning as agl

    class Agent(agl.LitAgent):
        async def rollout_async(self, task, resources, rollout):
            await span(Ask("Tea?", task["said"], task.get("rubric")))

        def rollout(self, task, resources, rollout):
            raise AssertionError("async is used")

    return Agent()


def test_the_reward_of_a_rollout_is_its_last_reward_span(told, texts):
    from agentlightning.emitter import find_final_reward, find_reward_spans, get_rewards_from_span

    from rubricate.integrations.agent_lightning import RubricSpan

    rollout, spans = run(agent_of(RubricSpan(told)), {"said": texts[1], "rubric": "tea"})
    assert rollout.status == "succeeded"
    assert find_final_reward(spans) == 0.5
    (span,) = find_reward_spans(spans)
    dimensions = {r.name: r.value for r in get_rewards_from_span(span)}
    assert next(iter(dimensions)) == "rubric"
    assert (dimensions["rubric/valid"], dimensions["rubric/n_met"]) == (1.0, 1.0)
    assert json.loads(span.attributes["rubricate.verdicts"])["verdicts"][1]["criterion"] == "time"


def test_without_a_reward_the_trace_says_why_and_holds_no_reward(told, texts):
    from agentlightning.emitter import find_final_reward

    from rubricate.integrations.agent_lightning import RubricSpan

    rollout, spans = run(agent_of(RubricSpan(told)), {"said": texts[2]})
    assert rollout.status == "succeeded"
    assert find_final_reward(spans) is None
    assert [s.attributes["rubricate.why"] for s in spans if "rubricate.why" in s.attributes] == ["verdicts are missing"]


def test_under_raise_the_rollout_fails(told, texts):
    from rubricate.errors import PolicyError
    from rubricate.integrations.agent_lightning import RubricSpan

    with pytest.raises(PolicyError, match="missing"):
        run(agent_of(RubricSpan(told, "raise")), {"said": texts[2]})
