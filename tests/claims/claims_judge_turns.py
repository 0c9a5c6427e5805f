"""Checks of judges that are asked again: set-ups of the cards, scripted judges, worlds with known truth."""

import asyncio
import json
import math
import re

import numpy as np

from rubricate.judges.tags import read_tag
from rubricate.lab.claims import Outcome, claim
from rubricate.llm.ask import Problem
from rubricate.llm.client import Reply, Request, Token
from rubricate.llm.scripted import ScriptedClient, hashed, read_prompt
from rubricate.loops.segment_beam import SUPPORTED, Segment
from rubricate.recipes import find_recipe
from rubricate.rewards import uncertainty_weight
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, Usage

PROMPT = (Message("user", "Answer the question."),)
ONE = Rubric(id="r", criteria=[{"id": "right", "text": "The answer is right."}])


def judged(judge, samples, client, rubric=ONE):
    """The first verdict about each sample."""

    async def ask():
        return [(await judge.verdicts(s, rubric, rubric.leaves[:1], client))[0] for s in samples]

    return asyncio.run(ask())


def say(value, name="right"):
    return json.dumps({"verdicts": [{"id": name, "reason": "r", "verdict": "met" if value else "not_met"}]})


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


# ------------------------------------------------------------------------------------------------ 37


def bandit(seed, rate, steps, graded):
    """P(valid), P(right) of 12 outcomes: no tag, no number, off the scale, eight wrong, one right."""
    rng = np.random.default_rng(seed)
    theta = np.zeros(12)
    theta[:3] = 3.0, 1.5, 1.0
    recipe = find_recipe("37")()
    for _ in range(steps):
        p = softmax(theta)
        action = rng.choice(12, 8, p=p)
        env = {
            "format": action > 0, "readable": action > 1, "on_scale": action > 2, "outcome": action == 11,
            "first_outcome": np.zeros(8), "progress": 0.0, "group": np.zeros(8),
        }  # fmt: skip
        if graded:
            advantage = recipe.advantages(env)
        else:
            advantage = recipe.credit(env | {"reward": (action == 11).astype(float)})
        theta = theta + rate * (advantage[:, None] * (np.eye(12)[action] - p)).mean(0)
    p = softmax(theta)
    return p[3:].sum(), p[11]


@claim("scirm")
def claim_scirm():
    rates = (0.1, 0.3, 1.0)  # at every step size: the best one of each hides what the ladder is for
    valid, right, late = (
        {
            (graded, rate): float(np.mean([bandit(seed, rate, steps, graded)[which] for seed in range(8)]))
            for graded in (False, True)
            for rate in rates
        }
        for steps, which in ((20, 0), (50, 1), (150, 1))
    )
    gain = [valid[True, rate] - valid[False, rate] for rate in rates]
    sooner = min(gain) > 0.0 and min(gain[:2]) > 0.08  # at 1.0 both are nearly done after 20 steps
    same = abs(late[True, 0.3] - late[False, 0.3]) < 0.02
    gains = ", ".join(f"{right[False, rate]:.2f} -> {right[True, rate]:.2f}" for rate in rates)
    note = f"P(valid) after 20 steps of .3; P(right) after 50 steps of .1, .3, 1: {gains}; after 150 equal"
    return Outcome(round(valid[False, 0.3], 3), round(valid[True, 0.3], 3), sooner and same, note)


# ------------------------------------------------------------------------------------------------ 47


