"""Checks of likelihood rewards and of rewards without a label. Worlds are tables; seeds are 0 to 4 unless said."""

import asyncio
from dataclasses import replace

import numpy as np

from rubricate.audit import model_collapse_step
from rubricate.credit import StdFilter, grpo
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.ngram import NgramScorer
from rubricate.lab.worlds import softmax
from rubricate.likelihood import reference_likelihood
from rubricate.recipes import find_recipe
from rubricate.rubrics import Rubric
from rubricate.steps import ref, step
from rubricate.types import Message, Sample

ANY = Rubric(id="any", criteria=[{"id": "c", "text": "Any."}])


def auc(good, score):
    """Chance that a good row scores above a bad one; ties count half."""
    good = np.asarray(good, bool)
    a, b = np.asarray(score)[good], np.asarray(score)[~good]
    gap = a[:, None] - b[None, :]
    return float(np.mean(gap > 0) + 0.5 * np.mean(gap == 0))


# ------------------------------------------------------------------------------------------------ references


def _bandit(recipe, tokens, seed, rate, steps=200, group=8, arms=8):
    """Expected token probability of the reference after learning: chain k makes each token .45 to .75 likely."""
    rng, p, theta = np.random.default_rng(seed), np.linspace(0.45, 0.75, arms), np.zeros(arms)
    off, zeros = np.arange(group + 1) * tokens, np.zeros(group)
    for _ in range(steps):
        pi = softmax(theta)
        arm = rng.choice(arms, group, p=pi)
        env = {"answer_logp": np.repeat(np.log(p[arm]), tokens), "answer_off": off, "group": zeros}
        advantage = recipe.advantages(env)
        theta = theta + rate * (np.bincount(arm, advantage, minlength=arms) / group - pi * advantage.mean())
    return float(softmax(theta) @ p)


@claim("likelihood_rewards")
def claim_likelihood_rewards():
    def mean(recipe, tokens, rate=0.5):
        return float(np.mean([_bandit(recipe, tokens, seed, rate) for seed in range(5)]))

    build = find_recipe("21")
    prob, log = build(kind="prob"), build(kind="logprob")
    short = min(mean(prob, 3), mean(log, 3))
    flat = max(mean(prob, 30, rate) for rate in (0.05, 0.5, 5.0))
    learns = mean(log, 30)
    rescued = mean(replace(prob, credit=step(grpo, ref("reward"), ref("group"), eps=1e-12)), 30)
    holds = short > 0.72 and flat < 0.61 and learns > 0.74 and rescued > 0.73
    note = f"3 tokens: worse of both {short:.3f}; probability with std and no epsilon, 30 tokens: {rescued:.3f}"
    return Outcome(round(flat, 3), round(learns, 3), bool(holds), note)


@claim("p2s")
def claim_p2s():
    raw, gained = [], []
    reward, suffixes, n = find_recipe("55")().reward, 6, 1000
    prior = -np.linspace(12, 2, suffixes)  # later suffixes are shorter, and likelier behind anything
    for seed in range(5):
        rng = np.random.default_rng(seed)
        good = rng.random(n) < 0.5
        logp = prior + np.where(good[:, None], np.linspace(3, 0.3, suffixes), 0.0) + rng.normal(0, 0.4, (n, suffixes))
        masked = prior + rng.normal(0, 0.1, (n, suffixes))
        env = {
            "format": np.ones(n), "outcome": np.zeros(n), "group": np.arange(n), "step_off": np.arange(n + 1) * 2,
            "answer_logp": np.full(n, -1.0), "answer_off": np.arange(n + 1),
            # The last step of each rollout has one suffix, which its answer replaces.
            "suffix_off": np.concatenate([[0], np.cumsum(np.tile([suffixes, 1], n))]),
            "suffix_logp": np.column_stack([logp, np.zeros(n)]).ravel(),
            "suffix_logp_masked": np.column_stack([masked, np.zeros(n)]).ravel(),
        }  # fmt: skip
        raw.append(auc(good, logp.max(1)))
        gained.append(auc(good, reward(env)))
    before, after = float(np.mean(raw)), float(np.mean(gained))
    return Outcome(round(before, 3), round(after, 3), before < 0.75 and after > 0.99)


