"""The thirty-two operations of the reward algebra: a property of each, and a near miss in which the property fails.

A property takes the operation and a generator of random numbers, and asserts; it is tried on many seeds with the real
operation, and must fail on some seed with the near miss. Loops and hand-worked numbers stand with each module.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate import rewards as r
from rubricate.credit import columnwise_group_norm, fuse, multi_advantage, place, suffix, z_score
from rubricate.reduce import group_stat, segment_reduce, spread

OPERATIONS = {}
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def operation(number, real, near_miss):
    """Register a property of operation ``number``."""

    def put(holds):
        OPERATIONS[f"{number}-{holds.__name__}"] = (holds, real, near_miss)
        return holds

    return put


def equal(a, b):
    np.testing.assert_allclose(a, b, **CLOSE)


def groups(rng, n=24):
    return rng.permutation(np.repeat(["x", "a", "m"], n // 3))


def offsets(rng, rows=6):
    return np.r_[0, np.cumsum(rng.integers(1, 5, rows))]


# A: one value at a time ------------------------------------------------------------------------------------------


@operation(1, r.affine, lambda x, lo, hi, a=0.0, b=1.0: np.clip(r.affine(x, lo, hi, a, b), min(a, b), max(a, b)))
def affine_keeps_ends_and_ratios_outside_them_too(fn, rng):
    lo, hi, a, b = rng.normal(size=4)
    equal(fn([lo, hi, 2 * hi - lo], lo, hi, a, b), [a, b, 2 * b - a])


@operation(2, r.zscore, lambda x, mean, std, scale=1.0, bias=0.0: (np.asarray(x) - mean) / std * (scale + bias))
def zscore_gives_the_bias_at_the_mean_and_follows_a_shift(fn, rng):
    x, c, bias = rng.normal(size=5), rng.normal(), rng.uniform(0.1, 1.0)
    equal(fn([0.7], 0.7, 2.0, 0.3, bias), [bias])
    equal(fn(x + c, 0.7 + c, 2.0, 0.3, bias), fn(x, 0.7, 2.0, 0.3, bias))


@operation(3, r.log_sigmoid, lambda x, reference=0.0: np.minimum(np.asarray(x) - reference, 0.0))
def log_sigmoid_is_never_above_zero_and_adds_up_to_the_logit(fn, rng):
    x, ref = rng.normal(size=5), rng.normal()
    equal(fn(x, ref) - fn(2 * ref - x, ref), x - ref)
    assert (fn(x, ref) < 0).all()


@operation(4, r.hinge_negative, lambda x, eta: -np.abs(np.asarray(x) - eta))
def hinge_pays_nothing_from_the_knee_on_and_is_straight_below(fn, rng):
    eta, up = rng.normal(), rng.uniform(0.1, 1.0, size=4)
    equal(fn(eta + up, eta), 0.0)
    equal(fn(eta - up, eta), -up)


@operation(
    5, r.piecewise, lambda x, knots, values: np.asarray(values)[np.searchsorted(knots[:-1], x, side="right") - 1]
)
def piecewise_meets_its_knots_is_straight_between_and_level_outside(fn, rng):
    knots, values = tuple(np.cumsum(rng.uniform(0.5, 2, size=4))), tuple(rng.normal(size=4))
    equal(fn(list(knots), knots, values), values)
    equal(fn([(knots[1] + knots[2]) / 2], knots, values), [(values[1] + values[2]) / 2])
    equal(fn([knots[0] - 5, knots[3] + 5], knots, values), [values[0], values[3]])


@operation(6, r.proper_score, lambda y, q, kind="brier": -np.abs(np.asarray(y) - q))
def a_proper_score_is_best_in_the_mean_when_the_true_rate_is_said(fn, rng):
    p, said = rng.uniform(0.1, 0.9), np.linspace(0.01, 0.99, 99)
    for kind in ("brier", "log"):
        mean = p * fn(np.ones(99), said, kind) + (1 - p) * fn(np.zeros(99), said, kind)
        assert abs(said[mean.argmax()] - p) < 0.011


# B: criteria to one score ----------------------------------------------------------------------------------------


@operation(7, r.weighted_sum, r.weighted_mean)
def weighted_sum_is_linear_in_weights(fn, rng):
    s, v, w = rng.random((4, 5)), rng.uniform(1, 3, 5), rng.uniform(1, 3, 5)
    equal(fn(s, 2 * v + w), 2 * fn(s, v) + fn(s, w))


@operation(8, r.weighted_mean, r.weighted_sum)
def weighted_mean_is_blind_to_the_scale_of_weights_and_stays_between_scores(fn, rng):
    s, w = rng.random((4, 5)), rng.uniform(0.1, 3, 5)
    equal(fn(s, 7 * w), fn(s, w))
    assert ((s.min(1) <= fn(s, w)) & (fn(s, w) <= s.max(1))).all()


@operation(9, r.category_mean, lambda s, w, category: r.weighted_mean(s, w))
def category_mean_is_blind_to_the_number_of_criteria_in_a_category(fn, rng):
    s, w, category = rng.random((4, 5)), rng.uniform(1, 3, 5), np.array([0, 0, 0, 1, 1])
    doubled = np.r_[0, 1, 2, 3, 4, 3, 4, 3, 4]
    equal(fn(s[:, doubled], w[doubled], category[doubled]), fn(s, w, category))


@operation(10, r.soft_and, lambda s, w: (r.weighted_mean(s, w) + 0.01) / 1.01)
def soft_and_is_one_when_all_are_and_below_the_smoothed_mean_when_they_differ(fn, rng):
    s, w = rng.random((4, 5)), rng.uniform(1, 3, 5)
    equal(fn(np.ones((2, 5)), w), 1.0)
    assert (fn(s, w) < (r.weighted_mean(s, w) + 0.01) / 1.01 - 1e-12).all()


@operation(11, r.all_pass, lambda s: np.asarray(s)[:, 0])
def all_pass_never_rises_with_one_criterion_more_and_is_one_of_the_scores(fn, rng):
    s = rng.random((4, 5))
    assert (fn(s) <= fn(s[:, 1:])).all()
    assert (fn(s)[:, None] == s).any(1).all()


# C: arrays of rows -----------------------------------------------------------------------------------------------


@operation(12, r.bilinear, lambda o, s, a, b, c: a * o + b * s + c * s)
def bilinear_ignores_the_process_of_wrong_rows_without_c_and_adds_up_over_coefficients(fn, rng):
    o, s, t = (rng.random(8) < 0.5).astype(float), rng.random(8), rng.random(8)
    k, m = rng.normal(size=(2, 3))
    equal(fn(o, s, *(k + m)), fn(o, s, *k) + fn(o, s, *m))
    o[0], o[1] = 0.0, 1.0
    equal(fn(o, s, k[0], 1.0, 0.0)[o == 0], fn(o, t, k[0], 1.0, 0.0)[o == 0])


@operation(13, r.gate, lambda c, x, other=0.0: c * np.asarray(x) + (1 - c) * np.asarray(other))
def a_gate_reads_one_side_only(fn, rng):
    shut, x = (rng.random(8) < 0.5).astype(float), rng.random(8)
    shut[0], shut[1] = 0.0, 1.0
    got = fn(1 - shut, np.where(shut == 1, np.nan, x), np.where(shut == 1, -1.0, np.nan))
    equal(got, np.where(shut == 1, -1.0, x))


# D: groups -------------------------------------------------------------------------------------------------------


@operation(14, group_stat, lambda x, g, op, where=None: group_stat(x, np.zeros(len(x)), op, where=where))
def a_group_statistic_depends_on_its_own_group_and_selection_only(fn, rng):
    x, g = rng.normal(size=24), groups(rng)
    other = np.where(g == "x", x, rng.normal(size=24))
    for op in ("mean", "std", "max", "min", "count", "median"):
        equal(fn(x, g, op)[g == "x"], fn(other, g, op)[g == "x"])
    picked = np.where(g == "x", 0.0, 1.0)
    assert np.isnan(fn(x, g, "mean", where=picked)[g == "x"]).all()


@operation(15, r.group_norm, lambda x, g, **how: r.group_norm(x, np.zeros(len(x)), **how))
def group_norm_has_mean_zero_and_the_unit_it_says(fn, rng):
    x, g = rng.uniform(0.1, 1, size=24), groups(rng)
    equal(group_stat(fn(x, g, eps=0.0), g, "mean"), 0.0)
    equal(group_stat(fn(x, g, eps=0.0), g, "std"), 1.0)
    equal(group_stat(fn(x, g, center=False, scale="max", eps=0.0), g, "max"), 1.0)
    equal(fn(x, g, scale=None), x - group_stat(x, g, "mean"))


@operation(
    16, r.group_softmax, lambda x, g, temperature=1.0: r.group_softmax(x, np.zeros(len(x)), temperature=temperature)
)
def shares_of_a_group_sum_to_one_and_their_logs_differ_as_the_values(fn, rng):
    x, g = rng.normal(size=24), groups(rng)
    share = fn(x, g, temperature=0.5)
    equal(group_stat(share, g, "sum"), 1.0)
    own = g == "a"
    equal(np.log(share[own] / share[own][0]), (x[own] - x[own][0]) / 0.5)


@operation(17, r.pareto_mask, lambda s, g: s.sum(1) == group_stat(s.sum(1), g, "max"))
def the_front_holds_the_best_of_each_reward_and_nothing_that_is_dominated(fn, rng):
    s, g = rng.random((24, 3)), groups(rng)
    front = fn(s, g)
    for k in range(3):
        assert front[s[:, k] == group_stat(s[:, k], g, "max")].all()
    worse = np.r_[s, s[:1] - 0.01]
    np.testing.assert_array_equal(fn(worse, np.r_[g, g[:1]]), np.r_[front, False])


def sample_variance(scores, group):
    stats = r.criterion_stats(scores, group)
    return stats._replace(var=stats.var * stats.n / (stats.n - 1))


@operation(18, r.criterion_stats, sample_variance)
def verdicts_of_yes_and_no_have_the_variance_of_their_rate(fn, rng):
    scores, g = (rng.random((24, 4)) < 0.5).astype(float), groups(rng)
    stats = fn(scores, g)
    equal(stats.var, stats.rate * (1 - stats.rate))
    equal(stats.n.sum(0), 24)
    equal((stats.rate * stats.n).sum(0), scores.sum(0))


def in_every_group(rank, hit, group):
    raw = 1 / np.log2(np.asarray(rank) + 2)
    return np.where(hit, 0.0, -raw / group_stat(raw, group, "sum"))


@operation(19, r.rank_penalty, in_every_group)
def confident_misses_cost_most_and_groups_without_a_hit_nothing(fn, rng):
    g = np.repeat([0, 1], 8)
    rank, hit = np.tile(np.arange(8), 2), np.r_[rng.permutation(np.r_[1, np.zeros(7)]), np.zeros(8)]
    fine = fn(rank, hit, g)
    equal(fine[8:], 0.0)
    missed = fine[:8][hit[:8] == 0]
    assert (np.diff(missed) > 0).all()
    assert -1 < missed.sum() < 0


# E: makers of weights --------------------------------------------------------------------------------------------


class Unbounded(r.ContrastWeights):
    """Factors that follow the contrast without a category mean."""

    def update(self, state, stats, weights, category, flip_rate=0.0):
        return 0.5 * state + 0.5 * (1 + stats.var)


@operation(20, r.ContrastWeights(), Unbounded())
def contrast_moves_weight_inside_categories_and_leaves_equal_contrast_alone(maker, rng):
    var = np.repeat(rng.uniform(0.05, 0.25, 2), 3)[None]
    stats = r.CriterionStats(var, var, np.full((1, 6), 8.0), np.array([8.0]))
    weights, category = rng.integers(1, 6, 6).astype(float), np.repeat([0, 1], 3)
    equal(maker.weights(maker.update(maker.init(6), stats, weights, category)), 1.0)
    mixed = stats._replace(var=rng.uniform(0, 0.25, (1, 6)))
    moved = maker.weights(maker.update(maker.init(6), mixed, weights, category))
    assert ((moved >= maker.floor) & (moved <= maker.ceiling)).all()


@operation(21, r.difficulty_weights, lambda rate, **how: np.exp(-2.0 * np.asarray(rate)))
def many_easy_criteria_weigh_together_as_one(fn, rng):
    hard, copies = rng.uniform(0.05, 0.2), int(rng.integers(2, 9))
    one = fn([hard, 0.9], sigma=0.01, delta=0.0)
    many = fn([hard] + [0.9] * copies, sigma=0.01, delta=0.0)
    equal(many[1:].sum(), one[1])
    equal(many[0], one[0])


@operation(
    22,
    r.trust_weight,
    lambda o, s, g: np.exp(group_stat(s, g, "mean", where=o) - group_stat(s, g, "mean", where=1 - o)),
)
def trust_is_lost_by_the_gap_and_never_above_one(fn, rng):
    s, o, g = rng.random(24), np.tile([1.0, 0.0], 12), np.repeat([0, 1, 2], 8)
    gap = group_stat(s, g, "mean", where=o) - group_stat(s, g, "mean", where=1 - o)
    equal(fn(o, s, g), np.where(gap >= 0, 1.0, np.exp(gap)))


@operation(23, r.agreement_weights, lambda local, outcome, g: np.asarray(local) / np.sum(local))
def agents_share_one_and_who_ranks_as_the_outcome_does_gets_most(fn, rng):
    outcome, g = rng.random(24), groups(rng)
    local = np.column_stack([outcome, -outcome, rng.random(24)])
    share = fn(local, outcome, g)
    equal(share.sum(1), 1.0)
    assert (share.argmax(1) == 0).all()
    turned = rng.permutation(3)
    equal(fn(local[:, turned], outcome, g), share[:, turned])


class WrongWay(r.DualAscent):
    """Weights that fall while their reward is below its target."""

    def update(self, state, values):
        return super().update(state, 2 * np.asarray(self.targets) - values)


@operation(24, r.DualAscent((0.5, 0.5)), WrongWay((0.5, 0.5)))
def a_weight_rises_below_its_target_and_falls_above(maker, rng):
    gap = rng.uniform(0.1, 0.5)
    state = maker.init(2)
    for _ in range(3):
        state = maker.update(state, [0.5 - gap, 0.5 + gap])
    below, above = maker.weights(state)
    assert below > 0 > above
    assert dataclasses.replace(maker, squash="relu").weights(state)[0] > 0


@operation(25, r.schedule, lambda t, **how: r.schedule(t, **(how | {"start": how["end"], "end": how["start"]})))
def a_schedule_begins_at_its_start_and_nears_its_end_without_turning(fn, rng):
    start, end = rng.normal(size=2)
    t = np.linspace(0, 1, 21)
    linear = fn(t, start=start, end=end)
    equal(linear[[0, -1]], [start, end])
    equal(np.diff(linear), (end - start) / 20)
    fading = fn(t, kind="exponential", start=start, end=end)
    assert (np.sign(np.diff(fading)) == np.sign(end - start)).all()
    equal(fading[0], start)


@operation("25b", r.stage, lambda progress, edges, stages: np.asarray(stages[-1]))
def a_stage_holds_from_its_edge_on(fn, rng):
    edges, stages = (0.3, 0.6), ((1, 0, 0), (1, 1, 0), (1, 1, 1))
    for at in rng.random(5):
        assert fn(at, edges, stages).tolist() == list(stages[(at >= 0.3) + int(at >= 0.6)])


class AllTime(r.RunningNormalizer):
    """Percentiles of everything that was ever seen."""

    def update(self, state, x):
        return np.concatenate([state, x])


@operation(26, r.RunningNormalizer(window=50, transform="none"), AllTime(window=50, transform="none"))
def the_scale_forgets_what_left_the_window_and_follows_a_change_of_units(maker, rng):
    old, new, k = rng.random(60) + 100, rng.random(50), rng.uniform(1, 9)
    state = maker.update(maker.update(maker.init(), old), new)
    fresh = maker.update(maker.init(), new)
    equal(maker.apply(state, new), maker.apply(fresh, new))
    equal(maker.apply(maker.update(maker.init(), k * new + 3), k * new + 3), maker.apply(fresh, new))
    assert maker.apply(fresh, new).min() == 0.0
    assert maker.apply(fresh, new).max() == 1.0


# F: ragged rows --------------------------------------------------------------------------------------------------


@operation(27, segment_reduce, lambda x, off, how="sum": np.full(len(off) - 1, getattr(np, how)(x)))
def what_is_spread_and_pooled_again_is_what_it_was(fn, rng):
    off = offsets(rng)
    row = rng.normal(size=len(off) - 1)
    equal(fn(spread(row, off), off, "mean"), row)
    equal(fn(spread(row, off), off, "sum"), row * np.diff(off))


@operation(28, r.step_delta, lambda x, off: -r.step_delta(x, off))
def differences_of_a_row_add_up_to_its_first_value(fn, rng):
    off = offsets(rng)
    x = rng.random(off[-1])
    equal(segment_reduce(fn(x, off), off), x[off[:-1]])


@operation(29, suffix, lambda x, off, gamma=1.0: suffix(x, off))
def a_return_is_the_reward_and_what_follows_discounted(fn, rng):
    off, gamma = offsets(rng), rng.uniform(0.1, 0.9)
    x = rng.normal(size=off[-1])
    got, last = fn(x, off, gamma=gamma), off[1:] - 1
    equal(got[last], x[last])
    inner = np.setdiff1d(np.arange(len(x)), last)
    equal(got[inner], x[inner] + gamma * got[inner + 1])


@operation(30, place, lambda v, off: spread(v, off))
def what_is_placed_stands_once_in_its_row(fn, rng):
    off = offsets(rng)
    v = rng.uniform(1, 2, size=len(off) - 1)
    equal(segment_reduce(fn(v, off), off), v)
    assert (fn(v, off) != 0).sum() == len(v)


@operation("30b", r.gated_accumulate, lambda x, off, high, gates: segment_reduce(x, off))
def steps_count_only_when_every_goal_reaches_its_gate(fn, rng):
    off = offsets(rng)
    x, high, gates = rng.random(off[-1]), rng.random((len(off) - 1, 2)), np.array([0.5, 0.5])
    high[0] = [1.0, 0.0]
    equal(fn(x, off, high, gates), segment_reduce(x, off) * (high >= gates).all(1))


# G: credit and preference ----------------------------------------------------------------------------------------


@operation(31, multi_advantage, lambda s, g, weights, **how: z_score(s @ weights, g, eps=how["eps"]))
def no_reward_rules_a_mix_by_its_scale(fn, rng):
    s, g, w, k = rng.normal(size=(24, 3)), groups(rng), rng.uniform(1, 2, 3), rng.uniform(0.1, 9, 3)
    equal(fn(s * k + 1, g, w, eps=0.0), fn(s, g, w, eps=0.0))
    equal(group_stat(fn(s, g, w, eps=0.0), g, "mean"), 0.0)


@operation("31b", fuse, lambda a, steps, off, beta=1.0: spread(a, off) + steps)
def a_row_weighs_on_each_of_its_steps_and_beta_on_the_steps_alone(fn, rng):
    off = offsets(rng)
    a, steps, beta = rng.normal(size=len(off) - 1), rng.normal(size=off[-1]), rng.uniform(0.1, 0.9)
    equal(fn(a, steps, off, beta=beta), fn(a, 0 * steps, off) + beta * fn(0 * a, steps, off))
    equal(fn(a, 0 * steps, off, beta=beta), spread(a, off))


@operation("31c", columnwise_group_norm, lambda x, off, g: z_score(x, spread(g, off)))
def a_column_is_compared_with_the_same_column_only(fn, rng):
    off, g = np.arange(7) * 3, np.repeat([0, 1], 3)
    x = rng.normal(size=18)
    trend = x + np.tile([0.0, 50.0, -7.0], 6)  # the same for all rows
    np.testing.assert_allclose(fn(trend, off, g), fn(x, off, g), atol=1e-6)


@operation(32, r.lexicographic_pairs, lambda s, g, **how: r.lexicographic_pairs(s[:, ::-1], g, **how))
def the_first_factor_decides_wherever_it_differs_and_pairs_stay_inside_groups(fn, rng):
    s, g = np.column_stack([rng.integers(0, 3, 24), rng.random(24)]), groups(rng)
    won, lost = fn(s, g).T
    assert (g[won] == g[lost]).all()
    assert (s[won, 0] >= s[lost, 0]).all()
    assert len(won) == 3 * 28  # the second factor has no ties


@pytest.mark.parametrize("name", OPERATIONS)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_property_holds(name, seed):
    holds, real, _ = OPERATIONS[name]
    holds(real, np.random.default_rng(seed))


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_property_fails_for_a_near_miss(name):
    holds, _, near_miss = OPERATIONS[name]
    failed = 0
    for seed in range(20):
        try:
            holds(near_miss, np.random.default_rng(seed))
        except AssertionError:
            failed += 1
    assert failed >= 15


def test_every_number_is_there():
    numbers = {int("".join(c for c in name.partition("-")[0] if c.isdigit())) for name in OPERATIONS}
    assert numbers == set(range(1, 33))
