"""Classes with truncation and saturation: the figures of card 218, the cliff, monotonicity."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.arrays import Columns
from rubricate.errors import PolicyError, SettingError, UnknownNameError
from rubricate.rewards.classes import Classes
from rubricate.rewards.outcome import Why
from rubricate.rewards.policies import as_scores
from rubricate.structure import Structure

NAN = math.nan
NAMES = ("essential",) * 3 + ("highlight",) * 3 + ("pitfall",)
TAGS = ((),) * 3 + (("care",), ("safety",), ("evidence",)) + ((),)
WEIGHTS = [1.0, 1.0, 1.0, 2.0, 3.0, 3.0, -3.0]
STRUCTURE = Structure.of([-1] * 7, weight=WEIGHTS, classes=NAMES, tags=TAGS)
# A: one essential of three, every highlight. B: all essentials, half a point of each highlight. No pitfall.
A = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0]
B = [1.0, 1.0, 1.0, 0.25, 1 / 6, 1 / 6, 0.0]
COLUMNS = Columns(
    tuple("abcdefg"), np.array(WEIGHTS), np.zeros(7), np.ones(7), np.zeros(7, bool), np.zeros(7, bool), np.zeros(7, int)
)


def score(*rows, **settings_):
    return Classes(**settings_).score(as_scores(rows, WEIGHTS), STRUCTURE).values


def test_padding_beats_substance_without_the_rules_and_not_with_them():
    # min -2*3, max 2*3 + 8, range 20. A: 2 + 8 = 10 -> 16/20. B: 6 + 1.5 = 7.5 -> 13.5/20
    assert score(A, B, truncation="none", cap=None) == pytest.approx([0.80, 0.675])
    # A: 1 essential < .5 * 3, so 2 + 0 -> 8/20
    assert score(A, B) == pytest.approx([0.40, 0.675])


def test_truncation_by_pitfalls():
    full = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert score([*full, 0.0], cap=None) == pytest.approx([1.0])
    assert score([*full, 1.0], cap=None) == pytest.approx([(6 + 0 - 6 + 6) / 20])
    assert score([*full, 0.5], cap=None) == pytest.approx([(6 + 8 - 3 + 6) / 20])  # half is not above rho


def test_saturation_caps_groups_and_their_sum():
    assert score(A, truncation="none", cap=1.0) == pytest.approx(
        [(2 + 2 + 6) / 20]
    )  # 3 groups of 1, at most 2 S_ess = 2
    assert score([1.0] * 6 + [0.0], truncation="none", cap=1.0) == pytest.approx([(6 + 3 + 6) / 20])


def test_the_cliff_is_reported_and_the_smooth_variant_has_none():
    hard, smooth = Classes(cap=None), Classes(cap=None, truncation="smooth")
    assert hard.cliff(COLUMNS, STRUCTURE) == 8 / 20
    assert Classes(cap=1.0).cliff(COLUMNS, STRUCTURE) == pytest.approx(6 / 20)
    assert smooth.cliff(COLUMNS, STRUCTURE) == 0.0
    edge = [[0.75, 0.75, 0.0, 1.0, 1.0, 1.0, 0.0], [0.75, 0.7499, 0.0, 1.0, 1.0, 1.0, 0.0]]
    fall = np.diff(-hard.score(as_scores(edge, WEIGHTS), STRUCTURE).values)[0]
    assert fall == pytest.approx(8 / 20, abs=1e-3)
    assert np.diff(-smooth.score(as_scores(edge, WEIGHTS), STRUCTURE).values)[0] < 1e-3


def test_a_pitfall_worded_as_avoided_counts_when_it_is_not_met():
    structure = Structure.of([-1, -1], classes=("essential", "pitfall"))
    found = Classes().score(as_scores([[1.0, 1.0], [1.0, 0.0]]), structure).values
    assert found.tolist() == [1.0, 0.5]  # (2 + 2)/4 and (2 - 2 + 2)/4


def test_other_weights_and_errors():
    assert score(B, class_weights={"essential": 3.0, "highlight": 2.0, "pitfall": 3.0}, cap=None) == pytest.approx(
        [(9 + 3 + 9) / (9 + 16 + 9)]
    )
    with pytest.raises(PolicyError, match="'n0' has no weight class"):
        Classes().score(as_scores([[1.0]]), Structure.of([-1]))
    with pytest.raises(UnknownNameError, match="essentail"):
        Classes().score(as_scores([[1.0]]), Structure.of([-1], classes=("essentail",)))
    with pytest.raises(SettingError, match="rho"):
        Classes(rho=1.0)
    with pytest.raises(SettingError, match="essential='must'"):
        Classes(essential="must")


def test_missing_verdicts():
    lost = as_scores([[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, NAN], [1.0, 0.0, 0.0, NAN, NAN, NAN, 0.0]], WEIGHTS)
    found = Classes(cap=None).score(lost, STRUCTURE)
    assert found.code.tolist() == [Why.MISSING, Why.OK]  # truncated: the highlights do not matter
    assert found.values[1] == pytest.approx(0.40)
    # worst case: all pitfalls, which truncates too
    assert Classes(missing="worst_case", cap=None).score(lost, STRUCTURE).values[0] == pytest.approx(6 / 20)


ROW = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=7, max_size=7)
RULES = st.fixed_dictionaries(
    {"truncation": st.sampled_from(["none", "hard", "smooth"]), "cap": st.sampled_from([None, 0.5, 1.0])}
)


@settings(max_examples=80, deadline=None)
@given(ROW, st.integers(0, 6), RULES)
def test_a_better_verdict_never_lowers_and_the_range_holds(row, at, rules):
    better = list(row)
    better[at] = 0.0 if at == 6 else 1.0
    low, high = score(row, better, **rules)
    assert -1e-12 <= low <= high + 1e-12
    assert high <= 1 + 1e-12


def test_control_raising_a_pitfall_lowers():
    low = score(B, [*B[:6], 1.0])
    assert low[1] < low[0]
