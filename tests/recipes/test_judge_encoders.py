"""Recipes of similarity, each against a plain loop on ragged, unsorted data with gaps; judges end to end."""

import asyncio
import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import find_recipe
from rubricate.recipes import judge_encoders as recipes
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

ANY = Rubric(id="any", criteria=[{"id": "c", "text": "Any."}])


def data(seed):
    rng = np.random.default_rng(seed)
    prompts = int(rng.integers(1, 6))
    env = draw(rng, prompts=prompts, group_size=int(rng.integers(1, 6)), missing=0.1 * (seed % 2))
    env["group"] = rng.integers(0, prompts, size=len(env["group"])) * 7
    return env


def z(x, keys, eps=1e-6):
    out = []
    for value, k in zip(x, keys, strict=True):
        v = [y for y, other in zip(x, keys, strict=True) if other == k and not math.isnan(y)]
        if math.isnan(value) or len(v) < 2 or max(v) == min(v):
            out.append(0.0)
            continue
        mean = sum(v) / len(v)
        out.append((value - mean) / (math.sqrt(sum((y - mean) ** 2 for y in v) / (len(v) - 1)) + eps))
    return out


def explanation_similarity(env):
    parts = zip(env["similarity"], env["outcome"], env["format"], strict=True)
    return z([s + o + 0.1 * bool(f) for s, o, f in parts], env["group"])


def relevance_product(env):
    out = []
    for i, open_ in enumerate(env["open_ended"]):
        distinct = 1 - env["repetition"][i]
        relevance = env["query_similarity"][i] * env["words"][i] / 100 if open_ else env["similarity"][i]
        out.append(relevance * distinct)
    return z(out, env["group"])


def bleuberi(env):
    return z(list(env["bleu"]), env["group"])


SYSTEMS = (explanation_similarity, relevance_product, bleuberi)
LOOPS = {f.__name__: f for f in SYSTEMS}


@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_equals_a_plain_loop(name):
    for seed in range(50):
        env = data(seed)
        np.testing.assert_allclose(
            getattr(recipes, name)().advantages(env), LOOPS[name](env), rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}"
        )


def test_the_judges_of_the_recipes_score_responses():
    task = (Message("user", "Why is the sky blue?"),)
    texts = ("Air scatters blue light more than red light.", "Stocks fell.")
    group = [Sample(t, task, t, "g", "any", reference="Blue light is scattered more by air.") for t in texts]
    for name in ("97", "109"):
        near, far = asyncio.run(find_recipe(name)().judge.build().rank(group, ANY, None))
        assert near.value > far.value


def test_bleu_of_the_recipe_scores_a_response():
    pytest.importorskip("sacrebleu")
    part = find_recipe("110")()
    one = Sample(
        "a", (Message("user", "Why?"),), "Air scatters blue light more.", reference="Air scatters blue light more."
    )
    assert part.judge.build(sample=one).value == pytest.approx(1.0)
    np.testing.assert_allclose(find_recipe("110")(weight=2.0).reward({"bleu": np.array([0.5, np.nan])}), [1.0, np.nan])
