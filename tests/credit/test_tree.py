import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.credit import backup, edge, leaf_counts
from rubricate.errors import ShapeError, UnknownNameError

NAN = float("nan")


def grown(rng, n, trees=2):
    """A forest whose parents come before their children, and a reward at every leaf."""
    parent = np.array([-1 if k < trees else int(rng.integers(0, k)) for k in range(n)])
    leaf = np.ones(n, bool)
    leaf[parent[parent >= 0]] = False
    return parent, np.where(leaf, rng.normal(size=n), NAN), leaf


def children(parent, k):
    return [j for j in range(len(parent)) if parent[j] == k]


def leaves(parent, k):
    below = children(parent, k)
    return [k] if not below else [leaf for j in below for leaf in leaves(parent, j)]


def value(parent, reward, k, how):
    known = [reward[j] for j in leaves(parent, k) if reward[j] == reward[j]]
    if how != "children" or not children(parent, k):
        return {"mean": np.mean, "children": np.mean, "max": np.max, "min": np.min}[how](known) if known else NAN
    values = [v for j in children(parent, k) if (v := value(parent, reward, j, how)) == v]
    return np.mean(values) if values else NAN


@pytest.mark.parametrize("how", ["mean", "children", "max", "min"])
def test_backup_equals_a_plain_recursion(how):
    rng = np.random.default_rng(0)
    for _ in range(50):
        parent, reward, _ = grown(rng, int(rng.integers(2, 25)))
        reward[rng.random(len(reward)) < 0.15] = NAN
        expected = [value(parent, reward, k, how) for k in range(len(parent))]
        np.testing.assert_allclose(backup(reward, parent, how), expected, atol=1e-9)
        counts = [len(leaves(parent, k)) for k in range(len(parent))]
        np.testing.assert_array_equal(leaf_counts(parent), counts)


def test_edges_equal_a_plain_loop():
    rng = np.random.default_rng(1)
    for _ in range(50):
        parent, reward, _ = grown(rng, int(rng.integers(2, 25)))
        v = backup(reward, parent)
        for against in ("parent", "root", "both", "siblings"):
            for scale in ("none", "siblings", "sqrt_leaves"):
                expected = np.zeros(len(parent))
                for k in np.flatnonzero(parent >= 0):
                    root = k
                    while parent[root] >= 0:
                        root = parent[root]
                    peers = v[parent == parent[k]]
                    up, top = v[k] - v[parent[k]], v[k] - v[root]
                    a = {"parent": up, "root": top, "both": up + top, "siblings": v[k] - peers.mean()}[against]
                    if scale == "siblings":
                        a = a / (peers.std() + 1e-8) if len(peers) > 1 else 0.0
                    if scale == "sqrt_leaves":
                        a = a / np.sqrt(len(leaves(parent, k)))
                    expected[k] = a
                np.testing.assert_allclose(edge(v, parent, against, scale=scale), expected, atol=1e-6)


@given(st.integers(0, 500), st.integers(2, 30))
def test_edges_telescope_and_siblings_cancel(seed, n):
    rng = np.random.default_rng(seed)
    parent, reward, leaf = grown(rng, n)
    v = backup(reward, parent)
    a = edge(v, parent)
    for k in np.flatnonzero(leaf):
        total, at = 0.0, k
        while parent[at] >= 0:
            total, at = total + a[at], parent[at]
        assert total == pytest.approx(reward[k] - v[at], abs=1e-9)
    weighted = a * leaf_counts(parent)
    for k in np.flatnonzero(~leaf):
        assert weighted[parent == k].sum() == pytest.approx(0.0, abs=1e-9)


def test_the_cancelling_fails_without_the_leaf_weights():
    parent = np.array([-1, 0, 0, 1, 1])
    a = edge(backup([NAN, NAN, 0.0, 1.0, 1.0], parent), parent)
    assert a[1] + a[2] != pytest.approx(0.0)
    assert 2 * a[1] + a[2] == pytest.approx(0.0)


def test_equal_leaves_give_edges_of_exactly_zero():
    parent = np.array([-1, 0, 0, 0, 1, 1, 1, 2, 2, 2])
    for r in (0.1, 1 / 3, 0.7):
        reward = np.where(np.arange(10) < 3, NAN, r)
        reward[3] = 0.9
        v = backup(reward, parent)
        assert (v[1:3] == r).all()
        for scale in ("none", "siblings"):
            assert (edge(v, parent, scale=scale)[4:] == 0.0).all()
            assert (edge(v, parent, "siblings", scale=scale)[4:] == 0.0).all()


