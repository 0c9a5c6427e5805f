"""Problems in the data of a rubric: one error for all, follow-ups and the library's wording left out."""

import pytest

from rubricate.errors import RubricError
from rubricate.rubrics.problems import Problem, examine, rubric_error, rubric_from

GOOD = {"id": "r", "criteria": [{"id": "a", "text": "x"}]}


def test_good_data_is_a_rubric():
    rubric, problems = examine(GOOD)
    assert (rubric.id, problems) == ("r", [])
    assert rubric_from(GOOD) == rubric


def test_an_invalid_item_brings_no_follow_up():
    _, problems = examine({"id": "r", "criteria": [{"id": "a", "text": "x", "weight": "two"}]})
    assert problems == [Problem(("criteria", 0, "weight"), "found the text 'two'", "a number")]


def test_a_misspelt_field_is_not_missing_as_well():
    _, problems = examine({"id": "r", "criteria": [{"id": "a", "txt": "x"}]})
    assert [p.path[-1] for p in problems] == ["txt"]
    _, problems = examine({"id": "r", "criteria": [{"id": "a", "colour": "x"}]})
    assert sorted(p.path[-1] for p in problems) == ["colour", "text"]


def test_the_branches_of_a_union_are_one_problem():
    _, problems = examine({**GOOD, "prompt": 5})
    assert problems == [Problem(("prompt",), "found the number 5", "text or a list", "Put it in quotes")]


@pytest.mark.parametrize(
    ("where", "line", "text"),
    [
        ("", None, "a: w; expected e. h"),
        ("f", None, "f: a: w; expected e. h"),
        ("f", lambda path: 7, "f:7: a: w; expected e. h"),
        ("", lambda path: 7, "line 7: a: w; expected e. h"),
    ],
)
def test_one_problem_reads_as_one_sentence(where, line, text):
    assert str(rubric_error([Problem(("a",), "w", "e", "h")], where, line)) == text


def test_many_problems_are_cut_at_five():
    error = rubric_error([Problem((f"a{k}",), "w") for k in range(7)], "f", lambda path: 3)
    assert str(error).split("\n  ") == ["f: 7 problems", *(f"line 3: a{k}: w" for k in range(5)), "... and 2 more"]
    with pytest.raises(RubricError, match=r"f: 2 problems\n  id: 'id' is missing\n  criteria: 'criteria' is missing"):
        rubric_from({}, "f")
