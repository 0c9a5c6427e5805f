"""Checks of rubricate.recipes.rubric_evidence; set-ups and figures are those of the cards unless a line says ours."""

import asyncio

import numpy as np

from rubricate.lab.claims import Outcome, claim
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.recipes import find_recipe
from rubricate.rewards import share_at, total
from rubricate.rubrics import Rubric
from rubricate.structure import Structure

SEEDS = range(5)


def f1(given, known):
    hit = (given & known).sum()
    return 2 * hit / (given.sum() + known.sum())


@claim("search_gen_v")
def claim_search_gen_v():
    """Nine "not" and one "support" (card: macro F1 .649 for all "not"); ten labels of which one is wrong (.841)."""
    guess, known = [0] * 10, [0] * 9 + [2]
    given, truth = [0] * 5 + [1, 2] + [2] * 3, [0] * 5 + [1] * 2 + [2] * 3
    lists = [(guess, known), (given, truth), (truth, truth), (truth, truth), (truth, truth), ([1] * 2, [0] * 2)]
    env = {
        "list_given": np.concatenate([a for a, _ in lists]).astype(float),
        "list_known": np.concatenate([b for _, b in lists]).astype(float),
        "list_off": np.cumsum([0] + [len(a) for a, _ in lists]),
        "readable": np.array([1, 1, 1, 0, 1, 1]),
        "answers": np.array([1, 1, 1, 1, 2, 1]),
        "format": np.ones(6),
        "on_scale": np.ones(6),
    }
    majority, one_wrong, right, short, doubled, _ = find_recipe("1")().reward(env)
    rng = np.random.default_rng(0)
    y = rng.random(20_000) < 0.5
    exact = y & (rng.random(len(y)) < 0.7)
    verifier = np.where(y, rng.random(len(y)) < 0.85, rng.random(len(y)) < 0.25)
    alone, either = max(f1(exact, y), f1(verifier, y)), f1(exact | verifier, y)
    holds = (
        abs(majority - (0.35 * 0.649 + 0.3)) < 1e-3
        and one_wrong > majority + 0.05
        and np.allclose([right, short, doubled], [1.0, 0.0, 0.1])
        and either > alone + 0.03
    )
    return Outcome(round(majority, 3), round(one_wrong, 3), bool(holds), f"F1 alone {alone:.3f}, either {either:.3f}")


@claim("researchqa")
def claim_researchqa():
    """Card: correlation with the latent coverage .909 (five words) and .861 (yes or no)."""
    five, two = [], []
    reward = find_recipe("44")().reward
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        coverage = rng.beta(2, 2, 500)
        items = np.clip(coverage[:, None] + rng.normal(0, 0.25, (500, 8)), 0, 1)
        words = np.clip(np.round((items + rng.normal(0, 0.12, items.shape)) * 4), 0, 4) / 4
        binary = (items + rng.normal(0, 0.12, items.shape) > 0.5).astype(float)
        for scores, out in ((words, five), (binary, two)):
            out.append(np.corrcoef(reward({"scores": scores}), coverage)[0, 1])
    return Outcome(round(np.mean(two), 3), round(np.mean(five), 3), bool(np.min(np.subtract(five, two)) > 0.02))


@claim("deepresearch_bench_ii")
def claim_deepresearch_bench_ii():
    """Card: 1 of 1 and 10 of 40 items: macro .625, micro .268. A copier has every item at -1 (0 on the scale -1 .. 1)."""
    recipe = find_recipe("63")()
    scores = np.full((3, 40), np.nan)
    scores[0, 0] = 1.0
    scores[1] = np.where(np.arange(40) < 10, 1.0, 0.5)  # 0 lies in the middle of the scale -1 .. 1
    scores[2] = 0.0
    asked = ~np.isnan(scores)
    share = np.asarray(recipe.reward({"scores": scores, "asked": asked}))
    macro, micro = (total(share[:2], mass=m).value for m in (None, asked.sum(1)[:2]))
    blocked = recipe.audit({"native": 2 * scores - 1, "asked": asked})
    naive = 1.0 - share_at(2 * scores[2:] - 1, 0.0)[0]  # met, whatever it cites
    holds = (round(macro, 3), round(micro, 3)) == (0.625, 0.268) and share[2] == 0.0 and blocked[2] == 1.0 == naive
    return Outcome(round(naive, 3), round(float(share[2]), 3), bool(holds), f"macro {macro:.3f}, micro {micro:.3f}")


