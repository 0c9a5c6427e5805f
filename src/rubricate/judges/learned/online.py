"""A reward model that keeps learning while the policy does: certified positives against fresh negatives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_group, check
from rubricate.errors import SettingError
from rubricate.judges.learned.bradley_terry import BradleyTerry, PairModel, complete
from rubricate.judges.learned.parameters import Parameters


@dataclass(frozen=True)
class OnlineUpdate:
    """A pair model refitted after every ``every`` updates on the pairs of the first and the last ``window`` updates.

    The positives must be certified: rollouts that a precise rule accepts (card 65) or references (card 126). The
    negatives are synthesised, a plausible wrong version of a right answer (65), or what the policy writes now (126).
    The first update holds the data that the model starts from and is kept when ``keep_first``. arXiv 2508.05613.
    """

    model: PairModel = field(default_factory=BradleyTerry)
    window: int = 8
    every: int = 1
    keep_first: bool = True
    pairs: tuple[Parameters, ...] = ()
    count: int = 0

    def __post_init__(self) -> None:
        if self.window < 1 or self.every < 1:
            raise SettingError(f"{self!r}", expected="window >= 1 and every >= 1")

    def update(self, positives: ArrayLike, negatives: ArrayLike) -> OnlineUpdate:
        """A copy that has learned from ``positives[Q, F]`` over ``negatives[Q, F]``; no pairs change nothing."""
        better, worse = complete(positives, "positives"), complete(negatives, "negatives")
        check(positives=(better, "Q F"), negatives=(worse, "Q F"))
        if not len(better):
            return self
        first = self.pairs[:1] if self.keep_first else ()
        later = (*self.pairs[len(first) :], Parameters(better=better, worse=worse))
        pairs = first + (later[-self.window :])
        updated = replace(self, pairs=pairs, count=self.count + 1)
        if self.count % self.every:
            return updated
        stacked = [np.concatenate([p[side] for p in pairs]) for side in ("better", "worse")]
        return replace(updated, model=self.model.fit(*stacked))

    def score(self, features: ArrayLike) -> Floats:
        """Reward of each response by the model of the last refit: [N]."""
        return self.model.score(features)


def certified_pairs(
    features: ArrayLike, certified: ArrayLike, negatives: ArrayLike, group: ArrayLike, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """One pair for each prompt with a certified rollout: that rollout, and the negative made from it; card 65.

    ``certified[N]`` is 1 where the rule says right, 0 where it does not (a rule with high precision may miss many) and
    NaN where it could not tell; ``negatives[N, F]`` holds features of a wrong version of each rollout, NaN where
    none was made. Returns ``positives[Q, F]``, ``negatives[Q, F]``; a prompt draws among its usable rollouts.
    """
    x, bad, sure = as_floats(features, "features"), as_floats(negatives, "negatives"), as_floats(certified, "certified")
    check(features=(x, "N F"), negatives=(bad, "N F"), certified=(sure, "N"))
    codes, n_groups = as_group(group, len(x))
    usable = np.flatnonzero((sure == 1) & ~np.isnan(x).any(1) & ~np.isnan(bad).any(1))
    usable = usable[rng.permutation(len(usable))]
    first = np.full(n_groups, -1)
    first[codes[usable][::-1]] = usable[::-1]
    rows = first[first >= 0]
    return x[rows], bad[rows]
