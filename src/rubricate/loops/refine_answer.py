"""Refine an answer by its rubric: what failed is named, an editor rewrites, the result is scored again.

Cards 24, 199, 208, 209. The judge in the loop is not the judge of the result: an editor learns what this judge likes,
so score the last answer with another one and report both (``Refined.scores`` is the loop's own view).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError

Score = Callable[[str], Awaitable[ArrayLike]]
Edit = Callable[[str, Sequence[str]], Awaitable[str]]
Preserved = Callable[[str, str], Awaitable[bool]]


class Refined(NamedTuple):
    """Every kept text, first to last, with its verdicts ``scores[R, C]``; edits refused by the guard or for no gain;
    why it stopped: done, rounds, unreadable."""

    texts: tuple[str, ...]
    scores: Floats
    refused: int
    stopped: str

    @property
    def text(self) -> str:
        """The last kept text."""
        return self.texts[-1]


@dataclass(frozen=True)
class RefineAnswer:
    """At most ``rounds`` rounds: criteria below ``threshold`` go to the editor by their text, until none is left.

    An edit is kept if it raises the mean over criteria by more than ``margin``; a missing verdict on either side is no
    gain. The guard of content (card 199) refuses an edit that says something else. Card 209: 4 rounds, level 4 of 5.
    """

    rounds: int = 4
    threshold: float = 0.5
    margin: float = 0.0

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.margin < 0:
            raise SettingError(f"rounds={self.rounds}, margin={self.margin}", expected="rounds >= 1, margin >= 0")

    async def run(
        self, text: str, criteria: Sequence[str], score: Score, edit: Edit, preserved: Preserved | None = None
    ) -> Refined:
        """Refine ``text``. ``score(text)`` gives verdicts [C]; ``edit(text, failed)`` a new text, empty for none."""
        now = _verdicts(await score(text), len(criteria))
        texts, rows, refused = [text], [now], 0
        for _ in range(self.rounds):
            failed = [c for c, v in zip(criteria, now, strict=True) if v < self.threshold]
            if not failed:
                why = "unreadable" if np.isnan(now).any() else "done"
                return Refined(tuple(texts), np.array(rows), refused, why)
            edited = await edit(texts[-1], failed)
            if not edited.strip() or (preserved is not None and not await preserved(texts[-1], edited)):
                refused += 1
                continue
            after = _verdicts(await score(edited), len(criteria))
            if not after.mean() - now.mean() > self.margin:
                refused += 1
                continue
            texts.append(edited)
            rows.append(after)
            now = after
        done = bool((now >= self.threshold).all())
        return Refined(tuple(texts), np.array(rows), refused, "done" if done else "rounds")


def _verdicts(found: ArrayLike, count: int) -> Floats:
    values = as_floats(found, "verdicts")
    check(verdicts=(values, str(count)))
    return values
