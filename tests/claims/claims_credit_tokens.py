"""Checks of rubricate.recipes.credit_tokens; figures and thresholds are those of the cards unless a line says ours."""

import numpy as np

from rubricate.credit import backup, difference, edge, grpo
from rubricate.lab import Settings, Slots, learn
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.environment import draw
from rubricate.lab.worlds import softmax
from rubricate.recipes import credit_tokens as recipes

SEEDS = range(5)


def auc(score, positive):
    order = np.argsort(score, kind="stable")
    rank = np.empty(len(score))
    rank[order] = np.arange(len(score))
    n = positive.sum()
    return float((rank[positive].sum() - n * (n - 1) / 2) / (n * (len(score) - n)))


@claim("entropy_exchange", expect="departs")
def claim_entropy_exchange():
    """Signs and mean weights; then updates until .9 where only late, or only early, positions of ten matter."""
    sound, weight = True, []
    for seed in SEEDS:
        env = draw(np.random.default_rng(seed))
        make, first = recipes.entropy_exchange, env["token_off"][:-1]
        plain, both = (make(alpha=a, gamma=g).advantages(env) for a, g in ((0.0, 0.0), (0.01, 0.1)))
        perplexed, placed = (make(alpha=a, gamma=g).advantages(env) for a, g in ((0.01, 0.0), (0.0, 0.1)))
        sound &= bool((np.sign(both) == np.sign(plain)).all())
        by_row = perplexed[first] / plain[first]
        weight.append((by_row.mean(), np.abs(placed).mean() / np.abs(plain).mean()))
    shares = np.mean(weight, axis=0)
    steps = {}
    for place, works in (("late", (0,) * 5 + (1,) * 5), ("early", (1,) * 5 + (0,) * 5)):
        for gamma in (0.0, 0.1):
            recipe, world = recipes.entropy_exchange(gamma=gamma), Slots(start=(0.5,) * 10, works=works)
            found = []
            for rate in (0.15, 0.3, 1.0):
                s = Settings(steps=int(20 / rate), prompts=8, group_size=8, rate=rate)
                found.append(np.mean([learn(world, recipe, s, seed=k).first_above(0.9) + 1 for k in SEEDS]))
            steps[place, gamma] = np.array(found)
    late, early = (steps[p, 0.1] / steps[p, 0.0] for p in ("late", "early"))
    holds = sound and abs(shares[0] - 1) < 0.01 and shares[1] > 1 and late.min() < 0.8 and early.max() > 1.0
    return Outcome(
        round(float(steps["late", 0.0][1]), 1), round(float(steps["late", 0.1][1]), 1), bool(holds),
        f"updates until .9 at rate .3; by rate, late positions {'/'.join(f'{x:.2f}' for x in late)} of plain, early "
        f"{'/'.join(f'{x:.2f}' for x in early)}; signs kept; mean weight by perplexity {shares[0]:.3f}, by position "
        f"{shares[1]:.3f}",
    )  # fmt: skip


@claim("rlfr")
def claim_rlfr():
    """Deviation of shifted from good latents; signs of the advantages after a random and an extreme token signal."""
    kept, found = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        env = draw(rng)
        tokens = len(env["token_logp"])
        good = rng.random(tokens) < 0.5
        latent = rng.standard_normal((tokens, 8)) + np.where(good, 0.0, 1.5)[:, None]
        sample = rng.standard_normal((500, 8))
        away = latent - sample.mean(0)
        env["token_deviation"] = np.einsum("ni,ij,nj->n", away, np.linalg.inv(np.cov(sample.T)), away)
        plain = recipes.rlfr(weight=0.0).advantages(env)
        found.append(auc(recipes.rlfr(threshold=0.0).advantages(env) - plain, good))
        live = plain != 0
        for signal in (env["token_deviation"], rng.standard_cauchy(tokens)):
            ours = recipes.rlfr().advantages({**env, "token_deviation": signal})
            kept.append(np.mean(np.sign(ours[live]) == np.sign(plain[live])))
    return Outcome(
        0.95, round(float(min(kept)), 3), bool(min(kept) >= 0.95 and min(found) > 0.9),
        f"least share of signs kept; good against shifted latents AUC {np.mean(found):.2f}",
    )  # fmt: skip


