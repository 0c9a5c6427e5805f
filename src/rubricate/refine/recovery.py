"""Recovery: does a judge that sees only the rubric find the label again? One test, and what papers make of it.

Ten systems share it: a filter (cards 10, 186, 188), a score (94, 187, 199), a training reward (12, 190, 212), a maker
of labels (15). Margins come from any judge (``loops.recover``); everything here is arrays. A pair without a verdict is
NaN: it counts neither for nor against, and it is counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, UnknownNameError

RULES = ("strict", "at_least", "wilson")


def pair_margins(reward: ArrayLike, better: ArrayLike, worse: ArrayLike) -> Floats:
    """``reward[better] - reward[worse]`` of each pair: float[Q]; NaN where either has no reward.

    >>> pair_margins([1.0, 0.25, float("nan")], [0, 0], [1, 2]).tolist()
    [0.75, nan]
    """
    values = as_floats(reward, "reward")
    check(reward=(values, "N"), better=(better, "Q"), worse=(worse, "Q"))
    return np.asarray(values[np.asarray(better, dtype=np.int64)] - values[np.asarray(worse, dtype=np.int64)])


def matches(margin: ArrayLike, *, tie: float = 0.0, ties: str = "miss") -> Floats:
    """1 where the known better side won, 0 where it lost: float[...] like ``margin``; NaN stays NaN.

    A margin within ``tie`` of 0 is a ``miss`` (the rubric did not find the label), ``half``, or ``missing`` (NaN).
    An infinite margin is no margin (card 15: a cut reply gives -inf, which would enter an argmin): NaN.

    >>> matches([0.5, -0.5, 0.0, float("nan"), float("-inf")]).tolist()
    [1.0, 0.0, 0.0, nan, nan]
    """
    worth = {"miss": 0.0, "half": 0.5, "missing": np.nan}
    if ties not in worth:
        raise UnknownNameError.among("way to count ties", ties, worth)
    x = as_floats(margin, "margin", infinite=True)
    out = np.where(np.abs(x) <= tie, worth[ties], (x > tie).astype(np.float64))
    return np.where(np.isfinite(x), out, np.nan)


class Consistency(NamedTuple):
    """How often the label was found again, ``[...]`` over rubrics (or criteria): share of ``n`` known pairs, Wilson
    ``low`` bound, pairs ``asked``, whether to ``keep``."""

    share: Floats
    low: Floats
    n: NDArray[np.int64]
    asked: NDArray[np.int64]
    keep: NDArray[np.bool_]


@dataclass(frozen=True)
class PreferenceConsistency:
    """Keep a rubric if a judge using it recovers the known labels; cards 10, 186, 188, per criterion 94.

    ``strict``: share > ``threshold``. ``at_least`` is the published rule of card 10 (share >= .5): on an even number of
    pairs it keeps coin flips, 5 to 9 points worse than ``strict`` (ran on the card). ``wilson``: the lower bound at
    ``z`` reaches the threshold; keeps fewer and better ones. Below ``min_pairs`` known pairs nothing is kept: one vote
    at accuracy 1.0 is no evidence (card 94).

    >>> PreferenceConsistency(min_pairs=2).of([[1.0, 0.0], [1.0, 1.0], [1.0, float("nan")]]).keep.tolist()
    [False, True, False]
    """

    rule: str = "strict"
    threshold: float = 0.5
    min_pairs: int = 2
    z: float = 1.0

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise UnknownNameError.among("rule", self.rule, RULES)
        if not 0.0 <= self.threshold <= 1.0 or self.min_pairs < 1 or self.z < 0:
            raise SettingError(f"{self!r}", expected="threshold in [0, 1], min_pairs >= 1, z >= 0")

    def of(self, match: ArrayLike) -> Consistency:
        """Consistency of R rubrics from ``match[R, Q]`` in [0, 1], NaN where there is no verdict."""
        found = as_floats(match, "match")
        check(match=(found, "R Q"))
        known = ~np.isnan(found)
        n = known.sum(1)
        share = np.divide(np.where(known, found, 0.0).sum(1), n, out=np.full(len(found), np.nan), where=n > 0)
        low = wilson_low(share, n, self.z)
        reached = {
            "strict": share > self.threshold,
            "at_least": share >= self.threshold,
            "wilson": low >= self.threshold,
        }
        keep = reached[self.rule] & (n >= self.min_pairs)
        return Consistency(share, low, n, np.full(len(found), found.shape[1]), np.asarray(keep))


def wilson_low(share: ArrayLike, n: ArrayLike, z: float = 1.0) -> Floats:
    """Lower end of the Wilson interval of shares of n: float[R]; NaN where n is 0.

    ``(p + z^2/2n - z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)``.
    """
    p, count = as_floats(share, "share"), as_floats(n, "n")
    check(share=(p, "R"), n=(count, "R"))
    safe = np.maximum(count, 1.0)
    half = z * np.sqrt(p * (1 - p) / safe + z * z / (4 * safe * safe))
    return np.where(count > 0, (p + z * z / (2 * safe) - half) / (1 + z * z / safe), np.nan)


class Shift(NamedTuple):
    """Which of K rubrics moved a judge's margin towards the label, ``[Q]``: places of the most helpful and the most
    misleading one, -1 where there is none; ``usable`` where there are both."""

    helpful: NDArray[np.int64]
    misleading: NDArray[np.int64]
    usable: NDArray[np.bool_]


def margin_shift(base: ArrayLike, margin: ArrayLike) -> Shift:
    """Helpful and misleading rubrics from the margins of a judge with each, ``margin[Q, K]``, and without, ``base[Q]``.

    helpful = argmax_k m_k subject to m_k > max(0, m_0); misleading = argmin_k m_k subject to m_k < min(0, m_0); margins
    in favour of the labelled side. Card 15 (arXiv 2604.13618). Margins that are not finite never enter; a pair whose
    base is not finite has neither.

    >>> s = margin_shift([0.2], [[0.1, 0.9, -0.4, float("-inf")]])
    >>> (int(s.helpful[0]), int(s.misleading[0]), bool(s.usable[0]))
    (1, 2, True)
    """
    m0, m = as_floats(base, "base", infinite=True), as_floats(margin, "margin", infinite=True)
    check(base=(m0, "Q"), margin=(m, "Q K"))
    sound = np.isfinite(m) & np.isfinite(m0)[:, None]
    up = np.where(sound & (m > np.maximum(m0, 0.0)[:, None]), m, -np.inf)
    down = np.where(sound & (m < np.minimum(m0, 0.0)[:, None]), m, np.inf)
    helpful = np.where(np.isfinite(up).any(1), up.argmax(1), -1)
    misleading = np.where(np.isfinite(down).any(1), down.argmin(1), -1)
    return Shift(helpful, misleading, (helpful >= 0) & (misleading >= 0))


def selective(base: ArrayLike, margin: ArrayLike, helpful: ArrayLike) -> Floats:
    """The margin with the rubric where a judge called it helpful and it can be read, else the one without: float[Q].

    ``helpful[Q]``: 1, 0, or NaN (unreadable: fall back). Card 15: it breaks even with the rubric-free judge when the
    call is right in about two thirds of the cases, so report that share beside it.
    """
    m0, m = as_floats(base, "base"), as_floats(margin, "margin", infinite=True)
    called = as_floats(helpful, "helpful")
    check(base=(m0, "Q"), margin=(m, "Q"), helpful=(called, "Q"))
    return np.where((called == 1.0) & np.isfinite(m), m, m0)


def leaks(match: ArrayLike, neutral: ArrayLike, *, gap: float = 0.2, floor: float = 0.6) -> NDArray[np.bool_]:
    """Which of R rubrics give their answer away: bool[R].

    ``match[R, Q]``: the label recovered from the rubric and the answers; ``neutral[R, Q]``: from the rubric alone, with
    the answers swapped or replaced by neutral ones, where only a leak can recover anything. A rubric leaks when its
    neutral share reaches ``floor``, or keeps all but ``gap`` of a share above ``floor``. A proxy reward without this
    breeds leaking rubrics (card 212: .99 leaking where the leak pays, 0 when filtered; ran on the card).
    """
    share, alone = PreferenceConsistency().of(match).share, PreferenceConsistency().of(neutral).share
    with np.errstate(invalid="ignore"):
        return np.asarray((alone >= floor) | ((share >= floor) & (share - alone < gap) & (alone > 0.5)))


def recovery_reward(match: ArrayLike, leaking: ArrayLike | None = None) -> Floats:
    """``+1`` / ``-1`` per rubric and pair for a label found again or not, -1 for rubrics that leak: float[R, Q].

    NaN where there is no verdict (the published code pays 0 when its proxy fails; here there is no reward). Card 212.
    """
    found = as_floats(match, "match")
    check(match=(found, "R Q"))
    reward = 2.0 * found - 1.0
    if leaking is not None:
        flags = np.asarray(leaking, dtype=np.bool_)
        check(match=(found, "R Q"), leaking=(flags, "R"))
        reward = np.where(flags[:, None] & ~np.isnan(found), -1.0, reward)
    return reward


def needed_pairs(share: float, *, threshold: float = 0.5, z: float = 1.0) -> int:
    """Pairs that a rubric of true ``share`` needs before its expected Wilson bound reaches ``threshold``.

    >>> needed_pairs(0.75), needed_pairs(0.6)
    (4, 25)
    """
    if not threshold < share <= 1.0:
        raise SettingError(f"share={share}", expected=f"a share in ({threshold}, 1]")
    n = 1
    while float(wilson_low([share], [n], z)[0]) < threshold - 1e-12:
        n = n + 1 if n < 64 else math.ceil(n * 1.05)
    return n
