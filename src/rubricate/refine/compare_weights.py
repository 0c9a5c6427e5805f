"""Criterion weights learned from overall ratings, compared on items that the fit never saw.

A way to weigh is a function ``(x[N, C], y[N]) -> weights[C]`` on verdicts in [0, 1] without gaps. Each is fitted on
the training folds alone; then one slope and one intercept, fitted there too, bring its score to the unit of ``y``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_group, check
from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.refine.selector import SparseSelector
from rubricate.refine.whitening import whitened_weights

Weigh = Callable[[Floats, Floats], Floats]
MISSING = ("drop_row", "train_mean")


def uniform(x: Floats, y: Floats) -> Floats:
    """``1 / C`` for each criterion: what a mean of ratings does."""
    return np.full(x.shape[1], 1.0 / x.shape[1])


def correlation_aware(x: Floats, y: Floats) -> Floats:
    """``whitened_weights`` of the verdicts; ``y`` is not read. Ratings vary little on [0, 1], so no floor is set."""
    return whitened_weights(x, floor=0.0)


@dataclass(frozen=True)
class Ridge:
    """``(Z'Z + strength I) w = Z'(y - mean y)`` with Z the columns less their means over their deviations."""

    strength: float = 1.0

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """Weights in units of ``x``; 0 for a column that never varies."""
        spread = x.std(0)
        scale = np.where(spread > 1e-12, spread, np.inf)
        z = (x - x.mean(0)) / scale
        w = np.linalg.solve(z.T @ z + self.strength * np.eye(x.shape[1]), z.T @ (y - y.mean()))
        return np.asarray(w / scale)


@dataclass(frozen=True)
class PairedL1:
    """``SparseSelector`` on ``pairs`` drawn pairs of rows of different ``y``: card 187 where there are ratings."""

    penalty: float = 0.03
    pairs: int = 2000
    seed: int = 0

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """Weights of the logistic fit; all 0 when the penalty holds every criterion down."""
        one, two = np.random.default_rng(self.seed).integers(0, len(y), (2, 4 * self.pairs))
        use = np.flatnonzero(y[one] != y[two])[: self.pairs]
        sign = np.sign(y[one[use]] - y[two[use]])
        return SparseSelector(penalty=self.penalty).fit((x[one[use]] - x[two[use]]) * sign[:, None]).weights


WEIGHINGS: Mapping[str, Weigh] = {
    "uniform": uniform,
    "L1": PairedL1(),
    "L1, light": PairedL1(penalty=0.003),
    "correlation-aware": correlation_aware,
    "ridge": Ridge(),
}


class CrossFitted(NamedTuple):
    """``predicted[N]`` for each row by weights that never saw it, ``score[N]`` = ``x . w / sum |w|`` by the same
    weights, ``weights[K, C]`` of each fold (in units of x), ``fitted[K]`` rows that each fit had.

    Rank rows by ``score``. A prediction holds the mean of its training rows, which is low where the held-out rows are
    high: over folds that alone makes a negative rank correlation where the criteria say nothing.
    """

    predicted: Floats
    score: Floats
    weights: Floats
    fitted: Ints


def whole_folds(group: ArrayLike, k: int, rng: np.random.Generator) -> Ints:
    """A fold 0..k-1 for each row, all rows of a group in one and the folds of like numbers of groups: int[N].

    >>> whole_folds(["a", "a", "b", "c"], 3, np.random.default_rng(0)).tolist()
    [2, 2, 0, 1]
    """
    codes, groups = as_group(group, len(np.asarray(group)))
    if not 2 <= k <= groups:
        raise SettingError(f"k={k} with {groups} groups", expected="2 <= k <= the number of groups")
    return np.asarray(rng.permutation(groups)[codes] % k, dtype=np.int64)


def cross_fitted(
    x: ArrayLike, y: ArrayLike, fold: ArrayLike, weigh: Weigh, *, apart: ArrayLike | None = None,
    missing: str = "drop_row",
) -> CrossFitted:  # fmt: skip
    """Predictions of ``y[N]`` from ``x[N, C]`` in [0, 1] for each fold from the rows of the others.

    With ``apart[N]`` a row whose id stands in the test fold is not fitted on either: the same item rated by another
    user must not teach the weights that are tested on it. A row without a ``y`` is predicted and never fitted on.
    ``missing`` says what becomes of a row that lacks a verdict (NaN): ``drop_row``, neither fitted on nor predicted
    (NaN); ``train_mean``, the verdict takes the mean of the training rows, which speaks for neither side. When all
    weights are 0 the prediction is the mean. ShapeError when a fold leaves fewer than two rows to fit on, or, under
    ``train_mean``, no verdict on a criterion; UnknownNameError for another policy.
    """
    if missing not in MISSING:
        raise UnknownNameError.among("policy for a missing verdict", missing, MISSING)
    verdicts, target = as_floats(x, "x"), as_floats(y, "y")
    check(x=(verdicts, "N C"), y=(target, "N"), fold=(fold, "N"))
    codes, folds = as_group(fold, len(target), "fold")
    shared = np.arange(len(target)) if apart is None else as_group(apart, len(target), "apart")[0]
    whole = np.ones(len(target), dtype=np.bool_) if missing == "train_mean" else ~np.isnan(verdicts).any(1)
    weights, fitted = np.empty((folds, verdicts.shape[1])), []
    predicted, score = np.full((2, len(target)), np.nan)
    for k in range(folds):  # folds are few
        out = codes == k
        test, train = out & whole, ~out & ~np.isin(shared, shared[out]) & ~np.isnan(target) & whole
        if train.sum() < 2:
            raise ShapeError(f"fold {k} leaves {train.sum()} rows", where="fold", expected="2 rows or more to fit on")
        if np.isnan(verdicts[train]).all(0).any():
            silent = np.flatnonzero(np.isnan(verdicts[train]).all(0)).tolist()
            raise ShapeError(f"fold {k} leaves no verdict on the criteria {silent}", where="x", expected="one or more")
        weights[k], predicted[test], score[test] = _one_fold(verdicts[train], target[train], verdicts[test], weigh)
        fitted.append(int(train.sum()))
    return CrossFitted(predicted, score, weights, np.array(fitted, dtype=np.int64))


def _one_fold(x: Floats, y: Floats, tested: Floats, weigh: Weigh) -> tuple[Floats, Floats, Floats]:
    known = ~np.isnan(x)
    mean = np.where(known, x, 0.0).sum(0) / known.sum(0)
    filled = np.where(known, x, mean)
    weights = weigh(filled, y)
    score, new = filled @ weights, np.where(np.isnan(tested), mean, tested) @ weights
    away = score - score.mean()
    size = float(away @ away)
    slope = float(away @ (y - y.mean())) / size if size > 1e-12 else 0.0
    return weights, y.mean() + slope * (new - score.mean()), new / max(float(np.abs(weights).sum()), 1e-12)
