"""Checks of rubricate.recipes.credit_search; figures and thresholds are those of the cards unless a line says ours."""

import numpy as np

from rubricate.credit import pool, z_score
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.learn import Settings, learn
from rubricate.lab.worlds import Bandit
from rubricate.recipe import Recipe
from rubricate.recipes import credit_search as recipes
from rubricate.reduce import sizes
from rubricate.rewards import combine
from rubricate.steps import ref, step

SEEDS = range(5)


def searches(outcome, good, bad):
    """Rows with so many good and bad searches; no document comes back twice."""
    count = np.asarray(good) + np.asarray(bad)
    useful = np.concatenate([[1.0] * g + [0.0] * b for g, b in zip(good, bad, strict=True)] or [[]])
    return {
        "outcome": np.asarray(outcome, float), "format": np.ones(len(count)), "group": np.zeros(len(count), int),
        "turn_off": np.concatenate([[0], np.cumsum(count)]), "turn_useful": useful,
        "turn_docs": np.zeros((len(useful), 4)),
    }  # fmt: skip


@claim("smartsearch")
def claim_smartsearch():
    """All counts of good and bad searches up to 12; then a bandit with an arm that piles up good-looking queries."""
    bonus = step(
        combine,
        (
            ref("outcome"),
            step(pool, recipes.GOOD_SEARCH, ref("turn_off"), "sum"),
            step(sizes, ref("turn_off")),
        ),
        (1.0, 0.4, -0.2),  # outcome + .2 (good - bad)
    )
    additive = Recipe(reward=bonus, credit=step(z_score, ref("reward"), ref("group")))
    grid = np.array([(o, g, b) for o in (0, 1) for g in range(13) for b in range(13)])
    env = searches(*grid.T)
    right, banded = grid[:, 0] == 1, recipes.smartsearch().reward(env)
    apart = banded[right].min() - banded[~right].max()
    farmed = additive.reward(searches([0, 1], [6, 0], [0, 0]))
    as_said = np.allclose(farmed, (1.2, 1.0))

    arms = {"good": np.array([1, 6, 0, 0]), "bad": np.array([1, 0, 1, 2])}  # right; spam; right by luck; wrong
    world = Bandit(right=(1, 0, 0.5, 0), value=(1.0, 0.0, 0.5, 0.0), start=(0.25, 0.25, 0.25, 0.25))

    def change(batch):
        more = searches((batch["rng"].random(len(batch["action"])) < batch["outcome"]).astype(float),
                        arms["good"][batch["action"]], arms["bad"][batch["action"]])  # fmt: skip
        return {**batch, **more, "group": batch["group"]}

    best = {}
    for name, recipe in (("additive", additive), ("banded", recipes.smartsearch())):
        best[name] = max(
            np.mean([
                learn(world, recipe, Settings(steps=100, rate=rate), seed=s, change=change).final for s in SEEDS
            ])
            for rate in (0.1, 0.3, 1.0)
        )  # fmt: skip
    holds = apart > 0 and as_said and best["banded"] > 0.9 and best["additive"] < 0.1
    return Outcome(
        round(float(best["additive"]), 3), round(float(best["banded"]), 3), bool(holds),
        f"accuracy at the best of three rates; worst right answer over best wrong one {apart:+.2f} (additive: six good "
        f"queries and a wrong answer earn {farmed[0]:.1f}, a clean right one {farmed[1]:.1f})",
    )  # fmt: skip


@claim("adaqr")
def claim_adaqr():
    """The card's two rewrites; passages that all say the same; the direct sum; answers too long for plain products."""
    share = np.array([[0.6, 0.3, 0.1], [0.5, 0.3, 0.2]])
    answer = np.array([[0.2, 0.7, 0.1], [0.3, 0.3, 0.3]])
    env = {"doc_scores": np.log(share), "doc_answer_logp": np.log(answer), "group": np.zeros(2, int)}
    marginal, top = recipes.adaqr().reward(env), recipes.adaqr(passages=1).reward(env)
    holds = np.allclose(marginal, (0.34, 0.30)) and np.allclose(top, (0.2, 0.3))
    pairs = [r.select(env).tolist() for r in (recipes.adaqr(), recipes.adaqr(passages=1))]
    holds &= pairs == [[[0, 1]], [[1, 0]]]
    error = same = 0.0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        env = {"doc_scores": rng.normal(0, 5, (500, 5)), "doc_answer_logp": -rng.exponential(3, (500, 5))}
        weight = np.exp(env["doc_scores"])
        direct = (weight * np.exp(env["doc_answer_logp"])).sum(1) / weight.sum(1)
        error = max(error, np.abs(recipes.adaqr().reward(env) - direct).max())
        flat = recipes.adaqr().reward({**env, "doc_answer_logp": np.full((500, 5), -1.5)})
        same = max(same, np.ptp(flat))
    large = recipes.adaqr().reward({"doc_scores": np.array([[2000.0, 1999.0]]), "doc_answer_logp": np.zeros((1, 2))})
    holds &= error < 1e-12 and same < 1e-12 and np.isclose(large[0], 1.0)
    return Outcome(
        round(float(top[0] - top[1]), 3), round(float(marginal[0] - marginal[1]), 3), bool(holds),
        "first rewrite over second, by the first passage and marginal; alike passages leave no difference, "
        "scores of 2000 do not overflow",
    )  # fmt: skip


@claim("glore")
def claim_glore():
    """A good prefix succeeds at .3, one after an error at .03: labels and their balanced accuracy by continuations."""
    rows, card = 40000, {1: (0.30, 0.03, 0.64), 4: (0.76, 0.11, 0.82), 8: (0.94, 0.22, 0.86), 16: (1.0, 0.39, 0.81)}
    found, holds = {}, True
    for k, figures in card.items():
        rng = np.random.default_rng(k)
        good, bad = (
            recipes.glore().reward({"step_tries": (rng.random((rows, k)) < p).astype(float)}).mean()
            for p in (0.3, 0.03)
        )
        found[k] = (good + 1 - bad) / 2
        holds &= bool(np.abs(np.subtract((good, bad, found[k]), figures)).max() < 0.015)
    best = max(found, key=found.__getitem__)

    def chains(k, seed):
        """Chains of six steps with an error before some step: accuracy of all labels, and of those that are kept."""
        rng, n, steps = np.random.default_rng(seed), 2000, 6
        fine = np.arange(steps) < rng.integers(0, steps + 1, n)[:, None]
        env = {
            "step_tries": (rng.random((n * steps, k)) < np.where(fine, 0.3, 0.03).reshape(-1, 1)).astype(float),
            "step_off": np.arange(0, n * steps + 1, steps),
        }
        label, kept, truth = recipes.glore().reward(env) > 0, recipes.glore().select(env) > 0, fine.ravel()
        return [np.mean([(label == truth)[m & (truth == t)].mean() for t in (0, 1)]) for m in (kept | True, kept)]

    every, kept = np.mean([chains(8, seed) for seed in SEEDS], axis=0)
    return Outcome(
        round(float(found[1]), 3), round(float(found[8]), 3), bool(holds and best == 8),
        f"balanced accuracy of the labels at 1 and 8 continuations, {found[4]:.2f} at 4 and {found[16]:.2f} at 16; in "
        f"chains of six, {every:.3f} of all labels and {kept:.3f} of those that no later one contradicts",
    )  # fmt: skip
