"""Checks of systems that put rubrics and judges to the test, in the worlds of their cards."""

import asyncio
import json

import numpy as np

from rubricate.audit import pair_accuracy, span_deletions
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.learn import Settings, learn
from rubricate.lab.worlds import Bandit, softmax
from rubricate.llm.scripted import ScriptedClient
from rubricate.recipe import Recipe
from rubricate.recipes import find_recipe
from rubricate.rewards import weighted_mean
from rubricate.rubrics import Rubric
from rubricate.steps import ref, step
from rubricate.types import Message, Sample


def _two_critiques(coefficient, rate, seeds=5, steps=300, group=8):
    """Chance of the sound critique: right .95 and four of five arguments, against a guess: right .93, one of five."""
    rng, theta = np.random.default_rng(0), np.tile([-1.5, 1.5], (seeds, 1))
    reward = find_recipe("154")(coefficient=coefficient).reward
    for _ in range(steps):
        p = 1 / (1 + np.exp(theta[:, 1:] - theta[:, :1]))  # of the sound one
        guess = rng.random((seeds, group)) >= p
        right = rng.random((seeds, group)) < np.where(guess, 0.93, 0.95)
        share = np.where(guess, 0.2, 0.8).reshape(-1, 1)
        human, own = (rng.random((seeds * group, 5)) < x for x in (share, 1 - share))
        env = {"selected": np.hstack([human, own]), "gold_ids": np.arange(10) < 5, "outcome": right.ravel() * 1.0}
        r = reward(env).reshape(seeds, group)
        advantage = (r - r.mean(1, keepdims=True)) / (r.std(1, keepdims=True) + 1e-6)
        push = (advantage * (~guess - p)).mean(1)
        theta = theta + rate * np.column_stack([push, -push])
    return float(np.mean(1 / (1 + np.exp(theta[:, 1] - theta[:, 0]))))


def _critiques(rng, t, n):
    """Features and quality: length follows quality at first; later the policy writes long whatever the quality."""
    quality = rng.normal(size=n)
    length = 0.8 * quality * (1 - t) + rng.normal(0, 0.6 + 2 * t, n)
    return np.column_stack([quality + rng.normal(0, 0.7, n), length]), quality + rng.normal(0, 0.2, n)


@claim("rm_nlhf")
def claim_rm_nlhf():
    table = {k: [_two_critiques(k, r, seeds=20) for r in (0.1, 0.3, 1.0)] for k in (0.0, 1.0)}
    sound = {k: max(v) for k, v in table.items()}
    figures = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        judge = find_recipe("154")().judge.build()
        x, y = _critiques(rng, 0.0, 300)
        frozen = newest = judge.fit(x, y[:, None])
        for t in np.linspace(0, 1, 11):
            x, y = _critiques(rng, t, 2000)
            figures.append([t, *(np.corrcoef(m.score(x)[:, 0], y)[0, 1] for m in (frozen, newest))])
            x, y = _critiques(rng, t, 60)
            newest = judge.fit(x, y[:, None])
    last = np.array([f[1:] for f in figures if f[0] == 1.0]).mean(0)
    holds = sound[1.0] > 0.95 and sound[0.0] < 0.6 and last[1] > last[0] + 0.2
    note = f"predicted match at the end: frozen r {last[0]:.2f}, refitted on 60 labels a round {last[1]:.2f}"
    return Outcome(round(float(sound[0.0]), 2), round(float(sound[1.0]), 2), bool(holds), note)


