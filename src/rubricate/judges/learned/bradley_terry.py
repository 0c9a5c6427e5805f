"""Bradley-Terry and logistic models on features: the linear heads that every other learned reward is made of.

Features are numbers per response (embeddings, criterion verdicts, counts). A fit needs complete rows; a score of a row
with a missing feature is NaN. Scores of pairs are comparable within a prompt only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError

NEWTON_STEPS = 100


class PairModel(Protocol):
    """A reward fitted on pairs: every model of this package that ensembles, mixtures and updates can be made of."""

    def fit(
        self,
        better: ArrayLike,
        worse: ArrayLike,
        *,
        labels: ArrayLike | None = None,
        pair_weights: ArrayLike | None = None,
        margin: ArrayLike = 0.0,
    ) -> PairModel:
        """A fitted copy from ``better[Q, F]`` and ``worse[Q, F]``."""
        ...

    def score(self, features: ArrayLike) -> Floats:
        """Reward of each response: [N]."""
        ...


@dataclass(frozen=True)
class BradleyTerry:
    """``P(b beats w) = sigmoid(theta . (x_b - x_w) - margin)``, fitted by Newton steps with a ridge penalty.

    The loss of a pair is ``-t log P - (1 - t) log(1 - P)`` with ``t = (1 - smoothing) label + smoothing (1 - label)``,
    weighed by ``pair_weights``; ``ridge`` is the penalty ``ridge / 2 |theta|^2`` on the sum. The reward is
    ``theta . x - offset``. Cards 78 (plain), 76 (soft labels), 87 (margin), 106 (smoothing, weights, margin).

    >>> model = BradleyTerry().fit([[2.0], [1.0]], [[0.0], [0.0]])
    >>> bool(model.score([[1.0]])[0] > model.score([[0.0]])[0])
    True
    """

    ridge: float = 1.0
    smoothing: float = 0.0
    theta: tuple[float, ...] = ()
    offset: float = 0.0

    def __post_init__(self) -> None:
        if self.ridge <= 0 or not 0.0 <= self.smoothing < 0.5:
            raise SettingError(f"{self!r}", expected="ridge > 0 and smoothing in [0, .5)")

    def fit(
        self,
        better: ArrayLike,
        worse: ArrayLike,
        *,
        labels: ArrayLike | None = None,
        pair_weights: ArrayLike | None = None,
        margin: ArrayLike = 0.0,
    ) -> BradleyTerry:
        """A fitted copy from ``better[Q, F]`` and ``worse[Q, F]``; rows with a missing feature are refused.

        ``labels[Q]`` is the chance that "better" is better (1 when left out); a pair without a label (NaN) is left out.
        """
        gap, target, weights, margins = pair_arrays(better, worse, labels, pair_weights, margin, self.smoothing)
        theta = _newton(gap, target, weights, margins, self.ridge)
        return replace(self, theta=tuple(float(t) for t in theta), offset=0.0)

    def score(self, features: ArrayLike) -> Floats:
        """Reward of each response, ``theta . x - offset``: [N]; NaN where a feature is missing."""
        x = as_floats(features, "features")
        check(features=(x, "N F"), theta=(fitted(self.theta, self), "F"))
        return np.asarray(x @ np.asarray(self.theta) - self.offset)

    def zero_mean_on_reference(self, features: ArrayLike) -> BradleyTerry:
        """A copy shifted so that the reference responses ``features[N, F]`` have mean reward 0; card 78.

        The shift changes no comparison; it fixes what a reward of 0 means when rewards of prompts are pooled.
        """
        rewards = replace(self, offset=0.0).score(complete(features, "features"))
        if not len(rewards):
            raise ShapeError("no reference responses", where="features", expected="at least one row")
        return replace(self, offset=float(rewards.mean()))


@dataclass(frozen=True)
class Logistic:
    """``P(label = 1) = sigmoid(theta . x + constant)``: a classifier head with a ridge penalty, constant included.

    >>> model = Logistic(ridge=0.1).fit([[2.0], [1.0], [-1.0]], [1, 1, 0])
    >>> model.score([[1.0], [-1.0], [float("nan")]]).round(1).tolist()
    [0.9, 0.1, nan]
    """

    ridge: float = 1.0
    theta: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.ridge <= 0:
            raise SettingError(f"{self!r}", expected="ridge > 0")

    def fit(self, features: ArrayLike, labels: ArrayLike, *, row_weights: ArrayLike | None = None) -> Logistic:
        """A fitted copy from ``features[N, F]`` and ``labels[N]`` in [0, 1]; a row without a label is left out."""
        x = _with_constant(complete(features, "features"))
        check(features=(x, "N F"), labels=(labels, "N"))
        model = BradleyTerry(self.ridge).fit(x, np.zeros_like(x), labels=labels, pair_weights=row_weights)
        return replace(self, theta=model.theta)

    def logit(self, features: ArrayLike) -> Floats:
        """Log odds of label 1: [N]; NaN where a feature is missing."""
        x = _with_constant(as_floats(features, "features"))
        check(features=(x, "N F"), theta=(fitted(self.theta, self), "F"))
        return np.asarray(x @ np.asarray(self.theta))

    def score(self, features: ArrayLike) -> Floats:
        """P(label = 1): [N]; NaN where a feature is missing."""
        return sigmoid(self.logit(features))


def sigmoid(x: Floats) -> Floats:
    """``1 / (1 + exp(-x))`` without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(x / 2))


