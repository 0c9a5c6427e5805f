import itertools

import numpy as np
import pytest

from rubricate.errors import ShapeError
from rubricate.lab import Bandit, Dialogue, Retrieval, Slots, StepChain, Tree
from rubricate.lab.worlds import sigmoid, softmax

WORLDS = [Bandit(), Slots(), StepChain(), Tree(), Retrieval(), Dialogue()]
IDS = [type(w).__name__ for w in WORLDS]


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_the_gradient_is_that_of_the_expected_reward(world):
    """Ascent along the outcome's gradient with a large batch raises the mean outcome; against it lowers it."""
    theta = world.init()
    env = world.rollouts(theta, np.random.default_rng(0), 1, 20000)
    advantage = env["outcome"] - env["outcome"].mean()
    direction = world.gradient(theta, env, advantage)
    means = []
    for sign in (1.0, -1.0):
        moved = world.rollouts(
            theta + sign * 3.0 * direction / np.abs(direction).max(), np.random.default_rng(1), 1, 20000
        )
        means.append(moved["outcome"].mean())
    assert means[0] > env["outcome"].mean() > means[1]


@pytest.mark.parametrize("world", WORLDS, ids=IDS)
def test_rollouts_fill_the_vocabulary_and_repeat_with_the_seed(world):
    a, b = (world.rollouts(world.init(), np.random.default_rng(3), 4, 8) for _ in range(2))
    n = 32
    assert a["group"].tolist() == np.repeat(np.arange(4), 8).tolist()
    for name in ("scores", "asked"):
        assert a[name].shape == (n, a["weights"].shape[0])
    for name in ("outcome", "process", "format", "length"):
        assert a[name].shape == (n,)
    np.testing.assert_array_equal(a["scores"], b["scores"])


def test_the_quality_of_chain_tree_and_dialogue_equals_enumeration():
    rng = np.random.default_rng(0)
    chain = StepChain()
    theta = rng.normal(size=5)
    p = sigmoid(theta)
    assert chain.quality(theta) == pytest.approx(0.05 + 0.95 * p.prod())

    tree = Tree(depth=3, branch=3, needed=2)
    q = softmax(rng.normal(size=(3, 3)))
    total = sum(
        q[0, a] * q[1, b] * q[2, c]
        for a, b, c in itertools.product(range(3), repeat=3)
        if (a, b, c).count(0) >= 2 and 2 not in (a, b, c)
    )
    assert tree.quality(np.log(q)) == pytest.approx(total)

    dialogue = Dialogue(turns=4, goal=2)
    q = softmax(rng.normal(size=(4, 3)))
    total = sum(
        np.prod([q[t, m] for t, m in enumerate(moves)])
        for moves in itertools.product(range(3), repeat=4)
        if sum(1 - m for m in moves) >= 2
    )
    assert dialogue.quality(np.log(q)) == pytest.approx(total)


def test_the_tree_of_a_group_is_the_tree_of_its_prefixes():
    env = Tree().rollouts(Tree().init(), np.random.default_rng(0), 2, 16)
    parent, leaf, reached = env["node_parent"], env["leaf_of"], env["step_node"].reshape(32, 4)
    assert (parent[:2] == -1).all()
    assert (parent[2:] < np.arange(2, len(parent))).all()
    for i, j in itertools.combinations(range(32), 2):
        same = env["group"][i] == env["group"][j] and (env["action"][i] == env["action"][j]).all()
        assert (leaf[i] == leaf[j]) == same
    np.testing.assert_array_equal(parent[reached[:, 1]], reached[:, 0])


def test_an_advantage_of_the_wrong_length_is_refused():
    world = StepChain()
    env = world.rollouts(world.init(), np.random.default_rng(0), 1, 4)
    with pytest.raises(ShapeError, match=r"expected \[4\] or \[20\]"):
        world.gradient(world.init(), env, np.zeros(7))