def test_the_worked_tree():
    parent = [-1, 0, 0, 1, 1, 2, 2]
    reward = [NAN, NAN, NAN, 1, 0, 1, 1]
    v = backup(reward, parent)
    assert edge(v, parent, "both").tolist() == [0.0, -0.5, 0.5, 0.75, -1.25, 0.25, 0.25]
    assert edge(v, parent, scale="siblings").round(6).tolist() == [0, -1, 1, 1, -1, 0, 0]
    np.testing.assert_allclose(edge(v, parent, "root", scale="sqrt_leaves")[1:3], [-0.25 / 2**0.5, 0.25 / 2**0.5])


def test_a_leaf_without_a_verdict_takes_no_part():
    v = backup([NAN, 1.0, NAN, NAN], [-1, 0, 0, 0])
    np.testing.assert_array_equal(v, [1.0, 1.0, NAN, NAN])
    np.testing.assert_array_equal(edge(v, [-1, 0, 0, 0]), [0.0, 0.0, NAN, NAN])
    assert np.isnan(backup([NAN, NAN], [-1, 0])).all()


def test_a_long_chain_is_one_pass_per_level():
    n = 20_000
    parent = np.arange(n) - 1
    reward = np.full(n, NAN)
    reward[-1] = 2.0
    assert (backup(reward, parent) == 2.0).all()
    assert (leaf_counts(parent) == 1.0).all()


def test_tree_edges_follow_the_true_step_advantage_more_closely_than_the_outcome_card_50():
    good, chance = 0.75, np.array([0.9, 0.4, 0.05, 0.0])
    table = np.zeros((4, 7))  # expected outcome with so many steps left and mistakes made
    table[0] = chance[np.minimum(np.arange(7), 3)]
    for left in (1, 2, 3):
        table[left, :6] = good * table[left - 1, :6] + (1 - good) * table[left - 1, 1:7]
    parent = np.concatenate([[-1], np.repeat(np.arange(43), 6)])
    flat_r, tree_r = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        step_good = rng.random(259) < good
        mistakes, depth = np.zeros(259, int), np.zeros(259, int)
        for k in range(1, 259):
            mistakes[k], depth[k] = mistakes[parent[k]] + (not step_good[k]), depth[parent[k]] + 1
        truth = table[3 - depth, mistakes] - table[np.minimum(4 - depth, 3), mistakes - ~step_good]
        reward = np.where(depth == 3, rng.random(259) < chance[np.minimum(mistakes, 3)], NAN)
        tree_r.append(np.corrcoef(edge(backup(reward, parent), parent)[1:], truth[1:])[0, 1])
        made = np.cumsum(rng.random((216, 3)) >= good, axis=1)
        before = np.concatenate([np.zeros((216, 1), int), made[:, :-1]], axis=1)
        outcome = rng.random(216) < chance[made[:, -1]]
        gain = table[[2, 1, 0], made] - table[[3, 2, 1], before]
        flat_r.append(np.corrcoef(np.repeat(outcome - outcome.mean(), 3), gain.ravel())[0, 1])
    assert np.mean(tree_r) > np.mean(flat_r)
    np.testing.assert_allclose([np.mean(flat_r), np.mean(tree_r)], [0.36, 0.41], atol=0.05)


def test_bad_input_is_named():
    with pytest.raises(ShapeError, match="parent is not a tree"):
        backup([1.0, NAN], [1, -1])
    with pytest.raises(ShapeError, match="parent is not a tree"):
        backup([1.0], [0])
    with pytest.raises(ShapeError, match="parent is not a tree"):
        leaf_counts([-1.0, 0.0])
    with pytest.raises(ShapeError, match="an inner node has a reward"):
        backup([1.0, 1.0], [-1, 0])
    with pytest.raises(ShapeError, match="parent has shape"):
        backup([1.0, 1.0], [-1])
    with pytest.raises(ShapeError, match="parent has shape"):
        edge([1.0, 1.0], [-1])
    with pytest.raises(UnknownNameError, match="'median'"):
        backup([1.0], [-1], "median")
    with pytest.raises(UnknownNameError, match="'cousins'"):
        edge([1.0], [-1], "cousins")
    with pytest.raises(UnknownNameError, match="'depth'"):
        edge([1.0], [-1], scale="depth")
    assert backup([], np.zeros(0, int)).tolist() == []
