import numpy as np
import pytest

from rubricate.arrays import pack
from rubricate.errors import SettingError, UnknownNameError
from rubricate.rewards import Sliders
from rubricate.rubrics import Rubric
from rubricate.scoring import reward
from rubricate.types import Judgement, State, Verdict

ONE = Rubric(id="one", criteria=[
    {"id": "kind", "text": "Kind."}, {"id": "right", "text": "Right.", "weight": 2}, {"id": "rude", "text": "Rude.", "weight": -1},
])  # fmt: skip
TWO = Rubric(id="two", criteria=[{"id": "right", "text": "Right.", "weight": 3}])
SLIDERS = Sliders.of(warmth=["kind", "rude"], rigour={"right": 1.0, "kind": 0.5})


def scored(rubric, *values):
    verdicts = tuple(Verdict(c.id, State.SCORED, v) for c, v in zip(rubric.leaves, values, strict=True))
    return Judgement(f"s{values}", rubric.digest, verdicts)


def packed():
    columns = {r.digest: r.columns() for r in (ONE, TWO)}
    return pack([scored(ONE, 1.0, 0.0, 1.0), scored(TWO, 1.0), scored(ONE, 0.0, 1.0, 0.0)], columns)


def test_weights_by_hand_over_two_rubrics():
    scores = packed()
    moved = SLIDERS.apply(scores, warmth=3.0, rigour=4.0)
    rows = [moved.weights[i, : len(moved.criteria[moved.rubric[i]])].tolist() for i in range(3)]
    assert rows == [[6.0, 8.0, -3.0], [12.0], [6.0, 8.0, -3.0]]
    assert moved.values is scores.values


def test_nothing_set_changes_nothing_and_zero_takes_a_criterion_out():
    scores = packed()
    assert np.array_equal(SLIDERS.apply(scores).weights, scores.weights)
    assert SLIDERS.apply(scores, warmth=0.0).weights[0, 0] == 0.0


def test_the_order_of_answers_follows_the_stakeholder():
    scores = packed()

    def of(**settings):
        return reward(SLIDERS.apply(scores, **settings), [ONE, TWO], "healthbench").values

    assert of(warmth=0.1)[0] < of(warmth=0.1)[2]
    sliders = Sliders.of(kindness=["kind"])
    moved = reward(sliders.apply(scores, kindness=50.0), [ONE, TWO], "healthbench").values
    assert moved[0] > moved[2]


def test_it_is_a_value():
    again = Sliders.of(warmth={"kind": 1.0, "rude": 1.0}, rigour={"right": 1, "kind": 0.5})
    assert again == SLIDERS
    assert hash(again) == hash(SLIDERS)


def test_what_would_do_nothing_is_refused():
    with pytest.raises(UnknownNameError, match="rigour, warmth"):
        SLIDERS.apply(packed(), heat=2.0)
    with pytest.raises(UnknownNameError, match="'brief'"):
        Sliders.of(length=["brief"]).apply(packed(), length=2.0)
    for value in (-1.0, float("nan"), float("inf")):
        with pytest.raises(SettingError, match="number >= 0"):
            SLIDERS.apply(packed(), warmth=value)
    for axes in ({}, {"a": []}, {"a": {"x": -1.0}}):
        with pytest.raises(SettingError):
            Sliders.of(**axes)
