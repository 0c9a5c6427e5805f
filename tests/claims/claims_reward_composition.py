"""Checks of the composed rewards: who is paid for what, in bandits whose arms are kinds of responses."""

from dataclasses import replace

import numpy as np

from rubricate.credit import dr_grpo, grpo, place, pool
from rubricate.lab import Bandit, Outcome, Settings, StepChain, claim, learn, over_seeds
from rubricate.lab.worlds import softmax
from rubricate.recipe import Recipe
from rubricate.recipes.reward_composition import (
    argument_rewriting,
    atom_searcher,
    carr,
    clip_delta,
    harmo,
    job_application,
    r3_rag,
    rlvrr,
    rrm,
    searchllm,
    stitchcuda,
    verpo,
)
from rubricate.reduce import segment_reduce
from rubricate.rewards import (
    bilinear,
    clip,
    combine,
    connected_share,
    criterion_rate,
    difficulty_weights,
    gate,
    group_norm,
    hinge_negative,
    weighted_mean,
)
from rubricate.steps import ref, step
from rubricate.types import Message, Sample
from rubricate.verifiers import contains, length
from rubricate.verifiers.keyword_chain import keyword_chain

SEEDS = range(5)
GRPO = step(grpo)


def arms(world, recipe, settings, change=None, seeds=SEEDS):
    """[seed, arm] probabilities after training."""
    return np.array([softmax(learn(world, recipe, settings, seed=k, change=change).theta) for k in seeds])


def at_best_rate(world, recipe, rates, settings, to, change=None):
    """[seed, arm] probabilities at the step size that brings most to the arm ``to``."""
    found = [arms(world, recipe, replace(settings, rate=r), change) for r in rates]
    return max(found, key=lambda p: p[:, to].mean())


def _updates(world, recipe, settings, change, seeds=5):
    """[seed] updates until the quality is .9; all of them when it never is."""
    curves = over_seeds(world, recipe, settings, seeds=seeds, change=change)
    return [settings.steps if c.first_above(0.9) is None else c.first_above(0.9) for c in curves]


CHAIN = np.eye(5, 6, dtype=bool) | np.eye(5, 6, 1, dtype=bool)
EVIDENCE = ((1, 1, 1, 1, 1), (1, 0, 1, 0, 0), (1, 1, 1, 1, 1), (0, 0, 0, 0, 0))


@claim("carr")
def claim_carr():
    """Arms: right with evidence, right by a shortcut (two facts, one of them idle), wrong but farming, wrong."""
    right = (1.0, 1.0, 0.0, 0.0)
    run, link = Settings(steps=200, prompts=1, rate=0.6), lambda env: env | {"links": CHAIN}
    world = Bandit(EVIDENCE, right, right, (0.01, 0.2, 0.3, 0.49))

    def additive(alpha):
        return Recipe(reward=step(bilinear, process=step(connected_share), a=1 - alpha, c=alpha), credit=GRPO)

    farmed = [arms(world, additive(a), run, link)[:, :2].sum(1) for a in (0.3, 0.6, 0.8)]
    gated = [arms(world, carr(alpha=a), run, link)[:, :2].sum(1) for a in (0.3, 0.6, 0.8)]
    fair = Bandit(EVIDENCE, right, right, (0.1, 0.2, 0.3, 0.4))
    share = [p[:, 0] / p[:, :2].sum(1) for p in (arms(fair, carr(alpha=a), run, link) for a in (0.0, 0.3))]
    outcome_signal, signal = zip(*(_signal(p) for p in (0.95, 0.05)), strict=True)
    holds = (
        farmed[0].min() > 0.99 and max(f.max() for f in farmed[1:]) < 0.01 and min(g.min() for g in gated) > 0.99
        and share[0].max() < 0.05 and share[1].min() > 0.99
        and abs(outcome_signal[0] - 0.33) < 0.03 and signal[0] > 0.99 and abs(signal[1] - outcome_signal[1]) < 0.01
    )  # fmt: skip
    return Outcome(
        float(farmed[1].mean()), float(gated[1].mean()), bool(holds),
        "P(right) at alpha .6, additive and gated; evidence among right answers "
        f"{share[0].mean():.2f} without and {share[1].mean():.2f} with the rubric; groups with a signal at 95% right "
        f"{outcome_signal[0]:.2f} and {signal[0]:.2f}",
    )  # fmt: skip


