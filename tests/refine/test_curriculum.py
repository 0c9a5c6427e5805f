"""Curricula by hand, and what dropping for good does to a policy that forgets (card 6)."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.refine import CriterionCurriculum, CriterionState, PromptCurriculum, learnable

NAN = math.nan


def final(curriculum, seed, steps=1500):
    """Mean pass rate of ten skills that relax to the base policy when nothing rewards them."""
    rng = np.random.default_rng(seed)
    skill = -1 + 0.3 * rng.normal(size=10)
    state = curriculum.start(10) if curriculum else None
    for _ in range(steps):
        p = 1 / (1 + np.exp(-skill))
        live = np.ones(10, dtype=bool) if state is None else curriculum.in_play(state, rng)
        skill = skill + live * 0.6 * p * (1 - p) / max(live.sum(), 1)
        skill = skill - 0.004 * (skill > -1)
        if state is not None:
            seen = (rng.random((8, 10)) < 1 / (1 + np.exp(-skill))).mean(0)
            state = curriculum.update(state, np.where(live, seen, NAN))
    return (1 / (1 + np.exp(-skill))).mean()


def test_dropping_for_good_is_unlearned_and_rechecking_is_not():
    drop, recheck, everything = (
        np.mean([final(c, s) for s in range(5)])
        for c in (CriterionCurriculum(rule="drop"), CriterionCurriculum(), None)
    )
    assert drop < 0.4
    assert recheck > 0.85
    assert recheck > everything - 0.05


def test_states_by_hand():
    c = CriterionCurriculum(window=2, decay=0.5)
    state = c.start(4)
    assert state.status.tolist() == [1, 1, 0, 0]
    state = c.update(state, [1, 1, NAN, NAN])
    np.testing.assert_allclose(state.ema, [0.5, 0.5, 0, 0])
    state = c.update(c.update(state, [1, 0.6, NAN, NAN]), [1, 1, NAN, NAN])
    np.testing.assert_allclose(state.ema[:2], [0.875, 0.775])
    assert state.status.tolist() == [1, 1, 1, 0], "mean ema above .75 lets one in"
    state = c.update(state, [1, NAN, 0, 1])
    assert state.status.tolist() == [2, 1, 1, 0]
    assert state.ema[3] == 0, "a candidate has no signal"
    assert c.update(state, [NAN] * 4).status.tolist() == state.status.tolist()
    assert c.update(state, [0, NAN, NAN, NAN]).status[0] == 1
    assert CriterionCurriculum(decay=0.5, rule="drop").update(state, [0, NAN, NAN, NAN]).status[0] == 2
    assert c.extend(state, 2).status.tolist() == [2, 1, 1, 0, 0, 0]


def test_mastered_is_strictly_above_and_only_one_is_rechecked():
    c = CriterionCurriculum(window=1, decay=0.0)
    assert c.update(c.start(1), [0.9]).status.tolist() == [1]
    state = CriterionState(np.array([2, 2, 2, 1]), np.ones(4))
    drawn = [c.in_play(state, np.random.default_rng(s)) for s in range(40)]
    assert {int(d.sum()) for d in drawn} == {2}
    assert np.array(drawn).any(0).all()
    assert CriterionCurriculum(rule="drop").in_play(state, np.random.default_rng(0)).tolist() == [False] * 3 + [True]


def test_prompts_come_in_from_the_middle():
    p = PromptCurriculum(size=2)
    status = p.start([0.625, 0.75, 0.25, NAN, 0.5])
    assert status.tolist() == [1, 2, 0, 0, 1]
    assert p.update(status, [0.9, NAN, 0.3, NAN, 0.5]).tolist() == [1, 2, 0, 0, 1]
    assert p.update(status, [0.95, NAN, 0.3, NAN, 1.0]).tolist() == [2, 2, 1, 1, 2]
    assert learnable([0.1, 0.2, 0.9], low=0.1, high=0.9).tolist() == [False, True, False]


def test_bad_arguments():
    with pytest.raises(UnknownNameError, match="recheck"):
        CriterionCurriculum(rule="forget")
    with pytest.raises(SettingError, match="demote"):
        CriterionCurriculum(demote=0.95)
    with pytest.raises(SettingError, match="size"):
        PromptCurriculum(size=0)
    c = CriterionCurriculum()
    with pytest.raises(ShapeError, match="C = "):
        c.update(c.start(3), [1.0])
    with pytest.raises(ShapeError, match="shares"):
        c.update(c.start(1), [2.0])
