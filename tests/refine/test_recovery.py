"""Recovery by hand, the traps of the cards, and the figures that the card of OpenRubrics measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.audit import wilson_interval
from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.refine import (
    PreferenceConsistency,
    leaks,
    margin_shift,
    matches,
    needed_pairs,
    pair_margins,
    recovery_reward,
    selective,
    wilson_low,
)

NAN, INF = float("nan"), float("inf")


def test_margins_and_matches_by_hand():
    margin = pair_margins([0.9, 0.4, NAN], [0, 1, 0], [1, 0, 2])
    np.testing.assert_allclose(margin, [0.5, -0.5, NAN])
    for ties, worth in (("miss", 0.0), ("half", 0.5), ("missing", NAN)):
        np.testing.assert_array_equal(matches([0.3, -0.3, 0.0, NAN, -INF], ties=ties), [1, 0, worth, NAN, NAN])
    np.testing.assert_array_equal(matches([0.05, 0.2], tie=0.1), [0, 1])
    with pytest.raises(UnknownNameError, match="half, miss, missing"):
        matches([0.0], ties="win")


def test_an_even_number_of_pairs_keeps_no_coin_flip():
    flip = [[1.0, 0.0, 1.0, 0.0]]
    assert not PreferenceConsistency().of(flip).keep[0]
    assert PreferenceConsistency("at_least").of(flip).keep[0]  # the published rule does
    assert not PreferenceConsistency("wilson").of(flip).keep[0]


def test_one_vote_is_no_evidence_and_a_missing_verdict_counts_for_nothing():
    found = PreferenceConsistency(min_pairs=2).of([[1.0, NAN, NAN], [1.0, 1.0, NAN], [NAN, NAN, NAN]])
    assert found.keep.tolist() == [False, True, False]
    assert found.n.tolist() == [1, 2, 0]
    assert found.asked.tolist() == [3, 3, 3]
    assert np.isnan(found.share[2])
    assert PreferenceConsistency(min_pairs=1).of([[1.0, NAN, NAN]]).keep[0]


@given(st.integers(0, 30), st.integers(1, 30), st.floats(0.1, 3.0))
def test_the_wilson_bound_is_that_of_the_audit(hits, more, z):
    n = hits + more
    assert wilson_low([hits / n], [n], z)[0] == pytest.approx(wilson_interval(hits, n, z)[0])
    assert np.isnan(wilson_low([NAN], [0], z)[0])


def quality(rule, pairs, seed=0, rubrics=4000):
    """Mean true quality of what a rule keeps: card 10's world (40 % bad U(.2, .5), 60 % good U(.6, .95))."""
    rng = np.random.default_rng(seed)
    bad = rng.random(rubrics) < 0.4
    true = np.where(bad, rng.uniform(0.2, 0.5, rubrics), rng.uniform(0.6, 0.95, rubrics))
    keep = PreferenceConsistency(rule).of(rng.random((rubrics, pairs)) < true[:, None]).keep
    return true[keep].mean(), true.mean()


@pytest.mark.parametrize(("pairs", "loose", "strict"), [(2, 0.661, 0.752), (4, 0.686, 0.752), (8, 0.712, 0.753)])
def test_the_figures_of_card_10(pairs, loose, strict):
    kept_loose, everything = quality("at_least", pairs)
    kept_strict, _ = quality("strict", pairs)
    assert everything == pytest.approx(0.604, abs=0.02)
    assert kept_strict == pytest.approx(strict, abs=0.03)
    assert kept_loose == pytest.approx(loose, abs=0.03)
    assert kept_strict > everything + 0.08
    assert kept_strict > kept_loose + 0.02  # strict wins at even counts


def test_helpful_and_misleading_need_to_cross_the_base_and_zero():
    shift = margin_shift([0.5, -0.5, 0.0, NAN], [[0.4, -0.1], [0.1, -0.4], [INF, -INF], [1.0, -1.0]])
    assert shift.helpful.tolist() == [-1, 0, -1, -1]  # .4 is not above the base .5; infinities never enter
    assert shift.misleading.tolist() == [1, -1, -1, -1]
    assert shift.usable.tolist() == [False, False, False, False]


def test_selective_use_falls_back_when_the_rubric_is_not_called_helpful_or_cannot_be_read():
    used = selective([0.1, 0.1, 0.1, 0.1], [0.9, 0.9, 0.9, -INF], [1, 0, NAN, 1])
    assert used.tolist() == [0.9, 0.1, 0.1, 0.1]


def test_selective_use_breaks_even_at_about_two_thirds():
    rng = np.random.default_rng(0)
    base = rng.normal(0.55, 1, 20_000)
    good = rng.random(20_000) < 0.5
    with_rubric = base + np.where(good, rng.normal(1, 0.5, 20_000), rng.normal(-1.2, 0.5, 20_000))

    def accuracy(right):
        called = np.where(rng.random(20_000) < right, good, ~good)
        return (selective(base, with_rubric, called) > 0).mean()

    assert (base > 0).mean() == pytest.approx(0.71, abs=0.01)
    assert (with_rubric > 0).mean() == pytest.approx(0.599, abs=0.015)
    figures = [accuracy(p) for p in (1.0, 0.9, 0.8, 0.7, 0.65, 0.5)]
    assert figures == pytest.approx([0.813, 0.781, 0.750, 0.718, 0.701, 0.654], abs=0.015)
    assert figures == sorted(figures, reverse=True)


def test_a_rubric_that_recovers_labels_without_the_answers_leaks():
    honest, leaking, useless = [1, 1, 1, 1, 0.0], [1, 1, 1, 1, 1.0], [1, 0, 1, 0, 0.0]
    alone = [[1, 0, 0, 1, 0.0], [1, 1, 1, 1, 1.0], [0, 0, 1, 0, 1.0]]
    assert leaks([honest, leaking, useless], alone).tolist() == [False, True, False]


def test_the_reward_pays_no_leak_and_no_missing_verdict():
    reward = recovery_reward([[1, 0, NAN], [1, 1, NAN]], [False, True])
    np.testing.assert_array_equal(reward, [[1, -1, NAN], [-1, -1, NAN]])
    np.testing.assert_array_equal(recovery_reward([[1, 0]]), [[1, -1]])


def test_how_many_pairs_a_rubric_needs():
    assert needed_pairs(1.0) < needed_pairs(0.75) < needed_pairs(0.55)
    with pytest.raises(SettingError, match=r"share=0\.5"):
        needed_pairs(0.5)


def test_bad_arguments():
    with pytest.raises(SettingError, match="min_pairs"):
        PreferenceConsistency(min_pairs=0)
    with pytest.raises(UnknownNameError, match="at_least, strict, wilson"):
        PreferenceConsistency("loose")
    with pytest.raises(ShapeError):
        PreferenceConsistency().of([1.0])
    with pytest.raises(ShapeError):
        margin_shift([1.0, 2.0], [[1.0]])
