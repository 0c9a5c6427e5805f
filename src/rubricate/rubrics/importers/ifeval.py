"""IFEval: prompts with instructions that a program can check; one criterion with a verifier per instruction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rubricate.errors import DataError
from rubricate.rubrics.importers.base import Fields, Imported, build, importer, short_hash
from rubricate.types import Message, Sample

_TEXTS = {
    "change_case:capital_word_frequency": "Has {capital_relation} {capital_frequency} words in capitals.",
    "change_case:english_capital": "Is in English and all in capitals.",
    "change_case:english_lowercase": "Is in English and all in lower case.",
    "combination:repeat_prompt": "Starts by repeating the request word for word.",
    "combination:two_responses": "Gives two different responses, divided by ******.",
    "detectable_content:number_placeholders": "Has at least {num_placeholders} placeholders in square brackets.",
    "detectable_content:postscript": "Has a postscript that starts with {postscript_marker}",
    "detectable_format:constrained_response": "Says that its answer is yes, no or maybe, in the words asked for.",
    "detectable_format:json_format": "Is JSON as a whole.",
    "detectable_format:multiple_sections": "Has {num_sections} sections that start with {section_spliter} 1 and so on.",
    "detectable_format:number_bullet_lists": "Has exactly {num_bullets} bullet points.",
    "detectable_format:number_highlighted_sections": "Highlights at least {num_highlights} sections with asterisks.",
    "detectable_format:title": "Has a title in double angular brackets.",
    "keywords:existence": "Has the key words: {keywords}.",
    "keywords:forbidden_words": "Has none of the words: {forbidden_words}.",
    "keywords:frequency": 'Has the word "{keyword}" {relation} {frequency} times.',
    "keywords:letter_frequency": 'Has the letter "{letter}" {let_relation} {let_frequency} times.',
    "language:response_language": "Is in the language {language} as a whole.",
    "length_constraints:nth_paragraph_first_word": "Has {num_paragraphs} paragraphs, with two line breaks between; "
    'number {nth_paragraph} starts with "{first_word}".',
    "length_constraints:number_paragraphs": "Has {num_paragraphs} paragraphs, divided by ***.",
    "length_constraints:number_sentences": "Has {relation} {num_sentences} sentences.",
    "length_constraints:number_words": "Has {relation} {num_words} words.",
    "punctuation:no_comma": "Has no comma.",
    "startend:end_checker": 'Ends with "{end_phrase}"',
    "startend:quotation": "Stands in double quotation marks as a whole.",
}


@importer("ifeval")
def ifeval(record: Mapping[str, Any], *, loose: bool = False) -> Imported:
    """One prompt: ``key``, ``prompt``, ``instruction_id_list``, ``kwargs`` (a table each), perhaps ``response``.

    Each instruction becomes the verifier ``ifeval/KIND`` with its arguments as settings (nulls left out; 3.0 from a
    table of floats is 3). The policy ``all_of`` is the prompt-level accuracy; the mean of the verdicts pooled over all
    prompts is the instruction-level one. Source: IFEval, arXiv 2311.07911 (data and code read).
    """
    fields = Fields(record)
    prompt = fields.string("prompt")
    key = fields.name("key") if fields.has("key") else short_hash(prompt)
    kinds, arguments = fields.entries("instruction_id_list"), fields.tables("kwargs")
    if len(kinds) != len(arguments):
        raise DataError(
            f"{len(kinds)} instructions and {len(arguments)} tables of arguments",
            where="kwargs",
            expected="one table per instruction",
        )
    seen: Counter[str] = Counter()
    criteria = []
    for kind, table in zip(kinds, arguments, strict=True):
        if kind not in _TEXTS:
            raise fields.error("instruction_id_list", f"the instruction {kind!r}", f"one of: {', '.join(_TEXTS)}")
        seen[kind] += 1
        criteria.append(_criterion(kind, seen[kind], table, loose))
    rubric = build(
        {"id": f"ifeval/{key}", "criteria": criteria, "policy": "all_of", "prompt_id": key, "prompt": prompt}
    )
    samples: tuple[Sample, ...] = ()
    if fields.has("response"):
        samples = (Sample(key, (Message("user", prompt),), fields.string("response"), group=key, rubric=rubric.id),)
    return Imported(rubric, samples, extra=fields.rest())


def _criterion(kind: str, count: int, table: Fields, loose: bool) -> dict[str, Any]:
    settings = {name: _number(table.value(name)) for name in table.data if table.has(name)}
    shown = {name: ", ".join(v) if isinstance(v, (list, tuple)) else v for name, v in settings.items()}
    try:
        text = _TEXTS[kind].format_map(shown)
    except KeyError as error:
        raise DataError(
            f"{error.args[0]!r} is missing", where=table.where, expected=f"the arguments of {kind}"
        ) from None
    return {
        "id": kind if count == 1 else f"{kind}-{count}",
        "text": text,
        "verifier": {"name": f"ifeval/{kind}", "settings": settings | ({"loose": True} if loose else {})},
    }


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
