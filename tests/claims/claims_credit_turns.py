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
        round(float(single), 2), round(float(both[0]), 2), bool(close and both[0] > single + 0.05 and abs(alone[3] - only) < 1e-12),
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


@claim("dense_grpo", expect="departs")
def claim_dense_grpo():
    """24 drafts of 10 steps: telescoping; a constant completion gives the sparse reward; a noisy one less than it."""
    rows, turns = 24, 10
    recipe, gap, sparse, clean, noisy, worse, dead = recipes.dense_grpo(), [], [], [], [], [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        for _ in range(20):
            gain = rng.standard_normal((rows, turns))
            state = gain.cumsum(1)

            def env(shown):
                return {
                    "group": np.zeros(rows, int), "turn_off": offsets(rows, turns), "start_state": np.zeros(rows),
                    "turn_state": shown.ravel(),
                }  # fmt: skip

            def completed(noise, state=state, rng=rng):
                shown = state + noise * rng.standard_normal(state.shape)
                shown[:, -1] = state[:, -1]  # the last draft is complete
                return shown

            reward = recipe.reward(env(completed(1.0))).reshape(rows, turns)
            gap.append(np.abs(reward.sum(1) - state[:, -1]).max())
            constant = np.where(np.arange(turns) < turns - 1, 0.0, state)
            flat = recipe.reward(env(constant)).reshape(rows, turns)
            dead.append(np.abs(flat[:, :-1]).max() + np.abs(flat[:, -1] - state[:, -1]).max())
            outcome = np.repeat(z_score(state[:, -1], "batch"), turns)
            sparse.append(corr(outcome, gain))
            clean.append(corr(recipe.advantages(env(completed(0.1))), gain))
            noisy.append(corr(recipe.advantages(env(completed(2.0))), gain))
            worse.append(corr(recipe.advantages(env(completed(3.0))), gain))
    holds = max(gap) < 1e-9 and max(dead) < 1e-9 and np.mean(clean) > 0.9 and np.mean(noisy) < np.mean(sparse)
    return Outcome(
        round(float(np.mean(sparse)), 3), round(float(np.mean(clean)), 3), bool(holds),
        "correlation of credit with the gain of the step, sparse and by good completions; by completions with noise of "
        f"twice the gain {np.mean(noisy):.3f}, of three times {np.mean(worse):.3f}",
    )  # fmt: skip


@claim("oprl")
def claim_oprl():
    """Six steps of four actions, success above the median return: pair loss on sums, then the reward of each step."""
    steps, kinds, rows, beta = 6, 4, 400, 0.05
    at = np.arange(steps)

    def learned(seed, shuffled):
        rng = np.random.default_rng(seed)
        true = rng.standard_normal((steps, kinds))
        action = rng.integers(0, kinds, (rows, steps))
        total = true[at, action].sum(1)
        right = total > np.median(total)
        if shuffled:
            right = rng.permutation(right)
        good, bad = (rng.permutation(np.flatnonzero(k))[: rows // 2] for k in (right, ~right))
        theta = np.zeros((steps, kinds))
        seen = [np.eye(kinds)[action[k]] for k in (good, bad)]
        for _ in range(400):
            logp = theta - np.log(np.exp(theta).sum(1, keepdims=True))
            margin = beta * np.einsum("nta,ta->n", seen[0] - seen[1], logp)
            pull = beta / (1 + np.exp(margin))
            theta += 2.0 * np.einsum("n,nta->ta", pull, seen[0] - seen[1])
        logp = theta - np.log(np.exp(theta).sum(1, keepdims=True))
        tokens = np.arange(steps * kinds + 1)
        env = {
            "token_logp": logp.ravel(), "token_logp_ref": np.full(steps * kinds, -np.log(kinds)),
            "token_mask": np.ones(steps * kinds, bool), "turn_tokens": tokens,
        }  # fmt: skip
        reward = recipes.oprl().reward(env)
        bound = np.abs(reward).max() <= beta * max(np.log(kinds), -logp.min()) + 1e-12
        return corr(reward, true - true.mean(1, keepdims=True)), bound

    ours, control = ([learned(s, shuffled) for s in SEEDS] for shuffled in (False, True))
    found, chance = [c for c, _ in ours], float(np.mean([abs(c) for c, _ in control]))
    holds = min(found) > 0.7 and np.mean(found) > 0.85 and chance < 0.3 and all(b for _, b in ours)
    return Outcome(
        round(chance, 2), round(float(np.mean(found)), 2), bool(holds),
        "correlation of the learned with the true step reward, with shuffled outcomes and with real ones; by seed "
        + "/".join(f"{c:.2f}" for c in found),
    )  # fmt: skip


STATES, HORIZON, DISCOUNT = 5, 12, 0.9
PHI = np.arange(STATES) / (STATES - 1)


def transitions():
    """All moves of the chain twice: as a middle step (a second one follows), and as the last of their row."""
    start, end = (x.ravel() for x in np.meshgrid(np.arange(STATES - 1), np.arange(STATES), indexing="ij"))
    rows = len(start)
    size = np.repeat([2, 1], rows)
    off = np.concatenate([[0], np.cumsum(size)])
    before = np.concatenate([np.stack([start, end], 1).ravel(), start])
    after = np.concatenate([np.stack([end, end], 1).ravel(), end])
    change = PHI[after] - PHI[before]
    room = np.where(change >= 0, 1 - PHI[before], PHI[before])
    env = {
        "turn_off": off, "start_state": np.tile(PHI[start], 2), "turn_state": PHI[after], "turn_forward": PHI[after],
        "turn_backward": PHI[after], "turn_hop": np.divide(change, room, out=np.zeros(len(room)), where=room > 0),
        "outcome": np.tile((end == STATES - 1).astype(float), 2),
    }  # fmt: skip
    return env, off[:-1]


def best_policy(middle, last):
    """Value iteration on a chain where a step forward slips back with .4: whether to step, per time and state."""
    value, policy = np.zeros((HORIZON + 1, STATES)), np.zeros((HORIZON, STATES - 1), int)
    for t in range(HORIZON - 1, -1, -1):
        for s in range(STATES - 1):
            worth = []
            for moves in (((1.0, s),), ((0.6, s + 1), (0.4, max(s - 1, 0)))):
                total = 0.0
                for p, to in moves:
                    done = to == STATES - 1 or t == HORIZON - 1
                    total += p * (last[s, to] if done else middle[s, to] + DISCOUNT * value[t + 1, to])
                worth.append(total)
            policy[t, s], value[t, s] = int(worth[1] > worth[0] + 1e-12), max(worth)
    return policy


def mismatches(recipe):
    """Cells of time and state where the recipe's rewards make another move best than the bare goal does."""
    env, first = transitions()
    paid = np.asarray(recipe.reward(env))[first].reshape(2, STATES - 1, STATES)
    goal = np.tile((np.arange(STATES) == STATES - 1).astype(float), (STATES - 1, 1))
    middle = np.where(goal > 0, 0.0, paid[0])  # the goal ends the row
    return int((best_policy(middle, paid[1]) != best_policy(0 * goal, goal)).sum())


@claim("robo_dopamine")
def claim_robo_dopamine():
    """Policies that shaping changes, by its form; then one of three estimates corrupted at a tenth of the steps."""
    forms = {
        "terminal 0": recipes.robo_dopamine(gamma=DISCOUNT),
        "terminal left in": recipes.robo_dopamine(gamma=DISCOUNT, terminal="keep"),
        "difference": recipes.robo_dopamine(gamma=1.0, terminal="keep"),
    }
    found = {name: mismatches(r) for name, r in forms.items()}
    errors = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        rows, turns = 200, 10
        state = np.sort(rng.random((rows, turns)), 1)
        before = np.column_stack([np.zeros(rows), state[:, :-1]])
        forward, backward = (state + 0.02 * rng.standard_normal(state.shape) for _ in range(2))
        backward = np.where(rng.random(state.shape) < 0.1, rng.random(state.shape), backward)
        env = {
            "turn_off": offsets(rows, turns), "start_state": np.zeros(rows),
            "turn_hop": ((state - before) / (1 - before)).ravel(), "turn_forward": forward.ravel(),
            "turn_backward": backward.ravel(),
        }  # fmt: skip
        errors.append([np.sqrt(np.mean((fused(a)(env) - state.ravel()) ** 2)) for a in (0.0, 0.3, 3.0)])
    plain, ours, frozen = np.mean(errors, axis=0)
    holds = found == {"terminal 0": 0, "terminal left in": 6, "difference": 6} and all(b < a for a, b, _ in errors)
    return Outcome(
        found["terminal left in"], found["terminal 0"], bool(holds),
        f"changed best moves of 48, terminal potential left in and 0 (plain difference {found['difference']}); error of "
        f"the fused estimate {plain:.3f} without trust, {ours:.3f} with, {frozen:.3f} at alpha 3",
    )  # fmt: skip


def fused(alpha):
    """The estimate inside the recipe."""
    goal = dict(recipes.robo_dopamine(alpha=alpha).reward.settings)["terms"][0]
    return dict(goal.settings)["condition"]


@claim("dense_rewards")
def claim_dense_rewards():
    """The shaping test of card 125 on the composition, against a judged state paid as a level."""
    ours = mismatches(recipes.dense_rewards(gamma=DISCOUNT))
    goal = np.tile((np.arange(STATES) == STATES - 1).astype(float), (STATES - 1, 1))
    level = np.tile(PHI, (STATES - 1, 1))
    paid = int((best_policy(level, goal + level) != best_policy(0 * goal, goal)).sum())
    return Outcome(paid, ours, bool(ours == 0 and paid >= 10), "changed best moves of 48: state as a level, potential")
