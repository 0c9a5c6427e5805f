"""Criteria in order of importance as preference pairs."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import extreme_pairs, lexicographic_pairs

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


def test_the_best_and_the_worst_of_a_group_are_a_pair_when_they_differ_enough():
    score = [0.2, 0.9, NAN, 0.9, 0.5, 0.5, NAN, 0.3]
    group = ["b", "b", "b", "b", "a", "a", "c", "d"]
    assert extreme_pairs(score, group).tolist() == [[1, 0]]
    assert extreme_pairs(score, group, gap=0.8).shape == (0, 2)
    assert extreme_pairs([], []).shape == (0, 2)
    with pytest.raises(SettingError):
        extreme_pairs(score, group, gap=-1.0)


def test_extreme_pairs_equal_a_plain_loop():
    rng = np.random.default_rng(0)
    for _ in range(30):
        n = int(rng.integers(1, 30))
        score, group = rng.integers(0, 4, n) / 4, rng.integers(0, 5, n)
        score[rng.random(n) < 0.2] = NAN
        want = []
        for g in range(5):
            known = [i for i in range(n) if group[i] == g and not math.isnan(score[i])]
            if known:
                top, low = max(known, key=score.__getitem__), min(known, key=score.__getitem__)
                want += [[top, low]] if score[top] - score[low] > 0.25 else []
        assert extreme_pairs(score, group, gap=0.25).tolist() == want
