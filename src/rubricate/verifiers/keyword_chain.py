"""``keyword_chain``: whether the key words of a reference appear in the answer, in the order of the reference."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.overlap import lcs_length
from rubricate.verifiers.segments import CJK

_SPACED = re.compile(f"(?![{CJK}])\\w")


@verifier("keyword_chain")
def keyword_chain(sample: Sample, references: Sequence[str], keywords: Sequence[Sequence[str]]) -> Outcome:
    """Best over the references of ``LCS(a, b) / max(len(a), len(b))`` for one key point.

    a and b are the key words as they occur in the reference and in the answer (whole words, any case), with repeats;
    ``keywords[k]`` belongs to ``references[k]``. Order counts and repeating does not pay: the longer of the two is the
    denominator. 0 when neither holds a key word. Card 57 (RLVRR; code read).
    """
    if isinstance(references, str) or not len(references) or len(references) != len(keywords):
        raise SettingError(
            f"{len(references)} references and {len(keywords)} lists of key words", expected="one list per reference"
        )
    answer = answer_text(sample)
    found = [(found_words(reference, tuple(k)), found_words(answer, tuple(k)))
             for reference, k in zip(references, keywords, strict=True)]  # fmt: skip
    values = [chain_ratio(a, b) for a, b in found]
    best = max(range(len(values)), key=values.__getitem__)
    a, b = found[best]
    return Outcome(values[best], f"reference {best + 1}: {len(a)} key words, {len(b)} in the answer", b[:8])


def found_words(text: str, keywords: tuple[str, ...]) -> tuple[str, ...]:
    """The key words that occur in the text, in order, each time they do; longer ones win where two overlap.

    >>> found_words("Tea, then more tea and milk.", ("milk", "tea"))
    ('tea', 'tea', 'milk')
    """
    return tuple([" ".join(m.casefold().split()) for m in _pattern(keywords).findall(text)])


def chain_ratio(a: Sequence[str], b: Sequence[str]) -> float:
    """Length of the longest common subsequence over the longer length; 0 for two empty sequences.

    >>> chain_ratio("ABCDE", "ABC"), chain_ratio("ABCDE", "EDCBA")
    (0.6, 0.2)
    """
    return lcs_length(a, b) / max(len(a), len(b), 1)


@functools.lru_cache(maxsize=4096)
def _pattern(keywords: tuple[str, ...]) -> re.Pattern[str]:
    if not keywords or not all(k.strip() for k in keywords):
        raise SettingError(f"key words {keywords!r}", where="keywords", expected="words or phrases that are not empty")
    return re.compile("|".join(_whole(k) for k in sorted(keywords, key=len, reverse=True)), re.IGNORECASE)


def _whole(word: str) -> str:
    """A pattern for the words with no letter or digit right before or after (scripts without spaces excepted)."""
    words = word.split()
    before, after = (
        (r"(?<!\w)" if _SPACED.match(words[0][0]) else ""),
        (r"(?!\w)" if _SPACED.match(words[-1][-1]) else ""),
    )
    return before + r"\s+".join(map(re.escape, words)) + after
