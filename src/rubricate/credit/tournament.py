"""Tournaments inside groups, from a table of judged pairs: plan (``schedule``), votes (``vote``), rating (``rate``)."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, check
from rubricate.credit.layout import group_codes
from rubricate.credit.mix import vote
from rubricate.credit.rating import rate
from rubricate.credit.schedule import play, schedule
from rubricate.errors import ShapeError


def tournament(
    duels: ArrayLike,
    group: ArrayLike,
    rng: np.random.Generator | None = None,
    *,
    kind: str = "seeded",
    rating: str = "least_squares",
    votes: str = "sum",
) -> Floats:
    """Rating of each row by the matches that a plan sets inside its group: float[N].

    ``duels[N, G, J]``: score of the row when it meets the g-th member of its group (members in the order of the rows)
    in each of J judgements, presentation orders included; only the pairs of the plan ``kind`` are read. ``votes``:
    ``sum`` adds the scores of a side; a rule of ``vote`` lets each judgement decide who is better (level is yes for
    both) and scores each side by the verdict, so ``both_orders`` makes an inconsistent match a tie. A match with a
    missing judgement is left out (``sum``) or left to the rule; a row without a judged match is NaN. ShapeError for a
    group of more than G. Cards 33 and 155 (arXiv 2506.00103, 2601.06487).

    >>> quality = np.array([3.0, 1.0, 2.0])
    >>> duels = np.repeat(quality[:, None, None], 3, axis=1)
    >>> tournament(duels, [0, 0, 0], kind="round_robin", rating="wins").tolist()
    [2.0, 0.0, 1.0]
    """
    table = as_floats(duels, "duels")
    check(duels=(table, "N G J"))
    codes, count = group_codes(group, len(table))
    size = np.bincount(codes, minlength=count)
    if size.max(initial=0) > table.shape[1]:
        raise ShapeError(
            f"a group of {size.max()} with scores against {table.shape[1]}", where="duels",
            expected="a column for each member of the largest group",
        )  # fmt: skip
    out = np.full(len(table), np.nan)
    for rows in np.split(np.argsort(codes, kind="stable"), np.cumsum(size)[:-1]):
        score = _score(table[rows, : len(rows)], votes)
        matches = play(schedule(kind, len(rows), rng), partial(_meet, score))
        out[rows] = rate(matches, len(rows), rating)
    return out


def _meet(score: Floats, pairs: Ints) -> Floats:
    """[Q, 2] scores of both sides of each pair."""
    return np.stack([score[pairs[:, 0], pairs[:, 1]], score[pairs[:, 1], pairs[:, 0]]], axis=1)


def _score(table: Floats, votes: str) -> Floats:
    """[n, n] score of each side of a match."""
    if votes == "sum":
        return np.asarray(table.sum(2))
    better = 0.5 + 0.5 * np.sign(table - table.swapaxes(0, 1))
    return vote(better.reshape(-1, table.shape[2]), votes).reshape(table.shape[:2])
