"""Checks of judges that compare, of what they are trained on, and of the benchmarks that measure them."""

import asyncio
import json

import numpy as np

from rubricate.audit import judgebench, ties_score
from rubricate.credit import rate
from rubricate.judges import ListwiseJudge, compare_pairs, pair_values
from rubricate.lab.claims import Outcome, claim
from rubricate.llm.scripted import ScriptedClient, hashed, read_prompt
from rubricate.loops import judge_tournament
from rubricate.recipes import find_recipe
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

RUBRIC = Rubric(id="r", criteria=[{"id": "good", "text": "Is good."}])
SEEDS = range(5)


def blocks(request):
    return dict(read_prompt(request).blocks)


def samples(prompt, *texts):
    return [Sample(f"{prompt}-{k}", (Message("user", prompt),), text) for k, text in enumerate(texts)]


@claim("mm_r5")
def claim_mm_r5():
    reward = find_recipe("39")().reward
    relevance = np.zeros((5000, 10))
    relevance[:, [2, 7]] = 1.0
    rng = np.random.default_rng(0)
    order = rng.random((5000, 10))
    drawn = reward({"doc_scores": order, "relevance": relevance, "format": np.ones(5000)}) - 1.0
    discount = 1 / np.log2(np.arange(10) + 2.0)
    expected = 2 * discount.mean() / discount[:2].sum()  # either place of each relevant one is uniform
    top = (order.argsort(1).argsort(1)[:, [2, 7]] >= 8).all(1)
    cases = np.zeros((3, 10))
    cases[0, [2, 7]], cases[1, [2, 3]], cases[2, [2, 7]] = 1.0, 1.0, 1.0
    found = reward({"doc_scores": cases, "relevance": relevance[:3], "format": np.array([1.0, 1.0, 0.0])})
    holds = (
        abs(drawn.mean() - expected) < 0.02
        and np.array_equal(np.isclose(drawn, 1.0), top)
        and found[0] == 2.0
        and 1.0 < found[1] < 2.0
        and found[2] == 0.0  # a doubled or a missing id
    )
    note = f"random order {drawn.mean():.3f}, analytic {expected:.3f}; a fault in the form {found[2]:.0f}"
    return Outcome(round(float(drawn.mean()), 3), float(found[0] - 1), bool(holds), note)


def _consensus(seed, shared):
    """Accuracy of one judge, of the consensus of four, and the share kept; ``shared``: part of their noise in common."""
    recipe, n = find_recipe("48")(), 6000
    rng = np.random.default_rng(seed)
    true, middle = rng.normal(0, 2.0, n), rng.uniform(2, 4, n)

    def rating(side):
        noise = np.sqrt(shared) * rng.normal(size=(n, 1)) + np.sqrt(1 - shared) * rng.normal(size=(n, 4))
        return np.clip(np.round((middle + side * true / 2)[:, None] + 1.1 * noise), 1, 5)

    gap = rating(1) - rating(-1)
    label = recipe.select({"gap": gap})
    alone = recipe.audit.build(margin=gap[:, 0] * np.sign(true)).overall
    agreed = recipe.audit.build(margin=label * np.sign(true), subset=np.arange(n) % 4)  # four scenarios
    return alone, agreed.mean, agreed.judged.sum() / n


@claim("rag_rewardbench")
def claim_rag_rewardbench():
    alone, agreed, kept = np.mean([_consensus(seed, 0.0) for seed in SEEDS], axis=0)
    _, common, more = np.mean([_consensus(seed, 0.5) for seed in SEEDS], axis=0)
    holds = 0.75 < alone < 0.81 and agreed > 0.97 and 0.28 < kept < 0.4 and common > 0.92 and 0.4 < more < 0.6
    note = f"keeps {kept:.2f} of the pairs; with half of the judges' noise in common {common:.3f} on {more:.2f}"
    return Outcome(round(float(alone), 3), round(float(agreed), 3), bool(holds), note)


