"""Which demands of a criterion a program could decide: lengths, quoted words, formats, languages.

The patterns are few on purpose. A count of things ("three tips", "ten synonyms") is not among them: what counts as a
tip is for a judge to say. Nothing here says that the rest of a criterion is decided too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_UNIT = r"(?:words?|characters?|letters?|sentences?|paragraphs?|lines?)\b"
_SMALL = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|(?:a\s+)?single)"
_BOUND = r"(?:exactly|at\s+least|at\s+most|only|no\s+more\s+than|up\s+to|limited\s+to|consists?\s+of|within|in(?:to)?)"
_QUOTED = r"[\"“‘「'][^\"“”‘’「」]{1,80}[\"”’」']"
_NAMED = r"(?:words?|phrases?|strings?|letters?|names?|titles?|keywords?|sentences?|terms?|hashtags?)"
_PLURAL = r"(?:exact\s+|following\s+|required\s+|given\s+|all\s+|both\s+|two\s+|three\s+|the\s+|a\s+|an\s+)*"
_PATTERNS = {
    "length": (
        rf"\d[\d,.]*\+?(?:\s*(?:-|–|to|and|or)\s*\d[\d,.]*)?[- ](?:(?!for\b|of\b|to\b)\w+\s+)?{_UNIT}|"
        rf"\b{_BOUND}\s+{_SMALL}\s+{_UNIT}|"
        r"\bword\s+(?:count|limit)\b|\b(?:(?:text|article|specified|required)\s+length|(?:length|character)\s+"
        r"(?:limit|requirement|constraint))|[\d万千]\s*(?:多|余|个|左右)?(?:字|词(?!语)|句|段|行)|字数|篇幅要求"
    ),
    "contains": rf"\b(?:include|contain|mention|use|incorporate|have|has)s?\s+{_PLURAL}{_NAMED}\s*:?\s*{_QUOTED}",
    "starts_with": rf"(?<!that )(?<!not )\b(?:begin|start|open)s?\s+with\s+(?:\w+\s+){{0,3}}{_QUOTED}",
    "ends_with": rf"(?<!that )(?<!not )\b(?:end|close|finish)(?:es|s)?\s+with\s+(?:\w+\s+){{0,3}}{_QUOTED}",
    "json": r"\b(?:valid|as|in|well-formed)\s+(?:a\s+)?JSON\b|\bJSON\s+(?:format|object|array)\b",
    "regex": (
        r"\b(?:in|as|uses?|with)\s+(?:the\s+form\s+of\s+)?(?:an?\s+)?(?:bullet(?:ed)?[- ](?:points?|lists?|format)|"
        r"numbered\s+lists?|markdown\s+tables?)\b|\ball\s+(?:caps|capital\s+letters|upper-?case|lower-?case)\b"
    ),
    "language": (
        r"\b(?:written|entirely|only|is|be|respond(?:s|ed)?|repl(?:y|ies)|answer(?:s|ed)?)\s+in\s+(?:English|French|German|"
        r"Spanish|Italian|Portuguese|Chinese|Japanese|Korean|Russian|Arabic|Hindi|Dutch|Polish|Turkish)\b|使用(?:中文|英文)"
    ),
}  # fmt: skip
_COMPILED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _PATTERNS.items()}


class Demand(NamedTuple):
    """A demand that the verifier ``name`` could decide, as it stands in the text."""

    name: str
    words: str


def checkable(text: str) -> tuple[Demand, ...]:
    """The demands in ``text`` that a registered verifier could decide, at most one for each verifier.

    >>> checkable("Has at most 120 words and is written in French.")
    (Demand(name='length', words='120 words'), Demand(name='language', words='written in French'))
    >>> checkable("Gives three tips on the use of the word 'set'.")
    ()
    """
    return tuple(Demand(name, m[0]) for name, pattern in _COMPILED.items() if (m := pattern.search(text)))
