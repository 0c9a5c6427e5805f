"""Checks of rubricate.recipes.credit_group; figures and thresholds are those of the cards unless a line says ours."""

import numpy as np

from rubricate.credit import tournament
from rubricate.lab import Settings, learn
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import Bandit, softmax
from rubricate.loops import Turn
from rubricate.recipes import credit_group as recipes
from rubricate.recipes.credit_baselines import rloo

SEEDS = range(5)


def rowwise_corr(a, b):
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    norm = np.sqrt((a * a).sum(1) * (b * b).sum(1))
    return float(np.divide((a * b).sum(1), norm, out=np.zeros(len(a)), where=norm > 0).mean())


def tau(a, b):
    """Mean Kendall correlation over rows; ties count 0."""
    i, j = np.triu_indices(a.shape[1], 1)
    return float((np.sign(a[:, i] - a[:, j]) * np.sign(b[:, i] - b[:, j])).mean())


def duelling(quality, noise, rng, bias=0.4, orders=2):
    """Groups of entrants judged on the margin; ``bias`` for whoever is shown first, one judgement per order."""
    groups, n = quality.shape
    lower = np.triu(np.ones((n, n)), 1)
    gap = (quality[:, :, None] - quality[:, None, :])[..., None]
    shown = bias * np.array([1.0, -1.0])[:orders]
    off = (shown + noise * rng.standard_normal((groups, n, n, orders))) * lower[None, :, :, None]
    duels = 5 + (gap + off - off.swapaxes(1, 2)) / 2
    return {"duels": duels.reshape(groups * n, n, orders), "group": np.repeat(np.arange(groups), n), "rng": rng}


@claim("arena_rl")
def claim_arena_rl():
    """Kendall's tau and correlation with quality by plan and rating, in groups of 16 under three judges; byes at 6.

    The correlation of least squares is that of the rating itself: its quantile keeps the order only.
    """
    plans = {
        "seeded": recipes.arena_rl(),
        "unseeded": recipes.arena_rl(kind="elimination"),
        "anchor": recipes.arena_rl(kind="anchor", rating="points"),
        "all": recipes.arena_rl(kind="round_robin", rating="wins"),
        "squares": recipes.arena_rl_least_squares(),
    }
    card = {
        "seeded": ((0.83, 0.69, 0.49), (0.93, 0.85, 0.66)), "unseeded": ((0.57, 0.51, 0.38), (0.74, 0.68, 0.53)),
        "anchor": ((0.78, 0.62, 0.43), (0.93, 0.81, 0.60)), "all": ((0.89, 0.82, 0.70), (0.96, 0.94, 0.88)),
        "squares": ((0.86, 0.72, 0.53), (0.97, 0.90, 0.73)),
    }  # fmt: skip
    rng = np.random.default_rng(1)
    rank, line = {k: [] for k in plans}, {k: [] for k in plans}
    for noise in (0.5, 1.0, 2.0):
        quality = rng.standard_normal((200, 16))
        env = duelling(quality, noise, rng)
        for name, recipe in plans.items():
            a = recipe.advantages(env).reshape(quality.shape)
            rank[name].append(tau(a, quality))
            line[name].append(rowwise_corr(a, quality))
        raw = tournament(env["duels"], env["group"]).reshape(quality.shape)
        line["squares"][-1] = rowwise_corr(raw, quality)
    six = []
    for noise in (0.5, 1.0, 2.0):
        quality = rng.standard_normal((300, 6))
        six.append(tau(plans["seeded"].advantages(duelling(quality, noise, rng)).reshape(quality.shape), quality))
    champion = float(plans["seeded"].advantages(duelling(np.arange(16.0)[None], 0.0, rng, bias=0.0)).max())
    off = max(
        np.abs(np.array(got[k]) - card[k][m]).max() for m, got in enumerate((rank, line)) for k in plans
    )  # fmt: skip
    gain = np.array(rank["seeded"]) - rank["unseeded"]
    behind = np.array(rank["all"]) - rank["seeded"]
    better = np.array([rank["squares"], line["squares"]]) - [rank["seeded"], line["seeded"]]
    byes = np.abs(np.array(six) - (0.83, 0.72, 0.54)).max()
    holds = (
        off < 0.04 and byes < 0.05 and gain.min() > 0.08 and behind[0] < 0.1 and behind[2] > 0.15
        and better.min() > 0.01 and abs(champion - 1.575) < 1e-3
    )  # fmt: skip
    show = lambda x: "/".join(f"{v:.2f}" for v in x)  # noqa: E731
    return Outcome(
        round(rank["unseeded"][0], 2), round(rank["seeded"][0], 2), bool(holds),
        f"Kendall tau unseeded and seeded at judge noise .5; at .5/1/2 seeded {show(rank['seeded'])}, all matches "
        f"{show(rank['all'])}, least squares {show(rank['squares'])}, anchor {show(rank['anchor'])}; six entrants "
        f"{show(six)}",
    )  # fmt: skip


