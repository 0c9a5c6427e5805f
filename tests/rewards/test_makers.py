"""Weights carried from update to update."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import (
    ContrastWeights,
    CriterionStats,
    DualAscent,
    FixedWeights,
    RunningNormalizer,
    category_mean,
    criterion_stats,
    task_weight,
)

NAN = float("nan")


def stats(var, n=8, rows=8):
    var = np.atleast_2d(np.asarray(var, dtype=float))
    counts = np.broadcast_to(np.asarray(n, dtype=float), var.shape)
    return CriterionStats(np.zeros_like(var), var, counts, np.full(len(var), float(rows)))


def test_contrast_by_hand():
    maker = ContrastWeights()
    got = maker.update(maker.init(2), stats([0.24, 0.0]), [1.0, 5.0], [0, 0])
    signal = np.array([0.25, 0.01])
    average = (1 * 0.25 + 5 * 0.01) / 6
    target = np.clip(1 + 0.7 * (signal / average - 1), 0.25, 4.0)
    np.testing.assert_allclose(got, [0.5 + 0.5 * target])
    np.testing.assert_allclose(got, [[2.4, 0.72]])


def test_contrast_equals_a_plain_loop(ragged):
    maker = ContrastWeights(strength=0.9, memory=0.3, floor=0.5, ceiling=2.0, eps=0.02)
    c = ragged.scores.shape[1]
    weights, found = np.abs(ragged.weights), criterion_stats(ragged.scores, ragged.group, ragged.asked)
    state = ragged.rng.uniform(0.5, 2.0, size=found.var.shape)
    flips = ragged.rng.uniform(0, 0.2, size=c)
    expected = state.copy()
    for p in range(len(state)):
        ok = [j for j in range(c) if found.n[p, j] >= 0.75 * found.rows[p] and found.n[p, j] > 0]
        g = {j: max(found.var[p, j] - flips[j] * (1 - flips[j]), 0) + 0.02 for j in ok}
        for j in ok:
            mates = [k for k in ok if ragged.category[k] == ragged.category[j]]
            mass = sum(weights[k] for k in mates)
            if mass == 0:
                continue
            average = sum(weights[k] * g[k] for k in mates) / mass
            target = min(max(1 + 0.9 * (g[j] / average - 1), 0.5), 2.0)
            expected[p, j] = min(max(0.3 * state[p, j] + 0.7 * target, 0.5), 2.0)
    before = state.copy()
    got = maker.update(state, found, weights, ragged.category, flips)
    np.testing.assert_allclose(got, expected, atol=1e-9)
    np.testing.assert_array_equal(state, before)


def test_too_few_verdicts_keep_the_factor():
    maker = ContrastWeights()
    state = np.array([[1.5, 0.5, 1.0]])
    got = maker.update(state, stats([0.25, 0.0, 0.1], n=[8, 8, 5]), np.ones(3), np.zeros(3))
    assert got[0, 2] == 1.0
    assert got[0, 0] != 1.5
    got = maker.update(state, stats([NAN, 0.2, 0.2], n=[0, 6, 6]), np.ones(3), np.zeros(3))
    assert got[0, 0] == 1.5


def test_when_all_signals_vanish_the_factor_returns_to_one():
    maker, state = ContrastWeights(), np.array([[2.0, 0.5]])
    for _ in range(40):
        state = maker.update(state, stats([0.0, 0.0]), [1.0, 3.0], [0, 0])
    np.testing.assert_allclose(state, 1.0)


def test_noise_is_not_contrast_once_its_floor_is_subtracted():
    maker, e = ContrastWeights(), 0.3
    seen = stats([e * (1 - e), 0.16])
    fooled = maker.update(maker.init(2), seen, [5.0, 1.0], [0, 0])[0]
    cured = maker.update(maker.init(2), seen, [5.0, 1.0], [0, 0], flip_rate=[e, 0.0])[0]
    assert fooled[0] > fooled[1]
    assert cured[0] < cured[1]


def test_factors_stay_in_their_band_and_keep_the_mass_of_a_category(ragged):
    maker, c = ContrastWeights(), ragged.scores.shape[1]
    found = criterion_stats(ragged.scores, ragged.group)
    state = maker.init(c, prompts=len(found.rows))
    for _ in range(5):
        state = maker.update(state, found, np.ones(c), ragged.category)
    assert (state >= 0.25).all()
    assert (state <= 4.0).all()
    marked = np.broadcast_to((ragged.category == ragged.category[0]).astype(float), state.shape)
    share = 1 / len(set(ragged.category.tolist()))
    np.testing.assert_allclose(category_mean(marked, maker.weights(state), ragged.category), share)


def test_a_flat_mean_does_move_the_mass():
    state = np.array([[4.0, 1.0]])
    assert (state[0, 0] / state.sum()) != 0.5


def slots(squash, targets, steps=4000, pull=0.2):
    """Two rewards that the policy raises by their weight, against a weak pull to 0."""
    maker = DualAscent(targets, squash=squash, learning_rate=0.01)
    state, value = maker.init(2), np.zeros(2)
    for _ in range(steps):
        mu = maker.weights(state)
        value = value + 0.02 * (mu - pull * max(2 - mu.sum(), 0) * value)
        state = maker.update(state, value)
    return value, maker.weights(state)


def test_dual_ascent_holds_rewards_at_their_targets():
    value, _ = slots("tanh", (1.0, 2.0))
    np.testing.assert_allclose(value, [1.0, 2.0], atol=0.05)
    fixed = 1.0 / 0.2
    assert abs(fixed - 1.0) > 3


@pytest.mark.parametrize("squash", ["tanh", "sigmoid", "relu"])
def test_a_reward_below_its_target_gains_weight(squash):
    maker = DualAscent((0.5, 0.5), squash=squash)
    state = maker.init(2)
    before = maker.weights(state)
    low, high = maker.weights(maker.update(state, [0.0, 1.0])) - before
    assert low > 0
    assert high < 0 or (squash == "relu" and high == 0)


@pytest.mark.parametrize("squash", ["tanh", "sigmoid"])
def test_a_target_out_of_reach_saturates(squash):
    maker = DualAscent((100.0,), squash=squash)
    state = maker.init(1)
    for _ in range(1000):
        state = maker.update(state, [0.0])
    assert 0.95 < maker.weights(state)[0] <= 1.0


def test_without_a_squash_it_grows_on():
    maker = DualAscent((100.0,), squash="relu")
    state = maker.init(1)
    for _ in range(10):
        state = maker.update(state, [0.0])
    assert maker.weights(state)[0] > 10


def test_descent_with_momentum_by_hand():
    maker = DualAscent((1.0,), squash="relu", learning_rate=0.1, momentum=0.5)
    state = maker.update(maker.init(1), [0.0])
    assert state.multipliers[0] == pytest.approx(0.1)
    state = maker.update(state, [0.0])
    assert state.velocity[0] == pytest.approx(-1.5)
    assert state.multipliers[0] == pytest.approx(0.25)
    kept = maker.update(state, [NAN])
    assert kept.multipliers[0] == state.multipliers[0]
    slope = DualAscent((1.0,), squash="tanh").update(DualAscent((1.0,)).init(1), [0.0])
    assert slope.multipliers[0] == pytest.approx(0.1)
    half = DualAscent((1.0,), squash="sigmoid")
    assert half.update(half.init(1), [0.0]).multipliers[0] == pytest.approx(0.025)


def test_fixed_weights_never_move():
    maker = FixedWeights((1.0, 2.0))
    state = maker.init(2)
    assert maker.weights(maker.update(state, "anything")).tolist() == [1.0, 2.0]
    assert FixedWeights().init(3).tolist() == [1.0, 1.0, 1.0]


def test_percentiles_keep_the_spread_that_a_minimum_and_maximum_squash():
    rng = np.random.default_rng(0)
    cost = rng.lognormal(0, 1.5, size=1000)
    maker = RunningNormalizer(invert=True)
    scaled = maker.apply(maker.update(maker.init(), cost), cost)
    plain = 1 - (cost - cost.min()) / np.ptp(cost)
    assert np.ptp(np.quantile(scaled, [0.1, 0.9])) > 0.5
    assert np.ptp(np.quantile(plain, [0.1, 0.9])) < 0.1
    order = np.argsort(cost)
    assert (np.diff(scaled[order]) <= 0).all()


def test_the_window_slides_and_missing_values_do_not_enter():
    maker = RunningNormalizer(window=3, low=0.0, high=1.0, transform="none")
    state = maker.update(maker.init(), [1.0, NAN, 2.0])
    assert state.tolist() == [1.0, 2.0]
    state = maker.update(state, [3.0, 5.0])
    assert state.tolist() == [2.0, 3.0, 5.0]
    np.testing.assert_allclose(maker.apply(state, [2.0, 3.5, 9.0, NAN]), [0.0, 0.5, 1.0, NAN])
    root = RunningNormalizer(low=0.0, high=1.0, invert=True)
    np.testing.assert_allclose(root.apply(root.update(root.init(), [0.0, 16.0]), [4.0]), [0.5])
    logs = RunningNormalizer(low=0.0, high=1.0, transform="log1p")
    np.testing.assert_allclose(logs.apply(logs.update(logs.init(), [0.0, 8.0]), [2.0]), [0.5])


def test_a_degenerate_window_gives_a_half():
    maker = RunningNormalizer()
    for state in (maker.init(), maker.update(maker.init(), [2.0, 2.0])):
        np.testing.assert_allclose(maker.apply(state, [2.0, NAN]), [0.5, NAN])


def test_makers_are_values():
    assert hash(ContrastWeights()) == hash(ContrastWeights())
    assert DualAscent((1.0,)) == DualAscent((1.0,))
    assert math.isclose(ContrastWeights(strength=0.5).strength, 0.5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ContrastWeights(floor=2.0),
        lambda: ContrastWeights(eps=0.0),
        lambda: DualAscent((1.0,), squash="softplus"),
        lambda: DualAscent((1.0,)).init(2),
        lambda: RunningNormalizer(low=0.9, high=0.1),
        lambda: RunningNormalizer(transform="cube"),
        lambda: FixedWeights((1.0,)).init(2),
    ],
)
def test_settings_out_of_range_are_refused(call):
    with pytest.raises(SettingError):
        call()


def test_bad_input_names_the_argument():
    maker = ContrastWeights()
    with pytest.raises(ShapeError, match=r"stats\.var has shape \(1, 3\)"):
        maker.update(maker.init(2), stats([0.1, 0.1, 0.1]), np.ones(2), np.zeros(2))
    with pytest.raises(ShapeError, match=r"weights has shape \(3,\)"):
        maker.update(maker.init(2), stats([0.1, 0.1]), np.ones(3), np.zeros(2))
    with pytest.raises(ShapeError, match=r"values has shape \(2,\)|targets has shape \(1,\)"):
        DualAscent((1.0,)).update(DualAscent((1.0,)).init(1), [0.0, 0.0])
    with pytest.raises(ShapeError, match="x holds negative values"):
        RunningNormalizer().update(np.empty(0), [-1.0])


def test_the_task_keeps_what_the_multipliers_leave():
    assert task_weight([0.5, 0.25]) == pytest.approx(1.25)
    assert task_weight([-1.0, -1.0]) == pytest.approx(4.0)
    with pytest.raises(ShapeError):
        task_weight([[0.5]])
