"""Checks of rubricate.recipes.credit_steps; figures and thresholds are those of the cards unless a line says ours."""

from dataclasses import dataclass

import numpy as np

from rubricate.credit import center, place, suffix
from rubricate.lab import Settings, learn
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import sigmoid, softmax
from rubricate.recipe import Recipe
from rubricate.recipes import credit_steps as recipes
from rubricate.reduce import spread
from rubricate.rewards import combine
from rubricate.steps import ref, step

SEEDS = range(5)


def offsets(n, size):
    return np.arange(0, n * size + 1, size)


def corr(a, b):
    return float(np.corrcoef(np.ravel(a), np.ravel(b))[0, 1])


@dataclass(frozen=True)
class Plans:
    """Choose a plan: number of judged turns, their mean score, chance of a right answer in one more turn."""

    turns: tuple[int, ...] = (8, 3, 5, 1)
    score: tuple[float, ...] = (0.8, 0.7, 0.75, 0.5)
    chance: tuple[float, ...] = (0.2, 0.8, 0.5, 0.6)
    unit: str = "row"

    def init(self):
        return np.zeros(4)

    def rollouts(self, theta, rng, prompts, group_size):
        n = prompts * group_size
        plan = rng.choice(4, n, p=softmax(theta))
        size = np.array(self.turns)[plan] + 1
        off = np.concatenate([[0], np.cumsum(size)])
        score = np.clip(np.array(self.score)[plan] + 0.1 * rng.standard_normal(n), 0, 1)
        return {
            "group": np.repeat(np.arange(prompts), group_size), "turn_off": off, "token_off": off, "action": plan,
            "outcome": (rng.random(n) < np.array(self.chance)[plan]).astype(float), "turn_scores": spread(score, off),
            "turn_tokens": np.arange(off[-1] + 1), "token_values": np.zeros(off[-1]),
            "token_mask": np.ones(off[-1], bool),
        }  # fmt: skip

    def gradient(self, theta, env, advantage):
        first = advantage[env["token_off"][:-1]]
        a = (first - first.mean()) / (first.std() + 1e-6)
        return np.bincount(env["action"], a, minlength=4) / len(a)

    def quality(self, theta):
        return float(softmax(theta) @ np.array(self.chance))


@claim("ppr")
def claim_ppr():
    """Four plans: what is learned from the sum of step scores and the outcome, and from recentred ones; the sign rule."""
    summed = Recipe(
        reward=step(combine, (ref("turn_scores"), step(place, ref("outcome"), ref("turn_off")))),
        credit=step(suffix, ref("reward"), ref("turn_off")),
    )
    settings = Settings(400, 1, 16, rate=0.1)
    naive, ours = ([learn(Plans(), r, settings, seed=s).final for s in SEEDS] for r in (summed, recipes.ppr()))
    rng = np.random.default_rng(0)
    size = rng.integers(1, 8, 10000)
    off = np.concatenate([[0], np.cumsum(size)])
    env = {"outcome": rng.integers(0, 2, 10000), "turn_scores": rng.random(off[-1]), "turn_off": off}
    side = spread(2.0 * env["outcome"] - 1, off)
    broken = [int((recipes.ppr(beta=b).reward(env) * side < -1e-12).sum()) for b in (1.0, 0.5)]
    holds = max(naive) < 0.25 and min(ours) > 0.75 and broken[0] == 0 and broken[1] > 0
    return Outcome(
        round(float(np.mean(naive)), 2), round(float(np.mean(ours)), 2), bool(holds),
        f"accuracy learned from the plain sum and from recentred scores; steps of the wrong sign {broken[0]} at beta 1, "
        f"{broken[1]} of {off[-1]} at .5",
    )  # fmt: skip


