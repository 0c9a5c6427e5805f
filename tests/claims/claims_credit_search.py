"""Checks of rubricate.recipes.credit_search; figures and thresholds are those of the cards unless a line says ours."""

import numpy as np

from rubricate.credit import pool, z_score
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.learn import Settings, learn
from rubricate.lab.worlds import Bandit
from rubricate.recipe import Recipe
from rubricate.recipes import credit_search as recipes
from rubricate.reduce import sizes
from rubricate.rewards import combine
from rubricate.steps import ref, step

SEEDS = range(5)


def searches(outcome, good, bad):
    """Rows with so many good and bad searches; no document comes back twice."""
    count = np.asarray(good) + np.asarray(bad)
    useful = np.concatenate([[1.0] * g + [0.0] * b for g, b in zip(good, bad, strict=True)] or [[]])
    return {
        "outcome": np.asarray(outcome, float), "format": np.ones(len(count)), "group": np.zeros(len(count), int),
        "turn_off": np.concatenate([[0], np.cumsum(count)]), "turn_useful": useful,
        "turn_docs": np.zeros((len(useful), 4)),
    }  # fmt: skip


@claim("smartsearch")
def claim_smartsearch():
    """All counts of good and bad searches up to 12; then a bandit with an arm that piles up good-looking queries."""
    bonus = step(
        combine,
        (
            ref("outcome"),
            step(pool, recipes.GOOD_SEARCH, ref("turn_off"), "sum"),
            step(sizes, ref("turn_off")),
        ),
        (1.0, 0.4, -0.2),  # outcome + .2 (good - bad)
    )
    additive = Recipe(reward=bonus, credit=step(z_score, ref("reward"), ref("group")))
    grid = np.array([(o, g, b) for o in (0, 1) for g in range(13) for b in range(13)])
    env = searches(*grid.T)
    right, banded = grid[:, 0] == 1, recipes.smartsearch().reward(env)
    apart = banded[right].min() - banded[~right].max()
    farmed = additive.reward(searches([0, 1], [6, 0], [0, 0]))
    as_said = np.allclose(farmed, (1.2, 1.0))

    arms = {"good": np.array([1, 6, 0, 0]), "bad": np.array([1, 0, 1, 2])}  # right; spam; right by luck; wrong
    world = Bandit(right=(1, 0, 0.5, 0), value=(1.0, 0.0, 0.5, 0.0), start=(0.25, 0.25, 0.25, 0.25))

    def change(batch):
        more = searches((batch["rng"].random(len(batch["action"])) < batch["outcome"]).astype(float),
                        arms["good"][batch["action"]], arms["bad"][batch["action"]])  # fmt: skip
        return {**batch, **more, "group": batch["group"]}

    best = {}
    for name, recipe in (("additive", additive), ("banded", recipes.smartsearch())):
        best[name] = max(
            np.mean([
                learn(world, recipe, Settings(steps=100, rate=rate), seed=s, change=change).final for s in SEEDS
            ])
            for rate in (0.1, 0.3, 1.0)
        )  # fmt: skip
    holds = apart > 0 and as_said and best["banded"] > 0.9 and best["additive"] < 0.1
    return Outcome(
        round(float(best["additive"]), 3), round(float(best["banded"]), 3), bool(holds),
        f"accuracy at the best of three rates; worst right answer over best wrong one {apart:+.2f} (additive: six good "
        f"queries and a wrong answer earn {farmed[0]:.1f}, a clean right one {farmed[1]:.1f})",
    )  # fmt: skip


