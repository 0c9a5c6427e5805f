"""RaR questions: classes before the description, class weights, pitfalls worded for avoidance."""

import pytest

from rubricate.arrays import pack
from rubricate.errors import DataError
from rubricate.rewards.named import named
from rubricate.rubrics.importers import rar
from rubricate.rubrics.importers.base import scored
from rubricate.types import Judgement

ITEMS = [
    {"title": "Answer", "description": "Essential Criteria: Names the disease.", "weight": 5},
    {"title": "Dose", "description": "Optional Criteria: Gives a dose.", "weight": 2},
    {"title": "No panic", "description": "Pitfall Criteria: Does not frighten the patient.", "weight": -1},
]
ROW = {
    "question": "What is it?",
    "reference_answer": "Flu.",
    "question_source": "exam",
    "rubric": ITEMS,
    "rubric_list": [i["description"] for i in ITEMS],
    "rubric_count": 3,
}


def test_a_question():
    found = rar(ROW)
    rubric = found.rubric
    assert [(c.text, c.weight, c.weight_class, c.tags) for c in rubric.criteria] == [
        ("Names the disease.", 1.0, "Essential", ("points:5",)),
        ("Gives a dose.", 0.3, "Optional", ("points:2",)),
        ("Does not frighten the patient.", 0.9, "Pitfall", ("points:-1",)),
    ]
    assert not any(c.bad_if_met for c in rubric.criteria)
    assert (rubric.prompt, rubric.reference, rubric.provenance.source) == ("What is it?", "Flu.", "exam")
    assert (rubric.policy.name, dict(found.extra)) == ("rar_explicit", {})
    assert rar(ROW).rubric.id == rubric.id != rar(ROW | {"question": "What?"}).rubric.id


def test_its_score_is_the_published_formula():
    rubric = rar(ROW).rubric
    verdicts = tuple(scored(c.id, v, "j") for c, v in zip(rubric.criteria, (1.0, 0.0, 1.0), strict=True))
    scores = pack([Judgement("s", rubric.digest, verdicts)], {rubric.digest: rubric.columns()})
    reward = named(rubric.policy.name).score(scores, rubric.structure()).values
    assert reward.tolist() == pytest.approx([(1 + 0.9) / (1 + 0.3 + 0.9)])


def test_the_weight_may_be_the_class_itself():
    criterion = rar(
        ROW | {"rubric": [{"description": "Names it.", "weight": "important"}], "rubric_count": 1}
    ).rubric.criteria[0]
    assert (criterion.weight, criterion.weight_class, criterion.tags) == (0.7, "Important", ())


def test_another_list_is_kept():
    assert rar(ROW | {"rubric_list": ["other"]}).extra == {"rubric_list": ["other"]}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW | {"rubric_count": 4}, "rubric: there are 3 items; expected rubric_count, 4"),
        (
            ROW | {"rubric": [{"description": "Names it.", "weight": 5}], "rubric_count": 1},
            r"description: found the class ''",
        ),
        (
            ROW | {"rubric": [{"description": "Essential Criteria: x"}], "rubric_count": 1},
            r"rubric\[0\]: 'weight' is missing",
        ),
    ],
)
def test_what_is_refused(row, message):
    with pytest.raises(DataError, match=message):
        rar(row)
