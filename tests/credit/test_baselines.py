from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.credit import (
    INVARIANCES,
    center,
    dapo,
    dr_grpo,
    ema_baseline,
    gae,
    gdpo,
    gpg,
    grpo,
    multi_advantage,
    opo,
    optimal_token_baseline,
    overlong_penalty,
    pass_at_k_grpo,
    pool,
    reinforce,
    reinforce_plus_plus,
    reinforce_plus_plus_baseline,
    remax,
    rloo,
    spread,
    suffix,
    whiten,
)
from rubricate.errors import PolicyError, SettingError, ShapeError

# Each as f(reward, group, length): what else an estimator needs moves with the reward where it is one.
ESTIMATORS = {
    "reinforce": lambda r, g, n: reinforce(r),
    "remax": lambda r, g, n: remax(r, np.nanmax(r) - 0.1 * n),
    "rloo": lambda r, g, n: rloo(r, g),
    "grpo": lambda r, g, n: grpo(r, g),
    "dr_grpo": lambda r, g, n: dr_grpo(r, g),
    "dapo": lambda r, g, n: dapo(r, g, n, max_length=6, cache=3),
    "reinforce_plus_plus_baseline": lambda r, g, n: reinforce_plus_plus_baseline(r, g),
    "opo": lambda r, g, n: opo(r, g, n),
    "gpg": lambda r, g, n: gpg(r, g),
    "pass_at_k_grpo": lambda r, g, n: pass_at_k_grpo(r, g),
    "gdpo": lambda r, g, n: gdpo(np.stack([r, n], axis=1), g, [1.0, 0.3]),
}
rows = st.lists(
    st.tuples(st.integers(0, 8).map(lambda v: v / 8) | st.none(), st.integers(0, 3), st.integers(1, 8)),
    min_size=2,
    max_size=24,
).filter(lambda rs: any(r[0] is not None for r in rs))


def columns(drawn):
    r = np.array([np.nan if v is None else v for v, _, _ in drawn])
    return r, np.array([g for _, g, _ in drawn]), np.array([float(n) for _, _, n in drawn])


def holds(name, law, r, g, n):
    f = ESTIMATORS[name]
    a = f(r, g, n)
    if law == "permutation":
        turn = np.random.default_rng(0).permutation(len(r))
        return np.allclose(f(r[turn], g[turn], n[turn]), a[turn], atol=1e-9)
    if law == "shift":
        return np.allclose(f(r + 3.0, g, n), a, atol=1e-6)
    if law == "scale":
        return np.allclose(f(r * 3.0, g, n), a, atol=1e-3)
    if law == "zero_sum":
        return np.allclose(np.bincount(g, a), 0.0, atol=1e-6)
    return np.isclose(a.sum(), 0.0, atol=1e-6)


def test_the_table_covers_the_estimators():
    assert set(INVARIANCES) == set(ESTIMATORS)


@pytest.mark.parametrize("name", INVARIANCES)
@settings(max_examples=60, deadline=None)
@given(drawn=rows)
def test_declared_invariances_hold(name, drawn):
    r, g, n = columns(drawn)
    for law in INVARIANCES[name]:
        assert holds(name, law, r, g, n), law


@pytest.mark.parametrize("name", INVARIANCES)
def test_invariances_that_are_not_declared_fail_somewhere(name):
    absent = {"shift", "scale", "zero_sum", "zero_sum_batch"} - INVARIANCES[name]
    absent -= {"zero_sum_batch"} if "zero_sum" in INVARIANCES[name] else set()
    absent -= {"zero_sum_batch"} if name == "remax" else set()
    rng = np.random.default_rng(0)
    for law in absent:
        cases = [
            (rng.integers(0, 9, 12) / 8, rng.integers(0, 3, 12), rng.integers(1, 9, 12).astype(float))
            for _ in range(50)
        ]
        assert not all(holds(name, law, *case) for case in cases), law


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_unknown_reward_enters_nothing_and_gets_no_gradient(name):
    r = np.array([1.0, 0.0, np.nan, 0.5, 0.25])
    g, n = np.array([0, 0, 0, 1, 1]), np.array([3.0, 1.0, 9.0, 2.0, 2.0])
    a, without = ESTIMATORS[name](r, g, n), ESTIMATORS[name](r[[0, 1, 3, 4]], g[[0, 1, 3, 4]], n[[0, 1, 3, 4]])
    assert a[2] == 0.0
    np.testing.assert_allclose(a[[0, 1, 3, 4]], without, atol=1e-12)
    as_zero = ESTIMATORS[name](np.nan_to_num(r), g, n)  # negative control
    assert name == "remax" or not np.allclose(as_zero[[0, 1, 3, 4]], without)


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"remax", "dapo", "gdpo"}))
def test_an_all_equal_batch_is_exactly_zero(name):
    for value in (0.1, 1 / 3, 1.0):
        a = ESTIMATORS[name](np.full(6, value), np.array([0, 0, 0, 1, 1, 1]), np.array([1.0, 2, 3, 1, 2, 3]))
        assert (a == 0.0).all()
        assert (gdpo(np.full((6, 2), value), np.zeros(6)) == 0.0).all()


