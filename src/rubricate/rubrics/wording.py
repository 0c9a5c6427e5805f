"""Plain facts about wording: words, sentences, scripts, and which texts are nearly the same.

Latin text is cut at words, Chinese, Japanese and Korean text at characters (pairs of them stand for words), so that
the same functions serve rubrics in either. Nothing here calls a model.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from rubricate.arrays import Ints

CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = rf"[^\W_{CJK}]+(?:['’.-][^\W_{CJK}]+)*"
_TOKEN = re.compile(rf"[{CJK}]|{_WORD}")
_RUN = re.compile(rf"[{CJK}]+|{_WORD}")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:['.-][a-z0-9]+)*")  # what _RUN finds in ASCII in lower case, in half the time
_CJK_RUN = re.compile(rf"[{CJK}]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_OTHER = re.compile(r"[\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0eff]+")
_SENTENCE = re.compile(r"(?<=[.!?])[\"”’')]*\s+(?=[\"“‘'(]?[A-Z\u00c0-\u00de])|(?<=[。！？；])\s*")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|approx|Dr|Mr|Mrs|Ms|Prof|Fig|No|Eq|St)|\b[A-Z])\.$")
_INSIDE = re.compile(
    r"\([^()]*\)|（[^（）]*）|\[[^\[\]]*\]|\"[^\"]*\"|“[^“”]*”|‘[^‘’]*’|(?<!\w)'[^']*'(?!\w)|「[^「」]*」|《[^《》]*》|`[^`]*`"
)
_EXAMPLES = re.compile(
    r"(?:\b(?:such as|including|for example|for instance|e\.g\.|like)\b|例如|比如|包括|诸如)[^.;。；]*", re.IGNORECASE
)
_CODE = re.compile(r"```|^\s*(?:def|class|import|from|return|#include|function)\b.*[:;({]?\s*$", re.MULTILINE)
_MARKS = tuple("([\"'`")
_EXAMPLE_WORDS = ("such as", "including", "for example", "for instance", "e.g.", "like")
_CODE_WORDS = ("```", "def", "class", "import", "from", "return", "#include", "function")
LONGEST = 600
_FEW = 40  # sets up to which all pairs are looked at
FUNCTION_CHARS = frozenset("的了是在和与及或并对其该这那之为以于把被将从到有地得也都而且等中")


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as text."""
    return frozenset(text.split())


STOP = word_set(
    """a about above after all also an and any are as at be been being before below between both but by can could did do
    does each either for from further had has have he her his how if in into is it its itself just more most must my no
    nor of off on once only or other our out over own per same she should so some such than that the their them then
    there these they this those through to too under until up upon very was we were what when where whether which while
    who whom whose why will with within without would you your"""
)
GENERIC = word_set(
    """answer article assess assistant check contain describe discuss ensure essay evaluate explain give has have
    include mention model note output paper present provide reply report response show state text user"""
)


def no_sentence(text: str) -> str:
    """Why a written text cannot be a criterion: it is empty, longer than ``LONGEST`` characters, or code; else "".

    >>> no_sentence("Names a source."), no_sentence("import os")
    ('', 'it holds code; a criterion is a sentence')
    """
    if not text.strip():
        return "it is empty"
    if len(text) > LONGEST:
        return f"it is {len(text)} characters long; at most {LONGEST}"
    code = any(word in text for word in _CODE_WORDS) and _CODE.search(text)
    return "it holds code; a criterion is a sentence" if code else ""


def normalised(text: str) -> str:
    """``text`` for comparison: one form of each character, lower case, single spaces, no full stop at the end.

    >>> normalised("  Mentions\\nthe DOSE. ")
    'mentions the dose'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split()).rstrip(" .。;；!！")


def tokens(text: str) -> list[str]:
    """Words in lower case; each Chinese, Japanese or Korean character is one."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def has_word(text: str) -> bool:
    """Whether ``tokens`` finds anything."""
    return _TOKEN.search(unicodedata.normalize("NFKC", text)) is not None


@functools.lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """``word`` without a plural or third-person ending.

    >>> [stem(w) for w in ("mentions", "studies", "addresses", "analysis")]
    ['mention', 'study', 'address', 'analysis']
    """
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes", "zzes")) else word[:-1]


def content_words(text: str) -> list[str]:
    """Stems of the words that carry content, in order; pairs of characters for Chinese, Japanese and Korean runs."""
    if text.isascii():
        return [stem(word) for word in _ASCII_WORD.findall(text.lower()) if word not in STOP]
    found: list[str] = []
    for word in _RUN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if "\u3040" <= word[0] <= "\ud7af":
            found += _pairs(word)
        elif word not in STOP:
            found.append(stem(word))
    return found


def _pairs(run: str) -> list[str]:
    if len(run) == 1:
        return [] if run in FUNCTION_CHARS else [run]
    return [a + b for a, b in zip(run, run[1:], strict=False) if a not in FUNCTION_CHARS or b not in FUNCTION_CHARS]


@functools.lru_cache(maxsize=4096)
def script(text: str) -> str:
    """``cjk``, ``latin`` or ``other``, by most letters (a Chinese character counts twice); empty without letters."""
    if text.isascii():
        return "latin" if _LATIN.search(text) else ""
    found = {
        "cjk": 2 * sum(map(len, _CJK_RUN.findall(text))),
        "latin": sum(map(len, _LATIN.findall(text))),
        "other": sum(map(len, _OTHER.findall(text))),
    }
    name = max(found, key=lambda k: found[k])
    return name if found[name] else ""


