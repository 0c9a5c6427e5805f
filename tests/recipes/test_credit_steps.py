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
    env["token_mask"] = rng.random(len(env["token_mask"])) < 0.8
    env["turn_scores"][rng.random(len(env["turn_scores"])) < 0.1 * (seed % 2)] = NAN
    return env


def rows(env, unit):
    off = env[f"{unit}_off"]
    return [range(off[i], off[i + 1]) for i in range(len(off) - 1)]


def same(env, i):
    return [float(o) for o, g in zip(env["outcome"], env["group"], strict=True) if g == env["group"][i]]


def ppr(env):
    paid, token = [], [0.0] * len(env["token_mask"])
    for i, part in enumerate(rows(env, "turn")):
        for t in part:
            last = t == part[-1]
            paid.append(env["outcome"][i] + (0.0 if last else env["turn_scores"][t] - 1))
            own = [k for k in range(env["turn_tokens"][t], env["turn_tokens"][t + 1]) if env["token_mask"][k]]
            if own:
                token[own[-1]] = paid[-1]
    out = [0.0] * len(token)
    for part in rows(env, "token"):
        total = 0.0
        for k in reversed(part):
            if env["token_mask"][k]:
                total += token[k]
                out[k] = total - env["token_values"][k]
    return paid, out


def t_reg(env):
    pairs = zip(env["token_logp_better"], env["token_logp_worse"], strict=True)
    paid = [1 / (1 + math.exp(b - a)) - 0.5 for a, b in pairs]
    return paid, paid


def lare(env):
    table, sums, goal = env["turn_verdicts"], [], []
    for i, part in enumerate(rows(env, "turn")):
        row = [sum(table[t][c] for t in part) for c in range(table.shape[1])] + [len(part)]
        if not any(math.isnan(x) for x in row):
            sums.append(row)
            goal.append(env["outcome"][i])
    if not sums:
        paid = [NAN] * len(table)
    else:
        size = len(sums[0])
        design = np.vstack([sums, np.eye(size)])
        w = np.linalg.lstsq(design, np.concatenate([goal, np.zeros(size)]), rcond=None)[0]
        paid = [sum(x * y for x, y in zip(row, w, strict=False)) + w[-1] for row in table]
    out = list(paid)
    for part in rows(env, "turn"):
        for t in reversed(part[:-1]):
            out[t] += out[t + 1]
    return paid, out


def tp_grpo(env):
    out = []
    for i, part in enumerate(rows(env, "step")):
        group = same(env, i)
        mean = sum(group) / len(group)
        std = math.sqrt(sum((x - mean) ** 2 for x in group) / len(group))
        z = (env["outcome"][i] - mean) / (std + 1e-6) if std else 0.0
        for k in part:
            wrong = 1 - env["step_scores"][k]
            out.append(z - mean * wrong if env["outcome"][i] else z * wrong)
    return None, out


def pav(env):
    paid, out = [], []
    for i, part in enumerate(rows(env, "step")):
        group = same(env, i)
        before = 1 - (1 - env["start_value"][i]) ** 4
        for k in part:
            now = 1 - (1 - env["step_values"][k]) ** 4
            paid.append(now - before)
            out.append((env["outcome"][i] - sum(group) / len(group)) + 3 * paid[-1])
            before = now
    return paid, out


LOOPS = {f.__name__: f for f in (ppr, t_reg, lare, tp_grpo, pav)}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    env, recipe = ragged(seed), find_recipe(name)()
    paid, advantage = LOOPS[name](env)
    if recipe.reward is not None:
        np.testing.assert_allclose(recipe.reward(env), paid, rtol=0, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(env), advantage, rtol=0, atol=1e-9)
