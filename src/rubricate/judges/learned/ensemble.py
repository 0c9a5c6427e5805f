"""Several reward models as one: their mean, or a lower bound that distrusts what they disagree about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError
from rubricate.judges.learned.bradley_terry import BradleyTerry, PairModel, pair_arrays
from rubricate.seeds import generator


@dataclass(frozen=True)
class EnsembleReward:
    """``mean_k r_k(x) - caution * std_k r_k(x)`` over ``size`` copies of a pair model, each fitted on its own pairs.

    Each member sees a random ``share`` of the pairs. Members are put on one scale first: each is divided by the
    standard deviation of its rewards over the training responses, so that none outvotes the rest by its scale. Cards
    28 (mean), 106 (ten models on resampled orders), 140 (disagreement). ``caution`` 0 is the plain mean.
    """

    member: PairModel = field(default_factory=BradleyTerry)
    size: int = 5
    share: float = 0.5
    caution: float = 0.0
    seed: int = 0
    members: tuple[PairModel, ...] = ()
    scales: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 < self.share <= 1 or self.caution < 0:
            raise SettingError(f"{self!r}", expected="size >= 1, share in (0, 1], caution >= 0")

    def fit(
        self,
        better: ArrayLike,
        worse: ArrayLike,
        *,
        labels: ArrayLike | None = None,
        pair_weights: ArrayLike | None = None,
        margin: ArrayLike = 0.0,
    ) -> EnsembleReward:
        """A fitted copy; members with a ``seed`` get one each."""
        _, target, weights, margins = pair_arrays(better, worse, labels, pair_weights, margin, 0.0)
        b, w = as_floats(better, "better"), as_floats(worse, "worse")
        rng = generator(self.seed, "ensemble")
        count = max(1, round(self.share * len(b)))
        members, scales = [], []
        for k in range(self.size):
            rows = np.sort(rng.permutation(len(b))[:count])
            member = replace(self.member, seed=k) if hasattr(self.member, "seed") else self.member  # type: ignore[type-var]
            own = member.fit(b[rows], w[rows], labels=target[rows], pair_weights=weights[rows], margin=margins[rows])
            spread = float(np.concatenate([own.score(b), own.score(w)]).std())
            members.append(own)
            scales.append(spread if spread > 0 else 1.0)
        return replace(self, members=tuple(members), scales=tuple(scales))

    def scores(self, features: ArrayLike) -> Floats:
        """Reward by each member, on the common scale: [K, N]."""
        if not self.members:
            raise SettingError("EnsembleReward has not been fitted", expected="model.fit(...) before scores")
        return np.stack([m.score(features) / s for m, s in zip(self.members, self.scales, strict=True)])

    def score(self, features: ArrayLike) -> Floats:
        """Mean less ``caution`` standard deviations: [N]."""
        return lower_bound(self.scores(features), self.caution)


def lower_bound(scores: ArrayLike, caution: float = 1.0) -> Floats:
    """``mean - caution * std`` over models ``scores[K, N]``: [N]; NaN where a model has no score.

    >>> lower_bound([[1.0, 0.0], [1.0, 4.0]]).tolist()
    [1.0, 0.0]
    """
    x = as_floats(scores, "scores")
    check(scores=(x, "K N"))
    return np.asarray(x.mean(0) - caution * x.std(0))