@claim("quarkmedbench")
def claim_quarkmedbench():
    """A: one of three essentials, every highlight. B: all essentials, few highlights. Card: .80 > .675, .40 < .675."""
    classes = ("essential",) * 3 + ("important",) + ("highlight",) * 2 + ("pitfall",)
    tags = ((),) * 3 + (("safety",), ("care",), ("evidence",), ())
    structure = Structure.of([-1] * 7, weight=[1, 1, 1, 2, 3, 3, -3], classes=classes, tags=tags)
    scores = np.array([[1, 0, 0, 1, 1, 1, 0], [1, 1, 1, 0.25, 1 / 6, 1 / 6, 0]], dtype=float)
    env = {"scores": scores, "weights": np.array([1.0, 1, 1, 2, 3, 3, -3]), "structure": structure}
    with_rules = np.asarray(find_recipe("218")().reward(env))
    without = np.asarray(find_recipe("218")(truncation="none", cap=None).reward(env))
    more = np.array([scores[0], scores[0] + np.eye(7)[1], scores[0] + np.eye(7)[1] + np.eye(7)[2]])
    rising = np.asarray(find_recipe("218")().reward(env | {"scores": more}))
    holds = np.allclose([*with_rules, *without], [0.4, 0.675, 0.8, 0.675]) and (np.diff(rising) >= 0).all()
    note = (
        f"without rules {without[0]:.3f} and {without[1]:.3f}; an essential more: {np.diff(rising).round(3).tolist()}"
    )
    return Outcome(round(with_rules[0], 3), round(with_rules[1], 3), bool(holds), note)


@claim("gaps")
def claim_gaps():
    """Card: both policies score alike; without the cue the one that reads it loses > .3, the other < .05."""
    audit, deltas, bases = find_recipe("52")().audit, {"surface": [], "robust": []}, []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        knows, cue = rng.random(400) < 0.3, rng.random(400) < 0.6
        kept = rng.random((400, 4)) < 0.1  # twins that still hold the cue
        skill = rng.random(400) < 0.72  # as often right as the policy that knows or has the cue
        surface, robust = (knows | cue).astype(float), skill.astype(float)
        twins = {
            "surface": (knows[:, None] | (cue[:, None] & kept)).astype(float),
            "robust": np.where(rng.random((400, 4)) < 0.03, 0.0, robust[:, None]),
        }
        found = {n: audit.build(base=b, twins=twins[n]) for n, b in (("surface", surface), ("robust", robust))}
        bases.append(found["surface"].base - found["robust"].base)
        for name, out in deltas.items():
            out.append(found[name].delta)
    surface, robust = (float(np.mean(v)) for v in deltas.values())
    return Outcome(
        round(robust, 3), round(surface, 3), bool(abs(np.mean(bases)) < 0.03 and robust < 0.05 and surface > 0.3)
    )


WORDS = ("because", "both", "sides", "divide", "by", "two", "so", "x", "equals", "four", "check", "it", "works")


@claim("math_feedback")
def claim_math_feedback():
    """200 scored answers, 60 new ones: an answer of score s holds about s / 4 of the steps, in its own order."""
    errors = {"nearest": [], "constant": [], "shuffled": []}
    judge = find_recipe("58")().judge.build()
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        scores = rng.integers(0, 5, 260)
        texts = [" ".join(w for w in WORDS if rng.random() < (s + 0.3) / 4.6) or "no idea" for s in scores]
        known, new, right = texts[:200], texts[200:], scores[200:]
        found = judge.score(new, known, scores[:200])
        errors["nearest"].append(np.abs(found.scores - right).mean())
        errors["shuffled"].append(np.abs(rng.permutation(scores[:200])[found.place] - right).mean())
        errors["constant"].append(np.abs(scores[:200].mean() - right).mean())
    nearest, constant, shuffled = (float(np.mean(v)) for v in errors.values())
    holds = nearest < constant - 0.2 and shuffled > constant
    return Outcome(round(constant, 3), round(nearest, 3), bool(holds), f"shuffled scores {shuffled:.3f}")


@claim("spacer")
def claim_spacer():
    """Card: a rubric that holds the answer > .8, a general one < .3. The script writes what the criteria say."""
    reference = "Warm the pot, steep green leaves at eighty degrees for three minutes, then pour."

    def write(request):
        listed = dict(read_prompt(request).blocks)["criteria"]
        return " ".join(line.removeprefix("- ").removeprefix("Says to ") for line in listed.splitlines())

    def rebuilt(*texts):
        rubric = Rubric(id="r", criteria=[{"id": f"c{k}", "text": t} for k, t in enumerate(texts)])
        return asyncio.run(find_recipe("207")().refine.build().of(rubric, reference, ScriptedClient(write))).similarity

    leaking = rebuilt("Says to warm the pot.", "Says to steep green leaves at eighty degrees for three minutes.",
                      "Says to pour then.")  # fmt: skip
    general = rebuilt("Gives a temperature of the water.", "Gives a time.", "Keeps the order of the steps.")
    return Outcome(round(general, 3), round(leaking, 3), bool(leaking > 0.8 and general < 0.3))
