"""Rewards of refining recipes equal plain loops; every part is built and used once; traps of the cards stay away."""

import asyncio
import math

import numpy as np
import pytest

from rubricate.llm.scripted import ScriptedClient
from rubricate.loops import RefineAnswer
from rubricate.recipes.card import find_recipe
from rubricate.refine import (
    CodeRuleWriter,
    CriterionTracker,
    DecomposeFilter,
    Ran,
    RubricSearch,
    Wanted,
    whitened_weights,
)
from rubricate.structure import Structure

NAN = math.nan


def drawn(seed):
    rng = np.random.default_rng(seed)
    n, c = int(rng.integers(3, 20)), int(rng.integers(2, 6))
    scores = rng.integers(0, 2, (n, c)).astype(float)
    scores[rng.random((n, c)) < 0.05] = NAN
    top = int(rng.integers(1, 4))
    return {
        "scores": scores, "asked": rng.random((n, c)) < 0.9, "outcome": (rng.random(n) < 0.5).astype(float),
        "weights": rng.integers(1, 4, c).astype(float),
        "structure": Structure.of([-1] * top + rng.integers(0, top, c).tolist()) if c else None,
    }  # fmt: skip


def mean(row, weights, asked=None):
    use = [j for j in range(len(row)) if (asked is None or asked[j]) and weights[j]]
    total = sum(weights[j] for j in use)
    return (
        sum(weights[j] * row[j] for j in use) / total if total > 0 and not any(math.isnan(row[j]) for j in use) else NAN
    )


def dr_sci(e):
    plain = [mean(row, e["weights"], asked) for row, asked in zip(e["scores"], e["asked"], strict=True)]
    return [0.7 * o + (1 - 0.7) * r for o, r in zip(e["outcome"], plain, strict=True)]


def whitened(x):
    """From the definition, with loops over pairs of criteria."""
    c = x.shape[1]
    known = ~np.isnan(x)
    means = [x[known[:, j], j].mean() if known[:, j].any() else 0.0 for j in range(c)]
    var = [((x[known[:, j], j] - means[j]) ** 2).mean() if known[:, j].any() else 0.0 for j in range(c)]
    used = [j for j in range(c) if var[j] >= 0.01]
    if not used:
        return [1 / c] * c
    s = np.zeros((len(used), len(used)))
    for a, i in enumerate(used):
        for b, j in enumerate(used):
            rows = known[:, i] & known[:, j]
            s[a, b] = ((x[rows, i] - means[i]) * (x[rows, j] - means[j])).sum() / max(rows.sum(), 1)
            s[a, b] /= math.sqrt(var[i] * var[j])
    values, vectors = np.linalg.eigh(s + 1e-3 * np.eye(len(used)))
    root = vectors @ np.diag(np.maximum(values, 1e-3) ** -0.5) @ vectors.T
    raw = np.maximum(root.sum(1), 0)
    out = np.zeros(c)
    out[used] = raw / raw.sum()
    return out.tolist()


def rrd(e):
    weights = whitened(e["scores"])
    return [mean(row, weights, asked) for row, asked in zip(e["scores"], e["asked"], strict=True)]


def auto_rubric_as_reward(e):
    return [1.0 if o >= 0.5 else -1.0 for o in e["outcome"]]


def proimage_bench(e):
    out = []
    tree = e["structure"]
    parent = tree.parent
    for row in e["scores"]:
        groups = {}
        for leaf, v in zip(tree.leaves.tolist(), row, strict=True):
            groups.setdefault(leaf if parent[leaf] < 0 else int(parent[leaf]), []).append(v)
        lost = any(math.isnan(v) for vs in groups.values() for v in vs)
        out.append(NAN if lost else sum(0.5 ** sum(v < 1 for v in vs) for vs in groups.values()) / len(groups))
    return out


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("loop", [dr_sci, rrd, auto_rubric_as_reward])
def test_a_reward_equals_a_loop(loop, seed):
    env = drawn(seed)
    np.testing.assert_allclose(find_recipe(loop.__name__)().reward(env), loop(env), atol=1e-9)


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("loop", [proimage_bench])
def test_halving_equals_a_loop(loop, seed):
    env = drawn(seed)
    tree = env["structure"]
    env["scores"] = np.resize(env["scores"], (len(env["scores"]), len(tree.leaves)))
    only = {k: env[k] for k in ("scores", "structure")}
    np.testing.assert_allclose(find_recipe(loop.__name__)().reward(only), loop(env), atol=1e-9)


