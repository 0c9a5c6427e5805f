"""IFEval language and case: the language that langdetect finds, all capitals, no capitals, words in capitals.

langdetect draws at random; the published code fixes its seed at 0 since 2026 and ran without one before, so recorded
outcomes of texts that langdetect is not sure of can differ.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

from rubricate.errors import MissingExtraError
from rubricate.verifiers.base import Outcome
from rubricate.verifiers.ifeval.base import Check, compared, instruction, outcome, related, whole
from rubricate.verifiers.language import detect, known_languages


@instruction("language:response_language")
def response_language(language: str) -> Check:
    """Whether langdetect finds this language (ISO 639-1; zh-cn, zh-tw); a text without words counts as followed."""
    known_languages(language)
    return lambda text: _is_language(text, language)


@instruction("change_case:english_capital")
def english_capital() -> Check:
    """Whether all letters are capitals and langdetect finds English; it passes over words in capitals, as published."""
    known_languages("en")
    return lambda text: _is_language(text, "en") if text.isupper() else outcome(False, "not all letters are capitals")


@instruction("change_case:english_lowercase")
def english_lowercase() -> Check:
    """Whether no letter is a capital and langdetect finds English."""
    known_languages("en")
    return lambda text: _is_language(text, "en") if text.islower() else outcome(False, "not all letters are lower case")


@instruction("change_case:capital_word_frequency")
def capital_word_frequency(capital_frequency: int, capital_relation: str) -> Check:
    """Whether at least (or less than) so many words are all capitals, among the tokens of NLTK's word tokenizer.

    "I", "A" and "U.S." count, "IT'S" counts twice. The published code splits sentences first; that moves full stops
    and no capitals, so the count is the same without it.
    """
    whole(capital_frequency=capital_frequency)
    related(capital_relation)
    tokenizer = _word_tokenizer()

    def check(text: str) -> Outcome:
        found = [w for w in tokenizer.tokenize(text) if w.isupper()]
        return compared(len(found), capital_relation, capital_frequency, "words in capitals", found)

    return check


def _is_language(text: str, wanted: str) -> Outcome:
    found = detect(text)
    if not found:
        return outcome(True, "no words to tell a language from; counts as followed")
    return outcome(found[0][0] == wanted, f"the language is {found[0][0]}; expected {wanted}")


@functools.cache
def _word_tokenizer() -> Any:
    try:
        return importlib.import_module("nltk.tokenize.destructive").NLTKWordTokenizer()
    except ImportError:
        raise MissingExtraError.of(
            "nltk", "verify", purpose="the verifier 'ifeval/change_case:capital_word_frequency'"
        ) from None
