"""Trees of criteria with critical nodes and sequential children (Mind2Web 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rubricate.arrays import Bools, Floats
from rubricate.errors import PolicyError
from rubricate.rewards.outcome import Outcome, Why
from rubricate.rewards.scorer import Scorer
from rubricate.rewards.table import Table, each_rubric
from rubricate.structure import Structure


@dataclass(frozen=True, kw_only=True)
class Tree(Scorer):
    """Root of a tree: a critical child below 1 sends its parent to 0, else the mean of the non-critical children.

    A parent whose children are all critical and passed scores 1. Sequential children: after the first below 1 the later
    ones count 0 and stay in the denominator. Several top criteria hang under one parallel root. Negative weights turn
    the verdict round (v = 1 means bad); ``weighted`` weighs the mean by |weight| (published: plain mean).

    It is a function of the verdicts alone: skipped leaves count only if the others leave the score open, and then the
    row has no reward. (The published preview does not truncate sequences, so its number differs from the final one.)
    A critical leaf without a verdict leaves no reward under drop_item. Raises PolicyError when a critical node has a
    child that is not. Source: card 178, arXiv 2506.21506 (code read).
    """

    weighted: bool = False
    structured: ClassVar[bool] = True
    counts_skipped: ClassVar[bool] = True

    def formula(self, table: Table) -> Outcome:
        """Scores of the root."""
        return self.clipped(each_rubric(table, self._root))

    def _root(self, table: Table, structure: Structure) -> Outcome:
        _check_critical(structure)
        good = np.where(table.weights < 0, 1.0 - table.values, table.values)
        scores, on = (
            np.zeros((len(table), len(structure) + 1)),
            np.zeros((len(table), len(structure) + 1), dtype=np.bool_),
        )
        for node in range(len(structure) - 1, -1, -1):
            column = structure.column[node]
            if column >= 0:
                scores[:, node], on[:, node] = good[:, column], table.use[:, column]
            else:
                scores[:, node], on[:, node] = self._combine(structure, node, structure.children[node], scores, on)
        root = structure.top[0]
        if len(structure.top) > 1:
            root = len(structure)
            scores[:, root], on[:, root] = self._combine(structure, -1, structure.top, scores, on)
        dropped = (table.asked & ~table.use)[:, : structure.width]
        gone = (dropped & structure.critical[structure.leaves]).any(1)
        code = np.where(gone, Why.GATE, Why.OK)
        return Outcome(scores[:, root], code, np.ones(len(table)))

    def _combine(
        self, structure: Structure, parent: int, children: tuple[int, ...], scores: Floats, on: Bools
    ) -> tuple[Floats, Bools]:
        nodes = list(children)
        s, use = scores[:, nodes], on[:, nodes]
        if parent >= 0 and structure.sequential[parent]:
            failed = np.logical_or.accumulate(use & (s < 1.0), axis=1)
            later = np.zeros_like(failed)
            later[:, 1:] = failed[:, :-1]
            s = np.where(later, 0.0, s)
        critical = structure.critical[nodes]
        size = np.abs(structure.weight[nodes]) if self.weighted else np.ones(len(nodes))
        size = np.where(use & ~critical, size, 0.0)
        whole = size.sum(1)
        mean = np.divide((size * s).sum(1), whole, out=np.ones(len(s)), where=whole > 0)
        broken = np.any(use & critical & (s < 1.0), axis=1)
        return np.where(broken, 0.0, mean), np.asarray(np.any(use, axis=1))


def _check_critical(structure: Structure) -> None:
    inner = structure.parent >= 0
    wrong = inner & ~structure.critical & structure.critical[np.where(inner, structure.parent, 0)]
    if wrong.any():
        node = int(np.flatnonzero(wrong)[0])
        raise PolicyError(
            f"{structure.ids[node]!r} is not critical, its parent {structure.ids[structure.parent[node]]!r} is",
            expected="only critical children under a critical node",
        )
