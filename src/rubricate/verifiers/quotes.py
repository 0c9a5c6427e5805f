"""Quotes: compared without case, spacing and typographic marks; ``quotes_found``, whether they stand in the source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.material import at_least, material
from rubricate.verifiers.normalise import shown
from rubricate.verifiers.segments import count_words

_SPACE = re.compile(r"\s+")
_TYPE = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "..."})
_QUOTED = re.compile(
    r"“([^“”\n]+)”|„([^„“”\n]+)[“”]|«([^«»\n]+)»|「([^「」\n]+)」|\"([^\"\n]+)\"|^>[ \t]*(\S[^\n]*)$", re.M
)
_GAP = re.compile(r"\[\.\.\.\]|\(\.\.\.\)|\.\.\.")


@verifier("quotes_found")
def quotes_found(
    sample: Sample,
    texts: str | Sequence[str] | None = None,
    source: str = "documents",
    min_words: int = 4,
    min_quotes: int = 1,
) -> Outcome:
    """Share of the quotes in the response that stand in the source; the evidence quotes them.

    A quote is what stands between quotation marks on one line, or a line behind ``>``, with at least ``min_words``
    words. Case, spacing and typographic marks do not matter; "..." leaves out something, the parts keep their order.
    Fewer than ``min_quotes`` is 0. The source is given, or what ``source`` names (documents, reference, prompt).
    """
    at_least(1, min_words=min_words)
    at_least(0, min_quotes=min_quotes)
    others = material(sample, texts, source)
    if not others:
        return Outcome(None, f"the sample has no {source}")
    quoted = ["".join(m.groups("")) for m in _QUOTED.finditer(answer_text(sample))]
    quoted = [q for q in quoted if count_words(q) >= min_words]
    if len(quoted) < max(1, min_quotes):
        return Outcome(float(not min_quotes), f"{len(quoted)} quotes; expected at least {min_quotes}")
    wholes = [plain(text) for text in others]
    good = [q for q in quoted if any(_stands_in(q, whole) for whole in wholes)]
    unfound = [shown(q) for q in quoted if q not in good]
    more = f"; not found: {', '.join(unfound[:3])}" if unfound else ""
    return Outcome(len(good) / len(quoted), f"{len(good)} of {len(quoted)} quotes found{more}", tuple(good[:8]))


def plain(text: str) -> str:
    """``text`` without what does not matter for a quote: case, spacing, typographic marks."""
    return _SPACE.sub(" ", text.translate(_TYPE)).strip().casefold()


def wanted(quote: str) -> str:
    """The part of a quote that must be found: plain, without marks at its ends."""
    return plain(quote).strip("\"'. -")


def check_quotes(quotes: Iterable[str], response: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Quotes found in the response and quotes not found. Case, spacing and typographic quotes do not matter.

    >>> check_quotes(["Warm  the pot", "boil it twice"], "First, warm the pot.")
    (('Warm  the pot',), ('boil it twice',))
    """
    whole = plain(response)
    found: list[str] = []
    unfound: list[str] = []
    for quote in quotes:
        part = wanted(quote)
        (found if part and part in whole else unfound).append(quote)
    return tuple(found), tuple(unfound)


def _stands_in(quote: str, whole: str) -> bool:
    """Whether the parts of a quote between gaps follow each other in a plain text."""
    at = 0
    parts = [p for p in (wanted(part) for part in _GAP.split(plain(quote))) if p]
    for part in parts:
        start = whole.find(part, at)
        if start < 0:
            return False
        at = start + len(part)
    return bool(parts)
