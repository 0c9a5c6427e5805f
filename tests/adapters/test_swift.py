"""The reward inside ms-swift: its plugin loader, its table of rewards, its scoring and advantages."""

import pytest

pytest.importorskip("swift.rewards", reason="needs ms-swift (make test-adapters)")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]


@pytest.fixture
def reward(told, tmp_path):
    """``rubricate`` of ms-swift's table, put there by a plugin file."""
    from swift.rewards import orms
    from swift.utils import import_external_file

    plugin = tmp_path / "my_plugin.py"
    plugin.write_text("from rubricate.integrations.swift import register_reward\n\nregister_reward()\n")
    import_external_file(str(plugin))
    return orms["rubricate"](args=None)


def scored(reward, texts):
    """(rewards, advantages) of one group, by ms-swift's own functions."""
    import torch
    from swift.rl_core.advantage import compute_advantages
    from swift.rl_core.data import GRPOSample
    from swift.rl_core.grpo_algorithm import compute_rewards_per_func

    chat = [{"role": "user", "content": "Tea?"}]
    rows = [{"messages": [*chat, {"role": "assistant", "content": t}], "rubric": "tea"} for t in texts]
    found = compute_rewards_per_func([GRPOSample.from_row(r) for r in rows], [reward], None, torch.device("cpu"))
    advantages, _ = compute_advantages(found, torch.ones(1), len(texts), scale_rewards="none")
    return found[:, 0].tolist(), advantages.tolist()


def test_a_lost_reward_is_the_mean_of_its_group_with_advantage_zero(reward, texts):
    good, part, cold = texts
    rewards, advantages = scored(reward, [good, cold, part])
    assert rewards == [1.0, 0.75, 0.5]
    assert advantages == [0.25, 0.0, -0.25]


def test_control_none_would_enter_the_group_as_zero(texts):
    _, advantages = scored(lambda completions, **_: [1.0, None, 0.5], texts)
    assert advantages == [0.5, -0.5, 0.0]


def test_a_group_without_any_reward_has_no_advantage(reward, texts):
    assert scored(reward, [texts[2], "cold too"]) == ([0.0, 0.0], [0.0, 0.0])
