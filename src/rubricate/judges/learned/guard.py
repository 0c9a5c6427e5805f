"""A guard against reward hacking: mine what the reward likes and a check does not, train a cheap detector on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, check
from rubricate.errors import SettingError
from rubricate.judges.learned.bradley_terry import Logistic


def mine_failures(reward: ArrayLike, sound: ArrayLike, *, share: float = 0.2) -> Bools:
    """Which responses are the policy's own high-reward failures: in the top ``share`` by reward, and not sound: [N].

    ``sound[N]`` is 1 or 0 by people, a strong judge or a program, NaN where nobody looked: those are never mined. Only
    the top needs to be looked at, which is what makes the labels cheap. Card 69.

    >>> mine_failures([9.0, 8.0, 1.0, 0.0], [0, 1, 0, 1], share=0.5).tolist()
    [True, False, False, False]
    """
    r, ok = as_floats(reward, "reward"), as_floats(sound, "sound")
    check(reward=(r, "N"), sound=(ok, "N"))
    if not 0 < share <= 1:
        raise SettingError(f"share={share}", expected="a number in (0, 1]")
    if np.isnan(r).all():
        return np.zeros(len(r), dtype=np.bool_)
    return np.asarray((r >= np.nanquantile(r, 1 - share)) & (ok == 0))


@dataclass(frozen=True)
class FailureDetector:
    """``guard(x) = -P(failure | x)``: a classifier of mined failures, added to a reward with some weight. Card 69.

    total = reward + weight * guard. The weight has to exceed what the failure gains in the base reward over the
    longest likelihood gap of the detector: ``least_weight`` measures it.
    """

    head: Logistic = field(default_factory=Logistic)

    def fit(self, features: ArrayLike, failure: ArrayLike) -> FailureDetector:
        """A fitted copy from ``features[N, F]`` and ``failure[N]`` (1 failure, 0 sound, NaN nobody looked)."""
        return replace(self, head=self.head.fit(features, failure))

    def score(self, features: ArrayLike) -> Floats:
        """The guard, from -1 (surely a failure) to 0: [N]; NaN where a feature is missing."""
        return np.asarray(-self.head.score(features))


def least_weight(reward: ArrayLike, guard: ArrayLike, failure: ArrayLike) -> float:
    """The least weight above which no failure has the highest ``reward + weight * guard``; infinity if there is none.

    ``max over failures f of min over sound s of (reward_f - reward_s) / (guard_s - guard_f)``, pairs in which the guard
    favours the sound response only.

    >>> least_weight([3.0, 1.0], [-0.75, -0.25], [1, 0])
    4.0
    """
    r, g, bad = as_floats(reward, "reward"), as_floats(guard, "guard"), as_floats(failure, "failure")
    check(reward=(r, "N"), guard=(g, "N"), failure=(bad, "N"))
    lead = r[bad == 1][:, None] - r[bad == 0][None, :]
    help_ = g[bad == 0][None, :] - g[bad == 1][:, None]
    needed = np.where(help_ > 0, lead / np.where(help_ > 0, help_, 1.0), np.where(lead < 0, 0.0, np.inf))
    if not needed.size:
        return 0.0 if not (bad == 1).any() else float("inf")
    return max(0.0, float(needed.min(1).max()))
