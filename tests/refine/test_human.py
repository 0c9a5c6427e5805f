"""A terminal session by hand: decisions are recorded as they are made, and a session is taken up again."""

import io
import json

import pytest

from rubricate.errors import DataError, SettingError
from rubricate.refine import Decision, review, reviewed
from rubricate.rubrics import Rubric, lock

CRITERIA = [("a", "Is short."), ("b", "Is good."), ("c", "Names a source.")]


def session(path, typed, criteria=CRITERIA):
    screen = io.StringIO()
    return review(criteria, path, io.StringIO(typed), screen), screen.getvalue()


def test_a_session_is_taken_up_again(tmp_path):
    path = tmp_path / "review.jsonl"
    first, shown = session(path, "a\nr\ntoo vague\n")
    assert [(d.criterion, d.action, d.reason) for d in first] == [("a", "accept", ""), ("b", "reject", "too vague")]
    assert "[3] c" in shown
    second, shown = session(path, "e\nNames its source.\n")
    assert [d.action for d in second] == ["accept", "reject", "edit"]
    assert (second[2].text, second[2].after) == ("Names a source.", "Names its source.")
    assert "Is short" not in shown
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 3
    third, shown = session(path, "", [("a", "Is very short."), *CRITERIA[1:]])
    assert [d.criterion for d in third] == ["b", "c"]
    assert "Is very short" in shown


def test_what_is_no_answer_is_asked_again(tmp_path):
    found, shown = session(tmp_path / "x", "what\ne\n\na\nq\n")
    assert [d.action for d in found] == ["accept"]
    assert shown.count("[a/r/e/q]") == 4


def test_a_spoilt_record_is_named(tmp_path):
    path = tmp_path / "review.jsonl"
    session(path, "a\n")
    path.write_text(path.read_text() + "{\n")
    with pytest.raises(DataError, match=r"review\.jsonl:2"):
        session(path, "")
    path.write_text('{"criterion": "a", "text": "t", "action": "keep", "after": ""}\n')
    with pytest.raises(DataError, match="accept, reject or edit"):
        session(path, "")
    with pytest.raises(SettingError, match="one id"):
        session(path, "", [CRITERIA[0], CRITERIA[0]])


def test_decisions_are_applied_to_the_criteria_that_were_shown():
    rubric = Rubric(
        id="r",
        criteria=[
            {"id": "a", "text": "Is short."},
            {"id": "b", "text": "Is good."},
            {"id": "t", "text": "Sources", "children": [{"id": "c", "text": "Names a source."}, {"id": "d", "text": "Links."}]},
            {"id": "u", "text": "Taste", "children": [{"id": "e", "text": "Is charming."}]},
            {"id": "f", "text": "Was changed since."},
        ],
    )  # fmt: skip
    made = [
        Decision("a", "Is short.", "accept", "Is short."),
        Decision("b", "Is good.", "reject", ""),
        Decision("c", "Names a source.", "edit", "Names its source."),
        Decision("e", "Is charming.", "reject", ""),
        Decision("f", "As it was.", "reject", ""),
    ]
    found = reviewed(lock(rubric), made)
    assert [(c.id, c.text) for c in found.walk()] == [
        ("a", "Is short."), ("t", "Sources"), ("c", "Names its source."), ("d", "Links."), ("f", "Was changed since."),
    ]  # fmt: skip
    assert [c.id for c in found.walk() if c.provenance and c.provenance.reviewed] == ["a", "c"]
    assert found.locked is None
    assert reviewed(rubric, []).digest == rubric.digest
    with pytest.raises(DataError, match="every criterion was rejected"):
        reviewed(Rubric(id="r", criteria=[{"id": "b", "text": "Is good."}]), made)