@pytest.mark.parametrize(
    "fn", [grpo, rloo, dr_grpo, gpg, pass_at_k_grpo, lambda r, g, **k: opo(r, g, np.ones(len(r)), **k)]
)
def test_a_group_of_one_has_an_explicit_policy(fn):
    assert fn([5.0, 1.0, 2.0], [0, 1, 1])[0] == 0.0
    assert fn([5.0, 1.0, 2.0], [0, 1, 1], singleton="raw")[0] != 0.0
    assert np.isnan(fn([5.0, 1.0, 2.0], [0, 1, 1], singleton="nan", missing="nan")[0])
    with pytest.raises(PolicyError, match="too few values"):
        fn([5.0, 1.0, 2.0], [0, 1, 1], singleton="raise")


@given(rows)
def test_rloo_is_a_multiple_of_dr_grpo_and_opo_is_dr_grpo_at_equal_lengths(drawn):
    r, g, _ = columns(drawn)
    count = np.array([(~np.isnan(r[g == k])).sum() for k in g])
    factor = np.where(count > 1, count / np.maximum(count - 1, 1), 0.0)
    np.testing.assert_allclose(rloo(r, g), factor * dr_grpo(r, g), atol=1e-12)
    np.testing.assert_allclose(opo(r, g, np.full(len(r), 7.0)), dr_grpo(r, g), atol=1e-12)
    assert not np.allclose(rloo([1.0, 0.0], [0, 0]), dr_grpo([1.0, 0.0], [0, 0]))
    assert not np.allclose(opo([1.0, 0.0], [0, 0], [9, 1]), dr_grpo([1.0, 0.0], [0, 0]))


@pytest.mark.parametrize(("right", "good", "bad"), [(1, 2.47, -0.35), (4, 0.94, -0.94), (7, 0.35, -2.47)])
def test_grpo_of_eight(right, good, bad):
    r = np.repeat([1.0, 0.0], [right, 8 - right])
    assert grpo(r, np.zeros(8)).round(2).tolist() == [good] * right + [bad] * (8 - right)


def test_worked_numbers():
    assert grpo([1.0, 0.0], [0, 0], eps=0.0).tolist() == pytest.approx([0.5**0.5, -(0.5**0.5)])
    assert grpo([1.0, 0.0], [0, 0], ddof=0, eps=0.0).tolist() == [1.0, -1.0]
    # OPO: one right answer of 400 tokens, one of 100, six wrong of 100: b = 500 / 1100
    b = 500 / 1100
    r, length = np.array([1.0, 0, 0, 0, 0, 0, 0, 1]), np.array([400.0] + [100.0] * 7)
    np.testing.assert_allclose(opo(r, np.zeros(8), length), r - b)
    assert remax([1.0, 0.0], [0.25, 0.25]).tolist() == [0.75, -0.25]
    assert reinforce([1.0, 0.0, 2.0], [0.5, 0.5, 1.0]).tolist() == [0.5, -0.5, 1.0]
    assert ema_baseline(0.5, [1.0, 0.0, 1.0, 0.0]) == pytest.approx(0.5)
    assert ema_baseline(0.0, [1.0, 1.0]) == pytest.approx(0.1)
    assert ema_baseline(0.3, [float("nan")]) == 0.3
    # GPG: four responses, two of them in a dead group: alpha = 4 / 2
    assert gpg([1.0, 0.0, 1.0, 1.0], [0, 0, 1, 1], f_norm=2.0).tolist() == [0.5, -0.5, 0.0, 0.0]
    assert gpg([1.0, 1.0], [0, 0]).tolist() == [0.0, 0.0]
    best = pass_at_k_grpo([0.0, 1.0, 3.0], [0, 0, 0], eps=0.0)
    assert best.tolist() == pytest.approx([0, 0, 2 / np.std([0, 1, 3], ddof=1)])
    assert pass_at_k_grpo([3.0, 3.0, 0.0], [0, 0, 0]).tolist() == [0.0, 0.0, 0.0]


