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
    """Mean tau and the advantages of one recipe's tournament over random groups; both orders, so no position bias."""
    taus, advantages = [], []
    for _ in range(120):
        quality = rng.normal(size=n)

        def judge(pairs, quality=quality):
            i, j = np.asarray(pairs).T
            margin = quality[i] - quality[j] + noise * rng.normal(size=(2, len(i))).mean(0)
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


@claim("prof")
def claim_prof():
    rng, recipe = np.random.default_rng(0), find_recipe("111")(keep=32)
    flawed, balance, joint = [], [], []
    for _ in range(100):
        outcome = np.repeat([1.0, 0.0], 32)
        bad = np.where(outcome == 1, rng.random(64) < 0.26, rng.random(64) > 0.30)
        process = np.clip(np.where(bad, 0.35, 0.85) + rng.normal(0, 0.2, 64), 0, 1)
        env = {
            "outcome": outcome,
            "group": np.zeros(64, int),
            "rng": rng,
            "step_scores": process,
            "step_off": np.arange(65),
        }
        kept = recipe.select(env).mask
        flawed.append(bad[kept & (outcome == 1)].mean())
        balance.append(outcome[kept].mean())
        joint.append(bad[(outcome == 1)].mean())
    before, after = float(np.mean(joint)), float(np.mean(flawed))
    holds = after < 0.08 and before > 0.2 and abs(np.mean(balance) - 0.5) < 0.02
    return Outcome(
        round(before, 3), round(after, 3), bool(holds), f"share of right answers kept {np.mean(balance):.2f}"
    )


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
    recipe, rng = find_recipe("164")(), np.random.default_rng(0)
    shares = {k: 1 - 0.98**k - 0.02**k for k in (4, 16, 64)}
    drawn = {}
    for k in shares:
        outcome, group = (rng.random(3000 * k) < 0.02).astype(float), np.repeat(np.arange(3000), k)
        advantage = recipe.credit({"outcome": outcome, "group": group})
        drawn[k] = float((np.abs(advantage).reshape(3000, k).max(1) > 0).mean())
    env = {"outcome": np.repeat([0.0, 1.0, 1.0], [16, 4, 12]), "group": np.repeat([0, 1], 16)}
    kept = recipe.select(env).mask
    holds = all(abs(drawn[k] - shares[k]) < 0.03 for k in shares) and not kept[16:].any()
    return Outcome(round(drawn[4], 2), round(drawn[64], 2), bool(holds), f"16 responses: {drawn[16]:.2f}")


@claim("rstar2_agent")
def claim_rstar2_agent():
    rng, shares = np.random.default_rng(0), {"random": [], "weighted": [], "best": []}
    for _ in range(150):
        outcome = (rng.random(32) < 0.5).astype(float)
        penalty = rng.beta(1, 3, 32)
        env = {"outcome": outcome, "repetition": penalty, "group": np.zeros(32, int), "rng": rng}
        for order, found in shares.items():
            kept = find_recipe("175")(keep=16, order=order).select(env).mask
            assert kept.sum() == 16
            found.append(penalty[kept & (outcome == 1)].mean())
    random, weighted, best = (float(np.mean(v)) for v in shares.values())
    return Outcome(round(random, 3), round(weighted, 3), best < weighted < random - 0.05, f"lowest first {best:.3f}")
