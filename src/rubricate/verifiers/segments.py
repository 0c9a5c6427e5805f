"""Words, sentences, paragraphs and lines of a text in any script, without a language model.

A word is a run between spaces that holds a letter or a digit; Chinese characters, kana and Thai-like scripts have no
spaces: each Chinese character or kana counts as one word (Thai, Lao and Khmer runs count as one each).
"""

from __future__ import annotations

import re

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_CJK = re.compile(f"[{CJK}]")
_WORD = re.compile(f"[{CJK}]|[^\\W{CJK}]+")
_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’)\]*_]*+(?=\s|$)"  # full stop and closing marks before a space
    r"|[。！？]+[」』”’）]*"
    r"|\n(?:[^\S\n]*\n)+"  # blank lines
    r"|\n(?![a-z])"  # a line break, unless the next line goes on in lower case
)
_ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "e.g", "i.e", "cf", "al", "fig", "vol", "pp"}
    | {"approx", "inc", "ltd", "co", "dept", "est", "u.s", "u.k", "a.m", "p.m"}
)
_LETTER = re.compile(r"[^\W\d_]")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


def count_words(text: str) -> int:
    """How many words there are.

    >>> count_words("It is 3.5 km - isn't it?"), count_words("我爱 tea")
    (6, 3)
    """
    wide = 0
    if not text.isascii():
        wide = len(_CJK.findall(text))
        text = _CJK.sub(" ", text) if wide else text
    found = text.split()
    odd = [w for w in found if not w[0].isalnum()]
    return wide + len(found) - sum(1 for w in odd if not any(map(str.isalnum, w)))


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where each sentence begins and ends, in characters, without the space around it; ``sentences`` cuts there.

    Judges number these sentences and credit maps tokens onto them, so both see one cut.

    >>> sentence_spans('He said "Go." Dr. Wu went.')
    [(0, 13), (14, 26)]
    """
    found: list[tuple[int, int]] = []
    start = last = 0
    letters = False
    for match in _END.finditer(text):
        letters = letters or _LETTER.search(text, last, match.end()) is not None
        last = match.end()
        if (letters or "\n" in match[0]) and not (match[0] == "." and _goes_on(text[start : match.start()][-20:])):
            found.append((start, last))
            start, letters = last, False
    found.append((start, len(text)))
    return [span for start, end in found if (span := _trimmed(text, start, end))[0] < span[1]]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def word_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every run of letters, digits and underscores; Chinese characters and kana stand alone."""
    return [m.span() for m in _WORD.finditer(text)]


def words(text: str) -> list[str]:
    """The runs of ``word_spans`` in folded case.

    >>> words("Don't panic: 我爱 tea")
    ['don', 't', 'panic', '我', '爱', 'tea']
    """
    return _WORD.findall(text.casefold())


def sentences(text: str) -> list[str]:
    """Verbatim sentences, trimmed. A list item is one; abbreviations, initials and item numbers do not end one.

    >>> sentences("Dr. Wu came. 1. Sit down! 2. Wait")
    ['Dr. Wu came.', '1. Sit down!', '2. Wait']
    """
    return [text[start:end] for start, end in sentence_spans(text)]


def _goes_on(before: str) -> bool:
    """Whether the full stop after ``before`` belongs to an abbreviation or an initial."""
    word = before.rsplit(None, 1)[-1].lstrip("(\"'“‘") if before.strip() else ""
    return word.casefold() in _ABBREVIATIONS or (len(word) == 1 and word.isupper() and word != "I")


def paragraphs(text: str) -> list[str]:
    """Blocks between blank lines."""
    return [p.strip() for p in _BLANK_LINE.split(text) if p.strip()]


def lines(text: str) -> list[str]:
    """Lines that are not blank."""
    return [line for line in text.splitlines() if line.strip()]
