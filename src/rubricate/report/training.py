"""What a training was paid, step by step: shown where the responses of a run came in batches."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rubricate.arrays import Floats
from rubricate.report.figures import series
from rubricate.report.markup import Markup, join, tag
from rubricate.report.numbers import NONE, number

if TYPE_CHECKING:
    from rubricate.pipeline import Result

PLACES = 60  # more batches are put together


def over_training(result: Result) -> Markup | None:
    """Mean reward batch by batch; None for a run that came in one piece."""
    batch = np.array([int(s.metadata.get("batch", 0)) for s in result.samples], dtype=np.int64)
    if not len(batch) or batch.max() == batch.min():
        return None
    means = batch_means(result.rewards.values, batch)
    edges = np.unique(np.linspace(0, len(means), min(PLACES, len(means)) + 1).astype(int))
    values = np.array([_mean(means[a:b]) for a, b in pairwise(edges)])
    labels = [f"batch {a}" if b - a == 1 else f"batches {a} to {b - 1}" for a, b in pairwise(edges)]
    known = means[~np.isnan(means)]
    ends = [number(float(v)) for v in (known[0], known[-1])] if len(known) else [NONE, NONE]
    said = f"Mean reward of each batch, from {ends[0]} to {ends[1]} over {len(means)} batches"
    return join([tag("h3", "Over training"), tag("p", f"{said}."), series(values, labels, said)])


def batch_means(values: Floats, batch: np.ndarray) -> Floats:
    """[T] mean of the known values of each batch; NaN where there is none.

    >>> batch_means(np.array([1.0, 0.0, np.nan]), np.array([0, 0, 1])).tolist()
    [0.5, nan]
    """
    known = ~np.isnan(values)
    size = int(batch.max()) + 1
    total = np.bincount(batch[known], weights=values[known], minlength=size)
    count = np.bincount(batch[known], minlength=size)
    return np.divide(total, count, out=np.full(size, np.nan), where=count > 0)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
