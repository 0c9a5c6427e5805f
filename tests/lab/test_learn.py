import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.lab import Bandit, Settings, SimulatedJudge, Slots, learn, over_seeds, sweep
from rubricate.lab.worlds import softmax
from rubricate.recipe import Recipe
from rubricate.rewards import DualAscent, bilinear, group_norm, weighted_mean
from rubricate.steps import ref, step

CENTRE = step(group_norm, x=ref("reward"))
OUTCOME = Recipe(reward=step(bilinear, a=1.0), credit=CENTRE)
GATED = Recipe(reward=step(bilinear, a=0.7, b=0.3), credit=CENTRE)
FARMED = Recipe(reward=step(bilinear, a=0.3, c=0.7), credit=CENTRE)


def test_a_gated_rubric_keeps_answers_right_and_an_additive_one_is_farmed():
    """Card 7: four arms, start .01/.2/.3/.49; the additive mix at .7 pays the wrong arm that farms the rubric."""
    world = Bandit(start=(0.01, 0.2, 0.3, 0.49))
    right = [np.mean([softmax(c.theta)[:2].sum() for c in over_seeds(world, r)]) for r in (GATED, FARMED)]
    assert right[0] > 0.99
    assert right[1] < 0.01


def test_the_same_seed_gives_the_same_curve_and_another_one_does_not():
    a, b, c = (learn(Bandit(), OUTCOME, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(a.quality, b.quality)
    assert (a.quality != c.quality).any()


def test_missing_verdicts_move_nothing():
    recipe = Recipe(reward=step(weighted_mean), credit=CENTRE)
    curve = learn(Slots(), recipe, Settings(steps=3, judge=SimulatedJudge(abstain=1.0)), seed=0)
    np.testing.assert_array_equal(curve.theta, Slots().init())


def test_a_sweep_gives_one_figure_per_step_size():
    found = sweep(Bandit(), GATED, (0.0001, 1.0), Settings(steps=50), seeds=2)
    assert found[1.0] > found[0.0001]
    assert learn(Bandit(), GATED).first_above(2.0) is None
    assert learn(Bandit(), GATED).first_above(0.5) == pytest.approx(30, abs=60)


def test_a_maker_that_learns_from_batch_values_gives_multipliers_of_the_rewards():
    """Slots start half filled, so a target of 2 is out of reach: its multiplier rises at every update."""
    recipe = Recipe(weights=step(DualAscent, targets=(0.5, 2.0)), reward=step(weighted_mean), credit=CENTRE)
    seen = []
    learn(Slots(), recipe, Settings(steps=12), change=lambda env: seen.append(env["multipliers"]) or env)
    np.testing.assert_array_equal(seen[:5], np.zeros((5, 2)))
    assert seen[11][1] > seen[5][1] > 0


def test_a_recipe_without_reward_and_credit_teaches_nothing():
    """It would otherwise learn from the bare outcome, and look as if it worked."""
    with pytest.raises(SettingError, match="neither a reward nor a credit stage"):
        learn(Bandit(), Recipe(train={"rate": 1.0}))
