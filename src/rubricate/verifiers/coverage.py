"""``entity_coverage`` and ``waypoint_coverage``: which of the expected names a text comes past."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import shown
from rubricate.verifiers.segments import words

Names = Sequence[str | Sequence[str]]


@verifier("entity_coverage")
def entity_coverage(sample: Sample, entities: Names, whole_words: bool = True, reasoning: bool = False) -> Outcome:
    """Share of the entities that the answer names; a list stands for one entity's names, any of which will do.

    Compared as words in lower case without punctuation (CJK kept). ``whole_words=False`` also finds a name inside a
    word, as published; ``reasoning`` reads the reasoning too. Cards 7, 196 (LongTraceRL, arXiv 2605.31584, code read):
    an answer that lists every entity gets the full share, so multiply by whether the answer is right.
    """
    names = _names(entities, "entities")
    text = _plain(sample.response if reasoning else answer_text(sample))
    return _shared(names, [_first(group, text, whole_words) >= 0 for group in names])


@verifier("waypoint_coverage")
def waypoint_coverage(sample: Sample, waypoints: Names, ordered: bool = False) -> Outcome:
    """Share of the waypoints that the trajectory comes past: its steps, then the response with its reasoning.

    ``ordered``: share in the longest chain of waypoints that are first named in the order given. Card 198 (WCR, arXiv
    2605.05702; its matching is not found: whole words here).
    """
    names = _names(waypoints, "waypoints")
    text = _plain("\n".join([*(step.text for step in sample.steps), sample.response]))
    places = [_first(group, text, True) for group in names]
    if not ordered:
        return _shared(names, [place >= 0 for place in places])
    chain: list[int] = []  # the smallest end of a chain of each length
    for place in places:
        if place >= 0:
            at = bisect_left(chain, place)
            chain[at : at + 1] = [place]
    return Outcome(len(chain) / len(names), f"{len(chain)} of {len(names)} waypoints in order")


def _names(values: Names, what: str) -> list[tuple[str, ...]]:
    """Every group of names as padded plain words."""
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise SettingError(f"{what}={values!r}", expected="a list of names, or of lists of names")
    groups = [(v,) if isinstance(v, str) else tuple(v) for v in values]
    if not all(groups) or not all(isinstance(n, str) and words(n) for group in groups for n in group):
        raise SettingError(f"{what}={values!r}", expected="names with a letter or a digit")
    return [tuple(_plain(n) for n in group) for group in groups]


def _plain(text: str) -> str:
    return f" {' '.join(words(text))} "


def _first(group: tuple[str, ...], text: str, whole_words: bool) -> int:
    """Where one of the names first stands, -1 for nowhere."""
    found = [text.find(name if whole_words else name.strip()) for name in group]
    return min((f for f in found if f >= 0), default=-1)


def _shared(names: list[tuple[str, ...]], found: list[bool]) -> Outcome:
    missing = [shown(group[0].strip(), 30) for group, there in zip(names, found, strict=True) if not there]
    more = f"; missing {', '.join(missing[:5])}" if missing else ""
    return Outcome(sum(found) / len(names), f"{sum(found)} of {len(names)} named{more}")