@claim("reward_bench_2")
def claim_reward_bench_2():
    audit = find_recipe("77")().audit
    rng = np.random.default_rng(0)
    right, tied = np.tile([1, 0, 1, 1, 1, 1, 1, 1, 0, 0], 400), np.tile([0, 0, 1, 1, 1, 1, 1, 1, 1, 1], 400)
    prompt = np.repeat(np.arange(400), 10)
    perfect = right.astype(float)
    arbitrary = np.where(right == 1, 5 + 10 * rng.random(4000), 4.9 - rng.random(4000))
    ties = {name: ties_score(x, right, prompt, tied) for name, x in (("perfect", perfect), ("arbitrary", arbitrary))}
    ties["constant"] = ties_score(np.ones(4000), right, prompt, tied)
    scores = np.tile([4.0, 3.0, 2.0, 1.0], (50, 1))
    top = audit.build(domains={"math": scores}, ties=ties["perfect"]).overall
    flat = audit.build(domains={"math": np.ones((50, 4))}, ties=ties["constant"])
    cut = np.where(rng.random(scores.shape) < 0.5, np.nan, scores[:, ::-1])  # the right one last, half unreadable
    lost = audit.build(domains={"math": cut}).domain["math"]
    holds = (
        top == 1.0
        and flat.domain["math"] == 0.25
        and flat.domain["ties"] == 0.0
        and 0.55 < ties["arbitrary"].value < 0.65
        and not lost > 0
    )
    return Outcome(flat.overall, top, bool(holds), f"arbitrary among ties {ties['arbitrary'].value:.3f}")


@claim("litbench")
def claim_litbench():
    figures = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        quality, length, early = rng.normal(size=(3, 2, 8000))
        votes = quality + 0.7 * length + 0.7 * early + rng.normal(0, 0.5, (2, 8000))
        won = np.sign(votes[0] - votes[1])
        gaps = np.column_stack([(length[0] - length[1]) * won, (early[0] - early[1]) * won])
        keep = find_recipe("80")().select({"nuisance": gaps, "rng": rng})
        audit = find_recipe("80")().audit
        raw, matched = audit.build(margin=gaps[:, 0]).overall, audit.build(margin=gaps[keep, 0]).overall
        both = audit.build(margin=gaps[keep].sum(1)).overall
        good = audit.build(margin=((quality[0] - quality[1]) * won)[keep]).overall
        figures.append([raw, matched, both, good, keep.mean()])
    raw, matched, both, good, kept = np.mean(figures, axis=0)
    holds = raw > 0.62 and abs(matched - 0.5) < 0.02 and abs(both - 0.5) < 0.02 and good > 0.65
    note = f"length and time together {both:.3f}, quality {good:.3f}, kept {kept:.2f}"
    return Outcome(round(float(raw), 3), round(float(matched), 3), bool(holds), note)


class FixedMasks(ListwiseJudge):
    """The defect: one permutation for a given number of responses, in every call."""

    def plan(self, samples):
        order = tuple(np.random.default_rng(42).permutation(len(samples)).tolist())
        return [order] * self.calls


def _rank_error(judge, seed):
    """Mean absolute error of ranks over 40 groups of 5: honest scores 1-5 with two points more for whoever is first."""

    def rule(request):
        found = blocks(request)
        rows = {m.removeprefix("response "): int(t.split()[1]) for m, t in found.items() if m != "task"}
        scores = {m: min(5, q + 2 * (m == "1")) for m, q in rows.items()}
        return json.dumps({"scores": scores, "ranking": sorted(scores, key=lambda m: -scores[m])})

    async def run():
        errors = []
        for g in range(40):
            rng = np.random.default_rng([seed, g])
            quality = rng.permutation(np.arange(1, 6))
            group = samples(f"{seed}-{g}", *(f"quality {q}" for q in quality))
            verdicts = await judge.rank(group, RUBRIC, ScriptedClient(rule))
            values = np.array([v.value for v in verdicts])
            rank = (values[:, None] > values).sum(1) + ((values[:, None] == values).sum(1) - 1) / 2
            errors.append(np.abs(rank - (quality - 1)).mean())
        return float(np.mean(errors))

    return asyncio.run(run())


