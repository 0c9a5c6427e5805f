import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.verifiers.segments import count_words, lines, paragraphs, sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("- * — ...", 0),
        ("one", 1),
        ("well-known don't (yes) **bold** 3.5", 5),
        ("naïve Ελληνικά слово", 3),
        ("我爱北京", 4),
        ("我爱 green tea。", 4),
        ("ひらがな", 4),
        ("한국어 단어", 2),
    ],
)
def test_words(text, count):
    assert count_words(text) == count


@given(st.lists(st.text(st.characters(categories=["Ll", "Nd"], max_codepoint=0x2FF), min_size=1)))
def test_words_between_spaces_are_counted(words):
    assert count_words(" ".join(words)) == len(words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Wait... what?! Yes.", ["Wait...", "what?!", "Yes."]),
        ('He said "Go." Then left.', ['He said "Go."', "Then left."]),
        ("Pi is 3.14 or so. See e.g. Dr. J. Smith, p.m. e-mail a.b@c.de today", None),
        ("The answer is no. It was I. Really.", ["The answer is no.", "It was I.", "Really."]),
        ("1. First\n2. Second\n- third", ["1. First", "2. Second", "- third"]),
        ("a line\nthat goes on. New", ["a line\nthat goes on.", "New"]),
        ("Head\n\nbody", ["Head", "body"]),
        ("你好。再见！好吗？", ["你好。", "再见！", "好吗？"]),
        ("...", ["..."]),
    ],
)
def test_sentences(text, expected):
    if expected is None:
        expected = ["Pi is 3.14 or so.", "See e.g. Dr. J. Smith, p.m. e-mail a.b@c.de today"]
    assert sentences(text) == expected


@given(st.text())
def test_sentences_are_verbatim_and_lose_no_letter(text):
    found = sentences(text)
    assert all(s in text and s.strip() for s in found)
    assert sum(map(str.isalnum, "".join(found))) == sum(map(str.isalnum, text))


def test_paragraphs_and_lines():
    text = "a\nb\n\n \nc\n"
    assert paragraphs(text) == ["a\nb", "c"]
    assert lines(text) == ["a", "b", "c"]
    assert paragraphs(" \n") == lines(" \n") == []


@pytest.mark.parametrize("piece", [".", "1. ", "e.g. ", "\n ", "!x", "A. ", '."', "。"])
def test_a_hostile_text_is_cut_in_one_pass(piece):
    # Quadratic code would take minutes here.
    text = piece * 60_000
    assert sum(map(len, sentences(text + "x"))) <= len(text) + 1
    assert paragraphs(text) is not None
