"""Recipes of judges that compare: array stages against plain loops, judges from end to end with a scripted client."""

import asyncio
import json
import math
from collections import Counter

import numpy as np
import pytest

from rubricate.judges import compare_pairs, pair_values
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.recipes import find_recipe
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

NAN = math.nan
RUBRIC = Rubric(id="r", criteria=[{"id": "good", "text": "Is good."}])


def draw(seed):
    rng = np.random.default_rng(seed)
    n, d, hole = int(rng.integers(1, 9)), int(rng.integers(2, 7)), 0.15 * (seed % 2)
    scores = rng.integers(0, 4, (n, d)).astype(float)
    grades = rng.integers(0, 3, (n, d)).astype(float)
    scores[rng.random((n, d)) < hole] = NAN
    grades[rng.random((n, d)) < hole] = NAN
    env = {"doc_scores": scores, "relevance": grades, "format": rng.random(n) < 0.7, "process": rng.random(n)}
    env |= {"outcome": rng.integers(0, 2, n).astype(float), "gap": rng.integers(-2, 3, (n, 3)).astype(float)}
    env["gap"][rng.random((n, 3)) < hole] = NAN
    env["nuisance"] = rng.integers(-2, 3, (n * 6, 2)).astype(float)
    env["nuisance"][rng.random((n * 6, 2)) < hole / 2] = NAN
    m = n * 8
    item = rng.integers(0, n, m)
    env |= {"item": item, "side": item % 2, "right": np.where(rng.random(m) < hole, NAN, rng.integers(0, 2, m))}
    return env | {"rng": np.random.default_rng(seed + 1)}


# ------------------------------------------------------------------------------------------------------- rewards


def mm_r5(env):
    out = []
    for scores, grades, ok in zip(env["doc_scores"], env["relevance"], env["format"], strict=True):
        if not ok:
            out.append(0.0)
            continue
        lost = any(math.isnan(g) for g in grades)
        known = [k for k in range(len(scores)) if not math.isnan(scores[k])]
        order = sorted(known, key=lambda k: (-scores[k], k))
        gain = sum(grades[k] / math.log2(place + 2) for place, k in enumerate(order[:10]))
        best = sum(g / math.log2(place + 2) for place, g in enumerate(sorted(grades, reverse=True)[:10]))
        out.append(NAN if lost or best == 0 else gain / best + 1.0)
    return out


def reward_anything(env):
    out = []
    for scores, grades, form in zip(env["doc_scores"], env["relevance"], env["process"], strict=True):
        cost = mass = 0.0
        for i in range(len(scores)):
            for j in range(i):
                gap = grades[i] - grades[j]
                if math.isnan(gap) or gap == 0:
                    continue
                w = 1 + abs(gap)
                mass += w
                said = scores[i] - scores[j]
                cost += w if math.isnan(said) or said * gap < 0 else w / 2 if said == 0 else 0.0
        out.append(NAN if mass == 0 else 0.8 * (1 - cost / mass) + 0.2 * form)
    return out


def webarbiter(env):
    return [2 * y - 1 for y in env["outcome"]]


@pytest.mark.parametrize("loop", [mm_r5, reward_anything, webarbiter], ids=lambda f: f.__name__)
@pytest.mark.parametrize("seed", range(50))
def test_rewards_equal_a_plain_loop(loop, seed):
    env = draw(seed)
    np.testing.assert_allclose(find_recipe(loop.__name__)().reward(env), loop(env), atol=1e-9)


# ----------------------------------------------------------------------------------------------------- selections


@pytest.mark.parametrize("name", ["rag_rewardbench"])
@pytest.mark.parametrize("seed", range(50))
def test_consensus_labels_equal_a_plain_loop(name, seed):
    env, expected = draw(seed), []
    for row in env["gap"]:
        one_side = all(x > 0 for x in row) or all(x < 0 for x in row)
        expected.append(math.copysign(1, row[0]) if one_side and abs(sum(row)) / len(row) >= 1 else NAN)
    np.testing.assert_array_equal(find_recipe(name)().select(env), expected)


