"""``contains``, ``not_contains``, ``starts_with`` and ``ends_with``: given texts in the response, or at its ends."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import as_texts, normalise, shown
from rubricate.verifiers.segments import CJK

_SPACED = re.compile(f"(?![{CJK}])\\w")


@verifier("contains")
def contains(
    sample: Sample,
    texts: str | Sequence[str],
    mode: str = "all",
    min_count: int = 1,
    max_count: int | None = None,
    whole_words: bool = False,
    ignore_case: bool = True,
    partial: bool = False,
) -> Outcome:
    """Whether all (or any) of the texts stand in the response, each min_count to max_count times.

    With ``partial`` and mode "all" the value is the share of texts that do. Any run of spaces and line breaks equals
    any other; ``whole_words`` asks for no letter or digit right before or after (scripts without spaces excepted).
    """
    wanted = as_texts(texts, "texts")
    if mode not in ("all", "any") or min_count < 0 or (max_count is not None and max_count < min_count):
        raise SettingError(
            f"mode={mode!r}, min_count={min_count}, max_count={max_count}",
            expected="mode all or any, and 0 <= min_count <= max_count",
        )
    answer = _composed(answer_text(sample))
    found = {t: _finder(t, whole_words, ignore_case).findall(answer) for t in wanted}
    good = [t for t in wanted if min_count <= len(found[t]) and (max_count is None or len(found[t]) <= max_count)]
    enough = len(good) == len(wanted) if mode == "all" else bool(good)
    value = len(good) / len(wanted) if partial and mode == "all" else float(enough)
    counts = ", ".join(f"{shown(t, 30)} {len(f)}x" for t, f in list(found.items())[:8])
    times = "" if (min_count, max_count) == (1, None) else f"; expected {_bounds(min_count, max_count)} times"
    return Outcome(value, f"{len(good)} of {len(wanted)} as expected: {counts}{times}", _quotes(found))


@verifier("not_contains")
def not_contains(
    sample: Sample, texts: str | Sequence[str], whole_words: bool = False, ignore_case: bool = True
) -> Outcome:
    """Whether none of the texts stands in the response; the evidence quotes those that do."""
    wanted = as_texts(texts, "texts")
    answer = _composed(answer_text(sample))
    found = {t: _finder(t, whole_words, ignore_case).findall(answer) for t in wanted}
    bad = [shown(t, 30) for t in wanted if found[t]]
    reason = f"found {', '.join(bad[:8])}; expected none" if bad else f"none of {len(wanted)} texts found"
    return Outcome(float(not bad), reason, _quotes(found))


@verifier("starts_with")
def starts_with(
    sample: Sample, texts: str | Sequence[str], ignore_case: bool = True, ignore_punctuation: bool = False
) -> Outcome:
    """Whether the response starts with the text, or with one of several."""
    return _at_end(sample, texts, ignore_case, ignore_punctuation, "starts")


@verifier("ends_with")
def ends_with(
    sample: Sample, texts: str | Sequence[str], ignore_case: bool = True, ignore_punctuation: bool = False
) -> Outcome:
    """Whether the response ends with the text, or with one of several."""
    return _at_end(sample, texts, ignore_case, ignore_punctuation, "ends")


def _at_end(
    sample: Sample, texts: str | Sequence[str], ignore_case: bool, ignore_punctuation: bool, word: str
) -> Outcome:
    wanted = as_texts(texts, "texts")
    answer = normalise(answer_text(sample), ignore_case, True, ignore_punctuation)
    at = str.startswith if word == "starts" else str.endswith
    for text in wanted:
        if at(answer, normalise(text, ignore_case, True, ignore_punctuation)):
            return Outcome(1.0, f"{word} with {shown(text)}")
    end = answer[:60] if word == "starts" else answer[-60:]
    return Outcome(0.0, f"{word} with {shown(end)}; expected {' or '.join(shown(t) for t in wanted[:3])}")


@functools.lru_cache(maxsize=4096)
def _finder(text: str, whole_words: bool, ignore_case: bool) -> re.Pattern[str]:
    words = _composed(text).split()
    pattern = r"\s+".join(map(re.escape, words))
    if whole_words and _SPACED.match(words[0][0]):
        pattern = rf"(?<!\w){pattern}"
    if whole_words and _SPACED.match(words[-1][-1]):
        pattern = rf"{pattern}(?!\w)"
    return re.compile(pattern, re.IGNORECASE if ignore_case else 0)


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _quotes(found: dict[str, list[str]]) -> tuple[str, ...]:
    return tuple(f[0] for f in found.values() if f)[:8]


def _bounds(low: int, high: int | None) -> str:
    return f"at least {low}" if high is None else f"{low}" if low == high else f"{low} to {high}"
