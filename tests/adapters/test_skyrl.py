"""The environment inside skyrl-gym: make, init, step, get_metrics, aggregate."""

import json
import pickle

import pytest

pytest.importorskip("skyrl_gym", reason="needs skyrl-gym (make test-adapters)")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]


def test_an_episode_is_one_scored_response(told, tea_json, texts):
    import skyrl_gym
    from skyrl_gym.metrics import aggregate_for_environment

    skyrl_gym.register(id="rubricate", entry_point="rubricate.integrations.skyrl:RubricEnv")
    metrics, rewards = [], []
    for text in texts:
        env = skyrl_gym.make("rubricate", env_config={}, extras={"rubric": tea_json, "max_turns": 1})
        env.init([{"role": "user", "content": "Tea?"}])
        out = env.step(text)
        assert (out["done"], out["observations"]) == (True, [])
        json.loads(out["metadata"]["verdicts"])
        rewards.append(out["reward"])
        metrics.append(env.get_metrics())
    assert rewards == [1.0, 0.5, 0.0]
    assert len({tuple(m) for m in metrics}) == 1
    found = aggregate_for_environment("rubricate", metrics)
    assert found["rubric/valid"] == pytest.approx(2 / 3)
    assert found["rubric/score"] == 0.75
    assert found["rubric/criterion/time"] == 0.5


def test_the_class_pickles():
    from rubricate.integrations.skyrl import RubricEnv

    assert pickle.loads(pickle.dumps(RubricEnv)) is RubricEnv
