"""Checks of rubricate.recipes.reward_agents; figures and thresholds are those of the cards unless a line says ours."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rubricate.lab import Settings, learn
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import sigmoid, softmax
from rubricate.recipe import Recipe
from rubricate.recipes import reward_agents as recipes
from rubricate.rewards import (
    bilinear,
    category_mean,
    group_norm,
    multiply,
    primary_dominates,
    proper_score,
    schedule,
    signal_share,
    trust_weight,
)
from rubricate.steps import ref, step
from rubricate.types import Sample

SEEDS = range(5)
GRPO = step(group_norm, ref("reward"))


@dataclass(frozen=True)
class Kinds:
    """One softmax policy over kinds of responses for each prompt; ``fill(kind, prompt, rng)`` draws what is seen."""

    start: tuple[tuple[float, ...], ...]
    fill: Callable
    unit: str = "row"

    def init(self):
        return np.log(np.asarray(self.start, dtype=float))

    def rollouts(self, theta, rng, prompts, group_size):
        group = np.repeat(np.arange(len(theta)), group_size)
        below = softmax(theta).cumsum(1)[group] < rng.random((len(group), 1))
        kind = np.minimum(below.sum(1), theta.shape[1] - 1)
        env = {"group": group, "action": kind, "format": np.ones(len(group), bool), "rng": rng}
        return env | self.fill(kind, group, rng)

    def gradient(self, theta, env, advantage):
        size = len(advantage) // len(theta)
        cell = env["group"] * theta.shape[1] + env["action"]
        taken = np.bincount(cell, advantage, minlength=theta.size).reshape(theta.shape)
        return (taken - softmax(theta) * advantage.reshape(len(theta), size).sum(1, keepdims=True)) / size

    def quality(self, theta):
        return 0.0


@dataclass(frozen=True)
class Rubrics:
    """Four prompts with a policy each and 24 criteria: per section four met and one that cannot be (weight 5), one
    to learn (weight 1). Quality: how often the last kind is met. The judge flips verdicts of the first at ``flip``."""

    flip: float = 0.0
    prompts: int = 4
    unit: str = "token"

    kind = np.tile([0, 0, 0, 0, 1, 2], 4)

    def init(self):
        return np.tile(np.where(self.kind == 0, 3.0, -2.0), (self.prompts, 1))

    def rollouts(self, theta, rng, prompts, group_size):
        group = np.repeat(np.arange(self.prompts), group_size)
        action = (rng.random((len(group), 24)) < sigmoid(theta)[group]).astype(float)
        flipped = (rng.random(action.shape) < self.flip) & (self.kind == 0)
        scores = np.where(self.kind == 1, 0.0, np.where(flipped, 1 - action, action))
        return {
            "group": group, "scores": scores, "asked": np.ones(scores.shape, bool), "action": action,
            "weights": np.where(self.kind == 2, 1.0, 5.0), "category": np.repeat(np.arange(4), 6), "rng": rng,
        }  # fmt: skip

    def gradient(self, theta, env, advantage):
        step_ = advantage[:, None] * (env["action"] - sigmoid(theta)[env["group"]]) * (self.kind != 1)
        return step_.reshape(self.prompts, -1, 24).mean(1)

    def quality(self, theta):
        return float(sigmoid(theta)[:, self.kind == 2].mean())


@claim("pow3r")
def claim_pow3r():
    """Steps until the learnable criteria are met at .9, static and adaptive; then with a judge that errs at .3."""
    static, ours = Recipe(reward=step(category_mean), credit=GRPO), recipes.pow3r()
    run = Settings(steps=160, rate=0.5, stats_every=1)
    slow, fast = ([learn(Rubrics(), r, run, seed=k).first_above(0.9) for k in SEEDS] for r in (static, ours))
    best = [
        min(np.mean([_steps(r, replace(run, rate=x, steps=80), k) for k in SEEDS]) for x in (1.0, 2.0, 4.0))
        for r in (static, ours)
    ]  # ours: step sizes
    noisy, run = Rubrics(flip=0.3), replace(run, steps=300)
    known = lambda env: env | {"flip_rate": np.where(noisy.kind == 0, 0.3, 0.0)}  # noqa: E731
    ends = [
        np.array([learn(noisy, r, run, seed=k, change=c).final for k in SEEDS])
        for r, c in ((static, None), (ours, None), (ours, known))
    ]
    holds = (
        min(slow) > 115 and max(fast) < 95 and best[1] < best[0]
        and (ends[1] < ends[0]).all() and ends[2].min() > 0.92 and _mass_is_kept()
    )  # fmt: skip
    return Outcome(
        float(np.mean(slow)), float(np.mean(fast)), bool(holds),
        f"steps; at the best of three step sizes {best[0]:.0f} and {best[1]:.0f}. With flips at .3 ends at "
        f"{ends[0].mean():.2f} static, {ends[1].mean():.2f} adaptive, {ends[2].mean():.2f} with the flip rate known",
    )  # fmt: skip


def _steps(recipe, run, seed):
    found = learn(Rubrics(), recipe, run, seed=seed).first_above(0.9)
    return run.steps if found is None else found


def _mass_is_kept():
    """Factors of 1 give the base reward; all verdicts of one section give its equal share under any factors."""
    rng, env = np.random.default_rng(0), Rubrics().rollouts(Rubrics().init(), np.random.default_rng(1), 4, 8)
    reward, n = recipes.pow3r().reward, len(env["group"])
    base = reward(env | {"factors": np.ones((4, 24))})
    one = env | {
        "scores": np.tile(env["category"] == 2, (n, 1)).astype(float),
        "factors": rng.uniform(0.25, 4, (4, 24)),
    }
    plain = category_mean(env["scores"], env["weights"], env["category"])
    return bool(np.allclose(base, plain) and np.allclose(reward(one), 0.25))


BINS, P_RIGHT = np.linspace(0, 1, 11), np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def _stated(kind, prompt, rng):
    right = (rng.random(len(kind)) < np.tile(P_RIGHT, len(SEEDS))[prompt]).astype(float)
    return {"confidence": BINS[kind], "outcome": right}


@claim("rlcr")
def claim_rlcr():
    """Five questions with a known chance of a right answer, eleven confidences to state; five policies of each."""
    world = Kinds(((1 / 11,) * 11,) * 25, _stated)
    plain = Recipe(reward=step(bilinear, process=0.0), credit=step(group_norm, ref("reward"), scale=None))
    rates = (1.0, 1.5, 3.0)  # 1.5 is the card's for the outcome, 3 for the recipe, whose Brier term has half the scale
    gaps = [np.array([_calibration(world, r, x) for x in rates]) for r in (plain, recipes.rlcr())]
    p, q = np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 1, 21), indexing="ij")
    paid = [_rlcr_pays(y, q.ravel()).reshape(p.shape) for y in (1.0, 0.0)]
    mean = p * paid[0] + (1 - p) * paid[1]
    paper = [y + proper_score(np.full(21, y), q[0]) for y in (1.0, 0.0)]
    honest = (mean.argmax(1) == np.arange(21)).all() and np.allclose(2 * mean.max(1) - 2, p[:, 0] ** 2)
    bounded = min(x.min() for x in paper) == -1 and max(x.max() for x in paper) == 1
    holds = gaps[1].max() < 0.08 and gaps[0].min() > 0.2 and honest and bounded
    return Outcome(
        float(gaps[0][1].mean()), float(gaps[1][2].mean()), bool(holds),
        f"mean |confidence - P(right)| after 600 updates of each question; over three step sizes at least "
        f"{gaps[0].min():.2f} and at most {gaps[1].max():.2f}. The mean reward is largest at the true confidence and "
        "grows with P(right)",
    )  # fmt: skip


def _calibration(world, recipe, rate):
    """[seed] mean distance of the mean stated confidence from the truth."""
    theta = learn(world, recipe, Settings(steps=600, group_size=16, rate=rate)).theta
    return abs(softmax(theta) @ BINS - np.tile(P_RIGHT, len(SEEDS))).reshape(len(SEEDS), 5).mean(1)


def _rlcr_pays(right, confidence):
    n = len(confidence)
    return recipes.rlcr().reward({"format": np.ones(n), "outcome": np.full(n, right), "confidence": confidence})


def _coverage(p, groups=4000, size=8):
    """Groups at pass rate p with three waypoints, each found at .4."""
    rng, n = np.random.default_rng(0), groups * size
    found = (rng.random((n, 3)) < 0.4).astype(float)
    outcome = (rng.random(n) < p).astype(float)
    return {"group": np.repeat(np.arange(groups), size), "outcome": outcome, "scores": found, "format": np.ones(n)}


@claim("wcr")
def claim_wcr():
    """Share of groups with a signal where 5% and where 95% are right: outcome, this recipe, positive-only."""
    paid = {"outcome": lambda e: e["outcome"], "ours": recipes.wcr().reward, "positive": recipes.longtracerl().reward}
    few, many = (
        {k: signal_share(f(e), e["group"]).value for k, f in paid.items()} for e in (_coverage(0.05), _coverage(0.95))
    )
    env = _coverage(0.5)
    reward, right = recipes.wcr(lam=0.9).reward(env), env["outcome"] == 1
    holds = (
        abs(few["outcome"] - 0.34) < 0.03 and few["ours"] > 0.98
        and abs(many["outcome"] - 0.33) < 0.03 and abs(many["ours"] - 0.33) < 0.03 and many["positive"] > 0.98
        and (reward[right] == 1).all() and reward[~right].max() <= 0.9
    )  # fmt: skip
    return Outcome(
        few["outcome"], few["ours"], bool(holds),
        f"groups with a signal at 5% right (positive-only {few['positive']:.2f}); at 95% right {many['outcome']:.2f}, "
        f"{many['ours']:.2f} and {many['positive']:.2f}: the opposite regime",
    )  # fmt: skip


ENTITIES = ("Ada Byron", "Charles Babbage", "Luigi Menabrea", "Turin", "Richard Taylor")
ANSWERS = (
    "Menabrea heard BABBAGE in Turin; Ada Byron put Luigi Menabrea into English for Richard  Taylor: 1843, not Charles "
    "Babbage.", "Ada Byron published it in 1843.",
    "Ada Byron, Charles Babbage, Luigi Menabrea, Turin, Richard Taylor: 1815.", "It was in 1815.",
)  # fmt: skip


def _named(kind, prompt, rng):
    """Right with evidence, right by a shortcut, wrong and listing every entity, wrong; entities found in the text."""
    judge = recipes.longtracerl().judge
    share = [judge.build(sample=Sample("a", (), text), texts=ENTITIES).value for text in ANSWERS]
    return {"scores": np.array(share)[kind][:, None], "outcome": (kind < 2).astype(float)}


@claim("longtracerl")
def claim_longtracerl():
    """As for CaRR, with entities found as text; and what listing all entities earns."""

    def additive(alpha):
        return Recipe(reward=step(bilinear, process=recipes.FOUND, a=1 - alpha, c=alpha), credit=GRPO)

    def ends(recipe, start):
        return softmax(learn(Kinds((start,) * 5, _named), recipe, Settings(steps=300, group_size=8, rate=0.3)).theta)

    farm, fair = (0.01, 0.2, 0.3, 0.49), (0.1, 0.2, 0.3, 0.4)
    farmed = [ends(additive(a), farm)[:, :2].sum(1) for a in (0.6, 0.8)]
    gated = [ends(recipes.longtracerl(alpha=a), farm)[:, :2].sum(1) for a in (0.3, 0.6, 0.8)]
    share = [p[:, 0] / p[:, :2].sum(1) for p in (ends(recipes.longtracerl(alpha=a), fair) for a in (0.0, 0.3))]
    env = _named(np.arange(4), None, None) | {"format": np.ones(4), "group": np.zeros(4, int)}
    paid = recipes.longtracerl().reward(env)
    holds = (
        max(f.max() for f in farmed) < 0.05 and min(g.min() for g in gated) > 0.95
        and share[0].max() < 0.6 and share[1].min() > 0.95 and np.allclose(paid, (1.0, 0.76, 0.0, 0.0))
    )  # fmt: skip
    return Outcome(
        float(farmed[0].mean()), float(gated[1].mean()), bool(holds),
        "P(right) at alpha .6, additive and gated; evidence among right answers "
        f"{share[0].mean():.2f} without the rubric and {share[1].mean():.2f} with it; a list of all entities earns 0 "
        "in a wrong answer and the full rubric in a right one",
    )  # fmt: skip


# Kinds of responses: right and terse, right and well reasoned, wrong and showy; odd prompts have an inverted judge.
THOUGHT = np.array([[0.3, 0.8, 0.2], [0.2, 0.3, 0.95]])
SOFT = np.array([0.56, 0.56, 0.44])


def _thinking(kind, prompt, rng):
    noise = rng.normal(0, 0.05, len(kind))
    return {"process": np.clip(THOUGHT[prompt % 2, kind] + noise, 0, 1), "outcome": SOFT[kind]}


@claim("trust_grpo")
def claim_trust_grpo():
    """Soft outcomes .56 and .44: P(right) where the judge is inverted, P(well reasoned) where it is honest."""
    world, faded = Kinds(((0.3, 0.1, 0.6),) * 100, _thinking), step(schedule, kind="exponential", start=0.3)
    trusted = step(bilinear, c=step(multiply, terms=(step(trust_weight), 0.3)))
    modes = {
        "none": step(bilinear), "plain": step(bilinear, c=0.3), "trust": trusted, "fade": step(bilinear, c=faded),
    }  # fmt: skip
    found = {k: _right(world, Recipe(reward=r, credit=GRPO)) for k, r in modes.items()}
    found["ours"] = _right(world, recipes.trust_grpo())
    bad, good = ({k: v[i] for k, v in found.items()} for i in (0, 1))
    dominates = primary_dominates(recipes.trust_grpo().reward, env={"group": np.zeros(1, int), "progress": 0.0})
    holds = (
        bad["none"].min() > 0.98 and bad["plain"].max() < 0.05 and min(bad["trust"].min(), bad["ours"].min()) > 0.98
        and bad["plain"].mean() < bad["fade"].mean() < 0.4 and good["none"].max() < 0.1
        and min(good[k].min() for k in ("plain", "trust", "fade", "ours")) > 0.98 and dominates.ok
    )  # fmt: skip
    return Outcome(
        float(bad["plain"].mean()), float(bad["ours"].mean()), bool(holds),
        f"P(right) under an inverted judge, without trust and with it (fading alone {bad['fade'].mean():.2f}); P(well "
        f"reasoned) under an honest one {good['none'].mean():.2f} without a thinking reward, {good['ours'].mean():.2f} "
        f"with; with hard outcomes right beats wrong by {dominates.value:.1f} at least, so trust only sizes",
    )  # fmt: skip


def _right(world, recipe):
    """[seed] P(right) on prompts with an inverted judge, P(well reasoned) on the honest ones."""
    p = softmax(learn(world, recipe, Settings(steps=400, group_size=8, rate=0.15)).theta).reshape(len(SEEDS), 10, 2, 3)
    return p[:, :, 1, :2].sum(2).mean(1), p[:, :, 0, 1].mean(1)
