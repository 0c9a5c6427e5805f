"""Likelihoods of given texts: of references, suffixes, follow-ups, and over retrieved documents."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.rewards import (
    followup_margin,
    information_gain,
    jensen_gain,
    marginal_likelihood,
    reference_likelihood,
)

NAN = float("nan")


def test_the_figures_of_the_card():
    scores, logp = np.log([[0.6, 0.3, 0.1], [0.5, 0.3, 0.2]]), np.log([[0.2, 0.7, 0.1], [0.3, 0.3, 0.3]])
    np.testing.assert_allclose(marginal_likelihood(scores, logp), [0.34, 0.30])
    np.testing.assert_allclose(marginal_likelihood(scores, logp, k=1), [0.2, 0.3])


def test_what_was_not_retrieved_is_not_read_and_what_is_missing_stays_missing():
    logp = [[-1.0, NAN, -2.0]]
    assert marginal_likelihood([[0.0, NAN, NAN]], logp)[0] == pytest.approx(math.exp(-1))
    assert math.isnan(marginal_likelihood([[0.0, 0.0, NAN]], logp)[0])
    assert marginal_likelihood([[1.0, 0.0, NAN]], logp, k=1)[0] == pytest.approx(math.exp(-1))
    assert math.isnan(marginal_likelihood([[NAN, NAN, NAN]], logp)[0])
    assert marginal_likelihood([[0.0, 0.0]], [[-math.inf, -math.inf]]).tolist() == [0.0]


def test_scores_shift_freely_and_likelihoods_do_not():
    rng = np.random.default_rng(0)
    scores, logp = rng.normal(size=(50, 6)), -rng.exponential(size=(50, 6))
    base = marginal_likelihood(scores, logp)
    np.testing.assert_allclose(marginal_likelihood(scores + 900.0, logp), base)
    assert not np.allclose(marginal_likelihood(scores, logp - 1.0), base)


def test_wrong_settings_are_refused():
    with pytest.raises(SettingError):
        marginal_likelihood([[0.0]], [[0.0]], k=0)
    with pytest.raises(ShapeError):
        marginal_likelihood([[0.0]], [[0.5]])


KINDS = {
    "logprob": sum,
    "mean_logprob": lambda x: sum(x) / len(x),
    "prob": lambda x: math.exp(sum(x)),
    "mean_prob": lambda x: sum(map(math.exp, x)) / len(x),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kinds_of_likelihood_equal_a_plain_loop(kind):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        off = np.concatenate([[0], np.cumsum(rng.integers(0, 5, 6))])
        logp = -rng.exponential(size=off[-1])
        logp[rng.random(off[-1]) < 0.1] = NAN
        for floor in (None, -0.5):
            rows = [
                [x if floor is None else max(x, floor) for x in logp[a:b]] for a, b in zip(off, off[1:], strict=False)
            ]
            expected = [NAN if not r or any(map(math.isnan, logp[a:b])) else KINDS[kind](r)
                        for r, a, b in zip(rows, off, off[1:], strict=False)]  # fmt: skip
            np.testing.assert_allclose(reference_likelihood(logp, off, kind, floor=floor), expected)


@given(st.lists(st.floats(-5, 0), min_size=1, max_size=12))
def test_the_mean_of_probabilities_lies_above_their_geometric_mean(logp):
    off = [0, len(logp)]
    mean, geometric = reference_likelihood(logp, off, "mean_prob")[0], reference_likelihood(logp, off)[0]
    assert mean >= math.exp(geometric) - 1e-12


def test_control_the_product_does_not():
    assert reference_likelihood([-1.0, -1.0], [0, 2], "prob")[0] < math.exp(
        reference_likelihood([-1.0, -1.0], [0, 2])[0]
    )


def test_likelihoods_refuse_what_is_none():
    with pytest.raises(ShapeError):
        reference_likelihood([0.5], [0, 1])
    with pytest.raises(SettingError):
        reference_likelihood([-0.5], [0, 1], floor=0.0)
    with pytest.raises(UnknownNameError, match="mean_prob"):
        reference_likelihood([-0.5], [0, 1], "meanprob")


def test_gain_takes_the_best_suffix_and_an_unknown_one_spoils_it():
    logp, base, off = [-5.0, -2.0, -3.0, NAN], [-9.0, -1.0, -1.0, -1.0], [0, 2, 2, 4]
    np.testing.assert_allclose(information_gain(logp, base, off), [4.0, NAN, NAN])
    np.testing.assert_allclose(information_gain(logp, base, off, op="sum"), [3.0, NAN, NAN])
    shifted = information_gain(np.add(logp, 7.0), np.add(base, 7.0), off)
    np.testing.assert_allclose(shifted[0], 4.0)
    with pytest.raises(UnknownNameError):
        information_gain(logp, base, off, op="min")


def test_follow_ups_are_averaged_inside_categories_first():
    logp = [[-1.0, -2.0, -3.0, -4.0, -10.0]]
    good, category = [True, True, False, True, False], ["a", "a", "a", "b", "b"]
    assert followup_margin(logp, good, category)[0] == pytest.approx(((-1.5 + 3.0) + (-4.0 + 10.0)) / 2)
    assert followup_margin(logp, [True] * 5)[0] == pytest.approx(-4.0)
    with pytest.raises(SettingError, match="positive"):
        followup_margin(logp, [False] * 5)
    with pytest.raises(SettingError, match="category"):
        followup_margin(logp, good, ["a", "a", "a", "a", "b"])


def test_jensen_gain_equals_a_plain_loop_where_that_does_not_underflow():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 14))
        logp, group = -rng.exponential(3.0, n).round(1), rng.integers(0, 4, n)
        logp[rng.random(n) < 0.15] = NAN
        expected = []
        for i in range(n):
            others = [
                math.exp(logp[j]) for j in range(n) if j != i and group[j] == group[i] and not math.isnan(logp[j])
            ]
            if math.isnan(logp[i]) or not others:
                expected.append(NAN)
                continue
            all_ = [*others, math.exp(logp[i])]
            expected.append(math.log(sum(all_) / len(all_)) - math.log(sum(others) / len(others)))
        np.testing.assert_allclose(jensen_gain(logp, group), expected, atol=1e-9, err_msg=str(seed))


def test_jensen_gain_keeps_its_digits_on_long_references():
    base = np.array([-3.0, -1.0, -2.0, -1.5])
    np.testing.assert_allclose(jensen_gain(base - 5000.0, [0] * 4), jensen_gain(base, [0] * 4), atol=1e-9)
    apart = jensen_gain([0.0, -800.0, -801.0], [0, 0, 0])
    assert apart[0] == pytest.approx(math.log(1 / 3) - (-800 + math.log((1 + math.exp(-1)) / 2)))
