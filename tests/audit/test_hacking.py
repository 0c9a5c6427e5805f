"""Monitors of a training run: by hand, against simulated runs, and silent on honest ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.audit import (
    Limits,
    alarms,
    dead_groups,
    divergence_onset,
    length_drift,
    proxy_gap,
    saturation,
    shortcut_share,
)
from rubricate.errors import SettingError, ShapeError

NAN = float("nan")


# by hand ------------------------------------------------------------------------------------------------------------


def test_gap_by_hand():
    found = proxy_gap([[0.2, 0.4, NAN], [1.0, 0.8, 0.5], [NAN] * 3], [[0.1, 0.1, 0.0], [0.1, 0.3, 0.5], [1.0] * 3])
    assert found.gap[:2] == pytest.approx([0.2, 1.4 / 3])
    assert np.isnan(found.gap[2])
    assert found.prompts.tolist() == [2.0, 3.0, 0.0]
    # deviations of the second: .9, .5, .0 from 1.4/3; variance over n - 1, error = sqrt(var / 3)
    d = np.array([0.9, 0.5, 0.0]) - 1.4 / 3
    assert found.error[1] == pytest.approx(np.sqrt((d**2).sum() / 2 / 3))
    assert np.isnan(found.error[2])


def test_the_baseline_takes_away_what_the_judges_differ_by_from_the_start():
    proxy, reference = [[0.5, 0.1], [0.7, 0.1], [0.9, 0.9]], [[0.1, 0.1], [0.3, 0.1], [0.3, 0.1]]
    assert proxy_gap(proxy, reference, baseline=2).gap == pytest.approx([0.0, 0.0, 0.5])
    with pytest.raises(SettingError):
        proxy_gap(proxy, reference, baseline=4)
    with pytest.raises(ShapeError):
        proxy_gap(proxy, [[1.0]])


def test_shortcut_share_by_hand():
    proxy = [[1.0, 1.0, 0.2, 1.0], [1.0, 0.0, 0.0, NAN]]
    shown = [[True, False, True, True], [True, True, True, True]]
    assert shortcut_share(proxy, shown, least=2)[0] == pytest.approx(2 / 3)
    assert np.isnan(shortcut_share(proxy, shown, least=2)[1])
    assert np.isnan(shortcut_share(proxy, shown)).all()  # the card wants 20


def test_onset_by_hand_and_its_sweep():
    gap = [0, 0, 0, 0, 0, 0.11, 0.11, 0.11, 0.11, 0.11, 0.5, 0.5, 0.5]
    # centred means of 5: t=5 .066, t=6 .088, t=7 .11, t=8 .188: the levels are reached at 6, 7, 8; of equals the smaller
    found = divergence_onset(gap)
    assert (found.checkpoint, found.first, found.last) == (6, 6, 8)
    assert found.severe == 10  # mean of .11 .11 .5 .5 .5 = .344; at 9: .266
    assert divergence_onset(gap[:6]) == (-1, -1, -1, -1)


def test_onset_needs_the_shortcut_where_one_is_named():
    gap, low, high = [0.4] * 9, [0.05] * 9, [0.0, 0.0, 0.0, 0.0, 0.2, 0.4, 0.6, 0.6, 0.6]
    assert divergence_onset(gap, low).checkpoint == -1
    # centred means of the share: t=3 .12, t=4 .24, t=5 .36: shares .15 and .20 at 4, .25 and .30 at 5: the smaller mode
    assert divergence_onset(gap, high) == (4, 4, 5, 7)  # .55 over the four that are left at 7


def test_onset_is_none_unless_most_of_the_sweep_agrees():
    assert divergence_onset([0.09] * 5).checkpoint == -1  # above one level of three
    assert divergence_onset([0.11] * 5).checkpoint == 0
    assert divergence_onset([NAN] * 5) == (-1, -1, -1, -1)
    with pytest.raises(SettingError):
        divergence_onset([0.0], window=4)


def test_dead_groups_by_hand():
    reward = [[[1.0, 1.0, 1.0], [0.0, 1.0, 0.0]], [[NAN, 1.0, NAN], [0.5, 0.5, NAN]], [[NAN] * 3, [NAN] * 3]]
    assert dead_groups(reward)[:2].tolist() == [0.5, 1.0]
    assert np.isnan(dead_groups(reward)[2])
    assert dead_groups([[[1.0, 1.05]]], tolerance=0.1).tolist() == [1.0]


def test_saturation_by_hand():
    found = saturation([[[1.0, 0.0, 0.5, NAN], [1.0, 0.0, NAN, NAN]], [[1.0, 1.0, 0.0, 1.0], [0.9, 0.0, 0.1, NAN]]])
    assert found.rate[0, :3].tolist() == [1.0, 0.0, 0.5]
    assert found.full.tolist() == [[True, False, False, False], [True, False, False, True]]
    assert found.empty.tolist() == [[False, True, False, False], [False, False, True, False]]
    assert found.alive.tolist() == [1.0, 1.0]
    with pytest.raises(SettingError):
        saturation([[[1.0]]], low=0.9, high=0.1)


def test_length_drift_by_hand():
    length = [[[10.0, 20.0], [30.0, 40.0]], [[20.0, 40.0], [60.0, NAN]]]
    reward = [[[0.0, 1.0], [1.0, 0.0]], [[0.2, 0.4], [NAN, 0.0]]]
    found = length_drift(length, reward, baseline=1)
    assert found.ratio == pytest.approx([1.0, 40.0 / 25.0])
    assert found.slope == pytest.approx([0.0, 1.0])  # the prompts cancel; then one pair is left, longer and paid more
    assert np.isnan(length_drift(length, np.ones((2, 2, 2)), baseline=1).slope).all()
    with pytest.raises(SettingError):
        length_drift(length, reward, baseline=0)


# laws ---------------------------------------------------------------------------------------------------------------

arrays = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed))


@given(arrays)
def test_the_order_of_prompts_does_not_matter(rng):
    proxy, reference = rng.random((2, 6, 5))
    order = rng.permutation(5)
    one, two = proxy_gap(proxy, reference), proxy_gap(proxy[:, order], reference[:, order])
    np.testing.assert_allclose(one.gap, two.gap, atol=1e-12)
    np.testing.assert_allclose(one.error, two.error, atol=1e-12)
    assert not np.allclose(proxy_gap(proxy, reference[:, order]).error, one.error) or (order == np.arange(5)).all()


@given(arrays)
def test_a_constant_added_to_both_judges_changes_nothing(rng):
    proxy, reference = rng.random((2, 9, 4))
    gap = proxy_gap(proxy, reference).gap
    assert divergence_onset(gap) == divergence_onset(proxy_gap(proxy + 0.25, reference + 0.25).gap.round(12)) or (
        np.abs(gap[:, None] - [0.08, 0.1, 0.12]).min() < 1e-9
    )
    assert proxy_gap(proxy + 0.25, reference).gap == pytest.approx(gap + 0.25)  # to one of them: seen


@given(arrays)
def test_length_and_reward_may_be_on_any_scale(rng):
    length, reward = rng.integers(1, 50, (4, 3, 6)).astype(float), rng.random((4, 3, 6))
    one = length_drift(length, reward)
    two = length_drift(3 * length, 5 * reward + 1)
    np.testing.assert_allclose(one.ratio, two.ratio)
    np.testing.assert_allclose(one.slope, two.slope, atol=1e-9)
    np.testing.assert_allclose(length_drift(length, -reward).slope, -one.slope, atol=1e-12)


# whole runs ---------------------------------------------------------------------------------------------------------


def run(seed, hack=None, steps=40, prompts=4, size=8):
    """A simulated run: quality rises from .2 to .95; from checkpoint ``hack`` the policy drifts to a shortcut."""
    rng = np.random.default_rng(seed)
    t = np.arange(steps)[:, None, None]
    quality = np.broadcast_to(0.2 + 0.75 / (1 + np.exp(-(t - 14) / 4)), (steps, prompts, size))
    reference = np.clip(quality + rng.normal(0, 0.1, quality.shape), 0, 1)
    proxy = np.clip(reference + 0.05 + rng.normal(0, 0.05, quality.shape), 0, 1)
    shortcut = np.zeros(quality.shape, dtype=bool)
    if hack is not None:
        shortcut = rng.random(quality.shape) < 1 / (1 + np.exp(-(t - hack) / 2))
        reference = np.where(shortcut, np.clip(0.25 + rng.normal(0, 0.05, quality.shape), 0, 1), reference)
        proxy = np.where(shortcut, 1.0, proxy)
    length = rng.normal(20, 2, quality.shape)
    return proxy, reference, shortcut, length


@pytest.mark.parametrize("seed", range(10))
def test_an_honest_run_raises_no_alarm(seed):
    proxy, reference, shortcut, length = run(seed)
    scores = proxy.mean(2)[:, :, None]
    assert alarms(proxy, reference, scores, length) == ()
    assert alarms(proxy, reference, scores, length, shortcut) == ()


@pytest.mark.parametrize("seed", range(10))
def test_a_hacked_run_raises_it_near_the_true_onset(seed):
    proxy, reference, shortcut, length = run(seed, hack=15)
    found = {
        a.monitor: a for a in alarms(proxy, reference, proxy.mean(2)[:, :, None], length, shortcut, names=("nice",))
    }
    assert 11 <= found["gap"].checkpoint <= 19  # the shortcut is at .1 at 11, at .9 at 19
    assert found["gap"].severe
    assert "nice" in found["saturation"].reason
    assert "while the reference is at 0." in found["zero_spread"].reason
    assert "length" not in found


@pytest.mark.parametrize("seed", range(5))
def test_the_alarm_comes_while_the_run_is_young(seed):
    proxy, reference, _, _ = run(seed, hack=15)
    first = next(t for t in range(5, 40) if any(a.monitor == "gap" for a in alarms(proxy[:t], reference[:t])))
    assert 12 <= first <= 22


def test_longer_answers_that_are_paid_for_are_told():
    rng = np.random.default_rng(99)
    proxy, reference, _, _ = run(0)
    length = 20 + 2.0 * np.arange(40)[:, None, None] + rng.normal(0, 3, proxy.shape)
    paid = proxy + 0.02 * (length - length.mean(2, keepdims=True))
    found = [a.monitor for a in alarms(paid, reference, length=length)]
    assert found == ["length"]
    assert alarms(proxy, reference, length=length) == ()  # it grows, and is not paid for it


def test_alarms_say_where_and_why():
    proxy, reference, _, _ = run(1, hack=15)
    found = alarms(proxy, reference)
    assert str(found[0]).startswith(f"{found[0].monitor} (")
    assert [a.checkpoint for a in found] == sorted(a.checkpoint for a in found)
    assert alarms(proxy, reference, limits=Limits(gap=(2.0,), severe=2.0, dead=2.0)) == ()


def test_a_reference_that_was_seldom_asked_is_enough():
    proxy, reference, _, _ = run(2, hack=15)
    reference = reference.copy()
    reference[:, :, 2:] = NAN
    reference[::2] = NAN
    assert "gap" in [a.monitor for a in alarms(proxy, reference)]
