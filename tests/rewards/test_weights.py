"""Weights read off the current scores."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import (
    agreement_weights,
    difficulty_weights,
    lowest_first,
    scaled_weights,
    shared_outcome,
    trust_weight,
)

NAN = float("nan")


def test_difficulty_weights_equal_a_plain_loop(ragged):
    rate = ragged.rng.random((3, 5)).round(1)
    rate[1, 2] = NAN
    expected = np.full((3, 5), NAN)
    for p in range(3):
        known = [r for r in rate[p] if not math.isnan(r)]
        for j, r in enumerate(rate[p]):
            if not math.isnan(r):
                density = sum(math.exp(-((r - k) ** 2) / (2 * 0.1**2)) for k in known)
                expected[p, j] = math.exp(-2 * r) / (density + 1e-6)
    np.testing.assert_allclose(difficulty_weights(rate), expected, rtol=1e-9)
    np.testing.assert_allclose(difficulty_weights(rate[0]), expected[0], rtol=1e-9)


def test_the_share_of_three_hard_tests_among_forty_easy_ones():
    rate = np.r_[np.full(40, 0.95), np.full(3, 0.1)]

    def hard(weights):
        return weights[40:].sum() / weights.sum()

    easy, rare = math.exp(-1.9), math.exp(-0.2)
    assert hard(np.ones(43)) == pytest.approx(0.07, abs=0.001)
    assert hard(np.exp(-2 * rate)) == pytest.approx(3 * rare / (3 * rare + 40 * easy))
    assert hard(difficulty_weights(rate)) == pytest.approx(rare / (rare + easy), abs=1e-3)
    assert hard(difficulty_weights(rate)) > 0.8 > 0.3 > hard(np.exp(-2 * rate))


def test_equal_rates_have_equal_weights_and_mastery_lowers_them():
    assert np.ptp(difficulty_weights([0.4, 0.4, 0.4])) == 0.0
    assert difficulty_weights([0.9, 0.2])[0] < difficulty_weights([0.5, 0.2])[0]


def test_trust_weight_equals_a_plain_loop(ragged):
    process = np.where(ragged.rng.random(ragged.n) < 0.2, NAN, ragged.process)
    outcome = np.where(ragged.rng.random(ragged.n) < 0.1, NAN, ragged.outcome)
    expected = []
    for i in range(ragged.n):
        rows = [j for j in range(ragged.n) if ragged.group[j] == ragged.group[i] and not math.isnan(process[j])]
        sides = [[process[j] for j in rows if outcome[j] == side] for side in (1, 0)]
        if not all(sides):
            expected.append(0.5)
            continue
        expected.append(min(1.0, math.exp(np.mean(sides[0]) - np.mean(sides[1]))))
    np.testing.assert_allclose(trust_weight(outcome, process, ragged.group, one_sided=0.5), expected, atol=1e-9)


def test_trust_by_hand():
    got = trust_weight([1, 0, 1, 0, 1], [0.2, 0.7, 0.7, 0.2, 0.1], [0, 0, 1, 1, 2])
    np.testing.assert_allclose(got, [math.exp(-0.5)] * 2 + [1.0] * 3)


def test_wrong_rows_scored_zero_make_trust_idle():
    rng = np.random.default_rng(0)
    outcome = (rng.random(64) < 0.5).astype(float)
    assert (trust_weight(outcome, outcome * rng.random(64), np.repeat(np.arange(8), 8)) == 1.0).all()


def ndcg(local, gains):
    """Mean over all orders of tied rows, by averaging discounts inside ties."""
    order = sorted(range(len(local)), key=lambda k: -local[k])
    total = 0.0
    for at in order:
        places = [p for p, k in enumerate(order) if local[k] == local[at]]
        total += gains[at] * sum(1 / math.log2(p + 2) for p in places) / len(places)
    ideal = sum(g / math.log2(p + 2) for p, g in enumerate(sorted(gains, reverse=True)))
    return total / ideal if ideal > 0 else 0.0


def test_agreement_weights_equal_a_plain_loop(ragged):
    local = ragged.rng.integers(0, 4, size=(ragged.n, 3)).astype(float)
    local[ragged.rng.random(local.shape) < 0.1] = NAN
    expected = np.full(local.shape, NAN)
    for i in range(ragged.n):
        rows = [j for j in range(ragged.n) if ragged.group[j] == ragged.group[i] and not np.isnan(local[j]).any()]
        if rows:
            v = [ndcg(local[rows, a].tolist(), ragged.outcome[rows].tolist()) for a in range(3)]
            e = np.exp(np.array(v) / 0.5)
            expected[i] = e / e.sum()
    got = agreement_weights(local, ragged.outcome, ragged.group, temperature=0.5)
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_the_softmax_of_agreement_is_flat():
    values = np.exp([1.00, 0.61, 0.47])
    np.testing.assert_allclose(values / values.sum(), [0.44, 0.30, 0.26], atol=0.005)


def test_equal_rankings_share_equally_whatever_the_order_of_rows():
    local = np.zeros((4, 2))
    for outcome in ([1, 0, 0, 0], [0, 0, 0, 1]):
        np.testing.assert_allclose(agreement_weights(local, outcome, [0] * 4), 0.5)


def test_bad_input_names_the_argument():
    with pytest.raises(ShapeError, match=r"process has shape \(2,\)"):
        trust_weight([1], [1.0, 1.0], [0])
    with pytest.raises(ShapeError, match=r"local has shape \(1,\)"):
        agreement_weights([1.0], [1.0], [0])
    with pytest.raises(ShapeError, match=r"rate has shape \(\)"):
        difficulty_weights(0.5)
    with pytest.raises(SettingError, match="sigma=0"):
        difficulty_weights([0.5], sigma=0)
    with pytest.raises(SettingError, match="temperature=0"):
        agreement_weights([[1.0]], [1.0], [0], temperature=0)


def test_scaled_weights_follow_the_prompt_of_the_row():
    weights, factors = np.array([2.0, 1.0]), np.array([[1.0, 3.0], [0.5, 4.0]])
    rows = scaled_weights(weights, factors, [9, 4, 9])
    np.testing.assert_array_equal(rows, [[1.0, 4.0], [2.0, 3.0], [1.0, 4.0]])
    np.testing.assert_array_equal(scaled_weights(rows[[1, 1, 1]], factors, [9, 4, 9])[1], [2.0, 9.0])
    with pytest.raises(ShapeError):
        scaled_weights(weights, factors, [9, 9])


def test_shared_outcome_adds_the_share_of_each_agent():
    got = shared_outcome([[0.5, NAN], [0.0, 1.0]], [1.0, NAN], [[0.75, 0.25], [0.5, 0.5]])
    np.testing.assert_array_equal(got, [[1.25, NAN], [NAN, NAN]])
    with pytest.raises(ShapeError):
        shared_outcome([[0.5, 0.5]], [1.0], [[1.0]])


@pytest.mark.parametrize("seed", range(20))
def test_lowest_first_favours_the_lowest_and_equals_a_loop(seed):
    rng = np.random.default_rng(seed)
    scores = rng.random((6, 3))
    scores[0, 1] = np.nan
    found = lowest_first(scores, temperature=0.2)
    pull = np.array([np.exp(-np.nanmean(scores[:, j]) / 0.2) for j in range(3)])
    np.testing.assert_allclose(found, pull / pull.sum(), atol=1e-12)
    assert found.argmax() == np.nanmean(scores, 0).argmin()
    np.testing.assert_allclose(lowest_first(scores[:, [2, 0, 1]], temperature=0.2), found[[2, 0, 1]], atol=1e-12)


def test_lowest_first_without_values_and_bad_temperature():
    assert lowest_first([[np.nan, 0.5]]).tolist() == [0.5, 0.5]
    assert lowest_first([[np.nan, np.nan]]).tolist() == [0.5, 0.5]
    with pytest.raises(SettingError, match="temperature"):
        lowest_first([[0.5]], temperature=0.0)
