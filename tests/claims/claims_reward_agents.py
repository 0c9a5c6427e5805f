"""Checks of rubricate.recipes.reward_agents; figures and thresholds are those of the cards unless a line says ours."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rubricate.lab import Settings, Slots, learn
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import sigmoid, softmax
from rubricate.recipe import Recipe
from rubricate.recipes import reward_agents as recipes
from rubricate.recipes import reward_tasks as tasks
from rubricate.rewards import (
    bilinear,
    category_mean,
    combine,
    f_beta,
    first_time,
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
        min(np.mean([_steps(r, replace(run, rate=x, steps=60), k) for k in SEEDS]) for x in (1.0, 2.0, 4.0))
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


@dataclass(frozen=True)
class Drawers:
    """Up to six drawers of eight are opened, one per step, until the key is found; the policy learns one number: how
    much less it likes a drawer that was opened before."""

    drawers: int = 8
    moves: int = 6
    unit: str = "step"

    def init(self):
        return np.zeros(1)

    def rollouts(self, theta, rng, prompts, group_size):
        n = prompts * group_size
        goal, opened = np.repeat(rng.integers(0, self.drawers, prompts), group_size), np.zeros((n, self.drawers))
        action, slope, live = [], [], [np.ones(n, bool)]
        for _ in range(self.moves):
            p = softmax(-theta * opened)
            pick = np.minimum((p.cumsum(1) < rng.random((n, 1))).sum(1), self.drawers - 1)
            action.append(pick)
            slope.append((p * opened).sum(1) - opened[np.arange(n), pick])
            live.append(live[-1] & (pick != goal))
            opened[np.arange(n), pick] = 1
        keep, found = np.stack(live[:-1], 1), ~live[-1]
        steps = keep.sum(1)
        return {
            "group": np.repeat(np.arange(prompts), group_size), "outcome": found.astype(float), "rng": rng,
            "step_off": np.r_[0, np.cumsum(steps)], "step_action": np.stack(action, 1)[keep],
            "step_valid": np.ones(steps.sum()), "step_kind": np.ones(steps.sum(), int),
            "slope": np.stack(slope, 1)[keep],
        }  # fmt: skip

    def gradient(self, theta, env, advantage):
        if len(advantage) < len(env["slope"]):
            advantage = np.repeat(advantage, np.diff(env["step_off"]))
        return np.array([(advantage * env["slope"]).sum() / len(env["outcome"])])

    def quality(self, theta):
        return 0.0

    def repeated(self, theta):
        """Share of openings that repeat one, over 500 rollouts."""
        env = self.rollouts(theta, np.random.default_rng(0), 1, 500)
        return 1 - first_time(env["step_action"], env["step_valid"], env["step_off"]).mean()


@claim("rlvmr")
def claim_rlvmr():
    """A good step of a tag that mostly succeeds, and of one that rarely does; then repeated openings of drawers."""
    common, rare = _credit_by_tag()
    plain = Recipe(reward=step(bilinear, process=0.0), credit=GRPO)
    run, rates = Settings(steps=200, prompts=4, group_size=8), (0.05, 0.1, 0.3)
    base, ours = (
        np.array([[_repeats(learn(Drawers(), r, replace(run, rate=x), seed=k)) for k in SEEDS] for x in rates])
        for r in (plain, recipes.rlvmr())
    )
    holds = (ours.max(1) < 0.5 * base.min(1)).all() and abs(common - 1 / 3) < 1e-3 and abs(rare - 3.0) < 1e-3
    return Outcome(
        float(base[0].mean()), float(ours[0].mean()), bool(holds),
        "share of repeated actions after 200 updates at the smallest of three step sizes; at the largest "
        f"{base[2].mean():.4f} and {ours[2].mean():.4f}: the rule is faster, it does not end elsewhere. A good step of "
        f"a tag that succeeds at .9 earns {common:.2f}, at .1 {rare:.2f}; pooled over tags both earn 1",
    )  # fmt: skip


def _repeats(curve):
    return Drawers().repeated(curve.theta)


def _credit_by_tag():
    """Twenty rows that end in an exploration (18 new, 2 repeated), twenty in a reflection (2 that change)."""
    good = np.r_[np.ones(18), np.zeros(2), np.ones(2), np.zeros(18)] > 0
    explores = np.arange(40) < 20
    action = np.stack([np.zeros(40, int), np.where(good, 1, 0)], 1).ravel()
    valid = np.stack([explores.astype(float), np.ones(40)], 1).ravel()
    kind = np.stack([np.full(40, 3), np.where(explores, 1, 2)], 1).ravel()
    env = {
        "group": np.zeros(40, int), "outcome": np.ones(40), "step_off": np.arange(0, 81, 2), "step_kind": kind,
        "step_action": action, "step_valid": valid,
    }  # fmt: skip
    last = recipes.rlvmr(weight=1.0).credit(env)[1::2]
    return last[0], last[20]


@claim("decs")
def claim_decs():
    """Four right rollouts of 300, 400, 600 and 800 tokens that all hold the answer at 300."""
    length = np.array([300, 400, 600, 800])
    env = {
        "group": np.zeros(4, int), "outcome": np.ones(4), "length": length, "token_off": np.r_[0, np.cumsum(length)],
        "step_off": np.arange(0, 13, 3), "step_scores": np.tile([1.0, 0.0, 0.0], 4),
    }  # fmt: skip
    cuts = np.stack([np.full(4, 300), length - 300, np.zeros(4, int)], 1).ravel()
    env["step_tokens"] = np.r_[0, np.cumsum(cuts)]
    ours = [_at(env, t) for t in (10, 350, 700)]
    sequence = group_norm(1 + 0.1 * (1 - length / 1000), env["group"])
    wrong = env | {"outcome": np.array([1.0, 1.0, 1.0, 0.0])}
    mixed = np.r_[_at(wrong, 10)[2], _at(wrong, 350)[1:3]]
    holds = (
        (ours[0] == 0).all() and np.allclose(ours[1][1:], (0.15, -0.44, -1.02), atol=0.01)
        and abs(sequence[3] + 1.43) < 0.02 and np.allclose(mixed, (0.5, 0.49, 0.45), atol=0.01)
    )  # fmt: skip
    return Outcome(
        float(sequence[3]), float(ours[0][3]), bool(holds),
        "advantage of the needed part of the longest of four right rollouts, by a length reward on the sequence and "
        f"by column; at token 350 the columns give {np.round(ours[1][1:], 2).tolist()}. With one wrong rollout of the "
        f"four needed and redundant tokens hardly differ: {np.round(mixed, 2).tolist()}",
    )  # fmt: skip


def _at(env, t):
    """[4] advantage of token t of each rollout, NaN where it has ended."""
    advantage, off = recipes.decs(limit=1000.0).advantages(env), env["token_off"]
    return np.array([advantage[a + t] if a + t < b else np.nan for a, b in zip(off[:-1], off[1:], strict=True)])


DIFFICULTY = np.array([-1.0, 0.0, 1.0, 1.5])  # basic, medium, high, edge


def _tiers(skill, progress, order, groups=3000, size=8):
    """Share of groups with a signal, from all settings of the recipe at one time."""
    rng, n = np.random.default_rng(0), groups * size
    env = {
        "group": np.repeat(np.arange(groups), size), "format": np.ones(n), "category": np.arange(4),
        "scores": (rng.random((n, 4)) < sigmoid(skill - DIFFICULTY)).astype(float), "asked": np.ones((n, 4), bool),
        "progress": progress,
    }  # fmt: skip
    return signal_share(tasks.tarot(order=order).reward(env), env["group"]).value, env


@claim("tarot")
def claim_tarot():
    """Groups of eight with a signal in the first phase, for a weak and a strong model."""
    weak, strong = ([_tiers(s, 0.0, o)[0] for o in (tasks.EASY_FIRST, tasks.HARD_FIRST)] for s in (-3.0, 2.5))
    env = _tiers(0.0, 0.3, tasks.EASY_FIRST, groups=50)[1]
    a, b = (tasks.tarot(tiers=w).advantages(env) for w in ((0.25,) * 4, (2.5,) * 4))
    holds = np.allclose(weak, (0.65, 0.13), atol=0.04) and np.allclose(strong, (0.21, 0.80), atol=0.04)
    return Outcome(
        weak[1], weak[0], bool(holds and np.allclose(a, b, atol=1e-4)),
        f"share of groups with a signal for a weak model, hard first and easy first; for a strong one {strong[1]:.2f} "
        f"and {strong[0]:.2f}, so the larger share picks the order; the size of equal weights changes nothing",
    )  # fmt: skip


def _sql(env):
    """Six slots of a query: it runs when the first is filled, the schema is slots 2 to 4, bigrams are all."""
    slot = env["action"]
    parts = np.column_stack([slot[:, 0], slot[:, 1:4].mean(1), slot.mean(1)])
    return env | {"rewards": parts, "process": env["outcome"]}


@claim("reasoning_sql", expect="departs")
def claim_reasoning_sql():
    """Dominance of the execution, and P(all six slots filled) with and without partial rewards."""
    world, run = Slots((-0.6,) * 6), Settings(steps=250, prompts=1, group_size=4)
    plain = Recipe(reward=step(bilinear, process=0.0), credit=GRPO)
    rows = {"outcome": np.array([0.0, 1.0]), "process": np.array([1.0, 0.0]), "format": np.ones(2)}
    rows["rewards"] = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    free, tied = tasks.reasoning_sql().reward(rows), tasks.reasoning_sql(judge=0.0).reward(rows)
    rates, seeds = (0.6, 1.2, 2.4), range(10)
    base, ours = (
        np.array([[_filled(learn(world, r, replace(run, rate=x), seed=k, change=_sql)) for k in seeds] for x in rates])
        for r in (plain, tasks.reasoning_sql())
    )
    best = [x[x.mean(1).argmax()] for x in (base, ours)]
    stuck = int((best[0] < 0.6).sum())
    holds = best[1].min() > 0.9 and stuck >= 6 and tied[1] > tied[0] and free[1] > free[0]
    return Outcome(
        float(best[0].mean()), float(best[1].mean()), bool(holds),
        f"P(right query) at the best of three step sizes: the execution alone fails in {stuck} of 10 seeds (six would "
        f"hold the claim), partial rewards in none; at the smallest {base[0].mean():.2f} and "
        f"{ours[0].mean():.2f}. A wrong query that the judge likes earns {free[0]:.0f}, a right one {free[1]:.0f}",
    )  # fmt: skip


def _filled(curve):
    return sigmoid(curve.theta).prod()


@claim("comam")
def claim_comam():
    """Shares of an agent whose score follows the outcome of the chain, one that is random, one that is reversed."""
    rng, groups, size = np.random.default_rng(0), 1000, 8
    outcome, n = np.tile([1.0, 0, 1, 0, 0, 1, 0, 0], groups), groups * size
    local = np.stack([outcome + rng.normal(0, 0.1, n), rng.random(n), -outcome + rng.normal(0, 0.1, n)], 1)
    env = {"group": np.repeat(np.arange(groups), size), "outcome": outcome, "rewards": local}
    share = _shares(env)
    tied = _shares(env | {"rewards": np.zeros((n, 3))})
    mean = share.mean(0)
    holds = (
        np.allclose(mean, (0.44, 0.30, 0.26), atol=0.03) and np.allclose(share.sum(1), 1) and np.allclose(tied, 1 / 3)
        and (share.max(1) / share.min(1)).max() <= np.e
    )  # fmt: skip
    return Outcome(
        1 / 3, float(mean[0]), bool(holds),
        f"share of the agent that agrees with the outcome (equal shares would be .33); random {mean[1]:.2f}, reversed "
        f"{mean[2]:.2f}; no share is more than e times another",
    )  # fmt: skip


def _shares(env):
    """What the recipe adds to each agent's own score, for chains with the outcome 1."""
    return (tasks.comam().reward(env) - env["rewards"])[env["outcome"] == 1]


