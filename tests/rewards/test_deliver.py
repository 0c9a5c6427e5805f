"""What a missing reward becomes at a trainer's door: only what the chosen name says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import PolicyError, ShapeError, UnknownNameError
from rubricate.rewards import ON_MISSING, deliver

NAN = float("nan")


def test_each_name_does_what_it_says():
    reward, group = [1.0, NAN, 0.5, NAN], [0, 0, 1, 2]
    np.testing.assert_array_equal(deliver(reward, group), [1.0, NAN, 0.5, NAN])
    assert deliver(reward, group, "zero").tolist() == [1.0, 0.0, 0.5, 0.0]
    assert deliver(reward, group, "lowest", lowest=-2.0).tolist() == [1.0, -2.0, 0.5, -2.0]
    assert deliver(reward, group, "group_mean").tolist() == [1.0, 1.0, 0.5, 0.75]  # group 2 has none: the batch's mean
    with pytest.raises(PolicyError, match="2 of 4 rewards are missing, the first in row 1"):
        deliver(reward, group, "raise")


def test_what_cannot_be_done_is_an_error():
    with pytest.raises(PolicyError, match="needs the least reward"):
        deliver([NAN], None, "lowest")
    with pytest.raises(PolicyError, match="no response of the batch has a reward"):
        deliver([NAN, NAN], None, "group_mean")
    with pytest.raises(UnknownNameError, match="abstain, group_mean, lowest, raise, zero"):
        deliver([1.0], None, "ignore")
    with pytest.raises(ShapeError, match=r"reward has shape .* infinite"):
        deliver([1.0, np.inf])
    with pytest.raises(ShapeError):
        deliver([[1.0]])


@given(st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=1, max_size=20), st.sampled_from(ON_MISSING[:-1]))
def test_known_rewards_are_never_touched(rewards, how):
    values = np.array([NAN if r is None else r for r in rewards])
    if how == "group_mean" and np.isnan(values).all():
        return
    out = deliver(values, np.arange(len(values)) % 3, how, lowest=-9.0)
    known = ~np.isnan(values)
    assert (out[known] == values[known]).all()
    assert np.isnan(out[~known]).all() == (how == "abstain" or known.all())


def test_a_group_mean_leaves_the_groups_mean_where_it_was_and_zero_does_not():
    reward = np.array([1.0, 0.8, NAN, 0.0])
    group = np.zeros(4)
    assert deliver(reward, group, "group_mean").mean() == pytest.approx(np.nanmean(reward))
    assert deliver(reward, group, "zero").mean() != pytest.approx(np.nanmean(reward))