def tree_env(policy, depth):
    """Every prefix of every path as a row of tokens: log-probabilities given the prefix, under policy and uniform."""
    paths, logp = np.arange(len(policy)), []
    for t in range(depth):
        mass = [np.bincount(paths >> (depth - k), policy)[paths >> (depth - k)] for k in (t, t + 1)]
        logp.append(np.log(mass[1] / mass[0]))
    table = np.stack(logp, 1)
    rows = np.concatenate([table[:, :t].ravel() for t in range(1, depth + 1)])
    size = np.repeat(np.arange(1, depth + 1), len(policy))
    return {
        "token_logp": rows, "token_logp_ref": np.full(len(rows), -np.log(2)), "step_tokens": np.arange(len(rows) + 1),
        "step_off": np.concatenate([[0], np.cumsum(size)]),
    }  # fmt: skip


@claim("implicit_prm")
def claim_implicit_prm():
    """A binary tree of depth 5 with a uniform reference: the soft expectation at all prefixes; limits of the CE loss."""
    depth, beta, rng = 5, 0.5, np.random.default_rng(0)
    n = 2**depth
    leaf = (np.arange(n)[:, None] >> np.arange(depth - 1, -1, -1)) & 1
    reward = leaf @ np.array([1.2, -0.3, 0.8, 0.1, -1.0]) + 0.3 * rng.standard_normal(n)
    whole = recipes.implicit_prm(beta=beta, op="sum")
    q = whole.reward(tree_env(softmax(reward / beta), depth)).reshape(depth, n)
    soft = np.exp(reward / beta)
    error = 0.0
    for t in range(1, depth + 1):
        prefix = np.arange(n) >> (depth - t)
        mean = np.bincount(prefix, soft) / np.bincount(prefix)
        error = max(error, np.abs(q[t - 1] - beta * np.log(mean[prefix] / soft.mean())).max())
    least = recipes.implicit_prm(beta=beta).reward(tree_env(softmax(reward / beta), depth)).reshape(depth, n)[-1]
    by_step = np.diff(np.vstack([np.zeros(n), q]), axis=0).min(0)
    found = []
    for base in (-1.0, 0.0, 2.0):
        label = 1 / (1 + np.exp(-(reward - reward.mean() + base)))
        theta = np.zeros(n)
        for _ in range(8000):
            p = softmax(theta)
            pull = (1 / (1 + np.exp(-beta * np.log(p * n))) - label) * beta / n
            theta -= 20 * (pull - p * pull.sum())
        score = whole.reward(tree_env(softmax(theta), depth)).reshape(depth, n)[-1]
        found.append((label.mean(), (1 / (1 + np.exp(-score))).mean(), np.corrcoef(score, reward)[0, 1]))
    card = [(0.30, 0.31, 0.99), (0.50, 0.43, 0.98), (0.85, 0.50, 0.91)]
    holds = error < 1e-12 and np.allclose(least, by_step) and np.abs(np.subtract(found, card)).max() < 0.03
    return Outcome(
        round(float(found[2][0]), 2), round(float(found[2][1]), 2), bool(holds),
        f"mean label and mean fitted probability on an easy prompt; soft expectation exact to {error:.0e}; correlation "
        f"with the true reward from hard to easy {'/'.join(f'{c:.2f}' for _, _, c in found)}",
    )  # fmt: skip


@claim("hrm")
def claim_hrm():
    """40 % clean, 30 % self-corrected, 30 % uncorrected solutions of six steps: which score finds the right ones."""
    n, steps = 4000, 6
    found = {}
    for noise in (0.1, 0.3):
        rows = []
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            kind, at = rng.choice(3, n, p=[0.4, 0.3, 0.3]), rng.integers(0, steps - 1, n)
            bad, mended = np.flatnonzero(kind > 0), np.flatnonzero(kind == 2)
            single, pair = np.full((n, steps), 0.9), np.full((n, steps), 0.9)
            single[bad, at[bad]] = 0.2
            pair[mended, at[mended]] = 0.2  # not corrected by the next step
            after = bad[at[bad] > 0]
            pair[after, at[after] - 1] = 0.2  # the wrong step comes second
            single += noise * rng.standard_normal(single.shape)
            pair += noise * rng.standard_normal(pair.shape)
            pair[:, -1] = single[:, -1]
            env = {
                "step_off": np.arange(0, n * steps + 1, steps), "step_scores": single.ravel(),
                "pair_scores": pair.ravel(),
            }  # fmt: skip
            scores = (single.min(1), single.mean(1), single[:, -1], pair[:, :-1].min(1), recipes.hrm().reward(env))
            rows.append([auc(s, kind != 2) for s in scores])
        found[noise] = np.mean(rows, axis=0)
    card = {0.1: (0.79, 0.77, 0.49, 0.88, 1.00), 0.3: (0.70, 0.64, 0.49, 0.83, 0.86)}
    close = max(np.abs(found[k] - card[k]).max() for k in card) < 0.03
    return Outcome(
        round(float(found[0.1][0]), 2), round(float(found[0.1][-1]), 2), bool(close),
        f"AUC for a right answer, least step score and ours, at noise .1; at .3 {found[0.3][0]:.2f} and "
        f"{found[0.3][-1]:.2f}",
    )  # fmt: skip


