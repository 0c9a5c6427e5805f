"""Checks of rubricate.recipes.rubric_generate; set-ups and figures are those of the cards unless a line says ours."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass

import numpy as np

from rubricate.generate import RubricIndex
from rubricate.generate.spans import partial_ratio
from rubricate.judges import compare_pairs, pair_values
from rubricate.lab import Bandit, Settings, learn
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import softmax
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.recipes import find_recipe
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

SEEDS = range(5)


@claim("orbit")
def claim_orbit():
    """Points 5, 5, -8, -4, all met: -.2. With the two negative verdicts failed: no reward, where "not met" pays 1."""
    reward, points = find_recipe("6")().reward, np.array([5.0, 5.0, -8.0, -4.0])
    lost = [1.0, 1.0, np.nan, np.nan]
    scores = np.array([[1.0, 1.0, 1.0, 1.0], lost, np.nan_to_num(lost)])
    met, failed, taken = reward({"scores": scores, "asked": np.ones((3, 4), dtype=bool), "weights": points})
    holds = abs(met + 0.2) < 1e-12 and np.isnan(failed) and taken == 1.0
    return Outcome(round(float(taken), 2), "no reward" if np.isnan(failed) else float(failed), bool(holds))


@claim("openrubrics")
def claim_openrubrics():
    """4,000 rubrics, 40 % bad. Card: unfiltered .604; ">=" .661 to .712, ">" .713 to .753 on 2 to 8 pairs."""
    kept = {rule: [] for rule in ("strict", "at_least")}
    base, control = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        bad = rng.random(4000) < 0.4
        quality = np.where(bad, rng.uniform(0.2, 0.5, 4000), rng.uniform(0.6, 0.95, 4000))
        base.append(quality.mean())
        for pairs in (2, 4, 6):
            match = (rng.random((4000, pairs)) < quality[:, None]).astype(float)
            for rule, out in kept.items():
                out.append(quality[find_recipe("10")(rule=rule).refine.build().of(match).keep].mean())
        match = (rng.random((4000, 4)) < rng.permutation(quality)[:, None]).astype(float)
        control.append(quality[find_recipe("10")().refine.build().of(match).keep].mean())
    plain, strict, loose, shuffled = (np.mean(x) for x in (base, *kept.values(), control))
    holds = strict > plain + 0.08 and strict > loose + 0.03 and abs(shuffled - plain) < 0.01
    return Outcome(round(plain, 3), round(strict, 3), bool(holds), f">= {loose:.3f}, shuffled {shuffled:.3f}")


def _bank(rng, topics=12, size=300):
    """Rubrics with prompts in words of their topic: six of twelve criteria of the topic, two of ten general ones."""
    words = rng.dirichlet(np.full(200, 0.05), topics)

    def prompt(topic):
        return " ".join(f"w{k}x" for k in rng.choice(200, 15, p=words[topic]))

    def items(topic):
        own = [f"t{topic}i{k}" for k in rng.choice(12, 6, replace=False)]
        return own + [f"g{k}" for k in rng.choice(10, 2, replace=False)]

    def rubric(k):
        topic = int(rng.integers(topics))
        criteria = [{"id": i, "text": i} for i in items(topic)]
        return Rubric(id=f"r{k}", prompt=prompt(topic), criteria=criteria)

    return [rubric(k) for k in range(size)], prompt, items


def _common(rubrics):
    """The eight items that most of some rubrics hold."""
    return [i for i, _ in Counter(c.id for r in rubrics for c in r.criteria).most_common(8)]


@claim("rubricrag")
def claim_rubricrag():
    """Card: recall of the expert's items .444 by neighbours, .094 by random ones, .198 by general items."""
    audit, found = find_recipe("25")().audit, {k: [] for k in ("near", "random", "general", "shuffled")}
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        bank, prompt, items = _bank(rng)
        index = RubricIndex(bank)
        for _ in range(40):
            topic, other = rng.choice(12, 2, replace=False)
            expert = items(topic)
            written = {
                "near": _common(n.rubric for n in index.nearest(prompt(topic), 3)),
                "random": _common(bank[k] for k in rng.choice(300, 3)),
                "general": [f"g{k}" for k in rng.choice(10, 8, replace=False)],
                "shuffled": _common(n.rubric for n in index.nearest(prompt(other), 3)),
            }
            for name, texts in written.items():
                grid = np.array([[float(a == b) for b in expert] for a in texts])
                found[name].append(audit.build(grid=grid).recall)
    near, random, general, shuffled = (np.mean(v) for v in found.values())
    holds = near > 2 * general and near > 3 * random and shuffled < random + 0.05
    note = f"general {general:.3f}, words of another topic {shuffled:.3f}"
    return Outcome(round(random, 3), round(near, 3), bool(holds), note)


