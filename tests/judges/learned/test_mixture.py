import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.judges import MixtureReward, Router


def test_the_router_finds_separable_tasks():
    rng = np.random.default_rng(0)
    task = rng.integers(0, 3, 300)
    features = np.eye(3)[task] + 0.1 * rng.normal(size=(300, 3))
    assert (Router().fit(features, task).route(features) == task).mean() > 0.99


def test_capability_experts_see_their_own_labels():
    rng = np.random.default_rng(0)
    better, worse = rng.normal(size=(2, 500, 2))
    capability = np.sign(better - worse)  # each capability looks at one feature
    model = MixtureReward().fit(better, worse, np.zeros(500, int), np.ones((500, 1)), capability)
    assert abs(model.experts[0][0].theta[0]) > 10 * abs(model.experts[0][0].theta[1])
    assert abs(model.experts[0][1].theta[1]) > 10 * abs(model.experts[0][1].theta[0])


def tasks(rng, n):
    """Pairs of two tasks with opposed preferences."""
    task = rng.integers(0, 2, n)
    gap = rng.normal(size=(n, 3))
    gap = gap * np.sign(gap[:, 0] * np.where(task == 0, 1, -1))[:, None]
    return gap, task, np.eye(2)[task]


def test_the_fitted_weights_are_what_scores_not_the_configuration():
    """DMoERM's release builds backbone and router from a configuration without loading the weights."""
    gap, task, prompts = tasks(np.random.default_rng(0), 300)
    blank = MixtureReward()
    with pytest.raises(SettingError, match="not been fitted"):
        blank.score(gap, prompts)
    with pytest.raises(SettingError, match="not been fitted"):
        Router().route(prompts)
    with pytest.raises(SettingError, match="not been fitted"):
        blank.score_as(gap, task)
    model = blank.fit(gap, np.zeros_like(gap), task, prompts)
    assert not blank.heads
    assert (model.score(gap, prompts) > 0).mean() > 0.95
    experts = model.experts
    other = blank.fit(-gap, np.zeros_like(gap), task, prompts)
    assert other.experts != experts
    assert (other.score(gap, prompts) > 0).mean() < 0.05


def test_every_training_pair_is_used():
    """DMoERM's release swaps its slices: 30 % to train, 70 % to validate. Here no split is made for the caller."""
    gap, task, prompts = tasks(np.random.default_rng(1), 100)
    model = MixtureReward().fit(gap, np.zeros_like(gap), task, prompts)
    for left_out in (0, 50, 99):
        kept = np.arange(100) != left_out
        part = MixtureReward().fit(gap[kept], np.zeros_like(gap[kept]), task[kept], prompts[kept])
        assert part.experts != model.experts


def test_a_prompt_with_a_missing_feature_is_routed_nowhere():
    gap, task, prompts = tasks(np.random.default_rng(2), 50)
    model = MixtureReward().fit(gap, np.zeros_like(gap), task, prompts)
    prompts[0, 0] = np.nan
    assert model.router.route(prompts)[0] == -1
    assert np.isnan(model.score(gap, prompts)).tolist() == [True] + [False] * 49
    with pytest.raises(ShapeError, match="missing features"):
        Router().fit(prompts, task)
