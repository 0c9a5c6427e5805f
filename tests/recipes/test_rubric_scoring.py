"""Each reward equals a plain loop on random data; verdicts go missing as they do."""

import math

import numpy as np
import pytest

from rubricate.recipes.card import find_recipe
from rubricate.rubrics import Rubric

NAN = math.nan


def drawn(seed):
    rng = np.random.default_rng(seed)
    n, c = int(rng.integers(1, 9)), int(rng.integers(1, 6))
    scores = rng.choice([0.0, 0.5, 1.0, 0.25, 0.9], (n, c))
    scores[rng.random((n, c)) < 0.1] = NAN
    return {
        "scores": scores, "asked": np.ones((n, c), dtype=bool), "weights": rng.integers(1, 5, c).astype(float),
        "gate_mask": rng.random(c) < 0.4, "group": np.arange(n), "category": np.zeros(c, dtype=int),
    }  # fmt: skip


def signed(e):
    signs = np.where(np.arange(len(e["weights"])) % 3 == 2, -1.0, 1.0)
    return e["weights"] * signs


def rubicon(e):
    out = []
    for row in e["scores"]:
        gated = [s for s, g in zip(row, e["gate_mask"], strict=True) if g]
        if any(s < 0.3 for s in gated):
            out.append(0.0)
            continue
        soft = [1 / (1 + math.exp(-8 * (s - 0.5))) for s in row]
        base = sum(w * s for w, s in zip(e["weights"], soft, strict=True)) / sum(e["weights"])
        out.append(0.8 + 2 * (base - 0.8) if base > 0.8 else base)
    return out


def ratio(e, weights, value=lambda v: v):
    out = []
    for row in e["scores"]:
        top = sum(w for w in weights if w > 0)
        lost = any(math.isnan(s) for s in row)
        out.append(NAN if lost else sum(w * value(s) for w, s in zip(weights, row, strict=True)) / top)
    return out


def arcane(e):
    return [
        NAN if any(map(math.isnan, row)) else float(np.dot(e["weights"], row)) / sum(e["weights"])
        for row in e["scores"]
    ]


def researcher_bench(e):
    return ratio(e, e["weights"])


def research_rubrics(e):
    return ratio(e, e["weights"])


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("loop", [rubicon, arcane, researcher_bench, research_rubrics])
def test_a_reward_equals_a_loop(loop, seed):
    env = drawn(seed)
    np.testing.assert_allclose(find_recipe(loop.__name__)().reward(env), loop(env), atol=1e-9)


@pytest.mark.parametrize("seed", range(50))
def test_signed_weights_and_the_binary_form(seed):
    env = drawn(seed)
    env["weights"] = signed(env)
    if env["weights"].max() <= 0:
        return
    np.testing.assert_allclose(find_recipe("213")().reward(env), ratio(env, env["weights"]), atol=1e-9)
    binary = ratio(env, env["weights"], lambda v: 0.0 if v == 0.5 else v)
    np.testing.assert_allclose(find_recipe("213")(partial=0.0).reward(env), binary, atol=1e-9)


def sedareval(env):
    """Leaves in points of two; the second of each point is a deduction of one."""
    out = []
    for row in env["scores"]:
        total = 0.0
        for k in range(0, len(row), 2):
            point = 2.0 * row[k] - (1.0 * row[k + 1] if k + 1 < len(row) else 0.0)
            total += max(0.0, point)
        out.append(NAN if any(map(math.isnan, row)) else total)
    return out


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("loop", [sedareval])
def test_points_and_deductions_equal_a_loop(loop, seed):
    env = drawn(seed)
    env["scores"] = np.nan_to_num(env["scores"], nan=0.5)
    width = env["scores"].shape[1]
    weights = [2.0 if k % 2 == 0 else -1.0 for k in range(width)]
    points = [
        {"id": f"p{k}", "text": "t", "children": [
            {"id": f"c{j}", "text": "t", "weight": weights[j]} for j in range(k, min(k + 2, width))
        ]} for k in range(0, width, 2)
    ]  # fmt: skip
    env["weights"] = np.array(weights)
    env["structure"] = Rubric(id="r", criteria=points, policy="sedareval").structure()
    np.testing.assert_allclose(find_recipe(loop.__name__)().reward(env), loop(env), atol=1e-9)
