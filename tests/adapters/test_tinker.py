"""Groups rolled out by tinker-cookbook itself: its renderer, rollouts, strategies, advantages and metrics."""

import asyncio
import json
import pickle

import pytest

from rubricate.errors import PolicyError

pytest.importorskip("tinker_cookbook.rl.types", reason="needs tinker-cookbook (make test-adapters)")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]


class Letters:
    """A tokenizer: one letter, one token."""

    bos_token = eos_token = None
    eos_token_id = bos_token_id = None

    def encode(self, text, add_special_tokens=False):
        return [ord(c) for c in text]

    def decode(self, ids, **_):
        return "".join(map(chr, ids))


def builder(rewarder, **more):
    from tinker_cookbook.renderers.role_colon import RoleColonRenderer

    from rubricate.integrations.tinker import RubricGroupBuilder

    return RubricGroupBuilder(RoleColonRenderer(Letters()), "Tea?", rewarder=rewarder, **more)


def rolled(group, texts, strategy=None):
    """The trajectory group of a policy that says one text after the other."""
    from tinker_cookbook.completers import TokenCompleter, TokensWithLogprobs
    from tinker_cookbook.rl.rollouts import do_group_rollout

    said, prompts = iter(texts), []

    class Policy(TokenCompleter):
        async def __call__(self, model_input, stop, **_):
            prompts.append("".join(map(chr, model_input.to_ints())))
            tokens = [ord(c) for c in next(said) + stop[0]]
            return TokensWithLogprobs(tokens=tokens, maybe_logprobs=[-1.0] * len(tokens))

    group = asyncio.run(do_group_rollout(group, Policy(), strategy))
    assert set(prompts) == {"User: Tea?\n\nAssistant:"}
    return group


def test_a_group_gets_rewards_advantages_and_curves(told, texts, tea_json):
    from tinker_cookbook.rl.data_processing import compute_advantages
    from tinker_cookbook.rl.metric_util import compute_trajectory_metrics

    group = rolled(builder(told, rubric=tea_json, size=2), texts[:2])
    assert group.get_total_rewards() == [1.0, 0.5]
    assert compute_advantages([group])[0].tolist() == [0.25, -0.25]
    metrics = compute_trajectory_metrics([group], [["rubric"]])
    assert metrics["env/all/reward/total"] == 0.75
    assert metrics["env/all/rubric/criterion/time"] == 0.5
    assert metrics["env/all/rubric/valid"] == 1.0
    logs = group.trajectories_G[1].transitions[0].logs
    assert [v["value"] for v in json.loads(logs["rubric/verdicts"])["verdicts"]] == [1.0, 0.0]


def test_a_missing_reward_is_what_the_strategy_makes_of_an_error(told, texts):
    from tinker_cookbook.rl.rollout_strategy import MinViableGroup, RetryOnFailure

    good, part, cold = texts
    with pytest.raises(PolicyError, match="verdicts are missing"):
        rolled(builder(told, size=3), [good, cold, part])
    again = rolled(builder(told, size=2), [good, cold, part], RetryOnFailure())
    assert sorted(again.get_total_rewards()) == [0.5, 1.0]
    assert [e.error_type for e in again.rollout_errors] == ["PolicyError"]
    fewer = rolled(builder(told, size=3), [good, cold, part], MinViableGroup(min_successful=2))
    assert sorted(fewer.get_total_rewards()) == [0.5, 1.0]


def test_named_numbers_keep_curves_that_do_not_apply_out_of_the_means(told, texts):
    from tinker_cookbook.rl.metric_util import compute_trajectory_metrics

    group = rolled(builder(told, size=2, on_missing="zero"), [texts[0], texts[2]])
    assert group.get_total_rewards() == [1.0, 0.0]
    metrics = compute_trajectory_metrics([group], [["rubric"]])
    assert metrics["env/all/rubric/score"] == 1.0
    assert metrics["env/all/rubric/valid"] == 0.5


def test_together_a_lost_reward_gets_the_mean_and_no_advantage(told, texts):
    from tinker_cookbook.rl.data_processing import compute_advantages

    group = rolled(builder(told, size=3, together=True, on_missing="group_mean"), [texts[0], texts[2], texts[1]])
    assert group.get_total_rewards() == [1.0, 0.75, 0.5]
    assert compute_advantages([group])[0].tolist() == [0.25, 0.0, -0.25]
    assert [m["rubric/valid"] for m in group.metrics_G] == [1.0, 0.0, 1.0]


def test_builders_are_tinkers_and_pickle(tmp_path):
    from tinker_cookbook.rl.types import EnvGroupBuilder

    import rubricate as rb
    from rubricate.integrations.tinker import RubricGroupBuilder

    rewarder = rb.Rewarder((rb.Rubric(id="r", criteria=[{"id": "warm", "text": "Says to warm the pot."}]),))
    made = RubricGroupBuilder("a renderer", "Tea?", rewarder=rewarder, size=2)
    assert isinstance(made, EnvGroupBuilder)
    assert pickle.loads(pickle.dumps(made)) == made
