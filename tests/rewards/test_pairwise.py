"""Pairwise tiers: fatal override, zeros, both orders, win rates."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import SettingError, UnknownNameError
from rubricate.rewards.outcome import Why
from rubricate.rewards.pairwise import Tiers, against_all, both_orders
from rubricate.rewards.policies import as_scores
from rubricate.structure import Structure

NAN = math.nan


def pairs(*rows):
    """Scores -2..2 as they are packed: in [0, 1]."""
    return as_scores((np.array(rows, dtype=float) + 2) / 4, lo=-2.0, hi=2.0)


def classes(*names):
    return Structure.of([-1] * len(names), classes=names)


def test_a_fatal_difference_decides_alone():
    structure = classes("core", "core", "core", "fatal")
    found = Tiers().score(pairs([2, 2, 2, -1], [2, 2, 2, 0]), structure).values
    assert found[0] == -1.0
    assert found[1] == pytest.approx(2.0, abs=1e-5)


def test_skipping_zeros_erases_how_much_was_equal():
    structure = classes("core", "core", "highlight")
    rows = pairs([0, 0, 1], [1, 1, 1])
    assert Tiers().score(rows, structure).values == pytest.approx([1.0, 1.0], abs=1e-5)
    assert Tiers(zeros="keep").score(rows, structure).values == pytest.approx([1 / 11, 1.0], abs=1e-5)


def test_tiers_weigh_five_two_one():
    structure = classes("core", "important", "highlight")
    assert Tiers().score(pairs([1, -2, -1]), structure).values == pytest.approx([0.0], abs=1e-5)  # 5 - 4 - 1
    assert Tiers().score(pairs([1, 2, -1]), structure).values == pytest.approx([8 / 8], abs=1e-5)
    with pytest.raises(UnknownNameError, match="optional"):
        Tiers().score(pairs([1]), classes("optional"))


def test_small_differences_are_ties_inside_the_margin():
    structure = classes("core", "important")
    assert Tiers(margin=0.9).score(pairs([1, -1]), structure).values.tolist() == [0.0]  # 3/7
    assert Tiers(margin=0.4).score(pairs([1, -1]), structure).values[0] == pytest.approx(3 / 7, abs=1e-6)
    with pytest.raises(SettingError, match="0 or more"):
        Tiers(margin=-1.0)


def test_all_zero_is_a_tie_and_without_structure_gates_are_fatal():
    assert Tiers().score(pairs([0, 0])).values.tolist() == [0.0]
    scores = as_scores([[1.0, 0.25]], [5.0, 1.0], lo=-2.0, hi=2.0, gate=[False, True])
    assert Tiers().score(scores).values.tolist() == [-1.0]


def test_both_orders_must_agree():
    forward, backward = [1.0, 1.0, -1.0, 1.0, 0.0, 1.0], [-1.0, 1.0, 1.0, 0.0, -1.0, NAN]
    assert both_orders(forward, backward)[:5].tolist() == [1.0, 0.0, -1.0, 1.0, 0.0]
    assert math.isnan(both_orders(forward, backward)[5])
    assert both_orders([1.0], [0.0], margin=0.5).tolist() == [0.0]


def test_the_reward_over_both_orders():
    structure = classes("core", "important")
    forward = pairs([1, 1], [1, 1], [-1, -1])
    backward = pairs([-1, -2], [2, 2], [1, 0]).values
    assert Tiers().score(forward, structure, backward=backward).values.tolist() == [1.0, 0.0, -1.0]
    backward[0, 1] = NAN
    assert Tiers().score(forward, structure, backward=backward).code.tolist() == [Why.REFERENCE, 0, 0]


def test_missing_verdicts():
    structure = classes("core", "fatal")
    lost = pairs([1, NAN])
    assert Tiers().score(lost, structure).code[0] == Why.MISSING
    assert Tiers(missing="drop_item").score(lost, structure).code[0] == Why.GATE
    assert Tiers(missing="worst_case").score(lost, structure).values.tolist() == [-2.0]
    assert Tiers().score(pairs([NAN, 1]), structure).values.tolist() == [1.0]  # the fatal one settles it


def test_report_both_win_rates():
    outcome = np.array([1.0] * 10 + [-1.0] * 5 + [0.0] * 85)
    assert float(Tiers().total(outcome)) == pytest.approx(2 / 3)
    assert float(Tiers(ties="half").total(outcome)) == pytest.approx(0.525)
    assert Tiers().total(outcome).n == 15


def test_one_against_many():
    outcome = [1.0, 1.0, 1.0, 0.0, 0.0, -1.0, 1.0, NAN, -1.0, NAN]
    group = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    found = against_all(outcome, group)
    assert found[[0, 1, 2, 4]].tolist() == [1.0, 0.0, -1.0, -1.0]
    assert math.isnan(found[3])


SIGNED = st.lists(st.integers(-2, 2), min_size=3, max_size=3)


@settings(max_examples=60, deadline=None)
@given(SIGNED, st.sampled_from(["skip", "keep"]))
def test_swapping_the_answers_swaps_the_sign(row, zeros):
    structure = classes("core", "highlight", "fatal")
    policy = Tiers(zeros=zeros)
    swapped = policy.score(pairs([-s for s in row]), structure).values
    np.testing.assert_allclose(swapped, -policy.score(pairs(row), structure).values, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(SIGNED, st.integers(-2, 2), st.integers(0, 2), st.sampled_from(["skip", "keep"]))
def test_the_worst_verdict_is_the_end_of_the_scale(row, other, at, zeros):
    structure = classes("core", "highlight", "fatal")
    low, any_ = list(row), list(row)
    low[at], any_[at] = -2, other
    found = Tiers(zeros=zeros).score(pairs(low, any_), structure).values
    assert found[0] <= found[1] + 1e-5


def test_control_skipping_zeros_is_not_monotone():
    structure = classes("core", "highlight")
    found = Tiers().score(pairs([0, 2], [1, 2]), structure).values
    assert found[1] < found[0]  # a better core verdict lowers the mean of the rest
    kept = Tiers(zeros="keep").score(pairs([0, 2], [1, 2]), structure).values
    assert kept[1] > kept[0]