def _signal(p, groups=4000, size=8):
    """Share of groups with a signal at pass rate p: by the outcome, and by the recipe (three facts, each at .4)."""
    rng = np.random.default_rng(0)
    n = groups * size
    env = {
        "group": np.repeat(np.arange(groups), size), "outcome": (rng.random(n) < p).astype(float),
        "scores": (rng.random((n, 3)) < 0.4).astype(float), "links": np.column_stack([np.ones(3), np.eye(3)]),
        "format": np.ones(n, bool),
    }  # fmt: skip
    return [float((abs(np.asarray(a).reshape(groups, size)) > 1e-9).any(1).mean()) for a in (
        group_norm(env["outcome"], env["group"]), carr().advantages(env)
    )]  # fmt: skip


@claim("searchllm")
def claim_searchllm():
    """Rows of the card, the slope bound, and a bandit: safe (.95 .95 .95, utility .6), unsafe (1 1 0, 1), poor."""
    table = ((0.95, 0.95, 0.95, 0.6), (1.0, 1.0, 0.0, 1.0), (0.5, 0.5, 0.5, 0.5))
    gate_mask, style = np.array([True, True, True, False]), (0, 0, 0, 1)
    env = {"scores": np.array(table), "weights": np.ones(4), "gate_mask": gate_mask, "group": np.zeros(3, int)}
    linear = step(
        combine,
        terms=(step(weighted_mean, weights=ref("gate_mask")), step(weighted_mean, weights=style)),
        coefficients=(0.5, 0.5),
    )
    paid, mean = searchllm().reward(env), linear(env)
    rng = np.random.default_rng(0)
    low, bump = rng.random((200, 4)), 1e-6 * (np.arange(4) == 0)
    high = {**env, "scores": low + bump}, {**env, "scores": low}
    slope = (np.log(searchllm().reward(high[0])) - np.log(searchllm().reward(high[1]))) / 1e-6
    world = Bandit(table, (1, 0, 0), (1, 0, 0), (0.1, 0.3, 0.6))
    run, rates = Settings(steps=150, prompts=1, group_size=16), (0.1, 0.3, 1.0)
    safe = [
        at_best_rate(world, r, rates, run, 0, lambda e: e | {"gate_mask": gate_mask})[:, 0]
        for r in (Recipe(reward=linear, credit=GRPO), searchllm())
    ]
    holds = (
        abs(paid[0] - 0.57) < 0.005 and abs(paid[1] - 0.215) < 0.005 and abs(mean[0] - 0.775) < 0.001
        and abs(mean[1] - 0.833) < 0.001 and slope.min() >= 0 and slope.max() <= 1 / (3 * 0.01) + 1e-3
        and safe[0].max() < 0.05 and safe[1].min() > 0.95
    )  # fmt: skip
    return Outcome(
        float(safe[0].mean()), float(safe[1].mean()), bool(holds),
        f"P(safe arm), linear and gated; the gate pays {paid[0]:.2f} and {paid[1]:.3f}, the mean "
        f"{mean[0]:.3f} and {mean[1]:.3f}",
    )  # fmt: skip


TESTS = np.stack([np.r_[np.full(40, e), np.full(3, h)] for e, h in ((0.99, 0.02), (0.93, 0.45), (0.80, 0.05))])


def _one_turn(env):
    """Rollouts of one turn each, with 40 easy tests and 3 hard ones; the outcome is that all pass."""
    n = len(env["action"])
    passed = (env["rng"].random((n, 43)) < TESTS[env["action"]]).astype(float)
    more = {"turn_off": np.arange(n + 1), "turn_verdicts": passed, "asked": np.ones((n, 43), bool)}
    return env | more | {"scores": passed, "outcome": passed.all(1).astype(float)}