@claim("writing_zero")
def claim_writing_zero():
    """Mean advantage, dropped groups, and correlation with quality against pointwise scores, in groups of 16."""
    rng = np.random.default_rng(0)
    recipe, n = recipes.writing_zero(), 1500
    mean, dropped, fit, point = [], [], [], []
    for noise in (0.0, 0.5, 1.0, 2.0):
        quality = rng.standard_normal((n, 16))
        env = duelling(quality, noise, rng, bias=0.0, orders=1)
        a = recipe.advantages(env)
        mean.append(a.reshape(n, 16).mean(1))
        dropped.append(recipe.select({**env, "reward": a}).drop_rate)
        fit.append(rowwise_corr(a.reshape(n, 16), quality))
        point.append(rowwise_corr(quality + noise * rng.standard_normal(quality.shape), quality))
    z = max(abs(m.mean()) / (m.std() / np.sqrt(n)) for m in mean)
    best_first = -np.sort(-rng.standard_normal((n, 16)), axis=1)
    env = duelling(best_first, 0.5, rng, bias=0.0, orders=1)
    biased = tournament(env["duels"], env["group"], kind="anchor", rating="sign_vs_reference").mean()
    quality = rng.standard_normal((n, 16))
    coarse = rowwise_corr(np.round(5 + 0.3 * quality + 0.5 * rng.standard_normal(quality.shape)), quality)
    holds = (
        z < 3 and biased < -0.5 and np.abs(np.array(dropped) - (0.375, 0.33, 0.25, 0.10)).max() < 0.06
        and np.abs(np.array(fit[1:]) - (0.65, 0.54, 0.36)).max() < 0.03
        and np.abs(np.array(point[1:]) - (0.89, 0.69, 0.43)).max() < 0.03 and abs(coarse - 0.45) < 0.03
        and fit[1] > coarse
    )  # fmt: skip
    return Outcome(
        round(float(biased), 2), round(float(mean[1].mean()), 3), bool(holds),
        "mean advantage with the best row and with a random one as reference; dropped at noise 0/.5/1/2 "
        + "/".join(f"{d:.2f}" for d in dropped) + "; correlation with quality " + "/".join(f"{f:.2f}" for f in fit[1:])
        + " against pointwise " + "/".join(f"{p:.2f}" for p in point[1:]) + f", quantised {coarse:.2f}",
    )  # fmt: skip


