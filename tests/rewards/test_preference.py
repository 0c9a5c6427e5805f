"""Criteria in order of importance as preference pairs."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import lexicographic_pairs

NAN = float("nan")


def decide(a, b, margins):
    for x, y, m in zip(a, b, margins, strict=True):
        if math.isnan(x) or math.isnan(y):
            return 0
        if abs(x - y) > m:
            return 1 if x > y else -1
    return 0


@pytest.mark.parametrize("relative", [False, True])
def test_pairs_equal_a_plain_loop(ragged, relative):
    k = ragged.scores.shape[1]
    order = tuple(ragged.rng.permutation(k).tolist())
    known = [ragged.scores[~np.isnan(ragged.scores[:, j]), j] for j in order]
    margins = [0.3 * (np.std(v) if len(v) else 0.0) if relative else 0.3 for v in known]
    expected = []
    for i in range(ragged.n):
        for j in range(i + 1, ragged.n):
            if ragged.group[i] == ragged.group[j]:
                sign = decide(ragged.scores[i, list(order)], ragged.scores[j, list(order)], margins)
                expected += [[i, j]] if sign > 0 else [[j, i]] if sign < 0 else []
    got = lexicographic_pairs(ragged.scores, ragged.group, order=order, tolerance=0.3, relative=relative)
    assert got.tolist() == expected
    assert got.dtype == np.int64


def test_the_important_criterion_comes_first():
    scores = [[0.9, 0.0], [0.5, 1.0]]
    assert lexicographic_pairs(scores, [0, 0]).tolist() == [[0, 1]]
    assert lexicographic_pairs(scores, [0, 0], order=(1, 0)).tolist() == [[1, 0]]
    assert lexicographic_pairs(scores, [0, 0], tolerance=(0.5, 0.0), relative=False).tolist() == [[1, 0]]


def test_undecided_missing_and_foreign_pairs_are_dropped():
    assert lexicographic_pairs([[1, 1], [1, 1]], [0, 0]).shape == (0, 2)
    assert lexicographic_pairs([[1, NAN], [1, 0]], [0, 0]).shape == (0, 2)
    assert lexicographic_pairs([[NAN, 1], [1, 0]], [0, 0]).shape == (0, 2)
    assert lexicographic_pairs([[1, NAN], [0, 0]], [0, 0]).tolist() == [[0, 1]]
    assert lexicographic_pairs([[1], [0]], ["a", "b"]).shape == (0, 2)
    assert lexicographic_pairs(np.empty((0, 2)), []).shape == (0, 2)


def test_bad_input_names_the_argument():
    with pytest.raises(ShapeError, match=r"scores has shape \(2,\)"):
        lexicographic_pairs([1.0, 2.0], [0, 0])
    with pytest.raises(ShapeError, match=r"tolerance has shape \(3,\)"):
        lexicographic_pairs([[1.0, 2.0]], [0], tolerance=(0, 0, 0))
    with pytest.raises(SettingError, match=r"order=\(0, 2\)"):
        lexicographic_pairs([[1.0, 2.0]], [0], order=(0, 2))
    with pytest.raises(SettingError, match=r"tolerance=-1"):
        lexicographic_pairs([[1.0, 2.0]], [0], tolerance=-1)
