"""Ratio to a reference: equal is .5, dimensions, missing references."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards.outcome import Why
from rubricate.rewards.policies import as_scores
from rubricate.rewards.reference import Ratio
from rubricate.structure import Structure

NAN = math.nan
TWO = Structure.of([-1] * 3, categories=("insight", "readability"), category_weights=[0.75, 0.25])
WEIGHTS = [0.6, 0.4, 1.0]


def report(row):
    return as_scores([row], WEIGHTS, lo=0.0, hi=10.0, category=[0, 0, 1])


def test_equal_reports_score_one_half():
    row = [0.8, 0.3, 0.5]
    assert Ratio().score(report(row), TWO, reference=[row]).values.tolist() == [0.5]


def test_worked_ratio_and_dimensions():
    # target: insight .6*8 + .4*5 = 6.8, readability 4 -> .75*6.8 + .25*4 = 6.1; reference: 5 and 8 -> 5.75
    scores, reference = report([0.8, 0.5, 0.4]), [[0.5, 0.5, 0.8]]
    assert Ratio().score(scores, TWO, reference=reference).values == pytest.approx([6.1 / 11.85])
    np.testing.assert_allclose(Ratio().dimensions(scores, reference, TWO), [[6.8 / 11.8, 4 / 12]])
    # without a structure the dimensions count the same: 5.4 against 6.5
    assert Ratio().score(scores, reference=reference).values == pytest.approx([5.4 / 11.9])


def test_what_has_no_ratio():
    scores = report([0.0, 0.0, 0.0])
    assert Ratio().score(scores, TWO, reference=[[0.0, 0.0, 0.0]]).code[0] == Why.ZERO
    assert Ratio().score(scores, TWO, reference=[[0.5, NAN, 0.5]]).code[0] == Why.REFERENCE
    assert Ratio().score(report([0.5, NAN, 0.5]), TWO, reference=[[0.5] * 3]).code[0] == Why.MISSING
    with pytest.raises(SettingError, match="no reference verdicts"):
        Ratio().score(scores, TWO)
    with pytest.raises(ShapeError, match="reference"):
        Ratio().score(scores, TWO, reference=[[0.5]])


ROW = st.lists(st.sampled_from([0.1, 0.5, 1.0]), min_size=3, max_size=3)


@settings(max_examples=50, deadline=None)
@given(ROW, ROW, st.integers(0, 2))
def test_ratio_is_antisymmetric_and_monotone(row, other, at):
    forward = Ratio().score(report(row), TWO, reference=[other]).values[0]
    assert forward + Ratio().score(report(other), TWO, reference=[row]).values[0] == pytest.approx(1.0)
    better = list(row)
    better[at] = 1.0
    assert Ratio().score(report(better), TWO, reference=[other]).values[0] >= forward - 1e-12


def test_control_the_dimensions_do_not_average_to_the_ratio():
    scores, reference = report([0.8, 0.5, 0.4]), [[0.5, 0.5, 0.8]]
    mean = Ratio().dimensions(scores, reference, TWO) @ np.array([0.75, 0.25])
    assert mean[0] != pytest.approx(Ratio().score(scores, TWO, reference=reference).values[0])
