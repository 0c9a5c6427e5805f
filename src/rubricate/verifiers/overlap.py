"""``ngram_overlap``, ``copied_run`` and ``lcs_overlap``: how much of a text stands in another; leak checks."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.material import at_least, material
from rubricate.verifiers.normalise import shown
from rubricate.verifiers.segments import word_spans, words

Texts = str | Sequence[str] | None


@verifier("ngram_overlap")
def ngram_overlap(
    sample: Sample,
    texts: Texts = None,
    source: str = "reference",
    n: int = 4,
    of: str = "response",
    max: float | None = None,
    reasoning: bool = False,
) -> Outcome:
    """Share of the n-grams of words ``of`` the response that stand in the texts (or of the texts, in the response).

    The texts are given, or those that ``source`` names (reference, prompt, documents). With ``max`` it is a leak
    check: whether the share is at most that. ``reasoning`` reads the reasoning too. Too few words cannot tell.
    """
    at_least(1, n=n)
    at_least(0, max=max)
    _side(of)
    others = material(sample, texts, source)
    if not others:
        return Outcome(None, f"the sample has no {source}")
    own = _grams(words(sample.response if reasoning else answer_text(sample)), n)
    theirs = [g for text in others for g in _grams(words(text), n)]
    counted, among = (own, set(theirs)) if of == "response" else (theirs, set(own))
    if not counted:
        return Outcome(None, f"fewer than {n} words")
    share = sum(g in among for g in counted) / len(counted)
    return _share(share, f"{share:.0%} of {len(counted)} {n}-grams shared", max)


@verifier("copied_run")
def copied_run(
    sample: Sample, max_words: int, texts: Texts = None, source: str = "reference", reasoning: bool = False
) -> Outcome:
    """Whether no run of more than ``max_words`` words is copied from the texts; the evidence is the longest copy.

    Case and punctuation do not matter. The texts are given, or those that ``source`` names.
    """
    at_least(0, max_words=max_words)
    others = material(sample, texts, source)
    if not others:
        return Outcome(None, f"the sample has no {source}")
    text = sample.response if reasoning else answer_text(sample)
    spans = word_spans(text)
    own = [text[a:b].casefold() for a, b in spans]
    runs = [longest_common_run(own, words(other)) for other in others]
    start, length = max(runs, key=lambda run: run[1])
    quote = text[spans[start][0] : spans[start + length - 1][1]] if length else ""
    reason = f"{length} words in a row are copied{': ' + shown(quote) if quote else ''}; expected at most {max_words}"
    return Outcome(float(length <= max_words), reason, (quote,) if length > max_words else ())


@verifier("lcs_overlap")
def lcs_overlap(
    sample: Sample,
    texts: Texts = None,
    source: str = "reference",
    of: str = "texts",
    max: float | None = None,
    reasoning: bool = False,
) -> Outcome:
    """Length of the longest common subsequence of words over the words of the text (or ``of`` the response).

    The best of several texts. In order, gaps allowed: recall of ROUGE-L. With ``max``: whether it is at most that.
    """
    at_least(0, max=max)
    _side(of)
    others = [words(text) for text in material(sample, texts, source)]
    own = words(sample.response if reasoning else answer_text(sample))
    others = [o for o in others if o]
    if not others or (of == "response" and not own):
        return Outcome(None, "no words to compare")
    shares = [lcs_length(own, other) / (len(own) if of == "response" else len(other)) for other in others]
    share = sorted(shares)[-1]
    return _share(share, f"{share:.0%} of the {'response' if of == 'response' else 'text'} in common order", max)


def lcs_length(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence; one big integer holds a row (Crochemore et al. 2001), so it is fast.

    >>> lcs_length("ABCBDAB", "BDCABA")
    4
    """
    places: dict[Hashable, int] = {}
    for k, item in enumerate(b):
        places[item] = places.get(item, 0) | 1 << k
    full = (1 << len(b)) - 1
    row = full
    for item in a:
        hit = row & places.get(item, 0)
        row = ((row + hit) | (row - hit)) & full
    return len(b) - row.bit_count()


def longest_common_run(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[int, int]:
    """Start in ``a`` and length of the longest run of items that ``b`` holds too; (0, 0) without any.

    Runs of 2^k items get ranks by doubling, then the length is searched by halves: n log^2 n for any input.

    >>> longest_common_run("the cat sat".split(), "a cat sat down".split())
    (1, 2)
    """
    levels = [_ranked(a, b)]  # level k: ranks of the runs of 2^k items
    while not set(levels[-1][0]).isdisjoint(levels[-1][1]):
        size = 1 << (len(levels) - 1)
        levels.append(_ranked(*(list(zip(r, r[size:], strict=False)) for r in levels[-1])))
    if len(levels) == 1:
        return 0, 0
    own, other = levels[-2]  # the last size that both hold; the next is none
    size = 1 << (len(levels) - 2)
    low, high, start = size, 2 * size - 1, _shared(own, other, 0)
    while low < high:
        length = (low + high + 1) // 2
        at = _shared(own, other, length - size)
        low, high, start = (low, length - 1, start) if at < 0 else (length, high, at)
    return start, low


def _ranked(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    table: dict[Hashable, int] = {}
    first, second = ([table.setdefault(item, len(table)) for item in items] for items in (a, b))
    return first, second


def _shared(own: list[int], other: list[int], shift: int) -> int:
    """The first start in ``own`` of a run that ``other`` holds too, -1 without one."""
    keys = set(zip(other, other[shift:], strict=False))
    return next((k for k, key in enumerate(zip(own, own[shift:], strict=False)) if key in keys), -1)


def _grams(items: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(items[k:] for k in range(n)), strict=False))


def _side(of: str) -> None:
    if of not in ("response", "texts"):
        raise SettingError(f"of={of!r}", expected="response or texts")


def _share(share: float, reason: str, most: float | None) -> Outcome:
    if most is None:
        return Outcome(share, reason)
    return Outcome(float(share <= most), f"{reason}; expected at most {most:.0%}")