@claim("libra")
def claim_libra():
    recipe = find_recipe("47")()
    gaps, votes = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        truth = (rng.random(4000) < 0.8).astype(float)
        verdict = np.where(truth == 1, rng.random(4000) < 0.9, rng.random(4000) >= 0.6).astype(float)
        report = recipe.audit.build(verdict=verdict, truth=truth)
        gaps.append([report.accuracy, report.balanced, report.precision])
    client = ScriptedClient(
        lambda r: say((hashed(read_prompt(r).response, str(r.sample)) < 0.7) == read_prompt(r).response.endswith("1"))
    )
    samples = [Sample(str(k), PROMPT, f"{k} {k % 2}") for k in range(400)]
    truth = np.arange(400) % 2
    for judge in (recipe.judge.build(k=1), recipe.judge.build()):
        votes.append(np.mean([v.value for v in judged(judge, samples, client)] == truth))
    plain, balanced, precision = np.mean(gaps, axis=0)
    holds = abs(plain - 0.84) < 0.02 and abs(balanced - 0.75) < 0.02 and votes[1] > votes[0] + 0.08
    note = f"precision {precision:.2f}; independent errors: one sample {votes[0]:.2f}, vote of five {votes[1]:.2f}"
    return Outcome(round(float(plain), 3), round(float(balanced), 3), bool(holds), note)


# ------------------------------------------------------------------------------------------------ 53


def solver(request):
    """Knows sums when it solves them itself; at sight it takes any number for right three times in four."""
    asked = request.messages[-1].content
    task = re.search(r"(\d+) \+ (\d+)", str(request.messages))
    if "Before you see a response" in asked:
        if task is None:
            return "<type>chat</type><rubric>1. Greets (100 %)</rubric>"
        return f"<type>reasoning</type><solution>{int(task[1]) + int(task[2])}</solution>"
    response = read_prompt(request).response
    own = re.search(r"<solution>(\d+)</solution>", str(request.messages))
    return say(own[1] == response if own else hashed(response, "sight") < 0.75)


TAGS = [
    ("so [[A]]", 1.0),
    ("[[B]] [[A]]", -1.0),
    ("[[A]] " + "x" * 100, -1.0),
    ("Not [[B]]: " + "x" * 90 + " [[A]]", 1.0),
    ("[[B]]", -1.0),
    ("none", -1.0),
]


@claim("rm_r1")
def claim_rm_r1():
    recipe = find_recipe("53")()
    read = [read_tag(text, "AB") for text, _ in TAGS]
    env = {"format": [not isinstance(r, Problem) for r in read], "outcome": [float(r == "A") for r in read]}
    rewards = recipe.reward({k: np.asarray(v, dtype=float) for k, v in env.items()})
    rng = np.random.default_rng(0)
    samples = []
    for k in range(200):
        a, b = rng.integers(10, 90, 2)
        answer = a + b + (rng.integers(1, 9) if k % 2 else 0)
        samples.append(Sample(str(k), (Message("user", f"What is {a} + {b}?"),), str(answer)))
    truth = np.arange(200) % 2 == 0
    judge = recipe.judge.build()
    own, sight = (
        np.mean([v.value for v in judged(j, samples, ScriptedClient(solver))] == truth) for j in (judge, judge.judge)
    )
    holds = own > sight + 0.2 and np.array_equal(rewards, [x for _, x in TAGS])
    return Outcome(
        round(float(sight), 3), round(float(own), 3), bool(holds), "six cases of the tail rule as on the card"
    )


# ------------------------------------------------------------------------------------------------ 73

SLOP = ["delve", "tapestry", "testament", "vibrant", "nuanced", "realm", "navigate", "crucial"]
COST = np.array([2.0, 1.5, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2])


def slop_counts(texts):
    return np.array([[t.split().count(w) for w in SLOP] for t in texts], dtype=float)


def editor(request):
    """Takes out and puts in words at random, another way for each sample."""
    draft = read_prompt(request).blocks[-1][1].split()
    rng = np.random.default_rng(int(hashed(" ".join(draft), str(request.sample)) * 2**32))
    kept = [w for w in draft if rng.random() < 0.75]
    return f"<edited>{' '.join(kept + list(rng.choice(SLOP, rng.integers(0, 4))))}</edited>"


