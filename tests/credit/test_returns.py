import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.credit import difference, following, gae, look_ahead, pool, potential_shaping, prefix, suffix
from rubricate.errors import SettingError, ShapeError, UnknownNameError

sizes = st.lists(st.integers(0, 7), max_size=8)
JOIN = {"sum": lambda x, y, g: x + g * y, "min": lambda x, y, g: min(x, y), "max": lambda x, y, g: max(x, y)}


def offsets(size):
    return np.concatenate([[0], np.cumsum(np.asarray(size, dtype=int))])


def backward(x, off, op="sum", gamma=1.0, keep=None):
    out = np.zeros(len(x))
    for a, b in zip(off[:-1], off[1:], strict=True):
        carry = None
        for t in range(b - 1, a - 1, -1):
            if keep is None or keep[t]:
                carry = x[t] if carry is None else JOIN[op](x[t], carry, gamma)
                out[t] = carry
    return out


@pytest.mark.parametrize(("op", "gamma"), [("sum", 1.0), ("sum", 0.9), ("sum", 0.0), ("min", 1.0), ("max", 1.0)])
def test_suffix_and_prefix_equal_a_plain_loop(op, gamma):
    rng = np.random.default_rng(0)
    for case in range(50):
        off = offsets(rng.integers(0, 900 if case < 5 else 9, size=12))  # long rows are scanned in pieces
        x = rng.normal(size=off[-1])
        keep = rng.random(len(x)) < 0.7
        np.testing.assert_allclose(suffix(x, off, op, gamma=gamma), backward(x, off, op, gamma), atol=1e-9)
        kept = suffix(x, off, op, gamma=gamma, keep=keep)
        np.testing.assert_allclose(kept, backward(x, off, op, gamma, keep), atol=1e-9)
        mirrored = backward(x[::-1], off[-1] - off[::-1], op, gamma, keep[::-1])[::-1]
        np.testing.assert_allclose(prefix(x, off, op, gamma=gamma, keep=keep), mirrored, atol=1e-9)


@pytest.mark.parametrize("size", [255, 256, 257, 512, 513, 70_000])
def test_rows_around_the_size_of_a_piece(size):
    x = np.random.default_rng(1).normal(size=size + 3)
    off = np.array([0, 3, size + 3])
    for op, gamma in (("sum", 1.0), ("sum", 0.999), ("min", 1.0)):
        np.testing.assert_allclose(suffix(x, off, op, gamma=gamma), backward(x, off, op, gamma), rtol=1e-9, atol=1e-8)


def test_more_rows_than_a_block_holds():
    rng = np.random.default_rng(2)
    off = offsets(rng.integers(0, 4, size=9000))
    x = rng.normal(size=off[-1])
    np.testing.assert_allclose(suffix(x, off, gamma=0.5), backward(x, off, "sum", 0.5), atol=1e-9)


def test_missing_items_propagate_or_are_dropped():
    nan = float("nan")
    x, off = [1.0, nan, 4.0, 2.0, nan, nan], [0, 3, 5, 6]
    np.testing.assert_array_equal(suffix(x, off), [nan, nan, 4.0, nan, nan, nan])
    np.testing.assert_array_equal(suffix(x, off, missing="drop_item"), [5.0, 4.0, 4.0, 2.0, nan, nan])
    np.testing.assert_array_equal(suffix(x, off, "min", missing="drop_item"), [1.0, 4.0, 4.0, 2.0, nan, nan])
    np.testing.assert_array_equal(prefix(x, off, "max", missing="drop_item"), [1.0, 1.0, 4.0, 2.0, 2.0, nan])
    # An item outside keep is not asked: unknown or not, it changes nothing and gets 0.
    np.testing.assert_array_equal(suffix(x, off, keep=[1, 0, 1, 1, 0, 0]), [5.0, 0.0, 4.0, 2.0, 0.0, 0.0])


