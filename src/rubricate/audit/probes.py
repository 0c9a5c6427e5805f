"""What a reward model knows: linear probes for dimensions of quality, and how familiar an input is to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError
from rubricate.judges.learned import Router


class Probes(NamedTuple):
    """For each of D dimensions: held-out accuracy of a linear probe, share of the largest class, labelled rows."""

    accuracy: Floats
    majority: Floats
    rows: Floats

    @property
    def mean(self) -> float:
        """Mean accuracy over dimensions."""
        return float(self.accuracy.mean())


def probe_dims(
    features: ArrayLike, labels: ArrayLike, *, rng: np.random.Generator, folds: int = 5, ridge: float = 1.0
) -> Probes:
    """Accuracy of a linear classifier on frozen ``features[N, F]`` for each of D dimensions, cross-validated; card 85.

    ``labels[N, D]`` are classes 0, 1, 2, ... (two classes: easy, three: hard), NaN where a row has none. Compare with
    ``majority``: a probe at that level has found nothing. MRMBench, arXiv 2511.12464.
    """
    x, y = as_floats(features, "features"), as_floats(labels, "labels")
    check(features=(x, "N F"), labels=(y, "N D"))
    if folds < 2:
        raise SettingError(f"folds={folds}", expected="at least 2")
    found = [_probe(x, y[:, d], rng, folds, ridge) for d in range(y.shape[1])]
    accuracy, majority, rows = (np.array(column) for column in zip(*found, strict=True))
    return Probes(accuracy, majority, rows)


def _probe(x: Floats, y: Floats, rng: np.random.Generator, folds: int, ridge: float) -> tuple[float, float, float]:
    rows = np.flatnonzero(~np.isnan(y) & ~np.isnan(x).any(1))
    if len(rows) < folds:
        raise ShapeError(f"{len(rows)} labelled rows", where="labels", expected=f"at least {folds} in each dimension")
    classes, task = np.unique(y[rows], return_inverse=True)
    fold = rng.permutation(len(rows)) % folds
    centre, spread = x[rows].mean(0), x[rows].std(0)
    z = (x[rows] - centre) / np.where(spread > 0, spread, 1.0)
    hits = np.zeros(len(rows), dtype=np.bool_)
    for k in range(folds):
        out = fold == k
        hits[out] = Router(ridge).fit(z[~out], task[~out]).route(z[out]) == task[out]
    return float(hits.mean()), float(np.bincount(task, minlength=len(classes)).max() / len(rows)), float(len(rows))


class Centroids(NamedTuple):
    """Centroids of the classes of each dimension, the common scale, and the training distances, sorted."""

    centres: tuple[Floats, ...]
    spread: Floats
    distances: tuple[Floats, ...]

    @classmethod
    def of(cls, features: ArrayLike, labels: ArrayLike) -> Centroids:
        """From training representations ``features[N, F]`` and ``labels[N, D]`` (NaN: none)."""
        x, y = as_floats(features, "features"), as_floats(labels, "labels")
        check(features=(x, "N F"), labels=(y, "N D"))
        spread = np.nanstd(x, axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        complete = ~np.isnan(x).any(1)
        centres, distances = [], []
        for d in range(y.shape[1]):
            rows = complete & ~np.isnan(y[:, d])
            if not rows.any():
                raise ShapeError(f"no labelled row in dimension {d}", where="labels", expected="at least one")
            own = np.stack([x[rows & (y[:, d] == c)].mean(0) for c in np.unique(y[rows, d])])
            centres.append(own)
            distances.append(np.sort(_nearest(x[rows], own, spread)))
        return cls(tuple(centres), spread, tuple(distances))

    def distance(self, features: ArrayLike) -> Floats:
        """Root mean square distance, in standard deviations, to the nearest centroid of each dimension: [N, D].

        The dimension with the smallest distance is the one that drives the reward of the input most (card 85).
        """
        x = as_floats(features, "features")
        check(features=(x, "N F"), spread=(self.spread, "F"))
        return np.stack([_nearest(x, own, self.spread) for own in self.centres], 1)

    def confidence(self, features: ArrayLike) -> Floats:
        """Share of training representations at least as far from their centroid, mean over dimensions: [N] in [0, 1].

        Near 0 for an input unlike the training data: down-weight its reward. The card's form was not found; this one
        has no unit and no free constant. NaN where a feature is missing.
        """
        d = self.distance(features)
        shares = [1 - np.searchsorted(own, d[:, k]) / len(own) for k, own in enumerate(self.distances)]
        return np.where(np.isnan(d).any(1), np.nan, np.mean(shares, 0))


def _nearest(x: Floats, centres: Floats, spread: Floats) -> Floats:
    gaps = (x[:, None, :] - centres[None]) / spread
    return np.asarray(np.sqrt((gaps**2).mean(2)).min(1))
