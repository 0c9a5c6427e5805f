"""Each reward equals a plain loop on random data."""

import math

import numpy as np
import pytest

from rubricate.recipes.card import find_recipe

NAN = math.nan


def drawn(seed):
    rng = np.random.default_rng(seed)
    n, c = int(rng.integers(1, 9)), int(rng.integers(1, 6))
    scores = rng.random((n, c))
    scores[rng.random((n, c)) < 0.1] = NAN
    return {
        "scores": scores, "format": rng.integers(0, 2, n).astype(float), "outcome": rng.integers(0, 2, n).astype(float),
        "quality": rng.normal(size=n), "weights": rng.integers(1, 5, c).astype(float),
    }  # fmt: skip


def mean_of(row, weights):
    return sum(w * s for w, s in zip(weights, row, strict=True)) / sum(weights)


def kardia_r1(e):
    return [f + o + mean_of(r, e["weights"]) for f, o, r in zip(e["format"], e["outcome"], e["scores"], strict=True)]


def edualign(e):
    return [mean_of(r, e["weights"]) for r in e["scores"]]


def p_genrm(e):
    return [mean_of(r, e["weights"]) for r in e["scores"]]


def empathy_r1(e):
    return [f + q for f, q in zip(e["format"], e["quality"], strict=True)]


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("loop", [kardia_r1, edualign, p_genrm, empathy_r1])
def test_a_reward_equals_a_loop(loop, seed):
    env = drawn(seed)
    np.testing.assert_allclose(find_recipe(loop.__name__)().reward(env), loop(env), atol=1e-9)