@claim("wqrm")
def claim_wqrm():
    recipe = find_recipe("73")()
    gains, sure, unsure, first = [], [], [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        drafts = [" ".join(rng.choice(SLOP, rng.integers(6, 14))) for _ in range(340)]
        edits = [" ".join(w for w in d.split() if rng.random() < 0.6) for d in drafts]
        better, worse = slop_counts(edits[:300]), slop_counts(drafts[:300])
        noisy = rng.random(300) < 0.2
        better[noisy], worse[noisy] = worse[noisy].copy(), better[noisy].copy()
        reward = recipe.judge.build().fit(better, worse)

        def score(samples, reward=reward):
            return reward.score(slop_counts([s.response for s in samples]))

        loop = recipe.loop.build()
        for k, draft in enumerate(drafts[300:]):
            done = asyncio.run(loop.run(Sample(str(k), PROMPT, draft), ScriptedClient(editor), score))
            true = -slop_counts(done.texts) @ COST
            gains.append((true[done.best] - true[0]) / true[1:].std())
            first.append((true[1] - true[0]) / true[1:].std())
            for j in range(1, len(true)):  # every edit as a pair with the draft
                gap = done.scores[j] - done.scores[0]
                (sure if abs(gap) > 1 else unsure).append((gap > 0) == (true[j] > true[0]))
    sure, unsure = np.mean(sure), np.mean(unsure)
    holds = np.mean(gains) - np.mean(first) >= 0.8 and sure >= unsure + 0.15
    note = f"in deviations of the edits, over the draft; pairs with gap > 1 right {sure:.2f}, others {unsure:.2f}"
    return Outcome(round(float(np.mean(first)), 2), round(float(np.mean(gains)), 2), bool(holds), note)


# ------------------------------------------------------------------------------------------------ 90


def distracted(request):
    """Errs more with every dimension in its conversation: .05 each."""
    asked = request.messages[-1].content
    if "Give no verdict yet" in asked:
        return json.dumps({"focus": [{"dimension": d, "issues": "x"} for d in ("safety", "reasoning quality")]})
    notes = [m.content for m in request.messages if m.role == "assistant"]
    shown = len(notes[0].splitlines()) if notes else 7
    response = read_prompt(request).response
    return say(response.endswith("1") != (hashed(response, "slip") < 0.05 * shown))


@claim("br_rm")
def claim_br_rm():
    recipe = find_recipe("90")()
    outcome = np.array([0, 1, 1, 1, 1, 0, 0, 0.0])
    gap = {}
    for cost in (-1.0, -10.0, -100.0):
        env = {"format": np.arange(8) > 0, "outcome": outcome, "group": np.zeros(8)}
        advantage = find_recipe("90")(format_error=cost).advantages(env)
        gap[cost] = advantage[1] - advantage[5]
    samples = [Sample(str(k), PROMPT, f"{k} {k % 2}") for k in range(400)]
    truth = np.arange(400) % 2
    judge = recipe.judge.build()
    two, one = (
        np.mean([v.value for v in judged(j, samples, ScriptedClient(distracted))] == truth)
        for j in (judge, judge.judge)
    )
    holds = two >= one + 0.08 and gap[-1.0] > 1.9 and abs(gap[-100.0] - 0.03) < 0.01
    note = f"right less wrong advantage: format error -1 {gap[-1.0]:.2f}, -10 {gap[-10.0]:.2f}, -100 {gap[-100.0]:.2f}"
    return Outcome(round(float(one), 3), round(float(two), 3), bool(holds), note)


# ----------------------------------------------------------------------------------------------- 140


@claim("ctrl_u")
def claim_ctrl_u():
    u = np.linspace(0, 8, 80001)
    best = [
        float(uncertainty_weight(u)[np.argmin(loss * uncertainty_weight(u) + 0.5 * u)]) for loss in (0.1, 1.0, 10.0)
    ]
    true = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        quality = rng.normal(size=(200, 256))
        exploit = rng.random((200, 256)) < 0.05
        quality = np.where(exploit, -2.0, quality)
        seen = rng.random((200, 256, 5)) < 0.6  # each model falls for an exploit with its own probability
        models = quality[..., None] + rng.normal(0, 0.5, (200, 256, 5)) + 6.0 * (exploit[..., None] & seen)
        reward = find_recipe("140")().reward({"rewards": models.reshape(-1, 5)}).reshape(200, 256)
        scores = (models[..., 0], models.mean(-1), models.mean(-1) - models.std(-1), reward)
        true.append([np.take_along_axis(quality, s.argmax(1)[:, None], 1).mean() for s in scores])
    single, mean, lower, ours = np.mean(true, axis=0)
    holds = ours > mean + 1.0 and lower > mean + 0.5 and np.allclose(best, [1.0, 0.5, 0.05], atol=1e-3)
    note = f"true quality of best of 256: one model {single:.2f}, mean - std {lower:.2f}; weights at the optimum 1, .5, .05"
    return Outcome(round(float(mean), 2), round(float(ours), 2), bool(holds), note)


# ----------------------------------------------------------------------------------------------- 159


def thinker(trained):
    """Errs .4 at first; each "Wait" halves that if it was trained to use it."""

    def reply(request: Request):
        last = request.messages[-1]
        if last.role != "assistant" or "</think>" not in last.content:
            return Reply(("hm</think>",), usage=Usage(1, 5, 10))
        waits = last.content.count("Wait") if trained else 0
        response = read_prompt(Request(request.messages[:2])).response
        return say(response.endswith("1") != (hashed(response, "slip") < 0.4 * 0.5**waits))

    return reply


@claim("j1_7b")
def claim_j1_7b():
    samples = [Sample(str(k), PROMPT, f"{k} {k % 2}") for k in range(200)]
    truth = np.arange(200) % 2
    curve = {}
    for trained in (False, True):
        for times in (0, 1, 2, 3):
            found = judged(find_recipe("159")(times=times).judge.build(), samples, ScriptedClient(thinker(trained)))
            curve[trained, times] = np.mean([v.value for v in found] == truth)
            assert found[0].usage.calls == times + 2
    capped = judged(
        find_recipe("159")(times=9).judge.build(max_thinking=25), samples[:1], ScriptedClient(thinker(True))
    )
    rising = [curve[True, k] for k in range(4)]
    holds = (
        len({curve[False, k] for k in range(4)}) == 1
        and all(b > a for a, b in zip(rising, rising[1:], strict=False))
        and capped[0].usage.calls == 4
    )
    note = f"trained: {', '.join(f'{x:.3f}' for x in rising)} with 0 to 3 continuations; untrained flat"
    return Outcome(round(float(curve[False, 3]), 3), round(float(rising[3]), 3), bool(holds), note)


# ----------------------------------------------------------------------------------------------- 191


@claim("sacd")
def claim_sacd():
    audit = find_recipe("191")().audit
    rows = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        base = np.clip(rng.normal(0.6, 0.08, (3000, 1)), 0, 1)
        noise = rng.normal(0, 0.02, (3000, 5))
        right = (rng.random((3000, 1)) < base).astype(float) * np.ones((1, 5))
        drifting = np.clip(base + 0.03 * np.arange(5) + noise, 0, 1)
        own, control = (
            audit.build(confidence=drifting, correct=right),
            audit.build(confidence=np.clip(base + noise, 0, 1), correct=right),
        )
        rows.append([own.drift, control.drift, own.ece[0], own.ece[-1], control.ece[-1]])
    drift, control, first, last, repeated = np.mean(rows, axis=0)
    holds = abs(drift - 0.12) < 0.01 and abs(control) < 0.01 and last > first + 0.05 and repeated < first + 0.02
    note = f"ECE of turn 1 {first:.3f}, of turn 5 {last:.3f}, of the fifth repetition {repeated:.3f}"
    return Outcome(round(float(control), 3), round(float(drift), 3), bool(holds), note)


# ----------------------------------------------------------------------------------------------- 195


def continuations(seed):
    """Eight segments per step: the likelier ones are less supported."""

    def propose(done):
        rng = np.random.default_rng([seed, len(done), int(hashed("".join(s.text for s in done)) * 2**31)])
        support = rng.random(8)
        logp = -0.5 - 1.5 * support + rng.normal(0, 0.3, 8)
        mass = np.stack([1 - support, np.zeros(8), support], axis=1)[:, ::-1]
        return [Segment(f"{k},", float(logp[k]), (1.0, float(mass[k] @ SUPPORTED), 0.0)) for k in range(8)]

    return propose


@claim("self_rag")
def claim_self_rag():
    masses = {
        "relevance_mass": np.array([[0.6, 0.2]]), "support_mass": np.array([[0.3, 0.2, 0.5]]),
        "use_mass": np.array([[0.1, 0.0, 0.2, 0.3, 0.2]]),
    }  # fmt: skip
    score = float(find_recipe("195")().reward(masses)[0])
    by_hand = 0.75 + (0.3 + 0.1) + 0.5 * (-0.1 + 0.15 + 0.2) / 0.8
    support, likelihood = [], []
    for weight in (0.0, 1.0, 2.0, 5.0):
        paths = [find_recipe("195")(support=weight).loop.build(propose=continuations(s), depth=4)[0] for s in range(30)]
        segments = [s for p in paths for s in p.segments]
        support.append(np.mean([s.markers[1] for s in segments]))
        likelihood.append(np.mean([s.logp for s in segments]))
    holds = abs(score - by_hand) < 1e-9 and (np.diff(support) > 0).all() and (np.diff(likelihood) < 0).all()
    note = f"support at weight 0, 1, 2, 5: {', '.join(f'{x:.2f}' for x in support)}; log p {', '.join(f'{x:.2f}' for x in likelihood)}"
    return Outcome(round(float(support[0]), 2), round(float(support[-1]), 2), bool(holds), note)


# ----------------------------------------------------------------------------------------------- 203

NINE = Rubric(id="r", criteria=[{"id": "right", "text": "How good it is.", "scale": "0-9"}])


def rater(request):
    """Rates with digits spread by 1.2 around the quality that the response states."""
    quality = float(read_prompt(request).response)
    p = softmax(-((np.arange(10) - quality) ** 2) / (2 * 1.2**2))
    best = int(p.argmax())
    top = tuple((str(k), math.log(x)) for k, x in enumerate(p))
    return Reply((f"Score: {best}",), tokens=((Token("Score: ", 0.0), Token(str(best), top[best][1], top)),))


def concordant(x, y):
    """Kendall's tau-a of two short lists."""
    i, j = np.triu_indices(len(x), 1)
    return float(np.mean(np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])))