def preference(recipe, seed, positions=12, relevant=3, rows=200, updates=300, rate=1.0):
    """DPO on independent tokens with the recipe's regulariser: mean |theta| at positions that matter, and at others."""
    rng = np.random.default_rng(seed)
    alpha, beta = recipe.train["alpha"], recipe.train["beta"]
    y = rng.integers(0, 2, (2, rows, positions))
    gap = y[0, :, :relevant].sum(1) - y[1, :, :relevant].sum(1)
    y, gap = y[:, gap != 0], gap[gap != 0]
    pair = np.where(gap[:, None] > 0, y, y[::-1])
    sign = 2.0 * pair - 1
    logit = 2 * sign * (np.arange(positions) < relevant) + 0.5 * rng.standard_normal(sign.shape)
    paid = recipe.reward({"token_logp_better": logit.ravel(), "token_logp_worse": np.zeros(logit.size)})
    paid, theta = paid.reshape(sign.shape), np.zeros(positions)
    for _ in range(updates):
        logp = -np.log1p(np.exp(-theta * sign)) + np.log(2)
        wrong = sigmoid(-beta * (logp[0] - logp[1]).sum(1))[:, None]
        slope = sign * sigmoid(-theta * sign)
        theta = theta + rate * beta * (wrong * (slope[0] - slope[1] + alpha * (paid * slope).sum(0))).mean(0)
    return np.abs(theta[:relevant]).mean(), np.abs(theta[relevant:]).mean()


@claim("t_reg")
def claim_t_reg():
    """Preference learning on twelve positions of which three matter, by the weight of the regulariser."""
    found = {a: np.mean([preference(recipes.t_reg(alpha=a), s) for s in SEEDS], axis=0) for a in (0.0, 0.25, 1.0)}
    ratio = {a: x / y for a, (x, y) in found.items()}
    rng = np.random.default_rng(0)
    logp, other = -rng.exponential(5.0, (2, 1000))
    paid, equal = (recipes.t_reg().reward({"token_logp_better": logp, "token_logp_worse": w}) for w in (other, logp))
    holds = (
        found[0.0][0] < found[0.25][0] < found[1.0][0] and found[0.0][1] > found[0.25][1] > found[1.0][1]
        and 9 < ratio[0.0] < 13 and 18 < ratio[1.0] < 24 and np.abs(paid).max() <= 0.5 and not equal.any()
    )  # fmt: skip
    return Outcome(
        round(float(ratio[0.0]), 1), round(float(ratio[1.0]), 1), bool(holds),
        "weight on the positions that matter over that on the others, alpha 0 and 1 "
        f"({ratio[0.25]:.1f} at .25); both parts " + ", ".join(f"{x:.2f}/{y:.2f}" for x, y in found.values()),
    )  # fmt: skip


@claim("lare")
def claim_lare():
    """Episodes of 20 steps, three factors of 30 observations drive the return: step rewards found from n episodes."""
    turns = 20
    found = {}
    for n in (20, 40, 200):
        for name in ("factors", "raw", "wrong"):
            got = []
            for seed in SEEDS:
                rng = np.random.default_rng(seed)
                x = rng.standard_normal((n + 200, turns, 30))
                true = np.tanh(x[:, :, :3]) @ np.array([1.0, -0.7, 0.5])
                z = {"factors": np.tanh(x[:, :, :3]), "raw": x, "wrong": x[:, :, 10:13]}[name]
                env = {
                    "turn_off": offsets(n + 200, turns), "turn_verdicts": z.reshape(-1, z.shape[2]),
                    "outcome": np.where(np.arange(n + 200) < n, true.sum(1), np.nan),
                }  # fmt: skip
                got.append(corr(recipes.lare().reward(env).reshape(true.shape)[n:], true[n:]))
            found[name, n] = float(np.mean(got))
    raw, ours = ([found[k, n] for n in (20, 40, 200)] for k in ("raw", "factors"))
    wrong = max(abs(found["wrong", n]) for n in (20, 40, 200))
    holds = min(ours) > 0.98 and np.abs(np.array(raw) - [0.63, 0.83, 0.96]).max() < 0.05 and wrong < 0.2
    return Outcome(
        round(raw[0], 2), round(ours[0], 2), bool(holds),
        "correlation with the true step reward of new episodes after 20 episodes, raw observations and factors; raw for "
        f"20/40/200 {'/'.join(f'{x:.2f}' for x in raw)}; wrong factors at most {wrong:.2f}",
    )  # fmt: skip


