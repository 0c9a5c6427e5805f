"""A gain on the same items: by hand, with what is missing left out of both sides, with an interval that can fail."""

import numpy as np
import pytest

from rubricate.audit import discrimination, group_spread, paired_gain
from rubricate.errors import SettingError

NAN = float("nan")


def rng():
    return np.random.default_rng(0)


def test_an_item_that_lacks_one_side_counts_for_neither():
    found = paired_gain([0.0, 1.0, NAN, 0.0], [1.0, 1.0, 1.0, NAN], rng())
    assert (found.before, found.after, found.gain, found.n) == (0.5, 1.0, 0.5, 2)


def test_a_gain_on_every_item_is_sure_and_one_by_chance_is_not():
    noise = np.random.default_rng(1).random(200)
    assert paired_gain(noise, noise + 0.1, rng()).sure
    shuffled = np.random.default_rng(2).permutation(noise)
    assert not paired_gain(noise, shuffled, rng()).sure


def test_the_pairing_matters():
    """The items differ far more than the gain: only the paired interval sees it."""
    before = np.random.default_rng(3).normal(0, 10, 50)
    after = before + 0.5 + np.random.default_rng(4).normal(0, 0.1, 50)
    assert paired_gain(before, after, rng()).sure
    assert not paired_gain(before, np.roll(after, 1), rng()).sure


def test_nothing_in_common_is_nothing_known():
    found = paired_gain([NAN], [1.0], rng())
    assert found.n == 0
    assert np.isnan(found.gain)
    assert not found.sure
    with pytest.raises(SettingError):
        paired_gain([1.0], [1.0], rng(), level=1.0)


def test_discrimination_against_a_plain_loop():
    draw = np.random.default_rng(5)
    reward = draw.integers(0, 4, 60) / 3.0
    reward[draw.random(60) < 0.2] = NAN
    group = draw.integers(0, 12, 60)
    spreads, tied, pairs = [], 0, 0
    for g in np.unique(group):
        own = [float(x) for x in reward[group == g] if not np.isnan(x)]
        if len(own) >= 2:
            spreads.append(np.std(own))
        for i, x in enumerate(own):
            for y in own[i + 1 :]:
                pairs += 1
                tied += abs(x - y) < 1e-9
    found = discrimination(reward, group)
    assert found.spread == pytest.approx(np.mean(spreads))
    assert (found.groups, found.pairs) == (len(spreads), pairs)
    assert found.tied == pytest.approx(tied / pairs)


def test_alone_nobody_is_told_apart():
    assert np.isnan(group_spread([1.0, 0.0], [0, 1])).all()
    found = discrimination([1.0, NAN], [0, 0])
    assert np.isnan(found.spread)
    assert np.isnan(found.tied)
    assert found.pairs == 0
