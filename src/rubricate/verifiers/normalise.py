"""Text made comparable, and text made short enough for a reason."""

from __future__ import annotations

import functools
import sys
import unicodedata
from collections.abc import Sequence

from rubricate.errors import SettingError


def normalise(text: str, case: bool = True, whitespace: bool = True, punctuation: bool = False) -> str:
    """``text`` in Unicode form NFC, with the differences named True taken out.

    ``case`` folds case, ``whitespace`` makes every run of it one space and trims the ends, ``punctuation`` deletes
    every character of the Unicode categories P* (so "don't" becomes "dont").

    >>> normalise("  The\\n ANSWER: 42. ", punctuation=True)
    'the answer 42'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if case:
        text = text.casefold()
    if punctuation:
        text = text.translate(_punctuation())
    return " ".join(text.split()) if whitespace else text


@functools.cache
def _punctuation() -> dict[int, None]:
    return {k: None for k in range(sys.maxunicode + 1) if unicodedata.category(chr(k)).startswith("P")}


def shown(text: str, limit: int = 60) -> str:
    """``text`` on one line in quotes, cut to ``limit`` characters.

    >>> shown("one two three", 7)
    '"one two..."'
    """
    line = " ".join(text[: 4 * limit].split())
    return f'"{line[:limit]}..."' if len(line) > limit else f'"{line}"'


def as_texts(value: str | Sequence[str], name: str) -> tuple[str, ...]:
    """One text or several as a tuple. Raises SettingError when there is none, or one that is empty or no text."""
    texts = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Sequence) else ()
    if not texts or not all(isinstance(t, str) and t.strip() for t in texts):
        raise SettingError(f"{name}={value!r}", expected="a text or a list of texts, none of them empty")
    return texts
