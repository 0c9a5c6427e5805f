"""Is a quoted span really in a text? A quote may hold a slip, so the best window counts, not equality."""

from __future__ import annotations


def partial_ratio(span: str, text: str) -> float:
    """How much of the shorter string is in the best window of the other, 0 to 100: ``200 lcs(a, b) / (|a| + |b|)``.

    Windows have the length of the shorter string, or less at both ends; lcs is the longest common subsequence. This is
    the measure of RapidFuzz's ``partial_ratio`` (card 174 keeps spans above 60); 0 when one of the two is empty.

    >>> partial_ratio("the dose", "It forgets the dose."), partial_ratio("the dpse", "It forgets the dose.")
    (100.0, 87.5)
    """
    short, long = (span, text) if len(span) <= len(text) else (text, span)
    if not short:
        return 0.0
    if short in long:
        return 100.0
    size, best = len(short), 0.0
    for start in range(1 - size, len(long)):
        window = long[max(0, start) : start + size]
        if 200.0 * len(window) / (size + len(window)) > best:  # what a window could reach at most
            best = max(best, 200.0 * _lcs(short, window) / (size + len(window)))
    return best


def _lcs(a: str, b: str) -> int:
    """Length of the longest common subsequence, one machine word operation per character of ``b`` (Hyyro 2004)."""
    masks: dict[str, int] = {}
    for k, letter in enumerate(a):
        masks[letter] = masks.get(letter, 0) | 1 << k
    full = (1 << len(a)) - 1
    row = full
    for letter in b:
        hit = row & masks.get(letter, 0)
        row = (row + hit | row - hit) & full
    return len(a) - row.bit_count()
