"""IFEval keywords: words that must be there, so often, or not at all; how often a letter occurs.

The published code reads key words as regular expressions, without regard to case. So do these, within bounds: a
pattern with an unbounded repeat is refused, because its search could take time beyond the length of the response.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from rubricate.errors import SettingError
from rubricate.verifiers.base import Outcome
from rubricate.verifiers.ifeval.base import Check, compared, instruction, outcome, related, texts, whole
from rubricate.verifiers.normalise import as_texts
from rubricate.verifiers.pattern import compiled_linear


@instruction("keywords:existence")
def existence(keywords: Sequence[str]) -> Check:
    """Whether every key word is found, in any case, also inside another word ("cat" in "category")."""
    patterns = {word: _pattern(word) for word in as_texts(keywords, "keywords")}

    def check(text: str) -> Outcome:
        found = {word: pattern.search(text) for word, pattern in patterns.items()}
        missing = [word for word, match in found.items() if match is None]
        reason = f"missing: {', '.join(missing[:8])}" if missing else f"{len(patterns)} key words found"
        return outcome(not missing, reason, [m[0] for m in found.values() if m])

    return check


@instruction("keywords:frequency")
def frequency(keyword: str, frequency: int, relation: str) -> Check:
    """Whether the key word is found at least (or less than) so often, in any case, also inside other words."""
    texts(keyword=keyword)
    whole(frequency=frequency)
    related(relation)
    pattern = _pattern(keyword.strip())

    def check(text: str) -> Outcome:
        found = [m[0] for m in pattern.finditer(text)]
        return compared(len(found), relation, frequency, f'times "{keyword.strip()}"', found)

    return check


@instruction("keywords:forbidden_words")
def forbidden_words(forbidden_words: Sequence[str]) -> Check:
    """Whether none of the words is found as a whole word, in any case."""
    patterns = [_pattern(rf"\b{word}\b") for word in as_texts(forbidden_words, "forbidden_words")]

    def check(text: str) -> Outcome:
        found = [m[0] for m in (pattern.search(text) for pattern in patterns) if m]
        reason = f"found: {', '.join(found[:8])}" if found else f"none of {len(patterns)} words found"
        return outcome(not found, reason, found)

    return check


@instruction("keywords:letter_frequency")
def letter_frequency(letter: str, let_frequency: int, let_relation: str) -> Check:
    """Whether one letter (or other character) occurs at least (or less than) so often, in any case.

    The data ask for "#" and "!" too; older copies of the code (lm-evaluation-harness) draw a random letter there.
    """
    low = letter.strip().lower() if isinstance(letter, str) else ""
    if len(low) != 1 or len(letter) != 1:
        raise SettingError(f"letter={letter!r}", expected="one character that is no space")
    whole(let_frequency=let_frequency)
    related(let_relation)

    def check(text: str) -> Outcome:
        return compared(text.lower().count(low), let_relation, let_frequency, f'times "{low}"')

    return check


@functools.lru_cache(maxsize=4096)
def _pattern(source: str) -> re.Pattern[str]:
    return compiled_linear(source, "i")
