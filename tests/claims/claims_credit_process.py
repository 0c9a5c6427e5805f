"""Checks of rubricate.recipes.credit_process; figures and thresholds are those of the cards unless a line says ours."""

from dataclasses import dataclass
from math import comb

import numpy as np

from rubricate.credit import grpo, pool, prefix, rloo_items, suffix, z_score
from rubricate.lab import Settings, learn
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import softmax
from rubricate.recipe import Recipe
from rubricate.recipes import credit_process as recipes
from rubricate.reduce import spread
from rubricate.rewards import combine
from rubricate.steps import ref, step

SEEDS = range(5)


def offsets(n, size):
    return np.arange(0, n * size + 1, size)


def corr(a, b):
    return float(np.corrcoef(np.ravel(a), np.ravel(b))[0, 1])


def ascent(theta, action, advantage):
    """``mean_i A_i (onehot(a_i) - p)``."""
    n = len(action)
    return np.bincount(action, advantage, minlength=len(theta)) / n - softmax(theta) * advantage.mean()


@dataclass(frozen=True)
class Padding:
    """Choose 0 to 10 filler steps scored .6 and a core step: right (.3) or a bluff (-.2)."""

    unit: str = "row"

    def init(self):
        return np.zeros(13)

    def rollouts(self, theta, rng, prompts, group_size):
        n = prompts * group_size
        filler, core = rng.choice(11, n, p=softmax(theta[:11])), rng.choice(2, n, p=softmax(theta[11:]))
        off = np.concatenate([[0], np.cumsum(filler + 1)])
        r = 0.6 + 0.1 * rng.standard_normal(off[-1])
        r[off[1:] - 1] += np.where(core == 0, 0.3, -0.2) - 0.6
        return {
            "group": np.repeat(np.arange(prompts), group_size), "outcome": (core == 0).astype(float),
            "checkable": np.zeros(n, bool), "step_off": off, "step_tokens": np.arange(off[-1] + 1),
            "step_scores": (r + 1) / 2, "filler": filler, "core": core,
        }  # fmt: skip

    def gradient(self, theta, env, advantage):
        first = advantage[env["step_off"][:-1]]
        a = (first - first.mean()) / (first.std() + 1e-6)
        return np.concatenate([ascent(theta[:11], env["filler"], a), ascent(theta[11:], env["core"], a)])

    def quality(self, theta):
        return float(softmax(theta[11:])[0])


@claim("pure")
def claim_pure():
    """Filler steps learned under the sum, the soft and the cold minimum; how far the soft minimum is from the minimum."""
    summed = Recipe(
        reward=step(combine, (ref("step_scores"),), (2.0,), constant=-1.0),
        credit=step(suffix, ref("reward"), ref("step_off")),
    )
    forms = {"sum": summed, "soft": recipes.pure(), "cold": recipes.pure(temperature=1e-3)}
    filler, right = {}, []
    for name, recipe in forms.items():
        curves = [learn(Padding(), recipe, Settings(300, 1, 16, rate=0.1), seed=s) for s in SEEDS]
        filler[name] = float(np.mean([softmax(c.theta[:11]) @ np.arange(11) for c in curves]))
        right.append(min(c.final for c in curves))
    gap, over = [], []
    for n in (3, 8, 20, 50):
        off = offsets(2000, n)
        scores = np.random.default_rng(n).random(2000 * n)
        paid = recipes.pure().reward({"step_scores": scores, "step_off": off})
        above = pool(paid, off, "sum") - (2 * pool(scores, off, "min") - 1)
        gap.append(above.mean())
        over.append(above.max() - 0.1 * np.log(n))
    holds = (
        filler["sum"] > 9 and 5 < filler["soft"] < 7.5 and filler["cold"] < 5.5 and min(right) > 0.8
        and max(over) < 1e-9 and np.abs(np.array(gap) - [0.011, 0.026, 0.050, 0.074]).max() < 0.005
    )  # fmt: skip
    return Outcome(
        round(filler["sum"], 1), round(filler["soft"], 1), bool(holds),
        f"mean filler steps of 10, sum and soft minimum; {filler['cold']:.1f} at temperature .001; all learn the right "
        "core; gap to the minimum for 3/8/20/50 steps " + "/".join(f"{g:.3f}" for g in gap),
    )  # fmt: skip