@pytest.mark.parametrize("name", ["litbench"])
@pytest.mark.parametrize("seed", range(50))
def test_matched_pairs_keep_as_many_of_a_cell_as_of_its_mirror(name, seed):
    env = draw(seed)
    if np.isnan(env["nuisance"]).any(1).all():
        return
    kept = find_recipe(name)().select(env)
    assert kept.dtype == bool
    cells = Counter()
    for row, keep in zip(env["nuisance"], kept, strict=True):
        if keep:
            assert not np.isnan(row).any()
            cells[tuple(np.sign(row))] += 1
    assert all(n == cells[tuple(-np.array(c))] for c, n in cells.items())


@pytest.mark.parametrize("name", ["rise_judge"])
@pytest.mark.parametrize("seed", range(50))
def test_judgement_pairs_equal_a_plain_count(name, seed):
    env = draw(seed)
    pairs = find_recipe(name)().select(env)
    both = {side: set() for side in (0, 1)}
    for item in set(env["item"].tolist()):
        seen = {y for y, i in zip(env["right"], env["item"], strict=True) if i == item}
        if {0.0, 1.0} <= seen:
            both[item % 2].add(item)
    size = min(len(both[0]), len(both[1]))
    used = Counter()
    for right, wrong in pairs.tolist():
        assert (env["right"][right], env["right"][wrong]) == (1.0, 0.0)
        assert env["item"][right] == env["item"][wrong]
        assert env["item"][right] in both[int(env["side"][right])]
        used[int(env["side"][right])] += 1
    assert len(pairs) == 2 * size
    assert used[0] == used[1] == size
    assert len(set(env["item"][pairs[:, 0]].tolist())) == len(pairs)


# ---------------------------------------------------------------------------------------- judges, end to end


def better_text(request):
    """The lower text is better, said in the form that the prompt asks for."""
    system = request.messages[0].content
    found = {k: v for k, v in read_prompt(request).blocks if k.startswith("response ")}
    if '"scores"' in system:
        scores = {k.removeprefix("response "): 5 - int(v[-1]) for k, v in found.items()}
        return json.dumps({"scores": scores, "ranking": sorted(scores, key=lambda k: -scores[k])})
    letter = "A" if found["response A"] < found["response B"] else "B"
    if '"verdicts"' not in system:
        return f"Because. [[{letter}]]"
    verdicts = [{"id": "whole", "reason": "lower", "verdict": letter}]
    return json.dumps({"principles": ["Lower is better."], "evidence": ["text 1"], "verdicts": verdicts})


GROUP = [Sample(f"s{k}", (Message("user", "t"),), f"text {k}") for k in range(1, 5)]


@pytest.mark.parametrize("name", ["rag_rewardbench", "litbench", "m_rewardbench", "rise_judge", "webarbiter"])
def test_pair_judges_run_from_end_to_end(name):
    judge = find_recipe(name)().judge.build()
    pairs = [[0, 1], [2, 1], [0, 3]] if name != "webarbiter" else [[0, 1], [2, 0], [0, 3]]
    found = asyncio.run(compare_pairs(judge, pairs, GROUP, RUBRIC, ScriptedClient(better_text)))
    assert pair_values(found)[:, 0].tolist() == [1.0, -1.0, 1.0]
    lost = asyncio.run(compare_pairs(judge, pairs[:1], GROUP, RUBRIC, ScriptedClient(lambda request: "no")))
    assert lost[0][0].state is State.UNREADABLE
    assert np.isnan(pair_values(lost)).all()


@pytest.mark.parametrize("name", ["mm_r5", "reward_anything"])
def test_listwise_judges_run_from_end_to_end(name):
    judge = find_recipe(name)().judge.build()
    found = asyncio.run(judge.rank(GROUP, RUBRIC, ScriptedClient(better_text)))
    assert [v.value for v in found] == [4.0, 3.0, 2.0, 1.0]


def test_the_audits_of_the_recipes():
    found = find_recipe("reward_bench_2")().audit.build(domains={"math": [[2.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]]})
    assert found.overall == 0.75
    assert find_recipe("webarbiter")().audit.build(margin=[1.0, 1.0, 1.0, -1.0], item=[0, 0, 1, 1]).accuracy == 0.5
    assert find_recipe("litbench")().audit.build(margin=[1.0, -1.0]).overall == 0.5
    assert find_recipe("m_rewardbench")().audit.build(choice=[[1, 1], [-1, 1]], label=[1, 1]).accuracy.tolist() == [
        0.5,
        1,
    ]
