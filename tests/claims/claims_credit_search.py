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
                learn(world, recipe, Settings(steps=150, rate=rate), seed=s, change=change).final for s in SEEDS
            ])
            for rate in (0.1, 0.3, 1.0)
        )  # fmt: skip
    holds = apart > 0 and as_said and best["banded"] > 0.9 and best["additive"] < 0.1
    return Outcome(
        round(float(best["additive"]), 3), round(float(best["banded"]), 3), bool(holds),
        f"accuracy at the best of three rates; worst right answer over best wrong one {apart:+.2f} (additive: six good "
        f"queries and a wrong answer earn {farmed[0]:.1f}, a clean right one {farmed[1]:.1f})",
    )  # fmt: skip
