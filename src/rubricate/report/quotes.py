"""Evidence quotes marked in place: where in the response a quote stands, and the response with marks.

A quote is found as ``rubricate.judges.evidence`` finds it: case, spacing and typographic quotes do not matter.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rubricate.judges.evidence import plain as folded
from rubricate.judges.evidence import wanted as wanted_part
from rubricate.report.markup import Markup, join, tag, text

Span = tuple[int, int]


def find(quote: str, response: str) -> list[Span]:
    """Every place of a quote in the response, as [start, end) of the response's own characters.

    >>> find("the POT", "Warm the  pot.")
    [(5, 13)]
    """
    return list(_find(quote, *_fold(response)))


def _find(quote: str, whole: str, starts: Sequence[int]) -> Iterator[Span]:
    wanted = wanted_part(quote)
    at = whole.find(wanted) if wanted else -1
    while at >= 0:
        yield starts[at], starts[at + len(wanted) - 1] + 1
        at = whole.find(wanted, at + len(wanted))


def _fold(response: str) -> tuple[str, list[int]]:
    """The response in the form in which quotes are compared, and the place of each of its characters."""
    out: list[str] = []
    places: list[int] = []
    for place, character in enumerate(response):
        piece = _piece(character)
        if piece == " " and (not out or out[-1] == " "):
            continue
        out.extend(piece)
        places.extend([place] * len(piece))
    return "".join(out), places


@functools.lru_cache(maxsize=4096)
def _piece(character: str) -> str:
    return folded(character) or " "


def segments(
    marked: Sequence[tuple[Span, str]], length: int
) -> list[tuple[int, int, tuple[str, ...], tuple[str, ...]]]:
    """Named spans, overlapping or not, as pieces (start, end, names, names that end here) that cover 0..length.

    >>> segments([((0, 4), "a"), ((2, 6), "b")], 7)
    [(0, 2, ('a',), ()), (2, 4, ('a', 'b'), ('a',)), (4, 6, ('b',), ('b',)), (6, 7, (), ())]
    """
    spans = [(span, name) for name in dict.fromkeys(n for _, n in marked) for span in _merged(marked, name)]
    edges = sorted({0, length, *(edge for span, _ in spans for edge in span)})
    opened: dict[int, list[str]] = {}
    closed: dict[int, list[str]] = {}
    for (start, end), name in spans:
        opened.setdefault(start, []).append(name)
        closed.setdefault(end, []).append(name)
    active: list[str] = []
    out = []
    for start, end in pairwise(edges):
        active = [n for n in active if n not in closed.get(start, ())] + opened.get(start, [])
        out.append((start, end, tuple(active), tuple(n for n in active if n in closed.get(end, ()))))
    return out


def _merged(marked: Sequence[tuple[Span, str]], name: str) -> list[Span]:
    """The spans of one name, those that touch or overlap joined."""
    out: list[Span] = []
    for start, end in sorted(span for span, n in marked if n == name):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def highlighted(response: str, quotes: Sequence[tuple[str, str]]) -> Markup:
    """The response as HTML with every quote marked; ``quotes`` are (name, quote), a name stands where its mark ends."""
    if not quotes:
        return text(response)
    whole, starts = _fold(response)
    marked = [(span, name) for name, quote in quotes for span in _find(quote, whole, starts)]
    return join(
        tag("mark", response[a:b], cls="two" if len(names) > 1 else None, data_n=" ".join(ended) or None)
        if names
        else text(response[a:b])
        for a, b, names, ended in segments(marked, len(response))
    )
