import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.verifiers.normalise import as_texts, normalise, shown


def test_each_difference_is_taken_out_alone():
    text = "  It's  a\nTest. "
    assert normalise(text, False, False, False) == text
    assert normalise(text, True, False, False) == "  it's  a\ntest. "
    assert normalise(text, False, True, False) == "It's a Test."
    assert normalise(text, False, False, True) == "  Its  a\nTest "


def test_unicode_forms_are_equal_and_symbols_stay():
    assert normalise("Cafe\u0301") == normalise("CAFÉ") == "café"
    assert normalise("STRASSE") == normalise("Straße")
    assert normalise("« 5 + $3 »、。", punctuation=True) == "5 + $3"


@given(st.text(), st.booleans(), st.booleans())
def test_whitespace_is_gone_and_ascii_text_is_settled_by_one_pass(text, case, punctuation):
    once = normalise(text, case, True, punctuation)
    assert once == " ".join(once.split())
    if text.isascii():
        assert normalise(once, case, True, punctuation) == once


@given(st.text(), st.integers(1, 80))
def test_shown_is_one_short_line(text, limit):
    line = shown(text, limit)
    assert "\n" not in line
    assert len(line) <= limit + 5


@pytest.mark.parametrize("value", ["", "  ", [], ["a", ""], ["a", 3], 7])
def test_texts_are_texts(value):
    with pytest.raises(SettingError, match="texts="):
        as_texts(value, "texts")
    assert as_texts("a", "texts") == as_texts(["a"], "texts") == ("a",)
