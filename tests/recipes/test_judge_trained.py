"""Each composition equals a plain loop; judges run from pairs to scores."""

import asyncio
import math
from collections import defaultdict

import numpy as np
import pytest

from rubricate.judges import BradleyTerry
from rubricate.lab.environment import draw
from rubricate.llm.scripted import ScriptedClient
from rubricate.recipes.card import find_recipe
from rubricate.rubrics.model import Rubric
from rubricate.types import Message, Sample, State


def mates(e, i):
    return [j for j in range(len(e["group"])) if e["group"][j] == e["group"][i]]


def standardised(e, reward):
    """(reward - mean) / (std + 1e-6), sample deviation, over known rewards; no advantage without a spread or a reward."""
    out = []
    for i, r in enumerate(reward):
        known = [reward[j] for j in mates(e, i) if not math.isnan(reward[j])]
        flat = math.isnan(r) or len(known) < 2 or len(set(known)) == 1
        out.append(0.0 if flat else (r - np.mean(known)) / (np.std(known, ddof=1) + 1e-6))
    return out


def learning_to_summarize(e):
    out = []
    for i, r in enumerate(e["quality"]):
        rows = range(e["token_off"][i], e["token_off"][i + 1])
        out.append(r - 0.05 * sum(e["token_logp"][t] - e["token_logp_ref"][t] for t in rows))
    return out


def artifact_reward(e):
    return [q + g for q, g in zip(e["quality"], e["guard"], strict=True)]


def cooper(e):
    return standardised(e, e["quality"])


def image_as_reward(e):
    return standardised(e, e["quality"])


LOOPS = [learning_to_summarize, artifact_reward, cooper, image_as_reward]


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("loop", LOOPS)
def test_a_reward_equals_a_loop(loop, seed):
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 5)), group_size=int(rng.integers(1, 6)), missing=0.1 * (seed % 2))
    found = find_recipe(loop.__name__)().advantages(env)
    np.testing.assert_allclose(found, loop(env), atol=1e-9)


def pairs(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 40))
    nuisance, delta = rng.normal(0, 0.05, (n, 2)), rng.normal(1, 1, n)
    nuisance[rng.random((n, 2)) < 0.05] = math.nan
    features, negatives = rng.normal(size=(2, n, 3))
    negatives[rng.random((n, 3)) < 0.05] = math.nan
    certified = rng.choice([0.0, 1.0, math.nan], n)
    group = rng.integers(0, 6, n)
    return {
        "nuisance": nuisance, "delta": delta, "features": features, "negatives": negatives, "certified": certified,
        "group": group, "rng": np.random.default_rng(seed),
    }  # fmt: skip


def kept_by_doc_reward(e, found):
    for row, kept in zip(e["nuisance"], found, strict=True):
        assert kept == all(not math.isnan(g) and abs(g) <= 0.02 for g in row)


def kept_by_mm_rlhf(e, found):
    for gap, beta in zip(e["delta"], found, strict=True):
        assert abs(beta - 0.1 * (1 + 0.5 * (1 - math.exp(-0.5 * max(gap, 0))))) < 1e-9


def kept_by_cooper(e, found):
    """One usable pair of every prompt that has one, and nothing else."""
    usable = defaultdict(list)
    for i, g in enumerate(e["group"]):
        if e["certified"][i] == 1 and not np.isnan(e["negatives"][i]).any():
            usable[g].append((*e["features"][i], *e["negatives"][i]))
    rows = [(*a, *b) for a, b in zip(*found, strict=True)]
    assert len(rows) == len(usable)
    assert all(sum(row in own for row in rows) == 1 for own in usable.values())


KEPT = {"doc_reward": kept_by_doc_reward, "mm_rlhf": kept_by_mm_rlhf, "cooper": kept_by_cooper}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", KEPT)
def test_a_selection_equals_a_loop(name, seed):
    env = pairs(seed)
    KEPT[name](env, find_recipe(name)().select(env))


@pytest.mark.parametrize("name", ["base_reward", "oprm", "learning_to_summarize", "doc_reward"])
def test_from_pairs_to_scores(name):
    rng = np.random.default_rng(0)
    better, worse = rng.normal(0.7, 1, (200, 3)), rng.normal(-0.7, 1, (200, 3))
    model = find_recipe(name)().judge.build().fit(better, worse)
    assert (model.score(better) > model.score(worse)).mean() > 0.8
    assert np.isnan(model.score([[math.nan, 0.0, 0.0]]))[0]


def test_updates_references_and_guards_end_to_end():
    rng = np.random.default_rng(0)
    better, worse = rng.normal(0.7, 1, (50, 3)), rng.normal(-0.7, 1, (50, 3))
    for name in ("cooper", "image_as_reward"):
        model = find_recipe(name)().judge.build().update(better, worse)
        assert model.model == BradleyTerry().fit(better, worse)
    assert find_recipe("polar")().judge.build().fit(better, better, worse).score(better, better).shape == (50,)
    recipe = find_recipe("artifact_reward")()
    failure = recipe.audit({"reward": np.arange(10.0), "sound": np.r_[np.ones(9), 0.0]})
    assert failure.tolist() == [False] * 9 + [True]
    x = np.eye(10)
    assert recipe.judge.build().fit(x, failure).score(x).argmin() == 9
    probes = find_recipe("mrmbench")().audit({"features": better, "labels": better[:, :1] > 0.7, "rng": rng})
    assert probes.accuracy[0] > 0.8


def test_critique_then_score_end_to_end():
    """A scripted critic that finds what is in the response; the head learns that 'wrong' is bad."""
    judge = find_recipe("mm_rlhf")().judge.build()
    judge = judge.fit(["clear and right"] * 4, ["vague and wrong"] * 4)
    client = ScriptedClient(
        lambda request: "vague and wrong" if "BAD" in request.messages[-1].content else "clear and right"
    )
    samples = [Sample(str(k), (Message("user", "q"),), text) for k, text in enumerate(["fine", "BAD"])]
    rubric = Rubric(id="r", criteria=[{"id": "c", "text": "Is right.", "scale": "points -9-9"}])
    good, bad = asyncio.run(judge.rank(samples, rubric, client))
    assert good.state is State.SCORED
    assert good.value > bad.value
    assert bad.reason == "vague and wrong"
