"""Compositions of the baseline set and of credit inside a group, against plain loops on 50 random data sets."""

import numpy as np
import pytest

from rubricate.recipes import find_recipe

RNG = np.random.default_rng(7)


def dataset():
    n = int(RNG.integers(4, 30))
    env = {
        "group": RNG.integers(0, 4, n) * 3 - 2,
        "outcome": (RNG.random(n) < 0.5).astype(float),
        "process": RNG.random(n),
        "rewards": RNG.normal(size=(n, 3)),
        "rating": RNG.integers(0, 5, n).astype(float),
        "length": RNG.integers(1, 9, n),
    }
    size = RNG.integers(1, 5, n)
    env["token_off"] = np.concatenate([[0], np.cumsum(size)])
    return env


def z(x, group):
    out = np.zeros(len(x))
    for i in range(len(x)):
        own = x[group == group[i]]
        if len(own) > 1 and np.ptp(own) > 0:
            out[i] = (x[i] - own.mean()) / (own.std(ddof=1) + 1e-6)
    return out


def centred(x, group):
    return np.array([x[i] - x[group == group[i]].mean() for i in range(len(x))])


def left_out(x, group):
    out = np.zeros(len(x))
    for i in range(len(x)):
        others = [x[j] for j in range(len(x)) if group[j] == group[i] and j != i]
        out[i] = x[i] - np.mean(others) if others else 0.0
    return out


def by_length(e):
    r, g, size = e["outcome"], e["group"], e["length"]
    return np.array(
        [
            r[i] - np.average(r[g == g[i]], weights=size[g == g[i]]) if (g == g[i]).sum() > 1 else 0.0
            for i in range(len(r))
        ]
    )


def places(rating, group):
    out = np.zeros(len(rating))
    for i in range(len(rating)):
        own = [rating[j] for j in range(len(rating)) if group[j] == group[i]]
        below = sum(v < rating[i] for v in own) + 0.5 * (sum(v == rating[i] for v in own) - 1)
        out[i] = below / (len(own) - 1) if len(own) > 1 else 0.0
    return out


LOOPS = {
    "reinforce": lambda e: e["outcome"] - e["outcome"].mean(),
    "grpo": lambda e: z(e["outcome"], e["group"]),
    "dr_grpo": lambda e: centred(e["outcome"], e["group"]),
    "rloo": lambda e: left_out(e["outcome"], e["group"]),
    "t1": lambda e: left_out(e["outcome"], e["group"]),
    "gspo": lambda e: z(e["outcome"], e["group"]),
    "opo": by_length,
    "prof": lambda e: z(e["outcome"], e["group"]),
    "cleaner": lambda e: z(e["outcome"], e["group"]),
    "rstar2_agent": lambda e: z(e["outcome"], e["group"]),
    "w_reinforce": lambda e: np.where(e["outcome"] == 1, 0.1, -1.0),
    "noisy_rewards": lambda e: z(np.where(e["outcome"] == 1, 1.0, 0.5 * e["process"]), e["group"]),
    "writing_zero": lambda e: e["rating"],
    "arena_rl": lambda e: z(places(e["rating"], e["group"]), e["group"]),
}


@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_equals_a_plain_loop(name):
    for _ in range(50):
        env = dataset()
        np.testing.assert_allclose(find_recipe(name)().advantages(env), LOOPS[name](env), atol=1e-9)


def test_sums_of_standardised_scorers_are_clipped():
    for _ in range(50):
        env = dataset()
        found = find_recipe("g2rpo")(bound=1.5).advantages(env)
        plain = find_recipe("g2rpo")(bound=1e9).advantages(env)
        parts = sum(z(env["rewards"][:, k], env["group"]) for k in range(3))
        np.testing.assert_allclose(found, np.clip(plain, -1.5, 1.5), atol=1e-12)
        scale = plain[np.abs(parts).argmax()] / parts[np.abs(parts).argmax()]
        np.testing.assert_allclose(plain, scale * parts, atol=1e-4)


def test_rewards_whitened_over_the_batch():
    for _ in range(50):
        env = dataset()
        tokens = np.repeat(env["outcome"], np.diff(env["token_off"]))
        found = find_recipe("reinforce_plus_plus")().advantages(env)
        expected = (tokens - tokens.mean()) / np.sqrt(tokens.var(ddof=1) + 1e-8) if np.ptp(tokens) else 0 * tokens
        other = (tokens - tokens.mean()) / np.sqrt(tokens.var() + 1e-8) if np.ptp(tokens) else 0 * tokens
        assert np.allclose(found, expected, atol=1e-9) or np.allclose(found, other, atol=1e-9)
