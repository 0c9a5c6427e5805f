"""Checks of shaped rewards: gates, schedules, orders and fronts in bandits and on tables of samples."""

import numpy as np

from rubricate.lab import Bandit, Outcome, Retrieval, Settings, claim, learn
from rubricate.lab.worlds import sigmoid, softmax
from rubricate.recipe import Recipe
from rubricate.recipes.reward_shaping import (
    barfi,
    carl,
    crf,
    drpo,
    g_ra,
    heron,
    longrlvr,
    parrot,
    posterior_grpo,
    rere,
    router_r1,
)
from rubricate.reduce import segment_reduce
from rubricate.rewards import bilinear, combine, group_norm, pareto_capacity, weighted_sum
from rubricate.steps import ref, step

SEEDS = range(5)
GRPO = step(group_norm, ref("reward"))
CENTRE = step(group_norm, ref("reward"), scale=None)
OUTCOME = step(combine, terms=(ref("outcome"),))


def lottery(chance, **per_arm):
    """A change of a bandit's batch: each arm is right with its own chance; other arrays hold one value per arm."""

    def change(env):
        arm = env["action"]
        drawn = (env["rng"].random(len(arm)) < np.asarray(chance)[arm]).astype(float)
        return env | {"outcome": drawn} | {name: np.asarray(value)[arm] for name, value in per_arm.items()}

    return change


def arms(start, recipe, settings, change, seeds=SEEDS):
    """[seed, arm] probabilities after training a bandit from ``start``."""
    k = len(start)
    world = Bandit(((0.0,),) * k, (0,) * k, (0,) * k, start)
    return np.array([softmax(learn(world, recipe, settings, seed=s, change=change).theta) for s in seeds])


@claim("posterior_grpo")
def claim_posterior_grpo():
    """Arms: well reasoned, badly reasoned (each right at .15), never right but loved by the reasoning judge."""
    change, start = lottery((0.15, 0.15, 0.0), process=(0.6, 0.2, 1.0)), (0.2, 0.4, 0.4)
    run, ours = Settings(steps=800, prompts=1, group_size=16, rate=1.0), posterior_grpo()
    plain, added, posterior = (
        arms(start, Recipe(reward=reward, credit=CENTRE), run, change, range(seeds))
        for reward, seeds in ((OUTCOME, 5), (step(bilinear, a=1.0, c=1.0), 3), (ours.reward, 5))
    )
    divided = arms(start, ours, run, change, range(3))[:, 0]
    right = {"group": np.zeros(3), "outcome": np.ones(3), "process": np.arange(3) / 2, "format": np.ones(3)}
    holds = (
        plain[:, 0].mean() < 0.2 and plain[:, 2].max() < 0.05 and added[:, 2].min() > 0.99
        and posterior[:, 0].min() > 0.89 and divided.mean() > 0.89 and ours.advantages(right).any()
        and not GRPO(right | {"reward": OUTCOME(right)}).any()
    )  # fmt: skip
    return Outcome(
        float(plain[:, 0].mean()), float(posterior[:, 0].mean()), bool(holds),
        f"P(well reasoned), outcome alone and posterior, centred; additive {added[:, 0].mean():.2f} (wrong arm "
        f"{added[:, 2].mean():.2f}); posterior divided by the std {divided.min():.2f} to {divided.max():.2f}",
    )  # fmt: skip


@claim("longrlvr")
def claim_longrlvr():
    """Six gold chunks of thirty; an answer is right only with all six among at most twelve. Chance to keep a chunk."""

    def change(env):
        found, cited = env["selected"][:, :6].sum(1), env["selected"].sum(1)
        return env | {"outcome": ((found == 6) & (cited <= 12)).astype(float)}

    def chunks(recipe, rate):
        run = Settings(steps=300, prompts=1, rate=rate)
        p = np.array([sigmoid(learn(world, recipe, run, seed=s, change=change).theta) for s in SEEDS])
        return p[:, :6].mean(1), p[:, 6:].mean(1)

    world, rates = Retrieval(docs=30, gold=6, guess=0.0, start=-1.0), (0.3, 1.0, 3.0)
    plain, ours = (
        max((chunks(r, rate) for rate in rates), key=lambda p: p[0].mean())
        for r in (Recipe(reward=OUTCOME, credit=GRPO), longrlvr())
    )
    holds = (plain[0] < 0.4).sum() >= 3 and ours[0].min() > 0.99 and ours[1].max() < 0.02
    return Outcome(
        float(plain[0].mean()), float(ours[0].mean()), bool(holds),
        f"chance to keep a gold chunk (start .27), by the answer alone ({(plain[0] < 0.4).sum()} of 5 seeds stuck) and "
        f"by the recipe, which keeps a wrong one at {ours[1].mean():.2f}",
    )  # fmt: skip


