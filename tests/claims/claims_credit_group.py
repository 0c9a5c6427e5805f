"""Checks of tournaments, selection and weights by sign; set-ups and figures of their cards."""

import numpy as np

from rubricate.credit import play
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import softmax
from rubricate.loops import Turn
from rubricate.recipes import find_recipe


def tau(rating, quality):
    """Kendall's tau of one group."""
    i, j = np.triu_indices(len(quality), 1)
    return float(np.mean(np.sign(rating[i] - rating[j]) * np.sign(quality[i] - quality[j])))


def ranked(rng, recipe, n=16, noise=0.5, kind=None):
    """Mean tau and the advantages of one recipe's tournament over random groups; the judge likes what is shown first."""
    taus, advantages = [], []
    for _ in range(120):
        quality = rng.normal(size=n)

        def judge(pairs, quality=quality):
            i, j = np.asarray(pairs).T
            margin = quality[i] - quality[j] + 0.4 + noise * rng.normal(size=len(i))  # card: position bias .4
            return np.column_stack([10 + margin, 10 - margin])

        plan = (recipe.loop if kind is None else recipe.loop.replace(kind=kind)).build(n=n, rng=rng)
        rating = recipe.judge.build(matches=play(plan, judge), n=n)
        taus.append(tau(rating, quality))
        advantages.append(recipe.advantages({"rating": rating, "group": np.zeros(n, int)}))
    return float(np.mean(taus)), np.array(advantages)


@claim("arena_rl")
def claim_arena_rl():
    recipe, rng = find_recipe("155")(), np.random.default_rng(0)
    (seeded, advantages), (random, _) = ranked(rng, recipe), ranked(rng, recipe, kind="elimination")
    squares, _ = ranked(rng, find_recipe("155")(rating="least_squares"))
    ends = (round(float(advantages.max()), 3), round(float(advantages.min()), 3))
    holds = seeded > random + 0.1 and squares > seeded and ends == (1.575, -1.575)
    return Outcome(round(random, 2), round(seeded, 2), holds, f"least squares on the same matches {squares:.2f}")


@claim("writing_zero")
def claim_writing_zero():
    recipe, rng, sums, dropped = find_recipe("33")(), np.random.default_rng(0), [], []
    for _ in range(1500):
        quality = rng.normal(size=16)

        def judge(pairs, quality=quality):
            i, j = np.asarray(pairs).T
            return np.column_stack([quality[i], quality[j]])

        rating = recipe.judge.build(matches=play(recipe.loop.build(n=16, rng=rng), judge), n=16)
        env = {"rating": rating, "group": np.zeros(16, int)}
        sums.append(recipe.reward(env).mean())
        dropped.append(recipe.select(env).dropped_groups)
    mean, error, share = np.mean(sums), np.std(sums) / np.sqrt(len(sums)), np.mean(dropped)
    holds = abs(mean) < 3 * error and abs(share - 6 / 16) < 0.05
    return Outcome(0.375, round(float(share), 3), bool(holds), f"mean advantage {mean:.3f} +- {error:.3f}")


def judged(rng, noise, right, groups=150):
    """Groups of 64: 26 % of the right answers are flawed, 30 % of the wrong ones have decent steps (card 111)."""
    outcome = rng.random((groups, 64)) < right
    flawed = outcome & (rng.random((groups, 64)) < 0.26)
    level = np.where(outcome, np.where(flawed, 0.4, 0.8), np.where(rng.random((groups, 64)) < 0.3, 0.7, 0.3))
    env = {"outcome": outcome.ravel().astype(float), "group": np.repeat(np.arange(groups), 64), "rng": rng}
    env |= {
        "step_off": np.arange(groups * 64 + 1),
        "step_scores": (level + noise * rng.normal(size=level.shape)).ravel(),
    }
    return env, flawed.ravel()