def sentences(text: str) -> list[str]:
    """The sentences of ``text``; abbreviations end none, and nothing is cut inside brackets or quotes."""
    covered, parts, start = masked(text), [], 0
    for cut in _SENTENCE.finditer(covered):
        if not _ABBREVIATION.search(covered[start : cut.start()]):
            parts.append(text[start : cut.start()])
            start = cut.end()
    return [p.strip() for p in [*parts, text[start:]] if p.strip()]


def control_characters(text: str) -> list[str]:
    """The control characters in ``text``, line feeds and tabs aside."""
    if text.isprintable():
        return []
    return [ch for ch in text if unicodedata.category(ch) == "Cc" and ch not in "\n\t"]


def may_hold(text: str, words: Sequence[str]) -> bool:
    """Whether a pattern that needs one of ``words`` (lower case) is worth a search; True where not all is ASCII.

    A look for plain words costs a small part of a search that ignores case, and most texts hold none.
    """
    if not text.isascii():
        return True
    low = text.lower()
    for word in words:  # noqa: SIM110 - twice as quick as any(...) with a generator
        if word in low:
            return True
    return False


def masked(text: str, examples: bool = False) -> str:
    """``text`` with what stands in brackets and quotes (and after "such as") blanked out; the length stays.

    >>> masked("Names fruit (apples and pears)")
    'Names fruit ##################'
    """
    hidden = _INSIDE.sub(lambda m: "#" * len(m[0]), text) if may_hold(text, _MARKS) else text
    if not examples or not may_hold(hidden, _EXAMPLE_WORDS):
        return hidden
    return _EXAMPLES.sub(lambda m: "#" * len(m[0]), hidden)


def grams(text: str) -> Iterator[str]:
    """Runs of four words that say something: three content words, or two and one of them a number.

    Of Chinese, Japanese and Korean text, runs of eight characters.
    """
    words = tokens(text)
    wide = [bool(_CJK_RUN.match(w)) for w in words]
    for k in range(len(words) - 3):
        run = words[k : k + 4]
        if all(wide[k : k + 8]) and k + 8 <= len(words):
            yield "".join(words[k : k + 8])
        elif not any(wide[k : k + 4]) and sum((w not in STOP) + w[0].isdigit() / 2 for w in run) >= 2.5:
            yield " ".join(run)


def overlap(one: str, two: str) -> float:
    """Share of content words that two texts have in common (Jaccard): |A & B| / |A | B|; 0 for texts without any.

    >>> overlap("Names the dose.", "names a dose")
    1.0
    """
    a, b = frozenset(content_words(one)) - GENERIC, frozenset(content_words(two)) - GENERIC
    return len(a & b) / len(a | b) if a | b else 0.0


def near(sets: Sequence[frozenset[str]], threshold: float, most: int = 20) -> Iterator[tuple[int, int, float]]:
    """(i, j, Jaccard) of each set i and the earlier sets j with |A & B| / |A | B| >= ``threshold``.

    At most ``most`` pairs for each i; empty sets have none. With c = ceil(threshold |A|), two sets that similar share
    two of the first |A| - c + 2 of the rarest words of each (one where c is 1), so only those words are looked up.
    """
    if len(sets) <= _FEW:
        yield from _each(sets, threshold, most)
        return
    count = Counter(word for s in sets for word in s)
    size = np.array([len(s) for s in sets], dtype=np.int64)
    least = np.array([_at_least(threshold, len(s)) for s in sets], dtype=np.int64)
    index: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    for i, words in enumerate(sets):
        if not words:
            continue
        ranked = sorted(words, key=lambda w: (count[w], w))
        prefix = ranked[: len(ranked) - least[i] + 2]
        left = most
        for j in _sharing([index[word] for word in prefix], i, size, least, threshold):
            common = len(words & sets[j])
            ratio = common / (len(words) + len(sets[j]) - common)
            if ratio >= threshold:
                yield i, j, ratio
                left -= 1
                if not left:
                    break
        for word in prefix:
            index[word].append(i)


def _each(sets: Sequence[frozenset[str]], threshold: float, most: int) -> Iterator[tuple[int, int, float]]:
    """``near`` by looking at every pair: quicker than an index where there are few."""
    for i, words in enumerate(sets):
        left = most
        for j in range(i):
            common = len(words & sets[j])
            if common and left:
                ratio = common / (len(words) + len(sets[j]) - common)
                if ratio >= threshold:
                    yield i, j, ratio
                    left -= 1


def _sharing(lists: list[array[int]], i: int, size: Ints, least: Ints, threshold: float) -> list[int]:
    """The earlier sets in enough of ``lists`` and of a fitting size, in order."""
    if not any(lists):
        return []
    seen = np.sort(np.concatenate([np.frombuffer(x, dtype=np.int64) for x in lists if x]))
    new = np.ones(len(seen) + 1, dtype=np.bool_)
    np.not_equal(seen[1:], seen[:-1], out=new[1:-1])
    first = np.flatnonzero(new)
    found, times = seen[first[:-1]], first[1:] - first[:-1]
    fits = np.minimum(size[found], size[i]) >= threshold * np.maximum(size[found], size[i])
    return [int(j) for j in found[fits & ((times > 1) | (np.maximum(least[found], least[i]) < 2))]]


def _at_least(threshold: float, size: int) -> int:
    """The smallest whole number >= threshold * size, proof against rounding."""
    return max(1, -int(-(threshold * size - 1e-9) // 1))