@claim("parrot")
def claim_parrot():
    """Tables of 16 samples: who is selected under other scales of the rewards, and how many of K rewards."""
    rng, scale = np.random.default_rng(0), np.array([1.0, 100.0, 0.01])
    rewards = rng.normal(size=(500, 16, 3))
    chosen, rescaled = _front(rewards), _front(rewards * scale + 5.0)
    same = float((chosen == rescaled).all(1).mean())
    total = step(weighted_sum, ref("rewards"), (1.0, 1.0, 1.0), asked=None)
    first, second = (
        total({"rewards": r.reshape(-1, 3)}).reshape(500, 16).argmax(1) for r in (rewards, rewards * scale)
    )
    kept = {k: _front(rng.normal(size=(200, 16, k))).mean() for k in (1, 2, 3, 4, 6)}
    holds = (
        same == 1.0 and abs((first == second).mean() - 0.27) < 0.05
        and all(abs(kept[k] - share) < 0.03 for k, share in {1: 0.06, 2: 0.21, 3: 0.40, 4: 0.59, 6: 0.84}.items())
        and all(abs(pareto_capacity(k, 16).value - share) < 0.03 for k, share in kept.items())
    )  # fmt: skip
    return Outcome(
        float((first == second).mean()), same, bool(holds),
        "share of tables whose choice survives other scales, best weighted sum and front; share kept of 16 by rewards: "
        + ", ".join(f"{k}: {v:.2f}" for k, v in kept.items()),
    )  # fmt: skip


def _front(rewards):
    """[B, N] rows that the recipe gives an advantage, for tables [B, N, K]; all rewards are shifted above 0."""
    tables, n, k = rewards.shape
    flat = rewards.reshape(-1, k)
    target = np.tile(np.eye(k)[0], (len(flat), 1))
    env = {"group": np.repeat(np.arange(tables), n), "rewards": flat - flat.min() + 1.0, "target": target}
    return parrot().advantages(env).reshape(tables, n) > 0


@claim("crf")
def claim_crf():
    """Arms: long and right at .70, half as long and right at .62, junk of no length and right at .02."""
    change, start = lottery((0.7, 0.62, 0.02), process=(0.0, 0.5, 0.95), length=(1.0, 0.5, 0.05)), (0.6, 0.2, 0.2)
    run = Settings(steps=400, prompts=1, rate=0.3)

    def penalty(lam):
        reward = step(combine, terms=(ref("outcome"), ref("length")), coefficients=(1.0, -lam))
        return Recipe(reward=reward, credit=GRPO)

    short, mixed, junk = (arms(start, penalty(lam), run, change) for lam in (1.0, 1.5, 2.0))
    ours = np.array([arms(start, crf(alpha=a), run, change) for a in (0.5, 2.0, 8.0)])
    rows = {"outcome": np.array([0, 0, 1, 1]), "process": np.array([0.1, 1, 0.1, 1])}
    paid = crf().reward(rows | {"group": np.zeros(4), "progress": 0})
    holds = (
        short[:, 1].min() > 0.95 and mixed[:, 2].mean() > 0.2 and junk[:, 2].min() > 0.75
        and ours[..., 1].min() > 0.97 and ours[..., 2].max() < 0.005
        and not paid[:2].any() and paid[2] < paid[3]
    )  # fmt: skip
    return Outcome(
        float(junk[:, 1].mean()), float(ours[0, :, 1].mean()), bool(holds),
        f"P(short and right), length penalty 2 and the recipe; junk under penalty 1, 1.5, 2: {short[:, 2].mean():.2f}, "
        f"{mixed[:, 2].mean():.2f}, {junk[:, 2].mean():.2f}, under alpha .5 to 8 at most {ours[..., 2].max():.3f}",
    )  # fmt: skip


