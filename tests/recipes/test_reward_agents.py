"""Each composition against a plain loop over rows, on 50 random data sets: groups of unequal size, missing verdicts."""

import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import reward_agents as recipes

NAN = math.nan


def ragged(seed):
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 7)), group_size=int(rng.integers(1, 9)), missing=0.15 * (seed % 2))
    env["group"] = rng.integers(0, 5, size=len(env["group"])) * 3
    env["factors"] = rng.uniform(0.25, 4.0, size=(len(set(env["group"].tolist())), 6))
    env["scores"] = np.where(rng.random(env["scores"].shape) < 0.2, 0.0, env["scores"])
    return env


def members(env, i):
    return [k for k in range(len(env["group"])) if env["group"][k] == env["group"][i]]


def mean(xs):
    xs = [x for x in xs if not math.isnan(x)]
    return sum(xs) / len(xs) if xs else NAN


def z(xs, at, eps=1e-6):
    """z-score of one entry among all, population std; 0 for equal values."""
    known = [x for x in xs if not math.isnan(x)]
    if math.isnan(at):
        return NAN
    m = sum(known) / len(known)
    std = math.sqrt(sum((x - m) ** 2 for x in known) / len(known))
    return 0.0 if max(known) == min(known) else (at - m) / (std + eps)


def grpo(env, paid):
    return [z([paid[k] for k in members(env, i)], paid[i]) for i in range(len(paid))]


def pow3r(env):
    ids = sorted(set(env["group"].tolist()))
    paid = []
    for i, row in enumerate(env["scores"]):
        factor, sections = env["factors"][ids.index(env["group"][i])], []
        for k in sorted(set(env["category"].tolist())):
            js = [j for j in range(6) if env["category"][j] == k and not math.isnan(row[j])]
            w = {j: env["weights"][j] * factor[j] for j in js}
            if js:
                sections.append(sum(w[j] * row[j] for j in js) / sum(w.values()))
        paid.append(mean(sections))
    return paid, grpo(env, paid)


def rlcr(env):
    paid = []
    for ok, y, q in zip(env["format"], env["outcome"], env["confidence"], strict=True):
        paid.append(0.5 + 0.5 * y + 0.5 * (1 - (y - q) ** 2) if ok else 0.0)
    return paid, [paid[i] - mean([paid[k] for k in members(env, i)]) for i in range(len(paid))]


def wcr(env):
    paid = [1.0 if y else 0.3 * row.sum() / 6 for y, row in zip(env["outcome"], env["scores"], strict=True)]
    return paid, grpo(env, paid)


def trust_grpo(env):
    paid = []
    for i, y in enumerate(env["outcome"]):
        sides = [mean([env["process"][k] for k in members(env, i) if env["outcome"][k] == side]) for side in (1, 0)]
        gap = 0.0 if math.isnan(sides[0] - sides[1]) else sides[0] - sides[1]
        trust = 1.0 if gap >= 0 else math.exp(gap)
        paid.append(y + trust * 0.3 * math.exp(-env["progress"]) * env["process"][i])
    return paid, grpo(env, paid)


def longtracerl(env):
    share = [row.sum() / 6 for row in env["scores"]]
    paid = []
    for i, y in enumerate(env["outcome"]):
        most = max((share[k] for k in members(env, i) if not math.isnan(share[k])), default=NAN)
        part = NAN if math.isnan(share[i]) else (share[i] / most if most > 0 else 0.0)
        paid.append((0.7 + 0.3 * part if y else 0.0) if env["format"][i] else 0.0)
    return paid, grpo(env, paid)


LOOPS = {f.__name__: f for f in (pow3r, rlcr, wcr, trust_grpo, longtracerl)}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    env, recipe = ragged(seed), getattr(recipes, name)()
    paid, advantage = LOOPS[name](env)
    if recipe.reward is not None:
        np.testing.assert_allclose(recipe.reward(env), paid, rtol=0, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(env), advantage, rtol=0, atol=1e-9)
