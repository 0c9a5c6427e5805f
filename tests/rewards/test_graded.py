"""Graded rewards, rewards of a second look, and the weight of doubt: by hand, by loop, laws with controls."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import disagreement, ladder, revision_reward, uncertainty_weight

NAN = math.nan
VALUES = (-0.5, 0.0, 0.25, 0.5, 1.5)


def test_the_ladder_of_scirm_by_hand():
    tag, number, scale, right = [0, 1, 1, 1, 1], [1, 0, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 1, 0, 1]
    assert ladder((tag, number, scale, right), VALUES).tolist() == list(VALUES)


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, NAN]), min_size=3, max_size=3), min_size=1, max_size=8))
def test_the_ladder_against_a_loop(rows):
    expected = []
    for row in rows:
        height = 0
        while height < 3 and row[height] == 1.0:
            height += 1
        expected.append(NAN if height < 3 and math.isnan(row[height]) else VALUES[height])
    np.testing.assert_array_equal(ladder(tuple(np.array(rows).T), VALUES[:4]), expected)


def never_falls(fn):
    table = [fn(tuple([[float(x)] for x in bits]))[0] for bits in itertools.product((0, 1), repeat=3)]
    pairs = itertools.combinations(range(8), 2)
    return all(table[a] <= table[b] for a, b in pairs if a & b == a)


def test_climbing_never_costs_and_a_product_of_payments_does():
    assert never_falls(lambda rungs: ladder(rungs, VALUES[:4]))
    assert not never_falls(lambda rungs: ladder(rungs, (0.0, -1.0, 0.5, 1.0)))


def test_a_ladder_needs_one_value_more_than_rungs():
    for rungs, values in (((), (1.0,)), (([1],), (0.0,)), (([1],), (0.0, 1.0, 2.0))):
        with pytest.raises(SettingError, match="one value more"):
            ladder(rungs, values)


def test_a_second_look_by_hand_and_missing():
    assert revision_reward([0, 1, 1, 0], [1, 0, 1, 0]).tolist() == [1.0, -1.0, 0.5, -0.5]
    assert np.isnan(revision_reward([NAN, 1], [1, NAN])).all()
    with pytest.raises(ShapeError):
        revision_reward([1, 0], [1])


@given(st.lists(st.lists(st.one_of(st.just(NAN), st.floats(-5, 5)), min_size=4, max_size=4), min_size=1, max_size=5))
def test_disagreement_against_a_loop(rows):
    expected = []
    for row in rows:
        known = [x for x in row if not math.isnan(x)]
        pairs = list(itertools.combinations(known, 2))
        expected.append(sum(abs(a - b) for a, b in pairs) / len(pairs) if pairs else NAN)
    np.testing.assert_allclose(disagreement(rows), expected, atol=1e-9)


def test_the_weight_of_doubt_at_its_optimum_is_min_1_lam_over_loss():
    u = np.linspace(0, 10, 100001)
    for loss, lam in ((0.1, 0.5), (1.0, 0.5), (10.0, 0.5), (3.0, 1.0)):
        at = np.argmin(loss * uncertainty_weight(u) + lam * u)
        assert uncertainty_weight(u)[at] == pytest.approx(min(1.0, lam / loss), abs=1e-4)
    assert np.isnan(uncertainty_weight([NAN])[0])
    with pytest.raises(ShapeError, match="negative"):
        uncertainty_weight([-0.1])
