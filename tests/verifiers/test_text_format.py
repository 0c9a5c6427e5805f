import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers import text_format


def say(text):
    return Sample("s", (), text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<think>a</think> <answer>b</answer>", 1),
        ("so: <think>a</think> and <answer>b</answer>.", 1),
        ("<answer>b</answer><think>a</think>", 0),
        ("<think>a <answer>b</answer></think>", 0),
        ("<think>a</think><answer>b</answer><answer>c</answer>", 0),
        ("<think>a</think><answer>b", 0),
        ("</think>a<think><answer>b</answer>", 0),
        ("", 0),
    ],
)
def test_tags_once_and_in_order(text, value):
    assert text_format(say(text), tags=["think", "answer"]).value == value


def test_nothing_outside_the_tags():
    tags = ["think", "answer"]
    assert text_format(say(" <think>a</think>\n<answer>b</answer> "), tags, only_tags=True).value == 1
    found = text_format(say("<think>a</think> so <answer>b</answer>"), tags, only_tags=True)
    assert (found.value, found.reason) == (0, '"so" stands outside the tags')


@pytest.mark.parametrize(
    ("text", "value"),
    [("# Tea\nWarm", 1), ("<think>x</think>\n## Tea", 1), ("Tea\n===\nWarm", 1), ("#Tea", 0), ("Tea\n# Pot", 0)],
)
def test_a_heading_first(text, value):
    assert text_format(say(text), heading=True).value == value


def test_items():
    text = say("Do:\n- one\n* two\n  • three\n1. four\n2) five\n-- no\n3.5 no\n-no")
    assert text_format(text, min_items=3, max_items=3).value == 1
    assert text_format(text, items="numbered", min_items=2, max_items=2).value == 1
    found = text_format(text, max_items=2, heading=True)
    assert found.value == 0
    assert found.reason.endswith(", no heading; 3 bullets; expected at most 2")


@pytest.mark.parametrize("bad", [{}, {"items": "stars", "min_items": 1}, {"tags": ["a b"]}, {"only_tags": True}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(SettingError):
        text_format(say("x"), **bad)