@claim("prof")
def claim_prof():
    """Flawed ones among the right answers kept, and share of right ones, by the agreement, at random, without signs."""
    rng, groups = np.random.default_rng(0), 300
    flawed, balance = {}, {}
    for noise, right in ((0.05, 0.5), (0.2, 0.5), (0.4, 0.5), (0.2, 0.8)):
        outcome = rng.random((groups, 64)) < right
        bad = outcome & (rng.random((groups, 64)) < 0.26)
        decent = np.where(rng.random((groups, 64)) < 0.3, 0.7, 0.3)
        scores = np.where(outcome, np.where(bad, 0.4, 0.8), decent) + noise * rng.standard_normal((groups, 64))
        env = {"outcome": outcome.ravel().astype(float), "group": np.repeat(np.arange(groups), 64), "rng": rng}
        env |= {"step_off": np.arange(groups * 64 + 1), "step_scores": scores.ravel()}
        for name, recipe, change in (
            ("prof", recipes.prof(keep=32), {}),
            ("random", recipes.prof(keep=32), {"step_scores": np.full(groups * 64, 0.5)}),
            ("joint", recipes.prof(keep=32, quota="top"), {}),
        ):
            paid = recipe.reward(env | change).reshape(groups, 64)
            flawed[name, noise, right] = float(bad[paid == 1].mean())
            balance[name, noise, right] = float(np.nanmean(paid))
    card = {"prof": (0.002, 0.037, 0.122), "random": (0.26, 0.26, 0.26), "joint": (0.23, 0.22, 0.22)}
    at = {k: [flawed[k, n, 0.5] for n in (0.05, 0.2, 0.4)] for k in card}
    off = max(np.abs(np.array(at[k]) - v).max() for k, v in card.items())
    kept = [balance[k, n, p] for k, n, p in (("prof", 0.2, 0.5), ("joint", 0.2, 0.5), ("prof", 0.2, 0.8))]
    holds = off < 0.03 and np.abs(np.array(kept) - (0.50, 0.95, 0.60)).max() < 0.04
    return Outcome(
        round(at["random"][1], 3), round(at["prof"][1], 3), bool(holds),
        f"flawed among kept right answers, random and by agreement, noise .2; at .05 and .4 {at['prof'][0]:.3f} and "
        f"{at['prof'][2]:.3f}; right ones kept {kept[0]:.2f}, without signs {kept[1]:.2f}",
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
    share, wrong = {}, 0.0
    for order in ("random", "weighted", "best"):
        paid = recipes.rstar2_agent(keep=16, order=order).reward(env).reshape(groups, 32)
        share[order] = float(error[paid == 1].mean())
        wrong = max(wrong, abs(error[paid == 0].mean() - error[~outcome].mean()))
    fifo = ~outcome & (np.cumsum(~outcome, axis=1) <= 8)
    split = np.repeat(np.arange(33), 32) > np.tile(np.arange(32), 33)
    size = {k: v[: 33 * 32] for k, v in env.items() if k not in ("rng", "turn_off")}
    size |= {"outcome": split.astype(float), "turn_off": np.arange(33 * 32 + 1), "rng": rng}
    quota = recipes.rstar2_agent(keep=16).reward(size).reshape(33, 32)
    sums = (~np.isnan(quota)).sum(1)
    control = abs(error[fifo].mean() - error[~outcome].mean())
    holds = (
        np.abs(np.array([*share.values()]) - (0.244, 0.163, 0.102)).max() < 0.02 and wrong < 0.015 and control > 0.05
        and (sums == 16).all() and (np.nansum(quota, axis=1)[2:31] >= 2).all()
    )  # fmt: skip
    return Outcome(
        round(share["random"], 3), round(share["weighted"], 3), bool(holds),
        f"mean error share of kept right rows, at random and by inverse penalty; lowest first {share['best']:.3f}; "
        f"wrong rows move by {wrong:.3f}, first in order by {control:.3f}",
    )  # fmt: skip


@claim("g2rpo")
def claim_g2rpo():
    """Correlation with quality in groups of 12: one scorer, the raw sum of three of unequal scale, the clipped sum."""
    rng, groups = np.random.default_rng(0), 1500
    quality = rng.standard_normal((groups, 12))
    rewards = (quality[..., None] + rng.standard_normal((groups, 12, 3))) * (1.0, 5.0, 0.1) + (0.0, 3.0, 0.0)
    env = {"rewards": rewards.reshape(-1, 3), "group": np.repeat(np.arange(groups), 12)}
    ours = rowwise_corr(recipes.g2rpo().advantages(env).reshape(groups, 12), quality)
    one, summed = rowwise_corr(rewards[..., 0], quality), rowwise_corr(rewards.sum(2), quality)
    holds = np.abs(np.array([one, summed, ours]) - (0.689, 0.747, 0.849)).max() < 0.02
    return Outcome(round(summed, 3), round(ours, 3), bool(holds), f"raw sum and sum of standardised; one {one:.3f}")


@claim("morec")
def claim_morec():
    """Error of a model with 30 % outliers after 10 steps, keeping the best of 8 by agreement with real transitions."""
    rng, recipe, errors = np.random.default_rng(0), recipes.morec(), {}
    before = rng.normal(size=500)
    slope, shift = np.polyfit(before, 0.9 * before + 0.1 + rng.normal(0, 0.05, 500), 1)
    for n in (1, 8):
        state, truth = np.zeros(300), np.zeros(300)
        for _ in range(10):
            truth = 0.9 * truth + 0.1
            outlier = np.where(rng.random((300, n)) < 0.3, rng.normal(0, 1.0, (300, n)), 0.0)
            drawn = (0.9 * state[:, None] + 0.1 + rng.normal(0, 0.02, (300, n)) + outlier).ravel()
            fit = -np.abs(drawn - slope * np.repeat(state, n) - shift)
            env = {"process": fit, "outcome": np.ones(300 * n), "group": np.repeat(np.arange(300), n), "rng": rng}
            chosen = recipe.select(env).mask
            state = drawn[chosen]
        errors[n] = float(np.abs(state - truth).mean())
    whole = chosen.sum() == 300 and recipe.select({**env, "group": np.arange(2400)}).mask.all()
    return Outcome(round(errors[1], 3), round(errors[8], 3), bool(errors[8] < errors[1] / 2 and whole))


@claim("cleaner")
def claim_cleaner():
    """Share of failed calls in right rows, 40 % failing and 80 % of those mended, before and after; what is stale."""
    rng, repair = np.random.default_rng(0), recipes.cleaner().loop
    before = after = positive = stale = 0
    for _ in range(2000):
        failed = rng.random(4) < 0.4
        mended = failed & (rng.random(4) < 0.8)
        right = (~failed | mended).all()
        for bad, good in zip(failed, mended, strict=True):
            turn = Turn("I call.", "run(1" if bad else "run(1)")
            kept = repair.build(failed=turn, corrected=Turn("Again.", "run(1)") if good else None)
            positive += right
            stale += kept.recompute != good
            before += right and bad
            after += right and kept.call == "run(1"
    share = before / positive
    return Outcome(round(float(share), 3), float(after / positive), bool(after == 0 and share > 0.2 and stale == 0))


@claim("noisy_rewards")
def claim_noisy_rewards():
    """P(right) of a bandit of ten arms by the rate of flips; what a second signal adds for 40 % false negatives."""
    world = Bandit(table=((1,),) * 10, right=(1,) + (0,) * 9, value=(1,) + (0,) * 9, start=(0.05,) + (0.95 / 9,) * 9)
    final = {
        (rate, unit): [
            learn(
                world, recipes.noisy_rewards(rate=rate, unit=unit, scale=0.0), Settings(200, 16, 8, 0.5), seed=s
            ).final
            for s in SEEDS
        ]
        for rate, unit in (
            (0.0, "prompt"),
            (0.2, "prompt"),
            (0.4, "prompt"),
            (0.4, "sample"),
            (0.5, "prompt"),
            (0.6, "prompt"),
        )
    }
    mean = {k: float(np.mean(v)) for k, v in final.items()}
    rng = np.random.default_rng(0)
    right = np.arange(4000) < 2000
    seen = (right & (rng.random(4000) > 0.4)).astype(float)

    def gap(scale, signal):
        env = {"outcome": seen, "process": signal, "group": np.zeros(4000, int), "rng": rng}
        paid = recipes.noisy_rewards(scale=scale).reward(env)
        return float(paid[right].mean() - paid[~right].mean())

    follows = np.where(right, 0.8, 0.3) + rng.uniform(-0.2, 0.2, 4000)
    gaps = [gap(0.0, follows), gap(0.5, follows), gap(0.5, 1 - follows)]
    holds = (
        mean[0.0, "prompt"] > 0.97 and mean[0.2, "prompt"] > 0.95 and mean[0.4, "prompt"] > 0.85
        and mean[0.4, "sample"] > 0.8 and mean[0.5, "prompt"] < 0.2 and mean[0.6, "prompt"] < 0.03
    )  # fmt: skip
    holds = holds and gaps[2] < gaps[0] < gaps[1]
    return Outcome(
        round(mean[0.0, "prompt"], 2), round(mean[0.4, "prompt"], 2), bool(holds),
        f"P(right) with no and with 40 % of prompts flipped; 20 % {mean[0.2, 'prompt']:.2f}, 40 % of samples "
        f"{mean[0.4, 'sample']:.2f}, 50 and 60 % of prompts {mean[0.5, 'prompt']:.2f} and {mean[0.6, 'prompt']:.2f}; gap of right over wrong alone, with a "
        "good and with a bad second signal " + "/".join(f"{g:.2f}" for g in gaps),
    )  # fmt: skip


def survivors(recipe, rate, seeds=64, arms=100, size=8, limit=6000):
    """Effective number of right arms (exp entropy) when P(right) first exceeds .9; a group is a run of its own.

    64 runs, for the five of the card differ by a standard deviation of 6.
    """
    rng = np.random.default_rng(0)
    theta, run = 0.5 * rng.standard_normal((seeds, arms)), np.repeat(np.arange(seeds), size)
    for _ in range(limit):
        p = softmax(theta)
        live = p[:, : arms // 2].sum(1) <= 0.9
        if not live.any():
            break
        below = p.cumsum(1)[:, None, :] < rng.random((seeds, size, 1)) * p.sum(1)[:, None, None]
        action = np.minimum(below.sum(2), arms - 1).ravel()
        a = recipe.advantages({"outcome": (action < arms // 2).astype(float), "group": run})
        slope = np.bincount(run * arms + action, a, seeds * arms).reshape(seeds, arms)
        slope -= a.reshape(seeds, size).sum(1)[:, None] * p
        theta = theta + np.where(live[:, None], rate / size * slope, 0.0)
    right = softmax(theta)[:, : arms // 2]
    right = right / right.sum(1, keepdims=True)
    return float(np.exp(-(right * np.log(right + 1e-300)).sum(1)).mean())


@claim("w_reinforce")
def claim_w_reinforce():
    """Expected gradients of one step; right arms alive of 50 at P(right) = .9 by step size, from single samples."""
    rng = np.random.default_rng(0)
    p, right = softmax(rng.normal(size=100)), (np.arange(100) < 50).astype(float)

    def expected(recipe):
        a = recipe.advantages({"outcome": right})
        return p * a - p * (p @ a)  # sum_a p_a A_a grad log p_a

    forms = {
        "right only": recipes.psr(), "wrong only": recipes.nsr(), "weighted": recipes.w_reinforce(),
        "centred": rloo(),
    }  # fmt: skip
    only_right, only_wrong, both = (expected(r) for r in list(forms.values())[:3])
    gap = float(np.abs(only_right - only_wrong).max())
    alive = {rate: {k: survivors(r, rate) for k, r in forms.items()} for rate in (3.0, 1.0, 0.1)}
    card = {3.0: (3.7, 8.4, 9.5, 7.4), 1.0: (7.1, 9.0, 9.2, 8.8), 0.1: (11.0, 9.9, 9.7, 10.2)}
    off = max(np.abs(np.array([*alive[r].values()]) - card[r]).max() for r in card)
    fast, slow = alive[3.0], alive[0.1]
    holds = (
        gap < 1e-15 and np.allclose(both, 1.1 * only_wrong, rtol=0, atol=1e-15)
        and fast["weighted"] > fast["right only"] + 3 and fast["wrong only"] > fast["right only"] + 3
        and fast["centred"] > fast["right only"] + 2 and max(slow.values()) / min(slow.values()) < 1.15 and off < 2
    )  # fmt: skip
    rows = "; ".join(f"{r:g}: " + "/".join(f"{v:.1f}" for v in alive[r].values()) for r in alive)
    return Outcome(
        round(fast["right only"], 1), round(fast["weighted"], 1), bool(holds),
        f"right arms alive at rate 3, right-only and weighted; right only, wrong only, weighted, leave-one-out at rate "
        f"{rows}; expected gradients of one step differ by {gap:.0e}",
    )  # fmt: skip


@claim("t1")
def claim_t1():
    """Groups with both outcomes by size against the formula; variance of the gradient by size; the filter; penalties."""
    recipe, rng = recipes.t1(), np.random.default_rng(0)
    share, off, spread = {}, 0.0, []
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