def test_gae_equals_a_loop_that_skips_observations():
    rng = np.random.default_rng(3)
    for _ in range(50):
        off = offsets(rng.integers(0, 9, size=10))
        r, v, mask = rng.normal(size=off[-1]), rng.normal(size=off[-1]), rng.random(off[-1]) < 0.7
        end = rng.normal(size=10)
        expected = np.zeros(off[-1])
        for row, (a, b) in enumerate(zip(off[:-1], off[1:], strict=True)):
            following_value, carry = end[row], 0.0
            for t in range(b - 1, a - 1, -1):
                if mask[t]:
                    carry = r[t] + 0.9 * following_value - v[t] + 0.9 * 0.8 * carry
                    following_value, expected[t] = v[t], carry
        got = gae(r, v, off, gamma=0.9, lam=0.8, mask=mask, terminal=end)
        np.testing.assert_allclose(got, expected, atol=1e-9)


@given(sizes, st.integers(0, 99))
def test_gae_with_lambda_one_is_the_return_less_the_value(size, seed):
    rng = np.random.default_rng(seed)
    off = offsets(size)
    r, v = rng.normal(size=(2, off[-1]))
    np.testing.assert_allclose(gae(r, v, off, lam=1.0), suffix(r, off) - v, atol=1e-9)
    np.testing.assert_allclose(gae(r, v, off, lam=0.0), r + following(v, off) - v, atol=1e-9)


def test_the_gae_law_fails_for_other_lambdas():
    r, v, off = np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.7]), [0, 3]
    assert not np.allclose(gae(r, v, off, lam=0.5), suffix(r, off) - v)
    assert not np.allclose(gae(r, v, off, lam=1.0, terminal=1.0), suffix(r, off) - v)


@given(sizes, st.integers(0, 99))
def test_differences_telescope(size, seed):
    rng = np.random.default_rng(seed)
    off = offsets(size)
    x, start = rng.normal(size=off[-1]), rng.normal(size=len(off) - 1)
    some = np.diff(off) > 0
    total = pool(difference(x, off, start), off, "sum")
    np.testing.assert_allclose(total[some], (pool(x, off, "last") - start)[some], atol=1e-9)
    closed = pool(difference(x, off, start, terminal=0.0), off, "sum")
    np.testing.assert_allclose(closed[some], -start[some], atol=1e-9)  # whatever the path was


def test_the_terminal_value_matters():
    x, off = np.array([0.5, 0.9, 0.5, 0.1]), [0, 2, 4]
    open_, closed = (pool(difference(x, off, 0.0, terminal=t), off, "sum") for t in ("keep", 0.0))
    assert not np.isclose(open_[0], open_[1])  # the end state leaks into the total
    assert closed[0] == closed[1]


def test_shaping_sums_to_minus_the_first_potential_card_125():
    rng = np.random.default_rng(4)
    for _ in range(50):
        off = offsets(rng.integers(1, 9, size=6))
        phi = rng.random(off[-1])
        f = potential_shaping(phi, off, gamma=0.9)
        np.testing.assert_allclose(suffix(f, off, gamma=0.9)[off[:-1]], -phi[off[:-1]], atol=1e-9)
        leaked = suffix(potential_shaping(phi, off, gamma=0.9, terminal=0.5), off, gamma=0.9)[off[:-1]]
        np.testing.assert_allclose(leaked + phi[off[:-1]], 0.5 * 0.9 ** np.diff(off), atol=1e-9)
    per_row = potential_shaping([0.5, 0.5], [0, 1, 2], gamma=1.0, terminal=[0.0, 1.0])
    assert per_row.tolist() == [-0.5, 0.5]


def best_policy(shaping, gamma=0.9, horizon=12, states=5):
    """Value iteration on a chain with slip 0.4; step forward (True) or stay; the goal ends the episode and pays 1."""
    phi = np.arange(states) / (states - 1)
    value, forward = np.zeros((horizon + 1, states)), np.zeros((horizon, states - 1), dtype=bool)
    for t in range(horizon - 1, -1, -1):
        for s in range(states - 1):
            q = []
            for outcomes in ([(1.0, s)], [(0.6, s + 1), (0.4, max(s - 1, 0))]):
                total = 0.0
                for chance, after in outcomes:
                    done = after == states - 1 or t == horizon - 1
                    extra = 0.0
                    if shaping is not None:
                        end = 0.0 if shaping == "zero" and done else phi[after]
                        extra = difference([end], [0, 1], phi[s], gamma=1.0 if shaping == "naive" else gamma)[0]
                    total += chance * (
                        float(after == states - 1) + extra + (0.0 if done else gamma * value[t + 1, after])
                    )
                q.append(total)
            forward[t, s], value[t, s] = q[1] > q[0] + 1e-12, max(q)
    return forward


