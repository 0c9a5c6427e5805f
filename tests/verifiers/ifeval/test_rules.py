"""The rules that hold for all kinds, and the fast forms of published patterns beside the patterns themselves."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nltk.tokenize.destructive import NLTKWordTokenizer

from rubricate import registry
from rubricate.errors import SettingError, UnknownNameError
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample
from rubricate.verifiers.base import check_settings
from rubricate.verifiers.ifeval import readings
from rubricate.verifiers.ifeval.forms import _BULLETS, _placeholders, _titles
from rubricate.verifiers.ifeval.lengths import _punkt

MARKS = st.text(alphabet="*-[]<> \n\r\x0bab.ps\u2028", max_size=40)
WORDS = st.text(alphabet="ABab'.,-!?\"“’ \nSNT()[]:;0", max_size=40)


def decided(kind, response, **settings):
    return registry.lookup("verifier", f"ifeval/{kind}")(Sample("s", (), response), **settings)


@given(MARKS)
@example("*\n* a\n\n *b\n--\n-")
def test_bullets_are_those_of_the_published_patterns(text):
    published = len(re.findall(r"^\s*\*[^\*].*$", text, re.M)) + len(re.findall(r"^\s*-.*$", text, re.M))
    assert sum(len(p.findall(text)) for p in _BULLETS) == published


@given(MARKS)
def test_placeholders_and_titles_are_those_of_the_published_patterns(text):
    assert list(_placeholders(text)) == re.findall(r"\[.*?\]", text)
    titles = [t for t in re.findall(r"<<[^\n]+>>", text) if t.lstrip("<").rstrip(">").strip()]
    assert _titles(text) == titles


@given(MARKS)
def test_postscripts_are_those_of_the_published_patterns(text):
    for marker, pattern in {"P.P.S": r"\s*p\.\s?p\.\s?s.*$", "P.S.": r"\s*p\.\s?s\..*$", "b|-": r"\s*b|-.*$"}.items():
        found = decided("detectable_content:postscript", text + "x", postscript_marker=marker)
        assert found.value == float(bool(re.findall(pattern, (text + "x").lower(), re.MULTILINE)))


def test_control_a_pattern_that_forgets_the_next_line_is_caught():
    careless = re.compile(r"^[^\S\n]*\*[^*\n].*$", re.MULTILINE)
    text = "*\n* a"
    assert len(careless.findall(text)) == 1
    assert re.findall(r"^\s*\*[^\*].*$", "*\nb", re.MULTILINE)
    assert not careless.findall("*\nb")


@settings(deadline=None)
@given(WORDS, st.integers(0, 4))
def test_splitting_sentences_first_moves_no_capital_word(text, low):
    """The published code runs NLTK's word_tokenize: Punkt sentences, then words."""
    text = f"x {text}"
    published = [w for s in _punkt().tokenize(text) for w in NLTKWordTokenizer().tokenize(s) if w.isupper()]
    wanted = {"capital_frequency": low, "capital_relation": "at least"}
    assert decided("change_case:capital_word_frequency", text, **wanted).value == float(len(published) >= low)


@given(st.text(alphabet="ab*\n ,", max_size=30))
def test_the_readings_are_the_published_eight(text):
    lines = text.split("\n")
    parts = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    published = {p for p in parts + [p.replace("*", "") for p in parts] if p.strip()}
    assert set(readings(text)) == published


@given(st.text(alphabet="ab*\n ,", max_size=30))
def test_loose_is_never_stricter(text):
    for kind in ("punctuation:no_comma", "startend:quotation", "detectable_format:json_format"):
        assert decided(kind, text, loose=True).value >= decided(kind, text).value


def test_reasoning_is_cut_out_and_nothing_else_is_trimmed():
    assert decided("punctuation:no_comma", "<think>well, so</think>\nNone.").value == 1
    settings = {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "yes"}
    kind = "length_constraints:nth_paragraph_first_word"
    assert decided(kind, "<think>x</think>\n\nYes.", **settings).value == 1
    assert decided(kind, "\n\nYes.", **settings).value == 0


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        ("length_constraints:number_words", {"num_words": -1, "relation": "at least"}, "whole number"),
        ("length_constraints:number_words", {"num_words": 2.5, "relation": "at least"}, "valid integer"),
        ("length_constraints:number_words", {"num_words": 3, "relation": "at most"}, "less than or at least"),
        ("length_constraints:number_words", {"num_words": 3}, "missing a required argument"),
        ("length_constraints:number_words", {"num_words": 3, "relation": "at least", "x": 1}, "unexpected"),
        ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 1, "nth_paragraph": 2, "first_word": "a"}, "there is"),
        ("keywords:letter_frequency", {"letter": "ab", "let_frequency": 1, "let_relation": "at least"}, "one character"),
        ("keywords:letter_frequency", {"letter": " ", "let_frequency": 1, "let_relation": "at least"}, "one character"),
        ("keywords:existence", {"keywords": []}, "list of texts"),
        ("keywords:existence", {"keywords": ["(a+)+b"]}, "repeats something"),
        ("keywords:existence", {"keywords": [".*x"]}, "unbounded repeat"),
        ("keywords:forbidden_words", {"forbidden_words": ["c++"]}, "unbounded repeat"),
        ("keywords:forbidden_words", {"forbidden_words": ["(a"]}, "not a regular expression"),
        ("detectable_content:postscript", {"postscript_marker": " "}, "not blank"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_before_judging(kind, settings, says):
    spec = {"name": f"ifeval/{kind}", "settings": settings}
    criterion = Criterion.model_validate({"id": "c", "text": "t", "verifier": spec})
    with pytest.raises(SettingError, match=says):
        check_settings(criterion)


def test_a_language_that_nobody_can_tell_is_refused():
    spec = {"name": "ifeval/language:response_language", "settings": {"language": "tlh"}}
    with pytest.raises(UnknownNameError, match="unknown language 'tlh'"):
        check_settings(Criterion.model_validate({"id": "c", "text": "t", "verifier": spec}))