# Mood of a scripted user by act (comfort, advise, ask, flatter) while closed, and once a comforting word was said.
CLOSED, OPEN = np.array([6.0, -18.0, -9.0, -3.0]), np.array([2.0, 9.0, -1.0, -20.0])


@dataclass(frozen=True)
class User:
    """Eight turns with the scripted user, who starts at mood 50 and leaves at 0; one policy per state of the user."""

    unit: str = "turn"

    def init(self):
        return np.zeros((2, 4))

    def rollouts(self, theta, rng, prompts, group_size):
        n = prompts * group_size
        mood, opened, live = np.full(n, 50.0), np.zeros(n, int), np.ones(n, bool)
        acts, states, moods, there = [], [], [], []
        for _ in range(8):
            act = np.minimum((softmax(theta)[opened].cumsum(1) < rng.random((n, 1))).sum(1), 3)
            there.append(live)
            states.append(opened)
            mood = np.clip(mood + np.where(opened == 1, OPEN[act], CLOSED[act]), 0, 100)
            opened, live = np.maximum(opened, act == 0), live & (mood > 0)
            acts.append(act)
            moods.append(mood)
        keep = np.stack(there, 1)
        return {
            "group": np.repeat(np.arange(prompts), group_size), "format": np.ones(n, bool), "rng": rng,
            "turn_off": np.r_[0, np.cumsum(keep.sum(1))], "turn_mood": np.stack(moods, 1)[keep],
            "action": np.stack(acts, 1)[keep], "state": np.stack(states, 1)[keep],
        }  # fmt: skip

    def gradient(self, theta, env, advantage):
        a = np.repeat(advantage, np.diff(env["turn_off"]))
        taken = np.bincount(env["state"] * 4 + env["action"], a, minlength=8).reshape(2, 4)
        return (taken - softmax(theta) * np.bincount(env["state"], a, minlength=2)[:, None]) / len(advantage)

    def quality(self, theta):
        return 0.0

    def mood(self, theta):
        """Mean final mood over 1000 dialogues."""
        return float(100 * tasks.rlver().reward(self.rollouts(theta, np.random.default_rng(0), 1, 1000)).mean())


