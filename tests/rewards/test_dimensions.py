"""Modifiers of dimensions: by hand, and the laws that they keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import interact, saturate, stretch, veto

NAN = float("nan")
UNIT = st.floats(0, 1)


def test_the_arms_of_the_card():
    arms = np.array([[0.75, 0.7, 0.65], [1, 1, 0.05]])
    assert saturate(arms).mean(1).round(3).tolist() == [0.827, 0.664]


@given(UNIT, UNIT)
def test_saturating_and_stretching_keep_the_order(a, b):
    low, high = sorted((a, b))
    assert saturate([low])[0] <= saturate([high])[0]
    assert stretch([low])[0] <= stretch([high])[0]


def test_a_falling_map_is_refused():
    with pytest.raises(SettingError, match="monotone"):
        stretch([0.5], factor=-1.0)
    with pytest.raises(SettingError, match="positive"):
        saturate([0.5], steepness=0.0)


@given(st.lists(UNIT, min_size=2, max_size=5), UNIT)
def test_a_veto_is_absorbing(row, x):
    gates = [True] + [False] * (len(row) - 1)
    failed = [0.1, *row[1:]]
    assert veto([x], [failed], gates)[0] == 0.0
    assert veto([x], [[0.9, *row[1:]]], gates)[0] == x


def test_a_known_failure_decides_and_an_unknown_gate_does_not():
    out = veto([0.7, 0.7, 0.7], [[NAN, 0.1], [NAN, 0.9], [0.5, NAN]], [True, True])
    np.testing.assert_array_equal(out, [0.0, NAN, NAN])
    np.testing.assert_array_equal(veto([0.7], [[NAN, 0.9]], [False, True]), [0.7])


def test_pairs_pay_together():
    assert interact([[1.0, 1.0], [1.0, 0.0]], [0.5, 0.5], ((0, 1, -0.2),)).tolist() == [0.3, 0.5]
    with pytest.raises(SettingError, match="two different columns"):
        interact([[1.0, 1.0]], [0.5], ((0, 2, 0.1),))
    with pytest.raises(ShapeError):
        interact([1.0], [0.5], ())
