import pytest

from rubricate.errors import SettingError
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample, State
from rubricate.verifiers import Outcome, answer_text, check_settings, decide, verifier


def sample(response):
    return Sample("s", (), response)


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("plain", "plain"),
        ("<think>a</think>b", "b"),
        (" <thinking>a\n</thinking>\n b ", "b"),
        ("a <think>x</think> b <think>y</think> c", "a  b  c"),
        ("the prompt opened the block</think>b", "b"),
        ("<think>never closed", ""),
        ("<think>a</think> <think>never closed", ""),
        ("b </p> <think> is a tag", "b </p> <think> is a tag"),
        ("x</think>y</think>z", "y</think>z"),
        ("<think></think>", ""),
        ("", ""),
    ],
)
def test_reasoning_is_stripped(response, answer):
    assert answer_text(sample(response)) == answer


def test_many_open_tags_take_no_quadratic_time():
    assert answer_text(sample("<think>" * 20_000)) == ""
    assert answer_text(sample("x" + "<think>" * 20_000)).startswith("x<think>")


@verifier("test_base/setting")
def picky(sample, unit="a"):
    if unit != "a":
        raise SettingError(f"unit={unit!r}", expected="a")
    return Outcome(1.0 / len(sample.response))  # breaks on an empty response, which is no fault of the settings


def criterion(**settings):
    return Criterion(id="c", text="t", verifier={"name": "test_base/setting", **settings})


def test_a_bad_setting_is_found_before_anything_is_judged():
    with pytest.raises(SettingError, match=r"criterion 'c', verifier 'test_base/setting': unit='b'"):
        check_settings(criterion(unit="b"))
    check_settings(criterion())


def test_a_broken_program_costs_one_verdict():
    assert decide(sample(""), criterion()).state is State.FAILED
    assert decide(sample("ab"), criterion()).value == 0.5
