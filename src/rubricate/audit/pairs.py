"""Scores of a judge on labelled pairs: by subset and language, in both orders, all pairs of an item. Pure numpy.

``margin[Q]`` is what the judge says in favour of the labelled side: a verdict of a pair judge, or the score of the
right response less that of the wrong one. NaN (no verdict) is left out and counted; benchmarks that give it 0 or .5
do so here only by a setting whose name says it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.arrays import Floats, Ints, as_floats, as_group, check
from rubricate.errors import UnknownNameError
from rubricate.reduce import group_table

TIES = ("half", "wrong", "leave_out")
MISSING = ("leave_out", "half", "wrong")


class PairAccuracy(NamedTuple):
    """``accuracy[S, L]`` by subset and language, ``judged`` and ``asked`` counts, the names, and two totals.

    ``mean`` is the mean over cells (a benchmark's score), ``overall`` that over pairs.
    """

    accuracy: Floats
    judged: Ints
    asked: Ints
    subsets: tuple[str, ...]
    languages: tuple[str, ...]
    mean: float
    overall: float


def pair_accuracy(
    margin: ArrayLike,
    subset: ArrayLike | None = None,
    language: ArrayLike | None = None,
    *,
    ties: str = "half",
    missing: str = "leave_out",
) -> PairAccuracy:
    """Share of pairs with a margin above 0, by ``subset[Q]`` and ``language[Q]`` (names of any kind).

    ``ties``: a margin of 0 is half right, wrong, or left out. ``missing``: NaN is left out (and seen in ``judged``), or
    half or wrong as some benchmarks have it: half hides a dead judge, wrong punishes an honest one. Empty cells are
    NaN. Cards 48 (scenarios), 80, 89 (languages; error = half there).

    >>> found = pair_accuracy([1.0, -1.0, 0.0, np.nan], ["a", "a", "b", "b"])
    >>> found.accuracy[:, 0].tolist(), found.judged[:, 0].tolist(), found.mean, round(found.overall, 3)
    ([0.5, 0.5], [2, 1], 0.5, 0.5)
    """
    m = as_floats(margin, "margin")
    check(margin=(m, "Q"))
    _known("ties", ties, TIES)
    _known("missing", missing, MISSING)
    rows, names = _codes(subset, "subset", m)
    columns, languages = _codes(language, "language", m)
    cell, cells = rows * len(languages) + columns, len(names) * len(languages)
    credit = 0.5 + 0.5 * np.sign(m)
    credit[m == 0] = {"half": 0.5, "wrong": 0.0, "leave_out": np.nan}[ties]
    credit[np.isnan(m)] = {"half": 0.5, "wrong": 0.0, "leave_out": np.nan}[missing]
    use = ~np.isnan(credit)
    count = np.bincount(cell, weights=use, minlength=cells)
    total = np.bincount(cell, weights=np.where(use, credit, 0.0), minlength=cells)
    share = np.divide(total, count, out=np.full(cells, np.nan), where=count > 0)
    shape = (len(names), len(languages))
    judged = np.bincount(cell, weights=~np.isnan(m), minlength=cells).astype(np.int64)
    asked = np.bincount(cell, minlength=cells)
    return PairAccuracy(
        share.reshape(shape), judged.reshape(shape), asked.reshape(shape), names, languages,
        _mean(share), float(total.sum() / count.sum()) if count.sum() else float("nan"),
    )  # fmt: skip


class BothOrders(NamedTuple):
    """``accuracy`` by the sum of both orders, share of ``inconsistent`` pairs, number of ``judged`` pairs."""

    accuracy: float
    inconsistent: float
    judged: int


def judgebench(forward: ArrayLike, backward: ArrayLike, *, missing: str = "leave_out") -> BothOrders:
    """A pair is right iff ``sign(forward) + sign(backward) > 0``; both in favour of the labelled side, [Q] each.

    JudgeBench: both orders, +1 for right, -1 for wrong, 0 for a tie. A verdict that is missing counts 0 there
    (``missing="half"`` stands for that: neither right nor wrong); by default the pair is left out. ``inconsistent``:
    the two signs differ. Without ties this is the same number as strict agreement. Read in the released code (card 77).

    >>> judgebench([1, 1, -1, 1], [1, -1, -1, 0])
    BothOrders(accuracy=0.5, inconsistent=0.5, judged=4)
    """
    f, b = as_floats(forward, "forward"), as_floats(backward, "backward")
    check(forward=(f, "Q"), backward=(b, "Q"))
    _known("missing", missing, ("leave_out", "half"))
    if missing == "half":
        f, b = np.where(np.isnan(f), 0.0, f), np.where(np.isnan(b), 0.0, b)
    known = ~(np.isnan(f) | np.isnan(b))
    one, two = np.sign(f[known]), np.sign(b[known])
    if not known.any():
        return BothOrders(float("nan"), float("nan"), 0)
    return BothOrders(float(np.mean(one + two > 0)), float(np.mean(one != two)), int(known.sum()))


class AllOfN(NamedTuple):
    """``accuracy``: share of items all of whose pairs are won; ``pairwise``: share of pairs; ``judged`` items."""

    accuracy: float
    pairwise: float
    judged: int


def all_of_n_accuracy(margin: ArrayLike, item: ArrayLike) -> AllOfN:
    """Whether the right answer beats all others of its ``item[Q]``, beside the accuracy of single pairs.

    With independent errors a pair accuracy of a gives ``a^(n-1)``: .9 over four rivals is .66, which a report of pairs
    alone hides. A tie is not won. An item with a missing pair is left out, even where another one is lost: to count
    it only then would favour losing. Card 177.

    >>> all_of_n_accuracy([1, 1, 1, -1], ["a", "a", "b", "b"])
    AllOfN(accuracy=0.5, pairwise=0.75, judged=2)
    """
    m = as_floats(margin, "margin")
    check(margin=(m, "Q"), item=(item, "Q"))
    codes, count = as_group(item, len(m), "item")
    known = np.bincount(codes, weights=np.isnan(m), minlength=count) == 0
    won = group_table(m, codes, count, "min") > 0
    pairs = m[~np.isnan(m)]
    return AllOfN(_mean(won, known), _mean(pairs > 0), int(known.sum()))


class PositionBias(NamedTuple):
    """How a judge leans in two orders; shares of the ``judged`` pairs, except ``first_shown``: of verdicts not tied.

    ``primacy``: the response shown first won both times; ``recency``: the one shown second. ``lean`` is their
    difference, ``interval`` its 95 % interval (paired proportions).
    """

    consistency: float
    first_shown: float
    primacy: float
    recency: float
    lean: float
    interval: tuple[float, float]
    judged: int


def position_bias(forward: ArrayLike, backward: ArrayLike) -> PositionBias:
    """From verdicts in both orders, both in favour of the response that ``forward`` shows first: [Q] each.

    ``lean = primacy - recency`` with standard error ``sqrt((primacy + recency - lean^2) / n)``. A pair with a missing
    side is left out.

    >>> found = position_bias([1, 1, 1, -1], [1, -1, -1, 1])
    >>> found.consistency, found.first_shown, found.primacy, found.recency, found.lean
    (0.25, 0.625, 0.5, 0.25, 0.25)
    """
    f, b = as_floats(forward, "forward"), as_floats(backward, "backward")
    check(forward=(f, "Q"), backward=(b, "Q"))
    known = ~(np.isnan(f) | np.isnan(b))
    one, two = np.sign(f[known]), np.sign(b[known])
    n = int(known.sum())
    if not n:
        nan = float("nan")
        return PositionBias(nan, nan, nan, nan, nan, (nan, nan), 0)
    shown = np.concatenate([one, -two])  # in favour of what stood first
    primacy, recency = float(np.mean((one > 0) & (two < 0))), float(np.mean((one < 0) & (two > 0)))
    lean = primacy - recency
    half = 1.96 * float(np.sqrt(max(primacy + recency - lean**2, 0.0) / n))
    return PositionBias(
        float(np.mean(one == two)), _mean(shown[shown != 0] > 0), primacy, recency, lean, (lean - half, lean + half), n
    )


def _codes(labels: ArrayLike | None, name: str, margin: Floats) -> tuple[Ints, tuple[str, ...]]:
    if labels is None:
        return np.zeros(len(margin), dtype=np.int64), ("all",)
    check(**{"margin": (margin, "Q"), name: (labels, "Q")})
    names, codes = np.unique(np.asarray(labels), return_inverse=True)
    return codes, tuple(str(n) for n in names)


def _known(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UnknownNameError.among(f"{name} policy", value, known)


def _mean(x: NDArray[np.generic], use: NDArray[np.bool_] | None = None) -> float:
    """Mean of what is known; NaN for nothing."""
    values = np.asarray(x, dtype=np.float64)
    values = values[~np.isnan(values)] if use is None else values[use]
    return float(values.mean()) if len(values) else float("nan")
