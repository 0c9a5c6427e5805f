import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers import numbers, numeric


def say(text, reference=None):
    return Sample("s", (), text, reference=reference)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("no digits", []),
        ("x = −5 or –6 or -$7.50", [-5, -6, -7.5]),
        ("5-3 and (3)-2, 5 - 3", [5, 3, 3, 2, 5, 3]),
        ("- 4 apples", [4]),
        ("H2O v2 a_3 GPT-4", [4]),
        ("1,234,567.89 and 1{,}000 and 1’000 and 12 345", [1234567.89, 1000, 1000, 12, 345]),
        ("{1,2,3} 1,23 1.2.3", [1, 2, 3, 1, 23, 1.2]),
        ("6.02 × 10²³, 1.5\\times 10^{-3}, 2 x 10^4, 1e-3, 2E6", [6.02e23, 1.5e-3, 2e4, 1e-3, 2e6]),
        ("3/4 cup, 3 / 0 cups", [0.75]),
        (".5 No.5 5. -.25", [0.5, 5, 5, -0.25]),
        ("１２ ４．５", [12, 4.5]),
        ("5kg 5th 1e400", [5, 5]),
    ],
)
def test_numbers_are_read(text, expected):
    assert [n.value for n in numbers(text)] == pytest.approx(expected)


def test_percent_and_the_decimal_comma():
    assert [(n.value, n.percent) for n in numbers("45%, 5 % or 50\\% of 9")] == [
        (45, True),
        (5, True),
        (50, True),
        (9, False),
    ]
    assert [n.value for n in numbers("1.234,5 und 3,5", ",")] == [1234.5, 3.5]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12), st.text("ab ,!", max_size=5))
def test_every_written_number_is_read_back(value, around):
    (found,) = numbers(f"{around} {value!r} {around}")
    assert found.value == value
    assert float(found.text) == value


def test_which_number_counts():
    text = say("From 3 to 5 it takes 8")
    assert numeric(text, 8).value == numeric(text, 3, which="first").value == numeric(text, 5, which="any").value == 1
    assert numeric(text, 5).value == numeric(text, 5, which="first").value == numeric(text, 4, which="any").value == 0
    assert numeric(text, [1, 8]).value == 1
    assert numeric(text, 5).reason == 'the last number is "8"; expected 5'
    assert numeric(say("none"), 5).reason == "no number found; expected 5"
    assert numeric(say("<think>5</think>6"), 5, which="any").value == 0


def test_tolerance_edges_are_inside():
    assert numeric(say("10.5"), 10, abs_tol=0.5).value == 1
    assert numeric(say("10.51"), 10, abs_tol=0.5).value == 0
    assert numeric(say("101"), 100, rel_tol=0.01).value == 1
    assert numeric(say("0.1"), 0, rel_tol=0.5).value == 0
    assert numeric(say("0.30000000000000004"), 0.3).value == 1


def test_percent_settings():
    assert [numeric(say("45%"), e).value for e in (45, 0.45, 4.5)] == [1, 1, 0]
    assert [numeric(say("45%"), 45, percent=p).value for p in ("number", "share")] == [1, 0]
    assert [numeric(say("0.45"), "45%", percent=p).value for p in ("either", "share", "number")] == [1, 1, 0]


def test_the_reference_is_expected_when_nothing_is_given():
    assert numeric(say("so 42", "6 x 7 = 42")).value == 1
    assert numeric(say("so 42", "no number")).value is None
    assert numeric(say("so 42")).value is None


@pytest.mark.parametrize(
    "bad",
    [
        {"which": "best"},
        {"percent": "%"},
        {"decimal": ";"},
        {"abs_tol": -1},
        {"rel_tol": math.nan},
        {"expected": "two 2 3"},
        {"expected": [math.inf]},
    ],
)
def test_bad_settings_are_refused(bad):
    with pytest.raises(SettingError):
        numeric(say("1"), **{"expected": 1} | bad)


@pytest.mark.parametrize("piece", ["1", "1,", "1/", "-", "1e", "1 x ", ".5", "１"])
def test_a_hostile_text_is_read_in_one_pass(piece):
    assert len(numbers(piece * 60_000)) <= 60_000
