"""What becomes of missing verdicts, why a row has no reward, and the shared protocol."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import PolicyError, SettingError, ShapeError
from rubricate.rewards.outcome import REASONS, Rewards, Why
from rubricate.rewards.policies import Policy, as_scores
from rubricate.rewards.tree import Tree
from rubricate.structure import Structure

NAN = math.nan
POINTS = [5.0, 5.0, -8.0, -4.0]


def test_every_reason_has_words():
    assert len(REASONS) == len(Why)


def test_a_failed_judgement_of_a_negative_item_does_not_pay():
    met = as_scores([[1.0, 1.0, 1.0, 1.0]], POINTS)
    lost = as_scores([[1.0, 1.0, NAN, NAN]], POINTS)
    assert Policy().score(met).values[0] == pytest.approx(-0.2)
    dropped = Policy().score(lost)
    assert math.isnan(dropped.values[0])
    assert not dropped.valid[0]
    assert dropped.why(0) == "verdicts are missing"
    assert dropped.coverage[0] == pytest.approx(10 / 22)
    # worst case: both bad things happened
    assert Policy(missing="worst_case").score(lost).values[0] == pytest.approx(-0.2)
    # coverage 10/22 = .4545
    assert Policy(missing="renormalise", min_coverage=0.5).score(lost).why(0).startswith("too few verdicts")
    # drop_item says what it does: the two items leave numerator and denominator
    assert Policy(missing="drop_item").score(lost).values[0] == 1.0
    with pytest.raises(PolicyError, match="2 verdicts are missing"):
        Policy(missing="raise").score(lost)


def test_drop_item_and_renormalise_differ_by_the_stated_coverage():
    scores = as_scores([[1.0, NAN, 0.0], [1.0, NAN, NAN]], [2.0, 1.0, 1.0])
    assert Policy(missing="drop_item").score(scores).values.tolist() == [2 / 3, 1.0]
    half = Policy(missing="renormalise", min_coverage=0.6).score(scores)
    assert half.values[0] == 2 / 3  # 3 of 4 answered
    assert half.code.tolist() == [Why.OK, Why.COVERAGE]  # 2 of 4


def test_impute_takes_the_mean_of_the_group_on_that_item():
    values = [[1.0, 1.0], [0.0, NAN], [1.0, 0.0], [1.0, NAN]]
    rewards = Policy(missing="impute_group_mean").score(as_scores(values, group=[7, 7, 7, 9]))
    # row 1: (0 + mean(1, 0)) / 2; row 3 has no peer and stays without a reward
    assert rewards.values[:3].tolist() == [1.0, 0.25, 0.5]
    assert rewards.code.tolist() == [0, 0, 0, Why.MISSING]


def test_a_row_that_the_verdicts_at_hand_settle_keeps_its_reward():
    veto = Policy(gate="veto", denominator="sum")
    scores = as_scores([[0.0, NAN, 1.0], [1.0, NAN, 1.0], [NAN, 1.0, 1.0]], gate=[True, False, False])
    rewards = veto.score(scores)
    assert rewards.values[0] == 0.0  # the gate failed, whatever the second criterion is
    assert rewards.code.tolist() == [Why.OK, Why.MISSING, Why.MISSING]
    # clipped at 0 in every completion: (1 - 9 + 1 v) / 2
    assert Policy(clip="example").score(as_scores([[1.0, 1.0, NAN]], [1.0, -9.0, 1.0])).values[0] == 0.0


def test_nothing_answered_is_never_settled():
    # the signed fallback clipped at 0 would be 0 for every completion
    policy = Policy(negatives_only="signed_fallback", clip="example")
    assert policy.score(as_scores([[NAN, NAN]], [-1.0, -2.0])).code[0] == Why.MISSING


def test_nothing_asked_and_zero_denominators_say_so():
    rewards = Policy(denominator="sum").score(as_scores([[1.0], [1.0]], [[1.0], [0.0]], asked=[[False], [True]]))
    assert rewards.code.tolist() == [Why.NOTHING_ASKED, Why.ZERO]
    assert np.isnan(rewards.coverage[0])
    assert rewards.counts() == {"nothing was asked": 1, "the denominator is zero": 1}
    assert rewards.why(1) == "the denominator is zero"
    assert rewards.reasons == REASONS


def test_no_rows_and_no_columns():
    assert len(Policy().score(as_scores(np.zeros((0, 3))))) == 0
    assert Policy().score(as_scores(np.zeros((2, 0)))).code.tolist() == [Why.NOTHING_ASKED] * 2


def test_gather_puts_parts_together():
    one = Policy().score(as_scores([[1.0], [0.0]]))
    whole = Rewards.gather(3, [(np.array([True, False, True]), one)])
    assert whole.values[[0, 2]].tolist() == [1.0, 0.0]
    assert whole.code.tolist() == [0, Why.NOTHING_ASKED, 0]


def test_settings_are_checked():
    with pytest.raises(SettingError, match="expected one of: drop_sample"):
        Policy(missing="zero")
    with pytest.raises(SettingError, match="min_coverage"):
        Policy(missing="renormalise")
    with pytest.raises(SettingError, match="min_coverage"):
        Policy(min_coverage=0.5)
    with pytest.raises(SettingError, match="partial='x'"):
        Policy(partial="x")
    with pytest.raises(SettingError, match="weighted=1"):
        Policy(weighted=1)
    with pytest.raises(SettingError, match="gate_floor=nan"):
        Policy(gate_floor=NAN)
    with pytest.raises(SettingError, match="takes no context"):
        Policy().score(as_scores([[1.0]]), reference=[[1.0]])


def test_policies_are_values():
    assert Policy(clip="mean") == Policy(clip="mean") != Policy()
    assert len({Policy(class_weights={"a": 1.0}), Policy(class_weights={"a": 1.0})}) == 1


def test_structures_must_fit():
    tree = Structure.of([-1, 0, 0])
    with pytest.raises(SettingError, match="reads the tree"):
        Tree().score(as_scores([[1.0, 1.0]]))
    with pytest.raises(ShapeError, match=r"over \[2\] leaves"):
        Tree().score(as_scores([[1.0, 1.0, 1.0]]), tree)


def plain(values, asked, weights, missing, means):
    """Positive denominator, one row, item by item."""
    number, parts = 0.0, 0.0
    for v, a, w, m in zip(values, asked, weights, means, strict=True):
        if not a:
            continue
        if math.isnan(v):
            if missing == "drop_sample":
                return NAN
            if missing == "drop_item":
                continue
            v = m if missing == "impute_group_mean" else float(w < 0)
            if math.isnan(v):
                return NAN
        parts += w * v
        number += max(w, 0.0)
    return parts / number if number else NAN


VERDICT = st.sampled_from([0.0, 0.5, 1.0, NAN])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(VERDICT, min_size=3, max_size=3), min_size=1, max_size=5),
    st.lists(st.integers(-5, 5).filter(bool), min_size=3, max_size=3),
    st.sampled_from(["drop_sample", "drop_item", "worst_case", "impute_group_mean"]),
    st.integers(0, 2**15 - 1),
)
def test_against_a_plain_loop(values, weights, missing, bits):
    values = np.array(values)
    n = len(values)
    asked = np.array([[bool(bits >> (3 * i + j) & 1) for j in range(3)] for i in range(n)])
    known = asked & ~np.isnan(values)
    count = known.sum(0)
    means = np.where(count > 0, np.where(known, values, 0.0).sum(0) / np.maximum(count, 1), NAN)
    got = Policy(missing=missing).score(as_scores(values, weights, asked=asked, group=np.zeros(n))).values
    expected = np.array([plain(v, a, weights, missing, means) for v, a in zip(values, asked, strict=True)])
    silent = asked.any(1) & ~known.any(1) & (missing != "worst_case")
    np.testing.assert_allclose(got, np.where(silent, NAN, expected), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(VERDICT, min_size=4, max_size=4),
    st.lists(st.integers(-5, 5), min_size=4, max_size=4),
    st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=4, max_size=4),
    st.sampled_from(["positive", "abs", "minmax", "none"]),
)
def test_worst_case_is_a_lower_bound(values, weights, filler, denominator):
    values = np.array([values])
    completed = np.where(np.isnan(values), filler, values)
    low = Policy(denominator=denominator, missing="worst_case").score(as_scores(values, weights)).values[0]
    full = Policy(denominator=denominator).score(as_scores(completed, weights)).values[0]
    assert math.isnan(low) == math.isnan(full)
    assert math.isnan(low) or low <= full + 1e-12


def test_control_zero_for_missing_is_no_lower_bound():
    low = Policy().score(as_scores([[1.0, 0.0]], [1.0, -1.0])).values[0]
    assert low > Policy().score(as_scores([[1.0, 1.0]], [1.0, -1.0])).values[0]
