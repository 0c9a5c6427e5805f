"""nDCG and recall against plain loops, with gaps on either side."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import ndcg_at_k, recall_at_k, weighted_pair_order

NAN = float("nan")


def loop(scores, grades, k, missing):
    """(nDCG, recall) of one query."""
    docs = [(s, g) for s, g in zip(scores, grades, strict=True) if not math.isnan(g)]
    if missing == "propagate" and len(docs) < len(scores):
        return NAN, NAN
    ranked = sorted((d for d in docs if not math.isnan(d[0])), key=lambda d: -d[0])[:k]
    best = sorted((g for _, g in docs), reverse=True)[:k]
    if not any(g > 0 for _, g in docs):
        return NAN, NAN
    dcg = [sum(g / math.log2(i + 2) for i, g in enumerate(row)) for row in ([g for _, g in ranked], best)]
    return dcg[0] / dcg[1], sum(g > 0 for _, g in ranked) / sum(g > 0 for _, g in docs)


@pytest.mark.parametrize("missing", ["propagate", "drop_item"])
def test_both_measures_equal_a_plain_loop(missing):
    for seed in range(50):
        rng = np.random.default_rng(seed)
        n, d = rng.integers(1, 12, size=2)
        scores, grades = rng.integers(0, 6, (n, d)).astype(float), rng.integers(0, 3, (n, d)).astype(float)
        scores[rng.random((n, d)) < 0.2] = NAN
        grades[rng.random((n, d)) < 0.1 * (seed % 3)] = NAN
        k = int(rng.integers(1, 14))
        expected = np.array([loop(s, g, k, missing) for s, g in zip(scores, grades, strict=True)])
        np.testing.assert_allclose(ndcg_at_k(scores, grades, k, missing=missing), expected[:, 0], atol=1e-12)
        np.testing.assert_allclose(recall_at_k(scores, grades, k, missing=missing), expected[:, 1], atol=1e-12)


def test_by_hand():
    graded = [[3, 2, 3, 0, 1, 2]]
    dcg = 3 + 2 / math.log2(3) + 3 / 2 + 1 / math.log2(6) + 2 / math.log2(7)
    best = 3 + 3 / math.log2(3) + 2 / 2 + 2 / math.log2(5) + 1 / math.log2(6)
    np.testing.assert_allclose(ndcg_at_k([[6, 5, 4, 3, 2, 1]], graded), dcg / best)
    np.testing.assert_allclose(recall_at_k([[6, 5, 4, 3, 2, 1]], graded, 3), 3 / 5)


def test_wrong_input_is_refused():
    with pytest.raises(SettingError, match="k=0"):
        ndcg_at_k([[1.0]], [[1]], 0)
    with pytest.raises(SettingError, match="zero"):
        recall_at_k([[1.0]], [[1]], missing="zero")
    with pytest.raises(ShapeError, match="negative"):
        ndcg_at_k([[1.0]], [[-1]])


def loop_pair_order(scores, grades, missing):
    cost = mass = 0.0
    if missing == "propagate" and (np.isnan(scores).any() or np.isnan(grades).any()):
        return np.nan
    for i in range(len(scores)):
        for j in range(i):
            gap, said = grades[i] - grades[j], scores[i] - scores[j]
            if np.isnan(gap) or gap == 0 or (np.isnan(said) and missing == "drop_item"):
                continue
            mass += 1 + abs(gap)
            cost += (1 + abs(gap)) * (1.0 if np.isnan(said) or said * gap < 0 else 0.5 if said == 0 else 0.0)
    return 1 - cost / mass if mass else np.nan


@pytest.mark.parametrize("missing", ["propagate", "worst_case", "drop_item"])
@pytest.mark.parametrize("seed", range(50))
def test_pair_order_equals_a_plain_loop(seed, missing):
    rng = np.random.default_rng(seed)
    scores, grades = (rng.integers(0, 4, (5, 5)).astype(float) for _ in range(2))
    for x in (scores, grades):
        x[rng.random(x.shape) < 0.1] = np.nan
    expected = [loop_pair_order(s, g, missing) for s, g in zip(scores, grades, strict=True)]
    np.testing.assert_allclose(weighted_pair_order(scores, grades, missing=missing), expected, atol=1e-12)


def test_pair_order_reads_the_order_only_and_ties_cost_half():
    grades = np.array([[1.0, 2.0, 5.0]])
    for rise in (np.exp, np.cbrt, lambda x: 3 * x - 100):
        assert weighted_pair_order(rise(grades), grades)[0] == 1.0
    assert weighted_pair_order(-grades, grades)[0] == 0.0
    assert weighted_pair_order([[7, 7, 7]], grades)[0] == 0.5
    # the pair 1 and 2 turned round costs 2 of 2 + 5 + 4
    assert weighted_pair_order([[2, 1, 5]], grades)[0] == pytest.approx(1 - 2 / 11)
    assert np.isnan(weighted_pair_order([[1, 2]], [[3, 3]])[0])
    with pytest.raises(SettingError):
        weighted_pair_order([[1.0]], [[1.0]], missing="zero")
