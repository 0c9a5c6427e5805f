"""Checks of the systems on which the form of recipes was tried: one easy and one awkward from lists 1, 2 and 5."""

import numpy as np

from rubricate.audit import QuantileMap, RidgeScale, quadratic_weighted_kappa
from rubricate.judges.learned import BradleyTerry
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import sigmoid
from rubricate.recipes import find_recipe
from rubricate.rewards import as_scores, integrate
from rubricate.rubrics import Rubric


@claim("automated_medical_rubrics")
def claim_automated_medical_rubrics():
    test = find_recipe("208")().audit
    large, small = (
        test.build(hits_a=600, n_a=1000, hits_b=550, n_b=1000),
        test.build(hits_a=60, n_a=100, hits_b=55, n_b=100),
    )
    return Outcome(round(small, 2), round(large, 2), abs(large - 2.26) < 0.01 and abs(small - 0.71) < 0.01)


def _root(verdicts, critical, strategy="parallel"):
    leaves = [{"id": f"c{k}", "text": "t", "critical": c} for k, c in enumerate(critical)]
    rubric = Rubric(id="r", criteria=[{"id": "root", "text": "root", "children": leaves, "strategy": strategy}])
    scores = as_scores([verdicts], 1.0)
    reward = find_recipe("178")().reward
    env = {
        "scores": scores.values,
        "asked": scores.asked,
        "weights": np.ones(len(verdicts)),
        "structure": rubric.structure(),
    }
    return float(reward(env)[0])


@claim("mind2web2")
def claim_mind2web2():
    found = [
        _root([1, 1, 0, 1], [True, False, False, False]),
        _root([0, 1, 1, 1], [True, False, False, False]),
        _root([1, 0, 1], [False] * 3, "sequential"),
        _root([1, 1], [True, True]),
    ]
    expected = [2 / 3, 0.0, 1 / 3, 1.0]
    return Outcome("0.667 0 0.333 1", " ".join(f"{x:.3f}" for x in found), bool(np.allclose(found, expected)))


@claim("retro_star")
def claim_retro_star():
    rng = np.random.default_rng(0)
    truth = np.array([[45.0], [55.0]])  # true gap 10 points, noise 14, rounded to 5
    samples = truth[:, :, None] + rng.normal(0, 14, (2, 4000, 16))
    samples = np.clip(np.round(samples / 5) * 5, 0, 100)

    def accuracy(k, how):
        low, high = (integrate(samples[side, :, :k], how) for side in (0, 1))
        return float(np.mean((high > low) + 0.5 * (high == low)))

    one, mean, vote = accuracy(1, "mean"), accuracy(16, "mean"), accuracy(16, "vote")
    reward = find_recipe("36")().reward(
        {"rewards": samples[:, 0, :], "outcome": np.array([0.0, 1.0]), "group": np.zeros(2)}
    )
    holds = (
        mean > one + 0.05 and mean > vote + 0.03 and abs(float(reward.mean()) - 0.25 * _inter(samples[:, 0, :])) < 1e-9
    )
    return Outcome(round(one, 3), round(mean, 3), bool(holds), f"vote of 16: {vote:.3f}")


def _inter(samples):
    return float(np.mean([(samples[1][:, None] > samples[0][None, :]).mean()] * 2))