@claim("adaqr")
def claim_adaqr():
    """The card's two rewrites; passages that all say the same; the direct sum; answers too long for plain products."""
    share = np.array([[0.6, 0.3, 0.1], [0.5, 0.3, 0.2]])
    answer = np.array([[0.2, 0.7, 0.1], [0.3, 0.3, 0.3]])
    env = {"doc_scores": np.log(share), "doc_answer_logp": np.log(answer), "group": np.zeros(2, int)}
    marginal, top = recipes.adaqr().reward(env), recipes.adaqr(passages=1).reward(env)
    holds = np.allclose(marginal, (0.34, 0.30)) and np.allclose(top, (0.2, 0.3))
    pairs = [r.select(env).tolist() for r in (recipes.adaqr(), recipes.adaqr(passages=1))]
    holds &= pairs == [[[0, 1]], [[1, 0]]]
    error = same = 0.0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        env = {"doc_scores": rng.normal(0, 5, (500, 5)), "doc_answer_logp": -rng.exponential(3, (500, 5))}
        weight = np.exp(env["doc_scores"])
        direct = (weight * np.exp(env["doc_answer_logp"])).sum(1) / weight.sum(1)
        error = max(error, np.abs(recipes.adaqr().reward(env) - direct).max())
        flat = recipes.adaqr().reward({**env, "doc_answer_logp": np.full((500, 5), -1.5)})
        same = max(same, np.ptp(flat))
    large = recipes.adaqr().reward({"doc_scores": np.array([[2000.0, 1999.0]]), "doc_answer_logp": np.zeros((1, 2))})
    holds &= error < 1e-12 and same < 1e-12 and np.isclose(large[0], 1.0)
    return Outcome(
        round(float(top[0] - top[1]), 3), round(float(marginal[0] - marginal[1]), 3), bool(holds),
        "first rewrite over second, by the first passage and marginal; alike passages leave no difference, "
        "scores of 2000 do not overflow",
    )  # fmt: skip


@claim("glore")
def claim_glore():
    """A good prefix succeeds at .3, one after an error at .03: labels and their balanced accuracy by continuations."""
    rows, card = 40000, {1: (0.30, 0.03, 0.64), 4: (0.76, 0.11, 0.82), 8: (0.94, 0.22, 0.86), 16: (1.0, 0.39, 0.81)}
    found, holds = {}, True
    for k, figures in card.items():
        rng = np.random.default_rng(k)
        good, bad = (
            recipes.glore().reward({"step_tries": (rng.random((rows, k)) < p).astype(float)}).mean()
            for p in (0.3, 0.03)
        )
        found[k] = (good + 1 - bad) / 2
        holds &= bool(np.abs(np.subtract((good, bad, found[k]), figures)).max() < 0.015)
    best = max(found, key=found.__getitem__)

    def chains(k, seed):
        """Chains of six steps with an error before some step: accuracy of all labels, and of those that are kept."""
        rng, n, steps = np.random.default_rng(seed), 2000, 6
        fine = np.arange(steps) < rng.integers(0, steps + 1, n)[:, None]
        env = {
            "step_tries": (rng.random((n * steps, k)) < np.where(fine, 0.3, 0.03).reshape(-1, 1)).astype(float),
            "step_off": np.arange(0, n * steps + 1, steps),
        }
        label, kept, truth = recipes.glore().reward(env) > 0, recipes.glore().select(env) > 0, fine.ravel()
        return [np.mean([(label == truth)[m & (truth == t)].mean() for t in (0, 1)]) for m in (kept | True, kept)]

    every, kept = np.mean([chains(8, seed) for seed in SEEDS], axis=0)
    return Outcome(
        round(float(found[1]), 3), round(float(found[8]), 3), bool(holds and best == 8),
        f"balanced accuracy of the labels at 1 and 8 continuations, {found[4]:.2f} at 4 and {found[16]:.2f} at 16; in "
        f"chains of six, {every:.3f} of all labels and {kept:.3f} of those that no later one contradicts",
    )  # fmt: skip


