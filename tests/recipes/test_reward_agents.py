"""Each composition against a plain loop over rows, on 50 random data sets: groups of unequal size, missing verdicts."""

import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import find_recipe
from rubricate.rewards import criterion_stats

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


def rlvmr(env):
    off, kind, act = env["step_off"], env["step_kind"], env["step_action"]
    paid, cell = [], []
    for i, (a, b) in enumerate(zip(off[:-1], off[1:], strict=True)):
        for t in range(a, b):
            new = not any(act[u] == act[t] and env["step_valid"][u] for u in range(a, t))
            changed = t > a and not env["step_valid"][t - 1] and act[t] != act[t - 1]
            paid.append([env["outcome"][i], float(new), float(changed), 0.0, -0.1][kind[t]])
            cell.append((env["group"][i], kind[t], i))
    row = grpo(env, env["outcome"])
    steps = [z([p for p, c in zip(paid, cell, strict=True) if c[:2] == d[:2]], paid[t]) for t, d in enumerate(cell)]
    return None, [row[d[2]] + 0.5 * steps[t] for t, d in enumerate(cell)]


def decs(env):
    off, value, shown = env["token_off"], {}, {}
    for i in range(len(off) - 1):
        y, seen, length = env["outcome"][i], False, env["length"][i]
        for s in range(env["step_off"][i], env["step_off"][i + 1]):
            late = seen and s < env["step_off"][i + 1] - 1
            seen = seen or env["step_scores"][s] >= 0.5
            for t in range(env["step_tokens"][s], env["step_tokens"][s + 1]):
                value[t] = y * (1.1 - 0.1 * late * length / 16000)
        shown[i] = [value[t] for t in range(off[i], off[i + 1])]
    out = []
    for i in range(len(off) - 1):
        for t in range(len(shown[i])):
            column = [shown[k][t] if t < len(shown[k]) else 1.1 * env["outcome"][k] for k in members(env, i)]
            m, n = sum(column) / len(column), len(column)
            std = math.sqrt(sum((x - m) ** 2 for x in column) / (n - 1)) if n > 1 else 0.0
            out.append(0.0 if max(column) == min(column) else (shown[i][t] - m) / (std + 1e-6))
    return [value[t] for t in range(off[-1])], out


def tarot(env):
    tier = (0.25, 0.25, 0.25, 0.0)  # at progress 0.5: basic, medium, high
    paid = []
    for ok, row in zip(env["format"], env["scores"], strict=True):
        paid.append(ok + sum(tier[k] * row[j] for j, k in enumerate(env["category"]) if tier[k]))
    return paid, grpo(env, paid)


def reasoning_sql(env):
    columns = zip(env["outcome"], env["process"], env["rewards"], env["format"], strict=True)
    paid = [3 * y + 2 * s + sum(r) + f for y, s, r, f in columns]
    return paid, grpo(env, paid)


def comam(env):
    paid = [[0.0] * 3 for _ in env["outcome"]]
    for i in range(len(paid)):
        inside, scores = members(env, i), []
        for a in range(3):
            order = sorted(inside, key=lambda k: -env["rewards"][k][a])
            gain = sum(env["outcome"][k] / math.log2(p + 2) for p, k in enumerate(order))
            best = sum(
                y / math.log2(p + 2) for p, y in enumerate(sorted((env["outcome"][k] for k in inside), reverse=True))
            )
            scores.append(gain / best if best else 0.0)
        for a in range(3):
            share = math.exp(scores[a]) / sum(math.exp(v) for v in scores)
            paid[i][a] = env["rewards"][i][a] + share * env["outcome"][i]
    columns = [grpo(env, [p[a] for p in paid]) for a in range(3)]
    return paid, np.transpose(columns)


def rlver(env):
    paid = [
        env["turn_mood"][b - 1] / 100 if ok else 0.0 for ok, b in zip(env["format"], env["turn_off"][1:], strict=True)
    ]
    return paid, grpo(env, paid)


def affectgpt_r1(env):
    paid = []
    for ok, named, gold in zip(env["format"], env["selected"], env["gold_ids"], strict=True):
        hits, n = sum(1 for x, g in zip(named, gold, strict=True) if x and g), sum(named)
        p, r = (hits / n if n else 0.0), hits / sum(gold)
        paid.append((2 * p * r / (p + r) if hits else 0.0) + ok - min(max((n - 8) / 8, 0.0), 1.0))
    return paid, grpo(env, paid)


LOOPS = {
    f.__name__: f
    for f in (
        *(pow3r, rlcr, wcr, trust_grpo, longtracerl, rlvmr, decs),
        *(tarot, reasoning_sql, comam, rlver, affectgpt_r1),
    )
}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    env, recipe = ragged(seed), find_recipe(name)()
    paid, advantage = LOOPS[name](env)
    if recipe.reward is not None:
        np.testing.assert_allclose(recipe.reward(env), paid, rtol=0, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(env), advantage, rtol=0, atol=1e-9)


def contrast(env, epochs):
    """Factors of POW3R after some epochs over the same verdicts: one prompt, one criterion at a time."""
    w, category, out = env["weights"], env["category"], []
    for g in sorted(set(env["group"].tolist())):
        rows = [i for i in range(len(env["group"])) if env["group"][i] == g]
        signal = {}
        for j in range(6):
            seen = [env["scores"][i][j] for i in rows if not math.isnan(env["scores"][i][j])]
            if seen and len(seen) >= 0.75 * len(rows):
                m = sum(seen) / len(seen)
                signal[j] = sum((x - m) ** 2 for x in seen) / len(seen) + 0.01
        factor = [1.0] * 6
        for j, s in signal.items():
            alike = [k for k in signal if category[k] == category[j]]
            average = sum(w[k] * signal[k] for k in alike) / sum(w[k] for k in alike)
            for _ in range(epochs):
                factor[j] = clamp(0.5 * factor[j] + 0.5 * clamp(1 + 0.7 * (s / average - 1)))
        out.append(factor)
    return out


def clamp(x):
    return min(max(x, 0.25), 4.0)


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", ["pow3r"])
def test_the_weights_are_the_loop(name, seed):
    env, maker = ragged(seed), find_recipe(name)().weights.build()
    state = maker.init(6, prompts=len(set(env["group"].tolist())))
    np.testing.assert_array_equal(maker.weights(state), np.ones_like(state))
    for epochs in (1, 2):
        state = maker.update(state, criterion_stats(env["scores"], env["group"]), env["weights"], env["category"])
        np.testing.assert_allclose(maker.weights(state), contrast(env, epochs), rtol=0, atol=1e-9)