def tiers(row, back, asked, weights):
    """One row of openrs by hand: sum w s / (sum w + 1e-6) of verdicts -2..2, and the agreement of both orders."""

    def net(values):
        top = sum(w * (4 * v - 2) for v, w, a in zip(values, weights, asked, strict=True) if a)
        return top / (sum(w for w, a in zip(weights, asked, strict=True) if a) + 1e-6)

    if not any(a and not math.isnan(v) for v, a in zip(row, asked, strict=True)):
        return NAN
    if any(a and math.isnan(b) for b, a in zip(back, asked, strict=True)):
        return NAN
    b, ends = net(back), []
    for end in (0.0, 1.0):  # a lost verdict is as good as known when both ends of its scale give one number
        f = net([end if math.isnan(v) else v for v in row])
        ends.append(float(f > 0 and b <= 0) - float(b > 0 and f <= 0))
    return ends[0] if ends[0] == ends[1] else NAN


@pytest.mark.parametrize("seed", range(50))
def test_tiers_equal_a_loop(seed):
    env = drawn(seed)
    rng = np.random.default_rng(seed)
    env["scores"] = np.where(rng.random(env["scores"].shape) < 0.1, NAN, rng.integers(0, 5, env["scores"].shape) / 4)
    env["backward"] = np.where(rng.random(env["scores"].shape) < 0.1, NAN, rng.integers(0, 5, env["scores"].shape) / 4)
    only = {k: env[k] for k in ("scores", "backward", "asked", "weights")}
    rows = zip(env["scores"], env["backward"], env["asked"], strict=True)
    expected = [tiers(row, back, asked, env["weights"]) for row, back, asked in rows]
    np.testing.assert_allclose(find_recipe("openrs")().reward(only), expected, atol=1e-9)


def test_parts_are_built():
    parts = {"rrd": DecomposeFilter, "critiq": CriterionTracker, "apres": RubricSearch, "text2reward": CodeRuleWriter}
    for name, kind in parts.items():
        assert isinstance(find_recipe(name)().refine.build(), kind)
    for name in ("proimage_bench", "apres", "arise"):
        assert isinstance(find_recipe(name)().loop.build(), RefineAnswer)
    assert find_recipe("arise")().loop.build().threshold == 4.0
    assert find_recipe("apres")().refine.build().fit.link == "negbin"


def test_openrs_keeps_zeros_and_ties():
    ours, published = (find_recipe("openrs")(**s).audit.build() for s in ({}, {"zeros": "skip", "ties": "exclude"}))
    assert (ours.zeros, ours.ties) == ("keep", "half")
    results = np.repeat([1.0, -1.0, 0.0], [10, 5, 85])
    assert ours.total(results).value == pytest.approx(0.525)
    assert published.total(results).value == pytest.approx(2 / 3)


def test_labels_of_c2_ignore_cut_replies_and_it_falls_back():
    recipe = find_recipe("c2")()
    shift = recipe.refine({"base": [0.2, 0.2], "margin": [[0.9, -np.inf], [0.9, -0.4]]})
    assert shift.usable.tolist() == [False, True]
    assert recipe.judge({"base": [0.2, 0.2], "margin": [-0.5, NAN], "helpful": [0.0, 1.0]}).tolist() == [0.2, 0.2]


def test_a_leaking_rubric_is_not_paid():
    right = np.ones((2, 10))
    alone = np.array([[1.0] * 5 + [0.0] * 5, [1.0] * 10])
    reward = find_recipe("proxy_grm")().refine({"match": right, "neutral": alone})
    assert reward[:, 0].tolist() == [1.0, -1.0]


def test_even_splits_are_no_recovery():
    part = find_recipe("auto_rubric_as_reward")().refine.build()
    assert part.of([[1, 0], [1, 1]]).keep.tolist() == [False, True]


def test_weights_do_not_explode():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.random((300, 3)) < 0.5, np.arange(300) < 2]).astype(float)
    part = dict(find_recipe("rrd")().reward.settings)["weights"]
    assert part({"scores": x})[3] == 0
    with pytest.warns(RuntimeWarning, match="hardly ever"):
        assert whitened_weights(x, form="covariance")[3] > 0.4


def test_selection_end_to_end():
    rng = np.random.default_rng(0)
    gap = np.column_stack([rng.normal(1, 1, 200), rng.normal(-1, 1, 200), rng.normal(size=200)])
    found = find_recipe("187")(top=1).refine.build().fit(gap)
    assert found.kept.tolist() == [0]
    assert found.reversed.tolist()[1]


def test_rules_in_code_end_to_end():
    async def run(code, entry, recorded):
        return Ran((0.5,))

    client = ScriptedClient(lambda r: "```python\ndef reward(observation):\n    return observation['x']\n```")
    for number in ("141", "146"):
        writer = find_recipe(number)().refine.build()
        rule = asyncio.run(writer.write(Wanted("t", (("x", "float"),)), [{"x": 0.5}], client, run))
        assert rule.ok
        assert writer.typed == (number == "146")