@claim("prof")
def claim_prof():
    """Flawed among the right answers kept, and share of right ones: by agreement, at random, by one joint ranking."""
    rng, flawed, balance = np.random.default_rng(0), {}, {}
    forms = {"prof": find_recipe("111")(keep=32), "joint": find_recipe("111")(keep=32, quota="top")}
    for case in ((0.05, 0.5), (0.2, 0.5), (0.4, 0.5), (0.2, 0.8)):
        env, bad = judged(rng, *case)
        blind = env | {"step_scores": np.full(len(bad), 0.5)}
        for name, recipe, seen in (*((k, r, env) for k, r in forms.items()), ("random", forms["prof"], blind)):
            kept = recipe.select(seen)
            a = recipe.credited(seen | {"selection": kept}).reshape(-1, 64)
            assert np.abs(a.sum(1)).max() < 1e-6, "the rows that are kept are centred on their own mean"
            assert not a[~kept.mask.reshape(a.shape)].any()
            flawed[name, *case] = float(bad[kept.mask & (env["outcome"] == 1)].mean())
            balance[name, *case] = float(env["outcome"][kept.mask].mean())
    card = {"prof": (0.002, 0.037, 0.122), "random": (0.27, 0.25, 0.27), "joint": (0.23, 0.22, 0.22)}
    at = {k: [flawed[k, noise, 0.5] for noise in (0.05, 0.2, 0.4)] for k in card}
    off = max(np.abs(np.array(at[k]) - v).max() for k, v in card.items())
    shares = [balance[k] for k in (("prof", 0.2, 0.5), ("joint", 0.2, 0.5), ("prof", 0.2, 0.8), ("joint", 0.2, 0.8))]
    holds = off < 0.03 and np.abs(np.array(shares) - (0.50, 0.95, 0.60, 1.0)).max() < 0.04
    return Outcome(
        round(at["random"][1], 3), round(at["prof"][1], 3), bool(holds),
        f"flawed share of kept right answers at noise .2; at .05 and .4 {at['prof'][0]:.3f} and {at['prof'][2]:.3f}, "
        f"jointly ranked {at['joint'][1]:.2f}; right ones kept {shares[0]:.2f}, jointly {shares[1]:.2f}",
    )  # fmt: skip


@claim("g2rpo")
def claim_g2rpo():
    rng, recipe, found = np.random.default_rng(0), find_recipe("112")(), {"sum": [], "ours": []}
    for _ in range(300):
        quality = rng.normal(size=12)
        rewards = (quality[:, None] + rng.normal(size=(12, 3))) * [1.0, 5.0, 0.1]
        ours = recipe.advantages({"rewards": rewards, "group": np.zeros(12, int)})
        found["sum"].append(np.corrcoef(rewards.sum(1), quality)[0, 1])
        found["ours"].append(np.corrcoef(ours, quality)[0, 1])
    plain, ours = (float(np.mean(v)) for v in found.values())
    return Outcome(round(plain, 3), round(ours, 3), ours > plain + 0.06)


@claim("morec")
def claim_morec():
    rng, recipe = np.random.default_rng(0), find_recipe("117")()
    errors = {}
    for n in (1, 8):
        state, truth = np.zeros(300), np.zeros(300)
        for _ in range(10):
            truth = 0.9 * truth + 0.1
            step = 0.9 * state[:, None] + 0.1
            outlier = rng.random((300, n)) < 0.3
            candidates = step + rng.normal(0, 0.02, (300, n)) + np.where(outlier, rng.normal(0, 1.0, (300, n)), 0.0)
            score = np.exp(-np.abs(candidates - step))  # what a discriminator fitted on real data prefers
            env = {
                "process": score.ravel(),
                "outcome": np.ones(300 * n),
                "group": np.repeat(np.arange(300), n),
                "rng": rng,
            }
            state = candidates.ravel()[recipe.select(env).mask]
        errors[n] = float(np.abs(state - truth).mean())
    return Outcome(round(errors[1], 3), round(errors[8], 3), errors[8] < errors[1] / 2)


@claim("cleaner")
def claim_cleaner():
    rng, repair = np.random.default_rng(0), find_recipe("121")().loop
    before = after = positive = 0
    for _ in range(2000):
        failed = rng.random(4) < 0.4
        mended = failed & (rng.random(4) < 0.8)
        right = (~failed | mended).all()
        for bad, good in zip(failed, mended, strict=True):
            turn = Turn("I call.", "run(1" if bad else "run(1)")
            kept = repair.build(failed=turn, corrected=Turn("Again.", "run(1)") if good else None)
            positive += right
            before += right and bad
            after += right and kept.call == "run(1"
    share = before / positive
    return Outcome(round(share, 3), after / positive, after == 0 and share > 0.2)


@claim("noisy_rewards")
def claim_noisy_rewards():
    recipe = find_recipe("135")(scale=0.0)
    ends = {}
    for p in (0.0, 0.4, 0.6):
        finals = []
        for seed in range(5):
            rng, theta = np.random.default_rng(seed), np.log([0.05] + [0.95 / 9] * 9)
            for _ in range(200):
                prob = softmax(theta)
                action = rng.choice(10, size=(16, 8), p=prob)  # 16 prompts of 8 responses
                outcome = (action == 0).astype(float)
                flip = rng.random((16, 1)) < p
                paid = np.where(flip, 1 - outcome, outcome).ravel()
                env = {"outcome": paid, "process": np.zeros(128), "group": np.repeat(np.arange(16), 8)}
                advantage = recipe.advantages(env)
                theta = theta + 0.5 * (np.bincount(action.ravel(), advantage, 10) / 128 - prob * advantage.mean())
            finals.append(softmax(theta)[0])
        ends[p] = float(np.mean(finals))
    holds = ends[0.0] > 0.95 and ends[0.4] > 0.8 and ends[0.6] < 0.05
    return Outcome(round(ends[0.0], 3), round(ends[0.4], 3), holds, f"with 60 % flipped {ends[0.6]:.3f}")


