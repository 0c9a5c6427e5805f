import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.audit import best_of_n_credit, rewardbench2, rm_bench_matrix, ties_score
from rubricate.errors import ShapeError, UnknownNameError

NAN = math.nan


# ------------------------------------------------------------------------------------------------- RewardBench 2


def test_credit_by_hand():
    scores = [[5, 1, 2, 3], [5, 5, 2, 3], [5, 5, 5, 5], [4, 5, 5, 1], [NAN, 1, 2, 3], [5, NAN, 2, 3]]
    assert best_of_n_credit(scores)[:4].tolist() == [1.0, 0.5, 0.25, 0.0]
    assert np.isnan(best_of_n_credit(scores)[4:]).all()
    assert best_of_n_credit(scores, missing="chance")[4:].tolist() == [0.25, 0.25]
    with pytest.raises(UnknownNameError, match="chance"):
        best_of_n_credit(scores, missing="zero")


@given(st.floats(-5, 5), st.integers(1, 20))
def test_a_constant_scorer_gets_exactly_a_quarter(value, n):
    assert rewardbench2({"math": np.full((n, 4), value)}).overall == 0.25


def test_an_unreadable_rating_never_helps():
    """Ratings 1..10, the right answer is read as 4; the three wrong ones get 6, 6, 6 and are unreadable ever more often.

    As -1 (released code) an unreadable wrong answer ranks last, so the judge seems better the less it can be read.
    """
    rng = np.random.default_rng(0)
    scores = np.tile([4.0, 6.0, 6.0, 6.0], (2000, 1))
    gone = rng.random(scores.shape) < 0.6
    gone[:, 0] = False
    as_released = best_of_n_credit(np.where(gone, -1.0, scores))
    ours = best_of_n_credit(np.where(gone, NAN, scores))
    assert as_released.mean() > 0.15
    assert np.nanmean(ours) == 0.0
    assert np.isnan(ours).mean() > 0.9


def ties(ref, tied, **more):
    """One prompt: (right, wrong) scores of the single-answer and of the tied item."""
    rows = [(s, r, t) for t, item in ((0, ref), (1, tied)) for r, side in ((1, item[0]), (0, item[1])) for s in side]
    score, right, is_tied = zip(*rows, strict=True)
    return ties_score(score, right, [7] * len(rows), is_tied, **more)


def test_the_ties_formula_by_hand():
    found = ties(((8,), (2, 3)), ((9, 8), (1, 4)))  # c_r 5, c_t 4, d 1
    assert found.value == pytest.approx(min(1.0, 1.0 + 0.01 * math.tanh(3)))
    raw = ties(((8,), (2, 3)), ((9, 8), (1, 4)), capped=False)
    assert raw.value == pytest.approx(1.0 + 0.01 * math.tanh(3))
    wide = ties(((8,), (7,)), ((9, 5), (3,)))  # c_r 1, c_t 2, d 4
    assert wide.value == pytest.approx(0.6 + 0.01 * math.tanh(1 / 4 - 1))
    half = ties(((8,), (9,)), ((9, 8), (3,)))  # c_r -1, c_t 5, d 1
    assert half.value == pytest.approx(0.3 + 0.2 + 0.01 * math.tanh(-2))


def test_the_ties_score_stops_at_one_where_the_released_code_reports_more():
    perfect = ((10,), (1,)), ((10, 10), (1,))  # no spread at all: tanh of infinity
    assert ties(*perfect).value == 1.0
    assert ties(*perfect, capped=False).value == pytest.approx(1.01)


def test_a_constant_scorer_has_no_ties_score():
    assert ties(((1,), (1, 1)), ((1, 1, 1), (1,))).value == 0.0  # 0 / 0 counts 0
    assert rewardbench2({}, ties(((1,), (1,)), ((1, 1), (1,)))).overall == 0.0


def test_arbitrary_order_among_right_answers_costs_two_fifths():
    """Card 77 ran .594: right above wrong, but the spread of the right ones exceeds the gap."""
    rng = np.random.default_rng(0)
    score, right, prompt, tied = [], [], [], []
    for p in range(300):
        for is_tied, good in ((0, 1), (1, 4)):
            for r, n in ((1, good), (0, 4)):
                values = 5 + 10 * rng.random(n) if r else 4.5 * rng.random(n)
                score += values.tolist()
                right += [r] * n
                prompt += [p] * n
                tied += [is_tied] * n
    found = ties_score(score, right, prompt, tied)
    assert (found.accuracy_tied, found.accuracy_ref) == (1.0, 1.0)
    assert 0.55 < found.value < 0.72


