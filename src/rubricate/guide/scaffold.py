"""Rubric scaffolds: criteria shown to some rollouts of a group, fewer as training goes on.

Card 29 (RuscaRL, arXiv 2508.16949). The update is made on the plain prompt: the scaffold takes no part in the
log-probabilities, and validation is never scaffolded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rubricate.arrays import Bools, Floats
from rubricate.errors import SettingError
from rubricate.llm.prompts import fill, template
from rubricate.rubrics.model import Criterion


@dataclass(frozen=True)
class Scaffold:
    """Which criteria each rollout of a group sees.

    Rollout i of n has the ratio ``g_i = (n - 1 - i) / (n - 1)`` (``spread="linear"``: the first sees all, the last
    none) or 1 for the first ``full`` ones and 0 for the others (``"first"``), or 1 for all (``"all"``). The decay is
    ``s(x) = 1 / (1 + exp(steepness (x - midpoint)))`` of the share x of training done (``"sigmoid"``; paper 125 and
    .2, its library 10 and .3), ``(1 - x)^power`` or constant. ``round(g_i s K)`` criteria are drawn at random.
    """

    spread: Literal["linear", "first", "all"] = "linear"
    full: int = 1
    decay: Literal["sigmoid", "power", "constant"] = "sigmoid"
    midpoint: float = 0.2
    steepness: float = 125.0
    power: float = 1.0

    def __post_init__(self) -> None:
        if self.spread not in ("linear", "first", "all") or self.decay not in ("sigmoid", "power", "constant"):
            raise SettingError(f"{self!r}", expected="spread linear, first or all; decay sigmoid, power or constant")

    def ratios(self, n: int) -> Floats:
        """Share of the criteria that each of n rollouts may see before decay: [n]."""
        if self.spread == "all" or (self.spread == "linear" and n == 1):
            return np.ones(n)
        if self.spread == "first":
            return (np.arange(n) < self.full).astype(np.float64)
        return (n - 1 - np.arange(n)) / (n - 1)

    def strength(self, progress: float) -> float:
        """Decay factor for the share of training done, in [0, 1]."""
        if self.decay == "constant":
            return 1.0
        if self.decay == "power":
            return float((1.0 - min(max(progress, 0.0), 1.0)) ** self.power)
        return float(np.exp(-np.logaddexp(0.0, self.steepness * (progress - self.midpoint))))

    def shown(self, n: int, criteria: int, progress: float, rng: np.random.Generator) -> Bools:
        """Which of the criteria each of n rollouts sees: bool[n, C], drawn without replacement."""
        counts = np.rint(self.ratios(n) * self.strength(progress) * criteria).astype(np.int64)
        ranks = rng.permuted(np.tile(np.arange(criteria), (n, 1)), axis=1)
        return np.asarray(ranks < counts[:, None])


def scaffold_message(criteria: Sequence[Criterion]) -> str:
    """The system message for the criteria shown: what to include, what to avoid; empty for none.

    It asks not to reveal the list. Points stand beside each item (card 29).
    """
    if not criteria:
        return ""
    good = [f"- {c.text} ({c.weight:+g})" for c in criteria if not c.bad_if_met]
    bad = [f"- {c.text} ({c.weight:+g})" for c in criteria if c.bad_if_met]
    include = "Include:\n" + "\n".join(good) if good else ""
    avoid = "Avoid:\n" + "\n".join(bad) if bad else ""
    return fill(template("scaffold"), {"items": "\n".join(part for part in (include, avoid) if part)})