@claim("ace_rl")
def claim_ace_rl():
    """Drafts: short, medium, partial, right length; constraints 1, 1, .5, 1, lengths that earn .2, .6, .6, 1.

    Card: constraints alone .10/.54/0/.36, with the length 1.00 on the fourth. Step sizes .6 and 1.5; the worst counts.
    """
    words = np.array([20, 60, 60, 100])
    world = Bandit(((1.0,), (1.0,), (0.5,), (1.0,)), (1, 1, 1, 1), (0.0, 0.0, 0.0, 1.0), (0.25,) * 4)

    def change(env):
        n, noise = len(env["action"]), env["rng"].normal(0, 0.05, (len(env["action"]), 1))
        lengths = {"length": words[env["action"]], "length_low": np.full(n, 100), "length_high": np.full(n, 100)}
        return env | lengths | {"scores": np.clip(env["scores"] - np.abs(noise), 0, 1)}

    def share(recipe, rate):
        settings = Settings(steps=round(60 / rate), prompts=1, group_size=8, rate=rate)
        return np.mean([learn(world, recipe, settings, seed=s, change=change).final for s in SEEDS])

    rates = (0.6, 1.5)
    alone = max(share(find_recipe("88")(length=0.0), r) for r in rates)
    ours = min(share(find_recipe("88")(), r) for r in rates)
    return Outcome(round(alone, 3), round(ours, 3), bool(ours > 0.95 and alone < 0.8))


def _unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def _said(rng):
    """One response: the vectors of what four annotators said, who said it, and whether it is one of three truths."""
    truths = _unit(rng.normal(size=(3, 64)))
    rows = []
    for who in range(4):
        heard = [k for k in range(3) if rng.random() < 0.75]
        rows += [(who, True, truths[k] + rng.normal(size=64) * rng.uniform(0.02, 0.09)) for k in heard]
        rows += [(who, False, truths[rng.integers(3)] + rng.normal(size=64) * 0.11) for _ in range(2)]
    return [f"a{w}" for w, _, _ in rows], np.array([t for _, t, _ in rows]), _unit(np.array([v for _, _, v in rows]))


@claim("rlbff")
def claim_rlbff():
    """Card: thresholds .6/.7/.8/.9 keep .55/.31/.094/.009 with precision .65/.87/.997/1. Spans: a slip passes."""
    kept, precision = [], []
    rng = np.random.default_rng(0)
    said = [_said(rng) for _ in range(400)]
    for threshold in (0.6, 0.7, 0.8, 0.9):
        refine = find_recipe("174")(threshold=threshold).refine
        keep = np.concatenate([refine.build(similarity=v @ v.T, annotator=who) for who, _, v in said])
        true = np.concatenate([t for _, t, _ in said])
        kept.append(keep.mean())
        precision.append(true[keep].mean())
    text = "The answer forgets the temperature of the water."
    spans = partial_ratio("forgets teh temperature", text) > 60 > partial_ratio("quotes a Dutch poem at length", text)
    worth = np.multiply(kept, precision)
    falls = (
        (np.diff(kept) < 0).all() and (np.diff(precision) >= 0).all() and precision[0] < 0.75 and precision[2] > 0.97
    )
    note = f"kept {np.round(kept, 3).tolist()}, kept x precision {worth.round(3).tolist()}"
    return Outcome(round(precision[0], 3), round(precision[2], 3), bool(falls and spans), note)


@claim("cdrrm")
def claim_cdrrm():
    """Card: seven independent items of accuracy .72: .895, with three hidden .804. A halo judge repeats one verdict."""
    drops = {"independent": [], "halo": []}
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        votes = {"independent": np.where(rng.random((20_000, 7)) < 0.72, 1.0, -1.0)}
        votes["halo"] = np.repeat(np.where(rng.random((20_000, 1)) < 0.9, 1.0, -1.0), 7, axis=1)
        for name, out in drops.items():
            out.append(find_recipe("188")().audit.build(votes=votes[name], rng=rng, draws=5).drop)
    halo, independent = np.mean(drops["halo"]), np.mean(drops["independent"])
    return Outcome(round(halo, 4), round(independent, 4), bool(abs(halo) < 0.0042 and 0.07 < independent < 0.11))


