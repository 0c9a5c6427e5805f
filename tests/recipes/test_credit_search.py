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


def rows(env, unit):
    off = env[f"{unit}_off"]
    return [range(a, b) for a, b in zip(off, off[1:], strict=False)]


def z(env, paid):
    out = []
    for x, g in zip(paid, env["group"], strict=True):
        same = [y for y, h in zip(paid, env["group"], strict=True) if h == g and not math.isnan(y)]
        m = sum(same) / max(len(same), 1)
        std = math.sqrt(sum((y - m) ** 2 for y in same) / max(len(same) - 1, 1))
        flat = len(same) < 2 or max(same) == min(same)
        out.append(NAN if math.isnan(x) else 0.0 if flat else (x - m) / (std + 1e-6))
    return out


def extremes(env, score):
    pairs = []
    for g in sorted(set(env["group"])):
        known = [i for i, h in enumerate(env["group"]) if h == g and not math.isnan(score[i])]
        if known:
            best, worst = max(known, key=lambda i: score[i]), min(known, key=lambda i: score[i])
            pairs += [[best, worst]] if score[best] > score[worst] else []
    return pairs


def smartsearch(env):
    paid, order = [], []
    for i, turns in enumerate(rows(env, "turn")):
        good = []
        for t in turns:
            shared = [(env["turn_docs"][t] & env["turn_docs"][s]).sum() for s in turns if s < t]
            good.append(env["turn_useful"][t] if max(shared, default=0) <= 1 else 0.0)
        n, right = sum(good), env["outcome"][i] == 1
        bad = len(good) - n
        r = max(1 - 0.2 * bad, 0.6) if right else min(0.2 * n, 0.4)
        paid.append(NAN if math.isnan(n) else r + 0.1 * env["format"][i])
        order.append(1 - 1e-3 * bad if right else 1e-3 * n)
    return paid, z(env, paid), extremes(env, order)


def adaqr(env):
    paid = []
    for scores, logp in zip(env["doc_scores"], env["doc_answer_logp"], strict=True):
        top = sorted((d for d in range(8) if not math.isnan(scores[d])), key=lambda d: -scores[d])[:5]
        mass = [math.exp(scores[d]) for d in top]
        paid.append(sum(m * math.exp(logp[d]) for m, d in zip(mass, top, strict=True)) / sum(mass) if top else NAN)
    return paid, paid, extremes(env, paid)


def glore(env):
    label = [1.0 if 1 in t else NAN if np.isnan(t).any() else 0.0 for t in env["step_tries"]]
    kept, first = [], []
    for steps in rows(env, "step"):
        for t in steps:
            later = [label[u] for u in steps if u >= t]
            kept.append(NAN if np.isnan(later).any() else float(max(later) == label[t]))
        bad = [t for t in steps if env["step_scores"][t] < 0.5]
        first.append(bad[0] - steps[0] if bad else len(steps))
    np.testing.assert_allclose(find_recipe("glore")().guide(env), first)
    return label, label, kept


def rearter(env):
    paid, ahead = [], []
    for steps in rows(env, "step"):
        s = []
        for t in steps:
            x, y = env["step_scores"][t], env["step_refined"][t]
            s.append(x if x >= 0.5 else NAN if math.isnan(y) else max(x, y))
        x = [env["step_scores"][t] for t in steps]
        for values, out in ((s, paid), (x, ahead)):
            out += [(a + b) / 2 for a, b in zip(values, [*values[1:], values[-1]], strict=True)]
    best = {}
    for i, steps in enumerate(rows(env, "step")):
        for t in steps:
            best.setdefault((env["group"][i], t - steps[0]), []).append(t)
    pairs = [[max(v, key=ahead.__getitem__), min(v, key=ahead.__getitem__)] for _, v in sorted(best.items())]
    gain = env["step_refined"] - env["step_scores"]
    worth = [NAN if math.isnan(g) else 1.0 if g > 0 else -1.0 for g in gain]
    np.testing.assert_allclose(find_recipe("rearter")().audit(env), worth)
    return paid, paid, [p for p in pairs if ahead[p[0]] - ahead[p[1]] > 0.1]


def oni(env):
    paid, returns = [0.0] * len(env["step_message"]), [0.0] * len(env["step_message"])
    for i, steps in enumerate(rows(env, "step")):
        met = {}
        for t in steps:
            met[env["step_message"][t]] = met.get(env["step_message"][t], 0) + 1
            paid[t] = 0.1 * (env["step_scores"][t] >= 0.5) / met[env["step_message"][t]]
        paid[steps[-1]] += env["outcome"][i]
        for t in reversed(steps):
            returns[t] = paid[t] + (0.99 * returns[t + 1] if t < steps[-1] else 0.0)
    return paid, returns, None


LOOPS = {f.__name__: f for f in (smartsearch, adaqr, glore, rearter, oni)}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    env, recipe = ragged(seed), find_recipe(name)()
    paid, advantage, chosen = LOOPS[name](env)
    np.testing.assert_allclose(recipe.reward(env), paid, rtol=0, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(env), advantage, rtol=0, atol=1e-9)
    if recipe.select is not None:
        found = np.asarray(recipe.select(env))
        np.testing.assert_array_equal(found, np.asarray(chosen, dtype=float).reshape(-1, *found.shape[1:]))
