"""Each selection equals a plain loop; the two reviewers run from pairs to scores."""

import itertools
import math

import numpy as np
import pytest

from rubricate.judges import BradleyTerry
from rubricate.recipes.card import find_recipe

NAN = math.nan


def drawn(seed):
    rng = np.random.default_rng(seed)
    prompts = int(rng.integers(2, 6))
    group = rng.permutation(np.repeat(np.arange(prompts), rng.integers(1, 6, prompts)))
    now, before = rng.integers(0, 5, (2, len(group))).astype(float)
    now[rng.random(len(group)) < 0.05] = NAN
    rating = rng.normal(size=12)
    rating[rng.random(12) < 0.1] = NAN
    preference = rng.random((2, 15)).round(1)
    preference[rng.random((2, 15)) < 0.05] = NAN
    better, worse = rng.normal(size=(2, 20, 3))
    return {
        "group": group, "now": now, "before": before, "pair_group": rng.integers(0, prompts, 9), "rating": rating,
        "count": 5, "preference": preference, "better": better, "worse": worse, "rng": np.random.default_rng(seed),
    }  # fmt: skip


def tau(a, b):
    """Kendall's tau_b."""
    pairs = list(itertools.combinations(range(len(a)), 2))
    signs = [(np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in pairs]
    size = math.sqrt(sum(x != 0 for x, _ in signs) * sum(y != 0 for _, y in signs))
    return sum(x * y for x, y in signs) / size if size and not np.isnan(a).any() else NAN


def cream(e):
    own = []
    for g in np.unique(e["group"]):
        rows = [i for i, k in enumerate(e["group"]) if k == g]
        own.append((tau(e["now"][rows], e["before"][rows]) + 1) / 2)
    of = [own[g] for g in e["pair_group"]]
    known = [c for c in of if not math.isnan(c)]
    mean = sum(known) / len(known) if known else 1.0
    return [[mean] * len(of), [0.0 if math.isnan(c) else 1.0 for c in of], [0.0] * len(of)]


def scir(e):
    labels, weights = [], []
    for a, b in e["preference"].T:
        labels.append(0.0 if a < 0.5 and b < 0.5 else 1.0)
        weights.append(1.0 if (a > 0.5 and b > 0.5) or (a < 0.5 and b < 0.5) else 0.0)
    return [labels, weights, [0.0] * len(labels)]


def qurating(e):
    known = [i for i, r in enumerate(e["rating"]) if not math.isnan(r)]
    values = [e["rating"][i] for i in known]
    mean, spread = np.mean(values), np.std(values)
    noise = np.random.default_rng(e["seed"]).gumbel(size=len(known))
    key = {i: (e["rating"][i] - mean) / spread / 2.0 + g for i, g in zip(known, noise, strict=True)}
    return sorted(known, key=lambda i: -key[i])[:5]


def secrets_of_rlhf(e):
    rng, gaps = np.random.default_rng(e["seed"]), []
    for _ in range(10):
        rows = rng.permutation(20)[:10]
        theta = np.array(BradleyTerry().fit(e["better"][rows], e["worse"][rows]).theta)
        gaps.append([float((b - w) @ theta) for b, w in zip(e["better"], e["worse"], strict=True)])
    mean = np.mean(gaps, 0)
    weak = sorted(range(20), key=lambda i: mean[i])[:4]
    return [[1.0] * 20, [0.0 if i in weak else 1.0 for i in range(20)], [0.0] * 20]


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("loop", [cream, scir, qurating, secrets_of_rlhf])
def test_a_selection_equals_a_loop(loop, seed):
    env = drawn(seed)
    found = find_recipe(loop.__name__)().select(env)
    np.testing.assert_allclose(np.asarray(found), loop({**env, "seed": seed}), atol=1e-9)


def test_peer_review_end_to_end():
    rng = np.random.default_rng(0)
    gap = np.abs(rng.normal(size=(60, 3)))
    found = find_recipe("crm")(noise=0.1).judge({"better": gap, "worse": 0 * gap, "rng": rng})
    assert found.kept.sum(1).tolist() == [54, 54]
    assert (found.score(gap) > 0).mean() > 0.9


def test_the_implicit_judge_end_to_end():
    judge = find_recipe("scir")(beta=0.5).judge
    assert judge({"logp": [[0.0, -4.0]], "logp_ref": [[0.0, 0.0]]}).round(3).tolist() == [0.881]
