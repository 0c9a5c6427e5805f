"""Each composition against a plain loop over rows, on 50 random data sets: groups of unequal size, missing verdicts."""

import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import find_recipe

NAN = math.nan


def ragged(seed):
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 7)), group_size=int(rng.integers(1, 9)), missing=0.15 * (seed % 2))
    env["group"] = rng.integers(0, 5, size=len(env["group"])) * 3
    return env


def z(xs, at, eps=1e-6, ddof=1, weights=None, alone=0.0):
    """z-score of one entry among all; 0 for equal values, ``alone`` for a lone one."""
    if math.isnan(at):
        return NAN
    pairs = [(x, w) for x, w in zip(xs, weights or [1] * len(xs), strict=True) if not math.isnan(x)]
    total = sum(w for _, w in pairs)
    if len(pairs) < 2 or total <= ddof:
        return alone
    m = sum(w * x for x, w in pairs) / total
    std = math.sqrt(sum(w * (x - m) ** 2 for x, w in pairs) / (total - ddof))
    return 0.0 if max(pairs)[0] == min(pairs)[0] else (at - m) / (std + eps)


def items(env, unit):
    """(row, group, index in the row) of each turn or step."""
    off = env[f"{unit}_off"]
    return [(i, env["group"][i], t - off[i]) for i in range(len(off) - 1) for t in range(off[i], off[i + 1])]


def within(env, xs, at, **how):
    """z-scores inside the groups of equal ``at``."""
    weights = how.pop("weights", [1] * len(xs))
    out = []
    for x, key in zip(xs, at, strict=True):
        same = [k for k in range(len(xs)) if at[k] == key]
        out.append(z([xs[k] for k in same], x, weights=[weights[k] for k in same], **how))
    return out


def progress(env):
    out = []
    for i, s0 in enumerate(env["start_state"]):
        before = s0
        for t in range(env["turn_off"][i], env["turn_off"][i + 1]):
            out.append(env["turn_state"][t] - before)
            before = env["turn_state"][t]
    return out


def mapo(env):
    where, r = items(env, "turn"), progress(env)
    rest = [sum(r[t : env["turn_off"][i + 1]]) for t, (i, _, _) in enumerate(where)]
    equal = within(env, rest, [w[1:] for w in where], ddof=0, eps=1e-8, alone=NAN)
    every = within(env, r, [w[1] for w in where], ddof=0, eps=1e-8)
    out = []
    for a, b in zip(equal, every, strict=True):
        out.append(b if math.isnan(a) else a if math.isnan(b) else 0.5 * a + 0.5 * b)
    return r, out


def capo(env):
    where, paid = items(env, "step"), []
    for (i, _, _), flags in zip(where, env["step_flags"], strict=True):
        wrong = 0.0 if 0.0 in flags else NAN if np.isnan(flags).any() else 1.0
        paid.append(2 * env["outcome"][i] - wrong)
    return paid, within(env, paid, [w[1] for w in where], weights=list(np.diff(env["step_tokens"])))


def empg(env):
    where = items(env, "turn")
    row = within(env, list(env["outcome"]), list(env["group"]))
    spans = zip(env["turn_tokens"], env["turn_tokens"][1:], strict=False)
    h = [sum(env["token_entropy"][a:b]) / (b - a) for a, b in spans]
    h = [(x - min(h)) / (max(h) - min(h) + 1e-8) if max(h) > min(h) else 0.0 for x in h]
    f = [math.exp(-x) for x in h]
    out = []
    for t, (i, _, _) in enumerate(where):
        last = t + 1 == env["turn_off"][i + 1]
        out.append(row[i] * f[t] * len(f) / sum(f) + (0.0 if last else 0.1 * f[t + 1]))
    return None, [x - sum(out) / len(out) for x in out]


def prorag(env):
    where = items(env, "step")
    paid = [
        (2 * f if f >= 0.2 else 0.0) + (1 if ok else -1) for f, ok in zip(env["answer_f1"], env["format"], strict=True)
    ]
    row = within(env, paid, list(env["group"]), eps=1e-4)
    steps = [s + (1 if ok else -2) for s, ok in zip(env["step_scores"], env["step_valid"], strict=True)]
    a = within(env, steps, [w[1] for w in where], weights=list(np.diff(env["step_tokens"])))
    return paid, [row[i] + 0.3 * a[t] for t, (i, _, _) in enumerate(where)]


def dense_grpo(env):
    r = progress(env)
    return r, within(env, r, [w[1:] for w in items(env, "turn")])


def oprl(env):
    spans = list(zip(env["turn_tokens"], env["turn_tokens"][1:], strict=False))
    r = [0.05 * sum(env["token_logp"][k] - env["token_logp_ref"][k] for k in range(a, b)) for a, b in spans]
    row = within(env, list(env["outcome"]), list(env["group"]))
    where = items(env, "turn")
    a = within(env, r, [w[1] for w in where])
    return r, [row[i] + a[t] for t, (i, _, _) in enumerate(where)]


def returns(env, r, gamma):
    out = list(r)
    for a, b in zip(env["turn_off"], env["turn_off"][1:], strict=False):
        for t in range(b - 2, a - 1, -1):
            out[t] += gamma * out[t + 1]
    return out


def robo_dopamine(env):
    paid = []
    for i, start in enumerate(env["start_state"]):
        p = hops = start
        for t in range(env["turn_off"][i], env["turn_off"][i + 1]):
            h, f, b = (env[f"turn_{k}"][t] for k in ("hop", "forward", "backward"))
            d = (1 - hops) * h if h >= 0 else hops * h
            hops += d
            m = (hops + f + b) / 3
            old, p = p, p + math.exp(-0.3 * (((b - f) / (m + 1e-6)) ** 2)) / 2 * (m - p + d)
            last = t + 1 == env["turn_off"][i + 1]
            goal = NAN if math.isnan(p) else float(p >= 0.95)
            paid.append(goal + (0.0 if last else 0.99 * p) - old)
    return paid, returns(env, paid, 0.99)


def dense_rewards(env):
    paid = []
    for i, old in enumerate(env["start_state"]):
        for t in range(env["turn_off"][i], env["turn_off"][i + 1]):
            last = t + 1 == env["turn_off"][i + 1]
            paid.append(env["outcome"][i] - old if last else env["turn_state"][t] - old)
            old = env["turn_state"][t]
    return paid, returns(env, paid, 1.0)


LOOPS = {f.__name__: f for f in (mapo, capo, empg, prorag, dense_grpo, oprl, robo_dopamine, dense_rewards)}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    env, recipe = ragged(seed), find_recipe(name)()
    paid, advantage = LOOPS[name](env)
    if recipe.reward is not None:
        np.testing.assert_allclose(recipe.reward(env), paid, rtol=0, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(env), advantage, rtol=0, atol=1e-9)
