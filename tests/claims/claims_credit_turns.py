"""Checks of rubricate.recipes.credit_turns; figures and thresholds are those of the cards unless a line says ours."""

import numpy as np

from rubricate.credit import z_score
from rubricate.lab.claims import Outcome, claim
from rubricate.recipes import credit_turns as recipes

SEEDS = range(5)


def offsets(n, size):
    return np.arange(0, n * size + 1, size)


def corr(a, b):
    return float(np.corrcoef(np.ravel(a), np.ravel(b))[0, 1])


@claim("mapo")
def claim_mapo():
    """16 rollouts of 8 turns, quality plus a falling trend: what the advantage knows of quality, and of the trend."""
    rows, turns = 16, 8

    def measure(recipe, seed):
        rng, found = np.random.default_rng(seed), []
        for _ in range(40):
            quality = rng.standard_normal((rows, turns))
            state = (quality + np.linspace(2, -2, turns)).cumsum(1)
            env = {
                "group": np.zeros(rows, int), "turn_off": offsets(rows, turns),
                "turn_state": state.ravel(), "start_state": np.zeros(rows),
            }  # fmt: skip
            a = recipe.advantages(env).reshape(rows, turns)
            found.append((corr(a, quality), np.abs(a.mean(0)).max()))
        return np.mean(found, axis=0)

    means = {
        name: np.mean([measure(recipes.mapo(alpha=a), s) for s in SEEDS], axis=0)
        for name, a in (("all turns", 0.0), ("equal turns", 1.0), ("both", 0.5))
    }
    both, single = means["both"], max(means["all turns"][0], means["equal turns"][0])
    card = {"all turns": (0.60, 1.30), "equal turns": (0.53, 0.0), "both": (0.69, 0.64)}
    close = all(np.abs(means[n] - card[n]).max() < 0.05 for n in card)
    alone = recipes.mapo().advantages(
        {"group": np.zeros(3, int), "turn_off": np.array([0, 1, 2, 4]),
         "turn_state": np.array([0.1, 0.2, 0.3, 0.9]), "start_state": np.zeros(3)}
    )  # fmt: skip
    only = z_score([0.1, 0.2, 0.3, 0.6], "batch", ddof=0, eps=1e-8)[3]
    return Outcome(
        round(single, 2), round(float(both[0]), 2), bool(close and both[0] > single + 0.05 and alone[3] == only),
        f"correlation with the quality of the turn; trend left in per turn index: {means['all turns'][1]:.2f} over all "
        f"turns, {means['equal turns'][1]:.2f} by turn, {both[1]:.2f} mixed",
    )  # fmt: skip


def critiqued(flags, outcome):
    """Rows of one step of one token each."""
    n = len(flags)
    return {
        "group": np.zeros(n, int), "outcome": outcome, "step_flags": np.asarray(flags, float),
        "step_off": np.arange(n + 1), "step_tokens": np.arange(n + 1),
    }  # fmt: skip


@claim("capo")
def claim_capo():
    """Critiques that blame falsely and miss at .2: what the vote flags; who beats whom; critiques that err together."""
    rng, n = np.random.default_rng(0), 20000

    def flagged(rule, votes, wrong, together=False):
        draws = np.repeat(rng.random((n, 1)), votes, 1) if together else rng.random((n, votes))
        env = critiqued(draws < (0.8 if wrong else 0.2), np.ones(n))
        return float((2.0 - recipes.capo(rule=rule).reward(env)).mean())

    card = {
        ("all", 1): (0.20, 0.80), ("all", 4): (0.0015, 0.41), ("majority", 4): (0.028, 0.82), ("all", 8): (0.0, 0.17),
        ("majority", 8): (0.010, 0.95),
    }  # fmt: skip
    found = {k: (flagged(*k, wrong=False), flagged(*k, wrong=True)) for k in card}
    close = all(np.abs(np.subtract(found[k], card[k])).max() < 0.015 for k in card)
    copies = [flagged(rule, 4, wrong, together=True) for rule in ("all", "majority") for wrong in (False, True)]
    close &= np.abs(np.subtract(copies, (0.2, 0.8, 0.2, 0.8))).max() < 0.015
    env = critiqued(np.repeat([[1], [0]], 4, 1).astype(float), np.array([1.0, 0.0]))  # right and bad, wrong and good
    wins = {p: float(np.subtract(*recipes.capo(penalty=p).advantages(env))) for p in (1.0, 2.0, 2.5)}
    return Outcome(
        found["all", 1][0], found["all", 4][0], bool(close and wins[1.0] > 0 and wins[2.0] == 0 and wins[2.5] < 0),
        "good steps blamed, by one critique and by four that all agree; wrong steps found "
        f"{found['all', 1][1]:.2f} and {found['all', 4][1]:.2f}, by a majority of eight {found['majority', 8][1]:.2f}",
    )  # fmt: skip


