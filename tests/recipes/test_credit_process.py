"""Each composition against a plain loop over rows, on 50 random data sets: groups of unequal size, missing verdicts."""

import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import credit_process, find_recipe

NAN = math.nan


def ragged(seed):
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 7)), group_size=int(rng.integers(1, 9)), missing=0.15 * (seed % 2))
    env["group"] = rng.integers(0, 5, size=len(env["group"])) * 3
    env["token_mask"] = rng.random(len(env["token_mask"])) < 0.8
    env["token_mask"][env["token_off"][:-1]] = True
    return env


def rows(env, unit):
    off = env[f"{unit}_off"]
    return [range(off[i], off[i + 1]) for i in range(len(off) - 1)]


def others(xs, group, i):
    """The known values of the other rows of the group."""
    return [x for j, x in enumerate(xs) if j != i and group[j] == group[i] and not math.isnan(x)]


def loo(xs, group, i):
    rest = others(xs, group, i)
    return xs[i] if math.isnan(xs[i]) else xs[i] - sum(rest) / len(rest) if rest else 0.0


def whitened(xs, weights):
    known = [(x, w) for x, w in zip(xs, weights, strict=True) if not math.isnan(x)]
    total = sum(w for _, w in known)
    m = sum(w * x for x, w in known) / total if total else 0.0
    var = sum(w * (x - m) ** 2 for x, w in known) / (total - 1) if total > 1 else 0.0
    flat = var < 1e-20
    return [x if math.isnan(x) else 0.0 if flat else (x - m) / math.sqrt(var + 1e-8) for x in xs]


def z(xs, key):
    out = []
    for x, k in zip(xs, key, strict=True):
        same = [y for y, other in zip(xs, key, strict=True) if other == k and not math.isnan(y)]
        std = np.std(same, ddof=1) if len(same) > 1 else 0.0
        flat = len(same) < 2 or max(same) == min(same)
        out.append(NAN if math.isnan(x) else 0.0 if flat else (x - np.mean(same)) / (std + 1e-6))
    return out


def to_go(xs, parts, gamma=1.0):
    out = list(xs)
    for part in parts:
        for t in reversed(part[:-1]):
            out[t] += gamma * out[t + 1]
    return out


def pure(env):
    parts, size = rows(env, "step"), np.diff(env["step_tokens"])
    paid = []
    for part in parts:
        r = [2 * env["step_scores"][k] - 1 for k in part]
        weights = [math.exp(-(x - min(r)) / 0.1) for x in r]
        paid += [x * w / sum(weights) for x, w in zip(r, weights, strict=True)]
    g = to_go(paid, parts)
    mass = [sum(g[k] * size[k] for k in part) for part in parts]
    checked = [float(o) if c else 0.0 for o, c in zip(env["outcome"], env["checkable"], strict=True)]
    out = list(g)
    for i, part in enumerate(parts):
        for k in part:
            out[k] += -mass[i] / 8192 + loo(mass, env["group"], i) / 8192 + loo(checked, env["group"], i)
    return paid, whitened(out, size)


def igpo(env):
    paid, key = [], []
    parts = rows(env, "turn")
    for i, part in enumerate(parts):
        before = env["start_belief"][i]
        for t in part:
            last = t == part[-1]
            end = env["answer_f1"][i] if env["format"][i] else -2.0
            paid.append(end if last else env["turn_belief"][t] - before)
            key.append((env["group"][i], last))
            before = env["turn_belief"][t]
    return paid, to_go(z(paid, key), parts)


def prime(env):
    parts, mask = rows(env, "token"), env["token_mask"]
    paid = [0.05 * (a - b) for a, b in zip(env["token_logp"], env["token_logp_ref"], strict=True)]
    kept = [[t for t in part if mask[t]] for part in parts]
    largest = max(abs(sum(paid[t] for t in part[k:])) for part in kept for k in range(len(part)))
    paid = [x / largest for x in paid]
    mean = [sum(paid[t] for t in part) / len(part) for part in kept]
    out, group = [0.0] * len(paid), env["group"]
    for i, part in enumerate(kept):
        n = 1 + len(others(mean, group, i))
        total, right = 0.0, loo(env["outcome"].tolist(), group, i)
        for t in reversed(part):
            total += (paid[t] * n - sum(others(mean, group, i)) - mean[i]) / (n - 1) if n > 1 else 0.0
            out[t] = 5 * total + 5 * right
    inside = whitened(np.where(mask, out, NAN).tolist(), [1] * len(out))
    return paid, np.where(mask, inside, 0.0)


def steps_gain(env, values):
    out = []
    for i, part in enumerate(rows(env, "step")):
        before = values(env["start_value"][i])
        for k in part:
            out.append(values(env["step_values"][k]) - before)
            before = values(env["step_values"][k])
    return out


def spo(env):
    gain, out = steps_gain(env, float), []
    for k, x in enumerate(gain):
        for t in range(env["step_tokens"][k], env["step_tokens"][k + 1]):
            out.append(x if math.exp(env["token_logp"][t]) < 0.9 else 0.0)
    return gain, out


def children(env, n):
    return np.flatnonzero(env["node_parent"] == n).tolist()


def leaves(env, n):
    below = children(env, n)
    return [x for c in below for x in leaves(env, c)] if below else [n]


def treeps_rag(env):
    parent = env["node_parent"]
    value, out = [], []
    for n in range(len(parent)):
        known = [env["node_outcome"][x] for x in leaves(env, n) if not math.isnan(env["node_outcome"][x])]
        value.append(sum(known) / len(known) if known else NAN)
        root = n
        while parent[root] >= 0:
            root = parent[root]
        gain = 2 * value[n] - value[parent[n]] - value[root] if n != root else 0.0
        out.append(gain / math.sqrt(len(leaves(env, n))))
    return value, out


LOOPS = {f.__name__: f for f in (pure, igpo, prime, spo, treeps_rag)}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    env, recipe = ragged(seed), find_recipe(name)()
    paid, advantage = LOOPS[name](env)
    if recipe.reward is not None:
        np.testing.assert_allclose(recipe.reward(env), paid, rtol=0, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(env), advantage, rtol=0, atol=1e-9)


def passed(env):
    """PRIME keeps the prompts that 20 to 80 % of the rollouts solve."""
    rate = {g: np.mean([o for o, h in zip(env["outcome"], env["group"], strict=True) if h == g]) for g in env["group"]}
    return [bool(0.2 <= rate[g] <= 0.8) for g in env["group"]]


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", ["prime"])
def test_the_selection_is_the_loop(name, seed):
    env = ragged(seed)
    assert find_recipe(name)().select(env).mask.tolist() == passed(env)


def test_the_tree_form_of_spo_takes_children_and_siblings():
    env = {"node_parent": [-1, 0, 0, 1, 1, 1], "node_outcome": [NAN, NAN, 0.0, 1.0, 1.0, 0.0]}
    # V(1) = 2/3, V(0) = 1/3: edges +-1/3 over std 1/3; below node 1 the edges are 1/3, 1/3, -2/3 over std sqrt(2)/3
    want = [0.0, 1.0, -1.0, 1 / math.sqrt(2), 1 / math.sqrt(2), -math.sqrt(2)]
    np.testing.assert_allclose(credit_process.spo_tree().advantages(env), want, atol=1e-6)