@claim("personalized_rewardbench")
def claim_personalized_rewardbench():
    """Twelve judges = quality + alpha * personal fit + noise; pairs of the suite, generic pairs, best of 8."""
    recipe = find_recipe("27")()
    ranks, ends, flat = [], [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        alpha = np.linspace(0, 1, 12)
        personal, generic = rng.normal(size=(2, 8000))
        kept = recipe.select({"personal": personal, "generic": generic})
        bench, common, utility = [], [], []
        for a in alpha:
            margin = a * personal + generic + rng.normal(0, 0.7, 8000)
            bench.append(pair_accuracy(margin[kept]).overall)
            better = np.abs(rng.normal(size=1000))
            common.append(pair_accuracy(better + rng.normal(0, 0.7, 1000)).overall)
            q, p = rng.normal(size=(2, 1000, 8))
            best = (q + a * p + rng.normal(0, 0.5, q.shape)).argmax(1)
            utility.append(float((0.3 * q + p)[np.arange(1000), best].mean()))
        valid, other = (recipe.audit.build(bench=b, downstream=utility, rng=rng) for b in (bench, common))
        ranks.append([valid.rank, other.rank, valid.low])
        ends.append([bench[0], bench[-1]])
        flat.append(np.ptp(common))
    ours, plain, low = np.mean(ranks, 0)
    first, last = np.mean(ends, 0)
    holds = ours > 0.8 and plain < 0.3 and last > first + 0.2 and np.mean(flat) < 0.06
    note = f"accuracy {first:.2f} to {last:.2f} as judges heed the user more; lower bound of its rank {low:.2f}"
    return Outcome(round(float(plain), 2), round(float(ours), 2), bool(holds), note)


@claim("psyche_r1")
def claim_psyche_r1():
    select = find_recipe("169")().select
    rows = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        skill, hard = np.array([-1, -0.5, 0, 0.5, 1.0]), rng.normal(0, 2.5, 5000)
        right = rng.random((5000, 5)) < 1 / (1 + np.exp(hard[:, None] - skill))
        env = {"outcome": right.astype(float).ravel(), "group": np.repeat(np.arange(5000), 5)}
        split = select(env).mask.reshape(5000, 5).any(1)
        p = 1 / (1 + np.exp(hard))
        rows.append([np.mean((p * (1 - p))[k]) for k in (split, slice(None), ~split)])
    ours, random, unanimous = np.mean(rows, 0)
    holds = ours > 1.3 * random and ours > 2 * unanimous
    return Outcome(round(float(random), 3), round(float(ours), 3), bool(holds), f"unanimous items {unanimous:.3f}")


@claim("dynamic_control")
def claim_dynamic_control():
    arms = ((0.85, 0.2, 0.2), (0.2, 0.8, 0.2), (0.2, 0.2, 0.8))
    world = Bandit(table=arms, right=(1, 1, 1), value=(0.0, 0.0, 0.0), start=(0.34, 0.33, 0.33))
    ours = find_recipe("98")()
    fixed = Recipe(reward=step(weighted_mean, ref("scores")), credit=ours.credit)
    best = {}
    for name, recipe in (("fixed", fixed), ("ours", ours)):
        ends = {
            r: np.mean([softmax(learn(world, recipe, Settings(rate=r), seed=s).theta) @ arms for s in range(5)], 0)
            for r in (0.03, 0.1, 0.3)
        }
        best[name] = max(ends.values(), key=lambda x: x.min())
    least, mean = ({k: float(f(v)) for k, v in best.items()} for f in (np.min, np.mean))
    holds = least["ours"] > least["fixed"] + 0.05 and mean["ours"] > mean["fixed"] - 0.02
    note = f"lowest of three dimensions; their mean {mean['fixed']:.2f} and {mean['ours']:.2f}"
    return Outcome(round(least["fixed"], 2), round(least["ours"], 2), bool(holds), note)


@claim("mooc_graders")
def claim_mooc_graders():
    """Graders of sd 1 and .5 beside the median of three peers of sd .8; 5,000 items, and 300 as a course has them."""
    audit = find_recipe("40")().audit
    found = {}
    for seed in range(5):
        for items in (300, 5000):
            rng = np.random.default_rng(seed)
            true = rng.uniform(0, 10, items)
            peer = np.median(true[:, None] + rng.normal(0, 0.8, (items, 3)), 1)
            for sd in (1.0, 0.5):
                report = audit.build(judge=true + rng.normal(0, sd, items), human=true, peer=peer, rng=rng)
                found.setdefault((items, sd), []).append(report)
    bare, ours = (float(np.mean([r.gain for r in found[5000, sd]])) for sd in (1.0, 0.5))
    holds = all(r.high < 0 for r in found[5000, 1.0]) and all(r.low > 0 for r in found[5000, 0.5])
    sure = sum(r.low > 0 for r in found[300, 0.5])
    note = f"gain over peers; with 300 items the interval shows it in {sure} of 5 courses"
    return Outcome(round(bare, 3), round(ours, 3), holds, note)


@claim("super_research")
def claim_super_research():
    audit = find_recipe("217")().audit
    claims = 8
    edges = [(k, k + 1) for k in range(claims - 1)]
    report = {
        "answered": [1, 1, 0, 0, 1, 1, 0, 0], "side": ["for"] * 4 + ["against"] * 4, "edges": edges, "stated": edges[:4],
        "valid": [1, 1, 1, 0], "supports": [1, 1, 0, 1],
    }  # fmt: skip
    base = audit(report)
    turned = audit(report | {"stated": [*edges[:3], edges[3][::-1]]})
    one_sided = audit(report | {"answered": [1] * 4 + [0] * 4})
    holds = turned == base._replace(consistency=0.75) and one_sided == base._replace(objectivity=0.5)
    holds &= tuple(base) == (0.5, 1.0, 1.0, 0.5)
    shown = f"{turned.consistency}, {one_sided.objectivity}"
    return Outcome(f"{base.consistency}, {base.objectivity}", shown, bool(holds), "consistency and objectivity")


def _verdict(judge, text, says):
    """The recipe's judge on one text; the model answers by ``says(text of the request)``, quoting nothing but a part."""
    rubric = Rubric(id="r", criteria=[{"id": "a", "text": "Names the year."}])

    def reply(request):
        met, quote = says(request.messages[-1].content)
        return json.dumps(
            {"verdicts": [{"id": "a", "reason": "", "evidence": [quote], "verdict": "met" if met else "not_met"}]}
        )

    sample = Sample("s", (Message("user", "When?"),), text)
    found = asyncio.run(judge.verdicts(sample, rubric, rubric.leaves, ScriptedClient(reply)))[0]
    return np.nan if found.value is None else found.value


@claim("saliency_taxonomy")
def claim_saliency_taxonomy():
    """Two judges quote the year; one reads it, the other says yes to anything long enough."""
    recipe = find_recipe("132")()
    judge = recipe.judge.build(reasks=0)
    rng = np.random.default_rng(0)
    words = np.array(["river", "market", "city", "treaty", "winter", "people", "border", "army"])
    found = {}
    for name, honest in (("faithful", True), ("not", False)):
        columns = []
        for _ in range(60):
            year = str(rng.integers(1700, 1900))
            text = " ".join(rng.choice(words, 20)) + f" in {year} " + " ".join(rng.choice(words, 20))

            def says(content, year=year, honest=honest):
                return (year in content if honest else True), (year if year in content else "in")

            columns.append([_verdict(judge, t, says) for t in (text, *span_deletions(text, year, rng))])
        whole, cited, other = zip(*columns, strict=True)
        found[name] = recipe.audit.build(verdict=whole, without_cited=cited, without_random=other)
    ours, other = found["faithful"], found["not"]
    holds = ours.cited > 0.9 and ours.random < 0.2 and other.cited < 0.2 and min(ours.n, other.n) > 50
    return Outcome(
        round(other.cited, 2), round(ours.cited, 2), bool(holds), f"random spans {ours.random:.2f}, {ours.n} items"
    )


@claim("avamerg")
def claim_avamerg():
    """Seven emotions in text and voice; a reader is wrong on 1 % of fields, then on 5 %."""
    reward = find_recipe("183")().reward
    figures = {}
    for error in (0.01, 0.05):
        rng = np.random.default_rng(0)
        text = rng.integers(0, 7, 20000)
        wrong = rng.random(20000) < 0.3
        voice = np.where(wrong, (text + rng.integers(1, 7, 20000)) % 7, text)
        true = np.column_stack([text, voice])
        read = np.where(rng.random(true.shape) < error, (true + rng.integers(1, 7, true.shape)) % 7, true)
        flagged = reward({"field_labels": read}) == 0
        figures[error] = (flagged[~wrong].mean(), flagged[wrong].mean())
    (false, caught), (false_5, caught_5) = figures[0.01], figures[0.05]
    holds = caught > 0.95 and false < 0.05 and false_5 > 0.05
    note = f"false alarms and contradictions flagged; with 5 % misread {false_5:.3f} and {caught_5:.3f}"
    return Outcome(round(float(false), 3), round(float(caught), 3), bool(holds), note)


@claim("reflect_diffu")
def claim_reflect_diffu():
    """Intents that match their emotion half the time; drawn again, up to four times, while they do not."""
    loop = find_recipe("160")().loop
    matched, once, samples = [], [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        right = rng.random((2000, 4)) < 0.5
        used = np.where(right.any(1), right.argmax(1) + 1, 4)
        seen = np.arange(4) < used[:, None]
        env = {
            "draw": np.flatnonzero(seen.ravel()),
            "accepted": right[seen].astype(float),
            "group": np.nonzero(seen)[0],
        }
        matched.append(right[seen][loop(env)].mean())
        once.append(right[:, 0].mean())
        samples.append(used.mean())
    base, ours, cost = np.mean(once), np.mean(matched), np.mean(samples)
    holds = abs(base - 0.5) < 0.02 and ours > 0.8 and cost <= 2.0
    return Outcome(round(float(base), 2), round(float(ours), 2), bool(holds), f"{cost:.2f} samples a reply")


@claim("graco")
def claim_graco():
    """Four sections of three points of three checks; a coarse criterion is met when all under it are."""
    checks = [{"id": f"{a}{b}{c}", "text": "Check."} for a in range(4) for b in range(3) for c in range(3)]
    points = [
        {"id": f"{a}{b}", "text": "Point.", "children": [x for x in checks if x["id"].startswith(f"{a}{b}")]}
        for a in range(4) for b in range(3)
    ]  # fmt: skip
    sections = [
        {"id": f"{a}", "text": "Section.", "children": [x for x in points if x["id"].startswith(f"{a}")]}
        for a in range(4)
    ]
    whole = Rubric(id="r", criteria=sections)
    leaves = [[c.id for c in find_recipe("142")(depth=d).refine({"rubric": whole}).leaves] for d in (1, 2, 3)]
    variance = {}
    for p in (0.95, 0.5):
        met = np.random.default_rng(0).random((4000, 36)) < p
        ids = [x["id"] for x in checks]
        variance[p] = [
            float(np.mean([met[:, [i.startswith(k) for i in ids]].all(1).var() for k in level])) for level in leaves
        ]
    counts = [len(level) for level in leaves]
    easy, hard = variance[0.95], variance[0.5]
    holds = counts == [4, 12, 36] and easy[0] > easy[1] > easy[2] and hard[0] < hard[1] < hard[2]
    shown = [" ".join(f"{v:.3f}" for v in row) for row in (hard, easy)]
    return Outcome(shown[0], shown[1], bool(holds), f"variance at {counts} criteria; checks met .5 and .95 of the time")


def _mended(seed, guided, misread=0.0):
    """Defects left of six after the loop: a prompt has nine axes, "x" marks a defect; the judge misreads some."""
    rng = np.random.default_rng(seed)
    start = "".join(rng.permutation(list("xxxxxx...")))
    axes = [str(k) for k in range(9)]

    async def score(text):
        return [float((c == ".") != (rng.random() < misread)) for c in text]

    async def edit(text, failed):
        at = int(failed[0]) if guided else int(rng.integers(9))
        mended = text[:at] + ("x" if text[at] == "." else ".") + text[at + 1 :]
        return mended if rng.random() < 0.95 else text  # now and then the rewriter does nothing

    return asyncio.run(find_recipe("46")().loop.build().run(start, axes, score, edit)).text.count("x")


@claim("peem")
def claim_peem():
    noisy = 6 - np.mean([_mended(seed, True, misread=0.02) for seed in range(100)])
    told, blind = ([_mended(seed, guided) for seed in range(100)] for guided in (True, False))
    audit = find_recipe("46")().audit
    rng = np.random.default_rng(0)
    meaning = rng.integers(0, 2, 2000)
    wording = np.where(
        rng.random((2000, 2)) < 0.2, 1 - meaning[:, None], meaning[:, None]
    )  # each wording its own errors
    shared = np.where(rng.random(2000) < 0.2, 1 - meaning, meaning)
    loose, stable = audit.build(choice=wording)[0, 1], audit.build(choice=np.column_stack([shared, shared]))[0, 1]
    fixed, by_chance = 6 - float(np.mean(told)), 6 - float(np.mean(blind))
    holds = fixed >= 5 and by_chance <= 3 and stable == 1.0 and loose < 0.5
    note = f"defects mended; {noisy:.1f} when 2 % of axes are misread; kappa of two judges of .8 over paraphrases: "
    return Outcome(round(by_chance, 2), round(fixed, 2), bool(holds), note + f"{loose:.2f} and {stable:.2f}")
