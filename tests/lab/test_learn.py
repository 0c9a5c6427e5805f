import numpy as np
import pytest

from rubricate.lab import Bandit, Settings, SimulatedJudge, Slots, learn, over_seeds, sweep
from rubricate.recipe import Recipe
from rubricate.rewards import bilinear, group_norm, weighted_mean
from rubricate.steps import ref, step

CENTRE = step(group_norm, x=ref("reward"))
OUTCOME = Recipe(reward=step(bilinear, a=1.0), credit=CENTRE)
GATED = Recipe(reward=step(bilinear, a=0.7, b=0.3), credit=CENTRE)
FARMED = Recipe(reward=step(bilinear, a=0.3, c=0.7), credit=CENTRE)


def test_a_gated_rubric_finds_the_good_arm_and_an_additive_one_is_farmed():
    gated, farmed = (np.mean([c.final for c in over_seeds(Bandit(), r)]) for r in (GATED, FARMED))
    assert gated > 0.9
    assert farmed < 0.1


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
