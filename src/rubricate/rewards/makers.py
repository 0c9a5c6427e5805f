"""Weights carried from update to update, as pure functions of a state that is passed in and handed back.

A maker is a frozen value with settings: ``state = maker.init(n)``, ``state = maker.update(state, ...)`` with the
statistics of a batch or an epoch, ``maker.weights(state)`` to read. Nothing is kept in the maker itself, so a state
can be stored, resumed and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_weights, check
from rubricate.errors import SettingError, ShapeError
from rubricate.rewards.group import CriterionStats

S = TypeVar("S")


class WeightMaker(Protocol[S]):
    """What every maker can do; ``update`` says in its own signature which statistics it needs."""

    def init(self, n: int) -> S:
        """The state before any update, for n weights."""
        ...

    def update(self, state: S, *args: Any, **stats: Any) -> S:
        """The state after one batch; the old one is not changed."""
        ...

    def weights(self, state: S) -> Floats:
        """The weights of a state."""
        ...


@dataclass(frozen=True)
class FixedWeights:
    """Weights that never move, for code that takes a maker; without ``values`` all are 1."""

    values: tuple[float, ...] = ()

    def init(self, n: int) -> Floats:
        """The values, n of them."""
        if self.values and len(self.values) != n:
            raise SettingError(f"{len(self.values)} values for n={n}", expected="one value per weight")
        return np.asarray(self.values or (1.0,) * n, dtype=np.float64)

    def update(self, state: Floats, *args: Any, **stats: Any) -> Floats:
        """The same state."""
        return state

    def weights(self, state: Floats) -> Floats:
        """The values."""
        return state


@dataclass(frozen=True)
class ContrastWeights:
    """Factors on human weights that follow the contrast of verdicts between rollouts; card 202 (arXiv 2605.20164).

    For each criterion j with at least ``min_valid * rows`` verdicts in its prompt: signal ``g = var + eps``, category
    average ``G = sum |w| g / sum |w|``, target ``clip(1 + strength (g / G - 1), floor, ceiling)``, and the factor
    becomes ``clip(memory * factor + (1 - memory) * target, floor, ceiling)``. Other criteria keep theirs. Where all
    signals of a category vanish the target is 1. The factors multiply the weights inside ``category_mean``, which
    keeps the mass of each category; evaluation uses the plain weights.

    Noise in the judge looks like contrast. With a flip rate e the variance has the floor e (1 - e); ``update`` takes
    ``flip_rate`` and subtracts it, or takes ``group.pass_covariance`` of two passes as ``var``. (This cure is not in
    the paper.) The card confirms min_valid and the form; strength, memory, eps, floor and ceiling are ours.
    """

    strength: float = 0.7
    memory: float = 0.5
    floor: float = 0.25
    ceiling: float = 4.0
    eps: float = 0.01
    min_valid: float = 0.75

    def __post_init__(self) -> None:
        if not (0 <= self.floor <= 1 <= self.ceiling and self.eps > 0 and 0 <= self.memory <= 1 and self.strength >= 0):
            raise SettingError(
                repr(self), expected="0 <= floor <= 1 <= ceiling, eps > 0, memory in [0, 1], strength >= 0"
            )

    def init(self, n: int, prompts: int = 1) -> Floats:
        """Factors of 1 for n criteria of each prompt: [P, C]."""
        return np.ones((prompts, n))

    def update(
        self,
        state: Floats,
        stats: CriterionStats,
        weights: ArrayLike,
        category: ArrayLike,
        flip_rate: ArrayLike = 0.0,
    ) -> Floats:
        """New factors [P, C] from ``criterion_stats`` of an epoch, rows in the same order as the state.

        ``weights`` and ``category`` are [C] or [P, C]; ``flip_rate`` a number, [C] or [P, C].
        """
        w, flips = as_floats(weights, "weights"), as_floats(flip_rate, "flip_rate")
        named = {"state": (state, "P C"), "stats.var": (stats.var, "P C"), "stats.rows": (stats.rows, "P")}
        check(**named, weights=(w, "C | P C"), category=(category, "C | P C"))
        if flips.ndim:
            check(state=(state, "P C"), flip_rate=(flips, "C | P C"))
        valid = (stats.n >= self.min_valid * stats.rows[:, None]) & ~np.isnan(stats.var)
        signal = np.where(valid, np.maximum(stats.var - flips * (1.0 - flips), 0.0), 0.0) + self.eps
        average = _category_average(signal, np.where(valid, np.abs(w), 0.0), category)
        target = np.clip(1.0 + self.strength * (signal / average - 1.0), self.floor, self.ceiling)
        moved = np.clip(self.memory * state + (1.0 - self.memory) * target, self.floor, self.ceiling)
        return np.where(valid & ~np.isnan(average), moved, state)

    def weights(self, state: Floats) -> Floats:
        """The factors."""
        return state


def _category_average(x: Floats, mass: Floats, category: ArrayLike) -> Floats:
    """[P, C] mean of ``x`` with weights ``mass`` over the criteria of one prompt and category; NaN without mass."""
    ids, codes = np.unique(np.asarray(category), return_inverse=True)
    table = np.broadcast_to(codes.reshape(np.shape(category)), x.shape)
    keys = (np.arange(len(x))[:, None] * max(len(ids), 1) + table).ravel()
    total = np.bincount(keys, weights=mass.ravel())
    summed = np.bincount(keys, weights=(mass * x).ravel())
    return np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)[keys].reshape(x.shape)


class DualState(NamedTuple):
    """Multipliers before squashing and the velocity of their descent, [K] each."""

    multipliers: Floats
    velocity: Floats


@dataclass(frozen=True)
class DualAscent:
    """Lagrange weights that hold K rewards at their targets; card 105 (arXiv 2310.04373).

    Descent with momentum on ``sum_k mu(m_k) (value_k - target_k)``: the weight of a reward below its target rises,
    above it falls. ``squash``: ``tanh`` (reach and stay, may turn negative), ``sigmoid`` (at least the target), or
    ``relu`` (multipliers kept >= 0, no upper bound). The first two saturate at 1 for a target out of reach. The policy
    then uses ``(K - sum mu) A_kl + sum mu_k A_k``. A value of NaN leaves its multiplier alone.
    """

    targets: tuple[float, ...]
    squash: str = "tanh"
    learning_rate: float = 0.1
    momentum: float = 0.1

    def __post_init__(self) -> None:
        if self.squash not in ("tanh", "sigmoid", "relu"):
            raise SettingError(f"squash={self.squash!r}", expected="'tanh', 'sigmoid' or 'relu'")

    def init(self, n: int) -> DualState:
        """Multipliers 0, for n rewards (as many as targets)."""
        if n != len(self.targets):
            raise SettingError(f"n={n} with {len(self.targets)} targets", expected="one target per reward")
        return DualState(np.zeros(n), np.zeros(n))

    def update(self, state: DualState, values: ArrayLike) -> DualState:
        """One descent step from the batch means ``values[K]`` of the rewards."""
        means = as_floats(values, "values")
        check(values=(means, "K"), targets=(self.targets, "K"))
        slope = (means - np.asarray(self.targets)) * self._slope(state.multipliers)
        velocity = self.momentum * state.velocity + slope
        moved = state.multipliers - self.learning_rate * velocity
        if self.squash == "relu":
            moved = np.maximum(moved, 0.0)
        known = ~np.isnan(means)
        return DualState(np.where(known, moved, state.multipliers), np.where(known, velocity, state.velocity))

    def weights(self, state: DualState) -> Floats:
        """``mu``: the squashed multipliers."""
        if self.squash == "tanh":
            return np.tanh(state.multipliers)
        if self.squash == "sigmoid":
            return np.exp(-np.logaddexp(0.0, -state.multipliers))
        return state.multipliers

    def _slope(self, multipliers: Floats) -> Floats:
        if self.squash == "tanh":
            return 1.0 - np.tanh(multipliers) ** 2
        if self.squash == "sigmoid":
            mu = self.weights(DualState(multipliers, multipliers))
            return mu * (1.0 - mu)
        return np.ones_like(multipliers)


def task_weight(multipliers: ArrayLike) -> Floats:
    """``K - sum_k mu_k``: the weight that K multipliers leave to the task (card 105: to the KL term), a number.

    >>> float(task_weight([0.25, -0.5]))
    2.25
    """
    weights = as_weights(multipliers, "multipliers", negative=True)
    check(multipliers=(weights, "K"))
    return np.asarray(len(weights) - weights.sum())


@dataclass(frozen=True)
class RunningNormalizer:
    """Map an unbounded quantity (cost, tokens) to [0, 1] by percentiles of its last ``window`` values; card 129.

    ``scaled = clip((f(x) - q_low) / (q_high - q_low), 0, 1)`` with f ``sqrt``, ``log1p`` or ``none``, and
    ``1 - scaled`` when ``invert`` (a cost). While the percentiles coincide the result is 0.5. arXiv 2506.09033.
    """

    window: int = 1000
    low: float = 0.05
    high: float = 0.95
    transform: str = "sqrt"
    invert: bool = False

    def __post_init__(self) -> None:
        if self.window < 1 or not 0 <= self.low < self.high <= 1:
            raise SettingError(repr(self), expected="window >= 1 and 0 <= low < high <= 1")
        if self.transform not in _TRANSFORMS:
            raise SettingError(f"transform={self.transform!r}", expected=f"one of {', '.join(_TRANSFORMS)}")

    def init(self) -> Floats:
        """An empty window."""
        return np.empty(0)

    def update(self, state: Floats, x: ArrayLike) -> Floats:
        """The window after the values ``x[N]`` came in, in order; NaN is left out."""
        values = self._transformed(x)
        check(x=(values, "N"))
        return np.concatenate([state, values[~np.isnan(values)]])[-self.window :]

    def apply(self, state: Floats, x: ArrayLike) -> Floats:
        """``x`` on the scale of the window; NaN stays NaN."""
        values = self._transformed(x)
        low, high = np.quantile(state, (self.low, self.high)) if len(state) else (0.0, 0.0)
        if not high > low:
            return np.where(np.isnan(values), np.nan, 0.5)
        scaled = np.clip((values - low) / (high - low), 0.0, 1.0)
        return 1.0 - scaled if self.invert else scaled

    def _transformed(self, x: ArrayLike) -> Floats:
        values = as_floats(x, "x")
        if self.transform != "none" and (values < 0).any():
            raise ShapeError("x holds negative values", where="x", expected=f"values >= 0 for {self.transform!r}")
        return np.asarray(_TRANSFORMS[self.transform](values))


_TRANSFORMS: dict[str, Any] = {"none": np.positive, "sqrt": np.sqrt, "log1p": np.log1p}
