"""Recipes of several rewards, each against a plain loop on ragged, unsorted data with gaps."""

import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import reward_multi as recipes

NAN = float("nan")


def data(seed):
    """A drawn environment whose groups differ in size."""
    rng = np.random.default_rng(seed)
    prompts = int(rng.integers(1, 6))
    env = draw(rng, prompts=prompts, group_size=int(rng.integers(1, 6)), missing=0.1 * (seed % 2))
    env["group"] = rng.integers(0, prompts, size=len(env["group"])) * 7
    env["base_rewards"] = env["base_rewards"][: len(set(env["group"]))]
    env["rewards"][rng.random(env["rewards"].shape) < 0.1 * (seed % 2)] = np.nan
    return env


def z(x, keys, eps=1e-6, ddof=0):
    """Standardised inside each key over what is known; 0 in a group of one or of equal values."""
    out = []
    for value, k in zip(x, keys, strict=True):
        v = [y for y, other in zip(x, keys, strict=True) if other == k and not math.isnan(y)]
        if math.isnan(value) or len(v) < 2 or max(v) == min(v):
            out.append(NAN if math.isnan(value) else 0.0)
            continue
        mean = sum(v) / len(v)
        out.append((value - mean) / (math.sqrt(sum((y - mean) ** 2 for y in v) / (len(v) - ddof)) + eps))
    return out


def constrained_rlhf(env):
    n, k = env["rewards"].shape
    off, mu = env["token_off"], env["multipliers"]
    gaps = [
        sum(env["token_logp_ref"][t] - env["token_logp"][t] for t in range(off[i], off[i + 1]) if env["token_mask"][t])
        for i in range(n)
    ]
    batch = [0] * n
    columns = [z(list(env["rewards"][:, j]), batch, ddof=1) for j in range(k)]
    kl = z(gaps, batch, ddof=1)
    return [(k - sum(mu)) * kl[i] + sum(mu[j] * columns[j][i] for j in range(k)) for i in range(n)]


def log_sigmoid_centred(env):
    ids, out = sorted(set(env["group"])), []
    for row, g in zip(env["rewards"], env["group"], strict=True):
        base = env["base_rewards"][ids.index(g)]
        out.append(sum(-math.log1p(math.exp(np.quantile(base[j], 0.85) - row[j])) for j in range(len(row))))
    return out


def longwriter_zero(env):
    length = []
    for n, low, high in zip(env["length"], env["length_low"], env["length_high"], strict=True):
        length.append(n / low if n < low else 1.0 if n <= high else max((14000 - n) / (14000 - high), 0.0))
    form = [float(f) - r for f, r in zip(env["format"], env["repetition"], strict=True)]
    parts = [z(list(x), env["group"]) for x in (length, env["quality"], form)]
    return [sum(row) / 3 for row in zip(*parts, strict=True)]


def fine_grained_rlhf(env):
    size = len(env["token_logp"])
    r = [-0.3 * (env["token_logp"][t] - env["token_logp_ref"][t]) for t in range(size)]
    parts = (("clause_tokens", 0.6 * env["clause_scores"] - 0.3), ("step_tokens", env["step_scores"] - 0.5))
    for off, values in (*parts, ("token_off", 0.3 * (env["quality"] + 0.4468) / 8.3)):
        for start, end, v in zip(env[off][:-1], env[off][1:], values, strict=True):
            if end > start:
                r[end - 1] += v
    known = [x for x in r if not math.isnan(x)]
    unit = np.std(known, ddof=1) + 1e-6
    out, v = [NAN] * size, env["token_values"]
    for start, end in zip(env["token_off"][:-1], env["token_off"][1:], strict=True):
        after = 0.0
        for t in range(end - 1, start - 1, -1):
            after = r[t] / unit + (v[t + 1] if t + 1 < end else 0.0) - v[t] + 0.95 * after
            out[t] = after
    return out