def test_pass_at_k_equals_a_plain_loop():
    rng = np.random.default_rng(0)
    for _ in range(50):
        r, g = rng.integers(0, 6, 20).astype(float), rng.integers(0, 6, 20)
        r[rng.random(20) < 0.1] = np.nan
        expected = np.zeros(20)
        for k in np.unique(g):
            known = [i for i in range(20) if g[i] == k and r[i] == r[i]]
            known.sort(key=lambda i: -r[i])
            if len(known) > 1:
                expected[known[0]] = (r[known[0]] - r[known[1]]) / (np.std(r[known], ddof=1) + 1e-6)
        np.testing.assert_allclose(pass_at_k_grpo(r, g), expected, atol=1e-9)


def test_overlong_penalty_of_dapo():
    assert overlong_penalty([0, 90, 91, 100, 101], max_length=100, cache=10).tolist() == [0, 0, -0.1, -1, -1]
    assert np.isnan(overlong_penalty([float("nan")], max_length=100, cache=10)[0])
    a = dapo([1.0, 1.0, 0.0], [0, 0, 0], [50, 100, 50], max_length=100, cache=10)
    np.testing.assert_allclose(a, grpo([1.0, 0.0, 0.0], [0, 0, 0]))
    with pytest.raises(SettingError, match="cache=0"):
        overlong_penalty([1], max_length=10, cache=0)


def test_gdpo_keeps_combinations_apart_that_a_sum_merges():
    for k, of_sum, of_gdpo in ((2, 7, 14), (3, 14, 45)):
        worlds = np.array(list(product(product((0.0, 1.0), repeat=k), repeat=4)))  # groups of 4, k binary rewards
        scores, group = worlds.reshape(-1, k), np.repeat(np.arange(len(worlds)), 4)
        summed = grpo(scores.sum(1), group)
        apart = multi_advantage(scores, group)
        for a, distinct in ((summed, of_sum), (apart, of_gdpo)):
            assert len(np.unique(np.sort(a.reshape(-1, 4), axis=1).round(3) + 0.0, axis=0)) == distinct


def test_gdpo_equals_a_plain_loop():
    rng = np.random.default_rng(1)
    for _ in range(50):
        s, g, w = rng.normal(size=(15, 3)) * [1, 5, 0.1], rng.integers(0, 4, 15), rng.random(3)
        total = sum(w[k] * grpo(s[:, k], g) for k in range(3))
        expected = (total - total.mean()) / np.sqrt(total.var(ddof=1) + 1e-8)
        np.testing.assert_allclose(gdpo(s, g, w), expected, atol=1e-9)
    s = np.array([[1.0, np.nan], [0.0, 1.0], [0.5, 0.0]])
    assert gdpo(s, [0, 0, 0])[0] == 0.0
    assert gdpo(s, [0, 0, 0], None, [[1, 0], [1, 1], [1, 1]])[0] > 0  # not asked is not unknown


def test_reinforce_plus_plus_equals_a_plain_loop():
    rng = np.random.default_rng(2)
    for _ in range(50):
        size = rng.integers(1, 6, size=7)
        off = np.concatenate([[0], np.cumsum(size)])
        r, kl, mask = rng.normal(size=7), rng.random(off[-1]), rng.random(off[-1]) < 0.8
        g = np.zeros(off[-1])
        for i in range(7):
            tokens = [t for t in range(off[i], off[i + 1]) if mask[t]]
            carry = 0.0
            for t in reversed(tokens):
                carry = (r[i] if t == tokens[-1] else 0.0) - 0.1 * kl[t] + 0.9 * carry
                g[t] = carry
        expected = np.where(mask, (g - g[mask].mean()) / np.sqrt(g[mask].var(ddof=1) + 1e-8), 0.0)
        np.testing.assert_allclose(reinforce_plus_plus(r, off, kl, beta=0.1, gamma=0.9, mask=mask), expected, atol=1e-9)
    a = reinforce_plus_plus([1.0, np.nan], [0, 2, 4])
    assert a.tolist() == [0.0, 0.0, 0.0, 0.0]  # one known row of equal returns; the unknown one has no gradient
    with pytest.raises(SettingError, match="without kl"):
        reinforce_plus_plus([1.0], [0, 1], beta=0.1)


