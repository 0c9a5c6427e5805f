"""Filters on arrays against plain loops; a missing verdict drops nothing."""

import itertools
import math

import numpy as np
import pytest

from rubricate.errors import SettingError, UnknownNameError
from rubricate.refine import (
    CriterionBuffer,
    Held,
    conflicting,
    coverage_subset,
    high_spread,
    likeness,
    misaligned,
    redundant,
    ungrounded,
    unverifiable,
)

NAN = math.nan


def drawn(seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, (int(rng.integers(3, 15)), int(rng.integers(1, 6)))).astype(float)
    if rng.random() < 0.5:
        x = x * rng.choice([0.5, 1.0], x.shape)
    x[rng.random(x.shape) < 0.15] = NAN
    return x


def plain_likeness(x, how, min_rows):
    c = x.shape[1]
    out = np.full((c, c), NAN)
    for i, j in itertools.product(range(c), repeat=2):
        rows = [(a, b) for a, b in zip(x[:, i], x[:, j], strict=True) if not (math.isnan(a) or math.isnan(b))]
        if len(rows) < min_rows:
            continue
        a, b = np.array(rows).T
        if how == "overlap":
            either = ((a >= 0.5) | (b >= 0.5)).sum()
            out[i, j] = ((a >= 0.5) & (b >= 0.5)).sum() / either if either else NAN
        elif a.std() > 0 and b.std() > 0:
            out[i, j] = np.corrcoef(a, b)[0, 1]
    return out


@pytest.mark.parametrize("how", ["correlation", "overlap"])
def test_likeness_is_the_loop(how):
    for seed in range(50):
        x = drawn(seed)
        np.testing.assert_allclose(likeness(x, how=how, min_rows=3), plain_likeness(x, how, 3), atol=1e-9)


def test_redundant_keeps_the_better_one():
    x = np.array([[1, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0]], dtype=float)
    assert redundant(x, min_rows=4).tolist() == [-1, 0, -1, -1]
    assert redundant(x, min_rows=4, order=[1, 0, 2, 3]).tolist() == [1, -1, -1, -1]
    assert redundant(x).tolist() == [-1] * 4, "four rows prove nothing"
    assert redundant(np.where(x == 1, NAN, x), min_rows=4).tolist() == [-1] * 4
    assert conflicting(1 - x[:, [0, 2]], min_rows=4).tolist() == []
    assert conflicting(np.column_stack([x[:, 0], 1 - x[:, 0]]), min_rows=4).tolist() == [[0, 1]]
    with pytest.raises(UnknownNameError, match="overlap"):
        redundant(x, how="cosine")


def test_what_cannot_be_judged_or_has_no_ground():
    x = [[1, NAN, NAN], [0, NAN, 1], [1, 1, 0], [1, NAN, 0]]
    assert unverifiable(x).tolist() == [False, True, False]
    assert unverifiable(x, [[1, 0, 1], [1, 0, 1], [1, 1, 1], [1, 0, 1]], most=0.2).tolist() == [False, False, True]
    assert ungrounded([[0.1, 0.6], [0.4, 0.4], [NAN, NAN]]).tolist() == [False, True, False]
    assert misaligned([1, 0, 1, 1], [0, 1, 1, NAN]).tolist() == [True, False, False, False]


def test_spread_is_taken_within_groups():
    x = np.array([[1, 0, 0.5], [0, 0, 0.5], [1, 1, 0.5], [0, 1, 0.5]])
    assert high_spread(x).tolist() == [0, 1]
    assert high_spread(x, [0, 0, 1, 1]).tolist() == [0], "the second one tells prompts apart, not answers"
    assert high_spread(x, count=1).tolist() == [0]
    for seed in range(20):
        y = drawn(seed)
        spread = [np.nanvar(c) if (~np.isnan(c)).sum() > 1 else 0.0 for c in y.T]
        assert sorted(high_spread(y)) == [j for j, s in enumerate(spread) if s > 1e-12]
        assert (np.diff([spread[j] for j in high_spread(y)]) <= 1e-12).all()


def rate(z, eps=0.5):
    return 0.5 * np.linalg.slogdet(np.eye(len(z)) + z.shape[1] / eps**2 * z @ z.T)[1]


def test_coverage_picks_greedily_by_the_coding_rate():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(12, 5))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    picked = []
    for _ in range(6):
        rest = [j for j in range(12) if j not in picked]
        picked.append(max(rest, key=lambda j: round(rate(z[[*picked, j]]), 9)))
    assert coverage_subset(z * 7, count=6).tolist() == picked
    best = max(rate(z[list(s)]) for s in itertools.combinations(range(12), 4))
    assert rate(z[picked[:4]]) >= (1 - 1 / math.e) * best
    twins = np.array([[1.0, 0], [1, 0], [0, 1], [0, 0]])
    assert coverage_subset(twins, count=4, min_gain=0.5).tolist() == [0, 2], "no twin, no failed embedding"
    with pytest.raises(SettingError, match="NaN"):
        coverage_subset([[NAN, 1.0]], count=1)


def test_the_buffer_holds_the_best_within_its_caps():
    found = [Held("a", 0.5, "x"), Held("b", 0.7, "x"), Held("c", 0.6, "x"), Held("d", 0.1, "y"), Held("a", 0.9, "x")]
    full = CriterionBuffer(cap=3, per_section=2).add(found)
    assert [(h.text, h.score) for h in full.items] == [("a", 0.9), ("b", 0.7), ("d", 0.1)]
    assert [h.text for h in full.add([Held("e", 0.1, "z"), Held("f", 0.2, "z")]).items] == ["a", "b", "f"]
    assert CriterionBuffer(cap=1).add([Held("a", 0.5), Held("b", 0.5)]).items[0].text == "a"
    with pytest.raises(SettingError, match="missing"):
        full.add([Held("g", NAN)])
    with pytest.raises(SettingError, match="cap"):
        CriterionBuffer(cap=0)
