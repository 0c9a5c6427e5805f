"""``repeated_window`` and ``distinct_n``: text that says the same again and again."""

from __future__ import annotations

from collections import Counter

from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.material import at_least
from rubricate.verifiers.normalise import shown
from rubricate.verifiers.segments import word_spans


@verifier("repeated_window")
def repeated_window(sample: Sample, words: int = 10, times: int = 10, reasoning: bool = True) -> Outcome:
    """Whether no run of ``words`` words occurs ``times`` times or more, overlaps counted, in any case.

    ``reasoning``: read in the whole response, reasoning included. Defaults of card 138 (RLPR, code read; it splits at
    spaces, this drops punctuation, so it finds the same run with other marks too).
    """
    at_least(1, words=words)
    at_least(2, times=times)
    text = sample.response if reasoning else answer_text(sample)
    spans = word_spans(text)
    found = [text[a:b].casefold() for a, b in spans]
    counts = Counter(zip(*(found[k:] for k in range(words)), strict=False))
    if not counts:
        return Outcome(1.0, f"fewer than {words} words")
    window, count = counts.most_common(1)[0]
    if count < times:
        return Outcome(1.0, f"no run of {words} words more than {count} times; expected less than {times}")
    at = next(k for k in range(len(found)) if tuple(found[k : k + words]) == window)
    quote = text[spans[at][0] : spans[at + words - 1][1]]
    return Outcome(0.0, f"{shown(quote)} {count} times; expected less than {times}", (quote,))


@verifier("distinct_n")
def distinct_n(sample: Sample, n: int = 3, min: float | None = None) -> Outcome:
    """Share of distinct n-grams of words, ``distinct / all``; with ``min``, whether it is at least that.

    Distinct-n (Li et al. 2016, arXiv 1510.03055); n = 3 is the repetition penalty of card 109 (R^3, arXiv 2402.03469).
    Fewer than n words cannot tell. Falls with the length of honest text too: compare responses of like length.
    """
    at_least(1, n=n)
    at_least(0, min=min)
    text = answer_text(sample)
    found = [text[a:b].casefold() for a, b in word_spans(text)]
    grams = list(zip(*(found[k:] for k in range(n)), strict=False))
    if not grams:
        return Outcome(None, f"fewer than {n} words")
    share = len(set(grams)) / len(grams)
    reason = f"{share:.0%} of {len(grams)} {n}-grams are distinct"
    return Outcome(share, reason) if min is None else Outcome(float(share >= min), f"{reason}; expected {min:.0%}")