def test_a_prompt_with_a_missing_score_is_left_out():
    score, right, tied = [8, 2, 9, 8, 1], [1, 0, 1, 1, 0], [0, 0, 1, 1, 1]
    both = ties_score([*score, NAN, 2, 9, 8, 1], right * 2, [0] * 5 + [1] * 5, tied * 2)
    assert both.judged == 1
    assert both.value == ties_score(score, right, [0] * 5, tied).value
    none = ties_score([NAN] * 5, right, [0] * 5, tied)
    assert (none.judged, math.isnan(none.value)) == (0, True)
    with pytest.raises(ShapeError, match="lacks"):
        ties_score([1, 2], [1, 0], [0, 0], [0, 0])


def test_overall_is_the_mean_over_domains():
    found = rewardbench2({"math": [[3, 1, 1, 1]] * 9, "focus": [[0, 1, 1, 1]], "gone": [[NAN, 1, 1, 1]]})
    assert (found.domain["math"], found.domain["focus"], found.overall) == (1.0, 0.0, 0.5)
    assert math.isnan(found.domain["gone"])
    assert math.isnan(rewardbench2({}).overall)


# ------------------------------------------------------------------------------------------------------- RM-Bench


def test_the_matrix_by_hand():
    right, wrong = [[1, 2, 3], [4, 1, 2]], [[0, 2, 3], [1, 2, 5]]
    found = rm_bench_matrix(right, wrong)
    expected = np.array([[1 + 1, 0 + 1, 0 + 0], [1 + 0, 0 + 0, 0 + 0], [1 + 1, 1 + 0, 0 + 0]]) / 2
    np.testing.assert_allclose(found.matrix, expected)
    assert found.easy == pytest.approx((0.5 + 1 + 0.5) / 3)
    assert found.normal == pytest.approx(1 / 3)
    assert found.hard == pytest.approx(0.5 / 3)
    assert found.overall == pytest.approx((found.easy + found.normal + found.hard) / 3)
    assert (found.judged == 2).all()


@given(st.integers(0, 2), st.integers(0, 2), st.integers(0, 10**6))
def test_every_cell_reads_its_own_two_columns(i, j, seed):
    """RM-R1's aggregator opens one result file under another's name, so an easy cell enters 'hard'."""
    rng = np.random.default_rng(seed)
    right, wrong = rng.normal(size=(8, 3)), rng.normal(size=(8, 3))
    before = rm_bench_matrix(right, wrong).matrix
    right[:, i] += 100.0
    after = rm_bench_matrix(right, wrong).matrix
    assert (after[i] == 1.0).all()
    np.testing.assert_array_equal(np.delete(after, i, 0), np.delete(before, i, 0))
    wrong[:, j] += 1000.0
    last = rm_bench_matrix(right, wrong).matrix
    assert (last[:, j] == 0.0).all()
    np.testing.assert_array_equal(np.delete(last, j, 1), np.delete(after, j, 1))


@pytest.mark.parametrize(("bias", "hard"), [(1.0, 0.338), (2.0, 0.124)])
def test_the_figures_of_a_style_biased_scorer(bias, hard):
    """Card 77 [run]: normal stays at .68 while hard falls; a cell of easy read as one of hard hides it."""
    rng = np.random.default_rng(0)
    q, n = 40000, 3
    style = bias * np.arange(n)
    noise = rng.normal(size=(2, q, n))
    gain = 0.66  # distance that gives normal = .68 with two noises of 1
    found = rm_bench_matrix(gain + style + noise[0], style + noise[1])
    assert found.normal == pytest.approx(0.68, abs=0.01)
    assert found.hard == pytest.approx(hard, abs=0.03)
    m = found.matrix
    assert (m[0, 1] + m[1, 2] + m[2, 0]) / 3 > found.hard + 0.05


def test_domains_weigh_the_same_and_gaps_are_counted():
    right, wrong = np.ones((4, 3)), np.zeros((4, 3))
    right[3] = -1.0
    found = rm_bench_matrix(right, wrong, ["a", "a", "a", "b"])
    assert found.overall == 0.5
    right[0, 2] = NAN
    found = rm_bench_matrix(right, wrong)
    assert found.judged[2].tolist() == [3, 3, 3]
    assert found.judged[0].tolist() == [4, 4, 4]
    assert np.isnan(rm_bench_matrix(np.full((2, 3), NAN), wrong[:2]).overall)
