"""The score of the nearest scored answer: a judge of open answers that needs no training and no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, check
from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.encoders import TRIGRAMS, Encoder

METRICS = ("canberra", "cosine")
_BLOCK = 64


class Nearest(NamedTuple):
    """Scores of the new answers, the nearest scored answer of each (its feedback can be given back), its distance."""

    scores: Floats
    place: Ints
    distance: Floats


@dataclass(frozen=True)
class NearestAnswers:
    """Mean score of the ``k`` nearest scored answers of an encoder.

    canberra: ``sum_d |x_d - y_d| / (|x_d| + |y_d|)`` over dimensions where either is not 0; cosine: ``1 - x y``. Ties
    go to the earlier answer. Card 58: SBERT with Canberra and k = 1 (abstract only, recalled); any ``Encoder`` serves.
    """

    encoder: Encoder = TRIGRAMS
    metric: str = "canberra"
    k: int = 1

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise UnknownNameError.among("metric", self.metric, METRICS)
        if self.k < 1:
            raise SettingError(f"k={self.k}", expected="at least 1")

    def score(self, answers: Sequence[str], known: Sequence[str], scores: ArrayLike) -> Nearest:
        """Scores of ``answers`` from ``known`` answers with ``scores[M]``; known ones without a score are left out.

        SettingError when fewer than k are known.
        """
        values = as_floats(scores, "scores")
        check(known=(np.arange(len(known)), "M"), scores=(values, "M"))
        use = np.flatnonzero(~np.isnan(values))
        if len(use) < self.k:
            raise SettingError(f"{len(use)} scored answers", expected=f"at least k = {self.k}")
        bank = self.encoder.encode([known[i] for i in use.tolist()])
        found = self._distances(self.encoder.encode(answers), bank)
        order = np.argsort(found, axis=1, kind="stable")[:, : self.k]
        nearest = order[:, 0]
        return Nearest(values[use][order].mean(1), use[nearest], found[np.arange(len(found)), nearest])

    def _distances(self, x: Floats, bank: Floats) -> Floats:
        if self.metric == "cosine":
            return np.asarray(1.0 - x @ bank.T)
        out = np.zeros((len(x), len(bank)))
        for start in range(0, len(bank), _BLOCK):  # blocks bound the memory of [N, block, D]
            b = bank[start : start + _BLOCK]
            for row, a in zip(out, x, strict=True):
                size = np.abs(a) + np.abs(b)
                part = np.divide(np.abs(a - b), size, out=np.zeros_like(b), where=size > 0)
                row[start : start + _BLOCK] = part.sum(1)
        return out