@claim("reward_anything")
def claim_reward_anything():
    recipe = find_recipe("82")()
    judge = recipe.judge.build()
    one, fresh, fixed = (
        np.mean([_rank_error(j, seed) for seed in range(3)])
        for j in (recipe.judge.replace(calls=1).build(), judge, FixedMasks(calls=judge.calls))
    )
    rng = np.random.default_rng(0)
    gold = rng.integers(1, 6, (200, 6)).astype(float)
    gold[:, 0], gold[:, 1] = 1.0, 5.0

    def order(scores, form=1.0):
        return recipe.reward({"doc_scores": scores, "relevance": gold, "process": np.full(200, form)})

    exact = np.allclose(order(np.exp(gold)), 1.0) and np.allclose(order(-gold), 0.2)
    tie = np.allclose(order(np.ones_like(gold)), 0.8 * 0.5 + 0.2)
    holds = exact and tie and fresh < 0.7 * one and fixed > 0.8 * one
    note = f"one call {one:.3f}, six calls with one fixed permutation {fixed:.3f}"
    return Outcome(round(float(one), 3), round(float(fresh), 3), bool(holds), note)


@claim("m_rewardbench")
def claim_m_rewardbench():
    audit = find_recipe("89")().audit
    figures = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        label = rng.choice([-1.0, 1.0], 4000)
        errors = rng.random((4000, 2)) > 0.8
        alone = audit.build(choice=label[:, None] * np.where(errors, -1, 1), label=label)
        shared = np.where(rng.random((4000, 1)) < 0.97, errors[:, :1], errors)
        same = audit.build(choice=label[:, None] * np.where(shared, -1, 1), label=label)
        figures.append([alone.accuracy.mean(), same.accuracy.mean(), alone.kappa[0, 1], same.kappa[0, 1]])
    one, two, independent, common = np.mean(figures, axis=0)
    judge = find_recipe("89")().judge.build()
    calls, won = _judged_pairs(judge, 0.8, 0.0, 200, 0)
    holds = abs(one - two) < 0.01 and abs(independent - 0.36) < 0.03 and common > 0.9
    holds = holds and calls == 200 and 0.7 < np.mean(won > 0) < 0.9
    note = f"accuracy {one:.3f} and {two:.3f}: kappa tells independent from shared errors"
    return Outcome(round(float(independent), 3), round(float(common), 3), bool(holds), note)


def _judged_pairs(judge, accuracy, bias, n, seed):
    """Verdicts of a pair judge on n pairs (right, wrong) whose model takes what is first with chance ``bias``."""

    def rule(request):
        found = blocks(request)
        a, key = found["response A"], found["task"]
        draw = [hashed(str(k), str(seed), key, a) for k in range(2)]
        right, other = ("A", "B") if a.startswith("right") else ("B", "A")
        letter = "A" if draw[0] < bias else right if draw[1] < accuracy else other
        principled = '"principles"' in request.messages[0].content
        if not principled and '"verdicts"' not in request.messages[0].content:
            return f"I weigh [[A]] against [[B]]. {'.' * 80} [[{letter}]]"
        verdicts = [{"id": "whole", "reason": "as drawn", "verdict": letter}]
        return json.dumps({"principles": ["Be right."], "evidence": [a], "verdicts": verdicts})

    pairs = [samples(f"task {k}", f"right {k}", f"wrong {k}") for k in range(n)]
    client = ScriptedClient(rule)
    flat = [s for pair in pairs for s in pair]
    places = np.arange(2 * n).reshape(n, 2)
    values = pair_values(asyncio.run(compare_pairs(judge, places, flat, RUBRIC, client)))[:, 0]
    return client.calls, values


