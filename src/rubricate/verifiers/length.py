"""``length``: how long the response is, in words, characters, sentences, paragraphs or lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.segments import count_words, lines, paragraphs, sentences

_COUNT: dict[str, Callable[[str], int]] = {
    "words": count_words,
    "characters": lambda text: len(text if text.isascii() else unicodedata.normalize("NFC", text)),
    "sentences": lambda text: len(sentences(text)),
    "paragraphs": lambda text: len(paragraphs(text)),
    "lines": lambda text: len(lines(text)),
}


@verifier("length")
def length(
    sample: Sample, unit: str = "words", min: float | None = None, max: float | None = None, soft: float = 0.0
) -> Outcome:
    """Whether the length lies in [min, max], both ends included; beyond them the share falls to 0 over ``soft`` units.

    value = 1 inside, otherwise max(0, 1 - excess / soft), and 0 when soft is 0. Characters count after NFC, spaces
    between words included; blank lines are no lines.
    """
    if (min is None and max is None) or (min is not None and max is not None and min > max) or soft < 0:
        raise SettingError(f"min={min}, max={max}, soft={soft}", expected="min or max, min <= max, and soft >= 0")
    found = measured(sample, unit)
    below = 0.0 if min is None else min - found
    above = 0.0 if max is None else found - max
    excess = below if below > above else above
    value = 1.0 if excess <= 0 else 1.0 - excess / soft if excess < soft else 0.0
    name = unit if found != 1 else unit[:-1]
    return Outcome(value, f"{found} {name}; expected {_bounds(min, max)}")


def measured(sample: Sample, unit: str) -> int:
    """How many words, characters, sentences, paragraphs or lines the answer has."""
    if unit not in _COUNT:
        raise SettingError(f"unit={unit!r}", expected=f"one of {', '.join(_COUNT)}")
    return _COUNT[unit](answer_text(sample))


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g}" if low == high else f"{low:g} to {high:g}"
