"""Which pairs and items to train on: matched for what must not decide, or drawn by how good they are rated."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_floats, check
from rubricate.errors import SettingError, ShapeError


def quality_sampling(rating: ArrayLike, count: int, *, rng: np.random.Generator, tau: float = 2.0) -> Ints:
    """``count`` items without replacement, chances ``exp(z / tau)`` of the standardised rating ``[N]``; card 76.

    Gumbel top-k: the largest ``z / tau + gumbel``. ``tau`` near 0 takes the top, a large one draws evenly (2.0 is
    recalled). An item without a rating (NaN) is never drawn. Best first by draw, so a prefix is a smaller sample.

    >>> quality_sampling([0.0, 3.0, 1.0], 2, rng=np.random.default_rng(0), tau=1e-9).tolist()
    [1, 2]
    """
    r = as_floats(rating, "rating")
    check(rating=(r, "N"))
    known = np.flatnonzero(~np.isnan(r))
    if tau <= 0 or not 0 <= count <= len(known):
        raise SettingError(f"tau={tau}, count={count}", expected=f"tau > 0 and at most {len(known)} rated items")
    own = r[known]
    spread = own.std() if len(own) else 0.0
    z = (own - own.mean()) / spread if spread > 0 else np.zeros(len(own))
    drawn = z / tau + rng.gumbel(size=len(known))
    return np.asarray(known[np.argsort(-drawn, kind="stable")[:count]])


def debias_pairs(
    nuisance: ArrayLike, *, rng: np.random.Generator, tolerance: float | None = None, bins: int = 5
) -> Bools:
    """Which pairs to keep so that no nuisance predicts the label: [Q]. ``nuisance[Q, D]`` is better minus worse.

    With a ``tolerance`` a pair is kept when all its gaps are within it: controlled pairs, in which only what is judged
    differs (card 51). Without, pairs are matched (card 80 matches length and time): each gap falls into one of ``bins``
    classes of size on its side, and of each cell of classes as many pairs are kept as of its mirror, the cell with
    all signs turned. If the better side were drawn by a coin, the two would be equally frequent, so afterwards neither
    one nuisance nor several together say which side is better. More bins match closer and keep fewer pairs. Pairs
    with a missing gap are not kept.
    """
    gap = as_floats(nuisance, "nuisance")
    check(nuisance=(gap, "Q D"))
    known = ~np.isnan(gap).any(1)
    if tolerance is not None:
        return np.asarray(known & (np.abs(np.where(np.isnan(gap), np.inf, gap)) <= tolerance).all(1))
    if bins < 1:
        raise SettingError(f"bins={bins}", expected="at least 1")
    if not known.any():
        raise ShapeError("no pair has all its gaps", where="nuisance", expected="numbers")
    rows = np.flatnonzero(known)
    cells = np.stack([_classes(g, bins) for g in gap[rows].T], 1)
    _, codes = np.unique(np.concatenate([cells, -cells]), axis=0, return_inverse=True)
    own, mirror = codes[: len(rows)], codes[len(rows) :]
    counts = np.bincount(own, minlength=int(codes.max()) + 1)
    shuffled = rng.permutation(len(rows))
    order = shuffled[np.argsort(own[shuffled], kind="stable")]
    place = np.arange(len(rows)) - (np.cumsum(counts) - counts)[own[order]]
    keep = np.zeros(len(gap), dtype=np.bool_)
    keep[rows[order[place < counts[mirror[order]]]]] = True
    return keep


def _classes(gap: Floats, bins: int) -> Ints:
    """Signed class of each gap: 0 for none, 1..bins by size on the positive side, the same below 0."""
    size = np.abs(gap)
    edges = np.quantile(size[size > 0], np.linspace(0, 1, bins + 1)[1:-1]) if (size > 0).any() else np.zeros(0)
    return (np.sign(gap) * (np.searchsorted(edges, size) + 1)).astype(np.int64)