@claim("tp_grpo")
def claim_tp_grpo():
    """Groups of eight with 1, 4 and 7 right: thoughts of right and wrong solutions; thoughts cut in three."""
    recipe, error, flips, cut = recipes.tp_grpo(), [], [], []
    card = {1: (2.52, 2.65), 4: (0.5, 1.0), 7: (-0.5, 0.38)}
    for right, (bad, good) in card.items():
        env = {
            "group": np.zeros(8, int), "outcome": (np.arange(8) < right).astype(float), "step_off": offsets(8, 2),
            "step_scores": np.tile([0.0, 1.0], 8),
        }  # fmt: skip
        a = recipe.advantages(env).reshape(8, 2)
        z = np.sqrt((8 - right) / right)
        error.append(np.abs(a[0] - [bad, good]).max())
        error.append(abs(a[-1, 0] + 1 / z) + abs(a[-1, 1]))
        flips.append((a[0, 0] < 0) == (right / 8 > z))
        more = {**env, "step_off": offsets(8, 6), "step_scores": np.repeat(env["step_scores"], 3)}
        cut.append(np.abs(recipe.advantages(more).reshape(8, 2, 3) - a[:, :, None]).max())
    sums = [suffix(e["step_scores"], e["step_off"])[0] for e in (env, more)]
    holds = max(error) < 0.006 and all(flips) and max(cut) == 0 and sums[1] == 3 * sums[0]
    return Outcome(
        float(sums[1] / sums[0]), 1.0, bool(holds),
        "factor by which credit grows when thoughts are cut in three, sum of step scores and ours; wrong thoughts of "
        "right solutions get 2.52, .5 and -.5 at accuracy .125, .5 and .875",
    )  # fmt: skip


@dataclass(frozen=True)
class Path:
    """``depth`` binary moves, all of which must be right; the first wrong one ends the row. The base policy is even."""

    depth: int = 7
    unit: str = "step"

    def init(self):
        return np.zeros(self.depth)

    def rollouts(self, theta, rng, prompts, group_size):
        n = prompts * group_size
        right = rng.random((n, self.depth)) < sigmoid(2 * theta)
        alive = np.minimum.accumulate(right, axis=1)
        taken = np.column_stack([np.ones(n, bool), alive[:, :-1]])
        value = np.where(alive, 0.5 ** (self.depth - 1.0 - np.arange(self.depth)), 0.0)
        return {
            "group": np.repeat(np.arange(prompts), group_size), "outcome": alive[:, -1].astype(float),
            "step_off": np.concatenate([[0], np.cumsum(taken.sum(1))]), "step_values": value[taken],
            "start_value": np.full(n, 0.5**self.depth), "action": right, "taken": taken,
        }  # fmt: skip

    def gradient(self, theta, env, advantage):
        slope = np.zeros(env["taken"].shape)
        slope[env["taken"]] = advantage
        return (slope * (env["action"] - sigmoid(2 * theta))).mean(0)

    def quality(self, theta):
        return float(sigmoid(2 * theta).prod())


@claim("pav")
def claim_pav():
    """Updates until a planted path succeeds half the time, from the outcome alone, a prover of one try, and of four."""
    plain = Recipe(credit=step(spread, step(center, ref("outcome"), ref("group")), ref("step_off")))
    arms = {"outcome": plain, "one": recipes.pav(alpha=1.0, k=1), "four": recipes.pav(alpha=1.0)}

    def updates(name, depth, rate, steps):
        curves = [learn(Path(depth), arms[name], Settings(steps, 1, 16, rate=rate), seed=s) for s in SEEDS]
        return [steps if (h := c.first_above(0.5)) is None else h for c in curves]

    at_one = {name: updates(name, 7, 1.0, 160) for name in arms}
    deep = {name: updates(name, 9, 1.0, 350) for name in ("outcome", "four")}
    best = {
        name: min(np.mean(at_one[name]), *(np.mean(updates(name, 7, rate, 160)) for rate in (0.5, 2.0, 4.0)))
        for name in ("outcome", "four")
    }
    mean = {name: float(np.mean(v)) for name, v in at_one.items()}
    holds = (
        mean["four"] < mean["one"] < mean["outcome"] and mean["four"] < 0.5 * mean["outcome"]
        and np.mean(deep["four"]) < 0.5 * np.mean(deep["outcome"]) and best["four"] < 0.5 * best["outcome"]
    )  # fmt: skip
    return Outcome(
        mean["outcome"], mean["four"], bool(holds),
        f"mean updates at depth 7, outcome alone and best of four; one try {mean['one']:.0f}; depth 9 "
        f"{np.mean(deep['outcome']):.0f} and {np.mean(deep['four']):.0f}; at the best step size of each "
        f"{best['outcome']:.0f} and {best['four']:.0f}",
    )  # fmt: skip
