"""The baseline set against plain loops, on 50 random data sets: groups of unequal size, tokens that were not written."""

import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import find_recipe


def ragged(seed):
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 7)), group_size=int(rng.integers(1, 9)))
    env["group"] = rng.integers(0, 5, size=len(env["group"])) * 3 - 2
    env["length"] = rng.integers(10_000, 24_000, size=len(env["group"]))
    return env


def by_group(value):
    """A loop over rows from a function of the row's reward and those of its group, itself at place k; 0 when alone."""

    def loop(env, reward=None):
        r, out = (env["outcome"] if reward is None else reward), []
        for i, g in enumerate(env["group"]):
            rows = [j for j in range(len(r)) if env["group"][j] == g]
            own, length = [r[j] for j in rows], [env["length"][j] for j in rows]
            out.append(value(own, rows.index(i), length) if len(rows) > 1 else 0.0)
        return out

    return loop


def mean(xs, weights=None):
    weights = [1.0] * len(xs) if weights is None else weights
    return sum(x * w for x, w in zip(xs, weights, strict=True)) / sum(weights)


def std(xs):
    centre = mean(xs)
    return math.sqrt(sum((x - centre) ** 2 for x in xs) / (len(xs) - 1))


def whitened(xs):
    if len(xs) < 2 or max(xs) - min(xs) < 1e-12:
        return [0.0] * len(xs)
    centre, unit = mean(xs), math.sqrt(std(xs) ** 2 + 1e-8)
    return [(x - centre) / unit for x in xs]


z = by_group(lambda own, k, _: (own[k] - mean(own)) / (std(own) + 1e-6) if max(own) > min(own) else 0.0)


def dapo(env):
    over = [min(max((size - (20480 - 4096)) / 4096, 0.0), 1.0) for size in env["length"]]
    return z(env, [o - x for o, x in zip(env["outcome"], over, strict=True)])


def gdpo(env):
    columns = [z(env, column) for column in env["rewards"].T]
    return whitened([sum(row) for row in zip(*columns, strict=True)])


def reinforce_plus_plus(env):
    return whitened([o for o, size in zip(env["outcome"], np.diff(env["token_off"]), strict=True) for _ in range(size)])


def gae(env):
    r, v, out = env["step_scores"], env["step_values"], []
    for a, b in zip(env["step_off"][:-1], env["step_off"][1:], strict=True):
        for t in range(a, b):
            delta = [r[s] + (v[s + 1] if s + 1 < b else 0.0) - v[s] for s in range(t, b)]
            out.append(sum(0.95**k * d for k, d in enumerate(delta)))
    return out


LOOPS = {
    "reinforce": lambda e: [o - mean(e["outcome"]) for o in e["outcome"]] if len(e["outcome"]) > 1 else [0.0],
    "rloo": by_group(lambda own, k, _: own[k] - mean(own[:k] + own[k + 1 :])),
    "grpo": z,
    "dr_grpo": by_group(lambda own, k, _: own[k] - mean(own)),
    "dapo": dapo,
    "gspo": z,
    "reinforce_plus_plus": reinforce_plus_plus,
    "opo": by_group(lambda own, k, length: own[k] - mean(own, length)),
    "gdpo": gdpo,
    "gae": gae,
}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    env = ragged(seed)
    np.testing.assert_allclose(find_recipe(name)().advantages(env), LOOPS[name](env), rtol=0, atol=1e-9)


def mixed_groups(env):
    """DAPO keeps the groups of two rows or more whose outcomes differ."""
    pairs = list(zip(env["group"], env["outcome"], strict=True))
    return [len({o for k, o in pairs if k == g}) > 1 for g, _ in pairs]


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", ["dapo"])
def test_the_selection_is_the_loop(name, seed):
    env = ragged(seed)
    assert find_recipe(name)().select(env).mask.tolist() == mixed_groups(env)
