"""Factors that follow the verdicts, kept by prompt: beside a plain loop, and by hand."""

import numpy as np
import pytest

import rubricate as rb
from rubricate.carried import CarriedFactors
from rubricate.errors import SettingError
from rubricate.recipe import Recipe
from rubricate.recipes.reward_agents import pow3r
from rubricate.rewarder import Rewarder
from rubricate.rewards import ContrastWeights
from rubricate.scoring import pack_samples
from rubricate.types import Judgement, State, Verdict

RUBRIC = rb.Rubric(
    id="r", criteria=[{"id": "a", "text": "A.", "weight": 2}, {"id": "b", "text": "B."}, {"id": "c", "text": "C."}]
)
SHORT = rb.Rubric(id="s", criteria=[{"id": "a", "text": "A."}, {"id": "b", "text": "B."}])


def scores(values, groups, rubrics=None):
    """Arrays of rows of verdicts; None is a missing one."""
    rubrics = rubrics or [RUBRIC] * len(values)
    samples = [rb.Sample(str(k), (), "", g, rubrics[k].id) for k, g in enumerate(groups)]
    judged = [
        Judgement(s.id, r.digest, tuple(
            Verdict(c.id, State.FAILED if v is None else State.SCORED, v) for c, v in zip(r.leaves, row, strict=True)
        ))
        for s, r, row in zip(samples, rubrics, values, strict=True)
    ]  # fmt: skip
    return pack_samples(samples, {r.id: r for r in rubrics}, judged)


def test_by_hand():
    # variances .25, 0, 0; signals .26, .01, .01; mean weighted 2, 1, 1 = .135; targets 1 + s / .135 - 1, in [.25, 4]
    carried = CarriedFactors(ContrastWeights(strength=1.0, memory=0.0))
    batch = scores([[1, 1, 0], [0, 1, 0]], ["p", "p"])
    assert carried.learn(batch, ["Q", "Q"]).tolist() == [[1, 1, 1]]
    assert carried.learn(batch, ["Q", "Q"])[0] == pytest.approx([0.26 / 0.135, 0.25, 0.25])


def test_prompts_come_back_in_other_batches_beside_a_plain_loop():
    rng = np.random.default_rng(0)
    maker = ContrastWeights()
    carried, plain = CarriedFactors(maker), {}
    for _ in range(30):
        prompts = rng.permutation(["x", "y", "z", "w"])[: rng.integers(1, 4)]
        rows, groups, texts, rubrics = [], [], [], []
        for p in prompts:
            rubric = SHORT if p == "w" else RUBRIC
            for _ in range(4):
                draws = rng.random(len(rubric.leaves))
                rows.append([None if v < 0.1 else float(v < 0.6) for v in draws])
                groups.append(p)
                texts.append(f"prompt {p}")
                rubrics.append(rubric)
        found = carried.learn(scores(rows, groups, rubrics), texts)
        for k, p in enumerate(prompts):
            rubric, own = (SHORT if p == "w" else RUBRIC), plain.get(p, np.ones(3))
            size = len(rubric.leaves)
            assert found[k, :size] == pytest.approx(own[:size], abs=1e-12)
            table = np.array(
                [[np.nan if v is None else v for v in r] for r, g in zip(rows, groups, strict=True) if g == p]
            )
            n = (~np.isnan(table)).sum(0)
            var = [np.nanvar(c) if m else np.nan for c, m in zip(table.T, n, strict=True)]
            good = [m >= 0.75 * 4 for m in n]
            weight = np.array([abs(c.weight) for c in rubric.leaves])
            signal = np.array([v + maker.eps if g else 0.0 for v, g in zip(var, good, strict=True)])
            mass = weight * good
            new = own.copy()
            for j in range(size):
                if good[j]:
                    target = 1 + maker.strength * (signal[j] / ((mass * signal).sum() / mass.sum()) - 1)
                    new[j] = np.clip(0.5 * own[j] + 0.5 * np.clip(target, 0.25, 4.0), 0.25, 4.0)
            plain[p] = new
    assert len(carried) == len(plain)
    assert carried.of(RUBRIC.digest, "prompt x") == pytest.approx(plain["x"])
    assert carried.of(RUBRIC.digest, "never") is None


def test_a_group_under_two_rubrics_is_refused():
    with pytest.raises(SettingError, match="row 1 has another rubric"):
        CarriedFactors(ContrastWeights()).learn(scores([[1, 1, 0], [0, 1]], ["p", "p"], [RUBRIC, SHORT]), ["Q", "Q"])


def test_the_rewarder_carries_the_weights_of_a_recipe_from_batch_to_batch():
    rubric = rb.Rubric(
        id="r", criteria=[{"id": "warm", "text": "Warm the pot."}, {"id": "cup", "text": "Names a cup."}]
    )
    samples = [rb.Sample(str(k), (rb.Message("user", "Tea?"),), t, "g") for k, t in enumerate(["Warm the pot.", "No."])]
    rewarder = Rewarder((rubric,), recipe=pow3r())
    first = [s.reward for s in rewarder.score_sync(samples)]
    second = [s.reward for s in rewarder.score_sync(samples)]
    assert first == pytest.approx([0.5, 0.0])
    # the criterion that tells the two apart weighs more: .5 + .5 (1 + .7 (.26 / .135 - 1)) = 1.324 beside .676
    assert second == pytest.approx([(0.5 + 0.5 * (1 + 0.7 * (0.26 / 0.135 - 1))) / 2, 0.0])
    plain = Rewarder((rubric,), recipe=Recipe(reward=pow3r().reward.replace(weights=1.0)))
    assert [s.reward for s in plain.score_sync(samples)] == [s.reward for s in plain.score_sync(samples)]
