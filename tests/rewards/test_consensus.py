import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rubricate.errors import ShapeError, UnknownNameError
from rubricate.rewards.consensus import closest_to_mean, consensus_reward, cross_rank_reward, integrate

TABLE = arrays(float, (5, 4), elements=st.sampled_from([0.0, 25.0, 50.0, 100.0, np.nan]))


def test_mean_median_and_vote_by_hand():
    samples = [[60.0, 80.0, 80.0, 20.0], [np.nan, np.nan, 5.0, 15.0], [np.nan] * 4]
    np.testing.assert_allclose(integrate(samples), [60, 10, np.nan])
    np.testing.assert_allclose(integrate(samples, "median"), [70, 10, np.nan])
    np.testing.assert_allclose(integrate(samples, "vote"), [80, 5, np.nan])
    weights = [[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 3.0, 1.0], [1.0] * 4]
    np.testing.assert_allclose(integrate(samples, sample_weights=weights), [220 / 3, 7.5, np.nan])


def test_a_failed_sample_does_not_count_as_zero():
    assert integrate([[80.0, np.nan]])[0] == 80.0  # as 0 it would be 40


@given(TABLE)
def test_consensus_rewards_sum_to_zero_and_agreement_pays_nothing(samples):
    reward = consensus_reward(samples)
    np.testing.assert_array_equal(np.isnan(reward), np.isnan(samples))
    assert np.nansum(reward, axis=1).tolist() == pytest.approx([0] * 5)
    assert (consensus_reward(np.full((2, 3), 40.0)) == 0).all()
    assert (consensus_reward([[0.0, 1.0, 2.0]], tolerance=5.0) == 0).all()


def test_two_samples_are_equally_far_whatever_the_mean_rounds_to():
    pairs = np.random.default_rng(0).random((2000, 2))
    assert (consensus_reward(pairs) == 0).all()
    gap = np.abs(pairs - pairs.mean(1, keepdims=True))
    assert (gap[:, 0] != gap[:, 1]).any()  # the control: their distances do differ, by rounding
    assert consensus_reward(np.column_stack([pairs, pairs[:, 0] + 1e-3])).any(1).all()


def test_the_nearest_sample_is_chosen():
    assert closest_to_mean([[0.0, 50.0, 90.0], [np.nan] * 3, [7.0, np.nan, 7.0]]).tolist() == [1, -1, 0]


@given(TABLE, arrays(bool, 5), arrays(int, 5, elements=st.integers(0, 1)))
def test_cross_rank_equals_a_plain_loop(samples, relevant, group):
    expected = np.full(samples.shape, np.nan)
    for i in range(5):
        others = [
            samples[j, k]
            for j in range(5)
            for k in range(4)
            if group[j] == group[i] and relevant[j] != relevant[i] and not np.isnan(samples[j, k])
        ]
        for k in range(4):
            if others and not np.isnan(samples[i, k]):
                right = [(samples[i, k] > o) if relevant[i] else (samples[i, k] < o) for o in others]
                expected[i, k] = np.mean(right)
    np.testing.assert_allclose(cross_rank_reward(samples, relevant, group), expected)


def test_an_item_of_unknown_relevance_is_on_neither_side():
    samples = [[80.0, 40.0], [50.0, 10.0], [60.0, 60.0]]
    reward = cross_rank_reward(samples, [1, 0, np.nan], [0, 0, 0])
    np.testing.assert_array_equal(reward, [[1.0, 0.5], [0.5, 1.0], [np.nan, np.nan]])
    assert cross_rank_reward(np.empty((0, 2)), [], []).shape == (0, 2)


def test_bad_input_is_named():
    with pytest.raises(UnknownNameError, match="integration 'mode'"):
        integrate([[1.0]], "mode")
    with pytest.raises(ShapeError, match="relevant has shape"):
        cross_rank_reward([[1.0]], [1, 0], [0])
