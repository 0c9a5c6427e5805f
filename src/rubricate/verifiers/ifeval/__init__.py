"""The 25 instructions of IFEval as verifiers ``ifeval/KIND``; importing the package registers them.

Each takes the settings of the published data under their published names, and ``loose``. Source: Zhou et al. 2023,
arXiv 2311.07911, and its code (read): a response that is empty follows nothing; ``loose`` passes if any of eight
readings passes (as written, without its first, last, or first and last line, each with and without asterisks).
The response is read as written; only where a reasoning block was cut out is the rest trimmed.
"""

from rubricate.verifiers.ifeval.base import Check, instruction, readings
from rubricate.verifiers.ifeval.forms import (
    constrained_response,
    json_format,
    multiple_sections,
    number_bullet_lists,
    number_highlighted_sections,
    number_placeholders,
    postscript,
    title,
)
from rubricate.verifiers.ifeval.keywords import existence, forbidden_words, frequency, letter_frequency
from rubricate.verifiers.ifeval.languages import (
    capital_word_frequency,
    english_capital,
    english_lowercase,
    response_language,
)
from rubricate.verifiers.ifeval.lengths import (
    nth_paragraph_first_word,
    number_paragraphs,
    number_sentences,
    number_words,
)
from rubricate.verifiers.ifeval.wholes import end_checker, no_comma, quotation, repeat_prompt, two_responses

__all__ = [
    "Check",
    "capital_word_frequency",
    "constrained_response",
    "end_checker",
    "english_capital",
    "english_lowercase",
    "existence",
    "forbidden_words",
    "frequency",
    "instruction",
    "json_format",
    "letter_frequency",
    "multiple_sections",
    "no_comma",
    "nth_paragraph_first_word",
    "number_bullet_lists",
    "number_highlighted_sections",
    "number_paragraphs",
    "number_placeholders",
    "number_sentences",
    "number_words",
    "postscript",
    "quotation",
    "readings",
    "repeat_prompt",
    "response_language",
    "title",
    "two_responses",
]
