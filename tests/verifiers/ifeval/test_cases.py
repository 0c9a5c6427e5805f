"""Every instruction of IFEval on responses whose outcome was worked out by hand from the published rules."""

import pytest

from rubricate import registry
from rubricate.types import Sample

LESS, LEAST = "less than", "at least"
CASES = {
    "keywords:existence": [
        ({"keywords": ["cat", "dog"]}, "The CAT met a dog.", True),
        ({"keywords": ["cat", "dog"]}, "The cat met a bird.", False),
        ({"keywords": ["cat"]}, "A category.", True),  # inside another word
        ({"keywords": ["mona lisa"]}, "Mona\nLisa", False),  # a space is a space
        ({"keywords": ["colou?r"]}, "The color.", True),  # a key word is a pattern
        ({"keywords": ["Zürich"]}, "ZÜRICH!", True),
        ({"keywords": ["a"]}, "", False),
    ],
    "keywords:frequency": [
        ({"keyword": "tea", "frequency": 2, "relation": LEAST}, "Tea and TEA.", True),
        ({"keyword": " tea ", "frequency": 2, "relation": LEAST}, "Tea, more tea", True),  # trimmed
        ({"keyword": "tea", "frequency": 2, "relation": LESS}, "Tea and TEA.", False),
        ({"keyword": "tea", "frequency": 2, "relation": LESS}, "Steam of teapots.", False),  # s-tea-m, tea-pots
        ({"keyword": "aa", "frequency": 2, "relation": LEAST}, "aaa", False),  # without overlap
        ({"keyword": "tea", "frequency": 0, "relation": LEAST}, "x", True),
        ({"keyword": "tea", "frequency": 1, "relation": LESS}, "  \n", False),  # nothing is followed by nothing
    ],
    "keywords:forbidden_words": [
        ({"forbidden_words": ["cat"]}, "A category.", True),  # whole words only
        ({"forbidden_words": ["cat"]}, "My Cat.", False),
        ({"forbidden_words": ["cat", "dog"]}, "dog-eared", False),  # a hyphen ends a word
        ({"forbidden_words": ["cat"]}, "cat_1", True),  # an underscore does not
        ({"forbidden_words": ["can't"]}, "I can't.", False),
        ({"forbidden_words": ["c++"[:1]]}, "C++", False),
        ({"forbidden_words": ["cat"]}, "", False),
    ],
    "keywords:letter_frequency": [
        ({"letter": "T", "let_frequency": 4, "let_relation": LEAST}, "There is the T. Four T's.", True),
        ({"letter": "t", "let_frequency": 5, "let_relation": LEAST}, "There is the T. Four T's.", False),
        ({"letter": "a", "let_frequency": 2, "let_relation": LESS}, "aA", False),
        ({"letter": "a", "let_frequency": 3, "let_relation": LESS}, "aA", True),
        ({"letter": "#", "let_frequency": 2, "let_relation": LEAST}, "#one #two", True),
        ({"letter": "q", "let_frequency": 1, "let_relation": LESS}, "No such letter.", True),
        ({"letter": "é", "let_frequency": 1, "let_relation": LEAST}, "CAFÉ", True),
    ],
    "length_constraints:number_words": [
        ({"num_words": 4, "relation": LEAST}, "one two three four", True),
        ({"num_words": 5, "relation": LEAST}, "one two three four", False),
        ({"num_words": 3, "relation": LEAST}, "well-known man", True),  # well, known, man
        ({"num_words": 3, "relation": LESS}, "it's me", False),  # it, s, me
        ({"num_words": 2, "relation": LESS}, "snake_case - !", True),  # one word
        ({"num_words": 1, "relation": LEAST}, "... !!!", False),
        ({"num_words": 2, "relation": LESS}, "我爱喝茶", True),  # one run of \w
    ],
    "length_constraints:number_sentences": [
        ({"num_sentences": 2, "relation": LEAST}, "It rains. We stay.", True),
        ({"num_sentences": 3, "relation": LEAST}, "It rains. We stay.", False),
        ({"num_sentences": 2, "relation": LESS}, "Dr. Wu met Mr. Lee in the U.S. yesterday.", True),
        ({"num_sentences": 2, "relation": LESS}, "It costs 3.50 euros.\n\nNo full stop between lines", False),
        ({"num_sentences": 2, "relation": LESS}, "A line\n\nand another\n\n- and a third", True),  # lines end nothing
        ({"num_sentences": 4, "relation": LESS}, "x,x. x,x! x/x. x{x}x?", False),
        ({"num_sentences": 3, "relation": LEAST}, "Really?! Yes. No!", True),
    ],
    "length_constraints:number_paragraphs": [
        ({"num_paragraphs": 2}, "one\n***\ntwo", True),
        ({"num_paragraphs": 2}, "***\none\n***\ntwo\n***", True),  # empty ends do not count
        ({"num_paragraphs": 2}, "one\n***\n***\ntwo", False),  # an empty middle fails
        ({"num_paragraphs": 3}, "one\n***\ntwo", False),
        ({"num_paragraphs": 1}, "one\n\ntwo", True),  # blank lines divide nothing
        ({"num_paragraphs": 2}, "one *** two", True),
        ({"num_paragraphs": 2}, "one\n******\ntwo", False),  # two dividers with nothing between
    ],
    "length_constraints:nth_paragraph_first_word": [
        ({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Yes"}, "No.\n\nYes, indeed.", True),
        ({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "yes"}, 'No.\n\n"YES!" he said', True),
        ({"num_paragraphs": 2, "nth_paragraph": 1, "first_word": "it"}, "It's so.\n\nYes.", True),  # up to the '
        ({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "yes"}, "No.\n\nYes.\n\nMore.", False),
        ({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "yes"}, "No.\nYes.", False),
        ({"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "yes"}, "\n\nYes.", False),  # place 1 is the empty one
        ({"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "yes"}, "Yes.\n\n\n\n", True),
        ({"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "yes"}, "**Yes** indeed", False),
    ],
    "detectable_format:number_bullet_lists": [
        ({"num_bullets": 2}, "List:\n* one\n  *two", True),
        ({"num_bullets": 2}, "- one\n-two", True),
        ({"num_bullets": 1}, "* one\n- two", False),
        ({"num_bullets": 0}, "**bold** at the start", True),  # ** is no bullet
        ({"num_bullets": 2}, "* one\n---", True),  # a rule is one
        ({"num_bullets": 1}, "*\n* one", True),  # a lone * swallows the next line
        ({"num_bullets": 1}, "a * b - c\n\n\n * d", True),
        ({"num_bullets": 1}, "• one", False),
    ],
    "detectable_format:number_highlighted_sections": [
        ({"num_highlights": 2}, "*one* and *two*", True),
        ({"num_highlights": 1}, "*one\nline*", False),
        ({"num_highlights": 1}, "* *", False),  # blank
        ({"num_highlights": 1}, "**bold**", True),  # only the double pattern: the single ones are "**" and "**"
        ({"num_highlights": 2}, "**bold**", False),
        ({"num_highlights": 2}, "* one\n* two", False),  # bullets highlight nothing
        ({"num_highlights": 0}, "plain", True),
    ],
    "detectable_format:multiple_sections": [
        ({"section_spliter": "Section", "num_sections": 2}, "Section 1\na\nSection 2\nb", True),
        ({"section_spliter": "Section", "num_sections": 3}, "Section 1\na\nSection 2\nb", False),
        ({"section_spliter": "SECTION", "num_sections": 1}, "Section 1", False),  # case counts
        ({"section_spliter": " Day ", "num_sections": 2}, "Day 1: a. Day 12: b.", True),
        ({"section_spliter": "Section", "num_sections": 1}, "Section One", False),
        ({"section_spliter": "(Day|Tag)", "num_sections": 4}, "Day 1 a Tag 2 b", True),  # a group counts, as in a split
        ({"section_spliter": "Section", "num_sections": 1}, "Section1", True),
    ],
    "detectable_format:title": [
        ({}, "<<Song of joy>>\nLa la.", True),
        ({}, "At the end\n<<a>>", True),
        ({}, "<< >>", False),
        ({}, "<<not\na title>>", False),
        ({}, "<<>>", False),
        ({}, "<a> >>b<<", False),
        ({}, "<<<deep>>>", True),
    ],
    "detectable_format:json_format": [
        ({}, '{"a": 1}', True),
        ({}, '```json\n{"a": [1, 2]}\n```', True),
        ({}, '```JSON\n"text"```', True),
        ({}, 'Here: {"a": 1}', False),
        ({}, "{'a': 1}", False),
        ({}, "NaN", True),  # as Python reads it
        ({}, "```python\n1\n```", False),
        ({}, "", False),
    ],
    "detectable_format:constrained_response": [
        ({}, "My answer is yes.", True),
        ({}, "I think. My answer is no. Really", True),
        ({}, "\n My answer is maybe.\n", True),
        ({}, "My answer is yes", False),
        ({}, "my answer is yes.", False),
        ({}, "Yes.", False),
    ],
    "detectable_content:number_placeholders": [
        ({"num_placeholders": 2}, "[name] of [place]", True),
        ({"num_placeholders": 3}, "[name] of [place]", False),
        ({"num_placeholders": 1}, "[]", True),  # empty brackets count
        ({"num_placeholders": 1}, "[not\nclosed]", False),
        ({"num_placeholders": 2}, "[[name]]", False),  # from the first [ to the first ]
        ({"num_placeholders": 2}, "[a](b) [c", False),
        ({"num_placeholders": 0}, "none", True),
    ],
    "detectable_content:postscript": [
        ({"postscript_marker": "P.S."}, "Bye.\nP.S. More.", True),
        ({"postscript_marker": "P.S."}, "Bye. p. s. more", True),
        ({"postscript_marker": "P.S."}, "PS: more", False),
        ({"postscript_marker": "P.P.S"}, "Bye.\nP. P. S more", True),
        ({"postscript_marker": "P.P.S"}, "Bye.\nP.S. more", False),
        ({"postscript_marker": "P.P.S."}, "pxpxs?", True),  # any other marker is a pattern: . is any character
        ({"postscript_marker": "PS:"}, "Bye.\nps: more", True),
    ],
    "language:response_language": [
        ({"language": "en"}, "This is a sentence in the English language.", True),
        ({"language": "de"}, "Das ist ein Satz in der deutschen Sprache.", True),
        ({"language": "de"}, "This is a sentence in the English language.", False),
        ({"language": "hi"}, "यह हिन्दी भाषा का एक वाक्य है।", True),
        ({"language": "fr"}, "123 456", True),  # no words: counts as followed
        ({"language": "zh-cn"}, "这是一个用中文写的句子。", True),
        ({"language": "en"}, "", False),
    ],
    "change_case:english_capital": [
        ({}, "THIS IS AN ENGLISH SENTENCE. EVERY LETTER IS CAPITALIZED!!! AMAZING.", True),
        ({}, "Every Word Is Capitalized.", False),
        ({}, "ÜBER ALLEN GIPFELN IST RUH, IN ALLEN WIPFELN SPÜREST DU", False),
        ({}, "123", False),  # no letter
        ({}, "THIS IS NOT ALL IN CAPITALs", False),
        ({}, "", False),
    ],
    "change_case:english_lowercase": [
        ({}, "every letter is lowercase in this sentence.", True),
        ({}, "Almost every letter is lowercase.", False),
        ({}, "über allen gipfeln ist ruh, in allen wipfeln spürest du", False),
        ({}, "it costs 5 euros and that is all there is to say about it!", True),
        ({}, "123 !", False),
        ({}, " \n ", False),
    ],
    "change_case:capital_word_frequency": [
        ({"capital_frequency": 3, "capital_relation": LEAST}, "HERE there are THREE FUlly CAPITAL words.", True),
        ({"capital_frequency": 4, "capital_relation": LESS}, "HERE there are THREE FUlly CAPITAL words.", True),
        ({"capital_frequency": 2, "capital_relation": LEAST}, "I saw A.", True),  # one letter is a word
        ({"capital_frequency": 2, "capital_relation": LEAST}, "WELL-KNOWN man", False),  # a hyphen joins
        ({"capital_frequency": 2, "capital_relation": LEAST}, "IT'S so", True),  # IT and 'S
        ({"capital_frequency": 1, "capital_relation": LEAST}, "the U.S. army", True),
        ({"capital_frequency": 2, "capital_relation": LEAST}, "AND/OR", False),
        ({"capital_frequency": 1, "capital_relation": LESS}, "4G is fast", False),  # digits have no case
    ],
    "combination:repeat_prompt": [
        ({"prompt_to_repeat": "Write a poem."}, "Write a poem. Roses are red.", True),
        ({"prompt_to_repeat": " Write a poem.\n"}, "\nwrite A POEM. Roses", True),
        ({"prompt_to_repeat": "Write a poem."}, "Sure! Write a poem.", False),
        ({"prompt_to_repeat": "Write a poem."}, '"Write a poem." Roses', False),
        ({"prompt_to_repeat": "Write a poem."}, "Write  a poem.", False),
        ({"prompt_to_repeat": "Write a poem."}, "Write a poe", False),
    ],
    "combination:two_responses": [
        ({}, "One.\n******\nTwo.", True),
        ({}, "One.\n******\n One.\n", False),  # the same
        ({}, "One.\n******\nTwo.\n******\nThree.", False),
        ({}, "******\nOne.\n******\nTwo.\n******", True),
        ({}, "One.\n******\n******\nTwo.", False),
        ({}, "One. Two.", False),
        ({}, "One.\n*******\nTwo.", True),  # the seventh star goes with the second
    ],
    "startend:end_checker": [
        ({"end_phrase": "Any more questions?"}, "The answer is 7. Any more questions?\n", True),
        ({"end_phrase": "Any more questions?"}, '"The answer. ANY more questions?"', True),
        ({"end_phrase": "Any more questions?"}, "Any more questions? No.", False),
        ({"end_phrase": " Bye. "}, "bye.", True),
        ({"end_phrase": "Bye."}, "Bye.*", False),
        ({"end_phrase": "Bye."}, "Goodbye.", True),  # inside a word
    ],
    "startend:quotation": [
        ({}, '"All of it."', True),
        ({}, '\n "All of it." ', True),
        ({}, '"Not" all of it.', False),
        ({}, '"', False),
        ({}, '""', True),
        ({}, "“Curly.”", False),
        ({}, "'Single'", False),
    ],
    "punctuation:no_comma": [
        ({}, "No such mark.", True),
        ({}, "Well, yes.", False),
        ({}, "1,000", False),
        ({}, "中文，没有", True),  # another comma
        ({}, "semicolon; only", True),
        ({}, "", False),
    ],
}
FLAT = [(kind, *case) for kind, cases in CASES.items() for case in cases]
# kind, settings, response, strict, loose: what leaving out a first line, a last line or asterisks changes
LOOSE = [
    ("combination:repeat_prompt", {"prompt_to_repeat": "Do it."}, "Sure!\nDo it. Done.", False, True),
    ("startend:end_checker", {"end_phrase": "Bye."}, "Text. Bye.\nAnything else?", False, True),
    ("startend:end_checker", {"end_phrase": "Bye."}, "Text. **Bye.**", False, True),
    ("startend:quotation", {}, 'Here it is:\n"Quoted."\nDone', False, True),
    ("startend:quotation", {}, 'Here it is:\n\n**"Quoted."**\n\nDone', False, True),
    ("punctuation:no_comma", {}, "Sure, here:\nNone.", False, True),
    ("punctuation:no_comma", {}, "One, two.", False, False),
    ("detectable_format:json_format", {}, "Sure:\n{}\nDone.", False, True),
    ("detectable_format:number_bullet_lists", {"num_bullets": 1}, "* one\n* two", False, True),
    ("detectable_format:title", {}, "<*<So>*>", False, True),
    ("length_constraints:number_words", {"num_words": 3, "relation": LESS}, "one two\nthree four", False, True),
    ("length_constraints:number_words", {"num_words": 5, "relation": LEAST}, "one two\nthree four", False, False),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 1}, "*so*", True, True),
    ("punctuation:no_comma", {}, "\n\n", False, False),
]


def decided(kind, settings, response, **more):
    return registry.lookup("verifier", f"ifeval/{kind}")(Sample("s", (), response), **settings, **more)


@pytest.mark.parametrize(("kind", "settings", "response", "want"), FLAT)
def test_by_hand(kind, settings, response, want):
    found = decided(kind, settings, response)
    assert found.value == float(want), found.reason
    assert found.reason
    assert all(quote in response for quote in found.evidence)


@pytest.mark.parametrize(("kind", "settings", "response", "strict", "loose"), LOOSE)
def test_loose_takes_any_of_eight_readings(kind, settings, response, strict, loose):
    assert decided(kind, settings, response).value == float(strict)
    assert decided(kind, settings, response, loose=True).value == float(loose)


def test_there_are_25_kinds_each_with_six_cases_of_both_outcomes():
    registered = {n.removeprefix("ifeval/") for n in registry.names("verifier") if n.startswith("ifeval/")}
    assert registered == set(CASES)
    assert len(CASES) == 25
    for kind, cases in CASES.items():
        assert len(cases) >= 6, kind
        assert {want for *_, want in cases} == {True, False}, kind
