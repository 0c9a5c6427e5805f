"""Small worlds in which a policy learns in seconds, so that a reward can be tried before it is paid for.

A world has a policy with a few parameters. ``rollouts`` draws a group of responses per prompt as arrays with the names
of the vocabulary (``rubricate.lab.environment``), ``gradient`` is the exact score-function gradient of their
log-probabilities times advantages, ``quality`` the true expected quality, which no judge sees. Worlds show mechanisms
and directions; they do not measure a language model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rubricate.arrays import Floats, Ints, check
from rubricate.errors import ShapeError
from rubricate.reduce import spread
from rubricate.registry import register

Env = dict[str, Any]


class World(Protocol):
    """What the learner needs. ``unit`` is the level of one decision: row, step or turn."""

    unit: str

    def init(self) -> Floats:
        """Parameters of the policy before training."""
        ...

    def rollouts(self, theta: Floats, rng: np.random.Generator, prompts: int, group_size: int) -> Env:
        """A batch of N = prompts * group_size rollouts as named arrays; ``action`` holds what was chosen."""
        ...

    def gradient(self, theta: Floats, env: Mapping[str, Any], advantage: Floats) -> Floats:
        """Mean over rows of advantage times the gradient of the log-probability; advantage per row or per decision."""
        ...

    def quality(self, theta: Floats) -> float:
        """True expected quality of the policy."""
        ...


def softmax(theta: Floats) -> Floats:
    """Softmax over the last axis."""
    e = np.exp(theta - theta.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


def sigmoid(theta: Floats) -> Floats:
    """``1 / (1 + exp(-theta))``."""
    return np.exp(-np.logaddexp(0.0, -theta))


def per_row(advantage: Floats, off: Ints | None, n: int) -> Floats:
    """An advantage per row as one per decision; one per decision as it is. ShapeError for any other length."""
    total = n if off is None else int(off[-1])
    if len(advantage) == total:
        return advantage
    if off is not None and len(advantage) == n:
        return spread(advantage, off)
    raise ShapeError(f"advantage has shape {advantage.shape}", where="advantage", expected=f"[{n}] or [{total}]")


@register("world", "bandit")
@dataclass(frozen=True)
class Bandit:
    """A softmax bandit with many criteria: each arm is a kind of response.

    ``table[K, C]`` holds the true verdicts of the arms, ``right[K]`` whether the answer is right, ``value[K]`` the true
    quality, ``start[K]`` the initial probabilities. Defaults: honest and good, right by a shortcut, wrong but farming
    the rubric, plainly wrong (card 7's four arms).
    """

    table: tuple[tuple[float, ...], ...] = ((1, 1, 1), (1, 0, 0), (0, 1, 1), (0, 0, 0))
    right: tuple[float, ...] = (1, 1, 0, 0)
    value: tuple[float, ...] = (1.0, 0.5, 0.0, 0.0)
    start: tuple[float, ...] = (0.05, 0.25, 0.3, 0.4)
    weights: tuple[float, ...] = ()
    category: tuple[int, ...] = ()
    unit: str = "row"

    def init(self) -> Floats:
        """Logarithms of the initial probabilities."""
        return np.log(np.asarray(self.start, dtype=np.float64))

    def rollouts(self, theta: Floats, rng: np.random.Generator, prompts: int, group_size: int) -> Env:
        """Arms drawn from the policy, their verdicts and outcomes."""
        n = prompts * group_size
        action = rng.choice(len(theta), size=n, p=softmax(theta))
        table = np.asarray(self.table, dtype=np.float64)
        env = _rows(table[action], np.asarray(self.right, dtype=np.float64)[action], prompts, group_size)
        env["process"] = env["scores"][:, 1:].mean(1) if table.shape[1] > 1 else env["scores"][:, 0]
        if self.weights:
            env["weights"] = np.asarray(self.weights, dtype=np.float64)
        if self.category:
            env["category"] = np.asarray(self.category, dtype=np.int64)
        return env | {"action": action, "rng": rng}

    def gradient(self, theta: Floats, env: Mapping[str, Any], advantage: Floats) -> Floats:
        """``mean_i A_i (onehot(a_i) - p)``."""
        check(advantage=(advantage, "N"), action=(env["action"], "N"))
        n = len(advantage)
        return np.bincount(env["action"], advantage, minlength=len(theta)) / n - softmax(theta) * advantage.mean()

    def quality(self, theta: Floats) -> float:
        """Expected true value of an arm."""
        return float(softmax(theta) @ np.asarray(self.value))


@register("world", "slots")
@dataclass(frozen=True)
class Slots:
    """A response of C tokens, one slot per criterion: each is filled well or not, independently.

    ``start[C]`` are initial logits. ``works[C]`` says whether the slot counts for the true quality; ``payable`` slots
    can be met at all. Advantages may be per response or per token (slot).
    """

    start: tuple[float, ...] = (2.0, 2.0, 0.0, 0.0, -2.0, -2.0)
    works: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    category: tuple[int, ...] = ()
    unit: str = "token"

    def init(self) -> Floats:
        """The initial logits."""
        return np.asarray(self.start, dtype=np.float64)

    def rollouts(self, theta: Floats, rng: np.random.Generator, prompts: int, group_size: int) -> Env:
        """Filled slots as verdicts; the outcome is right when all working slots are filled."""
        n, c = prompts * group_size, len(theta)
        action = (rng.random((n, c)) < sigmoid(theta)).astype(np.float64)
        works = self._works()
        right = np.asarray((action >= works).all(1), dtype=np.float64)
        env = _rows(action * works, right, prompts, group_size)
        env["token_off"] = np.arange(0, n * c + 1, c)
        env["token_mask"] = np.ones(n * c, dtype=np.bool_)
        probability = np.where(action > 0, sigmoid(theta), sigmoid(-theta))
        env["token_logp"] = np.log(probability).ravel()
        env["process"] = env["scores"].mean(1)
        if self.weights:
            env["weights"] = np.asarray(self.weights, dtype=np.float64)
        if self.category:
            env["category"] = np.asarray(self.category, dtype=np.int64)
        return env | {"action": action, "rng": rng}

    def gradient(self, theta: Floats, env: Mapping[str, Any], advantage: Floats) -> Floats:
        """``mean_i A_i (a_i - p)`` per slot, with A per response or per slot."""
        action = env["action"]
        table = per_row(advantage, env["token_off"], len(action)).reshape(action.shape)
        return np.asarray((table * (action - sigmoid(theta))).mean(0))

    def quality(self, theta: Floats) -> float:
        """Mean probability that a working slot is filled."""
        works = self._works()
        return float((sigmoid(theta) * works).sum() / max(works.sum(), 1.0))

    def _works(self) -> Floats:
        return np.asarray(self.works or (1.0,) * len(self.start), dtype=np.float64)


@register("world", "chain")
@dataclass(frozen=True)
class StepChain:
    """A chain of reasoning steps: the answer is right when every step is, with ``luck`` even after a bad step.

    ``start[S]`` are logits of taking each step well. ``step_scores`` say which steps were good. Advantages may be per
    response or per step.
    """

    start: tuple[float, ...] = (1.0, 0.0, -0.5, 0.0, 0.5)
    luck: float = 0.05
    unit: str = "step"

    def init(self) -> Floats:
        """The initial logits."""
        return np.asarray(self.start, dtype=np.float64)

    def rollouts(self, theta: Floats, rng: np.random.Generator, prompts: int, group_size: int) -> Env:
        """Steps taken, their goodness, the outcome."""
        n, s = prompts * group_size, len(theta)
        action = (rng.random((n, s)) < sigmoid(theta)).astype(np.float64)
        right = action.all(1) | (rng.random(n) < self.luck)
        env = _rows(action.copy(), right.astype(np.float64), prompts, group_size)
        env["process"] = action.mean(1)
        for name in ("step", "turn", "token"):
            env[f"{name}_off"] = np.arange(0, n * s + 1, s)
        env["step_scores"] = env["turn_scores"] = action.ravel()
        env["token_mask"] = np.ones(n * s, dtype=np.bool_)
        env["token_logp"] = np.log(np.where(action > 0, sigmoid(theta), sigmoid(-theta))).ravel()
        return env | {"action": action, "rng": rng}

    def gradient(self, theta: Floats, env: Mapping[str, Any], advantage: Floats) -> Floats:
        """``mean_i A_ik (a_ik - p_k)``."""
        action = env["action"]
        table = per_row(advantage, env["step_off"], len(action)).reshape(action.shape)
        return np.asarray((table * (action - sigmoid(theta))).mean(0))

    def quality(self, theta: Floats) -> float:
        """Probability of a right answer."""
        return float(self.luck + (1 - self.luck) * sigmoid(theta).prod())


def _rows(scores: Floats, outcome: Floats, prompts: int, group_size: int) -> Env:
    """The names that every world fills."""
    n, c = scores.shape
    return {
        "group": np.repeat(np.arange(prompts), group_size),
        "scores": scores,
        "asked": np.ones((n, c), dtype=np.bool_),
        "weights": np.ones(c),
        "category": np.zeros(c, dtype=np.int64),
        "outcome": outcome,
        "format": np.ones(n, dtype=np.bool_),
        "length": np.full(n, c),
        "rewards": np.column_stack([outcome, scores.mean(1)]),
    }