@dataclass(frozen=True)
class Lookup:
    """Three hops of six moves; a right hop reveals a key, a wrong one ends the search. A fourth turn answers."""

    moves: int = 6
    unit: str = "turn"

    def init(self):
        return np.zeros((3, self.moves))

    def rollouts(self, theta, rng, prompts, group_size):
        n = prompts * group_size
        p = softmax(theta)
        action = np.stack([rng.choice(self.moves, size=n, p=p[t]) for t in range(3)], axis=1)
        found = np.minimum.accumulate(action == 0, axis=1)
        left = 3 - found.cumsum(1)
        right = found[:, -1].astype(float)
        return {
            "group": np.repeat(np.arange(prompts), group_size), "outcome": right, "answer_f1": right,
            "format": np.ones(n, bool), "turn_off": offsets(n, 4), "start_belief": np.full(n, -3 * np.log(self.moves)),
            "turn_belief": -np.log(self.moves) * np.column_stack([left, left[:, -1]]).ravel(), "action": action,
        }  # fmt: skip

    def gradient(self, theta, env, advantage):
        a = advantage.reshape(-1, 4)[:, :3]
        onehot = env["action"][:, :, None] == np.arange(self.moves)
        return (a[:, :, None] * (onehot - softmax(theta))).mean(0)

    def quality(self, theta):
        return float(softmax(theta)[:, 0].prod())


@claim("igpo")
def claim_igpo():
    """Telescoping, a group in which all fail, what the two forms pay, and updates to 80 % in a lookup of three hops."""
    rng = np.random.default_rng(0)
    size = rng.integers(2, 6, 64)
    off = np.concatenate([[0], np.cumsum(size)])
    belief, start = -rng.exponential(3.0, off[-1]), -rng.exponential(5.0, 64)
    env = {
        "group": np.repeat(np.arange(4), 16), "format": np.ones(64, bool), "answer_f1": np.zeros(64),
        "outcome": np.zeros(64), "turn_off": off, "turn_belief": belief, "start_belief": start,
    }  # fmt: skip
    paid = recipes.igpo().reward(env)
    telescope = np.abs(pool(paid, off, "sum") - (belief[off[1:] - 2] - start)).max()
    gains = np.ones(off[-1], bool)
    gains[off[1:] - 1] = False
    alive = float(np.abs(recipes.igpo(gamma=0.0).advantages(env)[gains]).mean())
    dead = np.abs(grpo(env["outcome"], env["group"])).max()

    def pays(form, before, after):
        one = {"format": [True], "answer_f1": [0.0], "turn_off": [0, 2], "turn_belief": [after, after]}
        return float(recipes.igpo(form=form).reward({**one, "start_belief": [before]})[0])

    forms = [pays(f, *ends) for f in ("probability", "log") for ends in ((-8.0, -4.0), (-1.0, -0.5))]
    plain = Recipe(credit=step(spread, step(z_score, ref("outcome"), ref("group")), ref("turn_off")))
    needed = {}
    for name, recipe in (("outcome", plain), ("igpo", recipes.igpo())):
        for rate in (0.5, 1.0, 2.0, 4.0):
            curves = [learn(Lookup(), recipe, Settings(120, 4, 16, rate=rate), seed=s) for s in SEEDS]
            hits = [c.first_above(0.8) for c in curves]
            needed[name, rate] = float(np.mean([120 if h is None else h for h in hits]))
    best = {n: min(v for (m, _), v in needed.items() if m == n) for n in ("outcome", "igpo")}
    holds = (
        telescope < 1e-9 and dead == 0 and 0.6 < alive < 1.0 and best["igpo"] < 0.8 * best["outcome"]
        and np.abs(np.array(forms) - [0.018, 0.239, 4.0, 0.5]).max() < 0.001
    )  # fmt: skip
    return Outcome(
        best["outcome"], best["igpo"], bool(holds),
        "updates to 80 % success at the best of four step sizes (120: never), outcome only and IGPO; mean |A| of gains "
        f"where all fail {alive:.2f}; from -8 to -4 the forms pay {forms[0]:.3f} and {forms[2]:.1f}",
    )  # fmt: skip


