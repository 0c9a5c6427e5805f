"""Learned rewards on features: Bradley-Terry from pairs, and a mixture of one model per task behind a router.

Features are numbers per response (embeddings, criterion verdicts, counts). Scores are comparable within a prompt only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError


@dataclass(frozen=True)
class BradleyTerry:
    """``P(b beats w) = sigmoid(theta . (x_b - x_w) - margin)``, fitted by Newton steps with a ridge penalty.

    The loss of a pair is ``-(1 - smoothing) log P - smoothing log(1 - P)``, weighed by ``pair_weights``; ``ridge`` is
    the penalty ``ridge / 2 |theta|^2`` on the sum. Cards 78 (plain), 87 (margin), 106 (smoothing, weights).
    """

    ridge: float = 1.0
    smoothing: float = 0.0
    theta: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.ridge <= 0 or not 0.0 <= self.smoothing < 0.5:
            raise SettingError(f"{self!r}", expected="ridge > 0 and smoothing in [0, .5)")

    def fit(
        self, better: ArrayLike, worse: ArrayLike, *, pair_weights: ArrayLike | None = None, margin: ArrayLike = 0.0
    ) -> BradleyTerry:
        """A fitted copy from ``better[Q, F]`` and ``worse[Q, F]``; rows with a missing feature are refused."""
        gap = as_floats(better, "better") - as_floats(worse, "worse")
        check(better=(better, "Q F"), worse=(worse, "Q F"))
        if np.isnan(gap).any():
            raise ShapeError("missing features in the pairs", where="better", expected="complete rows")
        weights = np.ones(len(gap)) if pair_weights is None else as_floats(pair_weights, "pair_weights")
        check(better=(gap, "Q F"), pair_weights=(weights, "Q"))
        margins = np.broadcast_to(as_floats(margin, "margin"), len(gap))
        theta = np.zeros(gap.shape[1])
        for _ in range(50):
            p = np.exp(-np.logaddexp(0.0, -(gap @ theta - margins)))
            slope = gap.T @ (weights * (p - (1.0 - self.smoothing))) + self.ridge * theta
            curve = (gap * (weights * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ gap + self.ridge * np.eye(len(theta))
            move = np.linalg.solve(curve, slope)
            theta = theta - move
            if np.abs(move).max(initial=0.0) < 1e-9:
                break
        return replace(self, theta=tuple(float(t) for t in theta))

    def score(self, features: ArrayLike) -> Floats:
        """Reward of each response, ``theta . x``: [N]; NaN where a feature is missing."""
        x = as_floats(features, "features")
        check(features=(x, "N F"), theta=(self.theta, "F"))
        return np.asarray(x @ np.asarray(self.theta))


@dataclass(frozen=True)
class Router:
    """A linear classifier of the task: ridge regression on one-hot labels, the largest output wins."""

    ridge: float = 1.0
    weights: tuple[tuple[float, ...], ...] = ()

    def fit(self, features: ArrayLike, task: ArrayLike) -> Router:
        """A fitted copy from ``features[N, F]`` and tasks 0..T-1."""
        x, labels = as_floats(features, "features"), np.asarray(task)
        check(features=(x, "N F"), task=(labels, "N"))
        z = np.column_stack([x, np.ones(len(x))])
        target = np.eye(int(labels.max()) + 1)[labels]
        solved = np.linalg.solve(z.T @ z + self.ridge * np.eye(z.shape[1]), z.T @ target)
        return replace(self, weights=tuple(tuple(float(v) for v in row) for row in solved))

    def route(self, features: ArrayLike) -> np.ndarray:
        """Task of each row: int[N]."""
        x = as_floats(features, "features")
        return np.asarray((np.column_stack([x, np.ones(len(x))]) @ np.asarray(self.weights)).argmax(1))


@dataclass(frozen=True)
class MixtureReward:
    """A router over one reward model per task, each made of experts per capability; card 103 (DMoERM).

    The experts of a task are Bradley-Terry models fitted on the labels of one capability each; a last Bradley-Terry
    model joins their scores (the paper joins hidden states by a small network). Without capability labels a task has
    one expert. arXiv 2403.01197.
    """

    expert: BradleyTerry = BradleyTerry()
    router: Router = Router()
    experts: tuple[tuple[BradleyTerry, ...], ...] = ()
    heads: tuple[BradleyTerry, ...] = ()

    def fit(
        self,
        better: ArrayLike,
        worse: ArrayLike,
        task: ArrayLike,
        prompt_features: ArrayLike,
        capability: ArrayLike | None = None,
    ) -> MixtureReward:
        """A fitted copy. ``capability[Q, K]``: which side each capability prefers (1 better, -1 worse, 0 neither)."""
        b, w, tasks = as_floats(better, "better"), as_floats(worse, "worse"), np.asarray(task)
        check(better=(b, "Q F"), worse=(w, "Q F"), task=(tasks, "Q"), prompt_features=(prompt_features, "Q H"))
        signs = np.ones((len(b), 1)) if capability is None else as_floats(capability, "capability")
        check(better=(b, "Q F"), capability=(signs, "Q K"))
        experts, heads = [], []
        for t in range(int(tasks.max()) + 1):
            rows = tasks == t
            own = tuple(self._expert(b[rows], w[rows], signs[rows, k]) for k in range(signs.shape[1]))
            stacked = [np.column_stack([e.score(x[rows]) for e in own]) for x in (b, w)]
            experts.append(own)
            heads.append(self.expert.fit(*stacked))
        router = self.router.fit(prompt_features, tasks)
        return replace(self, router=router, experts=tuple(experts), heads=tuple(heads))

    def score(self, features: ArrayLike, prompt_features: ArrayLike) -> Floats:
        """Reward of each response by the model of the task that its prompt is routed to: [N]."""
        return self.score_as(features, self.router.route(prompt_features))

    def score_as(self, features: ArrayLike, task: ArrayLike) -> Floats:
        """Reward of each response as a response to ``task[N]``."""
        x, tasks = as_floats(features, "features"), np.asarray(task)
        check(features=(x, "N F"), task=(tasks, "N"))
        out = np.full(len(x), np.nan)
        for t, (own, head) in enumerate(zip(self.experts, self.heads, strict=True)):
            rows = tasks == t
            out[rows] = head.score(np.column_stack([e.score(x[rows]) for e in own]))
        return out

    def _expert(self, better: Floats, worse: Floats, sign: Floats) -> BradleyTerry:
        first = np.where(sign[:, None] >= 0, better, worse)
        second = np.where(sign[:, None] >= 0, worse, better)
        known = sign != 0
        return self.expert.fit(first[known], second[known])
