"""A report measured against a graph of claims: what it covers, contradicts, leaves one-sided and cites badly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import as_floats, check
from rubricate.errors import ShapeError


class ClaimGraph(NamedTuple):
    """Four shares in [0, 1]; NaN where there is nothing to count or a verdict is missing."""

    coverage: float
    consistency: float
    objectivity: float
    citation_health: float


def claim_graph(
    answered: ArrayLike, side: ArrayLike, edges: ArrayLike, stated: ArrayLike, valid: ArrayLike, supports: ArrayLike
) -> ClaimGraph:
    """Metrics of one report against V reference claims.

    coverage = mean of ``answered[V]``; consistency = 1 - share of the relations ``stated[F, 2]`` that the reference
    ``edges[E, 2]`` (claim, claim) holds only the other way round; objectivity = sides with an answered claim / sides of
    ``side[V]``; citation health = mean of ``valid[K] * supports[K]``. Marks are 0 or 1; a missing one (NaN) gives NaN
    wherever it could change the figure. Card 217 (abstract only); its utility is left to a judge.

    >>> claim_graph([1, 1, 0], ["pro", "pro", "con"], [[0, 1]], [[1, 0]], [1, 1], [1, 0])
    ClaimGraph(coverage=0.6666666666666666, consistency=0.0, objectivity=0.5, citation_health=0.5)
    """
    covered, good, held = as_floats(answered, "answered"), as_floats(valid, "valid"), as_floats(supports, "supports")
    sides = np.unique(side, return_inverse=True)[1]
    known, said = _pairs(edges, "edges", len(covered)), _pairs(stated, "stated", len(covered))
    check(answered=(covered, "V"), side=(side, "V"), valid=(good, "K"), supports=(held, "K"))
    wrong = np.isin(said[:, ::-1] @ [len(covered), 1], known @ [len(covered), 1])
    wrong &= ~np.isin(said @ [len(covered), 1], known @ [len(covered), 1])
    cited = np.where((good == 0) | (held == 0), 0.0, good * held)  # a dead link is no citation, whatever it supports
    seen, may = (_sides(sides, mark) for mark in (covered > 0, (covered > 0) | np.isnan(covered)))
    return ClaimGraph(
        _mean(covered), 1.0 - _mean(wrong.astype(np.float64)), seen if seen == may else float("nan"), _mean(cited)
    )


def _pairs(x: ArrayLike, name: str, claims: int) -> np.ndarray:
    """Pairs of claims as integers [E, 2]."""
    pairs = np.asarray(x)
    pairs = pairs.reshape(0, 2).astype(np.int64) if pairs.size == 0 else pairs
    check(**{name: (pairs, "E 2")})
    if pairs.dtype.kind not in "iu" or (pairs < 0).any() or (pairs >= claims).any():
        raise ShapeError(f"{name} names claims that are not there", where=name, expected=f"integers 0 to {claims - 1}")
    return pairs.astype(np.int64)


def _sides(codes: np.ndarray, mark: np.ndarray) -> float:
    """Share of the sides that have a marked claim."""
    total = len(np.unique(codes))
    return len(np.unique(codes[mark])) / total if total else float("nan")


def _mean(x: np.ndarray) -> float:
    return float(x.mean()) if len(x) else float("nan")