@claim("prime")
def claim_prime():
    """The published formula, the value that prefix sums of the log-ratio are, and equal rewards at unequal lengths."""
    rng = np.random.default_rng(0)
    error, grows, flat = [], [], []
    for _ in range(20):
        size = rng.integers(1, 30, 32)
        off, group = np.concatenate([[0], np.cumsum(size)]), np.repeat(np.arange(8), 4)
        x = rng.standard_normal(off[-1])
        mean = pool(x, off, "mean")
        summed = np.bincount(group, mean)[group]
        error.append(np.abs(rloo_items(x, off, group) - (x * 4 / 3 - spread(summed, off) / 3)).max())
        env = {
            "group": group, "outcome": np.zeros(32), "token_off": off, "token_mask": np.ones(off[-1], bool),
            "token_logp": np.full(off[-1], -1.0), "token_logp_ref": np.full(off[-1], -2.0),
        }  # fmt: skip
        recipe = recipes.prime()
        paid = recipe.reward(env)
        grows.append(corr(suffix(paid, off)[off[:-1]], size))
        flat.append(max(np.abs(recipe.advantages(env)).max(), abs(np.abs(suffix(paid, off)).max() - 1)))
    depth, beta = 5, 0.5
    n = 2**depth
    leaf = (np.arange(n)[:, None] >> np.arange(depth)[::-1]) & 1
    total = leaf @ np.array([1.2, -0.3, 0.8, 0.1, -1.0]) + 0.3 * rng.standard_normal(n)
    policy = softmax(total / beta)
    mass = np.array([np.bincount(np.arange(n) >> (depth - t), policy)[np.arange(n) >> (depth - t)] for t in range(6)])
    ratio = np.log(mass[1:] / mass[:-1]).T
    env = {
        "token_off": offsets(n, depth), "token_mask": np.ones(n * depth, bool), "token_logp": ratio.ravel(),
        "token_logp_ref": np.full(n * depth, -np.log(2)),
    }  # fmt: skip
    reward = recipes.prime(beta=beta).reward(env)
    q = prefix(reward, env["token_off"]).reshape(n, depth)
    raw = beta * (ratio + np.log(2)).cumsum(1)
    q *= np.abs(raw).max() / np.abs(q).max()  # the reward is scaled to returns of at most 1
    power = np.exp(total / beta)
    want = [np.bincount(k, power)[k] / np.bincount(k)[k] for k in (np.arange(n) >> (depth - t) for t in range(1, 6))]
    value = np.abs(q - beta * (np.log(np.array(want).T) - np.log(power.mean()))).max()
    holds = max(error) < 1e-12 and value < 1e-9 and min(grows) > 0.999 and max(flat) < 1e-9
    return Outcome(
        round(float(np.mean(grows)), 3), 0.0 if max(flat) < 1e-9 else round(max(flat), 3), bool(holds),
        "equal token rewards: correlation of the return with length without the baseline, largest advantage with it; "
        f"prefix sums are beta log E[exp(r / beta)] up to a constant, error {value:.0e}",
    )  # fmt: skip


GOOD, SUCCESS, DEPTH, BRANCH = 0.75, np.array([0.9, 0.4, 0.05, 0.0]), 3, 6


def worth(mistakes, left):
    """Chance of success after so many mistakes with so many steps left."""
    return sum(
        comb(left, k) * (1 - GOOD) ** k * GOOD ** (left - k) * SUCCESS[min(mistakes + k, 3)] for k in range(left + 1)
    )


WORTH = np.array([[worth(m, left) for left in range(DEPTH + 1)] for m in range(4)])


def flat_arm(rng, rows=BRANCH**DEPTH):
    """GRPO on the outcome of independent rollouts: estimated and true advantage of each step."""
    good = rng.random((rows, DEPTH)) < GOOD
    made = np.column_stack([np.zeros(rows, int), (~good).cumsum(1)])
    outcome = (rng.random(rows) < SUCCESS[made[:, -1]]).astype(float)
    true = np.diff(WORTH[made, DEPTH - np.arange(DEPTH + 1)], axis=1)
    return np.repeat(grpo(outcome, np.zeros(rows, int)), DEPTH), true.ravel(), good, made, outcome


def grown(rng):
    """A tree of 216 leaves: the environment, true advantages, and which nodes are steps."""
    parent, made, level = [np.array([-1])], [np.zeros(1, int)], [np.zeros(1, int)]
    for d in range(1, DEPTH + 1):
        first = sum(len(p) for p in parent[:-1])
        parent.append(first + np.repeat(np.arange(len(parent[-1])), BRANCH))
        made.append(np.repeat(made[-1], BRANCH) + (rng.random(len(parent[-1])) >= GOOD))
        level.append(np.full(len(parent[-1]), d))
    up, m, d = (np.concatenate(x) for x in (parent, made, level))
    leaf = d == DEPTH
    outcome = np.where(leaf, (rng.random(len(up)) < SUCCESS[m]).astype(float), np.nan)
    true = WORTH[m, DEPTH - d] - WORTH[m[up], DEPTH - d[up]]
    return {"node_parent": up, "node_outcome": outcome}, true, d > 0


