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


LOOPS = {f.__name__: f for f in (constrained_rlhf, log_sigmoid_centred, longwriter_zero)}


@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_equals_a_plain_loop(name):
    for seed in range(50):
        env = data(seed)
        np.testing.assert_allclose(
            getattr(recipes, name)().advantages(env), LOOPS[name](env), rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}"
        )