@claim("verpo")
def claim_verpo():
    """Arms: all easy tests, frontier (some hard ones), sloppy; and the share of the reward that hard tests hold."""
    rng = np.random.default_rng(0)
    seen = (rng.random((10, 43)) < np.r_[np.full(40, 0.95), np.full(3, 0.1)]).astype(float)
    hard = _weights(seen)[40:].sum() / _weights(seen).sum()
    mastered, equal = np.where(np.arange(43) == 42, 1.0, seen), np.repeat(np.eye(2), (5, 5), 0)[:, [0] * 43]
    world = Bandit(((0.0,),) * 3, (0, 0, 0), (0, 1, 0), (0.45, 0.1, 0.45))
    run, rates = Settings(steps=120, prompts=1, group_size=10), (0.25, 0.5, 2.0)
    plain = [
        Recipe(reward=x, credit=GRPO)
        for x in (step(combine, terms=(ref("outcome"),)), step(weighted_mean, weights=1.0))
    ]
    binary, rate, ours = (at_best_rate(world, r, rates, run, 1, _one_turn)[:, 1] for r in (*plain, verpo()))
    holds = (
        abs(hard - 0.81) < 0.02 and np.ptp(_weights(equal)) < 1e-12 and _weights(mastered)[42] < _weights(seen)[42]
        and binary.max() < 0.3 and rate.max() < 0.03 and ours.min() > 0.95
    )  # fmt: skip
    return Outcome(
        float(rate.mean()), float(ours.mean()), bool(holds),
        f"P(frontier arm) by pass rate and by the recipe (outcome alone {binary.mean():.2f}); three hard tests of 43 "
        f"hold {hard:.2f} of the reward (.07 by count)",
    )  # fmt: skip


def _weights(passed):
    """[C] weights of the tests under the settings of the recipe."""
    settings = {k: verpo.settings[k] for k in ("alpha", "sigma", "delta")}
    return difficulty_weights(criterion_rate(passed, np.zeros(len(passed)))[0], **settings)


def _draws(p):
    """A change that draws outcomes of the arms with chances ``p[K]``."""
    return lambda env: env | {"outcome": (env["rng"].random(len(env["action"])) < np.asarray(p)[env["action"]]) * 1.0}


@claim("rrm")
def claim_rrm():
    """Arms: miracle step (right .9, rubric .2, unsound), rigorous (.6, .95), wrong (.05, .3)."""
    right, sound = np.array([0.9, 0.6, 0.05]), np.array([0.0, 1.0, 0.0])
    world = Bandit(((0.2,), (0.95,), (0.3,)), (0,) * 3, tuple(right * sound), (0.3, 0.2, 0.5))
    run, rates = Settings(steps=150, prompts=1), (0.3, 1.0, 3.0)
    paid = [Recipe(reward=step(bilinear), credit=GRPO), replace(rrm(), credit=GRPO)]
    last = [at_best_rate(world, r, rates, run, k, _draws(right)) for k, r in enumerate(paid)]
    verified = [p @ (right * sound) for p in last]
    rng = np.random.default_rng(0)
    o, s = (rng.random((2, 64)) < 0.4).astype(float)
    env = {"outcome": o, "group": np.zeros(64), "sound": s}
    audit = rrm(k=16).audit
    below = audit(env)[0] <= audit({**env, "sound": None})[0]
    holds = (
        last[0][:, 0].min() > 0.9 and last[1][:, 1].min() > 0.9 and (verified[1] > verified[0]).all() and bool(below)
    )
    return Outcome(
        float(verified[0].mean()), float(verified[1].mean()), bool(holds),
        f"verified pass rate under the outcome and under the rubric; P(miracle) {last[0][:, 0].mean():.2f}, "
        f"P(rigorous) {last[1][:, 1].mean():.2f}",
    )  # fmt: skip


@claim("stitchcuda")
def claim_stitchcuda():
    """Arms: copy of the reference (right 1, speed-up 1, hack), true kernel (right .5, 1.8), broken."""
    table, right = ((0, 0.5, 0.5, 0.5), (1, 0.8, 0.8, 0.8), (1, 0.3, 0.3, 0.3)), (1.0, 0.5, 0.0)
    world = Bandit(table, (0,) * 3, (0, 1, 0), (0.4, 0.2, 0.4))

    def run_kernel(env):
        speed = np.array([1.0, 1.8, 0.0])[env["action"]]
        return _draws(right)(env) | {"speedup": speed, "gate_mask": np.arange(4) == 0}

    execution = Recipe(
        reward=step(gate, condition=ref("outcome"), x=step(clip, ref("speedup"), lo=0, hi=4)), credit=GRPO
    )
    run, rates = Settings(steps=200, prompts=1), (0.1, 0.3, 1.0)
    copied = at_best_rate(world, execution, rates, run, 0, run_kernel)
    kernel = at_best_rate(world, stitchcuda(), rates, run, 1, run_kernel)
    return Outcome(
        float(copied[:, 1].mean()), float(kernel[:, 1].mean()),
        bool(copied[:, 0].min() > 0.9 and kernel[:, 1].min() > 0.9),
        f"P(true kernel) under the execution reward alone (P(copy) {copied[:, 0].mean():.2f}) and under the recipe",
    )  # fmt: skip