@claim("rlver")
def claim_rlver():
    """Mean final mood of a scripted user before and after 300 updates."""
    run = Settings(steps=300, prompts=2, group_size=8)
    start = User().mood(User().init())
    ends = np.array([
        [User().mood(learn(User(), tasks.rlver(), replace(run, rate=x), seed=k).theta) for k in range(5)]
        for x in (0.03, 0.1, 0.3)
    ])  # fmt: skip
    again = [User().rollouts(User().init(), np.random.default_rng(7), 1, 50)["turn_mood"] for _ in range(2)]
    holds = 20 < start < 40 and ends.min() > 80 and (again[0] == again[1]).all()
    return Outcome(
        start, float(ends[1].mean()), bool(holds),
        f"mean final mood of a scripted user before and after; lowest of 15 runs at three step sizes {ends.min():.0f}. "
        "It shows that the sum of a dialogue is enough to learn from, not that a model of a user is",
    )  # fmt: skip


COUNTS = np.array([3, 6, 12, 24])


def _labels(kind, prompt, rng):
    """Lists of 3 to 24 labels; three of thirty are true, each found with 1 - .65 ** (labels / 3)."""
    chance = 1 - 0.65 ** (COUNTS[kind] / 3)
    hit = rng.random((len(kind), 3)) < chance[:, None]
    others = np.arange(27) < (COUNTS[kind] - hit.sum(1))[:, None]
    return {"selected": np.column_stack([hit, others]), "gold_ids": np.arange(30) < 3, "noise": rng.random(len(kind))}


