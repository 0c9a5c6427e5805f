"""Consensus against plain loops, and the inverted U of card 174."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError
from rubricate.refine import alike_groups, model_consensus, semantic_consensus

NAN = math.nan


def loop(similarity, annotator, threshold, annotators):
    out = []
    for i in range(len(annotator)):
        others = set(annotator) - {annotator[i]}
        near = [any(similarity[i][j] > threshold for j in range(len(annotator)) if annotator[j] == b) for b in others]
        out.append(annotators >= 2 and len(others) == annotators - 1 and all(near))
    return out


def test_it_is_the_loop():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        m = int(rng.integers(1, 12))
        who = rng.integers(0, 4, m)
        z = rng.normal(size=(m, 3))
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        cosine = z @ z.T
        cosine[rng.random((m, m)) < 0.1] = math.nan
        for asked in (len(set(who)), 5):
            found = semantic_consensus(cosine, who, threshold=0.3, annotators=asked)
            assert found.tolist() == loop(cosine, who.tolist(), 0.3, asked)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_a_higher_threshold_keeps_less_and_is_right_more_often():
    rng = np.random.default_rng(0)
    kept, true, total = np.zeros((3, 3))
    for _ in range(400):
        centres = unit(rng.normal(size=(3, 64)))
        items, who, real = [], [], []
        for a in range(4):
            said = [k for k in range(3) if rng.random() < 0.75]
            items += [unit(centres[k] + rng.normal(size=64) * rng.uniform(0.02, 0.09)) for k in said]
            items += [unit(centres[rng.integers(3)] + rng.normal(size=64) * 0.11) for _ in range(2)]
            who += [a] * (len(said) + 2)
            real += [True] * len(said) + [False] * 2
        cosine = np.array(items) @ np.array(items).T
        for k, threshold in enumerate((0.6, 0.7, 0.8)):
            keep = semantic_consensus(cosine, who, threshold=threshold, annotators=4)
            kept[k] += keep.sum()
            true[k] += (keep & np.array(real)).sum()
            total[k] += len(keep)
    share, precision = kept / total, true / kept
    np.testing.assert_allclose(share, [0.55, 0.31, 0.094], atol=0.03)
    np.testing.assert_allclose(precision, [0.65, 0.87, 0.997], atol=0.03)


def test_nobody_else_is_no_consensus():
    assert semantic_consensus([[1.0]], ["a"]).tolist() == [False]
    assert semantic_consensus([[1, 1], [1, 1]], ["a", "b"], annotators=3).tolist() == [False, False]
    with pytest.raises(ShapeError, match="2 annotators"):
        semantic_consensus([[1, 1], [1, 1]], ["a", "b"], annotators=1)
    with pytest.raises(SettingError, match="cosine"):
        semantic_consensus([[1.0]], ["a"], threshold=2)


def test_models_are_counted():
    assert model_consensus([[1, 1, 1], [1, 0, math.nan], [0, 0, 0]], at_least=1).tolist() == [True, True, False]
    assert model_consensus([[1, 1, 1], [1, 0, math.nan]], at_least=3).tolist() == [True, False]
    with pytest.raises(SettingError, match="1 to 2"):
        model_consensus([[1, 1]], at_least=3)


def test_groups_have_a_leader_each_and_no_chains():
    alike = np.eye(5)
    alike[0, 1] = alike[1, 0] = 0.8
    alike[1, 2] = alike[2, 1] = 0.9
    alike[0, 3] = alike[3, 0] = alike[2, 3] = alike[3, 2] = 0.85
    alike[0, 4] = alike[4, 0] = NAN
    assert alike_groups(alike).tolist() == [0, 0, 2, 0, 4]
    assert alike_groups(alike, largest=2).tolist() == [0, 0, 2, 2, 4]
    assert alike_groups(alike, threshold=0.86).tolist() == [0, 1, 1, 3, 4]
    assert alike_groups(alike, largest=1).tolist() == [0, 1, 2, 3, 4]
    assert alike_groups(np.zeros((0, 0))).tolist() == []
    with pytest.raises(SettingError, match="largest"):
        alike_groups(alike, largest=-1)
    with pytest.raises(ShapeError):
        alike_groups(alike[:2])


@given(st.integers(0, 200), st.integers(0, 4))
def test_groups_against_a_plain_loop(seed, largest):
    rng = np.random.default_rng(seed)
    x = rng.random((9, 9)).round(1)
    x = (x + x.T) / 2
    leader, size = [], {}
    for k in range(9):
        best = None
        for j in sorted(set(leader)):
            if (not largest or size[j] < largest) and x[k, j] >= 0.6 and (best is None or x[k, j] > x[k, best]):
                best = j
        leader.append(k if best is None else best)
        size[leader[k]] = size.get(leader[k], 0) + 1
    assert alike_groups(x, threshold=0.6, largest=largest).tolist() == leader