def reseek(env):
    total = []
    for i, (start, end) in enumerate(zip(env["turn_off"][:-1], env["turn_off"][1:], strict=True)):
        pay = env["outcome"][i]
        for t in range(start, end):
            useful, accept = env["turn_scores"][t] >= 0.7, env["turn_accept"][t]
            pay += 0.3 if useful == accept else -0.6 if accept else -0.3
        total.append(pay)
    return z(total, env["group"])


def prompt_enhancer(env):
    rows = []
    for row, asked in zip(env["scores"], env["asked"], strict=True):
        means = []
        for c in set(env["category"]):
            inside = [s for s, a, k in zip(row, asked, env["category"], strict=True) if a and k == c]
            means += [sum(inside) / len(inside)] if inside else []
        rows.append(sum(means) / len(means))
    return z(rows, env["group"])


def page_llm(env):
    items = [env["step_scores"][a:b] for a, b in zip(env["step_off"][:-1], env["step_off"][1:], strict=True)]
    return z([0.5 * q + 0.5 * sum(x) / len(x) for q, x in zip(env["quality"], items, strict=True)], env["group"])


def toolrl(env):
    pay = [6 * p - 3 if c else 0.0 for p, c in zip(env["process"], env["checkable"], strict=True)]
    return z([float(f) + x for f, x in zip(env["format"], pay, strict=True)], env["group"])


def slide_rl(env):
    rows, w = [], (1.0, 2.0, 1.5, 1.5, 2.0, 2.0)
    for s, asked, called, ran in zip(env["scores"], env["asked"], env["called"], env["executed"], strict=True):
        mean = sum(a * b for a, b, c in zip(s, w, asked, strict=True) if c) / sum(
            b for b, c in zip(w, asked, strict=True) if c
        )
        rows.append(mean if called and ran else -1.0 if called else -2.0)
    return z(rows, env["group"])


def complex_retrieval(env):
    out = []
    for scores, grades in zip(env["doc_scores"], env["relevance"], strict=True):
        ranked = [g for _, g in sorted(zip(-scores, grades, strict=True))]
        dcg = [sum(g / math.log2(i + 2) for i, g in enumerate(x)) for x in (ranked, sorted(grades, reverse=True))]
        out.append(NAN if np.isnan(grades).any() else dcg[0] / dcg[1])
    return out


def igniting_creative_writing(env):
    return z([NAN if math.isnan(p) else float(p >= 0.5) for p in env["process"]], env["group"])


SYSTEMS = (constrained_rlhf, log_sigmoid_centred, longwriter_zero, fine_grained_rlhf)
SYSTEMS += (reseek, prompt_enhancer, page_llm, toolrl, slide_rl, complex_retrieval, igniting_creative_writing)
LOOPS = {f.__name__: f for f in SYSTEMS}


@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_equals_a_plain_loop(name):
    for seed in range(50):
        env = data(seed)
        np.testing.assert_allclose(
            getattr(recipes, name)().advantages(env), LOOPS[name](env), rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}"
        )


def dual(means):
    """Multipliers of constrained RLHF after each batch: momentum .1, rate .1, tanh; one reward at a time."""
    rows = []
    for target, values in zip((0.44, 0.238), np.transpose(means), strict=True):
        mu, speed, row = 0.0, 0.0, []
        for value in values:
            if not math.isnan(value):
                speed = 0.1 * speed + (1 - math.tanh(mu) ** 2) * (value - target)
                mu -= 0.1 * speed
            row.append(math.tanh(mu))
        rows.append(row)
    return np.transpose(rows)


@pytest.mark.parametrize("name", ["constrained_rlhf"])
def test_the_weights_equal_a_plain_loop(name):
    for seed in range(50):
        rng, maker = np.random.default_rng(seed), getattr(recipes, name)().weights.build()
        means = rng.uniform(-1, 1, (12, 2))
        means[rng.random((12, 2)) < 0.1] = NAN
        state, found = maker.init(2), []
        for row in means:
            state = maker.update(state, row)
            found.append(maker.weights(state))
        np.testing.assert_allclose(found, dual(means), rtol=0, atol=1e-9, err_msg=f"seed {seed}")
