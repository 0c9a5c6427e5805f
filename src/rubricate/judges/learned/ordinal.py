"""The reward as a distribution over ratings: what it prefers, how good it finds a response, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_floats, check
from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.judges.learned.bradley_terry import complete, pair_arrays
from rubricate.judges.learned.descent import Arrays, adam
from rubricate.judges.learned.parameters import Parameters

REGIONS = ("triangle", "block", "flooded")


@dataclass(frozen=True)
class OrdinalProbReward:
    """``p(s | x) = softmax(W x + b)`` over the ratings 1..K; the reward is ``sum_s s p(s)``. Card 32 (OPRM).

    The loss of a pair is ``-log P(s_c > s_r)``, ``P = sum_k p_c(k) F_r(k - 1)``: the mass of the joint matrix in its
    strict lower triangle. A pair with levels (0 bad, 1 normal, 2 good) may count less of the matrix (RgFT): ``block``
    only the cells of block(c) x block(r) in the triangle; ``flooded`` the cells between the two blocks as well, so
    that mass far from the right corner still has a slope. The exact flooded region was not found (two notes
    disagree): here it is every cell of the triangle whose row is at most the top of block(c) and whose column is at
    least the bottom of block(r). A pair whose levels contradict its order is dropped. arXiv 2602.12660.
    """

    ratings: int = 9
    blocks: int = 3
    region: str = "triangle"
    ridge: float = 1e-4
    steps: int = 400
    rate: float = 0.05
    parameters: Parameters = field(default_factory=Parameters)

    def __post_init__(self) -> None:
        if self.region not in REGIONS:
            raise UnknownNameError.among("region", self.region, REGIONS)
        if self.ratings < 2 or self.blocks < 1 or self.ratings % self.blocks or self.steps < 1:
            raise SettingError(f"{self!r}", expected="ratings >= 2, in blocks of one size, steps >= 1")

    def fit(
        self,
        better: ArrayLike,
        worse: ArrayLike,
        *,
        labels: ArrayLike | None = None,
        pair_weights: ArrayLike | None = None,
        margin: ArrayLike = 0.0,
        better_level: ArrayLike | None = None,
        worse_level: ArrayLike | None = None,
    ) -> OrdinalProbReward:
        """A fitted copy. ``better_level[Q]`` and ``worse_level[Q]`` are levels 0..blocks-1, NaN where there is none.

        With ``labels`` the loss is ``-t log P(s_c > s_r) - (1 - t) log P(s_r > s_c)``. A margin has no meaning here.
        """
        if np.any(as_floats(margin, "margin") != 0):
            raise SettingError("a margin", expected="none: the distribution sets its own", hint="Use BradleyTerry")
        _, target, weights, _ = pair_arrays(better, worse, labels, pair_weights, 0.0, 0.0)
        b, w = complete(better, "better"), complete(worse, "worse")
        cells, kept = self._cells(better_level, worse_level, len(b))
        weights = weights * kept / max(1, len(b))

        def slopes(values: Arrays, _: int) -> Arrays:
            pb, pw = (softmax(x @ values["weights"] + values["bias"]) for x in (b, w))
            first, second = _slopes(pb, pw, cells, target, weights)
            slope = b.T @ first + w.T @ second
            return {"weights": slope + self.ridge * values["weights"], "bias": (first + second).sum(0)}

        start = {"weights": np.zeros((b.shape[1], self.ratings)), "bias": np.zeros(self.ratings)}
        return replace(self, parameters=Parameters(**adam(start, slopes, steps=self.steps, rate=self.rate)))

    def probabilities(self, features: ArrayLike) -> Floats:
        """Mass of each rating: [N, K]; NaN where a feature is missing."""
        x, p = as_floats(features, "features"), self.parameters
        check(features=(x, "N F"), weights=(p["weights"], "F K"))
        return softmax(x @ p["weights"] + p["bias"])

    def score(self, features: ArrayLike, *, k: float = 0.0) -> Floats:
        """Expected rating less ``k`` standard deviations: [N], on the scale 1..K."""
        p = self.probabilities(features)
        values = np.arange(1, self.ratings + 1)
        mean = p @ values
        return np.asarray(mean - k * self._spread(p, mean)) if k else np.asarray(mean)

    def spread(self, features: ArrayLike) -> Floats:
        """Standard deviation of the rating: [N]; wide where the model is unsure."""
        p = self.probabilities(features)
        return self._spread(p, p @ np.arange(1, self.ratings + 1))

    def prefers(self, first: ArrayLike, second: ArrayLike) -> Floats:
        """``P(s_first > s_second)`` of each pair: [Q]."""
        return rating_preference(self.probabilities(first), self.probabilities(second))

    def _spread(self, p: Floats, mean: Floats) -> Floats:
        return np.sqrt(np.maximum(p @ np.arange(1, self.ratings + 1) ** 2 - mean**2, 0.0))

    def _cells(self, better_level: ArrayLike | None, worse_level: ArrayLike | None, n: int) -> tuple[_Cells, Floats]:
        """Cells of the joint matrix that count for each pair, and whether the pair is kept [Q]."""
        none = np.full(n, np.nan)
        c, r = (none if v is None else as_floats(v, "levels") for v in (better_level, worse_level))
        check(better_level=(c, "Q"), worse_level=(r, "Q"), pairs=(none, "Q"))
        for level in (c, r):
            known = level[~np.isnan(level)]
            if not np.isin(known, np.arange(self.blocks)).all():
                raise ShapeError("levels that are not offered", where="levels", expected=f"0..{self.blocks - 1} or NaN")
        rows = np.flatnonzero(~np.isnan(c) & ~np.isnan(r) & (self.region != "triangle"))
        triangle = np.tril(np.ones((self.ratings, self.ratings)), -1)
        kept = np.ones(n)
        kept[rows] = c[rows] >= r[rows]
        return _Cells(rows, triangle * self._region(c[rows].astype(int), r[rows].astype(int))), kept

    def _region(self, c: Ints, r: Ints) -> Bools:
        block = np.arange(self.ratings) // (self.ratings // self.blocks)
        if self.region == "block":
            return (block[None, :, None] == c[:, None, None]) & (block[None, None, :] == r[:, None, None])
        return (block[None, :, None] <= c[:, None, None]) & (block[None, None, :] >= r[:, None, None])


class _Cells(NamedTuple):
    """The strict lower triangle of the joint matrix; of the pairs ``rows`` only the cells ``masks[R, K, K]``."""

    rows: Ints
    masks: Floats

    def won(self, pb: Floats, pw: Floats, turned: bool) -> tuple[Floats, Floats]:
        """Mass of the other side in the cells that count, for each rating of either side: [Q, K] each."""
        below, above = _below(pw), _below(pb[:, ::-1])[:, ::-1]
        masks = self.masks
        if turned:
            below, above = _below(pw[:, ::-1])[:, ::-1], _below(pb)
            masks = masks.transpose(0, 2, 1)
        below[self.rows] = np.einsum("qij,qj->qi", masks, pw[self.rows])
        above[self.rows] = np.einsum("qij,qi->qj", masks, pb[self.rows])
        return below, above


def _below(p: Floats) -> Floats:
    """Mass of the smaller ratings, for each rating."""
    return np.asarray(np.cumsum(p, 1) - p)


def rating_preference(first: ArrayLike, second: ArrayLike) -> Floats:
    """``P(s_first > s_second)`` for two distributions over the same ratings, [Q, K] each: [Q].

    >>> rating_preference([[0.0, 1.0]], [[0.5, 0.5]]).tolist()
    [0.5]
    """
    p, q = as_floats(first, "first"), as_floats(second, "second")
    check(first=(p, "Q K"), second=(q, "Q K"))
    return np.asarray((p * _below(q)).sum(1))


def softmax(x: Floats) -> Floats:
    """Softmax over the last axis."""
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


def _slopes(pb: Floats, pw: Floats, cells: _Cells, target: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Gradient of the weighed loss in the logits of both sides: [Q, K] each."""
    found = [np.zeros_like(pb), np.zeros_like(pw)]
    for turned, share in ((False, target), (True, 1 - target)):
        if not share.any():
            continue
        in_b, in_w = cells.won(pb, pw, turned)
        chance = np.maximum((pb * in_b).sum(1), 1e-12)
        factor = (-weights * share / chance)[:, None]
        for k, (p, inner) in enumerate(((pb, in_b), (pw, in_w))):
            found[k] += factor * p * (inner - (inner * p).sum(1, keepdims=True))
    return found[0], found[1]
