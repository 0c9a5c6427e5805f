"""The benchmark number over examples: where it is clipped, how rows are pooled, how uncertain it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_bools, as_floats, as_group, as_weights, check
from rubricate.errors import SettingError
from rubricate.reduce import group_table

_BLOCK = 4_000_000


@dataclass(frozen=True)
class Total:
    """A benchmark number: ``value``, ``std`` over bootstrap resamples (NaN without ``rng``), rows in and left out."""

    value: float
    std: float
    n: int
    left_out: int

    def __float__(self) -> float:
        return self.value


def total(
    values: ArrayLike,
    group: ArrayLike | None = None,
    *,
    mass: ArrayLike | None = None,
    clip: bool = False,
    of: str = "mean",
    rng: np.random.Generator | None = None,
    resamples: int = 1000,
) -> Total:
    """Mean over rows (within a group first, then over groups), clipped to [0, 1] last when ``clip``.

    ``values[N]``: rows with NaN are left out and counted. ``mass[N]`` weighs the rows (micro pooling: the mean of
    num/den weighted by den is sum num / sum den). ``of='full'`` gives the share of rows equal to 1 (success rate).
    ``rng``: the std of ``resamples`` bootstrap means, each clipped like the value itself; groups are drawn whole.

    HealthBench and PRBench disagree on the order of mean and clip (card 6, ran):

    >>> import numpy as np
    >>> s = np.array([0.8, -0.6, 0.5, -0.3])
    >>> round(float(total(s, clip=True)), 3), round(float(total(np.clip(s, 0, 1))), 3)
    (0.1, 0.325)
    """
    x = as_floats(values, "values")
    check(values=(x, "N"))
    weight = np.ones(len(x)) if mass is None else as_weights(mass, "mass")
    check(values=(x, "N"), mass=(weight, "N"))
    if of not in ("mean", "full"):
        raise SettingError(f"of={of!r}", expected="mean or full")
    seen = ~np.isnan(x)
    if of == "full":
        x = np.where(seen, (x == 1.0).astype(np.float64), np.nan)
    sums, sizes = _pooled(x, weight, group, seen)
    value = _mean(sums.sum(), sizes.sum(), clip)
    std = float("nan") if rng is None or not len(sums) else _bootstrap_std(sums, sizes, clip, rng, resamples)
    return Total(float(value), std, int(seen.sum()), int((~seen).sum()))


def share_at(native: ArrayLike, level: float, asked: ArrayLike | None = None) -> Floats:
    """Share of the verdicts of each row that equal ``level``: ``native[N, C]`` -> float[N], NaN without verdicts.

    With level -1 the blocked rate of DeepResearch Bench II: items met by citing the source of the rubric (card 63).
    """
    verdicts = as_floats(native, "native")
    check(native=(verdicts, "N C"))
    on = ~np.isnan(verdicts)
    if asked is not None:
        check(native=(verdicts, "N C"), asked=(asked, "N C"))
        on &= as_bools(asked, "asked")
    count = on.sum(1)
    hits = ((verdicts == level) & on).sum(1)
    return np.divide(hits, count, out=np.full(len(verdicts), np.nan), where=count > 0)


def _pooled(x: Floats, weight: Floats, group: ArrayLike | None, seen: np.ndarray) -> tuple[Floats, Floats]:
    """Weighted sum and weight of each unit that is averaged: rows, or the means of groups."""
    if group is None:
        return x[seen] * weight[seen], weight[seen]
    codes, count = as_group(group, len(x))
    means = group_table(x, codes, count, "mean", row_weights=np.where(seen, weight, 0.0))
    sizes = group_table(np.where(seen, weight, np.nan), codes, count, "mean")
    keep = ~np.isnan(means) & ~np.isnan(sizes)
    return means[keep] * sizes[keep], sizes[keep]


def _mean(sums: Floats, sizes: Floats, clip: bool) -> Floats:
    mean = np.divide(sums, sizes, out=np.full(np.shape(sums), np.nan), where=np.asarray(sizes) > 0)
    return np.clip(mean, 0.0, 1.0) if clip else mean


def _bootstrap_std(sums: Floats, sizes: Floats, clip: bool, rng: np.random.Generator, resamples: int) -> float:
    if resamples < 2:
        raise SettingError(f"resamples={resamples}", expected="2 or more")
    n, means = len(sums), []
    block = max(1, _BLOCK // n)
    for start in range(0, resamples, block):
        drawn = rng.integers(0, n, size=(min(block, resamples - start), n))
        means.append(_mean(sums[drawn].sum(1), sizes[drawn].sum(1), clip))
    return float(np.nanstd(np.concatenate(means)))
