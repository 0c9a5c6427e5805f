"""The criteria of a rubric as arrays over nodes."""

import numpy as np
import pytest

from rubricate.errors import ShapeError, UnknownNameError
from rubricate.structure import Stages, Structure


def test_defaults_and_derived_fields():
    s = Structure.of([-1, 0, 0, -1], weight=[1.0, 1.0, -2.0, 1.0], deduction=[0.0, 0.0, 0.0, 1.0])
    assert s.column.tolist() == [-1, 0, 1, 2]
    assert (len(s), s.width, s.top) == (4, 3, (0, 3))
    assert s.leaves.tolist() == [1, 2, 3]
    assert s.children == ((1, 2), (), (), ())
    assert s.bad.tolist() == [False, False, True, True]


def test_shapes_are_checked():
    with pytest.raises(ShapeError, match="weight has length 1"):
        Structure.of([-1, 0], weight=[1.0])
    with pytest.raises(ShapeError, match="parents before children"):
        Structure.of([1, -1])
    with pytest.raises(ShapeError, match="on the leaves"):
        Structure.of([-1, 0, 0], column=[-1, 0, 0])


def test_columns_may_come_in_another_order():
    s = Structure.of([-1, 0, 0], column=[-1, 1, 0])
    assert s.leaves.tolist() == [2, 1]


def test_class_codes():
    s = Structure.of([-1, -1, -1], classes=("core", "", "fatal"))
    assert s.class_codes(["Fatal", "Core"]).tolist() == [1, -1, 0]
    with pytest.raises(UnknownNameError, match="core"):
        s.class_codes(["essential", "fatal"])


def test_stages():
    stages = Stages.of(
        [{"id": "a", "required": True, "max_points": 2}, {"id": "b", "on_failure": "zero", "min_score": 1}]
    )
    assert stages.required.tolist() == [True, False]
    np.testing.assert_array_equal(stages.max_points, [2.0, np.nan])
    assert stages.on_failure.tolist() == [0, 2]
    assert stages.min_score.tolist() == [0.0, 1.0]