@claim("g_ra")
def claim_g_ra():
    """Arms: farm tools and never submit (-1, six turns of .5), submit nothing (-.5, .2), submit a patch (.3 right)."""

    def change(env):
        arm = env["action"]
        turns = np.array([6, 1, 2])[arm]
        drawn = np.where(arm == 2, env["rng"].random(len(arm)) < 0.3, np.array([-1.0, -0.5, 0.0])[arm])
        paid = np.repeat(np.array([0.5, 0.2, 0.3])[arm], turns)
        return env | {"outcome": drawn, "turn_scores": paid, "turn_off": np.r_[0, turns.cumsum()]}

    start, run = (0.6, 0.3, 0.1), Settings(steps=400, prompts=1, rate=0.3)
    low, ours = (arms(start, g_ra(gate_level=level), run, change) for level in (-2.0, 0.0))
    direct = step(combine, terms=(ref("outcome"), step(segment_reduce, ref("turn_scores"), ref("turn_off"))))
    added = arms(start, Recipe(reward=direct, credit=GRPO), run, change)
    holds = added[:, 2].max() < 0.01 and low[:, 2].max() < 0.01 and ours[:, 2].min() > 0.98
    return Outcome(
        float(added[:, 2].mean()), float(ours[:, 2].mean()), bool(holds),
        f"P(submit a patch), steps added up and gated; with a gate that all pass {low[:, 2].mean():.2f}",
    )  # fmt: skip


@claim("drpo")
def claim_drpo():
    """Eight answers of one prompt, two or one of them wrong: who is pushed down by a length reward."""
    length = np.array([200, 400, 900, 1600, 2600, 4000, 5000, 5200])
    env = {"group": np.zeros(8), "length": length, "token_logp": np.zeros(8), "token_off": np.arange(9)}
    six, seven = ({**env, "outcome": (np.arange(8) < n).astype(float)} for n in (6, 7))
    pushed, more = (group_norm(e["outcome"] * (1 - length / 8192), e["group"]) for e in (six, seven))
    share, other = drpo().advantages(six), drpo().advantages(seven)
    holds = (
        np.allclose(share[:6], (0.41, 0.32, 0.17, 0.07, 0.02, 0.004), atol=0.008) and abs(pushed[5] + 0.24) < 0.01
        and np.allclose(more[5:7], (-0.44, -0.83), atol=0.01) and min(share[:6].min(), other[:7].min()) > 0
        and np.allclose(share[6:], -0.5) and abs(share[:2].sum() - 0.73) < 0.01
        and not drpo().advantages({**env, "outcome": np.ones(8)}).any()
    )  # fmt: skip
    return Outcome(
        float(pushed[5]), float(share[5]), bool(holds),
        f"advantage of the longest right answer, GRPO with a length reward and DRPO; with one wrong answer of eight "
        f"GRPO gives {more[5]:.2f} and {more[6]:.2f}; the two shortest hold {share[:2].sum():.2f} of the positive mass",
    )  # fmt: skip


@claim("router_r1")
def claim_router_r1():
    """Log-normal costs in batches of ten: the spread that is left. Then three models, dear to cheap, by alpha."""
    rng = np.random.default_rng(0)
    cost = np.exp(rng.normal(0.0, 2.0, 3000))
    one = {"outcome": np.zeros(10), "format": np.ones(10), "group": np.zeros(10)}
    paid = np.concatenate([
        router_r1(alpha=1.0).reward(one | {"cost": cost[t : t + 10], "cost_history": cost[:t]})
        for t in range(1000, 3000, 10)
    ])  # fmt: skip
    late = cost[1000:]
    squashed = np.percentile(1 - (late - late.min()) / np.ptp(late), (10, 50, 90))
    spread = np.percentile(paid, (10, 50, 90))
    order = np.corrcoef(late.argsort().argsort(), paid.argsort().argsort())[0, 1]
    spent = np.array([[_spent(a, rate) for a in (0.0, 0.2, 0.5, 0.8)] for rate in (0.1, 0.3, 1.0)])
    holds = (
        np.allclose(spread, (0.31, 0.84, 0.98), atol=0.02) and squashed[0] > 0.95 and order < -0.99
        and (np.diff(spent, axis=1) < 0).all()
    )  # fmt: skip
    return Outcome(
        float(np.ptp(squashed)), float(np.ptp(spread)), bool(holds),
        "spread from the 10th to the 90th percentile, by smallest and largest cost and by the window; mean cost spent "
        f"at alpha 0, .2, .5, .8: {', '.join(f'{c:.1f}' for c in spent[1])} (falls at each of three rates)",
    )  # fmt: skip