@claim("rlpr")
def claim_rlpr():
    found, n, tokens = [], 500, 12
    reward, off = find_recipe("138")().reward, np.arange(501) * 12
    for seed in range(5):
        rng = np.random.default_rng(seed)
        good = np.arange(n) % 2 == 0
        p = np.clip(rng.normal(np.where(good, 0.75, 0.55)[:, None], 0.12, (n, tokens)), 0.01, 0.99)
        hit = rng.random(n) < 0.5  # one synonym that the policy would not have chosen, whatever the reasoning
        p[hit, rng.integers(0, tokens, hit.sum())] = 10 ** rng.uniform(-5, -2, hit.sum())
        logp = np.log(p).ravel()
        env = {
            "answer_logp": logp, "answer_logp_bare": np.full(n * tokens, np.log(0.2)), "answer_off": off,
            "format": np.ones(n), "looping": np.zeros(n),
        }  # fmt: skip
        kinds = [reference_likelihood(logp, off, k) for k in ("prob", "mean_logprob")]
        kinds.append(reference_likelihood(logp, off, "mean_logprob", floor=-3.0))
        found.append([auc(good, reward(env)), *(auc(good, k) for k in kinds)])
    mean, product, log, floored = np.mean(found, axis=0)
    plain, filtered = (np.mean([_filtered(seed, use) for seed in range(10)]) for use in (False, True))
    holds = mean > 0.99 and max(product, log) < 0.8 and floored > 0.95 and filtered > plain + 0.03
    note = f"product {product:.3f}, floored log {floored:.3f}; std filter: quality {plain:.3f} -> {filtered:.3f}"
    return Outcome(round(float(log), 3), round(float(mean), 3), bool(holds), note)


def _filtered(seed, use, steps=300, arms=5, group=8):
    """Quality learned from batches of two informative prompts and six of noise, with the filter of the recipe or not."""
    rng, theta, quality = np.random.default_rng(seed), np.zeros(arms), np.linspace(0, 0.3, arms)
    keep = find_recipe("138")()
    rule, groups = StdFilter(ema_from=1, filter_from=1), np.repeat(np.arange(8), group)
    state = rule.init()
    for _ in range(steps):
        pi = softmax(theta)
        arm = rng.choice(arms, 8 * group, p=pi)
        informative = groups < 2
        x = np.where(informative, quality[arm] + rng.normal(0, 0.05, len(arm)), rng.normal(0, 0.01, len(arm)))
        state = rule.update(state, x, groups)
        env = {"reward": x, "group": groups, "std_ema": state.ema}
        kept = keep.select(env).mask if use else np.ones(len(x), bool)
        advantage = np.where(kept, keep.credit(env), 0.0)
        grad = np.bincount(arm, advantage, minlength=arms) - pi * advantage.sum()
        theta = theta + 0.15 * grad / max(1, kept.sum())
    return float(softmax(theta) @ quality / 0.3)


# ----------------------------------------------------------------------------------- follow-ups, density ratio

ENDS = {".": 0.1, ";": 0.5, "!": 0.9}  # how often the user changes the subject behind an answer that ends so
WORDS = {True: ("clear", "exact", "kind", "full"), False: ("vague", "rude", "wrong", "odd")}
FOLLOW_UPS = (("use", ("thank you so much", "great that helps"), ("that is no use", "i am still lost")),)


