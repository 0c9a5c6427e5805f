"""nDCG and recall against plain loops, with gaps on either side."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import ndcg_at_k, recall_at_k

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
