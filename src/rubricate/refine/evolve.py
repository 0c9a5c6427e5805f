"""Search over rubrics by how well their item scores predict an outcome that no judge sees: citations, a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import MissingExtraError, PolicyError, SettingError, UnknownNameError

LINKS = ("linear", "logit", "negbin")
Rubric = tuple[str, ...]
Scores = Callable[[Rubric], ArrayLike]
Mutate = Callable[[Rubric, np.random.Generator], Sequence[str]]


@dataclass(frozen=True)
class ExternalFit:
    """``E[y] = g(b + x'w)``, x standardised, ridge penalty ``ridge |w|^2``: linear y, logit for 0/1, negbin for counts.

    linear: mean squared error. logit: ``-mean log p(y)``. negbin: log link, ``y ~ NB(mu, r)`` with r fitted (card 199).
    The intercept and r carry no penalty.

    >>> ExternalFit("linear", ridge=0.0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(3).tolist()
    [7.0]
    """

    link: str = "linear"
    ridge: float = 0.01

    def __post_init__(self) -> None:
        if self.link not in LINKS:
            raise UnknownNameError.among("link", self.link, LINKS)
        if self.ridge < 0:
            raise SettingError(f"ridge={self.ridge}", expected="0 or more")

    def fit(self, scores: ArrayLike, target: ArrayLike) -> Fitted:
        """The fit on ``scores[N, C]`` and ``target[N]``; PolicyError when no row is complete."""
        try:
            from scipy.optimize import minimize
        except ImportError:
            raise MissingExtraError.of("scipy", "learn", purpose="ExternalFit") from None
        x, y = _rows(scores, target)
        self._check(y)
        mean, spread = x.mean(0), np.maximum(x.std(0), 1e-9)
        z = np.column_stack([np.ones(len(x)), (x - mean) / spread])
        start = np.zeros(z.shape[1] + (self.link == "negbin"))
        penalty = np.zeros(len(start))
        penalty[1 : z.shape[1]] = self.ridge

        def loss(b: Floats) -> float:
            eta = z @ b[: z.shape[1]]
            return _loss(self.link, eta, y, b[-1]) + float(penalty @ (b * b))

        best = np.asarray(minimize(loss, start, method="L-BFGS-B").x, dtype=np.float64)
        r = float(best[-1]) if self.link == "negbin" else 0.0
        return Fitted(self.link, mean, spread, best[: z.shape[1]], r)

    def _check(self, y: Floats) -> None:
        if self.link == "logit" and not np.isin(y, (0, 1)).all():
            raise PolicyError("the target holds other values than 0 and 1", where="target", hint="Use another link")
        if self.link == "negbin" and ((y < 0) | (y != np.floor(y))).any():
            raise PolicyError("the target holds values that are no counts", where="target", hint="Use another link")


class Fitted(NamedTuple):
    """A fit: standardisation, ``coef[1 + C]`` (intercept first), log of r for counts."""

    link: str
    mean: Floats
    spread: Floats
    coef: Floats
    log_r: float

    def predict(self, scores: ArrayLike) -> Floats:
        """Expected outcome: float[N]; NaN for rows with a missing verdict."""
        x = as_floats(scores, "scores")
        return _mean(self.link, self._eta(x))

    def loss(self, scores: ArrayLike, target: ArrayLike) -> float:
        """Loss on other rows, without the penalty."""
        x, y = _rows(scores, target)
        return _loss(self.link, self._eta(x), y, self.log_r)

    def _eta(self, x: Floats) -> Floats:
        return np.asarray(self.coef[0] + ((x - self.mean) / self.spread) @ self.coef[1:])


def _rows(scores: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    x, y = as_floats(scores, "scores"), as_floats(target, "target")
    check(scores=(x, "N C"), target=(y, "N"))
    known = ~np.isnan(x).any(1) & ~np.isnan(y)
    if not known.any():
        raise PolicyError("no row has every verdict and an outcome", where="scores")
    return x[known], y[known]


def _mean(link: str, eta: Floats) -> Floats:
    if link == "logit":
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(eta, -30, 30))))
    return np.exp(np.clip(eta, -8, 8)) if link == "negbin" else eta


def _loss(link: str, eta: Floats, y: Floats, log_r: float) -> float:
    if link == "linear":
        return float(((eta - y) ** 2).mean())
    if link == "logit":
        return float((np.logaddexp(0.0, eta) - y * eta).mean())
    from scipy.special import gammaln

    mu, r = _mean(link, eta), float(np.exp(np.clip(log_r, -3, 4)))
    likelihood = gammaln(y + r) - gammaln(r) - gammaln(y + 1) + r * np.log(r / (r + mu)) + y * np.log(mu / (r + mu))
    return float(-likelihood.mean())


class Searched(NamedTuple):
    """The ``best`` rubric by validation loss; losses of all nodes and the node each grew from (-1: the start);
    ``test`` losses of the start and of the best on rows that the search never saw."""

    best: Rubric
    losses: Floats
    parent: NDArray[np.int64]
    test: tuple[float, float]


@dataclass(frozen=True)
class RubricSearch:
    """Best-first tree search: mutate a rubric, score it, fit it to the outcome, keep what validates better.

    Each of ``steps`` grows the node of least validation loss, or with probability ``explore`` any node. Rows are split
    at random: ``valid`` and ``test`` shares, the rest trains the fit. The best of many validation losses flatters, so
    the test losses are given too. Card 199 (arXiv 2603.03142).
    """

    fit: ExternalFit = ExternalFit()
    steps: int = 20
    explore: float = 0.2
    valid: float = 0.25
    test: float = 0.25

    def __post_init__(self) -> None:
        if (
            self.steps < 1
            or not 0 <= self.explore <= 1
            or min(self.valid, self.test) <= 0
            or self.valid + self.test >= 1
        ):
            raise SettingError(f"{self!r}", expected="steps >= 1, explore in [0, 1], valid + test < 1, both above 0")

    def run(
        self, start: Sequence[str], mutate: Mutate, scores: Scores, target: ArrayLike, rng: np.random.Generator
    ) -> Searched:
        """Search from ``start``; ``scores(rubric)`` gives verdicts [N, C], ``target[N]`` the outcome.

        A mutation that gives no criterion, or a rubric that is there already, is a step without a node.
        """
        y = as_floats(target, "target")
        check(target=(y, "N"))
        order = rng.permutation(len(y))
        a, b = int(len(y) * self.test), int(len(y) * (self.test + self.valid))
        held, valid, train = order[:a], order[a:b], order[b:]

        def losses(rubric: Rubric) -> tuple[float, float]:
            x = as_floats(scores(rubric), "scores")
            check(scores=(x, "N C"), target=(y, "N"))
            fitted = self.fit.fit(x[train], y[train])
            return fitted.loss(x[valid], y[valid]), fitted.loss(x[held], y[held])

        nodes = [tuple(start)]
        found, parent = [losses(nodes[0])], [-1]
        for _ in range(self.steps):
            best = int(np.argmin([v for v, _ in found]))
            at = int(rng.integers(len(nodes))) if rng.random() < self.explore else best
            child = tuple(dict.fromkeys(c.strip() for c in mutate(nodes[at], rng) if c.strip()))
            if child and child not in nodes:
                nodes.append(child)
                found.append(losses(child))
                parent.append(at)
        best = int(np.argmin([v for v, _ in found]))
        return Searched(nodes[best], np.array([v for v, _ in found]), np.array(parent), (found[0][1], found[best][1]))
