"""Checks of shaped rewards: gates, schedules, orders and fronts in bandits and on tables of samples."""

import numpy as np

from rubricate.lab import Bandit, Outcome, Retrieval, Settings, claim, learn
from rubricate.lab.worlds import sigmoid, softmax
from rubricate.recipe import Recipe
from rubricate.recipes.reward_shaping import crf, longrlvr, parrot, posterior_grpo
from rubricate.rewards import bilinear, combine, group_norm, pareto_capacity, weighted_sum
from rubricate.steps import ref, step

SEEDS = range(5)
GRPO = step(group_norm, ref("reward"))
CENTRE = step(group_norm, ref("reward"), scale=None)
OUTCOME = step(combine, terms=(ref("outcome"),))


def lottery(chance, **per_arm):
    """A change of a bandit's batch: each arm is right with its own chance; other arrays hold one value per arm."""

    def change(env):
        arm = env["action"]
        drawn = (env["rng"].random(len(arm)) < np.asarray(chance)[arm]).astype(float)
        return env | {"outcome": drawn} | {name: np.asarray(value)[arm] for name, value in per_arm.items()}

    return change


def arms(start, recipe, settings, change, seeds=SEEDS):
    """[seed, arm] probabilities after training a bandit from ``start``."""
    k = len(start)
    world = Bandit(((0.0,),) * k, (0,) * k, (0,) * k, start)
    return np.array([softmax(learn(world, recipe, settings, seed=s, change=change).theta) for s in seeds])


@claim("posterior_grpo")
def claim_posterior_grpo():
    """Arms: well reasoned, badly reasoned (each right at .15), never right but loved by the reasoning judge."""
    change, start = lottery((0.15, 0.15, 0.0), process=(0.6, 0.2, 1.0)), (0.2, 0.4, 0.4)
    run, ours = Settings(steps=800, prompts=1, group_size=16, rate=1.0), posterior_grpo()
    plain, added, posterior = (
        arms(start, Recipe(reward=reward, credit=CENTRE), run, change, range(seeds))
        for reward, seeds in ((OUTCOME, 5), (step(bilinear, a=1.0, c=1.0), 3), (ours.reward, 5))
    )
    divided = arms(start, ours, run, change, range(3))[:, 0]
    right = {"group": np.zeros(3), "outcome": np.ones(3), "process": np.arange(3) / 2, "format": np.ones(3)}
    holds = (
        plain[:, 0].mean() < 0.2 and plain[:, 2].max() < 0.05 and added[:, 2].min() > 0.99
        and posterior[:, 0].min() > 0.89 and divided.mean() > 0.89 and ours.advantages(right).any()
        and not GRPO(right | {"reward": OUTCOME(right)}).any()
    )  # fmt: skip
    return Outcome(
        float(plain[:, 0].mean()), float(posterior[:, 0].mean()), bool(holds),
        f"P(well reasoned), outcome alone and posterior, centred; additive {added[:, 0].mean():.2f} (wrong arm "
        f"{added[:, 2].mean():.2f}); posterior divided by the std {divided.min():.2f} to {divided.max():.2f}",
    )  # fmt: skip


@claim("longrlvr")
def claim_longrlvr():
    """Six gold chunks of thirty; an answer is right only with all six among at most twelve. Chance to keep a chunk."""

    def change(env):
        found, cited = env["selected"][:, :6].sum(1), env["selected"].sum(1)
        return env | {"outcome": ((found == 6) & (cited <= 12)).astype(float)}

    def chunks(recipe, rate):
        run = Settings(steps=300, prompts=1, rate=rate)
        p = np.array([sigmoid(learn(world, recipe, run, seed=s, change=change).theta) for s in SEEDS])
        return p[:, :6].mean(1), p[:, 6:].mean(1)

    world, rates = Retrieval(docs=30, gold=6, guess=0.0, start=-1.0), (0.3, 1.0, 3.0)
    plain, ours = (
        max((chunks(r, rate) for rate in rates), key=lambda p: p[0].mean())
        for r in (Recipe(reward=OUTCOME, credit=GRPO), longrlvr())
    )
    holds = (plain[0] < 0.4).sum() >= 3 and ours[0].min() > 0.99 and ours[1].max() < 0.02
    return Outcome(
        float(plain[0].mean()), float(ours[0].mean()), bool(holds),
        f"chance to keep a gold chunk (start .27), by the answer alone ({(plain[0] < 0.4).sum()} of 5 seeds stuck) and "
        f"by the recipe, which keeps a wrong one at {ours[1].mean():.2f}",
    )  # fmt: skip


