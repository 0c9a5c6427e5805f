"""Rewards with the reason of every row that has none."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.arrays import Bools, Floats


class Why(enum.IntEnum):
    """Why a row has no reward; ``OK`` when it has one. ``REASONS`` says it in words."""

    OK = 0
    NOTHING_ASKED = 1
    MISSING = 2
    COVERAGE = 3
    ZERO = 4
    NO_POSITIVE = 5
    NEGATIVE = 6
    GATE = 7
    SKIPPED = 8
    INFINITE = 9
    REFERENCE = 10
    EMPTY_ANSWER = 11
    OVERLONG_ANSWER = 12


REASONS = (
    "has a reward",
    "nothing was asked",
    "verdicts are missing",
    "too few verdicts for the stated coverage",
    "the denominator is zero",
    "no positive criterion, and the policy needs one",
    "a negative weight in a plain weighted mean",
    "a gate has no verdict",
    "a skipped criterion would decide the score",
    "a margin is not finite",
    "the reference or the other order has no verdict",
    "the answer is empty",
    "the answer is over-long",
)


@dataclass(frozen=True, eq=False)
class Rewards:
    """Rewards of N rows: ``values`` (NaN where there is none), ``valid``, ``coverage``, ``code`` (see ``Why``).

    ``coverage`` is the share of the asked absolute weight that has a verdict (of the asked criteria, where all weights
    are 0). ``mass`` is the denominator of the row, by which ``across='micro'`` pools. ``reasons[code]`` in words.
    """

    values: Floats
    valid: Bools
    coverage: Floats
    code: NDArray[np.int8]
    mass: Floats
    reasons: tuple[str, ...] = REASONS

    def __len__(self) -> int:
        return len(self.values)

    def why(self, row: int) -> str:
        """Why a row has no reward, in words; empty when it has one."""
        return self.reasons[self.code[row]] if self.code[row] else ""

    def counts(self) -> dict[str, int]:
        """How many rows there are for each reason that occurs."""
        found = np.bincount(self.code, minlength=len(self.reasons))
        return {self.reasons[k]: int(found[k]) for k in np.flatnonzero(found)}

    @classmethod
    def gather(cls, n: int, parts: Sequence[tuple[ArrayLike, Rewards]]) -> Rewards:
        """Rewards of n rows from parts, each with the rows (a mask or positions) that it speaks of."""
        out = cls(
            np.full(n, np.nan), np.zeros(n, dtype=np.bool_), np.full(n, np.nan),
            np.full(n, Why.NOTHING_ASKED, dtype=np.int8), np.zeros(n),
        )  # fmt: skip
        for rows, part in parts:
            for name in ("values", "valid", "coverage", "code", "mass"):
                getattr(out, name)[np.asarray(rows)] = getattr(part, name)
        return out


class Outcome(NamedTuple):
    """What a formula gives back: values, code and mass of each row."""

    values: Floats
    code: NDArray[Any]
    mass: Floats
