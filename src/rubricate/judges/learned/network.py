"""The reward head with one hidden layer: Linear, SiLU, Linear; Bradley-Terry loss, optional contrastive term."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError
from rubricate.judges.learned.bradley_terry import complete, pair_arrays, sigmoid
from rubricate.judges.learned.descent import Arrays, adam
from rubricate.judges.learned.parameters import Parameters
from rubricate.seeds import generator


@dataclass(frozen=True)
class MLPReward:
    """``r(x) = w2 . silu(W1 z + b1)`` on standardised features z, fitted by Adam on mini-batches of pairs.

    The loss of a batch is the mean Bradley-Terry loss (labels, weights, margin and smoothing as in ``BradleyTerry``)
    ``+ ridge / 2 |W|^2 + contrast * InfoNCE`` of two views of ``silu(W1 z_better) - silu(W1 z_worse)`` whose features
    are dropped with rate ``dropout`` (temperature ``temperature``). Cards 28 (head of two layers with SiLU, recalled)
    and 106 (contrastive term on differences, recalled; its constants were not found).
    """

    hidden: int = 32
    ridge: float = 1e-3
    smoothing: float = 0.0
    contrast: float = 0.0
    dropout: float = 0.1
    temperature: float = 0.1
    epochs: int = 60
    batch: int = 256
    rate: float = 0.01
    seed: int = 0
    parameters: Parameters = field(default_factory=Parameters)

    def __post_init__(self) -> None:
        good = self.ridge >= 0 and 0.0 <= self.smoothing < 0.5 and self.contrast >= 0 and self.temperature > 0
        if not good or min(self.hidden, self.epochs, self.batch) < 1 or not 0.0 <= self.dropout < 1:
            raise SettingError(
                f"{self!r}", expected="sizes >= 1, ridge and contrast >= 0, smoothing in [0, .5), dropout in [0, 1)"
            )

    def fit(
        self,
        better: ArrayLike,
        worse: ArrayLike,
        *,
        labels: ArrayLike | None = None,
        pair_weights: ArrayLike | None = None,
        margin: ArrayLike = 0.0,
    ) -> MLPReward:
        """A fitted copy from ``better[Q, F]`` and ``worse[Q, F]``; the same seed and data give the same model."""
        _, target, weights, margins = pair_arrays(better, worse, labels, pair_weights, margin, self.smoothing)
        both = np.concatenate([complete(better, "better"), complete(worse, "worse")])
        centre, spread = both.mean(0), both.std(0)
        z = (both - centre) / np.where(spread > 0, spread, 1.0)
        pairs = _Pairs(z[: len(target)], z[len(target) :], target, weights, margins)
        rng = generator(self.seed, "mlp-reward")
        f, h = z.shape[1], self.hidden
        start = {"w1": rng.normal(0, 1 / np.sqrt(f), (f, h)), "b1": np.zeros(h), "w2": rng.normal(0, 1 / np.sqrt(h), h)}
        order = np.concatenate([rng.permutation(len(target)) for _ in range(self.epochs)])
        size = min(self.batch, len(target))

        def slopes(values: Arrays, t: int) -> Arrays:
            return self.slopes(values, pairs.take(order[t * size : (t + 1) * size]), rng)

        found = adam(start, slopes, steps=len(order) // size, rate=self.rate)
        scale = np.where(spread > 0, spread, 1.0)
        return replace(self, parameters=Parameters(centre=centre, spread=scale, **found))

    def score(self, features: ArrayLike) -> Floats:
        """Reward of each response: [N]; NaN where a feature is missing."""
        return np.asarray(self.represent(features) @ self.parameters["w2"])

    def represent(self, features: ArrayLike) -> Floats:
        """The hidden layer, for probes (card 85): [N, H]."""
        x, p = as_floats(features, "features"), self.parameters
        check(features=(x, "N F"), centre=(p["centre"], "F"))
        return silu((x - p["centre"]) / p["spread"] @ p["w1"] + p["b1"])

    def slopes(self, values: Arrays, pairs: _Pairs, rng: np.random.Generator) -> Arrays:
        """Gradient of the loss of one batch."""
        ab, aw = (x @ values["w1"] + values["b1"] for x in (pairs.better, pairs.worse))
        gap = silu(ab) - silu(aw)
        outer = pairs.weights * (sigmoid(gap @ values["w2"] - pairs.margin) - pairs.target) / max(1, len(gap))
        inner = outer[:, None] * values["w2"]
        found = _back(pairs.better, pairs.worse, ab, aw, inner)
        found = {"w1": found["w1"], "b1": found["b1"], "w2": gap.T @ outer}
        if self.contrast:
            for name, slope in self._contrastive(values, pairs, rng).items():
                found[name] = found[name] + self.contrast * slope
        return {k: v + self.ridge * values[k] for k, v in found.items()}

    def _contrastive(self, values: Arrays, pairs: _Pairs, rng: np.random.Generator) -> Arrays:
        views = []
        for _ in range(2):
            kept = (rng.random(pairs.better.shape) >= self.dropout) / (1 - self.dropout)
            b, w = pairs.better * kept, pairs.worse * kept
            ab, aw = b @ values["w1"] + values["b1"], w @ values["w1"] + values["b1"]
            views.append((b, w, ab, aw, silu(ab) - silu(aw)))
        _, first, second = info_nce(views[0][4], views[1][4], self.temperature)
        parts = [_back(*view[:4], slope) for view, slope in zip(views, (first, second), strict=True)]
        return {name: parts[0][name] + parts[1][name] for name in ("w1", "b1")}


@dataclass(frozen=True)
class _Pairs:
    better: Floats
    worse: Floats
    target: Floats
    weights: Floats
    margin: Floats

    def take(self, rows: np.ndarray) -> _Pairs:
        return _Pairs(self.better[rows], self.worse[rows], self.target[rows], self.weights[rows], self.margin[rows])


def silu(x: Floats) -> Floats:
    """``x sigmoid(x)``."""
    return np.asarray(x * sigmoid(x))


def info_nce(first: Floats, second: Floats, temperature: float) -> tuple[float, Floats, Floats]:
    """Contrastive loss of two views [B, H], and its gradient in each: row i of one view belongs to row i of the other.

    ``mean_i -log softmax_j(cos(first_i, second_j) / temperature)[i]`` (SimCSE, arXiv 2104.08821).
    """
    sizes = [np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9) for v in (first, second)]
    a, b = first / sizes[0], second / sizes[1]
    logits = a @ b.T / temperature
    logits = logits - logits.max(1, keepdims=True)
    p = np.exp(logits)
    p = p / p.sum(1, keepdims=True)
    loss = -float(np.mean(np.log(np.maximum(np.diag(p), 1e-300))))
    slope = (p - np.eye(len(p))) / (len(p) * temperature)
    return loss, _through_norm(slope @ b, a, sizes[0]), _through_norm(slope.T @ a, b, sizes[1])


def _through_norm(slope: Floats, unit: Floats, size: Floats) -> Floats:
    return np.asarray((slope - unit * (unit * slope).sum(1, keepdims=True)) / size)


def _back(better: Floats, worse: Floats, ab: Floats, aw: Floats, slope: Floats) -> Arrays:
    """Gradient of W1 and b1 when ``slope[B, H]`` is that of ``silu(ab) - silu(aw)``."""
    db, dw = (slope * (sigmoid(a) * (1 + a * (1 - sigmoid(a)))) for a in (ab, aw))
    return {"w1": better.T @ db - worse.T @ dw, "b1": (db - dw).sum(0)}
