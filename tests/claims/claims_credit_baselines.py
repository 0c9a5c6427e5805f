"""Exact properties of the baseline set, each checked on the composition itself."""

import itertools

import numpy as np

from rubricate.lab.claims import Outcome, claim
from rubricate.lab.environment import draw
from rubricate.recipes import find_recipe


def advantage(name, env, **settings):
    return np.asarray(find_recipe(name)(**settings).advantages(env), dtype=float)


def rows(outcome, **more):
    return {"outcome": np.asarray(outcome, dtype=float), "group": np.zeros(len(outcome), dtype=int), **more}


def right(k, n=8):
    return rows([1.0] * k + [0.0] * (n - k))


@claim("reinforce")
def claim_reinforce():
    env = draw(np.random.default_rng(0))
    plain, shifted = advantage("reinforce", env), advantage("reinforce", env | {"outcome": env["outcome"] + 3.0})
    gap = float(np.abs(plain - shifted).max())
    return Outcome(0.0, gap, gap < 1e-12 and abs(plain.sum()) < 1e-9)


@claim("rloo")
def claim_rloo():
    env = draw(np.random.default_rng(1))
    gap = float(np.abs(advantage("rloo", env) - 8 / 7 * advantage("dr_grpo", env)).max())
    return Outcome(0.0, gap, gap < 1e-12)


@claim("grpo")
def claim_grpo():
    found = [round(float(advantage("grpo", right(k))[i]), 2) for k in (1, 7) for i in (0, 7)]
    return Outcome("2.47 -0.35 0.35 -2.47", " ".join(map(str, found)), found == [2.47, -0.35, 0.35, -2.47])


@claim("dr_grpo")
def claim_dr_grpo():
    rare, common = advantage("dr_grpo", right(1)), advantage("dr_grpo", right(7))
    double = advantage("dr_grpo", rows([2.0] + [0.0] * 7))
    holds = rare[0] == -common[7] == 0.875 and bool(np.allclose(double, 2 * rare))
    return Outcome("grpo 2.47", float(rare[0]), holds)


@claim("dapo")
def claim_dapo():
    env = rows([1.0, 1.0, 1.0, 0.0], length=np.array([10, 100, 95, 10]))
    some = advantage("dapo", env, max_length=100.0, cache=10.0)
    paid = np.array([1.0, 0.0, 0.5, 0.0])
    expected = (paid - paid.mean()) / (paid.std(ddof=1) + 1e-6)
    none = advantage("dapo", rows([1.0] * 4, length=np.full(4, 10)), max_length=100.0, cache=10.0)
    two = {"outcome": [1.0, 1.0, 1.0, 0.0], "group": [0, 0, 1, 1]}
    kept = find_recipe("dapo")().select(two).mask.tolist() == [False, False, True, True]
    return Outcome(0.0, float(np.abs(none).max()), bool(np.allclose(some, expected)) and not none.any() and kept)


@claim("gspo")
def claim_gspo():
    ratio = find_recipe("gspo")().audit
    logp, old = np.array([-1.0, -2.0, -0.5]), np.array([-1.5, -2.2, -0.4])
    once = ratio({"token_logp": logp, "token_logp_ref": old, "token_off": [0, 3]})
    twice = ratio({"token_logp": np.tile(logp, 2), "token_logp_ref": np.tile(old, 2), "token_off": [0, 6]})
    plain = float(np.exp(np.tile(logp - old, 2).sum()))
    holds = abs(float(once[0] - twice[0])) < 1e-12 and abs(float(once[0]) - float(np.exp((logp - old).mean()))) < 1e-12
    return Outcome(round(plain, 3), round(float(twice[0]), 3), holds)


@claim("reinforce_plus_plus")
def claim_reinforce_plus_plus():
    found = advantage("reinforce_plus_plus", draw(np.random.default_rng(2)))
    holds = abs(found.mean()) < 1e-9 and abs(found.var() - 1.0) < 1e-3
    return Outcome(1.0, round(float(found.var()), 4), holds)


@claim("opo")
def claim_opo():
    env = draw(np.random.default_rng(3))
    equal = env | {"length": np.full(len(env["outcome"]), 7)}
    gap = float(np.abs(advantage("opo", equal) - advantage("dr_grpo", equal)).max())
    apart = float(np.abs(advantage("opo", env) - advantage("dr_grpo", env)).max())
    return Outcome(round(apart, 3), gap, gap < 1e-12 < apart)


@claim("gdpo")
def claim_gdpo():
    worlds = np.array(list(itertools.product((0.0, 1.0), repeat=8)))  # groups of 4 with 2 binary rewards
    rewards = worlds.reshape(-1, 2)
    env = {"rewards": rewards, "outcome": rewards.sum(1), "group": np.repeat(np.arange(len(worlds)), 4)}
    merged, apart = (
        len(np.unique(np.sort(advantage(name, env).reshape(-1, 4), axis=1).round(3) + 0.0, axis=0))
        for name in ("grpo", "gdpo")
    )
    return Outcome(merged, apart, (merged, apart) == (7, 14))


@claim("gae")
def claim_gae():
    env = draw(np.random.default_rng(4))
    found = advantage("gae", env, lam=1.0)
    off = env["step_off"]
    togo = np.concatenate([np.cumsum(env["step_scores"][a:b][::-1])[::-1] for a, b in itertools.pairwise(off)])
    gap = float(np.abs(found - (togo - env["step_values"])).max())
    return Outcome(0.0, gap, gap < 1e-9)
