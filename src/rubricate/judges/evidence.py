"""Quotes that a judge gives as evidence must be found in the response; what is not found is kept apart."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPACE = re.compile(r"\s+")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "..."})


def plain(text: str) -> str:
    """``text`` without what does not matter for a quote: case, spacing, typographic marks."""
    return _SPACE.sub(" ", text.translate(_QUOTES)).strip().casefold()


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
