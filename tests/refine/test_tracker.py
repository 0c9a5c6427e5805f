"""Bands, archive and ban list of tracked criteria; one vote is nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError
from rubricate.refine import CriterionTracker

NAN = math.nan


def row(right, wrong, none=0):
    return [1.0] * right + [0.0] * wrong + [NAN] * none


def test_bands_by_hand():
    seen = CriterionTracker().bands([row(6, 2), row(5, 3), row(4, 4), row(5, 0, 3), row(0, 0, 8)])
    assert seen.band == ("keep", "rewrite", "replace", "thin", "thin")
    np.testing.assert_array_equal(seen.accuracy, [0.75, 0.625, 0.5, 1.0, NAN])
    assert seen.n.tolist() == [8, 8, 8, 5, 0]


def test_one_vote_at_accuracy_one_is_nothing():
    """As published, without a floor, it would be kept."""
    tracker, seen = CriterionTracker().update(["lucky"], ["?"], [row(1, 0, 29)])
    assert (seen.band, tracker.best, tracker.banned) == (("thin",), (), ())
    published, seen = CriterionTracker(min_votes=1).update(["lucky"], ["?"], [row(1, 0, 29)])
    assert seen.band == ("keep",)
    assert [v.n for v in published.best] == [1]


def test_archive_keeps_the_best_wording_and_bans_what_failed():
    tracker, _ = CriterionTracker().update(["a", "b"], ["a1", "b1"], [row(7, 1), row(3, 5)])
    assert tracker.banned == ("b",)
    assert not tracker.admits("b")
    tracker, _ = tracker.update(["a", "c"], ["a2", "c1"], [row(6, 2), row(5, 3)])
    assert {v.name: v.text for v in tracker.archive} == {"a": "a1", "c": "c1"}
    tracker, _ = tracker.update(["a", "c"], ["a3", "c2"], [row(8, 0), row(7, 1)])
    assert [(v.name, v.text) for v in tracker.best] == [("a", "a3"), ("c", "c2")]
    longer, _ = tracker.update(["a"], ["a4"], [row(16, 0)])
    assert longer.best[0].text == "a4"
    same, _ = longer.update(["a"], ["a5"], [row(16, 0)])
    assert same.best[0].text == "a4"


@given(st.permutations(range(5)), st.integers(0, 99))
def test_the_order_of_calls_does_not_matter(order, seed):
    rng = np.random.default_rng(seed)
    match = np.where(rng.random((5, 12)) < 0.2, NAN, rng.random((5, 12)) < 0.7)
    names = [f"c{k}" for k in range(5)]
    one, _ = CriterionTracker().update(names, names, match)
    other, _ = CriterionTracker().update([names[k] for k in order], [names[k] for k in order], match[list(order)])
    assert one.best == other.best
    assert set(one.banned) == set(other.banned)


def test_bad_arguments():
    with pytest.raises(SettingError, match="drop"):
        CriterionTracker(keep=0.5, drop=0.5)
    with pytest.raises(ShapeError, match="all different"):
        CriterionTracker().update(["a", "a"], ["x", "y"], [row(1, 0), row(1, 0)])
    with pytest.raises(ShapeError, match="1 names"):
        CriterionTracker().update(["a"], ["x"], [row(1, 0), row(1, 0)])
