"""Claims about making rubrics better, in the set-ups of the cards."""

import asyncio

import numpy as np

from rubricate.lab.claims import Outcome, claim
from rubricate.llm.scripted import ScriptedClient
from rubricate.loops import sandbox_runner
from rubricate.recipes.card import find_recipe
from rubricate.refine import Wanted, recovery_reward, whitened_weights
from rubricate.rewards import both_orders
from rubricate.rewards.policies import as_scores
from rubricate.structure import Structure
from rubricate.verifiers.sandbox import Sandbox


def soft(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def bandit(pay, init, seed, steps, rate=0.3, n=8, how="group"):
    """Final arm probabilities under ``pay(arms, rng)``; ``how``: group deviation, centred only, or as it is."""
    rng = np.random.default_rng(seed)
    theta = np.array(init, dtype=float)
    for _ in range(steps):
        p = soft(theta)
        arms = rng.choice(len(p), size=n, p=p)
        r = np.asarray(pay(arms, rng), dtype=float)
        a = r if how == "raw" else r - r.mean()
        a = a / (r.std() + 1e-6) if how == "group" else a
        theta += rate / n * (np.bincount(arms, a, minlength=len(p)) - a.sum() * p)
    return soft(theta)


@claim("openrs")
def claim_openrs():
    policy = find_recipe("8")().audit.build()
    tree = Structure.of([-1] * 4, classes=("core", "core", "core", "fatal"))
    bare = Structure.of([-1] * 3, classes=("core", "core", "highlight"))

    def x(scorer, s, structure):
        table = as_scores((np.array([s]) + 2) / 4, [1.0] * len(s), lo=-2.0, hi=2.0)
        return float(scorer.score(table, structure).values[0])

    published = find_recipe("8")(zeros="skip", ties="exclude").audit.build()
    exact = [x(policy, [2, 2, 2, -1], tree), x(policy, [0, 0, 1], bare), x(published, [0, 0, 1], bare)]
    rates = [s.total(np.repeat([1.0, -1.0, 0.0], [10, 5, 85])).value for s in (published, policy)]
    rows = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        n = 20000
        truth = np.where(rng.random(n) < 0.5, 1, -1)  # 1: the first answer is better

        def seen(better, rng=rng, n=n):
            own = np.where(rng.random(n) < 0.8, better, -better)
            return np.where(rng.random(n) < 0.25, 1, own)

        forward, backward = seen(truth), seen(-truth)
        agreed = both_orders(forward, backward)
        rows.append(
            [(forward == truth).mean(), (agreed[agreed != 0] == truth[agreed != 0]).mean(), (agreed != 0).mean()]
        )
    single, both, kept = np.mean(rows, 0)
    holds = np.allclose(exact, [-1, 1 / 11, 1.0], atol=1e-5) and np.allclose(rates, [2 / 3, 0.525])
    note = (
        f"both orders decide {kept:.0%} of pairs; (0, 0, +1) scores {exact[1]:.2f}, published {exact[2]:.2f}; "
        f"10 won, 5 lost, 85 ties: {rates[1]:.3f}, published {rates[0]:.3f}"
    )
    return Outcome(round(single, 3), round(both, 3), bool(holds and both > single + 0.1), note)


@claim("dr_sci")
def claim_dr_sci():
    """Arms: short and right, long and wrong (likely at first), right and complete (rare)."""
    right, rubric, init = np.array([1.0, 0.0, 1.0]), np.array([0.3, 0.95, 0.8]), [0.0, 1.5, -1.0]
    reward = find_recipe("14")().reward

    def ends(pay):
        p = np.mean([bandit(pay, init, s, 300) for s in range(5)], 0)
        return p @ right, p @ rubric

    def paid(arms, rng):
        env = {"outcome": right[arms], "scores": rubric[arms][:, None], "weights": np.ones(1)}
        return reward(env) + rng.normal(0, 0.1, len(arms))

    alone = ends(lambda a, rng: rubric[a] + rng.normal(0, 0.1, len(a)))
    answer = ends(lambda a, rng: right[a] + rng.normal(0, 0.1, len(a)))
    ours = ends(paid)
    holds = alone[0] < 0.05 and ours[0] > 0.95 and ours[1] > answer[1] + 0.2
    note = f"accuracy; rubric share: alone {alone[1]:.2f}, gated {ours[1]:.2f}, answer only {answer[1]:.2f}"
    return Outcome(round(alone[0], 3), round(ours[0], 3), bool(holds), note)


@claim("c2")
def claim_c2():
    recipe = find_recipe("15")()
    skills = (1.0, 0.9, 0.8, 0.7, 0.65, 0.5)
    table, labels = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        n = 20000
        base, good = rng.normal(0.55, 1, n), rng.random(n) < 0.5
        ours = base + np.where(good, rng.normal(1, 0.5, n), rng.normal(-1.2, 0.5, n))
        row = [(base > 0).mean(), (ours > 0).mean()]
        for skill in skills:
            called = np.where(rng.random(n) < skill, good, ~good).astype(float)
            row.append((recipe.judge({"base": base, "margin": ours, "helpful": called}) > 0).mean())
        table.append(row)
        m = base[:4000, None] + np.where(
            rng.random((4000, 16)) < 0.5, rng.normal(1, 0.5, (4000, 16)), rng.normal(-1.2, 0.5, (4000, 16))
        )
        labels.append([recipe.refine({"base": base[:4000], "margin": m[:, :k]}).usable.mean() for k in (4, 16)])
    base, always, *selective = np.mean(table, 0)
    few, many = np.mean(labels, 0)
    cut = recipe.refine({"base": [0.1], "margin": [[-np.inf, 0.5]]})
    holds = always < base < selective[2] and (np.diff(selective) < 0).all() and selective[-1] < base
    holds = holds and few < many and cut.misleading[0] == -1
    by = ", ".join(f"{s:g}: {a:.3f}" for s, a in zip(skills, selective, strict=True))
    note = f"always {always:.3f}; by how often the call is right {by}; usable pairs {few:.2f} of 4, {many:.2f} of 16"
    return Outcome(round(base, 3), round(selective[2], 3), bool(holds), note)


class Halves:
    """Criteria are sets of atoms written as text; a split halves the set."""

    async def split(self, text, answers, accepted):
        atoms = text.split()
        half = len(atoms) // 2
        return [" ".join(atoms[:half]), " ".join(atoms[half:])] if half else []


def atoms(rng, n):
    """24 atoms: 16 aligned with quality, 4 noise, 4 reversed."""
    quality = rng.normal(size=n)
    sign = np.repeat([1.0, 0.0, -1.0], [16, 4, 4])
    return quality, rng.random((n, 24)) < 1 / (1 + np.exp(-quality[:, None] * sign))


def met(criteria, x):
    return np.array([x[:, list(map(int, c.split()))].any(1) for c in criteria], dtype=float)


@claim("rrd")
def claim_rrd():
    part = find_recipe("17")().refine.build()
    coarse = [" ".join(map(str, range(k, 24, 3))) for k in range(3)]
    rows = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        hits = np.zeros(3)
        for _ in range(80):
            _, seen = atoms(rng, 8)
            quality, more = atoms(rng, 400)
            shown = np.concatenate([seen, more[[quality.argmin(), quality.argmax()]]])
            q, pair = atoms(rng, 2)

            async def judge(texts, shown=shown):
                return met(texts, shown)

            ways = [coarse]
            for settings in ({}, {"weak": 8, "strong": 9}):
                ways.append(asyncio.run(part.run(coarse, judge, Halves(), **settings)).accepted)
            for k, criteria in enumerate(ways):
                s = met(criteria, pair).mean(0) if criteria else np.zeros(2)
                hits[k] += 0.5 if s[0] == s[1] else float((s[0] > s[1]) == (q[0] > q[1]))
        rows.append(hits / 80)
    plain, split, filtered = np.mean(rows, 0)
    clones = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        block, own = rng.random(4000) < 0.6, rng.random((4000, 6)) < 0.6
        right = np.where(rng.random((4000, 6)) < 0.95, block[:, None], own)
        right = np.column_stack([right, rng.random((4000, 4)) < 0.68])
        truth = np.where(rng.random(4000) < 0.5, 1, -1)
        side = np.column_stack([np.where(right, 1, -1) * truth[:, None], np.where(rng.random(4000) < 0.02, -1, 1)])
        ways = [np.ones(11), whitened_weights((side[:300] + 1) / 2)]
        clones.append([(np.sign(side[300:] @ w) == truth[300:]).mean() for w in ways])
    uniform, whitened = np.mean(clones, 0)
    holds = plain + 0.1 < split < filtered and whitened > uniform + 0.05
    note = f"split without the filter {split:.3f}; with clones and a constant: uniform {uniform:.3f}, whitened {whitened:.3f}"
    return Outcome(round(plain, 3), round(filtered, 3), bool(holds), note)


@claim("proimage_bench")
def claim_proimage_bench():
    """An editor mends a failed check that it is told of with p = .6; a blind one changes checks at random."""
    recipe = find_recipe("24")()
    tree = Structure.of([-1] * 6 + list(np.repeat(range(6), 8)))
    names = [f"check {k}" for k in range(48)]

    def score(x):
        return recipe.reward({"scores": np.atleast_2d(x), "structure": tree})

    spread, packed = np.ones((2, 48))
    spread[::8], packed[:6] = 0.0, 0.0
    spread, packed = score(np.array([spread, packed]))
    gains = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        start = (rng.random(48) < 0.65).astype(float)

        def run(told, start=start, rng=rng):
            async def judge(text):
                return np.array([float(c) for c in text])

            async def edit(text, failed):
                x = np.array([float(c) for c in text])
                if told:
                    for name in failed:
                        x[int(name.split()[1])] = rng.random() < 0.6
                else:
                    x[rng.integers(48, size=4)] = rng.random(4) < 0.65
                return "".join(str(int(v)) for v in x)

            loop = recipe.loop.replace(margin=0.0).build()
            found = asyncio.run(loop.run("".join(str(int(v)) for v in start), names, judge, edit))
            last = found.scores[-1]
            return last.mean() - start.mean(), float(score(last)[0] - score(start)[0])

        gains.append([*run(True), *run(False)])
    accuracy, ours, _, blind = np.mean(gains, 0)
    holds = abs(spread - 0.5) < 1e-9 and abs(packed - 0.836) < 1e-3 and ours > accuracy + 0.1 and ours > blind + 0.4
    note = f"score gained in 3 rounds, blind editor first; accuracy gained {accuracy:.2f}; 6 failures spread {spread:.3f}, in one {packed:.3f}"
    return Outcome(round(blind, 3), round(ours, 3), bool(holds), note)


def evolve(part, rounds, rng, pairs=30, width=25):
    """Criteria of true accuracy U(.35, .85) and coverage .05, .3 or .8; vote accuracy and true accuracy of the kept."""
    made = []

    def fresh():
        made.append((rng.uniform(0.35, 0.85), rng.choice([0.05, 0.3, 0.8], p=[0.3, 0.3, 0.4])))
        return f"c{len(made)}"

    pool = {fresh(): None for _ in range(width)}
    pool = {name: made[int(name[1:]) - 1] for name in pool}
    truth = {}
    for _ in range(rounds):
        names = list(pool)
        accuracy, coverage = np.array([pool[n] for n in names]).T[:, :, None]
        cast = rng.random((width, pairs)) < coverage
        match = np.where(cast, rng.random((width, pairs)) < accuracy, np.nan)
        texts = [f"{n}/{pool[n][0]!r}" for n in names]
        truth |= dict(zip(texts, pool.values(), strict=True))
        part, seen = part.update(names, texts, match)
        after = {}
        for name, band in zip(names, seen.band, strict=True):
            a, c = pool[name]
            if band in ("replace", "thin"):
                new = fresh()
                after[new] = made[int(new[1:]) - 1]
            else:
                after[name] = (min(0.9, a + rng.uniform(0, 0.08)), c) if band == "rewrite" else (a, c)
        pool = after
    kept = [truth[v.text] for v in part.best]
    votes = np.zeros(3000)
    for a, c in kept:
        votes += (rng.random(3000) < c) * np.where(rng.random(3000) < a, 1, -1)
    return (votes > 0).mean() + 0.5 * (votes == 0).mean(), np.mean([a for a, _ in kept]), len(kept)


@claim("critiq")
def claim_critiq():
    ours, published = (find_recipe("94")(min_votes=k).refine for k in (6, 1))
    ways = ((ours, 1), (ours, 3), (published, 3))
    table = [[evolve(p.build(), r, np.random.default_rng(s)) for p, r in ways] for s in range(20)]
    one, three, bare = np.mean(table, 0)
    holds = three[0] > one[0] + 0.05 and three[1] > bare[1] + 0.01 and abs(three[0] - bare[0]) < 0.03
    note = (
        f"vote after one and three rounds; kept {three[2]:.0f} of true accuracy {three[1]:.3f}, without a floor "
        f"{bare[2]:.0f} of {bare[1]:.3f} and the vote {bare[0]:.3f}"
    )
    return Outcome(round(one[0], 3), round(three[0], 3), bool(holds), note)


SIDE, TRAPS = 5, {(1, 1), (2, 3), (3, 1)}
MOVES = ((0, 1), (1, 0), (0, -1), (-1, 0))


def solved(dense, seed, episodes=500):
    """Whether Q-learning from corner to corner ends in the goal greedily; ``dense(observation)`` or None."""
    rng = np.random.default_rng(seed)
    q = np.zeros((SIDE, SIDE, 4))
    for episode in range(episodes + 1):
        at, greedy = (0, 0), episode == episodes
        for _ in range(12):
            values = q[at]
            explore = not greedy and rng.random() < 0.15
            a = int(rng.integers(4)) if explore else int(np.flatnonzero(values == values.max())[0])
            to = tuple(np.clip(np.add(at, MOVES[a]), 0, SIDE - 1).tolist())
            trap, goal = to in TRAPS, to == (SIDE - 1, SIDE - 1)
            seen = {"distance": 2 * SIDE - 2 - sum(to), "before": 2 * SIDE - 2 - sum(at), "trap": trap}
            pay = float(goal) + (dense(seen) if dense else 0.0)
            if not greedy:
                q[at][a] += 0.5 * (pay + (0.0 if trap or goal else 0.95 * q[to].max()) - q[at][a])
            if trap or goal:
                break
            at = to
    return goal


def moves():
    """Every step that the grid allows, as the observation of it."""
    for at in np.ndindex(SIDE, SIDE):
        for move in MOVES:
            to = tuple(np.clip(np.add(at, move), 0, SIDE - 1).tolist())
            yield {"distance": 2 * SIDE - 2 - sum(to), "before": 2 * SIDE - 2 - sum(at), "trap": to in TRAPS}


def tabled(code, box):
    """A rule as a table of its values on all moves: it runs once, in the sandbox; learning looks its values up."""
    seen = list({tuple(o.items()): o for o in moves()}.values())
    ran = asyncio.run(sandbox_runner(box)(code, "reward", seen))
    assert not ran.error, ran.error
    values = {tuple(o.items()): v for o, v in zip(seen, ran.values, strict=True)}
    return lambda observation: values[tuple(observation.items())]


def designer(request):
    """First reads a key that is not there, then rewards distance; adds the trap when the advice names it."""
    text = request.messages[-1].content
    trap = " - 0.5 * observation['trap']" if "trap cells" in text else ""
    if "not among the inputs" not in text and not trap:
        return "```python\ndef reward(observation):\n    return observation['gold']\n```"
    return f"```python\ndef reward(observation):\n    return 0.1 * (observation['before'] - observation['distance']){trap}\n```"


@claim("auto_mc_reward")
def claim_auto_mc_reward():
    writer = find_recipe("141")().refine.build()
    wanted = Wanted("Reach the far corner.", (("distance", "int"), ("before", "int"), ("trap", "bool")))
    recorded = [{"distance": 3, "before": 4, "trap": False}, {"distance": 5, "before": 4, "trap": True}]
    client = ScriptedClient(designer)
    rules, advice = [], []
    with Sandbox(workers=1) as box:
        for _ in range(2):
            rules.append(asyncio.run(writer.write(wanted, recorded, client, sandbox_runner(box), advice)))
            advice = ["Most episodes end in trap cells."]
        made = [tabled(rule.code, box) for rule in rules]
    sparse, first, second = (np.mean([solved(d, s) for s in range(10)]) for d in (None, *made))
    rejected = "gold" in rules[0].history[0] and rules[0].drafts == 2
    holds = sparse < 0.2 and second > 0.8 and rejected and all(r.ok for r in rules)
    note = f"share of 10 seeds that reach the goal; first rule {first:.2f}; the critic refused a key that is not there"
    return Outcome(round(float(sparse), 3), round(float(second), 3), bool(holds), note)


@claim("text2reward")
def claim_text2reward():
    """A writer that guesses the type of an input (a number or a list) unless the prompt states it."""
    with Sandbox(workers=1) as box:
        rates = [runnable(typed, sandbox_runner(box)) for typed in (False, True)]
    return Outcome(rates[0], rates[1], rates[1] == 1.0 and rates[0] < 0.7, "share of rules that run at the first draft")


def runnable(typed, run, count=40):
    """Share of first drafts that pass the static checks and the dry run."""
    ok = 0
    for k in range(count):
        rng = np.random.default_rng(k)
        number = bool(rng.random() < 0.5)

        def write(request, number=number, rng=rng):
            text = request.messages[-1].content
            guess = ("float" in text) if "depth: " in text else bool(rng.random() < 0.5)
            body = "observation['depth'] / 10" if guess else "sum(observation['depth']) / 10"
            return f"```python\ndef reward(observation):\n    return {body}\n```"

        kind = "float" if number else "list of numbers"
        wanted = Wanted("Dig.", (("depth", kind),))
        recorded = [{"depth": 3.0 if number else [1.0, 2.0]}]
        writer = find_recipe("146")(repairs=0).refine.replace(typed=typed).build()
        ok += asyncio.run(writer.write(wanted, recorded, ScriptedClient(write), run)).ok
    return ok / count


@claim("auto_rubric_as_reward")
def claim_auto_rubric_as_reward():
    """Six arms of value 0 to 1; the judge's noise is Cauchy or Gaussian; the last column pairs neighbours."""
    reward = find_recipe("186")().reward
    q = np.linspace(0, 1, 6)

    def paid(noise, pairs):
        def pay(arms, rng):
            s = q[arms] + (0.15 * rng.standard_cauchy(len(arms)) if noise else rng.normal(0, 0.15, len(arms)))
            if not pairs:
                return s
            won = np.repeat(s[::2] > s[1::2], 2) ^ (np.arange(len(s)) % 2 == 1)
            return reward({"outcome": won.astype(float)})

        return pay

    out = []
    for noise in (True, False):
        for pairs, how in ((False, "centre"), (False, "group"), (True, "raw")):
            ends = [bandit(paid(noise, pairs), np.zeros(6), s, 300, rate=0.15, how=how) @ q for s in range(10)]
            out.append(np.mean(ends))
    holds = out[2] > out[0] + 0.1 and abs(out[2] - out[1]) < 0.05
    note = (
        f"Cauchy noise: centred scalar, then pairs; group-normalised {out[1]:.3f}; "
        f"Gaussian {out[3]:.3f}, {out[5]:.3f}, {out[4]:.3f}"
    )
    return Outcome(round(out[0], 3), round(out[2], 3), bool(holds), note)


@claim("autorubric_t2i")
def claim_autorubric_t2i():
    part = find_recipe("187")().refine.build()
    rows = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        worth, z = rng.uniform(0.5, 1.2, 8), rng.normal(size=(4256, 8))
        x = 0.6 * rng.normal(size=(4256, 60))
        x[:, :8] = z
        x[:, 8:20] = -0.5 * z[:, rng.integers(0, 8, 12)] * rng.choice([1, 0], 12) + 0.6 * rng.normal(size=(4256, 12))
        won = rng.random(4256) < 1 / (1 + np.exp(-1.2 * (z @ worth)))
        gap = np.where(won[:, None], x, -x)
        found = part.fit(gap[:256])
        test = gap[256:]
        rows.append(
            [(test.sum(1) > 0).mean(), (test @ found.weights > 0).mean(), len(set(found.kept[:8]) & set(range(8)))]
        )
    uniform, ours, informative = np.mean(rows, 0)
    holds = ours > uniform + 0.15 and informative >= 7
    return Outcome(
        round(uniform, 3), round(ours, 3), bool(holds), f"{informative:.1f} of 8 informative rules in the top 8"
    )


@claim("apres")
def claim_apres():
    """Counts with two hidden drivers; items are noisy looks at four traits; a rubric names items out of 24."""
    part = find_recipe("199")(steps=15).refine.build()
    rows = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        n = 600
        trait = rng.normal(size=(n, 4))
        rate = np.exp(1.5 + 0.5 * trait[:, 0] + 0.3 * trait[:, 1])
        count = rng.negative_binomial(2, 2 / (2 + rate)).astype(float)
        looks = np.clip(np.round(3 + trait[:, np.arange(24) % 4] + 0.5 * rng.normal(size=(n, 24))), 1, 5)
        space = trait @ rng.normal(size=(4, 200)) * 0.15 + rng.normal(size=(n, 200)) * rng.uniform(0.3, 1.5, 200)
        train, test = np.arange(400), np.arange(400, n)

        def scores(rubric, looks=looks):
            return looks[:400, [int(c) for c in rubric]]

        def mutate(rubric, rng):
            kept = [c for c in rubric if rng.random() < 0.8]
            return [*kept, *map(str, rng.integers(24, size=2))]

        found = part.run(["2", "3"], mutate, scores, count[:400], rng)
        columns = [int(c) for c in found.best]
        centred = space - space[train].mean(0)
        axes = np.linalg.svd(centred[train], full_matrices=False)[2][:12]

        def error(x, count=count, train=train, test=test):
            return np.abs(part.fit.fit(x[train], count[train]).predict(x[test]) - count[test]).mean()

        plain = np.abs(count[train].mean() - count[test]).mean()
        rows.append([plain, error(looks[:, columns]), error(centred @ axes.T), error(looks[:, [2, 3]]), *found.test])
    mean, ours, axes, start, before, after = np.mean(rows, 0)
    holds = ours < 0.9 * mean and ours < start and after < before
    note = (
        f"MAE of mean and rubric; first rubric {start:.2f}; 12 principal components {axes:.2f}; "
        f"unseen loss of the search {before:.3f} to {after:.3f}"
    )
    return Outcome(round(mean, 2), round(ours, 2), bool(holds), note)


@claim("arise")
def claim_arise():
    """20 items, levels 1-5; reviewers biased by -.4, 0, .4; an edit lifts an item truly (.6) or only for reviewers."""
    loop = find_recipe("209")().loop.build()
    names, rows = [str(k) for k in range(20)], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true, charm = rng.uniform(2, 4.5, 20), np.zeros(20)
        noise = rng.normal(0, 0.4, (3, 20))
        reviewers = true + np.array([-0.4, 0.0, 0.4])[:, None] + noise
        mae = np.abs(reviewers - true).mean(1).min(), np.abs(reviewers.mean(0) - true).mean()
        states = {"0": (true, charm)}

        async def judge(text, states=states, noise=noise):
            quality, liked = states[text]
            return np.clip(quality + liked + noise.mean(0), 1, 5)

        async def edit(text, failed, states=states, rng=rng):
            quality, liked = (x.copy() for x in states[text])
            for k in map(int, failed):
                if rng.random() < 0.6:
                    (quality if rng.random() < 0.5 else liked)[k] += 1.5
            key = str(len(states))
            states[key] = (quality, liked)
            return key

        found = asyncio.run(loop.run("0", names, judge, edit))
        last = found.scores[-1]
        unseen = np.clip(states[found.text][0], 1, 5)
        rows.append(
            [*mae, (found.scores[0] >= 4).mean(), (last >= 4).mean(), len(found.texts) - 1, (last - unseen).mean()]
        )
    single, mean, before, after, rounds, inflated = np.mean(rows, 0)
    holds = mean < single and after > 0.9 and rounds <= 4 and inflated > 0.3
    note = (
        f"share of items at 4 or more by the loop's reviewers; {rounds:.1f} rounds; an unseen judge gives {inflated:.2f} "
        f"less; error of one reviewer {single:.2f}, of the mean {mean:.2f}"
    )
    return Outcome(round(before, 3), round(after, 3), bool(holds), note)


@claim("proxy_grm")
def claim_proxy_grm():
    """Rubric kinds: vague, transferable, leaking (the proxy copies the label); chance of a right label, and the proxy's."""
    part = find_recipe("212")().refine
    own, proxy = np.array([0.8, 0.82, 0.88]), np.array([0.55, 0.88, np.nan])
    rng = np.random.default_rng(0)
    match = (rng.random((3, 200)) < np.array([0.55, 0.88, 0.88])[:, None]).astype(float)
    neutral = (rng.random((3, 200)) < np.array([0.5, 0.5, 0.88])[:, None]).astype(float)
    sure = part({"match": match, "neutral": neutral})

    def paid(mode):
        def pay(arms, rng):
            right = rng.random(len(arms)) < own[arms]
            found = np.where(arms == 2, right, rng.random(len(arms)) < proxy[arms])[:, None].astype(float)
            bonus = recovery_reward(found, np.all(sure[arms] < 0, 1) if mode == "filter" else None)[:, 0]
            return 2.0 * right - 1 + (0 if mode == "accuracy" else bonus)

        return pay

    alone, plain, ours = (
        np.mean([bandit(paid(m), np.zeros(3), s, 500) for s in range(5)], 0) for m in ("accuracy", "proxy", "filter")
    )
    caught = np.all(sure < 0, 1).tolist() == [False, False, True]
    holds = caught and plain[2] > 0.9 and ours[2] < 0.05 and ours[1] > 0.9
    note = f"share of leaking rubrics under the plain proxy reward and ours; accuracy alone {alone[2]:.2f}; ours transfers {ours[1]:.2f}"
    return Outcome(round(plain[2], 3), round(ours[2], 3), bool(holds), note)
