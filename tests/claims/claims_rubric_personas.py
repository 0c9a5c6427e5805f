"""Checks of persona and dimension systems, in the worlds of their cards."""

import numpy as np

from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import softmax
from rubricate.recipes import find_recipe
from rubricate.refine import average_chains


def _bandit(reward, arms, seed, steps=300, rate=0.5, group=8):
    """Chances of the arms after a group-normalised policy gradient; ``reward`` takes the arms drawn."""
    rng, theta = np.random.default_rng(seed), np.zeros(arms)
    for _ in range(steps):
        p = softmax(theta)
        drawn = rng.choice(arms, group, p=p)
        r = reward(drawn) + rng.normal(0, 0.1, group)
        advantage = (r - r.mean()) / (r.std() + 1e-6)
        theta = theta + rate * (advantage[:, None] * (np.eye(arms)[drawn] - p)).mean(0)
    return softmax(theta)


@claim("kardia_r1")
def claim_kardia_r1():
    form, emotion, rubric = np.ones(3), np.array([0, 1, 1.0]), np.array([0.3, 0.3, 0.8])
    recipe = find_recipe("9")().reward

    def whole(drawn):
        env = {"format": form[drawn], "outcome": emotion[drawn], "scores": np.repeat(rubric[drawn][:, None], 5, 1)}
        return recipe(env)

    alone = np.mean([_bandit(lambda d: form[d], 3, s) for s in range(5)], 0)
    ours = np.mean([_bandit(whole, 3, s) for s in range(5)], 0)
    holds = ours[2] > 0.9 and alone[2] < 0.7
    return Outcome(round(float(alone[2]), 2), round(float(ours[2]), 2), bool(holds), "chance of a good, right reply")


@claim("mr_rml")
def claim_mr_rml():
    figures = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        axes = np.linalg.qr(rng.normal(size=(32, 3)))[0].T
        true = axes.T @ np.array([0.5, 0.3, 0.2])
        gap = rng.normal(size=(100, 32)) - rng.normal(size=(100, 32))
        label = np.sign(gap @ true) * np.where(rng.random(100) < 0.2, -1, 1)
        test = rng.normal(size=(4000, 32))
        other = np.linalg.qr(rng.normal(size=(32, 3)))[0].T
        fit = find_recipe("13")().audit.build
        plain = find_recipe("13")(outside=0.0).audit.build(gap=gap, label=label, anchors=axes)
        fitted = (plain, fit(gap=gap, label=label, anchors=axes), fit(gap=gap, label=label, anchors=other))
        figures.append([np.mean(np.sign(test @ w) == np.sign(test @ true)) for w in fitted])
    plain, ours, random = np.mean(figures, 0)
    holds = ours > plain + 0.04 and ours > random + 0.03
    return Outcome(round(float(plain), 3), round(float(ours), 3), bool(holds), f"random axes {random:.3f}")


@claim("edualign")
def claim_edualign():
    rng = np.random.default_rng(0)
    arms = np.array([[0.9, 0.2, 0.2], [0.6, 0.7, 0.6], [0.2, 0.3, 0.9], [0.4, 0.4, 0.4]])  # three qualities each
    features = np.repeat(np.eye(4), 200, 0)
    labels = np.repeat(arms, 200, 0) + rng.normal(0, 0.3, (800, 3))
    recipe = find_recipe("31")()
    heads = recipe.judge.build().fit(features, labels)
    scored = heads.score(np.eye(4))
    total = recipe.reward({"scores": scored})
    ours = np.mean([_bandit(lambda d: total[d], 4, s) @ arms for s in range(5)], 0)
    one = np.mean([_bandit(lambda d: scored[d, 0], 4, s) @ arms for s in range(5)], 0)
    start = arms.mean(0)
    holds = bool((ours > start + 0.02).all() and (one < start - 0.1).any())
    return Outcome(
        round(float(one.min()), 2), round(float(ours.min()), 2), holds, "lowest of three qualities after training"
    )


def _users(seed, spread=0.4, users=300, chains=8):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(5, 8)) * 1.2
    true = centres[rng.integers(0, 5, users)] + spread * rng.normal(size=(users, 8))
    misread = rng.normal(size=(users, 8))  # not removed by asking again
    sampled = true[:, None] + misread[:, None] + 1.1 * rng.normal(size=(users, chains, 8))
    pairs = rng.normal(size=(users, 40, 8))
    right = np.einsum("und,ud->un", pairs, true) > 0
    return sampled, lambda w: float(np.mean((np.einsum("und,ud->un", pairs, w) > 0) == right)), rng


@claim("p_genrm")
def claim_p_genrm():
    figures, spread_out = [], []
    for seed in range(5):
        sampled, accuracy, rng = _users(seed)
        own = average_chains(sampled)
        mixed = find_recipe("116")(neighbours=0).refine.build().fit(own, rng)
        alone = find_recipe("116")(neighbours=0, own=0.0).refine.build().fit(own, rng)
        figures.append(
            [accuracy(sampled[:, 0]), accuracy(own), accuracy(alone.weights(own)), accuracy(mixed.weights(own))]
        )
        sampled, accuracy, rng = _users(seed, spread=2.5)
        own = average_chains(sampled)
        alone = find_recipe("116")(neighbours=0, own=0.0).refine.build().fit(own, rng)
        spread_out.append([accuracy(own), accuracy(alone.weights(own))])
    single, eight, prototype, half = np.mean(figures, 0)
    own_far, prototype_far = np.mean(spread_out, 0)
    holds = single + 0.03 < eight < half - 0.01 and prototype_far < own_far - 0.03
    note = f"mean of eight {eight:.3f}, prototype alone {prototype:.3f}; users far apart: {own_far:.3f}, {prototype_far:.3f}"
    return Outcome(round(float(single), 3), round(float(half), 3), bool(holds), note)