@claim("parrot")
def claim_parrot():
    """Tables of 16 samples: who is selected under other scales of the rewards, and how many of K rewards."""
    rng, scale = np.random.default_rng(0), np.array([1.0, 100.0, 0.01])
    rewards = rng.normal(size=(500, 16, 3))
    chosen, rescaled = _front(rewards), _front(rewards * scale + 5.0)
    same = float((chosen == rescaled).all(1).mean())
    total = step(weighted_sum, ref("rewards"), (1.0, 1.0, 1.0), asked=None)
    first, second = (
        total({"rewards": r.reshape(-1, 3)}).reshape(500, 16).argmax(1) for r in (rewards, rewards * scale)
    )
    kept = {k: _front(rng.normal(size=(200, 16, k))).mean() for k in (1, 2, 3, 4, 6)}
    holds = (
        same == 1.0 and abs((first == second).mean() - 0.27) < 0.05
        and all(abs(kept[k] - share) < 0.03 for k, share in {1: 0.06, 2: 0.21, 3: 0.40, 4: 0.59, 6: 0.84}.items())
        and all(abs(pareto_capacity(k, 16).value - share) < 0.03 for k, share in kept.items())
    )  # fmt: skip
    return Outcome(
        float((first == second).mean()), same, bool(holds),
        "share of tables whose choice survives other scales, best weighted sum and front; share kept of 16 by rewards: "
        + ", ".join(f"{k}: {v:.2f}" for k, v in kept.items()),
    )  # fmt: skip


def _front(rewards):
    """[B, N] rows that the recipe gives an advantage, for tables [B, N, K]; all rewards are shifted above 0."""
    tables, n, k = rewards.shape
    flat = rewards.reshape(-1, k)
    target = np.tile(np.eye(k)[0], (len(flat), 1))
    env = {"group": np.repeat(np.arange(tables), n), "rewards": flat - flat.min() + 1.0, "target": target}
    return parrot().advantages(env).reshape(tables, n) > 0


@claim("crf")
def claim_crf():
    """Arms: long and right at .70, half as long and right at .62, junk of no length and right at .02."""
    change, start = lottery((0.7, 0.62, 0.02), process=(0.0, 0.5, 0.95), length=(1.0, 0.5, 0.05)), (0.6, 0.2, 0.2)
    run = Settings(steps=400, prompts=1, rate=0.3)

    def penalty(lam):
        reward = step(combine, terms=(ref("outcome"), ref("length")), coefficients=(1.0, -lam))
        return Recipe(reward=reward, credit=GRPO)

    short, mixed, junk = (arms(start, penalty(lam), run, change) for lam in (1.0, 1.5, 2.0))
    ours = np.array([arms(start, crf(alpha=a), run, change) for a in (0.5, 2.0, 8.0)])
    rows = {"outcome": np.array([0, 0, 1, 1]), "process": np.array([0.1, 1, 0.1, 1])}
    paid = crf().reward(rows | {"group": np.zeros(4), "progress": 0})
    holds = (
        short[:, 1].min() > 0.95 and mixed[:, 2].mean() > 0.2 and junk[:, 2].min() > 0.75
        and ours[..., 1].min() > 0.97 and ours[..., 2].max() < 0.005
        and not paid[:2].any() and paid[2] < paid[3]
    )  # fmt: skip
    return Outcome(
        float(junk[:, 1].mean()), float(ours[0, :, 1].mean()), bool(holds),
        f"P(short and right), length penalty 2 and the recipe; junk under penalty 1, 1.5, 2: {short[:, 2].mean():.2f}, "
        f"{mixed[:, 2].mean():.2f}, {junk[:, 2].mean():.2f}, under alpha .5 to 8 at most {ours[..., 2].max():.3f}",
    )  # fmt: skip