@claim("rearter")
def claim_rearter():
    """Six steps, four candidates each, scores that flatter early steps; chosen by score or with a look ahead.

    The card leaves open how good the policy and the judge are: right steps at .7 and noise .4, at .5 and .2 (ours).
    """
    steps, rows, candidates = 6, 1000, 4

    def play(depth, seed, good, noise, bias):
        rng, fine = np.random.default_rng(seed), np.ones(rows, bool)
        recipe = recipes.rearter(depth=depth)
        for t in range(steps):
            on = fine[:, None] & (rng.random((rows, candidates)) < good)
            here, scores = on, []
            for u in range(t, min(t + depth, steps - 1) + 1):
                on = on if u == t else on & (rng.random(on.shape) < good)
                flattery = bias * (1 - (u + 1) / steps)
                scores.append(np.clip(0.2 + 0.6 * on + flattery + noise * rng.standard_normal(on.shape), 0, 1).ravel())
            table = np.stack(scores, axis=1)
            off = np.arange(0, table.size + 1, table.shape[1])
            env = {"step_scores": table.ravel(), "step_refined": table.ravel(), "step_off": off}
            value = recipe.reward(env)[off[:-1]].reshape(rows, candidates)
            fine = here[np.arange(rows), value.argmax(1)]
        return fine.mean()

    def success(*world):
        return [float(np.mean([play(depth, seed, *world) for seed in SEEDS])) for depth in (0, 1, 2)]

    able, unbiased, weak = success(0.7, 0.4, 0.3), success(0.7, 0.4, 0.0), success(0.5, 0.2, 0.3)
    rng = np.random.default_rng(0)
    before = rng.uniform(0.2, 0.5, 2000)
    gain = np.repeat([0.2, 0.0], 1000) + rng.normal(0, 0.1, 2000)
    worth = recipes.rearter().audit({"step_scores": before, "step_refined": before + gain})
    still = recipes.rearter().audit({"step_scores": before, "step_refined": before})
    useful, useless = float(worth[:1000].mean()), float(worth[1000:].mean())
    holds = min(able[1:]) > able[0] + 0.03 and useful > useless + 0.5 and (still == -1).all()
    return Outcome(
        round(able[0], 3), round(able[1], 3), bool(holds and weak[1] < weak[0] and unbiased[1] > unbiased[0]),
        f"success by score and one step ahead, {able[2]:.2f} two steps ahead; without the bias {unbiased[0]:.2f} and "
        f"{unbiased[1]:.2f}; with right steps at .5 and noise .2 {weak[0]:.2f} and {weak[1]:.2f}; useful critiques earn "
        f"{useful:+.2f}, useless ones {useless:+.2f}",
    )  # fmt: skip


@claim("oni")
def claim_oni():
    """500 messages by Zipf, 50 helpful; a label takes as long as ten messages, errs at .05; 200 labels, newest first."""
    verbs, nouns = [f"verb{v}" for v in range(20)], [f"noun{n}" for n in range(25)]
    texts = np.array([f"you {v} the {n}" for v in verbs for n in nouns])
    helpful = np.repeat(np.arange(20) < 2, 25)
    measured = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        share = 1 / (rng.permutation(500) + 1.0)
        share /= share.sum()
        queue, labels = [], {}
        while len(labels) < 200:
            queue += [m for m in rng.choice(500, 10, p=share) if m not in labels]
            while queue and (message := queue.pop()) in labels:
                pass
            if message not in labels:
                labels[message] = float(helpful[message] ^ (rng.random() < 0.05))
        table = recipes.oni().judge.build().fit(texts[list(labels)], list(labels.values()))
        model = recipes.oni().judge.replace(kind="classifier").build().fit(texts[list(labels)], list(labels.values()))
        by_table, by_model = table.score(texts) >= 0.5, model.score(texts) >= 0.5
        unseen = ~np.isin(np.arange(500), list(labels))
        measured.append((
            share @ (by_table == helpful), len(labels) / 500, (by_table == helpful)[unseen].mean(),
            (by_model == helpful)[unseen].mean(), share @ ~helpful, share @ (by_model == helpful),
        ))  # fmt: skip
    kept, covered, blind, told, never, model_kept = np.mean(measured, axis=0)
    worst = float(np.min(measured, axis=0)[0])
    n = 20
    env = {
        "outcome": np.zeros(1), "step_off": np.array([0, n]), "step_scores": np.ones(n),
        "step_message": np.zeros(n, int),
    }  # fmt: skip
    paid = recipes.oni(internal=1.0).reward(env).mean(), recipes.oni(internal=1.0, beta=0.0).reward(env).mean()
    repeats = np.allclose(paid, ((1 / np.arange(1, n + 1)).sum() / n, 1.0))
    holds = kept > 0.9 and covered < 0.5 and all(m[3] > m[2] for m in measured) and repeats
    return Outcome(
        round(float(blind), 3), round(float(told), 3), bool(holds),
        f"accuracy on messages without a label, by table and by classifier; weighed by frequency {kept:.2f} and "
        f"{model_kept:.2f} with {covered:.0%} of the messages labelled ({never:.2f} for no to all, {worst:.2f} in the worst of 12 runs for the table); 20 repeats earn "
        f"{paid[0]:.2f} a step instead of 1",
    )  # fmt: skip
