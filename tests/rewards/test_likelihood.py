"""Marginal likelihood of an answer."""

import doctest
import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import likelihood, marginal_likelihood

NAN = float("nan")


def test_examples_run():
    assert doctest.testmod(likelihood).failed == 0


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
