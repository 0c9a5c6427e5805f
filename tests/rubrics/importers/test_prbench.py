"""PRBench tasks: the weight of the class that counts, the conversation, the references."""

import pytest

from rubricate.errors import DataError
from rubricate.rubrics.importers import prbench

STALE = {
    "critically_important_weight": 9, "important_weight": 5, "slightly_important_weight": 1,
    "slightly_detrimental_weight": -2, "detrimental_weight": -4, "critically_detrimental_weight": -10,
}  # fmt: skip


def item(kind, **more):
    return {"id": f"i {kind}", "title": f"Does {kind}.", "annotations": {"weight_class": kind, **STALE, **more}}


ROW = {
    "task": "t1",
    "turns": 2,
    "field": "Finance",
    "topic": "Tax",
    "expert": "CPA",
    "scratchpad": "mind the year",
    "rubric": [
        item("slightly important", criteria_category="Accuracy"),
        item("critically detrimental"),
        item("important"),
    ],
    "prompt_0": "One?",
    "response_0": "Yes.",
    "reference_texts_0": ["the law"],
    "prompt_1": "Two?",
    "response_1": None,
    "reference_texts_1": [],
    "prompt_2": float("nan"),
}


def test_a_task():
    found = prbench(ROW)
    rubric = found.rubric
    assert [(c.id, c.weight, c.weight_class) for c in rubric.criteria] == [
        ("i slightly important", 1, "slightly important"),
        ("i critically detrimental", -10, "critically detrimental"),
        ("i important", 5, "important"),
    ]
    assert rubric.criteria[0].axis == "Accuracy"
    assert [m["content"] for m in rubric.prompt] == ["One?", "Yes.", "Two?"]
    assert (rubric.domain, rubric.topic, rubric.notes, rubric.annotators) == (
        "Finance",
        "Tax",
        "mind the year",
        ("CPA",),
    )
    assert (rubric.references, rubric.policy.name, dict(found.extra)) == (("the law",), "prbench", {"turns": 2})


def test_a_stale_column_changes_nothing_and_the_one_that_counts_does():
    other = prbench(ROW | {"rubric": [item("important", critically_important_weight=7), *ROW["rubric"][:2]]})
    assert other.rubric.criteria[0].weight == 5
    assert prbench(ROW | {"rubric": [item("important", important_weight=6)]}).rubric.criteria[0].weight == 6


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            ROW | {"rubric": [item("vital")]},
            r"rubric\[0\].annotations.weight_class: found the text 'vital'; expected one of",
        ),
        (
            ROW | {"rubric": [item("detrimental", detrimental_weight=4)]},
            r"the weight of a 'detrimental' item is 4; expected neg",
        ),
        (ROW | {"rubric": [item("important", important_weight=None)]}, r"'important_weight' is missing"),
        (ROW | {"response_1": "Yes."}, "the conversation ends with a response"),
        (ROW | {"prompt_0": "", "response_0": "", "prompt_1": ""}, "'prompt_0' is missing"),
    ],
)
def test_what_is_refused(row, message):
    with pytest.raises(DataError, match=message):
        prbench(row)