@claim("job_application")
def claim_job_application():
    """A class-blind policy accepts or rejects; 40% are qualified."""
    lint = [job_application(penalty=p).audit({}) for p in (0.25, 1.0, 4.0, 9.0)]
    world = Bandit(((0,), (1,)), (0, 0), (0, 1), (0.5, 0.5))

    def decide(env):
        return env | {"decision": env["action"] * 1.0, "outcome": (env["rng"].random(len(env["action"])) < 0.4) * 1.0}

    run, rates = Settings(steps=150, prompts=1), (0.1, 0.3, 1.0)
    recall = {
        p: at_best_rate(world, job_application(penalty=p), rates, run, int(p < 2 / 3), decide)[:, 1]
        for p in (0.25, 1.0, 4.0)
    }
    found = [round(x.value, 2) for x in lint]
    holds = (
        found == [0.2, 0.5, 0.8, 0.9] and [x.ok for x in lint] == [True, False, False, False]
        and recall[0.25].min() > 0.8 and recall[1.0].max() < 0.05 and recall[4.0].max() < 0.05
    )  # fmt: skip
    return Outcome(
        float(recall[1.0].mean()), float(recall[0.25].mean()), bool(holds),
        f"recall (accept rate) under penalty 1 and .25; implied thresholds {found}",
    )  # fmt: skip


PADDING = np.arange(2, 22)


def _padded(env):
    """K steps for arm K: trivially true ones (.95) and the answer (.9); right half the time, whatever K."""
    sizes = PADDING[env["action"]]
    off = np.concatenate([[0], np.cumsum(sizes)])
    scores = np.full(off[-1], 0.95)
    scores[off[1:] - 1] = 0.9
    right = (env["rng"].random(len(sizes)) < 0.5) * 1.0
    return env | {"outcome": right, "step_off": off, "step_scores": scores}


@claim("clip_delta")
def claim_clip_delta():
    """How many steps a policy learns to write when every step looks right; 11.5 at the start."""
    off, run = ref("step_off"), Settings(steps=400, prompts=1, rate=0.3)
    world = Bandit(((0,),) * 20, (0,) * 20, tuple(PADDING.tolist()), (1 / 20,) * 20)
    row = step(grpo, reward=step(segment_reduce, ref("reward"), off))
    raw = Recipe(reward=step(combine, terms=(step(place, ref("outcome"), off), ref("step_scores"))), credit=row)
    clipped = step(hinge_negative, ref("step_scores"), eta=0.9)
    fined = replace(raw, reward=step(combine, terms=(step(place, ref("outcome"), off), clipped)))
    ours = [replace(clip_delta(eta=e), credit=row) for e in (1.0, 0.9)]
    steps = [np.array([c.final for c in over_seeds(world, r, run, change=_padded)]) for r in (raw, fined, *ours)]
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 7, size=40)
    env = {"outcome": rng.integers(0, 2, 40) * 1.0, "step_off": np.concatenate([[0], np.cumsum(sizes)])}
    env["step_scores"] = rng.random(env["step_off"][-1])
    scored = np.minimum(env["step_scores"] - 0.9, 0.0)
    scored[env["step_off"][1:] - 1] = 0.0
    telescopes = np.allclose(clip_delta().advantages(env), np.repeat(env["outcome"], sizes) + scored)
    holds = steps[0].min() > 20 and all(((s > 9) & (s < 15)).all() for s in steps[1:]) and telescopes
    return Outcome(
        float(steps[0].mean()), float(steps[3].mean()), bool(holds),
        f"mean number of steps with raw process rewards and with clip and delta (clip alone {steps[1].mean():.1f}, "
        f"delta alone {steps[2].mean():.1f}, start 11.5); the return from step k is outcome + alpha q_k: {telescopes}",
    )  # fmt: skip


