"""Marker tokens: by hand, against a plain loop, laws with controls, and every way in which there is no number."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError
from rubricate.judges.markers import (
    NO_LOGPROBS,
    expected_score,
    find_marker,
    marker_margin,
    marker_mass,
    read_markers,
    read_reply,
    surface,
)
from rubricate.llm.ask import Problem
from rubricate.llm.client import Reply, Token

DIGITS = {str(k): float(k) for k in range(1, 10)}
YES_NO = {"yes": 1.0, "no": 0.0}


def token(text, **top):
    """A token whose top holds probabilities; ``_4`` stands for " 4"."""
    entries = tuple((name.replace("_", " "), math.log(p) if p > 0 else -math.inf) for name, p in top.items())
    return Token(text, dict(entries).get(text, -0.1), entries)


def words(text):
    """One token per word, each with its space in front."""
    parts = text.split(" ")
    return [Token(p if k == 0 else f" {p}", -0.1) for k, p in enumerate(parts)]


def test_by_hand():
    found = read_markers(Token("4", math.log(0.5), (("4", math.log(0.5)), (" 5", math.log(0.3)))), DIGITS)
    assert found.value == pytest.approx((4 * 0.5 + 5 * 0.3) / 0.8)
    assert found.spread == pytest.approx(math.sqrt(0.625 * 0.375**2 + 0.375 * 0.625**2))
    assert found.covered == pytest.approx(0.8)
    assert found.p["4"] == pytest.approx(0.625)
    assert found.p["9"] == 0.0
    assert sum(found.p.values()) == pytest.approx(1.0)


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(-10, 10)), min_size=1, max_size=9))
def test_expected_score_equals_a_plain_loop(pairs):
    mass, values = [m / 1000 for m, _ in pairs], [v for _, v in pairs]
    found = expected_score([mass], values)
    total = sum(mass)
    if total == 0:
        assert np.isnan(found.value[0])
        return
    mean = sum(m * v for m, v in zip(mass, values, strict=True)) / total
    variance = sum(m * (v - mean) ** 2 for m, v in zip(mass, values, strict=True)) / total
    assert found.value[0] == pytest.approx(mean)
    assert found.spread[0] == pytest.approx(math.sqrt(variance), abs=1e-9)
    assert found.covered[0] == pytest.approx(total)


def shifts_with_values(score):
    rng = np.random.default_rng(0)
    mass, values = rng.random((50, 5)), rng.normal(size=5)
    return np.allclose(score(mass, values + 3.0), score(mass, values) + 3.0)


def test_adding_to_all_values_adds_to_the_score_and_an_unnormalised_sum_is_caught():
    assert shifts_with_values(lambda m, v: expected_score(m, v).value)
    assert not shifts_with_values(lambda m, v: m @ v)


def test_rows_are_independent_and_shapes_are_checked():
    rng = np.random.default_rng(1)
    mass = rng.random((7, 4))
    one = [float(expected_score(row[None], [0, 1, 2, 3]).value[0]) for row in mass]
    np.testing.assert_allclose(expected_score(mass, [0, 1, 2, 3]).value, one)
    with pytest.raises(ShapeError):
        expected_score(mass, [0, 1, 2])
    with pytest.raises(SettingError, match="negative"):
        expected_score([[-0.1, 0.2]], [0, 1])
    assert np.isnan(expected_score([[np.nan, 0.2]], [0, 1]).value[0])


def test_forms_of_a_marker_are_summed_and_others_are_not():
    found = marker_mass(
        Token("Yes", -1.0, (("Yes", math.log(0.4)), (" yes", math.log(0.2)), ("\u2581YES", math.log(0.1)),
                            ("\u0120no", math.log(0.1)), ("yesterday", math.log(0.1)))),
        ["yes", "no"],
    )  # fmt: skip
    np.testing.assert_allclose(found, [0.7, 0.1])
    exact = marker_mass(token("Yes", Yes=0.4, _yes=0.2), ["Yes", "No"], fold=False)
    np.testing.assert_allclose(exact, [0.4, 0.0])


def test_the_generated_token_counts_when_the_top_leaves_it_out():
    np.testing.assert_allclose(marker_mass(Token("3", math.log(0.1), (("4", math.log(0.6)),)), ["3", "4"]), [0.1, 0.6])


def test_a_doubled_entry_counts_once_with_its_larger_probability():
    doubled = Token("3", -9.0, (("3", math.log(0.5)), ("3", math.log(0.2))))
    np.testing.assert_allclose(marker_mass(doubled, ["3"]), [0.5])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Token("4", -0.1), "no log-probabilities"),
        (Token("x", -0.1, (("x", -0.1), ("y", -3.0))), "no probability on any"),
        (Token("x", -0.1, (("4", -math.inf), ("x", 0.0))), "no probability on any"),
        (Token("4", math.nan, (("4", math.nan),)), "the log-probability of '4' is nan"),
        (Token("4", 0.5, (("4", 0.5),)), "the log-probability of '4' is 0.5"),
        (Token("4", -0.1, (("4", -0.1), ("5", -0.1))), "sum to"),
    ],
)
def test_nothing_is_a_default(asked, words):
    found = read_markers(asked, DIGITS)
    assert isinstance(found, Problem)
    assert words in found.text


def test_no_logprobs_says_what_to_do():
    assert "without_logprobs='label'" in NO_LOGPROBS.text
    assert read_reply(Reply(("4",)), DIGITS) is NO_LOGPROBS
    assert read_reply(Reply(("",), tokens=((),)), DIGITS) is NO_LOGPROBS


@pytest.mark.parametrize("markers", [["yes", "Yes"], ["", "a"], [], ["a", " a"]])
def test_markers_that_cannot_be_told_apart_are_refused(markers):
    with pytest.raises(SettingError, match="forms that differ"):
        marker_mass(token("a", a=0.5), markers)


def test_minus_infinity_is_mass_zero():
    np.testing.assert_allclose(marker_mass(token("4", **{"4": 0.5, "5": 0.0}), ["4", "5"]), [0.5, 0.0])


def test_the_margin_by_hand_and_undefined():
    assert marker_margin(token("yes", yes=0.6, _no=0.2), "yes", "no") == pytest.approx(math.log(3))
    assert marker_margin(token("yes", yes=0.6, _no=0.2), "no", "yes") == pytest.approx(-math.log(3))
    assert marker_margin(token("yes", yes=0.6), "yes", "no") is None
    assert marker_margin(token("yes", yes=0.6, no=0.0), "yes", "no") is None
    assert marker_margin(Token("yes", -0.1), "yes", "no") is None


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("7", "", 0),
        ("Score: 7", "score:", 1),
        ("It quotes Score: 9 but Score: 3 .", "score:", 6),
        ("Score: 9 and then 3", "", 4),
        ("between 3 and", "score:", None),
        ("Score: 10", "score:", None),
        ("Score: 7.5", "score:", None),
        ("Score: 7/10", "score:", None),
        ("Score: -7", "score:", None),
        ("none at all", "", None),
    ],
)
def test_where_the_verdict_stands(text, after, expected):
    assert find_marker(words(text), list(DIGITS), after=after) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["1", "7"], None),
        (["7", ".", "5"], None),
        (["7", "."], 0),
        (['{"', "score", '":', "7", "}"], 3),
        (["**", "7", "**"], 1),
        (["a", "7"], None),
    ],
)
def test_tokens_that_are_part_of_something_longer_are_no_verdict(parts, expected):
    assert find_marker([Token(p, -0.1) for p in parts], list(DIGITS)) == expected


def test_a_reply_is_read_where_its_verdict_stands():
    reply = Reply(("Score: 3",), tokens=((Token("Score:", -0.1), token(" 3", _3=0.5, _4=0.5)),))
    assert read_reply(reply, DIGITS, after="Score:").value == pytest.approx(3.5)
    assert isinstance(read_reply(reply, YES_NO), Problem)


def test_letters_whose_lower_case_is_longer_do_not_shift_the_place():
    tokens = [Token(t, -0.1) for t in ("\u0130\u0130\u0130", " Score:", " 7")]
    assert find_marker(tokens, list(DIGITS), after="Score:") == 2


def test_surface():
    assert surface(" Yes\n") == "yes"
    assert surface(" Yes", fold=False) == "Yes"
