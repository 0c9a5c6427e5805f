"""Each composition equals a plain loop over the rows."""

import itertools
import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes.card import find_recipe


def mates(e, i):
    return [j for j in range(len(e["group"])) if e["group"][j] == e["group"][i]]


def dominates(a, b):
    return all(x >= y for x, y in zip(a, b, strict=True)) and any(x > y for x, y in zip(a, b, strict=True))


def complete(e, i):
    return not np.isnan(e["rewards"][i]).any()


def on_front(e, i):
    others = [e["rewards"][j] for j in mates(e, i) if complete(e, j)]
    return complete(e, i) and not any(dominates(o, e["rewards"][i]) for o in others)


def normalised(reward, e):
    """(reward - mean) / (std + 1e-6) in each group, over the rewards that are there."""
    out = []
    for i, r in enumerate(reward):
        known = [reward[j] for j in mates(e, i) if not math.isnan(reward[j])]
        out.append((r - np.mean(known)) / (np.std(known) + 1e-6) if known and np.ptp(known) > 0 else r * 0.0)
    return np.array(out)


def posterior_grpo(e):
    right = e["outcome"] > 0
    return normalised(
        [f + 1 + p if o else f + 0.0 for f, o, p in zip(e["format"], right, e["process"], strict=True)], e
    )


def longrlvr(e):
    reward = []
    for i, o in enumerate(e["outcome"]):
        named = [d for d, k in enumerate(e["selected"][i]) for _ in range(k)]
        gold = [d for d, g in enumerate(e["gold_ids"][i]) if g]
        hits = len(set(named) & set(gold))
        p, r = hits / max(len(named), 1), hits / len(gold)
        f = 5 * p * r / (4 * p + r) if hits else 0.0
        reward.append(o + 0.1 * f + 0.9 * o * f if e["format"][i] else 0.0)
    return normalised(reward, e)


def parrot(e):
    out = []
    for i, target in enumerate(e["target"]):
        front = sum(on_front(e, j) for j in mates(e, i)) / len(mates(e, i))
        paid = e["rewards"][i][int(np.argmax(target))] if on_front(e, i) else 0.0
        out.append(paid / front if complete(e, i) else math.nan)
    return out


def crf(e):
    reward = []
    for i, o in enumerate(e["outcome"]):
        rate = np.mean([e["outcome"][j] for j in mates(e, i)])
        reward.append(1 + 0.5 * e["process"][i] * (1 - e["progress"] + math.exp(rate)) if o else 0.0)
    return normalised(reward, e)


def turns(e, name, i):
    return e[name][e["turn_off"][i] : e["turn_off"][i + 1]]


def g_ra(e):
    return normalised([o + sum(turns(e, "turn_scores", i)) for i, o in enumerate(e["outcome"])], e)


def g_ra_strict(e):
    steps = [sum(turns(e, "turn_scores", i)) for i in range(len(e["outcome"]))]
    return normalised([o + (s if o >= 0.5 else 0.0) for o, s in zip(e["outcome"], steps, strict=True)], e)


def drpo(e):
    out = []
    for i, o in enumerate(e["outcome"]):
        alike = [j for j in mates(e, i) if e["outcome"][j] == o]
        logp = [np.mean(e["token_logp"][a:b]) for a, b in itertools.pairwise(e["token_off"])]
        score = [math.exp((1 - e["length"][j] / 8192) / 0.1 if o else logp[j] / 10) for j in range(len(logp))]
        share = score[i] / sum(score[j] for j in alike)
        out.append(0.0 if len(alike) == len(mates(e, i)) else share if o else -share)
    return out


def router_r1(e):
    low, high = np.percentile(np.sqrt([*e["cost_history"], *e["cost"]]), [5, 95])
    cheap = [1 - min(max((math.sqrt(c) - low) / (high - low), 0), 1) for c in e["cost"]]
    rows = zip(e["format"], e["outcome"], cheap, strict=True)
    return normalised([0.5 * o + 0.5 * c if f else -1.0 for f, o, c in rows], e)


def carl(e):
    rows = zip(e["turn_scores"], e["turn_verdicts"], e["turn_valid"], strict=True)
    return [100 * s * math.prod(v) - (0 if ok else 1) for s, v, ok in rows]


def rere(e):
    reward = []
    for i, o in enumerate(e["outcome"]):
        hit = any(e["outcome"][j] for j in mates(e, i))
        all_of = sum(1 / math.log2(e["rank"][j] + 2) for j in mates(e, i))
        reward.append(o - (1 / math.log2(e["rank"][i] + 2) / all_of if hit and not o else 0.0))
    return normalised(reward, e)


def barfi(e):
    return e["outcome"] + e["process"]


LOOPS = (posterior_grpo, longrlvr, parrot, crf, g_ra, drpo, router_r1, carl, rere, barfi)


def ragged(seed):
    """A random environment whose groups have unequal sizes, with missing verdicts in every second case."""
    rng = np.random.default_rng(seed)
    e = draw(rng, prompts=int(rng.integers(1, 5)), group_size=int(rng.integers(1, 6)), missing=0.1 * (seed % 2))
    e["group"] = e["group"] // 2 if seed % 3 else e["group"]
    e["rewards"] = e["rewards"].round(1)
    e["rewards"][rng.random(e["rewards"].shape) < 0.1 * (seed % 2)] = np.nan
    return e | {"progress": float(rng.random())}


@pytest.mark.parametrize("loop", LOOPS, ids=lambda f: f.__name__)
def test_the_composition_equals_a_plain_loop(loop):
    recipe = find_recipe(loop.__name__)()
    for seed in range(50):
        e = ragged(seed)
        np.testing.assert_allclose(recipe.advantages(e), loop(e), rtol=0, atol=1e-9, err_msg=f"seed {seed}")


def test_the_gate_drops_the_turns_below_it():
    for seed in range(50):
        e = ragged(seed)
        np.testing.assert_allclose(find_recipe("g_ra")(gate_level=0.5).advantages(e), g_ra_strict(e), atol=1e-9)


def heron(e):
    margin, pairs = 0.5 * np.nanstd(e["scores"], axis=0), []
    for i, j in itertools.combinations(range(len(e["group"])), 2):
        for a, b, m in zip(e["scores"][i], e["scores"][j], margin, strict=True):
            if math.isnan(a) or math.isnan(b) or e["group"][i] != e["group"][j]:
                break
            if abs(a - b) > m:
                pairs.append([i, j] if a > b else [j, i])
                break
    return pairs


@pytest.mark.parametrize("loop", [heron], ids=lambda f: f.__name__)
def test_labels_equal_a_plain_loop(loop):
    for seed in range(50):
        e = ragged(seed)
        assert find_recipe(loop.__name__)().select(e).tolist() == loop(e), f"seed {seed}"


def test_an_unjudged_outcome_stays_unjudged():
    e = ragged(2)
    e["outcome"][0] = np.nan
    for name in ("posterior_grpo", "longrlvr", "crf", "g_ra", "drpo", "router_r1", "rere", "barfi"):
        assert np.isnan(find_recipe(name)().advantages(e | {"format": np.ones(len(e["group"]))})[0]), name
