"""The running limit on the spread of a prompt's rewards."""

import math

import numpy as np
import pytest

from rubricate.credit import StdFilter, drop_groups
from rubricate.errors import SettingError


def test_the_average_starts_late_and_the_filter_later():
    rule = StdFilter(beta=0.5, decay=0.5, ema_from=2, filter_from=3)
    wide, narrow, group = [0.0, 2.0, 0.0, 2.0], [0.0, 0.2, 0.0, 2.0], [0, 0, 1, 1]
    state = rule.update(rule.init(), wide, group)
    assert (state.step, math.isnan(state.ema)) == (1, True)
    state = rule.update(state, wide, group)
    assert state == (2, 1.0)
    assert rule.select(state, narrow, group).mask.all()
    state = rule.update(state, narrow, group)
    assert state.ema == pytest.approx(0.5 * 1.0 + 0.5 * (0.1 + 1.0) / 2)
    assert rule.limit(state) == pytest.approx(0.3875)
    assert rule.select(state, narrow, group).mask.tolist() == [False, False, True, True]


def test_groups_of_one_known_reward_do_not_enter():
    rule = StdFilter(ema_from=1, filter_from=1)
    state = rule.update(rule.init(), [0.0, 2.0, 5.0, float("nan")], [0, 0, 1, 1])
    assert state.ema == 1.0
    assert rule.update(state, [1.0], [0]).ema == 1.0


def test_the_rule_alone():
    x, group = [0.0, 0.2, 0.0, 2.0, 1.0], [0, 0, 1, 1, 2]
    assert drop_groups(x, group, "low_std", limit=0.5).mask.tolist() == [False, False, True, True, False]
    assert drop_groups(x, group, "low_std", limit=0.0).mask.tolist() == [True] * 4 + [False]


def test_the_papers_constants_and_bad_ones():
    rule, state, rng = StdFilter(), StdFilter().init(), np.random.default_rng(0)
    limits = []
    for _ in range(12):
        state = rule.update(state, rng.normal(size=16), np.repeat([0, 1], 8))
        limits.append(rule.limit(state))
    assert [k + 1 for k, value in enumerate(limits) if value > 0] == [11, 12]
    for bad in ({"beta": -1}, {"decay": 1.0}, {"ema_from": 0}, {"ema_from": 12}):
        with pytest.raises(SettingError):
            StdFilter(**bad)
