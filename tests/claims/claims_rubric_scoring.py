"""Checks of systems whose scoring is the system."""

import asyncio

import numpy as np

from rubricate.judges import PointwiseJudge
from rubricate.lab.claims import Outcome, claim
from rubricate.llm.scripted import ScriptedClient
from rubricate.recipes import find_recipe
from rubricate.rewards import Points, weighted_mean, without_sentinels
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State


@claim("rubicon")
def claim_rubicon():
    arms = np.array([[0.55] * 3, [1, 1, 0.05], [0.9, 0.85, 0.1], [0.75, 0.7, 0.65], [0.2] * 3])
    env = {"scores": arms, "gate_mask": np.array([False, False, True]), "weights": np.ones(3)}
    plain = weighted_mean(arms)
    reward = find_recipe("2")().reward(env)
    open_ = find_recipe("2")(threshold=0.0, start=9.0).reward(env)  # saturation alone
    gap, saturated = plain[3] - plain[1], open_[3] - open_[1]
    holds = abs(gap - 0.017) < 0.001 and abs(saturated - 0.163) < 0.002
    holds &= bool((reward[1:3] == 0).all() and reward.argmax() == 3)
    return Outcome(round(float(gap), 3), round(float(saturated), 3), bool(holds), "veto sends both padded arms to 0")


@claim("arcane")
def claim_arcane():
    rng = np.random.default_rng(0)
    tasks, n = 500, 8
    scores = rng.random((tasks * n, 3))
    recipe = find_recipe("12")()

    def delivered(weights):
        utility = recipe.reward({"scores": scores, "weights": np.array(weights), "group": np.arange(tasks * n)})
        best = utility.reshape(tasks, n).argmax(1) + n * np.arange(tasks)
        return scores[best].mean(0)

    first, third = delivered([1.0, 0.0, 0.0]), delivered([0.2, 0.2, 0.6])
    utility = recipe.reward({"scores": scores, "weights": np.full(3, 1 / 3), "group": np.arange(tasks * n)})
    by_n = [utility.reshape(tasks, n)[:, :k].max(1).mean() for k in (1, 2, 4, 8)]
    expected = [0.504, 0.594, 0.667, 0.733]
    holds = abs(first[0] - 0.9) < 0.02 and abs(third[2] - 0.84) < 0.02 and first[2] < 0.55
    holds &= bool(np.allclose(by_n, expected, atol=0.02))
    shown = " ".join(f"{x:.2f}" for x in by_n)
    return Outcome(round(float(first[2]), 2), round(float(third[2]), 2), bool(holds), f"best of 1, 2, 4, 8: {shown}")


@claim("sedareval")
def claim_sedareval():
    leaves = [{"id": f"s{k}", "text": "t", "weight": 1.0} for k in range(3)]
    wrong = {"id": "e", "text": "any error", "weight": -1.0, "void_parent": True}
    point = {"id": "p", "text": "point", "children": [*leaves, wrong], "max_points": 3}
    rubric = Rubric(id="r", criteria=[point], policy={"name": "sedareval", "max_total": 5})
    reward = find_recipe("184")().reward

    def total(*v):
        weights = np.array([1.0, 1.0, 1.0, -1.0])
        return float(reward({"scores": np.array([v], float), "weights": weights, "structure": rubric.structure()})[0])

    full, part, void = total(1, 1, 1, 0), total(1, 1, 0, 0), total(1, 1, 1, 1)
    marks = without_sentinels([4.0, -200.0, 2.0, -100.0])
    mean = float(np.nanmean(marks.values))
    holds = (full, part, void) == (3.0, 2.0, 0.0) and mean == 3.0 and int((~marks.valid).sum()) == 2
    assert Points.takes == ("empty", "overlong")
    naive = float(np.mean([4.0, -200.0, 2.0, -100.0]))
    return Outcome(naive, mean, bool(holds), "mean of two scores and two sentinels, averaged and told apart")


@claim("research_rubrics")
def claim_research_rubrics():
    weights = np.array([4.0, 3.0, -2.0])
    whole, binary = find_recipe("213")().reward, find_recipe("213")(partial=0.0).reward

    def of(reward, *rows):
        return reward({"scores": np.array(rows, float), "weights": weights, "asked": np.ones((len(rows), 3), bool)})

    mixed, worst = of(whole, (1, 0.5, 1), (0, 0, 1))
    answers = [(0.5, 0.5, 0), (0, 1, 0), (1, 0, 0.5), (0.5, 1, 0.5), (1, 0.5, 0), (0, 0.5, 0)]
    ranks = [np.argsort(-of(r, *answers), kind="stable").tolist() for r in (whole, binary)]
    holds = abs(mixed - 0.5) < 1e-12 and abs(worst + 2 / 7) < 1e-12 and ranks[0] != ranks[1]
    return Outcome(str(ranks[1]), str(ranks[0]), bool(holds), "order of six answers, binary and ternary")


@claim("researcher_bench")
def claim_researcher_bench():
    rubric = Rubric(id="r", criteria=[{"id": "p", "text": "Names the cause."}])
    sample = Sample("s", (Message("user", "q"),), "a")
    says = ScriptedClient(lambda r: '{"verdicts": [{"id": "p", "verdict": "No, although yes-like wording"}]}')
    judge = find_recipe("216")().judge.build(reasks=0)
    assert isinstance(judge, PointwiseJudge)
    (verdict,) = asyncio.run(judge.verdicts(sample, rubric, rubric.leaves, says))
    faithful, grounded = find_recipe("216")().audit.build(supported=[2], cited=[3], claims=[5])
    measures = abs(faithful[0] - 2 / 3) < 1e-12 and abs(grounded[0] - 0.6) < 1e-12
    holds = verdict.state is State.UNREADABLE and verdict.value is None and measures
    return Outcome("1 (contains yes)", f"{verdict.state}", bool(holds), "a reply that says no and contains yes")