@claim("empg")
def claim_empg():
    """Random entropies: mean weight, who gains and who loses, steps of failed rollouts that end above 0."""
    weights, gain, loss, odd, error = [], [], [], [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        rows, turns = 32, 6
        env = {
            "group": np.repeat(np.arange(4), 8), "outcome": (rng.random(rows) < 0.5).astype(float),
            "turn_off": offsets(rows, turns), "turn_tokens": np.arange(rows * turns + 1),
            "token_entropy": rng.gamma(2.0, 0.5, rows * turns), "token_mask": np.ones(rows * turns, bool),
        }  # fmt: skip
        ours, plain = recipes.empg().advantages(env), recipes.empg(k=0.0, zeta=0.0).advantages(env)
        shaped = recipes.empg(zeta=0.0).advantages(env)
        size, usual = np.abs(shaped), np.abs(plain)
        wrong = np.repeat(env["outcome"] == 0, turns) & (plain < 0)
        order = env["token_entropy"]
        sure, unsure = order < np.quantile(order, 0.25), order > np.quantile(order, 0.75)
        gain.append(size[wrong & sure].mean() / usual[wrong & sure].mean())
        loss.append(size[wrong & unsure].mean() / usual[wrong & unsure].mean())
        odd.append((ours[wrong] > 0).mean())
        scaled = dict(recipes.empg().credit.settings)["advantage"]
        g = dict(scaled.settings)["terms"][1](env)
        weights.append(abs(g.mean() - 1.0))
        p = rng.dirichlet(np.ones(30), size=200)
        square = (p**2).sum(1, keepdims=True)
        error.append(np.abs((p * (1 - 2 * p + square)).sum(1) - (1 - square[:, 0])).max())
    holds = max(weights) < 1e-12 and min(gain) > 1.1 and max(loss) < 0.9 and np.mean(odd) < 0.05
    return Outcome(
        1.0, round(float(np.mean(gain)), 2), bool(holds and max(error) < 1e-12),
        f"size of the advantage of confident wrong steps against plain GRPO; of uncertain ones {np.mean(loss):.2f}; "
        f"failed steps above 0: {np.mean(odd):.1%}",
    )  # fmt: skip


@claim("prorag")
def claim_prorag():
    """Random steps, a tenth of them badly formed: token-level z-scores, and what their variance is made of."""
    error, share, found, apart = [], [], [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        rows, steps = 32, 8
        length = rng.integers(5, 200, rows * steps)
        quality = 1 / (1 + np.exp(-rng.standard_normal(rows * steps)))
        valid = rng.random(rows * steps) >= 0.1
        env = {
            "group": np.repeat(np.arange(4), 8), "answer_f1": rng.random(rows), "format": np.ones(rows, bool),
            "step_off": offsets(rows, steps), "step_scores": quality, "step_valid": valid,
            "step_tokens": np.concatenate([[0], np.cumsum(length)]),
        }  # fmt: skip
        recipe = recipes.prorag()
        ours = (recipe.advantages(env) - recipes.prorag(beta=0.0).advantages(env)) / 0.3
        group = np.repeat(env["group"], steps)
        raw = quality + np.where(valid, 1.0, -2.0)
        token = z_score(np.repeat(raw, length), np.repeat(group, length))
        error.append(np.abs(np.repeat(ours, length) - token).max())
        share.append(np.var(np.where(valid, 1.0, -2.0)) / np.var(raw))
        both = z_score(quality, group, row_weights=length) + z_score(valid.astype(float), group, row_weights=length)
        found.append(corr(ours, quality))
        apart.append(corr(both, quality))
    holds = max(error) < 1e-9 and np.mean(share) > 0.9 and min(np.subtract(apart, found)) > 0.2
    return Outcome(
        round(float(np.mean(found)), 2), round(float(np.mean(apart)), 2), bool(holds),
        "correlation of the step advantage with quality, as published and with format and quality standardised apart; "
        f"format makes {np.mean(share):.0%} of the variance of the step reward",
    )  # fmt: skip
