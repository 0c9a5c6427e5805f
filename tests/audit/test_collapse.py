"""Signs of collapse in training curves."""

import pytest

from rubricate.audit import collapse_monitor, model_collapse_step
from rubricate.errors import SettingError, UnknownNameError

NAN = float("nan")


def test_the_two_rules():
    curve = [0.3, 0.5, 0.4, 0.009, 0.02, 0.005, 0.004, 0.003]
    assert model_collapse_step(curve) == 3
    assert model_collapse_step(curve, patience=2) == 5
    assert model_collapse_step(curve, patience=4) == -1
    assert model_collapse_step(curve, "peak") == 1
    assert model_collapse_step([0.1, 0.2, 0.3], "peak") == -1
    assert model_collapse_step([0.3, NAN, 0.001, NAN, 0.002], patience=2) == 2
    assert model_collapse_step([NAN, NAN]) == -1
    with pytest.raises(UnknownNameError):
        model_collapse_step(curve, "fall")
    with pytest.raises(SettingError):
        model_collapse_step(curve, patience=0)


def test_each_sign_has_its_own_step():
    t = 12
    length = [100.0] * 5 + [40.0] * 7
    repetition = [0.0] * 8 + [0.5] * 4
    reward = [k / t for k in range(t)]
    accuracy = [0.3, 0.4, 0.5, 0.5, 0.5, 0.5, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3]
    found = collapse_monitor(length, repetition, reward, accuracy)
    assert (found.shorter, found.repeating, found.drifting, found.first) == (5, 8, 6, 5)


def test_a_blip_a_falling_reward_and_no_measurement_are_no_collapse():
    calm = {"repetition": [0.0] * 8, "reward": list(range(8)), "accuracy": [0.5] * 8}
    blip = collapse_monitor([10, 10, 10, 2, 10, 10, 2, 10], **calm)
    assert blip.first == -1
    both_fall = collapse_monitor(
        [10] * 8, [0.0] * 8, [5, 6, 7, 6, 5, 4, 3, 2], [0.1, 0.3, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1]
    )
    assert both_fall.drifting == -1
    assert collapse_monitor([10] * 8, [0.0] * 8, list(range(8)), [NAN] * 8).first == -1
    assert collapse_monitor([10, 10], [0, 0], [0, 0], [0, 0]).first == -1
    with pytest.raises(SettingError):
        collapse_monitor([1], [0], [0], [0], short=1.5)