@claim("w_reinforce")
def claim_w_reinforce():
    rng = np.random.default_rng(0)
    p, right = softmax(rng.normal(size=100)), (np.arange(100) < 50).astype(float)

    def expected(positive, negative):
        a = find_recipe("161")(positive=positive, negative=negative).advantages({"outcome": right})
        return p * a - p * (p @ a)  # sum_a p_a A_a grad log p_a

    only_right, only_wrong, both = expected(1.0, 0.0), expected(0.0, 1.0), expected(0.1, 1.0)
    gap = float(np.abs(only_right - only_wrong).max())
    return Outcome(0.0, gap, gap < 1e-15 and bool(np.allclose(both, 1.1 * only_wrong)))


@claim("t1")
def claim_t1():
    """Groups with both outcomes by size and pass rate against the formula; the filter; text that is degenerate."""
    recipe, rng, share, off, spread = find_recipe("164")(), np.random.default_rng(0), {}, 0.0, []
    for size in (4, 16, 64):
        for rate in (0.02, 0.1, 0.5):
            outcome = (rng.random(2000 * size) < rate).astype(float)
            env = {"outcome": outcome, "group": np.repeat(np.arange(2000), size)}
            env |= {"format": np.ones(len(outcome), bool), "repetition": np.zeros(len(outcome))}
            a = recipe.advantages(env).reshape(2000, size)
            share[size, rate] = float((np.abs(a).max(1) > 0).mean())
            off = max(off, abs(share[size, rate] - (1 - (1 - rate) ** size - rate**size)))
            if rate == 0.1:  # two arms: the gradient of the log-probability is that of the right one's logit
                spread.append(size * float((a * (outcome.reshape(2000, size) - rate)).mean(1).var()))
    kept = recipe.select({"outcome": np.repeat([0.0, 1.0], [44, 20]), "group": np.repeat([0, 1], 32)}).mask
    bad = recipe.reward({"outcome": [1.0] * 3, "format": [1, 0, 1], "repetition": [0.0, 0.0, 0.9]}).tolist()
    holds = off < 0.03 and max(spread) / min(spread) < 2 and kept.sum() == 32 and bad == [1.0, -1.0, -1.0]
    return Outcome(
        round(share[4, 0.02], 2), round(share[64, 0.02], 2), bool(holds),
        "groups with both outcomes at a pass rate of 2 %, 4 and 64 responses; variance of the gradient x responses "
        + "/".join(f"{v:.3f}" for v in spread),
    )  # fmt: skip


@claim("rstar2_agent")
def claim_rstar2_agent():
    """Mean error share of the right rows kept, by order; wrong rows keep theirs; quotas of all splits of 32."""
    rng, groups = np.random.default_rng(0), 300
    outcome, error = rng.random((groups, 32)) < 0.5, np.sort(rng.beta(1, 3, (groups, 32)), axis=1)
    n = groups * 32
    env = {
        "outcome": outcome.ravel().astype(float), "group": np.repeat(np.arange(groups), 32), "rng": rng,
        "turn_valid": 1 - error.ravel(), "turn_off": np.arange(n + 1), "called": np.ones(n, bool),
        "format": np.ones(n, bool), "answers": np.ones(n),
    }  # fmt: skip
    share, moved = {}, 0.0
    for order in ("random", "weighted", "best"):
        kept = find_recipe("175")(keep=16, order=order).select(env).mask.reshape(groups, 32)
        share[order] = float(error[kept & outcome].mean())
        moved = max(moved, abs(error[kept & ~outcome].mean() - error[~outcome].mean()))
    first = ~outcome & (np.cumsum(~outcome, axis=1) <= 8)  # the control: rows are sorted, and the first ones are taken
    control = abs(error[first].mean() - error[~outcome].mean())
    split = np.repeat(np.arange(33), 32) > np.tile(np.arange(32), 33)
    quota = {k: v[: 33 * 32] for k, v in env.items() if k not in ("rng", "turn_off")}
    quota |= {"outcome": split.astype(float), "turn_off": np.arange(33 * 32 + 1), "rng": rng}
    kept = find_recipe("175")(keep=16).select(quota).mask.reshape(33, 32)
    right = (kept & split.reshape(33, 32)).sum(1)
    least = (right[2:31] >= 2).all() and (kept.sum(1) - right)[2:31].min() >= 2
    holds = (
        np.abs(np.array([*share.values()]) - (0.244, 0.163, 0.102)).max() < 0.02 and moved < 0.015 and control > 0.05
        and (kept.sum(1) == 16).all() and least
    )  # fmt: skip
    return Outcome(
        round(share["random"], 3), round(share["weighted"], 3), bool(holds),
        f"mean error share of kept right rows, at random and by inverse penalty; lowest first {share['best']:.3f}; "
        f"wrong rows move by {moved:.3f}, first in order by {control:.3f}",
    )  # fmt: skip
