"""A judge beside human peers: who is nearer to the expert, and how sure that is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import as_floats, check
from rubricate.audit.paired import paired_gain


class PeerReport(NamedTuple):
    """Mean absolute errors of ``judge`` and ``peer``, ``gain`` = peer - judge with its interval, items used."""

    judge: float
    peer: float
    gain: float
    low: float
    high: float
    n: int


def agreement_vs(
    judge: ArrayLike,
    human: ArrayLike,
    peer: ArrayLike,
    rng: np.random.Generator,
    *,
    resamples: int = 1000,
    level: float = 0.95,
) -> PeerReport:
    """``mean |peer_i - human_i| - mean |judge_i - human_i|`` with a paired percentile bootstrap over items.

    ``human[N]`` is the expert's grade, ``peer[N]`` the yardstick (such as the median of peer grades). Above 0 the
    judge is nearer to the expert; ``low > 0`` says so with confidence. Items that lack a grade (NaN) are left out for
    both, and not counted. Card 40 (arXiv 2402.03776, recalled).

    >>> found = agreement_vs([3.0, 4.0], [3.0, 4.0], [2.0, 5.0], np.random.default_rng(0))
    >>> found.judge, found.peer, found.low
    (0.0, 1.0, 1.0)
    """
    own, true, other = as_floats(judge, "judge"), as_floats(human, "human"), as_floats(peer, "peer")
    check(judge=(own, "N"), human=(true, "N"), peer=(other, "N"))
    found = paired_gain(np.abs(own - true), np.abs(other - true), rng, resamples=resamples, level=level)
    return PeerReport(*found)
