"""Over-optimisation: how true quality moves while a proxy reward is pushed up by best-of-n."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_group, check
from rubricate.errors import SettingError


class OverOptimisation(NamedTuple):
    """For each n: divergence from the sampling policy in nats, proxy reward and true quality of the pick."""

    n: Floats
    kl: Floats
    proxy: Floats
    truth: Floats

    @property
    def best_n(self) -> int:
        """The n with the highest true quality: stop there."""
        return int(self.n[np.argmax(self.truth)])

    @property
    def loss(self) -> float:
        """How far true quality has fallen from its height to the largest n; 0 when it still rises."""
        return float(self.truth.max() - self.truth[-1])


def overoptimisation_curve(
    proxy: ArrayLike, truth: ArrayLike, group: ArrayLike, n: tuple[int, ...] = (1, 4, 16, 64, 256)
) -> OverOptimisation:
    """Expected true quality of the response that ``proxy`` picks among n of a prompt's responses; card 78.

    Exact over all subsets: the response with rank i from below among G is the pick in ``C(i-1, n-1) / C(G, n)`` of
    them; ties are broken evenly. ``kl = log n - (n - 1) / n``. A response with a missing proxy or truth is left out, so
    is a prompt with fewer than the largest n: every n is measured on the same prompts. arXiv 2009.01325, recalled.

    >>> curve = overoptimisation_curve([0.0, 1.0, 2.0], [0.0, 1.0, -3.0], [0, 0, 0], n=(1, 2, 3))
    >>> curve.truth.round(3).tolist(), curve.best_n
    ([-0.667, -1.667, -3.0], 1)
    """
    p, t = as_floats(proxy, "proxy"), as_floats(truth, "truth")
    check(proxy=(p, "N"), truth=(t, "N"))
    codes, n_groups = as_group(group, len(p))
    known = ~np.isnan(p) & ~np.isnan(t)
    sizes = np.bincount(codes[known], minlength=n_groups)
    if not n or min(n) < 1:
        raise SettingError(f"n={n}", expected="sizes of at least 1")
    rows = np.flatnonzero(known & (sizes[codes] >= max(n)))
    if not len(rows):
        raise SettingError(
            f"no prompt has {max(n)} responses with both values", expected=f"n up to {int(sizes.max(initial=0))}"
        )
    p, t, codes = p[rows], t[rows], codes[rows]
    order = np.lexsort((p, codes))
    p, t, codes = p[order], t[order], codes[order]
    size = sizes[codes]
    rank = np.arange(len(p)) - (np.cumsum(np.bincount(codes)) - np.bincount(codes))[codes] + 1
    prompts = len(np.unique(codes))
    ties = np.cumsum(np.r_[True, (codes[1:] != codes[:-1]) | (p[1:] != p[:-1])]) - 1
    curve = [[float((_chance(rank, size, k, ties) * v).sum() / prompts) for v in (p, t)] for k in n]
    sizes_n = np.array(n, dtype=np.float64)
    found = np.array(curve)
    return OverOptimisation(sizes_n, np.log(sizes_n) - (sizes_n - 1) / sizes_n, found[:, 0], found[:, 1])


def _chance(rank: Ints, size: Ints, n: int, ties: Ints) -> Floats:
    """``C(rank - 1, n - 1) / C(size, n)``, by logarithms, shared evenly by responses with the same proxy."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size.max() + 1)))])  # log k!

    def choose(a: Ints, b: int) -> Floats:
        fits = a >= b
        return np.where(fits, logs[a] - logs[b] - logs[np.where(fits, a - b, 0)], -np.inf)

    chance = np.exp(choose(rank - 1, n - 1) - choose(size, n))
    return np.asarray((np.bincount(ties, chance) / np.bincount(ties))[ties])