def _dialogues(rng, n):
    """(answer, good, next turn): good answers are followed by thanks 80 % of the time that the user stays."""
    out = []
    for _ in range(n):
        good = bool(rng.random() < 0.5)
        end = str(rng.choice(list(ENDS)))
        answer = f"well this is {rng.choice(WORDS[good])} {end}"
        pleased = rng.random() < (0.8 if good else 0.2)
        said = FOLLOW_UPS[0][1 if pleased else 2][int(rng.integers(2))]
        out.append((answer, good, "what about tomorrow" if rng.random() < ENDS[end] else said))
    return out


@claim("follow_up_likelihood")
def claim_follow_up_likelihood():
    both, alone = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        corpus = [f"q {a} {said}" for a, _, said in _dialogues(rng, 3000)]
        model, test = NgramScorer().fit(corpus), _dialogues(rng, 200)
        samples = [Sample(str(k), (Message("user", "q"),), a) for k, (a, *_) in enumerate(test)]
        good = [g for _, g, _ in test]
        for figures, sets in ((both, FOLLOW_UPS), (alone, ((*FOLLOW_UPS[0][:2], ()),))):
            judge = find_recipe("59")().judge.build(
                scorer=model, follow_ups=sets, form="$task $response", kind="logprob"
            )
            figures.append(auc(good, [v.value for v in asyncio.run(judge.rank(samples, ANY, None))]))
    with_, without = float(np.mean(both)), float(np.mean(alone))
    return Outcome(
        round(without, 3), round(with_, 3), with_ >= 0.8 and without <= with_ - 0.05, "without negatives, with"
    )


@claim("density_ratio")
def claim_density_ratio():
    part, gaps, n = find_recipe("143")(), (0.0, 0.4, 0.8, 1.2), 4000
    found, alone = {g: [] for g in gaps}, []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        quality, nuisance = rng.normal(0, 1, 2 * n), rng.normal(0, 3, 2 * n)  # nuisance: length, fluency
        group = np.repeat(np.arange(n), 2)
        strong = quality + nuisance + rng.normal(0, 0.7, 2 * n) - 40
        for gap in gaps:
            weak = (1 - gap) * quality + nuisance + rng.normal(0, 0.7, 2 * n) - 40
            env = {"token_logp": strong, "token_logp_ref": weak, "token_off": np.arange(2 * n + 1), "group": group}
            pairs = part.select({**env, "reward": part.reward(env)})
            found[gap].append(np.mean(quality[pairs[:, 0]] > quality[pairs[:, 1]]))
        alone.append(np.mean((strong[::2] > strong[1::2]) == (quality[::2] > quality[1::2])))
    means = [float(np.mean(found[g])) for g in gaps]
    single = float(np.mean(alone))
    holds = abs(means[0] - 0.5) < 0.02 and np.all(np.diff(means) > 0.03) and means[-1] > single + 0.1
    return Outcome(round(single, 3), round(means[-1], 3), bool(holds), f"gaps {gaps}: {[round(m, 3) for m in means]}")


# ------------------------------------------------------------------------------------------- without a label


