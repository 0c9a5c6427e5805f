"""Fused progress: worked numbers, what disagreement does, missing estimates, a row at a time."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.rewards import fuse_progress

NAN = math.nan


def test_estimates_that_agree_give_themselves():
    p = np.array([0.2, 0.6, 0.3, 0.9])
    hop = np.array([0.2, 0.5, -0.5, 0.9])  # .2 of 1, half of the .8 that remain, half of the .6 back, .9 of 1
    np.testing.assert_allclose(fuse_progress(hop, p, p, [0, 3, 4]), p)


def test_disagreement_freezes_the_estimate():
    got = fuse_progress([0.5], [0.1], [0.9], [0, 1], 0.4, alpha=100.0)
    np.testing.assert_allclose(got, [0.4], atol=1e-6)
    # alpha 0: m = (.7 + .1 + .9) / 3, P = .4 + (m - .4 + .3) / 2
    assert fuse_progress([0.5], [0.1], [0.9], [0, 1], 0.4, alpha=0.0)[0] == pytest.approx(0.4 + (1.7 / 3 - 0.1) / 2)


def test_a_missing_estimate_makes_the_rest_of_its_row_missing():
    got = fuse_progress([0.5, 0.5, 0.5], [0.5, NAN, 0.5], [0.5, 0.5, 0.5], [0, 1, 3])
    assert got[0] == 0.5
    assert np.isnan(got[1:]).all()


def test_rows_do_not_touch_and_may_be_empty():
    rng = np.random.default_rng(0)
    hop, f, b = rng.uniform(-1, 1, 7), rng.random(7), rng.random(7)
    whole = fuse_progress(hop, f, b, [0, 3, 3, 7], [0.1, 0.5, 0.2])
    np.testing.assert_array_equal(whole[3:], fuse_progress(hop[3:], f[3:], b[3:], [0, 4], 0.2))
    assert len(fuse_progress([], [], [], [0])) == 0


def test_a_negative_alpha_is_refused():
    with pytest.raises(SettingError, match="alpha"):
        fuse_progress([0.5], [0.5], [0.5], [0, 1], alpha=-1.0)