def signs(a, b):
    """Share of equal signs among estimates other than 0."""
    use = a != 0
    return float(np.mean(np.sign(a[use]) == np.sign(b[use])))


@claim("treeps_rag")
def claim_treeps_rag():
    """Three steps, hidden mistakes, 216 leaves: correlation of estimated and true step advantage, flat and by tree."""
    found = {k: [] for k in ("flat", "parent", "siblings", "default")}
    right, path, whole = [], [], []
    plain = recipes.treeps_rag(against="parent", scale="none")
    for seed in range(30):
        rng = np.random.default_rng(seed)
        a, true, *_ = flat_arm(rng)
        found["flat"].append(corr(a, true))
        env, real, steps = grown(rng)
        forms = {"parent": plain, "siblings": recipes.spo_tree(), "default": recipes.treeps_rag()}
        for name, recipe in forms.items():
            found[name].append(corr(recipe.advantages(env)[steps], real[steps]))
        edges, value, up = plain.advantages(env), plain.reward(env), env["node_parent"]
        right.append((signs(a, true), signs(edges[steps], real[steps])))
        leaf = np.arange(len(up))[-216:]
        walked = edges[leaf] + edges[up[leaf]] + edges[up[up[leaf]]]
        path.append(np.abs(walked - (env["node_outcome"][leaf] - value[0])).max())
        whole.append(np.abs(np.bincount(up[steps], edges[steps])).max())
    mean = {k: float(np.mean(v)) for k, v in found.items()}
    sign = np.mean(right, axis=0)
    holds = (
        max(path) < 1e-9 and max(whole) < 1e-9 and mean["parent"] > mean["flat"] + 0.03 and sign[1] > sign[0]
        and mean["siblings"] > mean["flat"] + 0.03 and mean["default"] > mean["flat"]
    )  # fmt: skip
    return Outcome(
        round(mean["flat"], 3), round(mean["default"], 3), bool(holds),
        f"correlation with the true step advantage, flat GRPO and the default; edges to the parent {mean['parent']:.3f}, "
        f"over the siblings' std {mean['siblings']:.3f}; right signs {sign[0]:.2f} and {sign[1]:.2f}",
    )  # fmt: skip


@claim("spo")
def claim_spo():
    """Eight rollouts with nine continuations at each step (224 in all): correlation, signs, telescoping, noise floor."""
    flat, ours, right, gaps = [], [], [], []
    recipe = recipes.spo()
    for seed in range(100):
        rng = np.random.default_rng(seed)
        flat.append(corr(*flat_arm(rng)[:2]))
        _, true, _, made, outcome = flat_arm(rng, rows=8)
        chance = WORTH[made, DEPTH - np.arange(DEPTH + 1)]
        value = np.column_stack([rng.binomial(9, chance[:, :-1]) / 9, outcome])
        env = {
            "step_off": offsets(8, DEPTH), "step_values": value[:, 1:].ravel(), "start_value": value[:, 0],
            "step_tokens": offsets(8 * DEPTH, 2), "token_logp": np.tile(np.log([0.5, 0.95]), 8 * DEPTH),
        }  # fmt: skip
        tokens = recipe.advantages(env).reshape(-1, 2)
        gaps.append(
            np.abs(tokens[:, 0].reshape(8, 3).sum(1) - (outcome - value[:, 0])).max() + np.abs(tokens[:, 1]).max()
        )
        if tokens.std() > 0:
            ours.append(corr(tokens[:, 0], true))
        right.append(signs(tokens[:, 0], true))
    floor = {}
    for k in (9, 900):
        rng = np.random.default_rng(k)
        value = rng.binomial(k, 0.5, (4000, 2)) / k
        floor[k] = float(np.std(recipe.reward({"step_off": np.arange(4001), "step_values": value[:, 1],
                                               "start_value": value[:, 0]})))  # fmt: skip
    holds = (
        max(gaps) < 1e-9 and np.mean(ours) > np.mean(flat) + 0.1 and 0.45 < np.mean(ours) < 0.6
        and abs(floor[9] - 0.24) < 0.01 and abs(floor[900] - 0.024) < 0.001
    )  # fmt: skip
    return Outcome(
        round(float(np.mean(flat)), 2), round(float(np.mean(ours)), 2), bool(holds),
        f"correlation with the true step advantage at about 220 rollouts; right signs {np.mean(right):.2f}; standard "
        f"deviation of a segment that changes nothing {floor[9]:.2f} (9 continuations), {floor[900]:.3f} (900)",
    )  # fmt: skip