@dataclass(frozen=True)
class Plans:
    """A planner picks checks that are telling, general or biased; a verifier then succeeds .9, .6 or .5 of the time."""

    samples: int = 4
    success: tuple[float, ...] = (0.9, 0.6, 0.5)
    unit: str = "row"

    def init(self):
        return np.zeros(3)

    def rollouts(self, theta, rng, prompts, group_size):
        plans = rng.choice(3, group_size // self.samples, p=softmax(theta))
        action = np.repeat(plans, self.samples)
        outcome = (rng.random(group_size) < np.array(self.success)[action]).astype(float)
        plan = np.repeat(np.arange(len(plans)), self.samples)
        env = {"action": action, "outcome": outcome, "plan": plan, "group": np.zeros(group_size, dtype=int), "rng": rng}
        return env | {"scores": outcome[:, None], "asked": np.ones((group_size, 1), dtype=bool)}

    def gradient(self, theta, env, advantage):
        onehot = np.eye(3)[env["action"]] - softmax(theta)
        return (advantage[:, None] * onehot).mean(0)

    def quality(self, theta):
        return float(softmax(theta)[0])


@claim("deltarubric")
def claim_deltarubric():
    """Card: P(telling) > .9 after 34 updates with 4 plans x 4 verifiers, 59 with 4 x 1 (20 seeds, rate .3). Ten seeds here."""
    recipe = find_recipe("190")()

    def updates(samples, rate):
        most = round(45 / rate)
        settings = Settings(steps=most, prompts=1, group_size=4 * samples, rate=rate)
        hits = [learn(Plans(samples), recipe, settings, seed=s).first_above(0.9) for s in range(10)]
        return np.mean([most if h is None else h for h in hits])

    found = {rate: (updates(1, rate), updates(4, rate)) for rate in (0.3, 0.6)}
    holds = all(4 * four < 3 * one for one, four in found.values())
    note = f"at rate .6: {found[0.6][0]:.1f} and {found[0.6][1]:.1f}"
    return Outcome(round(found[0.3][0], 1), round(found[0.3][1], 1), bool(holds), note)


class Patents:
    """Pairs of which one was filed first; the judge knows which in 60 % of them, a source in 62.5 % (both ours)."""

    def __init__(self, seed, n=120):
        rng = np.random.default_rng(seed)
        self.first = rng.integers(0, 2, n)  # which of the two
        self.known, self.held = rng.random(n) < 0.6, rng.random(n) < 0.625
        prompts = [(Message("user", f"Which of pair {i} was filed first?"),) for i in range(n)]
        self.samples = [[Sample(f"{i}-{k}", p, f"claim {i}-{k}") for k in (0, 1)] for i, p in enumerate(prompts)]

    async def lookup(self, question):
        pair = question.removeprefix("Filing dates of pair ").removesuffix("?")
        known = pair.isdigit() and self.held[int(pair)]
        return f"claim {pair}-{self.first[int(pair)]} was first." if known else None

    def reply(self, telling):
        def answer(request):
            blocks = read_prompt(request).blocks
            pair = int(dict(blocks)["task"].split()[3])
            if '"questions"' in request.messages[0].content:
                question = f"Filing dates of pair {pair}?" if telling else "What is a patent?"
                return json.dumps({"questions": [question]})
            told = any(label == "document" for label, _ in blocks)
            believed = self.first[pair] if told or self.known[pair] else 1 - self.first[pair]
            letter = "A" if dict(blocks)["response A"].endswith(f"-{believed}") else "B"
            return json.dumps({"verdicts": [{"id": "whole", "reason": "r", "verdict": letter}]})

        return ScriptedClient(answer)


def _right(world, client, ask):
    """Share of pairs that the recipe's judge decides rightly, with or without its questions."""
    recipe, rubric = find_recipe("192")(), Rubric(id="r", criteria=[{"id": "first", "text": "Was filed first."}])
    judge, questions = recipe.judge.build(), recipe.loop.build()

    async def run():
        sides = [p if not ask else (await questions.of(p, client, world.lookup)).samples for p in world.samples]
        flat = [s for pair in sides for s in pair]
        return await compare_pairs(judge, np.arange(len(flat)).reshape(-1, 2), flat, rubric, client)

    values = pair_values(asyncio.run(run()))[:, 0]
    return float(np.mean((values > 0) == (world.first == 0)))


@claim("introspective_growth")
def claim_introspective_growth():
    """Card: .6 -> .85 by questions that fetch facts; questions beside the point add nothing."""
    found = []
    for seed in SEEDS:
        world = Patents(seed)
        runs = ((True, False), (True, True), (False, True))
        found.append([_right(world, world.reply(telling), ask) for telling, ask in runs])
    bare, asked, beside = np.mean(found, 0)
    holds = asked > bare + 0.15 and abs(beside - bare) < 0.01
    return Outcome(round(bare, 3), round(asked, 3), bool(holds), f"questions beside the point {beside:.3f}")
