"""A mixture of reward models: a router sends each prompt to the model of its task, made of experts per capability."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, check
from rubricate.errors import SettingError
from rubricate.judges.learned.bradley_terry import BradleyTerry, complete


@dataclass(frozen=True)
class Router:
    """A linear classifier of the task: ridge regression on one-hot labels, the largest output wins."""

    ridge: float = 1.0
    weights: tuple[tuple[float, ...], ...] = ()

    def fit(self, features: ArrayLike, task: ArrayLike) -> Router:
        """A fitted copy from ``features[N, F]`` and tasks 0..T-1."""
        x, labels = complete(features, "features"), np.asarray(task)
        check(features=(x, "N F"), task=(labels, "N"))
        z = np.column_stack([x, np.ones(len(x))])
        target = np.eye(int(labels.max()) + 1)[labels]
        solved = np.linalg.solve(z.T @ z + self.ridge * np.eye(z.shape[1]), z.T @ target)
        return replace(self, weights=tuple(tuple(float(v) for v in row) for row in solved))

    def route(self, features: ArrayLike) -> Ints:
        """Task of each row: int[N]; -1 where a feature is missing."""
        if not self.weights:
            raise SettingError("Router has not been fitted", expected="router.fit(...) before routes")
        x = as_floats(features, "features")
        check(features=(x, "N F"))
        outputs = np.column_stack([x, np.ones(len(x))]) @ np.asarray(self.weights)
        return np.where(np.isnan(outputs).any(1), -1, outputs.argmax(1)).astype(np.int64)


@dataclass(frozen=True)
class MixtureReward:
    """A router over one reward model per task, each made of experts per capability; card 103 (DMoERM).

    The experts of a task are Bradley-Terry models fitted on the labels of one capability each; a last Bradley-Terry
    model joins their scores (the paper joins hidden states by a small network). Without capability labels a task has
    one expert. Before a fit there are no scores: an unfitted model raises. arXiv 2403.01197.
    """

    expert: BradleyTerry = field(default_factory=BradleyTerry)
    router: Router = field(default_factory=Router)
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
        """Reward of each response as a response to ``task[N]``; NaN for a task that has no model."""
        if not self.heads:
            raise SettingError("MixtureReward has not been fitted", expected="model.fit(...) before scores")
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
