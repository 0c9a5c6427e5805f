"""A running limit on how much the rewards of a prompt must differ for it to be trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import as_group
from rubricate.credit.layout import finite
from rubricate.credit.select import Selection, drop_groups
from rubricate.errors import SettingError
from rubricate.reduce import group_table


class StdState(NamedTuple):
    """Batches seen, and the running mean of their mean standard deviation (NaN before the first that counts)."""

    step: int = 0
    ema: float = float("nan")


@dataclass(frozen=True)
class StdFilter:
    """Keep a prompt only if the standard deviation of its rewards reaches ``beta`` times the usual one.

    usual = the exponential moving average (``decay``) of the mean over prompts of their standard deviation, taken from
    batch ``ema_from`` on; nothing is dropped before batch ``filter_from`` (both count from 1). Prompts with fewer than
    two known rewards do not enter the average. Card 138 (arXiv 2506.18254: .5, .99, 6, 11); dropped prompts are
    refilled by the trainer.
    """

    beta: float = 0.5
    decay: float = 0.99
    ema_from: int = 6
    filter_from: int = 11

    def __post_init__(self) -> None:
        if self.beta < 0 or not 0 <= self.decay < 1 or not 1 <= self.ema_from <= self.filter_from:
            raise SettingError(f"{self!r}", expected="beta >= 0, decay in [0, 1), 1 <= ema_from <= filter_from")

    def init(self) -> StdState:
        """The state before the first batch."""
        return StdState()

    def update(self, state: StdState, x: ArrayLike, group: ArrayLike) -> StdState:
        """The state after a batch of rewards ``x[N]``."""
        step, ema = state.step + 1, state.ema
        values = finite(x, "x")
        codes, count = as_group(group, len(values))
        std = group_table(values, codes, count, "std")
        std = std[group_table(values, codes, count, "count") > 1]
        if step >= self.ema_from and len(std):
            ema = float(std.mean()) if np.isnan(ema) else self.decay * ema + (1 - self.decay) * float(std.mean())
        return StdState(step, ema)

    def limit(self, state: StdState) -> float:
        """The least standard deviation of a prompt that is kept now; 0 keeps all."""
        return 0.0 if state.step < self.filter_from or np.isnan(state.ema) else self.beta * state.ema

    def select(self, state: StdState, x: ArrayLike, group: ArrayLike) -> Selection:
        """What is kept of a batch; ``state`` has seen it already (``update`` first)."""
        return drop_groups(x, group, "low_std", limit=self.limit(state))
