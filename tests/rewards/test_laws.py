"""The fourteen laws of the reward algebra, each beside a rule that breaks it."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rubricate.credit import multi_advantage, suffix
from rubricate.reduce import group_stat, segment_reduce
from rubricate.rewards import (
    agreement_weights,
    all_pass,
    bilinear,
    category_mean,
    combine,
    group_norm,
    group_softmax,
    lexicographic_pairs,
    log_sigmoid,
    pareto_mask,
    product,
    rank_penalty,
    soft_and,
    step_delta,
    trust_weight,
    weighted_mean,
    weighted_sum,
)

SEEDS = st.integers(0, 2**32 - 1)


class Data:
    """Three groups of eight rows, unsorted, six criteria in three categories, ragged steps."""

    def __init__(self, seed):
        rng = self.rng = np.random.default_rng(seed)
        self.n = 24
        self.group = rng.permutation(np.repeat(["x", "a", "m"], 8))
        self.outcome = (rng.random(self.n) < 0.5).astype(float)
        self.process = rng.random(self.n)
        self.scores = rng.random((self.n, 6))
        self.gaps = np.where(rng.random(self.scores.shape) < 0.2, np.nan, self.scores)
        self.weights = rng.integers(1, 6, 6).astype(float)
        self.category = np.array([0, 0, 0, 1, 1, 2])
        self.length = rng.integers(50, 500, self.n)
        self.off = np.r_[0, np.cumsum(rng.integers(1, 6, self.n))]
        self.steps = rng.random(self.off[-1])


REDUCERS = {
    "sum": lambda s, w, k: weighted_sum(s, w, missing="drop_item"),
    "mean": lambda s, w, k: weighted_mean(s, w, missing="drop_item"),
    "category": lambda s, w, k: category_mean(s, w, k, missing="zero"),
    "soft_and": lambda s, w, k: soft_and(s, w, missing="drop_item"),
    "product": lambda s, w, k: product(s, missing="drop_item"),
    "all_pass": lambda s, w, k: all_pass(s, missing="zero"),
}


@pytest.mark.parametrize("name", REDUCERS)
@given(seed=SEEDS)
def test_law_1_the_order_of_criteria_does_not_matter(name, seed):
    d = Data(seed)
    p = d.rng.permutation(6)
    before = REDUCERS[name](d.gaps, d.weights, d.category)
    np.testing.assert_allclose(REDUCERS[name](d.gaps[:, p], d.weights[p], d.category[p]), before)


def test_law_1_breaks_when_weights_stay_behind():
    d = Data(1)
    p = np.roll(np.arange(6), 1)
    assert not np.allclose(weighted_mean(d.scores[:, p], d.weights), weighted_mean(d.scores, d.weights))


GROUP_OPS = {
    "norm": lambda d, p: group_norm(d.process[p], d.group[p]),
    "max": lambda d, p: group_norm(d.process[p], d.group[p], center=False, scale="max", where=d.outcome[p]),
    "softmax": lambda d, p: group_softmax(d.process[p], d.group[p], where=d.outcome[p]),
    "pareto": lambda d, p: pareto_mask(d.scores[p, :3], d.group[p]),
    "rank": lambda d, p: rank_penalty(d.length[p], d.outcome[p], d.group[p]),
    "trust": lambda d, p: trust_weight(d.outcome[p], d.process[p], d.group[p]),
    "agreement": lambda d, p: agreement_weights(d.scores[p].round(1), d.outcome[p], d.group[p]),
}


@pytest.mark.parametrize("name", GROUP_OPS)
@given(seed=SEEDS)
def test_law_2_group_operations_follow_a_permutation_of_rows(name, seed):
    d = Data(seed)
    p = d.rng.permutation(d.n)
    np.testing.assert_allclose(GROUP_OPS[name](d, p), GROUP_OPS[name](d, np.arange(d.n))[p])


def test_law_2_breaks_when_group_ids_stay_behind():
    d = Data(2)
    p = np.roll(np.arange(d.n), 1)
    assert not np.allclose(group_norm(d.process[p], d.group), group_norm(d.process, d.group)[p])


@given(seed=SEEDS, share=st.floats(0, 0.99))
def test_law_3_no_wrong_row_beats_a_right_one_in_a_gated_mix(seed, share):
    d = Data(seed)
    assume(0 < d.outcome.sum() < d.n)
    paid = bilinear(d.outcome, d.process, 1 - share, share, 0.0)
    assert paid[d.outcome == 1].min() >= paid[d.outcome == 0].max()


def test_law_3_breaks_in_an_additive_mix():
    broken = 0
    for seed in range(50):
        d = Data(seed)
        paid = bilinear(d.outcome, d.process, 0.3, 0.0, 0.7)
        broken += paid[d.outcome == 1].min() < paid[d.outcome == 0].max()
    assert broken == 50


@given(seed=SEEDS)
def test_law_4_differences_telescope(seed):
    d = Data(seed)
    delta = step_delta(d.steps, d.off)
    np.testing.assert_allclose(segment_reduce(delta, d.off), segment_reduce(d.steps, d.off, "first"), atol=1e-9)
    np.testing.assert_allclose(suffix(delta, d.off), d.steps, atol=1e-9)


def test_law_4_breaks_for_next_minus_current():
    d = Data(4)
    assert not np.allclose(suffix(-step_delta(d.steps, d.off), d.off), d.steps)


@given(seed=SEEDS)
def test_law_5_factors_do_not_move_the_mass_of_a_category(seed):
    d = Data(seed)
    factors = d.rng.uniform(0.25, 4, 6)
    met = (d.category == 1)[None].astype(float)
    np.testing.assert_allclose(category_mean(met, d.weights * factors, d.category), 1 / 3)


def test_law_5_breaks_for_a_flat_mean():
    d = Data(5)
    met = (d.category == 1)[None].astype(float)
    factors = np.array([1, 1, 1, 4, 4, 1])
    assert not np.allclose(weighted_mean(met, d.weights * factors), weighted_mean(met, d.weights))


@given(seed=SEEDS)
def test_law_6_std_normalised_advantages_are_blind_to_affine_maps_of_a_group(seed):
    d = Data(seed)
    codes = np.unique(d.group, return_inverse=True)[1]
    a, b = d.rng.uniform(0.1, 5, 3)[codes], d.rng.normal(size=3)[codes]
    mapped = group_norm(a * d.process + b, d.group, eps=0.0)
    np.testing.assert_allclose(mapped, group_norm(d.process, d.group, eps=0.0), atol=1e-9)


def test_law_6_breaks_without_the_std():
    d = Data(6)
    assert not np.allclose(group_norm(3 * d.process, d.group, scale=None), group_norm(d.process, d.group, scale=None))


@given(seed=SEEDS)
def test_law_7_leaving_out_pays_at_least_zero_policy_and_at_most_one(seed):
    d = Data(seed)
    dropped = weighted_mean(d.gaps, d.weights, missing="drop_item")
    zeroed = weighted_mean(d.gaps, d.weights, missing="zero")
    known = ~np.isnan(dropped)
    assert (dropped[known] >= zeroed[known] - 1e-12).all()
    assert (dropped[known] <= 1 + 1e-12).all()


def test_law_7_breaks_with_penalties():
    settings = {"denominator": "abs"}
    scores, weights = [[0.1, np.nan, 1.0]], [1.0, 9.0, -1.0]
    dropped = weighted_mean(scores, weights, missing="drop_item", **settings)[0]
    assert dropped < weighted_mean(scores, weights, missing="zero", **settings)[0]


def log_slope(fn, seed):
    rng = np.random.default_rng(seed)
    scores, j, h = rng.random((4, 5)) * (1 - 1e-6), rng.integers(5), 1e-6
    moved = scores.copy()
    moved[:, j] += h
    return (np.log(fn(moved)) - np.log(fn(scores))) / h


@given(seed=SEEDS)
def test_law_8_the_slope_of_the_smoothed_and_is_bounded(seed):
    slope = log_slope(soft_and, seed)
    assert (slope >= -1e-6).all()
    assert (slope <= 1 / (5 * 0.01) + 1e-3).all()


def test_law_8_breaks_for_the_plain_geometric_mean():
    scores = np.array([[1e-4, 1.0, 1.0, 1.0, 1.0], [2e-4, 1.0, 1.0, 1.0, 1.0]])
    low, high = np.log(soft_and(scores, delta=0.0))
    assert (high - low) / 1e-4 > 1 / (5 * 0.01)


@given(seed=SEEDS)
def test_law_9_a_softmax_among_positives_sums_to_one_where_there_are_any(seed):
    d = Data(seed)
    share = group_softmax(1 - d.length / 500, d.group, temperature=0.1, where=d.outcome)
    assert (share >= 0).all()
    assert (share[d.outcome == 0] == 0).all()
    has = group_stat(d.outcome, d.group, "max")
    np.testing.assert_allclose(group_stat(share, d.group, "sum"), has, atol=1e-9)


def test_law_9_breaks_for_normalised_rewards_with_a_length_term():
    length = np.array([200, 400, 900, 1600, 2600, 4000, 5000, 5200])
    correct = np.arange(8) < 6
    advantage = group_norm(correct - length / length.max(), np.zeros(8, int))
    assert advantage[correct].min() < 0


@given(seed=SEEDS)
def test_law_10_trust_lies_between_one_over_e_and_one(seed):
    d = Data(seed)
    trust = trust_weight(d.outcome, d.process, d.group)
    assert (trust > np.exp(-1)).all()
    assert (trust <= 1).all()


def test_law_10_breaks_for_scores_beyond_one():
    assert trust_weight([1, 0], [0.0, 5.0], [0, 0])[0] < np.exp(-1)


@given(seed=SEEDS)
def test_law_11_a_mix_of_advantages_is_blind_to_the_scale_of_each_reward(seed):
    d = Data(seed)
    k, b = d.rng.uniform(0.01, 100, 3), d.rng.normal(size=3)
    rewards = d.scores[:, :3]
    for weights in (None, [0.5, -0.2, 0.3]):
        mapped = multi_advantage(rewards * k + b, d.group, weights, eps=0.0)
        np.testing.assert_allclose(mapped, multi_advantage(rewards, d.group, weights, eps=0.0), atol=1e-9)


def test_law_11_breaks_when_raw_rewards_are_added_first():
    d = Data(11)
    k, rewards = np.array([20.0, 0.3, 0.3]), d.scores[:, :3]
    one = group_norm(combine(tuple((rewards * k).T)), d.group)
    assert not np.allclose(one, group_norm(combine(tuple(rewards.T)), d.group))


@given(seed=SEEDS)
def test_law_12_the_front_is_blind_to_the_scale_of_each_reward(seed):
    d = Data(seed)
    k = d.rng.uniform(0.01, 100, 4)
    rewards = d.scores[:, :4].round(1)
    np.testing.assert_array_equal(pareto_mask(rewards * k, d.group), pareto_mask(rewards, d.group))


def test_law_12_breaks_for_the_best_weighted_sum():
    same = 0
    for seed in range(50):
        d = Data(seed)
        k = d.rng.uniform(0.01, 100, 4)
        same += weighted_sum(d.scores[:, :4] * k).argmax() == weighted_sum(d.scores[:, :4]).argmax()
    assert same < 40


@given(seed=SEEDS)
def test_law_13_a_sum_of_log_sigmoids_is_a_product_of_probabilities(seed):
    z = np.random.default_rng(seed).normal(size=(20, 3))
    np.testing.assert_allclose(np.exp(log_sigmoid(z).sum(1)), product(1 / (1 + np.exp(-z))))


def test_law_13_breaks_for_the_sigmoid_of_the_sum():
    z = np.array([[1.0, 1.0]])
    assert not np.isclose(np.exp(log_sigmoid(z.sum(1))), product(1 / (1 + np.exp(-z))))


@given(seed=SEEDS)
def test_law_14_labels_are_blind_to_the_scale_of_factors_with_relative_tolerance(seed):
    d = Data(seed)
    factors, scales = d.scores[:, :3], np.array([1.0, 1000.0, 0.01])
    one = lexicographic_pairs(factors, d.group, tolerance=0.3)
    np.testing.assert_array_equal(lexicographic_pairs(factors * scales, d.group, tolerance=0.3), one)


def test_law_14_breaks_with_an_absolute_tolerance():
    d = Data(14)
    factors, scales = d.scores[:, :3], np.array([1.0, 1000.0, 0.01])
    one = lexicographic_pairs(factors, d.group, tolerance=0.3, relative=False)
    other = lexicographic_pairs(factors * scales, d.group, tolerance=0.3, relative=False)
    assert one.shape != other.shape or (one != other).any()
