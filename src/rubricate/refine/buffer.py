"""A bounded store of criteria: the best of what was found so far, with room for every section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from rubricate.errors import SettingError


@dataclass(frozen=True, slots=True)
class Held:
    """A criterion in the buffer: its text, how good it proved, its section."""

    text: str
    score: float
    section: str = ""


@dataclass(frozen=True)
class CriterionBuffer:
    """At most ``cap`` criteria, and ``per_section`` of each section (0: no limit); the lowest scores leave first.

    A text that comes again keeps its better score. Equal scores: who came first stays. A score that is missing (NaN)
    is refused. ``add`` gives a new buffer.

    >>> [h.text for h in CriterionBuffer(cap=2).add([Held("a", 0.1), Held("b", 0.9), Held("c", 0.5)]).items]
    ['b', 'c']
    """

    cap: int = 100
    per_section: int = 0
    items: tuple[Held, ...] = ()

    def __post_init__(self) -> None:
        if self.cap < 1 or self.per_section < 0:
            raise SettingError(f"cap={self.cap}, per_section={self.per_section}", expected="cap >= 1, per_section >= 0")

    def add(self, found: Iterable[Held]) -> CriterionBuffer:
        """The buffer with more criteria, cut to its caps."""
        table: dict[str, Held] = {h.text: h for h in self.items}
        for held in found:
            if held.score != held.score:
                raise SettingError(f"the score of {held.text!r} is missing", expected="a number")
            known = table.get(held.text)
            if known is None:
                table[held.text] = held
            elif held.score > known.score:
                table[held.text] = replace(known, score=held.score)
        ranked = sorted(table.values(), key=lambda h: -h.score)
        taken: Counter[str] = Counter()
        kept: list[Held] = []
        for held in ranked:
            if self.per_section and taken[held.section] >= self.per_section:
                continue
            taken[held.section] += 1
            kept.append(held)
        return replace(self, items=tuple(kept[: self.cap]))