@claim("dmoerm")
def claim_dmoerm():
    figures = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        directions = rng.normal(size=(4, 12))

        def draw(n, rng=rng, directions=directions):
            task = rng.integers(0, 4, n)
            gap = rng.normal(size=(n, 12))
            return task, gap * np.sign((gap * directions[task]).sum(1))[:, None]

        task, gap = draw(1000)
        noisy = np.where(rng.random(1000)[:, None] < 0.3, -gap, gap)
        test_task, test_gap = draw(4000)
        prompts, test_prompts = (np.eye(4)[t] + rng.normal(0, 0.45, (len(t), 4)) for t in (task, test_task))
        model = find_recipe("103")().judge.build().fit(noisy, np.zeros_like(noisy), task, prompts)
        single = BradleyTerry().fit(noisy, np.zeros_like(noisy))
        right = model.router.route(test_prompts) == test_task
        figures.append(
            [(single.score(test_gap) > 0).mean(), (model.score(test_gap, test_prompts) > 0).mean(),
             (model.score_as(test_gap, test_task) > 0).mean(), right.mean()]
        )  # fmt: skip
    single, routed, oracle, router = np.mean(figures, axis=0)
    holds = oracle > single + 0.1 and routed > single + 0.08
    return Outcome(round(single, 3), round(routed, 3), bool(holds), f"oracle {oracle:.3f}, router right {router:.2f}")


def _scaffolded(scaffold, seed, rate, plain=True, steps=200, n=8, criteria=10):
    """Unscaffolded satisfaction after training a Bernoulli policy: logit -14 plain, +15 when shown."""
    rng = np.random.default_rng(seed)
    theta = np.full(criteria, -14.0)
    for t in range(steps):
        shown = np.zeros((n, criteria)) if scaffold is None else scaffold.shown(n, criteria, t / (steps - 1), rng)
        p = sigmoid(theta + 15.0 * shown)
        action = (rng.random((n, criteria)) < p).astype(float)
        env = {
            "scores": action,
            "asked": np.ones_like(action, bool),
            "weights": np.ones(criteria),
            "group": np.zeros(n),
        }
        advantage = find_recipe("29")().advantages(env)
        base = sigmoid(theta) if plain else p
        theta = theta + rate * (advantage[:, None] * (action - base)).mean(0)
    return float(sigmoid(theta).mean())


@claim("ruscarl")
def claim_ruscarl():
    recipe = find_recipe("29")().guide
    linear = recipe.replace(decay="power").build()
    full = recipe.replace(spread="all").build()
    seeds, rate = range(2), 8.0
    none, spread, shown, sharp, all_ = (
        np.mean([_scaffolded(s, k, rate, plain) for k in seeds])
        for s, plain in ((None, True), (linear, True), (linear, False), (recipe.build(), True), (full, True))
    )
    holds = none < 0.01 and spread > 0.95 and shown < 0.01 and sharp > 0.95 and all_ < 0.5
    note = (
        f"trained on the shown prompt {shown:.2f}, paper's sharp decay {sharp:.2f}, all rollouts scaffolded {all_:.2f}"
    )
    return Outcome(round(float(none), 3), round(float(spread), 3), bool(holds), note)


@claim("rulers")
def claim_rulers():
    figures = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=400)
        human = np.clip(np.round(2.2 + 1.2 * z + rng.normal(size=400) * 0.5), 0, 5)
        traits = np.column_stack(
            [np.clip(np.round(3.9 + 0.45 * z + rng.normal(size=400) * 0.5), 0, 5) for _ in range(4)]
        )
        train, test = slice(0, 150), slice(150, 400)
        ridge, mapping = (s.build() for s in find_recipe("197")().audit.steps)
        ridge = ridge.fit(traits[train], human[train])
        predicted = ridge.predict(traits)
        mapping = mapping.fit(predicted[train], human[train])
        noise = rng.normal(size=400)
        random_map = QuantileMap().fit(noise[train], human[train])

        def kappa(x, human=human, test=test):
            return quadratic_weighted_kappa(np.clip(np.round(x[test]), 0, 5), human[test], low=0, high=5)

        figures.append(
            [kappa(traits.mean(1)), kappa(predicted), kappa(mapping.apply(predicted)), kappa(random_map.apply(noise))]
        )
    raw, only, both, random = np.mean(figures, axis=0)
    holds = raw < 0.3 and both > 0.6 and both > only - 0.02 and abs(random) < 0.1
    assert isinstance(ridge, RidgeScale)
    return Outcome(
        round(float(raw), 3), round(float(both), 3), bool(holds), f"ridge {only:.3f}, random score {random:.3f}"
    )
