"""Stages: caps, stops, zeros, against numbers worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import PolicyError, SettingError
from rubricate.rewards.outcome import Why
from rubricate.rewards.policies import as_scores
from rubricate.rewards.staged import Staged
from rubricate.structure import Stages, Structure
from rubricate.types import STATES, State

NAN = math.nan
WEIGHTS = [2.0, 3.0, 3.0, 4.0]


def rubric(on_failure="stop", on_failure_score=0.0, required=True, max_total=9.0):
    stages = Stages.of(
        [
            {"id": "gate", "required": required, "min_score": 2.0, "max_points": 2.0, "on_failure": on_failure,
             "on_failure_score": on_failure_score},
            {"id": "correct", "max_points": 5.0},
            {"id": "quality", "min_score": 1.0, "max_points": 4.0},
        ]
    )  # fmt: skip
    return Structure.of([-1] * 4, weight=WEIGHTS, stage=[0, 1, 1, 2], stages=stages, max_total=max_total)


def score(structure, *rows, **settings_):
    return Staged(**settings_).score(as_scores(rows, WEIGHTS), structure).values.tolist()


def test_sum_of_capped_stages_capped():
    # 2, then min(6, 5), then 4: 11, capped at 9
    assert score(rubric(), [1.0, 1.0, 1.0, 1.0]) == [9.0]
    assert score(rubric(max_total=NAN), [1.0, 1.0, 1.0, 1.0]) == [11.0]
    assert score(rubric(), [1.0, 1.0, 0.0, 0.5]) == [2.0 + 3.0 + 2.0]


def test_a_required_stage_that_fails_stops_and_loses_its_points():
    assert score(rubric(), [0.5, 1.0, 1.0, 1.0]) == [0.0]  # 1 of the 2 points needed: the point is lost too


def test_zero_sets_the_total_and_continue_goes_on():
    assert score(rubric("zero", on_failure_score=0.5), [0.5, 1.0, 1.0, 1.0]) == [0.5]
    assert score(rubric("continue"), [0.5, 1.0, 0.0, 0.0]) == [4.0]
    assert score(rubric(required=False), [0.5, 1.0, 0.0, 0.0]) == [4.0]


def test_a_later_stop_keeps_what_came_before():
    stages = Stages.of(
        [{"id": "a"}, {"id": "b", "required": True, "min_score": 1.0, "on_failure": "stop"}, {"id": "c"}]
    )
    structure = Structure.of([-1] * 4, stage=[0, 1, 2, 2], stages=stages)
    assert Staged().score(as_scores([[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]), structure).values.tolist() == [
        1.0,
        4.0,
    ]


def test_criteria_without_a_stage_come_last():
    stages = Stages.of([{"id": "a", "required": True, "min_score": 1.0, "on_failure": "stop"}])
    structure = Structure.of([-1, -1], stage=[0, -1], stages=stages)
    assert Staged().score(as_scores([[1.0, 1.0], [0.0, 1.0]]), structure).values.tolist() == [2.0, 0.0]


def test_normalised_divides_by_what_can_be_reached():
    # caps 2 + 5 + 4 = 11, total 9
    assert score(rubric(), [1.0, 1.0, 0.0, 0.5], units="normalised") == [7.0 / 9.0]
    with pytest.raises(SettingError, match="native, normalised"):
        Staged(units="of_max")


def test_failing_must_not_pay():
    with pytest.raises(PolicyError, match="failing the stage 'gate' pays more"):
        score(rubric("zero", on_failure_score=3.0), [1.0, 1.0, 1.0, 1.0])


def test_a_stage_is_worth_at_least_nothing():
    structure = Structure.of([-1, -1], weight=[1.0, -2.0], stage=[0, 1], stages=Stages.of([{"id": "a"}, {"id": "b"}]))
    assert Staged().score(as_scores([[1.0, 1.0]], [1.0, -2.0]), structure).values.tolist() == [1.0]


def test_missing_and_skipped():
    structure = rubric()
    skipped = [[STATES.index(State.SCORED)] + [STATES.index(State.SKIPPED)] * 3]
    early = as_scores([[0.0, NAN, NAN, NAN]], WEIGHTS, asked=[[True, False, False, False]], states=skipped)
    assert Staged().score(early, structure).values.tolist() == [0.0]
    passed = as_scores([[1.0, NAN, NAN, NAN]], WEIGHTS, asked=[[True, False, False, False]], states=skipped)
    assert Staged().score(passed, structure).code[0] == Why.SKIPPED
    lost = as_scores([[1.0, NAN, 1.0, 0.0]], WEIGHTS)
    assert Staged().score(lost, structure).code[0] == Why.MISSING
    assert Staged(missing="worst_case").score(lost, structure).values.tolist() == [5.0]  # 2 + 3 + 0
    # with quality full, 2 + (3 to 5) + 4 is 9 at the cap either way
    assert Staged().score(as_scores([[1.0, NAN, 1.0, 1.0]], WEIGHTS), structure).values.tolist() == [9.0]
    # a stage at its cap does not need the lost verdict: 3 of 3
    capped = Structure.of([-1, -1], stages=Stages.of([{"id": "a", "max_points": 3.0}]), stage=[0, 0])
    assert Staged().score(as_scores([[1.0, NAN]], [3.0, 3.0]), capped).values.tolist() == [3.0]


def plain(row, structure):
    """Stage by stage, on Python numbers."""
    total = 0.0
    for k in range(len(structure.stages.ids)):
        points = sum(w * v for w, v, s in zip(WEIGHTS, row, structure.stage, strict=True) if s == k)
        points = min(points, structure.stages.max_points[k])
        if points < structure.stages.min_score[k] and structure.stages.required[k]:
            action = ("continue", "stop", "zero")[structure.stages.on_failure[k]]
            if action == "stop":
                break
            if action == "zero":
                total = float(structure.stages.on_failure_score[k])
                break
        total += points
    return min(total, structure.max_total)


ROW = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=4, max_size=4)


@settings(max_examples=60, deadline=None)
@given(ROW, st.sampled_from(["continue", "stop", "zero"]), st.booleans(), st.integers(0, 3))
def test_against_a_plain_loop_and_monotone(row, action, required, at):
    structure = rubric(action, required=required)
    got = score(structure, row)
    assert got == pytest.approx([plain(row, structure)])
    better = list(row)
    better[at] = 1.0
    assert score(structure, better)[0] >= got[0] - 1e-12


def test_contributions_of_the_gate_hold_everything():
    found = Staged().contributions(as_scores([[1.0, 1.0, 0.0, 0.0]], WEIGHTS), rubric())
    np.testing.assert_allclose(found, [[5.0, 3.0, 0.0, 0.0]])