def test_only_a_terminal_potential_of_zero_leaves_the_best_policy_alone():
    base = best_policy(None)
    assert (best_policy("zero") != base).sum() == 0
    assert (best_policy("leak") != base).sum() == 6
    assert (best_policy("naive") != base).sum() == 6


def test_a_missing_value_in_a_difference():
    nan = float("nan")
    x, off = [1.0, nan, 4.0], [0, 3]
    np.testing.assert_array_equal(difference(x, off, 0.0), [1.0, nan, nan])
    np.testing.assert_array_equal(difference(x, off, 0.0, missing="drop_item"), [1.0, nan, 3.0])


def test_strict_minimum_ignores_padding_and_the_sum_pays_for_it_card_67():
    short, long = [0.3], [0.6] * 10 + [0.3]
    off = [0, 1, 12]
    assert pool(short + long, off, "sum")[1] > 6
    np.testing.assert_allclose(suffix(short + long, off, "min")[[0, 1]], 0.3)
    soft = pool(short + long, off, "softmin")
    assert soft[1] == pytest.approx(0.4, abs=0.01)  # the soft minimum still pays for ten fillers
    assert soft[0] == pytest.approx(0.3)


def test_bad_input_is_named():
    for fn in (suffix, prefix):
        with pytest.raises(UnknownNameError, match="'mean'"):
            fn([1.0], [0, 1], "mean")
        with pytest.raises(SettingError, match="gamma=2"):
            fn([1.0], [0, 1], gamma=2.0)
        with pytest.raises(SettingError, match=r"gamma=0.5 with op='min'"):
            fn([1.0], [0, 1], "min", gamma=0.5)
        with pytest.raises(ShapeError, match="off runs"):
            fn([1.0, 2.0], [0, 1])
        with pytest.raises(ShapeError, match="x has shape"):
            fn([[1.0]], [0, 1])
        with pytest.raises(ShapeError, match="keep has shape"):
            fn([1.0], [0, 1], keep=[1, 1])
    with pytest.raises(ShapeError, match="value has shape"):
        gae([1.0], [1.0, 2.0], [0, 1])
    with pytest.raises(SettingError, match="lam=2"):
        gae([1.0], [1.0], [0, 1], lam=2.0)
    with pytest.raises(ShapeError, match="start has shape"):
        difference([1.0], [0, 1], [1.0, 2.0])
    with pytest.raises(SettingError, match="terminal='drop'"):
        difference([1.0], [0, 1], 0.0, terminal="drop")
    with pytest.raises(UnknownNameError, match="'skip'"):
        suffix([1.0], [0, 1], missing="skip")
    assert suffix([], [0, 0]).tolist() == []


def test_look_ahead_equals_a_plain_recursion():
    def ahead(x, alpha, depth):
        if not depth:
            return x
        later = [*ahead(x, alpha, depth - 1)[1:], x[-1]]
        return [a + alpha * (b - a) for a, b in zip(x, later, strict=True)]

    rng = np.random.default_rng(0)
    for _ in range(30):
        off = offsets(rng.integers(0, 6, size=8))
        x, alpha, depth = rng.random(off[-1]), float(rng.random()), int(rng.integers(0, 4))
        x[rng.random(len(x)) < 0.1] = np.nan
        rows = [list(x[a:b]) for a, b in zip(off[:-1], off[1:], strict=True)]
        want = [y for row in rows if row for y in ahead(row, alpha, depth)]
        np.testing.assert_allclose(look_ahead(x, off, alpha=alpha, depth=depth), want, atol=1e-12)
    with pytest.raises(SettingError):
        look_ahead(x, off, alpha=1.5)