def complete(features: ArrayLike, name: str) -> Floats:
    """``features[N, F]`` as finite numbers; raises ShapeError that counts the rows with a missing feature."""
    x = as_floats(features, name)
    check(**{name: (x, "N F")})
    lost = ~np.isfinite(x).all(1)
    if lost.any():
        raise ShapeError(
            f"missing features in {int(lost.sum())} of {len(x)} rows, first in row {int(np.flatnonzero(lost)[0])}",
            where=name, expected="complete rows", hint="Leave the rows out, or fill them by a rule that you can name",
        )  # fmt: skip
    return x


def fitted(parameters: tuple[float, ...], model: object) -> tuple[float, ...]:
    """The parameters of a fitted model; SettingError when there are none."""
    if not parameters:
        raise SettingError(f"{type(model).__name__} has not been fitted", expected="model.fit(...) before scores")
    return parameters


def pair_arrays(
    better: ArrayLike,
    worse: ArrayLike,
    labels: ArrayLike | None,
    pair_weights: ArrayLike | None,
    margin: ArrayLike,
    smoothing: float,
) -> tuple[Floats, Floats, Floats, Floats]:
    """``(gap[Q, F], target[Q], weights[Q], margin[Q])`` of the pairs, checked; weight 0 where there is no label."""
    b, w = complete(better, "better"), complete(worse, "worse")
    n = len(b)
    label = np.ones(n) if labels is None else as_floats(labels, "labels")
    weights = np.ones(n) if pair_weights is None else as_floats(pair_weights, "pair_weights")
    margins = as_floats(margin, "margin")
    margins = np.full(n, float(margins)) if margins.ndim == 0 else margins
    check(better=(b, "Q F"), worse=(w, "Q F"), labels=(label, "Q"), pair_weights=(weights, "Q"), margin=(margins, "Q"))
    known = ~np.isnan(label)
    if ((label[known] < 0) | (label[known] > 1)).any():
        raise ShapeError("labels outside [0, 1]", where="labels", expected="the chance that 'better' is better")
    if not np.isfinite(margins).all() or not np.isfinite(weights).all() or (weights < 0).any():
        raise ShapeError("weights below 0, or numbers that are not finite", where="pair_weights, margin")
    label = np.where(known, label, 0.5)
    return b - w, (1 - smoothing) * label + smoothing * (1 - label), np.where(known, weights, 0.0), margins


def _newton(gap: Floats, target: Floats, weights: Floats, margins: Floats, ridge: float) -> Floats:
    """Minimise the weighed loss; a step that would raise the loss is halved, so large features cannot diverge."""

    def height(theta: Floats) -> float:
        z = gap @ theta - margins
        return float(weights @ (np.logaddexp(0.0, -z) + (1 - target) * z) + ridge / 2 * theta @ theta)

    theta = np.zeros(gap.shape[1])
    level = height(theta)
    for _ in range(NEWTON_STEPS):
        p = sigmoid(gap @ theta - margins)
        slope = gap.T @ (weights * (p - target)) + ridge * theta
        curve = (gap * (weights * p * (1 - p))[:, None]).T @ gap + ridge * np.eye(len(theta))
        move = np.linalg.solve(curve, slope)
        while (after := height(theta - move)) > level + 1e-12 * abs(level) and np.abs(move).max() > 1e-12:
            move = move / 2
        theta, level = theta - move, after
        if np.abs(move).max(initial=0.0) < 1e-9:
            break
    return theta


def _with_constant(x: Floats) -> Floats:
    check(features=(x, "N F"))
    return np.column_stack([x, np.ones(len(x))])
