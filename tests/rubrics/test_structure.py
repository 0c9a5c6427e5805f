"""A rubric as arrays for the policies that are not flat."""

import numpy as np
import pytest

from rubricate.errors import RubricError, UnknownNameError
from rubricate.rewards.named import named
from rubricate.rewards.policies import as_scores
from rubricate.rubrics import Rubric


def leaf(name, **fields):
    return {"id": name, "text": f"Says {name}.", **fields}


def test_nodes_leaves_and_columns_agree():
    rubric = Rubric(
        id="r",
        criteria=[
            leaf("a", strategy="sequential", children=[leaf("b", required=True), leaf("c", weight=-2, axis="style")]),
            leaf("d", weight_class="Essential", tags=["x", "y"], max_points=3, cap=2, min_score=1),
        ],
        max_total=7,
        dimension_weights={"": 3, "style": 1},
    )
    s = rubric.structure()
    assert s.ids == ("a", "b", "c", "d")
    assert s.parent.tolist() == [-1, 0, 0, -1]
    assert [s.ids[k] for k in s.leaves] == list(rubric.columns().ids) == ["b", "c", "d"]
    assert s.sequential.tolist() == [True, False, False, False]
    assert s.critical.tolist() == [False, True, False, False]
    assert s.bad.tolist() == [False, False, True, False]
    assert (s.max_points[3], s.min_score[3], s.max_total) == (2.0, 1.0, 7.0)
    assert s.classes[3] == "essential"
    assert s.tags[3] == ("x", "y")
    assert (s.categories, s.category_weights.tolist()) == (("", "style"), [3.0, 1.0])


def test_a_deduction_is_bad_when_met_unless_it_was_turned_round():
    rubric = Rubric(
        id="r",
        criteria=[leaf("a", deduction=1), leaf("b", deduction=1, polarity="bad_if_met"), leaf("c", void_parent=True)],
    )
    assert rubric.columns().flip.tolist() == [False, True, False]
    assert rubric.structure().bad.tolist() == [True, False, True]


def test_stages_come_from_the_rubric_or_from_the_top_criteria():
    stages = [{"id": "gate", "required": True, "min_score": 1, "on_failure": "stop"}, {"id": "quality"}]
    rubric = Rubric(id="r", stages=stages, criteria=[leaf("a", stage="gate"), leaf("b", stage="quality")])
    assert rubric.structure().stage.tolist() == [0, 1]
    nested = Rubric(
        id="r",
        criteria=[
            leaf("gate", required=True, min_score=1, on_failure="stop", max_points=4, children=[leaf("a")]),
            leaf("b"),
        ],
    ).structure()
    assert nested.stages.ids == ("gate",)
    assert nested.stage.tolist() == [0, 0, -1]
    assert (nested.stages.max_points[0], nested.stages.min_score[0]) == (4.0, 1.0)
    scores = as_scores([[0.0, 1.0], [1.0, 1.0]])
    assert named("arcane_staged").score(scores, nested).values.tolist() == [0.0, 2.0]


def test_nothing_falls_back_in_silence():
    stages = [{"id": "gate"}]
    with pytest.raises(UnknownNameError, match="gate"):
        Rubric(id="r", stages=stages, criteria=[leaf("a", stage="gaet")]).structure()
    with pytest.raises(RubricError, match="the axis 'style' has no dimension weight"):
        Rubric(id="r", dimension_weights={"": 1}, criteria=[leaf("a"), leaf("b", axis="style")]).structure()


def test_a_stage_label_without_stages_is_only_a_label():
    s = Rubric(id="r", criteria=[leaf("a", stage="planning", target="stage")]).structure()
    assert s.stage.tolist() == [-1]
    assert np.isnan(s.max_total)
