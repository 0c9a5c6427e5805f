"""Worlds with structure: a tree with irrecoverable errors, retrieval with evidence, a dialogue of several turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rubricate.arrays import Floats
from rubricate.lab.worlds import Env, per_row, sigmoid, softmax
from rubricate.registry import register


@register("world", "tree")
@dataclass(frozen=True)
class Tree:
    """``depth`` decisions among ``branch`` moves; move 0 is right, the last move is an error that cannot be mended.

    Other moves waste a step: the answer is right when enough right moves were made (``needed``) and no fatal one. The
    rollouts of a prompt share their prefixes: ``node_parent`` and ``leaf_of`` describe that tree for tree credit.
    """

    depth: int = 4
    branch: int = 3
    needed: int = 3
    start: float = 0.0
    unit: str = "step"

    def init(self) -> Floats:
        """Equal logits, ``start`` more for the right move."""
        theta = np.zeros((self.depth, self.branch))
        theta[:, 0] = self.start
        return theta

    def rollouts(self, theta: Floats, rng: np.random.Generator, prompts: int, group_size: int) -> Env:
        """Moves, the outcome, a step score of 1 for a right move, 0 for a fatal one and .5 for a wasted one."""
        n = prompts * group_size
        p = softmax(theta)
        action = np.stack([rng.choice(self.branch, size=n, p=p[d]) for d in range(self.depth)], axis=1)
        fatal = (action == self.branch - 1).any(1)
        right = ((action == 0).sum(1) >= self.needed) & ~fatal
        scores = np.where(action == 0, 1.0, np.where(action == self.branch - 1, 0.0, 0.5))
        group = np.repeat(np.arange(prompts), group_size)
        env: Env = {
            "group": group,
            "outcome": right.astype(np.float64),
            "scores": scores,
            "asked": np.ones(scores.shape, dtype=np.bool_),
            "weights": np.ones(self.depth),
            "category": np.zeros(self.depth, dtype=np.int64),
            "process": scores.mean(1),
            "format": np.ones(n, dtype=np.bool_),
            "length": np.full(n, self.depth),
            "step_off": np.arange(0, n * self.depth + 1, self.depth),
            "step_scores": scores.ravel(),
            "action": action,
            "rng": rng,
        }
        env["node_parent"], env["leaf_of"], env["step_node"] = self._nodes(action, group)
        return env

    def _nodes(self, action: Any, group: Any) -> tuple[Any, Any, Any]:
        """Parents of the nodes of all shared prefixes, the leaf of each row, and the node that each step reaches."""
        keys = [tuple([g]) for g in np.unique(group)]
        number = {k: i for i, k in enumerate(keys)}
        parent = [-1] * len(keys)
        reached = np.empty(action.shape, dtype=np.int64)
        for d in range(self.depth):
            for i, (g, row) in enumerate(zip(group, action, strict=True)):
                key = (g, *row[: d + 1].tolist())
                if key not in number:
                    number[key] = len(parent)
                    parent.append(number[key[:-1]])
                reached[i, d] = number[key]
        return np.array(parent), reached[:, -1], reached.ravel()

    def gradient(self, theta: Floats, env: Mapping[str, Any], advantage: Floats) -> Floats:
        """``mean_i A_id (onehot(a_id) - p_d)`` with A per response or per step."""
        action = env["action"]
        table = per_row(advantage, env["step_off"], len(action)).reshape(action.shape)
        onehot = action[:, :, None] == np.arange(self.branch)
        return np.asarray((table[:, :, None] * (onehot - softmax(theta))).mean(0))

    def quality(self, theta: Floats) -> float:
        """Probability of a right answer, exactly (over the number of right moves with no fatal one)."""
        p = softmax(theta)
        reach = np.zeros(self.depth + 1)
        reach[0] = 1.0
        for d in range(self.depth):
            safe = 1.0 - p[d, 0] - p[d, -1]
            reach = reach * safe + np.concatenate([[0.0], reach[:-1]]) * p[d, 0]
        return float(reach[self.needed :].sum())


@register("world", "retrieval")
@dataclass(frozen=True)
class Retrieval:
    """Pick documents, then answer: the answer is right with a chance that grows with the gold evidence found.

    ``docs`` documents, the first ``gold`` of them hold evidence. ``selected`` and ``gold_ids`` are boolean tables for
    set scores; ``process`` is the F2 of the selection. ``guess`` is the chance without evidence.
    """

    docs: int = 12
    gold: int = 3
    guess: float = 0.1
    start: float = -1.0
    unit: str = "row"

    def init(self) -> Floats:
        """The same logit for every document."""
        return np.full(self.docs, self.start)

    def rollouts(self, theta: Floats, rng: np.random.Generator, prompts: int, group_size: int) -> Env:
        """Selections, recall, precision, F2 and whether the answer was right."""
        n = prompts * group_size
        action = rng.random((n, self.docs)) < sigmoid(theta)
        gold = np.arange(self.docs) < self.gold
        hits, picked = (action & gold).sum(1), action.sum(1)
        recall, precision = hits / self.gold, hits / np.maximum(picked, 1)
        f2 = np.divide(5 * precision * recall, 4 * precision + recall, out=np.zeros(n), where=hits > 0)
        right = rng.random(n) < self.guess + (1 - self.guess) * recall
        scores = np.column_stack([recall, precision, f2])
        return {
            "group": np.repeat(np.arange(prompts), group_size),
            "outcome": right.astype(np.float64),
            "process": f2,
            "scores": scores,
            "asked": np.ones(scores.shape, dtype=np.bool_),
            "weights": np.ones(3),
            "category": np.zeros(3, dtype=np.int64),
            "format": np.ones(n, dtype=np.bool_),
            "length": picked,
            "selected": action,
            "gold_ids": np.broadcast_to(gold, action.shape),
            "action": action.astype(np.float64),
            "rng": rng,
        }

    def gradient(self, theta: Floats, env: Mapping[str, Any], advantage: Floats) -> Floats:
        """``mean_i A_i (a_i - p)``."""
        return np.asarray((advantage[:, None] * (env["action"] - sigmoid(theta))).mean(0))

    def quality(self, theta: Floats) -> float:
        """Expected recall of the gold documents minus a small cost for each wrong one."""
        p = sigmoid(theta)
        return float(p[: self.gold].mean() - 0.02 * p[self.gold :].sum())


@register("world", "dialogue")
@dataclass(frozen=True)
class Dialogue:
    """A dialogue of ``turns`` turns with a hidden state that good turns raise and bad turns lower.

    Each turn picks one of three moves: help (+1), fill (0), flatter (-1, but a naive judge of single turns likes it
    best). The outcome is right when the state ends at ``goal`` or higher. ``turn_scores`` is the true progress per
    turn, ``naive_scores`` what the naive judge says.
    """

    turns: int = 5
    goal: int = 3
    unit: str = "turn"

    def init(self) -> Floats:
        """Equal logits."""
        return np.zeros((self.turns, 3))

    def rollouts(self, theta: Floats, rng: np.random.Generator, prompts: int, group_size: int) -> Env:
        """Moves, states after each turn, the outcome."""
        n = prompts * group_size
        p = softmax(theta)
        action = np.stack([rng.choice(3, size=n, p=p[t]) for t in range(self.turns)], axis=1)
        progress = np.array([1.0, 0.0, -1.0])[action]
        state = progress.cumsum(1)
        naive = np.array([0.6, 0.4, 1.0])[action]
        return {
            "group": np.repeat(np.arange(prompts), group_size),
            "outcome": (state[:, -1] >= self.goal).astype(np.float64),
            "process": (progress.mean(1) + 1) / 2,
            "scores": naive,
            "asked": np.ones(naive.shape, dtype=np.bool_),
            "weights": np.ones(self.turns),
            "category": np.zeros(self.turns, dtype=np.int64),
            "format": np.ones(n, dtype=np.bool_),
            "length": np.full(n, self.turns),
            "turn_off": np.arange(0, n * self.turns + 1, self.turns),
            "turn_scores": progress.ravel(),
            "naive_scores": naive.ravel(),
            "state": state.ravel(),
            "action": action,
            "rng": rng,
        }

    def gradient(self, theta: Floats, env: Mapping[str, Any], advantage: Floats) -> Floats:
        """``mean_i A_it (onehot(a_it) - p_t)`` with A per response or per turn."""
        action = env["action"]
        table = per_row(advantage, env["turn_off"], len(action)).reshape(action.shape)
        onehot = action[:, :, None] == np.arange(3)
        return np.asarray((table[:, :, None] * (onehot - softmax(theta))).mean(0))

    def quality(self, theta: Floats) -> float:
        """Probability that the dialogue ends at the goal, exactly."""
        p = softmax(theta)
        reach = np.zeros(2 * self.turns + 1)
        reach[self.turns] = 1.0
        for t in range(self.turns):
            up, down = np.roll(reach, 1), np.roll(reach, -1)
            reach = up * p[t, 0] + reach * p[t, 1] + down * p[t, 2]
        return float(reach[self.turns + self.goal :].sum())