@claim("rise_judge")
def claim_rise_judge():
    recipe = find_recipe("167")()
    figures = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        items, k = 600, 8
        skill = rng.choice([0.5, 1.0, 0.05], items, p=[0.4, 0.5, 0.1])  # hard, easy, hopeless
        side = (rng.random(items) < 0.65).astype(float)  # one letter is right more often
        right = (rng.random((items, k)) < skill[:, None]).astype(float)
        right[rng.random((items, k)) < 0.05] = np.nan
        env = {"right": right.ravel(), "item": np.repeat(np.arange(items), k), "side": np.repeat(side, k), "rng": rng}
        pairs = recipe.select(env)
        item = env["item"][pairs]
        both = np.nanmin(right, 1) < np.nanmax(right, 1)
        valid = (
            (env["right"][pairs] == [1.0, 0.0]).all() and (item[:, 0] == item[:, 1]).all() and both[item[:, 0]].all()
        )
        raw = side[both].mean()
        figures.append(
            [valid, raw, env["side"][pairs[:, 0]].mean(), len(pairs) / items, len(set(item[:, 0])) == len(item)]
        )
    valid, raw, balanced, kept, once = np.mean(figures, axis=0)
    accuracy = {}
    for bias in (0.0, 0.3):
        calls, values = _judged_pairs(recipe.judge.build(), 0.8, bias, 300, 1)
        accuracy[bias] = float(np.mean(values > 0))
    holds = valid == 1 and once == 1 and raw > 0.6 and balanced == 0.5 and calls == 600
    holds = holds and abs(accuracy[0.0] - 0.64) < 0.06 and abs(accuracy[0.3] - 0.48) < 0.06
    note = f"right letter balanced from {raw:.2f}; {kept:.2f} of items kept; strict accuracy {accuracy[0.0]:.2f}, {accuracy[0.3]:.2f}"
    return Outcome(round(float(raw), 3), round(float(balanced), 3), bool(holds), note)


@claim("webarbiter")
def claim_webarbiter():
    recipe = find_recipe("177")()
    judge = recipe.judge.replace(order="random").build()
    states, rivals = 250, 4

    def rule(request):
        found = blocks(request)
        a, b = found["response A"], found["response B"]
        good = "click pay" in (a, b)
        sure = hashed(found["task"], *sorted((a, b))) < (0.9 if good else 0.5)
        better = min(a, b, key=lambda t: (t != "click pay", t))
        letter = "A" if (a == better) == sure else "B"
        verdicts = [{"id": "whole", "reason": "by the principle", "verdict": letter}]
        return json.dumps({"principles": ["Act on the goal."], "evidence": [a], "verdicts": verdicts})

    async def run():
        margins, first = [], 0
        for s in range(states):
            group = samples(f"state {s}", "click pay", *(f"click {k}" for k in range(rivals)))
            pairs = np.column_stack([np.zeros(rivals, dtype=int), np.arange(1, rivals + 1)])
            verdicts = await compare_pairs(judge, pairs, group, RUBRIC, ScriptedClient(rule))
            margins.append(pair_values(verdicts)[:, 0])
            plan = recipe.loop.build(rng=np.random.default_rng(s))
            played = await judge_tournament(plan, judge, group, RUBRIC, ScriptedClient(rule))
            first += int(rate(played.matches, rivals + 1, "bracket").argmax() == 0)
        return np.array(margins), first / states

    margins, knockout = asyncio.run(run())
    found = recipe.audit.build(margin=margins.ravel(), item=np.repeat(np.arange(states), rivals))
    strict = judgebench(margins[:, 0], margins[:, 1])  # two rivals: both won
    holds = (
        abs(found.pairwise - 0.9) < 0.03
        and abs(found.accuracy - 0.9**4) < 0.08
        and knockout > found.accuracy + 0.03
        and strict.accuracy > found.accuracy
        and recipe.reward({"outcome": np.array([1.0, 0.0])}).tolist() == [1.0, -1.0]
    )
    note = f"pairwise {found.pairwise:.3f}, a^4 = {0.9**4:.3f}; knockout over five {knockout:.3f} with 4 calls as well"
    return Outcome(round(found.pairwise, 3), round(found.accuracy, 3), bool(holds), note)
