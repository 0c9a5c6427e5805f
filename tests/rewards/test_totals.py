"""The benchmark number: clip order, pooling, bootstrap, success rate."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.rewards.policies import Policy, as_scores
from rubricate.rewards.totals import share_at, total

NAN = math.nan


def test_clip_and_mean_do_not_commute():
    values = [0.8, -0.6, 0.5, -0.3]
    assert float(Policy(clip="mean").total(values)) == pytest.approx(0.10)
    assert float(Policy(clip="example").total(np.clip(values, 0, 1))) == pytest.approx(0.325)
    assert float(Policy(clip="mean").total([-1.0, 0.5])) == 0.0
    assert float(Policy().total([-1.0, 0.5])) == -0.25


def test_rows_without_a_reward_are_left_out_and_counted():
    found = total([1.0, NAN, 0.0, NAN])
    assert (found.value, found.n, found.left_out) == (0.5, 2, 2)
    assert math.isnan(total([NAN]).value)
    assert math.isnan(total([]).value)


def test_macro_and_micro():
    # task A: 1 item met of 1, task B: 10 of 40 (card 63)
    values = np.full((2, 40), 0.0)
    values[0, 0], values[1, :10] = 1.0, 1.0
    asked = np.ones((2, 40), dtype=bool)
    asked[0, 1:] = False
    scores = as_scores(values, asked=asked)
    macro, micro = Policy(), Policy(across="micro")
    assert float(macro.total(macro.score(scores))) == 0.625
    assert float(micro.total(micro.score(scores))) == pytest.approx(11 / 41)
    with pytest.raises(SettingError, match="Rewards"):
        micro.total([1.0, 0.25])


def test_groups_are_averaged_first():
    assert float(total([1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"])) == 0.5
    assert float(total([1.0, NAN, 0.0, 0.0], [0, 0, 1, 1])) == 0.5
    assert float(total([1.0, 0.0, 0.5], [0, 0, 1], mass=[3.0, 1.0, 2.0])) == pytest.approx((0.75 * 2 + 0.5 * 2) / 4)


def test_success_rate():
    assert float(total([1.0, 0.999, 0.0, 1.0], of="full")) == 0.5
    assert total([1.0, NAN], of="full").value == 1.0
    with pytest.raises(SettingError, match="mean or full"):
        total([1.0], of="half")


def test_bootstrap():
    values = np.arange(50) / 50
    found = total(values, rng=np.random.default_rng(0))
    # the standard error of the mean: sd / sqrt(n) = .2886 / 7.07
    assert found.std == pytest.approx(np.std(values) / math.sqrt(50), rel=0.1)
    assert found == total(values, rng=np.random.default_rng(0))
    assert total([0.3, 0.3], rng=np.random.default_rng(0)).std == pytest.approx(0.0, abs=1e-12)
    assert total([-1.0, -2.0], clip=True, rng=np.random.default_rng(0)).std == 0.0
    assert math.isnan(total(values).std)
    with pytest.raises(SettingError, match="resamples"):
        total(values, rng=np.random.default_rng(0), resamples=1)


def test_blocked_rate():
    native = [[1.0, -1.0, 0.0, -1.0], [NAN, 1.0, NAN, NAN], [NAN] * 4]
    found = share_at(native, -1.0)
    assert found[:2].tolist() == [0.5, 0.0]
    assert math.isnan(found[2])
    assert share_at([[1.0, -1.0]], -1.0, asked=[[True, False]]).tolist() == [0.0]