def _spent(alpha, rate):
    """Mean cost of the models chosen after training: right at .9, .7, .4 for about 10, 3, 1."""
    price, total = np.array([10.0, 3.0, 1.0]), []
    for seed in SEEDS:
        history = [np.empty(0)]

        def change(env, history=history):
            env = lottery((0.9, 0.7, 0.4))(env)
            env |= {"cost": price[env["action"]] * np.exp(env["rng"].normal(0, 0.3, 8)), "cost_history": history[0]}
            history[0] = np.concatenate([history[0], env["cost"]])
            return env

        run = Settings(steps=120, prompts=1, rate=rate)
        total.append(arms((0.3, 0.4, 0.3), router_r1(alpha=alpha), run, change, (seed,))[0] @ price)
    return np.mean(total)


@claim("carl")
def claim_carl():
    """A light that is red 16 of 20 ticks, 1000 episodes of 1000: returns of waiting for ever and of driving."""
    rng = np.random.default_rng(0)
    ticks = np.minimum(rng.geometric(0.0005, 1000), 1000)
    drive = _episodes(ticks, 0.0025 * (np.arange(1000) % 20 >= 16))
    drive["turn_valid"][drive["turn_off"][1:][ticks < 1000] - 1] = 0.0
    wait = _episodes(np.full(1, 1000), np.zeros(1000))
    red = np.arange(1000) % 20 < 16
    shaped = np.where(red, 1.0, 0.6).sum(), np.mean([np.where(red[:t], 1.0, 0.8).sum() for t in ticks])
    idle, moved = (segment_reduce(carl().reward(e), e["turn_off"]).mean() for e in (wait, drive))
    rows = _episodes(np.full(200, 20), np.zeros(20)) | {"turn_scores": rng.dirichlet(np.ones(20), 200).ravel()}
    rows |= {"turn_verdicts": rng.random((4000, 3)).round(1), "asked": np.ones((200, 3), bool)}
    rows["turn_verdicts"][:100] = 1.0
    turn, killed = carl().reward(rows), (rows["turn_verdicts"] == 0).any(1)
    most = segment_reduce(turn, rows["turn_off"]).max()
    holds = (
        shaped[0] > shaped[1] + 100 and idle == 0 and abs(moved - 38.8) < 1.5
        and abs(most - 100) < 1e-9 and not turn[killed].any() and (turn[~killed] > 0).all()
    )  # fmt: skip
    return Outcome(
        float(shaped[1] - shaped[0]), float(moved - idle), bool(holds),
        f"return of driving less that of waiting, shaped ({shaped[1]:.0f} - {shaped[0]:.0f}) and by progress "
        f"({moved:.1f} - {idle:.1f})",
    )  # fmt: skip


def _episodes(ticks, progress):
    """Episodes with these numbers of turns, that each follow the same progress, without any fault."""
    return {
        "turn_off": np.r_[0, ticks.cumsum()], "turn_scores": np.concatenate([progress[:t] for t in ticks]),
        "turn_verdicts": np.ones((ticks.sum(), 1)), "asked": np.ones((len(ticks), 1), bool),
        "turn_valid": np.ones(ticks.sum()),
    }  # fmt: skip


