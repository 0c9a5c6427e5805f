"""A terminal session by hand: decisions are recorded as they are made, and a session is taken up again."""

import io
import json

import pytest

from rubricate.errors import DataError, SettingError
from rubricate.refine import review

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
