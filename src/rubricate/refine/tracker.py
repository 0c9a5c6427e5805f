"""Criteria kept, rewritten or replaced by how often each of them finds the known preference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, check
from rubricate.errors import SettingError, ShapeError

KEEP, REWRITE, REPLACE, THIN = BANDS = ("keep", "rewrite", "replace", "thin")


@dataclass(frozen=True, slots=True)
class Version:
    """One wording of a criterion with its accuracy over ``n`` votes."""

    name: str
    text: str
    accuracy: float
    n: int


class Tracked(NamedTuple):
    """``accuracy[C]`` over votes that were cast (NaN without one), ``n[C]`` votes, the ``band`` of each criterion."""

    accuracy: Floats
    n: Ints
    band: tuple[str, ...]


@dataclass(frozen=True)
class CriterionTracker:
    """Accuracy over pairs that got a vote: keep from ``keep``, replace up to ``drop``, rewrite in between.

    Below ``min_votes`` votes a criterion is ``thin``: it wants a replacement, is not banned, and never enters the
    archive, because one vote at accuracy 1.0 is nothing. A replaced name goes on the ``banned`` list. The ``archive``
    holds the best wording of each name, by accuracy, then votes, then age: the order of calls does not matter. A new
    value comes back with every round. Card 94 (arXiv 2502.19279).

    >>> nan = float("nan")
    >>> tracker, seen = CriterionTracker(min_votes=2).update(["a", "b"], ["A?", "B?"], [[1, 1, 1], [1, nan, nan]])
    >>> seen.band, [v.name for v in tracker.best]
    (('keep', 'thin'), ['a'])
    """

    keep: float = 0.75
    drop: float = 0.5
    min_votes: int = 6
    archive: tuple[Version, ...] = field(default=())
    banned: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not 0 <= self.drop < self.keep <= 1 or self.min_votes < 1:
            raise SettingError(
                f"keep={self.keep}, drop={self.drop}, min_votes={self.min_votes}",
                expected="0 <= drop < keep <= 1, min_votes >= 1",
            )

    def bands(self, match: ArrayLike) -> Tracked:
        """Bands of C criteria from ``match[C, Q]``: 1 for a vote for the better side, 0 against, NaN for none."""
        found = as_floats(match, "match")
        check(match=(found, "C Q"))
        n = (~np.isnan(found)).sum(1)
        accuracy = np.divide(np.nansum(found, 1), n, out=np.full(len(found), np.nan), where=n > 0)
        level = np.where(accuracy >= self.keep, 0, np.where(accuracy > self.drop, 1, 2))
        code = np.where(n < self.min_votes, 3, level)
        return Tracked(accuracy, n.astype(np.int64), tuple(BANDS[k] for k in code))

    def update(self, names: Sequence[str], texts: Sequence[str], match: ArrayLike) -> tuple[CriterionTracker, Tracked]:
        """The tracker after a round of votes, and the bands. ShapeError when names, texts and rows do not agree."""
        seen = self.bands(match)
        if not len(names) == len(texts) == len(seen.n) or len(set(names)) < len(names):
            raise ShapeError(
                f"{len(names)} names ({len(set(names))} different), {len(texts)} texts and {len(seen.n)} rows of votes",
                where="match", expected="one of each per criterion, names all different",
            )  # fmt: skip
        table = {v.name: v for v in self.archive}
        banned = dict.fromkeys(self.banned)
        for name, text, accuracy, n, band in zip(names, texts, seen.accuracy, seen.n, seen.band, strict=True):
            if band == REPLACE:
                banned[name] = None
            if band in (KEEP, REWRITE) and (name not in table or _rank(accuracy, n) > _rank(*_of(table[name]))):
                table[name] = Version(name, text, float(accuracy), int(n))
        return replace(self, archive=tuple(table.values()), banned=tuple(banned)), seen

    def admits(self, name: str) -> bool:
        """Whether a name may be proposed: it is not on the ban list."""
        return name not in self.banned

    @property
    def best(self) -> tuple[Version, ...]:
        """The final set: archived wordings whose accuracy reaches ``keep``, best first."""
        good = [v for v in self.archive if v.accuracy >= self.keep]
        return tuple(sorted(good, key=lambda v: (-v.accuracy, -v.n, v.name)))


def _of(version: Version) -> tuple[float, int]:
    return version.accuracy, version.n


def _rank(accuracy: float, n: int) -> tuple[float, int]:
    return float(accuracy), int(n)
