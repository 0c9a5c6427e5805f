import pytest

import rubricate.verifiers  # noqa: F401 - registers what the names stand for
from rubricate import registry
from rubricate.rubrics.checkable import _COMPILED, checkable


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("Does the output consist of exactly five sentences?", "length", "exactly five sentences"),
        ("Keeps to the 2,000-2,500 word limit.", "length", "2,000-2,500 word"),
        ("Is a 3,000+ word report.", "length", "3,000+ word"),
        ("评估回答是否符合3000-5000字的要求。", "length", "0字"),
        ("是否达到2万字", "length", "万字"),
        ('Includes all the words "tea", "pot".', "contains", 'Includes all the words "tea"'),
        ('Begins with "Dear Sir".', "starts_with", 'Begins with "Dear Sir"'),
        ("Ends with the word 'amen'.", "ends_with", "Ends with the word 'amen'"),
        ("Is valid JSON.", "json", "valid JSON"),
        ("Is presented in a bulleted list.", "regex", "in a bulleted list"),
        ("Is written in French.", "language", "written in French"),
    ],
)
def test_plain_demands_are_found(text, name, words):
    assert checkable(text) == ((name, words),)


@pytest.mark.parametrize(
    "text",
    [
        "Gives three tips on sleep.",
        "Combines the two given sentences.",
        "Explains the meaning of the word 'set'.",
        "Does the query return words that start with the letter 'd'?",
        "Is suited to a talk of 10 minutes.",
        "Has two characters who quarrel.",
        "Discusses life in French cities.",
        "使用词语准确",
    ],
)
def test_what_only_a_judge_can_say_is_left_to_it(text):
    assert checkable(text) == ()


def test_every_name_is_that_of_a_verifier():
    assert set(_COMPILED) <= set(dict(registry.items("verifier")))