def _problems(part, seed, rate, truth=False, n=200, answers=6, group=8, steps=200):
    """A table of policies, one per problem: accuracy by step, and at the end where the prior's mode was right or not."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, 1, (n, answers))
    theta[:, 0] += 0.8
    aligned, rows = theta.argmax(1) == 0, np.repeat(np.arange(n), group)
    curve = []
    for _ in range(steps):
        p = softmax(theta)
        curve.append(p[:, 0].mean())
        drawn = (rng.random((n, group, 1)) > p.cumsum(1)[:, None, :]).sum(2).clip(0, answers - 1).ravel()
        env = {"cluster": drawn, "group": rows}
        env["reward"] = (drawn == 0).astype(float) if truth else part.reward(env)
        advantage = part.credit(env)
        if part.select is not None:
            advantage = np.where(part.select(env).mask, advantage, 0.0)
        step_ = np.zeros((n, answers))
        np.add.at(step_, (rows, drawn), advantage / group)
        theta = theta + rate * step_
    p = softmax(theta)[:, 0]
    return np.array([curve[0], p.mean(), p[aligned].mean(), p[~aligned].mean(), aligned.mean()]), np.array(curve)


def _mean_of(part, truth=False, rates=(0.4,)):
    return {r: np.mean([_problems(part, s, r, truth)[0] for s in range(5)], axis=0) for r in rates}


@claim("intrinsic_rewards")
def claim_intrinsic_rewards():
    part = find_recipe("118")()
    own, true = _mean_of(part, rates=(0.4, 0.8)), _mean_of(part, truth=True)[0.4]
    start, end, aligned, other, _ = own[0.4]
    ceiling = all(abs(m[1] - m[4]) < 0.05 for m in own.values())  # the accuracy of the prior's mode, at any rate
    fall = model_collapse_step(_problems(part, 0, 0.4)[1])
    holds = ceiling and end > start + 0.05 and aligned > 0.85 and other < 0.1 and true[1] > 0.97 and fall == -1
    note = f"true labels {true[1]:.3f}; where the prior's mode is right {aligned:.3f}, elsewhere {other:.3f}, no fall"
    return Outcome(round(float(start), 3), round(float(end), 3), bool(holds), note)


@claim("empo")
def claim_empo():
    part, vote = find_recipe("173")(), find_recipe("118")()
    start, end, aligned, other, _ = _mean_of(part)[0.4]
    _, same, _, _, _ = _mean_of(vote)[0.4]
    cluster, group = np.array([0, 0, 0, 1, 2, 2, 2, 2]), np.zeros(8)
    squares = float(part.reward({"cluster": cluster, "group": group}).sum())
    holds = abs(squares - (9 + 1 + 16) / 8) < 1e-12 and abs(end - same) < 0.05 and aligned > 0.8 and other < 0.15
    note = f"majority {same:.3f}; where the prior's mode is right {aligned:.3f}, elsewhere {other:.3f}"
    return Outcome(round(float(start), 3), round(float(end), 3), bool(holds), note)


def _two_views(part, seed, noise, rate, n=100, answers=6, group=8, steps=60):
    """Accuracy after learning when each wording of a problem biases the policy in its own way."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, 0.7, (n, answers))
    theta[:, 0] += 0.8
    bias = rng.normal(0, noise, (2, n, answers))
    problem = np.tile(np.repeat(np.arange(n), group), 2)
    wording = np.repeat([0, 1], n * group)
    for _ in range(steps):
        p = softmax(theta + bias)
        drawn = (rng.random((2, n, group, 1)) > p.cumsum(2)[:, :, None, :]).sum(3).clip(0, answers - 1).ravel()
        env = {"cluster": drawn, "group": problem, "wording": wording}
        env["reward"] = part.reward(env)
        step_ = np.zeros((2, n, answers))
        np.add.at(step_, (wording, problem, drawn), part.credit(env) / group)
        theta, bias = theta + rate * step_.sum(0), bias + rate / 2 * step_
    return float(softmax(theta + bias)[:, :, 0].mean())


@claim("co_reward")
def claim_co_reward():
    cross = find_recipe("128")()
    own = replace(cross, reward=find_recipe("118")().reward.replace(group=_by_wording()))
    found = {
        noise: np.array([[_two_views(p, s, noise, r) for p in (own, cross)] for s in range(5) for r in (0.2, 0.4)])
        for noise in (1.0, 2.0)
    }
    gain = {noise: f[:, 1] - f[:, 0] for noise, f in found.items()}
    sure = {noise: g.mean() > 2 * g.std(ddof=1) / np.sqrt(len(g)) for noise, g in gain.items()}
    a, b = found[1.0].mean(0)
    note = "; ".join(f"views err by {n:g}: {f.mean(0)[0]:.3f} -> {f.mean(0)[1]:.3f}" for n, f in found.items())
    return Outcome(round(float(a), 3), round(float(b), 3), bool(all(sure.values()) and gain[1.0].mean() > 0.015), note)


def _by_wording():
    return dict(find_recipe("128")().credit.settings)["group"]
