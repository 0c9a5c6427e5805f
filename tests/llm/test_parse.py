import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.llm.parse import last_object, parse_verdicts, strip_reasoning, whole_object

BINARY = {"met": 1.0, "not_met": 0.0}


def reply(*entries, **more):
    return json.dumps({"verdicts": list(entries)} | more)


def test_a_plain_reply():
    parsed = parse_verdicts(reply({"id": "a", "reason": "yes", "verdict": "met"}), {"a": BINARY})
    assert parsed.answers["a"].value == 1.0
    assert parsed.answers["a"].reason == "yes"
    assert not parsed.problems


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"id": "a", "verdict": "excellent"}, "never offered"),
        ({"id": "a", "verdict": 1}, "never offered"),
        ({"id": "a"}, "never offered"),
        ({"id": "b", "verdict": "met"}, "left out"),
    ],
)
def test_what_was_never_offered_is_a_problem_of_that_id(entry, problem):
    parsed = parse_verdicts(reply(entry), {"a": BINARY})
    assert problem in parsed.problems["a"]
    assert "a" not in parsed.answers


def test_doubled_ids_cancel_and_unknown_ones_are_listed():
    text = reply({"id": "a", "verdict": "met"}, {"id": "a", "verdict": "met"}, {"id": "z", "verdict": "met"})
    parsed = parse_verdicts(text, {"a": BINARY, "b": BINARY})
    assert parsed.problems == {"a": "answered twice", "b": "left out of the reply"}
    assert parsed.extra == ("z",)


@pytest.mark.parametrize(
    ("verdict", "offered", "value"),
    [
        (4, (1.0, 5.0, True), 4.0),
        ("4", (1.0, 5.0, True), 4.0),
        (3.5, (0.0, 10.0, False), 3.5),
        (3.5, (1.0, 5.0, True), None),
        (6, (1.0, 5.0, True), None),
        (True, (0.0, 1.0, True), None),
        ("NaN", (0.0, 1.0, False), None),
        (True, BINARY, 1.0),
        ("Not Met", BINARY, 0.0),
        ("no", {"no": 0.0, "yes": 1.0}, 0.0),
    ],
)
def test_numbers_and_labels(verdict, offered, value):
    parsed = parse_verdicts(reply({"id": "a", "verdict": verdict}), {"a": offered})
    assert (parsed.answers["a"].value if "a" in parsed.answers else None) == value


def test_nan_in_the_json_is_not_a_number():
    parsed = parse_verdicts('{"verdicts": [{"id": "a", "verdict": NaN}]}', {"a": (0.0, 1.0, False)})
    assert "a" not in parsed.answers


def test_abstaining_is_an_answer_without_a_value():
    answer = parse_verdicts(reply({"id": "a", "verdict": "cannot_tell"}), {"a": BINARY}).answers["a"]
    assert answer.abstained
    assert answer.value is None


def test_reasoning_and_echoed_examples_do_not_count():
    echoed = 'Format: {"verdicts": [{"id": "a", "verdict": "not_met"}]}. Now mine: '
    text = "<think>" + echoed + "</think>" + echoed + reply({"id": "a", "verdict": "met"}) + " Done."
    assert parse_verdicts(text, {"a": BINARY}).answers["a"].value == 1.0
    assert strip_reasoning("half a thought</think>rest") == "rest"


@pytest.mark.parametrize(
    "text", ["", "   ", "no json", '{"verdicts": [{"id": "a", "verdict": "me', "{}", "[1]", "null"]
)
def test_unreadable_replies_are_problems_of_every_id(text):
    parsed = parse_verdicts(text, {"a": BINARY, "b": BINARY})
    assert set(parsed.problems) == {"a", "b"}


def test_markdown_fences_are_read_and_other_forms_are_not():
    text = '```json\n{"verdicts": [{"id": "a", "verdict": "met"}]}\n```'
    assert parse_verdicts(text, {"a": BINARY}).answers["a"].value == 1.0
    keyed = parse_verdicts('{"verdicts": {"a": "met", "a": "not_met"}}', {"a": BINARY})
    assert "a" in keyed.problems


@given(st.text(max_size=300))
def test_no_text_breaks_the_parser_or_makes_a_verdict_without_the_key(text):
    parsed = parse_verdicts(text, {"a": BINARY})
    assert set(parsed.answers) | set(parsed.problems) == {"a"}
    if "verdicts" not in text:
        assert not parsed.answers
        assert last_object(text, "verdicts") is None


@pytest.mark.parametrize("text", ["", "x", "[1]", '{"a": 1} {"a": 1}', '{"a": NaN}', '{"a": 1, "a": 1}', 'so {"a": 1}'])
def test_only_a_reply_that_is_one_object_is_one(text):
    assert whole_object(text) is None


def test_reasoning_and_a_code_fence_around_an_object_do_not_count():
    assert whole_object('<think>{"a": 2}</think>\n```json\n{"a": {"b": 1}}\n```') == {"a": {"b": 1}}


@given(
    st.lists(
        st.sampled_from(["<think>", "</think>", "<THINK>", "<thinking>", "</thinking>", "a", "<", "\n"]), max_size=14
    )
)
def test_blocks_are_dropped_as_one_pattern_would(parts):
    text = "".join(parts)
    wanted = re.sub(r"<(think|thinking)>.*?</\1>", "", text, flags=re.DOTALL | re.IGNORECASE)
    for tag in ("</think>", "</thinking>"):
        wanted = wanted.rsplit(tag, 1)[-1]
    assert strip_reasoning(text) == wanted


def test_many_blocks_that_never_close_are_left_in_linear_time():
    assert strip_reasoning("<think>" * 20_000) == "<think>" * 20_000
    assert strip_reasoning("<think>" * 20_000 + "</thinking>a") == "a"