@claim("r3_rag")
def claim_r3_rag():
    """Two steps: retrieve, answer. A relevant query (.9) raises P(right) from .2 to .6; a third arm is malformed."""
    world = Bandit(((0,),) * 3, (0,) * 3, (1, 0, 0), (0.2, 0.5, 0.3))

    def retrieve(env):
        n, arm = len(env["action"]), env["action"]
        steps = np.column_stack([np.array([0.9, 0.2, 0.2])[arm], np.zeros(n)]).ravel()
        valid = np.column_stack([arm != 2, np.ones(n)]).ravel() > 0
        two = {"step_off": np.arange(0, 2 * n + 1, 2), "step_scores": steps, "step_valid": valid}
        return _draws((0.6, 0.2, 0.2))(env) | two

    first = replace(r3_rag(), credit=step(grpo, reward=step(pool, r3_rag().credit, ref("step_off"), how="first")))
    run, rates = Settings(steps=200, prompts=1), (0.1, 0.3, 1.0)
    updates = [
        min((_updates(world, r, replace(run, rate=k), retrieve) for k in rates), key=np.mean)
        for r in (Recipe(reward=step(bilinear), credit=GRPO), first)
    ]
    env = retrieve({"action": np.array([0, 1, 2]), "rng": np.random.default_rng(0)})
    paid = r3_rag().reward(env)[::2]
    holds = max(updates[1]) < 200 and np.mean(updates[1]) < np.mean(updates[0]) and paid[2] == -1 and min(paid[:2]) >= 0
    return Outcome(
        float(np.mean(updates[0])), float(np.mean(updates[1])), bool(holds),
        f"updates until P(relevant query) is .9, outcome alone {updates[0]} and the recipe {updates[1]}, each at its "
        "best step size",
    )  # fmt: skip


@claim("atom_searcher")
def claim_atom_searcher():
    """A chain with a noisy process score (correlation .6 with success), and a judge that prefers a wrong arm."""
    chain = StepChain(start=(0.0, 0.0, 0.0), luck=0.0)
    seen = _noisy(chain.rollouts(chain.init(), np.random.default_rng(0), 500, 8))
    correlation = float(np.corrcoef(seen["outcome"], seen["process"])[0, 1])
    outcome = Recipe(reward=step(bilinear), credit=GRPO)
    run, rates = Settings(steps=50, prompts=1), (1.0, 2.0, 4.0)
    slow, fast = (
        min(np.mean(_updates(chain, r, replace(run, rate=k), _noisy, 10)) for k in rates)
        for r in (outcome, atom_searcher())
    )
    misled = Bandit(((0.2,), (0.9,), (0.4,)), (0,) * 3, (1, 0, 0), (0.3, 0.3, 0.4))
    constant = Recipe(reward=step(bilinear, a=0.5, c=0.5), credit=GRPO)
    run, rates, right = Settings(steps=400, prompts=1), (0.1, 0.3, 1.0), _draws((0.7, 0.3, 0.1))
    stuck, kept = (at_best_rate(misled, r, rates, run, 0, right)[:, 0] for r in (constant, atom_searcher()))
    holds = abs(correlation - 0.6) < 0.05 and fast < slow and stuck.max() < 0.1 and kept.min() > 0.9
    return Outcome(
        float(stuck.mean()), float(kept.mean()), bool(holds),
        f"P(right arm) under a misled judge, constant mix and annealed; updates to .9 with a judge of correlation "
        f"{correlation:.2f}: outcome alone {slow:.1f}, the recipe {fast:.1f}, each at its best step size",
    )  # fmt: skip


def _noisy(env):
    noise = env["rng"].normal(0, 0.1, len(env["process"]))
    return env | {"process": np.clip(env["process"] + noise, 0, 1)}


@claim("rlvrr")
def claim_rlvrr():
    """Texts over the key words A to E: in order, reversed, repeated three times, half, empty; and naive recall."""
    reference, words = "A B C D E", list("ABCDE")
    texts = ["A B C D E", "E D C B A", "A B C D E " * 3, "A B C", ""]
    content = np.array([_verdict(keyword_chain, t, [reference], [words]) for t in texts])
    recall = np.array([_verdict(contains, t, words, partial=True) for t in texts])
    style = np.array([[_verdict(length, t, unit="words", max=10)] for t in texts])
    env = {"process": content, "scores": style, "weights": np.array([0.5]), "asked": np.ones((5, 1), bool)}
    paid = rlvrr().reward(env)
    holds = np.allclose(content, [1.0, 0.2, 1 / 3, 0.6, 0.0]) and recall[:3].tolist() == [1.0, 1.0, 1.0]
    holds = holds and np.allclose(paid, content + 0.5 * style[:, 0]) and paid.argmax() == 0
    return Outcome(
        float(recall[1:3].mean()), float(content[1:3].mean()), bool(holds),
        f"content score of the reversed and the repeated text, by recall and by the chain "
        f"({content.round(2).tolist()})",
    )  # fmt: skip


