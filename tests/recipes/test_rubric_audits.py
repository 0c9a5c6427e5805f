"""Rewards equal a plain loop on random data; the other stages do on them what their formulas say."""

import asyncio
import math

import numpy as np
import pytest

from rubricate.recipes.card import find_recipe


def drawn(seed):
    rng = np.random.default_rng(seed)
    n, c, d = int(rng.integers(1, 12)), int(rng.integers(1, 5)), int(rng.integers(2, 7))
    scores = rng.random((n, c))
    scores[rng.random((n, c)) < 0.1] = math.nan
    gold = rng.random(d) < 0.5
    gold[0] = True
    return {
        "scores": scores, "outcome": rng.integers(0, 2, n).astype(float), "group": rng.integers(0, 3, n),
        "selected": rng.integers(0, 3, (n, d)), "gold_ids": gold,
        "field_labels": rng.choice([0.0, 1.0, math.nan], (n, 3), p=[0.5, 0.4, 0.1]),
    }  # fmt: skip


def rm_nlhf(e):
    out = []
    for o, row in zip(e["outcome"], e["selected"], strict=True):
        hits = sum(1 for k, g in zip(row, e["gold_ids"], strict=True) if k and g)
        out.append(o + 2 * hits / (sum(row) + sum(e["gold_ids"])))
    return out


def dynamic_control(e):
    columns = [[s for s in e["scores"][:, j] if not math.isnan(s)] for j in range(e["scores"].shape[1])]
    means = [sum(x) / len(x) for x in columns if x]
    filled = [sum(x) / len(x) if x else min(means, default=0.0) for x in columns]
    pull = [math.exp(-m / 0.1) for m in filled]
    return [sum(w * s for w, s in zip(pull, row, strict=True)) / sum(pull) for row in e["scores"]]


def avamerg(e):
    known = [{x for x in row if not math.isnan(x)} for row in e["field_labels"]]
    lost = [any(map(math.isnan, row)) for row in e["field_labels"]]
    return [0.0 if len(k) > 1 else math.nan if m else 1.0 for k, m in zip(known, lost, strict=True)]


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("loop", [rm_nlhf, dynamic_control, avamerg])
def test_a_reward_equals_a_loop(loop, seed):
    env = drawn(seed)
    np.testing.assert_allclose(find_recipe(loop.__name__)().reward(env), loop(env), atol=1e-9)


@pytest.mark.parametrize("seed", range(50))
def test_items_on_which_models_split_are_kept(seed):
    env = drawn(seed)
    right = {g: {o for o, h in zip(env["outcome"], env["group"], strict=True) if h == g} for g in env["group"]}
    expected = [len(right[g]) == 2 for g in env["group"]]
    assert find_recipe("169")().select(env).mask.tolist() == expected


@pytest.mark.parametrize("seed", range(50))
def test_a_pair_is_kept_when_only_the_user_can_tell(seed):
    rng = np.random.default_rng(seed)
    own, common = rng.normal(0, 0.1, (2, 20))
    own[0] = math.nan
    kept = find_recipe("27")().select({"personal": own, "generic": common})
    assert kept.tolist() == [o > 0 and -0.05 <= c <= 0.05 for o, c in zip(own, common, strict=True)]


@pytest.mark.parametrize("seed", range(50))
def test_the_gain_over_peers_equals_a_loop(seed):
    rng = np.random.default_rng(seed)
    judge, human, peer = rng.normal(size=(3, 7))
    judge[0] = math.nan
    found = find_recipe("40")().audit({"judge": judge, "human": human, "peer": peer, "rng": rng})
    gains = [abs(p - h) - abs(j - h) for j, h, p in zip(judge, human, peer, strict=True)][1:]
    assert found.gain == pytest.approx(sum(gains) / 6, abs=1e-9)
    assert found.low <= found.gain <= found.high
    assert found.n == 6


@pytest.mark.parametrize("seed", range(50))
def test_the_first_accepted_draw_is_delivered(seed):
    rng = np.random.default_rng(seed)
    group = np.sort(rng.integers(0, 4, 12))
    accepted = rng.integers(0, 2, 12).astype(float)
    found = find_recipe("160")().loop({"draw": np.arange(12), "accepted": accepted, "group": group})
    for g, row in zip(np.unique(group), found, strict=True):
        own = [i for i in range(12) if group[i] == g]
        assert row == next((i for i in own if accepted[i]), own[0])


def test_a_prompt_is_mended_by_its_failed_axes_and_verdicts_are_compared_over_paraphrases():
    recipe = find_recipe("46")(rounds=2)

    async def score(text):
        return [float(axis in text) for axis in ("clear", "fair")]

    async def edit(text, failed):
        return f"{text} {failed[0]}"

    found = asyncio.run(recipe.loop.build().run("prompt", ["clear", "fair"], score, edit))
    assert (found.text, found.stopped) == ("prompt clear fair", "done")
    kappa = recipe.audit({"choice": [[1, 1], [1, 1], [0, 0], [0, 1]]})
    assert kappa[0, 1] == pytest.approx((0.75 - 0.5) / 0.5)
