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


def z(xs, at):
    """z-score of one entry among all; 0 for equal values and for a lone one."""
    if len(xs) < 2 or max(xs) == min(xs):
        return 0.0
    m = sum(xs) / len(xs)
    return (at - m) / (math.sqrt(sum((x - m) ** 2 for x in xs) / (len(xs) - 1)) + 1e-6)


def grouped(env, xs):
    return [
        z([xs[k] for k in range(len(xs)) if env["group"][k] == g], x) for x, g in zip(xs, env["group"], strict=True)
    ]


def spans(off):
    return [range(a, b) for a, b in zip(off, off[1:], strict=False)]


def entropy_exchange(env):
    rows = spans(env["token_off"])
    perplexity = [-sum(env["token_logp"][t] for t in row) / len(row) for row in rows]
    out = []
    for a, w, row in zip(grouped(env, env["outcome"]), grouped(env, perplexity), rows, strict=True):
        shaped = a * (1 - 0.01 * w)
        for t in row:
            out.append(shaped + np.sign(shaped) * 0.1 * (t - row[0]) / max(len(row) - 1, 1))
    return None, out


def rlfr(env):
    everything, out = list(env["token_deviation"]), []
    m = sum(everything) / len(everything)
    std = math.sqrt(sum((x - m) ** 2 for x in everything) / (len(everything) - 1)) + 1e-6
    for a, row in zip(grouped(env, env["outcome"]), spans(env["token_off"]), strict=True):
        for t in row:
            d = (everything[t] - m) / std
            out.append(a - (0.01 * d if abs(d) >= 1 else 0.0))
    return None, out


def implicit_prm(env):
    tokens, paid = spans(env["step_tokens"]), []
    for row in spans(env["step_off"]):
        steps = [
            0.05 * sum(env["token_logp"][t] - env["token_logp_ref"][t] for t in tokens[s]) if tokens[s] else NAN
            for s in row
        ]
        paid.append(NAN if any(map(math.isnan, steps)) else min(steps))
    return paid, paid


def hrm(env):
    paid = []
    for row in spans(env["step_off"]):
        best = [
            NAN if math.isnan(env["pair_scores"][s]) else max(env["step_scores"][s], env["pair_scores"][s]) for s in row
        ]
        paid.append(NAN if any(map(math.isnan, best)) else min(best))
    return paid, paid


LOOPS = {f.__name__: f for f in (entropy_exchange, rlfr, implicit_prm, hrm)}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    env, recipe = ragged(seed), find_recipe(name)()
    paid, advantage = LOOPS[name](env)
    if recipe.reward is not None:
        np.testing.assert_allclose(recipe.reward(env), paid, rtol=0, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(env), advantage, rtol=0, atol=1e-9)