@claim("rere")
def claim_rere():
    """Sixteen items in the order of the beam, the target at each place in turn, or nowhere."""
    rank, hit = np.tile(np.arange(16), 17), np.r_[np.eye(16).ravel(), np.zeros(16)]
    env = {"group": np.repeat(np.arange(17), 16), "rank": rank, "outcome": hit}
    paid = rere().reward(env).reshape(17, 16)
    fines, spread, plain = paid[15], paid[:16].std(1), np.eye(16).std(1)
    whole = fines[:15].sum() - 1 / np.log2(17) / (1 / np.log2(np.arange(16) + 2)).sum()
    holds = (
        np.allclose(fines[:4], (-0.164, -0.103, -0.082, -0.071), atol=0.001) and abs(whole + 1) < 1e-9
        and not paid[16].any() and (np.diff(fines[:15]) > 0).all() and (np.diag(paid) == 1).all()
        and (spread > plain).all() and not rere().advantages(env).reshape(17, 16)[16].any()
    )  # fmt: skip
    return Outcome(
        float(plain[0]), float(spread.min()), bool(holds),
        "standard deviation in a group with one hit, rule alone and with the fines (smallest over the places of the "
        f"hit); first fines {', '.join(f'{f:.3f}' for f in fines[:4])}",
    )  # fmt: skip


@claim("heron")
def claim_heron():
    """Sixty items with three factors, as they are and with the factors times (1, 1000, .01)."""
    rng, scale = np.random.default_rng(1), np.array([1.0, 1000.0, 0.01])
    z = rng.normal(size=(60, 3))
    first, second = (_labels(x) for x in (z, z * scale))
    sums = [np.sign(np.subtract.outer(x.sum(1), x.sum(1))) for x in (z, z * scale)]
    same, order = (first == second).mean(), (sums[0] == sums[1]).mean()
    undecided = (first == 0).mean()
    i, j, k = rng.integers(60, size=(20000, 3)).T
    cycles = ((first[i, j] > 0) & (first[j, k] > 0) & (first[i, k] < 0)).mean()
    holds = same == 1.0 and abs(order - 0.70) < 0.05 and abs(undecided - 0.16) < 0.03 and 0 < cycles < 0.02
    return Outcome(
        float(order), float(same), bool(holds),
        f"share of pairs that keep their order under other scales, weighted sum and labels; {undecided:.2f} undecided, "
        f"{cycles:.3f} of the triples not transitive",
    )  # fmt: skip


def _labels(scores):
    """[n, n] 1 where the row is labelled better than the column, -1 where worse, at a tolerance of one deviation."""
    better, worse = heron(tolerance=1.0).select({"scores": scores, "group": np.zeros(len(scores))}).T
    out = np.zeros((len(scores), len(scores)))
    out[better, worse], out[worse, better] = 1, -1
    return out


@claim("barfi")
def claim_barfi():
    """Five arms, the last one right, fifteen exact gradient steps inside: primary alone, plain sum, learned blend."""
    right = np.array([0, 0, 0, 0, 1.0])

    def trained(phi, score):
        paid, theta = barfi(primary=phi[0], auxiliary=phi[1]).reward({"outcome": right, "process": score}), np.zeros(5)
        for _ in range(15):
            p = softmax(theta)
            theta = theta + 0.3 * p * (paid - p @ paid)
        return float(softmax(theta) @ right)

    found = {}
    for name, score in (("aligned", np.arange(5) / 10), ("misleading", np.array([1, 0.2, 0.2, 0.2, 0.0]))):
        phi = barfi().loop.build(evaluate=lambda p, score=score: trained(p, score))
        found[name] = (*(trained(x, score) for x in ((1.0, 0.0), (1.0, 1.0), phi)), phi[1])
    good, bad = found["aligned"], found["misleading"]
    card = ((0.44, 0.52, 0.76, 0.52), (0.44, 0.29, 0.77, -0.61))
    holds = np.allclose((good, bad), card, atol=0.02)
    return Outcome(
        bad[1], bad[2], bool(holds),
        f"P(right arm) under a misleading auxiliary, plain sum and learned (coefficient {bad[3]:.2f}); aligned "
        f"{good[1]:.2f} and {good[2]:.2f}; primary alone {good[0]:.2f}",
    )  # fmt: skip