def _verdict(verifier, text, *args, **settings):
    return verifier(Sample("s", (Message("user", "?"),), text), *args, **settings).value


@claim("harmo")
def claim_harmo():
    """Answers of 20 to 200 tokens, right mostly around 100; the reward model likes them short."""
    lengths = np.arange(20, 201, 10)
    right = 0.8 * np.exp(-(((lengths - 100) / 30) ** 2))
    target = float(lengths @ right / right.sum())
    world = Bandit(((0,),) * 19, (0,) * 19, tuple(lengths.tolist()), (1 / 19,) * 19)

    def answer(env):
        size = lengths[env["action"]]
        return _draws(right)(env) | _uncheckable(size, 1 - 0.5 * size / 200)

    biased = Recipe(reward=step(combine, terms=(ref("process"),)), credit=step(dr_grpo))
    run, rates = Settings(steps=300, prompts=1), (0.5, 1.0, 2.0)
    short, kept = (
        [np.array([c.final for c in over_seeds(world, r, replace(run, rate=k), change=answer)]) for k in rates]
        for r in (biased, harmo())
    )
    short, kept = min(short, key=np.mean), min(kept, key=lambda x: abs(x - target).max())
    one = {"outcome": np.array([0, 1.0, 0, 0]), "group": np.zeros(4), "format": np.zeros(4)}
    sizes = np.array([50.0, 100, 150, 100])
    fine, none = (
        harmo().reward(_uncheckable(sizes, np.zeros(4)) | one | {"outcome": o}) for o in (one["outcome"], np.zeros(4))
    )
    holds = (
        abs(kept / target - 1).max() < 0.2 and short.mean() < 25 and fine[1] == fine[3] == 0.0
        and np.isclose(fine[0], fine[2]) and fine[0] < 0 and not none.any()
    )  # fmt: skip
    return Outcome(
        float(short.mean()), float(kept.mean()), bool(holds),
        f"mean length without and with the term, right answers {target:.0f}, shortest 20; L* follows the policy, so "
        f"lengths still slide to {kept.min():.0f}",
    )  # fmt: skip


def _uncheckable(size, process):
    return {"length": size, "process": process, "checkable": np.zeros(len(size), bool)}


@claim("argument_rewriting")
def claim_argument_rewriting():
    """Rewrites on a front from copying (similarity 1) to heavy edits, and an empty text (appropriate, similarity 0)."""
    clean = np.append(np.linspace(0.4, 0.999, 9), 1.0)
    similar = np.append(1 - 0.7 * np.linspace(0, 1, 9) ** 2, 0.0)
    world = Bandit(tuple((x,) for x in similar), tuple(clean), tuple(similar), (0.1,) * 10)
    env = {"process": similar, "outcome": clean}
    chosen = np.array([argument_rewriting(beta=b).reward(env).argmax() for b in np.linspace(0, 1, 41)])
    traced = bool(
        (np.diff(chosen) >= 0).all() and len(set(chosen)) == 10 and (chosen == 9).tolist() == [False] * 40 + [True]
    )
    learned = {b: _rewriting(world, b) for b in (0.0, 0.6, 0.95, 1.0)}
    kept, empty = [p @ similar for p in learned.values()], [p[:, 9] for p in learned.values()]
    falls = bool((np.diff([k.mean() for k in kept]) < 0).all())
    holds = traced and falls and max(e.max() for e in empty[:3]) < 0.01 and empty[3].mean() > 0.5
    return Outcome(
        float(np.mean(empty[3])), float(np.mean(empty[1])), bool(holds),
        "P(empty text) at weight 1 and at .6; similarity falls with the weight: "
        + ", ".join(f"{b:g}: {np.mean(k):.2f}" for b, k in zip(learned, kept, strict=True)),
    )  # fmt: skip


def _rewriting(world, beta):
    """[seed, arm] at the step size that earns most."""
    recipe, run = replace(argument_rewriting(beta=beta), credit=GRPO), Settings(steps=100, prompts=1)
    found = [arms(world, recipe, replace(run, rate=r)) for r in (0.3, 1.0, 3.0)]
    pay = beta * np.asarray(world.right) + (1 - beta) * np.asarray(world.table)[:, 0]
    return max(found, key=lambda p: (p @ pay).mean())
