"""A process reward model on step features: the chance that each step is sound, and the labels that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_offsets, check
from rubricate.errors import SettingError
from rubricate.judges.learned.bradley_terry import Logistic


@dataclass(frozen=True)
class StepScorer:
    """``P(step is sound) = sigmoid(theta . x + b)`` for each step of a ragged set of solutions.

    With ``until_error`` the steps after the first wrong one are left out of the fit: what follows an error has no
    label of its own (the convention of PRM data; arXiv 2305.20050, recalled).
    """

    head: Logistic = field(default_factory=Logistic)
    threshold: float = 0.5
    until_error: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < 1.0:
            raise SettingError(f"threshold={self.threshold!r}", expected="a number in (0, 1)")

    def fit(self, step_features: ArrayLike, labels: ArrayLike, step_off: ArrayLike) -> StepScorer:
        """A fitted copy from ``step_features[M, F]``, ``labels[M]`` (1 sound, 0 wrong, NaN none), ``step_off[N+1]``."""
        y = as_floats(labels, "labels")
        check(step_features=(step_features, "M F"), labels=(y, "M"))
        off = as_offsets(step_off, len(y), "step_off")
        if self.until_error:
            y = np.where(_errors_before(y < 0.5, off) > 0, np.nan, y)
        return replace(self, head=self.head.fit(step_features, y))

    def score(self, step_features: ArrayLike) -> Floats:
        """P(sound) of each step: [M]; NaN where a feature is missing."""
        return self.head.score(step_features)

    def labels(self, step_features: ArrayLike) -> Floats:
        """1 for a step that is sound by ``threshold``, 0 for a wrong one, NaN for one that could not be scored: [M]."""
        p = self.score(step_features)
        return np.where(np.isnan(p), np.nan, (p >= self.threshold).astype(np.float64))

    def first_error(self, step_features: ArrayLike, step_off: ArrayLike) -> Floats:
        """Index in its solution of the first wrong step, -1 for none: [N]; NaN when an unscored step comes before."""
        y = self.labels(step_features)
        off = as_offsets(step_off, len(y), "step_off")
        place = np.arange(len(y)) - np.repeat(off[:-1], np.diff(off))
        wrong, lost = (_first(mask, place, off) for mask in (y == 0, np.isnan(y)))
        return np.where(lost < wrong, np.nan, np.where(np.isinf(wrong), -1.0, wrong))


def _first(mask: np.ndarray, place: Ints, off: Ints) -> Floats:
    """Place of the first True of each row, infinity when there is none."""
    out = np.full(len(off) - 1, np.inf)
    hits = np.flatnonzero(mask)
    np.minimum.at(out, np.searchsorted(off, hits, side="right") - 1, place[hits].astype(np.float64))
    return out


def _errors_before(wrong: np.ndarray, off: Ints) -> Ints:
    """How many wrong steps come before each step in its row."""
    total = np.concatenate([[0], np.cumsum(wrong)])
    return np.asarray(total[:-1] - np.repeat(total[off[:-1]], np.diff(off)))