GOOD, SUCCESS = 0.75, np.array([0.9, 0.4, 0.05, 0.0])


def true_value(mistakes, left):
    """Chance of success of three-step solutions after some steps, with ``left`` to go."""
    if left == 0:
        return SUCCESS[np.minimum(mistakes, 3)]
    return GOOD * true_value(mistakes, left - 1) + (1 - GOOD) * true_value(mistakes + 1, left - 1)


def solutions(rng, shape):
    """Steps taken well, mistakes before and after each, and the true advantage of each."""
    good = rng.random((*shape, 3)) < GOOD
    after = (~good).cumsum(-1)
    before = after - ~good
    true = [true_value(after[..., t], 2 - t) - true_value(before[..., t], 3 - t) for t in range(3)]
    return after, np.stack(true, -1)


def flat(rng):
    """216 solutions, the group advantage on each step."""
    after, true = solutions(rng, (216,))
    right = (rng.random(216) < SUCCESS[after[:, -1]]).astype(float)
    return np.repeat(grpo(right, np.zeros(216, int)), 3), true.ravel()


def branched(rng):
    """A tree of six branches and three levels with 216 leaves: edges of mean values."""
    mistakes, parent, true, first = np.zeros(1, int), [np.array([-1])], [np.zeros(1)], 0
    for level in range(3):
        up = np.repeat(np.arange(len(mistakes)), 6)
        old, new = mistakes[up], mistakes[up] + (rng.random(len(up)) >= GOOD)
        parent.append(first + up)
        true.append(true_value(new, 2 - level) - true_value(old, 3 - level))
        first, mistakes = first + len(mistakes), new
    leaf = np.full(sum(map(len, parent)), np.nan)
    leaf[-216:] = rng.random(216) < SUCCESS[np.minimum(mistakes, 3)]
    nodes = np.concatenate(parent)
    return edge(backup(leaf, nodes), nodes)[1:], np.concatenate(true)[1:]


def resampled(rng):
    """8 solutions, 9 continuations from each prefix: differences of values."""
    after, true = solutions(rng, (8,))
    before = np.concatenate([np.zeros((8, 1), int), after], 1)
    value = np.empty((8, 4))
    for t in range(4):
        tries = 9 if t < 3 else 1
        total = before[:, t, None] + (rng.random((8, tries, 3 - t)) >= GOOD).sum(-1)
        value[:, t] = (rng.random((8, tries)) < SUCCESS[np.minimum(total, 3)]).mean(1)
    return difference(value[:, 1:].ravel(), np.arange(0, 25, 3), value[:, 0]), true.ravel()


@claim("credit_survey")
def claim_credit_survey():
    """Hidden mistakes decide success: oracle, resampled prefixes, tree and flat group at about 220 rollouts each."""
    measure, found = recipes.credit_survey().audit, {}

    def told(credit, true):
        return measure({"credit": credit, "importance": true}).sign_accuracy

    makers = {"flat": flat, "tree": branched, "resampled": resampled}
    for name, make in makers.items():
        data = [make(np.random.default_rng(seed)) for seed in range(60)]
        found[name] = np.mean([told(*d) for d in data])
    data = [branched(np.random.default_rng(seed)) for seed in range(60)]
    found["oracle"] = np.mean([told(true, true) for _, true in data])
    rng = np.random.default_rng(0)
    found["shuffled"] = np.mean([told(rng.permutation(c), true) for c, true in data])
    card = {"flat": 0.68, "tree": 0.71, "resampled": 0.76}
    close = all(abs(found[k] - v) < 0.03 for k, v in card.items()) and abs(found["shuffled"] - 0.5) < 0.1
    order = found["oracle"] > found["resampled"] > found["tree"] > found["flat"] > found["shuffled"]
    return Outcome(
        round(float(found["flat"]), 2), round(float(found["resampled"]), 2), bool(close and order),
        f"share of signs right, flat group and resampled prefixes; tree {found['tree']:.2f}, oracle "
        f"{found['oracle']:.2f}, shuffled {found['shuffled']:.2f}",
    )  # fmt: skip