@claim("affectgpt_r1")
def claim_affectgpt_r1():
    """Recall and F1 of longer and longer lists, what each teaches, and what one more reward of noise does."""
    ours, world = tasks.affectgpt_r1(), Kinds(((0.25,) * 4,) * 40, _labels)
    env = _labels(np.repeat(np.arange(4), 4000), None, np.random.default_rng(0))
    recall = env["selected"][:, :3].mean(1).reshape(4, -1).mean(1)
    f1 = f_beta(env["selected"], env["gold_ids"]).reshape(4, -1).mean(1)
    recalled, noisy = step(f_beta, beta=1e3), step(combine, terms=(ours.reward, ref("noise")))
    run, rates = Settings(steps=150, group_size=8), (0.05, 0.1, 0.2)
    ends = [
        np.array([softmax(learn(world, r, replace(run, rate=x)).theta).mean(0) for x in rates])
        for r in (Recipe(reward=recalled, credit=GRPO), ours, Recipe(reward=noisy, credit=GRPO))
    ]
    accuracy = [e @ f1 for e in ends]
    holds = (
        np.allclose(recall, (0.35, 0.58, 0.82, 0.97), atol=0.02)
        and np.allclose(f1, (0.35, 0.38, 0.33, 0.22), atol=0.02) and ends[0][:, 3].min() > 0.7
        and ends[1][:, 3].max() < 0.05 and (accuracy[2] < accuracy[1]).all()
        and (ends[2][:, 1] < ends[1][:, 1]).all()
    )  # fmt: skip
    return Outcome(
        float(accuracy[0].max()), float(accuracy[1].max()), bool(holds),
        f"mean F1 after training on recall and on the recipe, best of three step sizes; lists of 24 labels end "
        f"at {ends[0][:, 3].max():.2f} and {ends[1][:, 3].max():.2f}. A reward of noise beside it takes the best list "
        f"from {ends[1][:, 1].max():.2f} to {ends[2][:, 1].max():.2f}",
    )  # fmt: skip
