"""Simulated judges: from true verdicts to the verdicts that a faulty judge would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, check
from rubricate.errors import SettingError


@dataclass(frozen=True)
class SimulatedJudge:
    """Faults of a judge of verdicts in [0, 1], each with its own rate.

    ``flip``: a verdict v becomes 1 - v, independently. ``halo``: with this rate the whole response gets one shared
    error (all its verdicts flip together). ``abstain``: no verdict (NaN). ``exploit``: added to the verdicts of
    responses that hold an exploitable string (``exploited[N]``), clipped to 1. ``noise``: standard deviation of
    Gaussian noise, clipped to [0, 1].
    """

    flip: float = 0.0
    halo: float = 0.0
    abstain: float = 0.0
    exploit: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        if not all(0.0 <= r <= 1.0 for r in (self.flip, self.halo, self.abstain)) or self.noise < 0:
            raise SettingError(f"{self!r}", expected="rates in [0, 1] and noise >= 0")

    def scores(self, truth: ArrayLike, rng: np.random.Generator, exploited: ArrayLike | None = None) -> Floats:
        """Judged verdicts [N, C] for true ones; missing truth stays missing."""
        values = as_floats(truth, "truth").copy()
        check(truth=(values, "N C"))
        shared = rng.random((len(values), 1)) < self.halo
        flips = shared ^ (rng.random(values.shape) < self.flip)
        values = np.where(flips, 1.0 - values, values)
        if self.noise:
            values = np.clip(values + rng.normal(0.0, self.noise, values.shape), 0.0, 1.0)
        if exploited is not None:
            check(truth=(values, "N C"), exploited=(exploited, "N"))
            paid = np.asarray(exploited, dtype=np.bool_)[:, None]
            values = np.where(paid, np.minimum(values + self.exploit, 1.0), values)
        values[rng.random(values.shape) < self.abstain] = np.nan
        return values


@dataclass(frozen=True)
class SimulatedComparer:
    """A pairwise judge: P(first wins) = sigmoid((q_first - q_second) / noise + position), in the order shown."""

    noise: float = 1.0
    position: float = 0.0

    def first_wins(self, first: ArrayLike, second: ArrayLike, rng: np.random.Generator) -> Bools:
        """Whether the response that is shown first wins, for pairs of qualities [Q]."""
        a, b = as_floats(first, "first"), as_floats(second, "second")
        check(first=(a, "Q"), second=(b, "Q"))
        logit = (a - b) / max(self.noise, 1e-9) + self.position
        return np.asarray(rng.random(len(a)) < np.exp(-np.logaddexp(0.0, -logit)))
