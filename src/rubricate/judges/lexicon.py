"""The lexical judge's reading of text: sentences, content words with a light stem, negation, a weight for each word.

There is no corpus behind it. How telling a word is follows from its form alone: function words and the vocabulary of
rubrics weigh nothing, long words more than short ones, numbers and names most. So a verdict depends on nothing but the
texts judged.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass

from rubricate.rubrics.wording import CJK, FUNCTION_CHARS, STOP, word_set
from rubricate.verifiers.segments import sentences

# Words that say how an answer says something, or how good it is; an answer is not expected to contain them.
_SPEECH = """acknowledge address advise ask assert caution cite clarify communicate conclude convey declare
    describe discuss emphasise encourage explain explanation express give highlight identify imply
    indicate inform instruct list mention name note outline point propose recognise recommend refer
    remark report say specify state suggest summarise tell urge warn write"""
_COUNTED = """bullet example idea item line option paragraph reason recommendation sentence source step
    suggestion thing tip way word"""
_QUALITY = """ability able accurate adequate adhere answer appropriate aspect assistant attempt aware awareness
    clarity clear coherence coherent complete comprehensive concise consistent contain content correct
    cover criteria criterion deep demonstrate depth detail directly effective engage ensure entirely
    essay evidence excellent explicit factual fail feature first follow format fully generate given good
    great helpful highly include incorporate information informative insight insightful insightfulness
    instruction key lack least level logical maintain make meaningful message minor misleading model
    most mostly natural offer output overall part partial people perfectly person poor potential precise
    present proper provide quality question reader reasonable relevance relevant reply request require
    requirement respond response score sense show significant somewhat specific structure successfully
    such sufficient task text thorough tone unclear understand understandable understanding use used
    useful user vague valid various very well whole"""
NUMBERS = {
    "zero": "0", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30",
    "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90", "hundred": "100",
    "thousand": "1000", "million": "1000000",
}  # fmt: skip
CLAUSE_NEGATORS = word_set("not cannot never don't doesn't didn't isn't aren't wasn't weren't won't can't nor")
SCOPE_NEGATORS = word_set(
    """against avoid avoiding avoids discourage discourages except instead lack lacks neither no omit omits refrain
    refrains skip unless without"""
)
CLAUSE_STARTS = word_set("but however because so while although though whereas since then")
SCOPE = 4  # content words that "no", "without" and their like reach
_SILENT = STOP | SCOPE_NEGATORS | word_set("i me my mine we us our him them am let also yes please never one")
_ENDS = frozenset(".,;:!?()\n—。，、；：！？（）") | CLAUSE_STARTS
_TOKEN = re.compile(rf"[{CJK}]+|\d+(?:[.,]\d+)*|[^\W\d_{CJK}]+(?:'[^\W\d_{CJK}]+)*|[.,;:!?()\n—。，、；：！？（）]")
_WIDE = re.compile(rf"[{CJK}]")
_CLOSED = re.compile(r"[^aeiou][aeiou][^aeiouwxy]")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_SUFFIXES = (  # longer ones first
    "isation", "ization", "ations", "ation", "ition", "ments", "ising", "izing", "ment", "ness", "ency", "ancy", "ence",
    "ance", "able", "ible", "ised", "ized", "iser", "izer", "ison", "ious", "eous", "ise", "ize",
    "ity", "ive", "ing", "ful", "ous", "ion", "est", "al", "er", "or", "ed", "ly", "ic",
)  # fmt: skip
_LEAST = {
    "ing": 3,
    "ed": 3,
    "ence": 5,
    "ance": 5,
    "er": 5,
    "or": 5,
    "ic": 5,
    "ise": 5,
    "ize": 5,
    "est": 5,
    "ion": 5,
    "al": 5,
    "ive": 5,
}
VERSION = "lexical-1"


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read once: its sentences, where each content word stands in them, and how much it says.

    ``places[key]`` holds ``2 * sentence + negated`` for every occurrence; ``plain`` is the text folded for phrases;
    ``size`` is the number of different content words.
    """

    sentences: tuple[str, ...]
    places: dict[str, list[int]]
    surface: dict[str, str]
    plain: str

    @property
    def size(self) -> int:
        """How many different content words there are."""
        return len(self.places)


@functools.lru_cache(maxsize=512)
def read(text: str) -> Reading:
    """``text`` as a ``Reading``; the last few are remembered, because a response is asked about many criteria.

    >>> read("Call 112. Do not wait!").places
    {'call': [0], '112': [0], 'wait': [3]}
    """
    parts = tuple(sentences(text))
    places: dict[str, list[int]] = {}
    surface: dict[str, str] = {}
    for at, sentence in enumerate(parts):
        for key, negated, word in scan(sentence):
            places.setdefault(key, []).append(2 * at + negated)
            surface.setdefault(key, word)
    return Reading(parts, places, surface, plain(text))


