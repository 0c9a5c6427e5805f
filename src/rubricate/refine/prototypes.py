"""Users as prototypes: a person's criterion weights, steadied by those of people who judge alike. Card 116.

P-GenRM (arXiv 2602.12116): chains of one user averaged; then users clustered, and the schemes of the nearest users of
the cluster averaged with the user's own. Clusters here are k-means on the schemes; the paper refines its prototypes
with attention and a loss of their own, which is not built.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError

_ROUNDS = 50


def average_chains(chains: ArrayLike) -> Floats:
    """The mean scheme of each user from ``chains[U, M, C]`` (M sampled weightings of C criteria): float[U, C].

    A chain that could not be read is NaN in all criteria and is left out; a user without any chain is NaN.

    >>> average_chains([[[1.0, 0.0], [0.5, 0.5]], [[1.0, 3.0], [float("nan"), float("nan")]]]).tolist()
    [[0.75, 0.25], [1.0, 3.0]]
    """
    values = as_floats(chains, "chains")
    check(chains=(values, "U M C"))
    lost = np.isnan(values)
    if (lost.any(2) & ~lost.all(2)).any():
        raise ShapeError("a chain lacks some criteria", where="chains", expected="NaN in all criteria of a lost chain")
    known = (~lost).sum(1)
    return np.divide(np.where(lost, 0.0, values).sum(1), known, out=np.full(known.shape, np.nan), where=known > 0)


@dataclass(frozen=True)
class UserPrototypes:
    """``k`` prototypes of users; a scheme becomes ``own * scheme + (1 - own) * mean of the nearest neighbours``.

    ``neighbours`` nearest users of the same prototype count (all of them when 0). ``own`` 0 is the prototype alone,
    1 the user alone. Users who were not seen are placed by their own scheme. Too many neighbours hurt where users of a
    prototype differ (the paper: 16 are worse than 8).
    """

    k: int = 10
    neighbours: int = 8
    own: float = 0.5
    centres: Floats = field(default_factory=lambda: np.empty((0, 0)), repr=False, compare=False)
    schemes: Floats = field(default_factory=lambda: np.empty((0, 0)), repr=False, compare=False)
    member: Floats = field(default_factory=lambda: np.empty(0, dtype=np.int64), repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.k < 1 or self.neighbours < 0 or not 0.0 <= self.own <= 1.0:
            raise SettingError(f"{self!r}", expected="k >= 1, neighbours >= 0, own in [0, 1]")

    def fit(self, schemes: ArrayLike, rng: np.random.Generator) -> UserPrototypes:
        """A fitted copy from ``schemes[U, C]``, complete rows."""
        x = as_floats(schemes, "schemes")
        check(schemes=(x, "U C"))
        if np.isnan(x).any() or len(x) < self.k:
            raise ShapeError(
                f"{len(x)} users, {int(np.isnan(x).any(1).sum())} of them incomplete", where="schemes",
                expected=f"at least {self.k} complete rows",
            )  # fmt: skip
        centres = _means(x, x[rng.choice(len(x), self.k, replace=False)])
        return replace(self, centres=centres, schemes=x, member=_nearest(x, centres))

    def weights(self, schemes: ArrayLike) -> Floats:
        """The steadied scheme of each user, float[U, C]; NaN for a user whose own scheme is."""
        x = as_floats(schemes, "schemes")
        check(schemes=(x, "U C"), centres=(self.centres, "K C"))
        known = ~np.isnan(x).any(1)
        out = np.full(x.shape, np.nan)
        for u in np.flatnonzero(known):  # users of a request, not rollouts of a batch
            group = self.schemes[self.member == _nearest(x[u : u + 1], self.centres)[0]]
            if self.neighbours:
                away = ((group - x[u]) ** 2).sum(1)
                group = group[np.argsort(away, kind="stable")[: self.neighbours]]
            out[u] = self.own * x[u] + (1.0 - self.own) * group.mean(0)
        return out


def _nearest(x: Floats, centres: Floats) -> Floats:
    return np.asarray(((x[:, None] - centres) ** 2).sum(-1).argmin(1))


def _means(x: Floats, centres: Floats) -> Floats:
    """Lloyd's rounds until nothing moves; a centre without members stays where it is."""
    for _ in range(_ROUNDS):
        member = _nearest(x, centres)
        moved = np.array([x[member == j].mean(0) if (member == j).any() else c for j, c in enumerate(centres)])
        if np.allclose(moved, centres):
            break
        centres = moved
    return centres


def anchored_ridge(
    gap: ArrayLike, label: ArrayLike, anchors: ArrayLike, *, ridge: float = 1.0, outside: float = 100.0
) -> Floats:
    """Weights for ``sign(label) ~ gap . w`` that pay for what lies outside the span of ``anchors[A, F]``: float[F].

    ``(D'D + ridge I + outside (I - P'P)) w = D'l`` with P an orthonormal basis of the anchors and D = ``gap[Q, F]``.
    The geometric projection of MR-RML (card 13, arXiv 2511.16139): a response counts along its prompt's axes, what is
    perpendicular to them is held down. The paper's own losses were not found.
    """
    d, sign, a = as_floats(gap, "gap"), as_floats(label, "label"), as_floats(anchors, "anchors")
    check(gap=(d, "Q F"), label=(sign, "Q"), anchors=(a, "A F"))
    if ridge <= 0 or outside < 0:
        raise SettingError(f"ridge={ridge}, outside={outside}", expected="ridge > 0 and outside >= 0")
    basis = np.linalg.qr(a.T)[0].T if len(a) else np.empty((0, d.shape[1]))
    width = d.shape[1]
    beyond = np.eye(width) - basis.T @ basis
    return np.asarray(np.linalg.solve(d.T @ d + ridge * np.eye(width) + outside * beyond, d.T @ sign))
