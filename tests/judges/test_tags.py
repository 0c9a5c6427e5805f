import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.judges.tags import read_tag
from rubricate.llm.ask import Problem


def first_match(text):
    """The 4-way parser of RewardBench 2 as it is: the first of the four that stands anywhere."""
    return next((c for c in "ABCD" if f"[[{c}]]" in text), None)


def test_a_verdict_after_a_mention_is_read_as_said():
    text = (
        "One might think [[A]], because it is longer. But its third claim is false, and that decides it. " * 2 + "[[C]]"
    )
    assert read_tag(text, "ABCD") == "C"
    assert first_match(text) == "A"  # the defect


@pytest.mark.parametrize(
    "text", ["", "[[]]", "[A]", "[[E]]", "[[a]]", "[[A]] and [[B]]", "[[A]]" + "." * 90, "[[ A ]]"]
)
def test_none_or_several_are_problems(text):
    assert isinstance(read_tag(text, "ABCD"), Problem)


@given(st.text(max_size=200), st.sampled_from("ABCD"))
def test_what_stands_far_in_front_never_decides(before, letter):
    text = before + "." * 80 + f"[[{letter}]]"
    assert read_tag(text, "ABCD") == letter


@given(st.sampled_from("ABCD"), st.sampled_from("ABCD"))
def test_two_tags_in_the_tail_are_never_one(a, b):
    found = read_tag(f"[[{a}]] [[{b}]]", "ABCD")
    assert found == a if a == b else isinstance(found, Problem)