def test_the_batch_scale_of_reinforce_plus_plus_with_a_group_baseline():
    r, g, length = np.array([1.0, 0.0, 4.0, 0.0]), np.array([0, 0, 1, 1]), np.array([1, 2, 3, 4])
    np.testing.assert_allclose(reinforce_plus_plus_baseline(r, g), whiten([0.5, -0.5, 2.0, -2.0]))
    off = np.concatenate([[0], np.cumsum(length)])
    by_token = whiten(spread(center(r, g), off))  # verl whitens after spreading over tokens
    np.testing.assert_allclose(spread(reinforce_plus_plus_baseline(r, g, row_weights=length), off), by_token)
    assert not np.allclose(reinforce_plus_plus_baseline(r, g), by_token[off[:-1]])


def test_optimal_token_baseline_equals_a_plain_loop():
    rng = np.random.default_rng(3)
    for _ in range(50):
        size = rng.integers(0, 6, size=8)
        off = np.concatenate([[0], np.cumsum(size)])
        group, mask = rng.integers(0, 2, 8), rng.random(off[-1]) < 0.8
        pi = rng.random(off[-1])
        square = pi**2 + (1 - pi) ** 2 / 3
        returns = rng.normal(size=off[-1])
        weight, expected = np.zeros(off[-1]), np.zeros(off[-1])
        for i in range(8):
            total = 0.0
            for t in range(off[i], off[i + 1]):
                total += (1 - 2 * pi[t] + square[t]) * mask[t]
                weight[t] = total
        for i in range(8):
            for t in range(size[i]):
                at = off[i] + t
                peers = [off[j] + t for j in range(8) if group[j] == group[i] and t < size[j] and mask[off[j] + t]]
                if mask[at] and len(peers) > 1:
                    expected[at] = returns[at] - np.average(returns[peers], weights=weight[peers])
        got = optimal_token_baseline(returns, off, group, pi, square, mask=mask)
        np.testing.assert_allclose(got, expected, atol=1e-9)


def test_optimal_token_baseline_at_the_last_common_token_is_opo():
    r, length = np.array([1.0, 0.0]), np.array([3, 3])
    off, pi = np.array([0, 3, 6]), np.full(6, 0.5)
    a = optimal_token_baseline(spread(r, off), off, [0, 0], pi, np.full(6, 0.3))
    np.testing.assert_allclose(pool(a, off, "last"), opo(r, [0, 0], length))
    sure = pi.copy()
    sure[:3], square = 0.9, np.full(6, 0.82)  # the first response was confident: small gradients, small weight
    a = optimal_token_baseline(spread(r, off), off, [0, 0], sure, square)
    assert abs(a[0]) > 0.5 > abs(a[3])
    with pytest.raises(ShapeError, match="collision is below"):
        optimal_token_baseline(spread(r, off), off, [0, 0], np.full(6, 0.9), np.full(6, 0.5))
    unknown = pi.copy()
    unknown[1] = np.nan  # a token without a probability, and what follows it in its row, is unknown
    a = optimal_token_baseline(spread(r, off), off, [0, 0], unknown, np.full(6, 0.3))
    assert a[1] == a[2] == 0.0
    assert a[0] != 0.0


def test_gae_then_whiten_is_the_ppo_advantage():
    off = [0, 2, 4]
    a = whiten(gae([0, 1.0, 0, 0], [0.5, 0.5, 0.5, 0.5], off, lam=1.0))
    np.testing.assert_allclose(a, whiten(suffix([0, 1.0, 0, 0], off) - 0.5))


def test_bad_input_is_named():
    for fn in (grpo, rloo, dr_grpo, gpg, pass_at_k_grpo):
        with pytest.raises(ShapeError, match="group has shape"):
            fn([1.0, 2.0], [0])
        with pytest.raises(ShapeError, match="infinite"):
            fn([1.0, np.inf], [0, 0])
        assert fn([np.nan, np.nan], [0, 0]).tolist() == [0.0, 0.0]
        assert fn([], []).tolist() == []
        with pytest.raises(ShapeError, match="reward has shape"):
            fn([[1.0]], [0])
    with pytest.raises(ShapeError, match="length has shape"):
        opo([1.0, 2.0], [0, 0], [1.0])
    with pytest.raises(ShapeError, match="greedy has shape"):
        remax([1.0, 2.0], [1.0])
    with pytest.raises(ShapeError, match="length has shape"):
        dapo([1.0, 2.0], [0, 0], [1.0], max_length=2, cache=1)
    with pytest.raises(ShapeError, match="baseline has shape"):
        reinforce([1.0, 2.0], [1.0])
    with pytest.raises(ShapeError, match="scores has shape"):
        gdpo([1.0, 2.0], [0, 0])