@claim("self_j")
def claim_self_j():
    judge = find_recipe("203")().judge.build()
    rng = np.random.default_rng(0)
    quality = (rng.uniform(2, 7, (100, 1)) + rng.normal(0, 0.35, (100, 8))).clip(0, 9)
    samples = [Sample(f"{g}-{k}", PROMPT, f"{q:.4f}") for g, row in enumerate(quality) for k, q in enumerate(row)]
    found = judged(judge, samples, ScriptedClient(rater), NINE)
    expected = np.array([v.value for v in found]).reshape(quality.shape)
    likeliest = np.array([float(v.label) for v in found]).reshape(quality.shape)
    tau = [np.mean([concordant(a, q) for a, q in zip(x, quality, strict=True)]) for x in (likeliest, expected)]
    dead = [float((x.std(1) == 0).mean()) for x in (likeliest, expected)]
    curve = find_recipe("203")().audit.build(uncertainty=-expected.ravel(), loss=(quality.ravel() < 4.5).astype(float))
    kept = curve.risk[np.searchsorted(curve.coverage, 0.5)]
    holds = tau[1] > tau[0] + 0.3 and dead[0] > 0.05 and dead[1] == 0.0 and kept < curve.risk[-1] - 0.2
    note = f"groups without spread {dead[0]:.3f} and {dead[1]:.3f}; risk at half coverage {kept:.2f} of {curve.risk[-1]:.2f}"
    return Outcome(round(float(tau[0]), 3), round(float(tau[1]), 3), bool(holds), note)