def plain(text: str) -> str:
    """``text`` folded for the search of phrases: lower case, single spaces, straight apostrophes."""
    return " ".join(text.casefold().replace("’", "'").split())


def scan(sentence: str) -> list[tuple[str, bool, str]]:
    """(key, negated, word) of the content words of a sentence, in order.

    "not" and "never" negate all of their clause, "no", "without" and their like the next few content words; "not only"
    negates nothing.

    >>> scan("Five days, not weeks.")
    [('5', False, 'five'), ('day', False, 'days'), ('week', True, 'weeks')]
    """
    found: list[tuple[str, bool, str]] = []
    start = scope = 0
    whole = False
    words = _TOKEN.findall(sentence.casefold().replace("’", "'"))
    for at, word in enumerate(words):
        if word in _ENDS:
            if whole:
                found[start:] = [(k, True, w) for k, _, w in found[start:]]
            start, scope, whole = len(found), 0, False
        elif word in CLAUSE_NEGATORS or word.endswith("n't"):
            whole = words[at + 1 : at + 2] not in (["only"], ["just"])
        elif word in SCOPE_NEGATORS:
            scope = SCOPE
        else:
            for key in keys(word):
                found.append((key, scope > 0, word))
                scope -= scope > 0
    return [*found[:start], *((k, True, w) for k, _, w in found[start:])] if whole else found


def is_wide(word: str) -> bool:
    """Whether a word is Chinese, Japanese or Korean."""
    return _WIDE.match(word) is not None


@functools.lru_cache(maxsize=65536)
def keys(word: str) -> tuple[str, ...]:
    """The keys of a token in lower case: none for a function word or a mark, pairs of characters for Chinese and Kana.

    >>> keys("the"), keys("1,000"), keys("apologises"), keys("apology"), keys("我爱你")
    ((), ('1000',), ('apolog',), ('apolog',), ('我爱', '爱你'))
    """
    first = word[0]
    if first.isdecimal():
        return (_number(word),)
    if is_wide(word):
        pairs = [word[k : k + 2] for k in range(max(1, len(word) - 1))]
        return tuple(p for p in pairs if not set(p) <= FUNCTION_CHARS)
    word = word.removesuffix("'s")
    if word in NUMBERS:
        return (NUMBERS[word],)
    return () if word in _SILENT or not first.isalpha() else (stem(word),)


def _number(word: str) -> str:
    digits = word.replace(",", "") if _THOUSANDS.fullmatch(word) else word
    return digits.rstrip("0").rstrip(".") if digits.count(".") == 1 else digits


def stem(word: str) -> str:
    """``word`` cut back to what its family shares: the plural, one ending, then a final e, y or i.

    >>> [stem(w) for w in ("refunds", "waiting", "recommendation", "recommended", "emergencies", "tea", "stopped")]
    ['refund', 'wait', 'recommend', 'recommend', 'emerg', 'tea', 'stop']
    """
    if len(word) > 4 and word.endswith(("ies", "ied", "ier")):
        word = word[:-3] + "y"
    elif len(word) > 3 and word[-1] == "s" and word[-2] not in "sui":
        word = word[:-2] if word.endswith(("sses", "xes", "ches", "shes", "zzes")) else word[:-1]
    for suffix in _SUFFIXES:
        left = len(word) - len(suffix)
        if word.endswith(suffix) and left >= _LEAST.get(suffix, 4):
            word = word[:left]
            if left == 3 and _CLOSED.fullmatch(word):
                return f"{word}e"  # naming -> name
            if left > 3 and len(suffix) < 4 and word[-1] == word[-2] and word[-1] not in "aeiosl":
                return word[:-1]
            break
    return word[:-1] if len(word) > 4 and word[-1] in "eyi" else word


COUNTED = frozenset(map(stem, _COUNTED.split()))
FRAME = COUNTED | frozenset(map(stem, f"{_SPEECH} {_QUALITY}".split()))


def weight(key: str, word: str) -> float:
    """How telling a word is: 1.5 for a number, 0.5 for a pair of CJK characters, else .3 + .1 per letter up to 1."""
    if key[0].isdecimal():
        return 1.5
    if is_wide(key):
        return 0.5
    return min(1.0, 0.3 + 0.1 * len(word))


@functools.cache
def lexicon_digest() -> str:
    """A digest of the word lists and of the version of the method."""
    lists = [FRAME, CLAUSE_NEGATORS, SCOPE_NEGATORS, CLAUSE_STARTS, _SILENT, frozenset(_SUFFIXES)]
    text = "|".join(" ".join(sorted(words)) for words in lists)
    return hashlib.sha256(f"{VERSION}|{text}".encode()).hexdigest()[:16]
