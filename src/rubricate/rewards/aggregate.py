"""Criteria to one score per row: ``scores[N, C]`` -> [N].

Common arguments: ``weights`` a number, [C] or [N, C] (1 when not given); ``asked`` [C] or [N, C] (all when not given).
A criterion is in play when it was asked and its weight is not 0; what is not in play is not read. A missing verdict
(NaN, in play) follows ``missing``:

* ``propagate`` (default): the row is NaN;
* ``drop_item``: the criterion and its weight are left out; a row where nothing is left is NaN;
* ``zero``: the verdict counts as 0 with its full weight.

With nothing in play a mean is NaN, and a sum, product or minimum is its neutral value (0, 1, 1).
``denominator`` says what a mean divides by, over the criteria in play: the sum of the ``positive`` weights (penalties
subtract but do not dilute), of the ``abs`` values, or the plain ``sum``. A row whose denominator is 0 is NaN; weights
under which it can vanish or turn negative for all rows alike are refused: negative ones under ``sum``, and negative
ones without a positive one under ``positive``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_bools, as_floats, as_group, check
from rubricate.errors import SettingError, ShapeError

MISSING = ("propagate", "drop_item", "zero")
DENOMINATORS = ("positive", "abs", "sum")


@dataclass(frozen=True)
class _Play:
    """What enters a reduction: ``values`` and ``weights`` (0 where not ``used``), and the ``rows`` that are NaN.

    ``given`` are the weights as they came.
    """

    values: Floats
    weights: Floats
    used: Bools
    rows: Bools
    given: Floats


def weighted_sum(
    scores: ArrayLike,
    weights: ArrayLike | None = None,
    asked: ArrayLike | None = None,
    *,
    missing: str = "propagate",
) -> Floats:
    """``sum_j w_j s_j`` over the criteria in play: [N].

    >>> weighted_sum([[1.0, 0.5], [0.0, 1.0]], [3.0, -1.0]).tolist()
    [2.5, -1.0]
    """
    play = _in_play(scores, weights, asked, missing)
    return np.where(play.rows, np.nan, (play.weights * play.values).sum(1))


def weighted_mean(
    scores: ArrayLike,
    weights: ArrayLike | None = None,
    asked: ArrayLike | None = None,
    *,
    missing: str = "propagate",
    denominator: str = "positive",
) -> Floats:
    """``sum_j w_j s_j / D`` over the criteria in play, D by ``denominator``: [N].

    >>> weighted_mean([[1.0, 0.0, 1.0]], [2.0, 2.0, -1.0]).tolist()
    [0.25]
    >>> weighted_mean([[1.0, float("nan")]], missing="drop_item").tolist()
    [1.0]
    """
    play = _in_play(scores, weights, asked, missing)
    total, below = (play.weights * play.values).sum(1), _mass(play, denominator).sum(1)
    return np.divide(total, below, out=np.full(len(total), np.nan), where=(below > 0) & ~play.rows)


def category_mean(
    scores: ArrayLike,
    weights: ArrayLike | None = None,
    category: ArrayLike | None = None,
    asked: ArrayLike | None = None,
    *,
    missing: str = "propagate",
    denominator: str = "positive",
) -> Floats:
    """Mean over categories of the weighted mean inside each: every category with something in play has equal mass: [N].

    ``category[C]`` or [N, C] holds ids of any kind; without it all criteria are one category. A category with
    something in play and a denominator that is not positive makes the row NaN. Card 202 (arXiv 2605.20164).

    >>> category_mean([[1.0, 0.0, 0.0]], [3.0, 1.0, 9.0], [0, 0, 1]).tolist()
    [0.375]
    """
    play = _in_play(scores, weights, asked, missing)
    codes, count = _categories(category, play.values.shape)
    mass, ordinary = _mass(play, denominator), bool((play.given >= 0).all())  # then what is in play has mass
    total, below = _by_category(play.weights * play.values, codes, count), _by_category(mass, codes, count)
    present = below > 0 if ordinary else _by_category(play.used.astype(np.float64), codes, count) > 0
    means = np.divide(total, below, out=np.full(total.shape, np.nan), where=below > 0)
    n = present.sum(1)
    summed = np.where(present, means, 0.0).sum(1)
    return np.divide(summed, n, out=np.full(len(n), np.nan), where=(n > 0) & ~play.rows)


def soft_and(
    scores: ArrayLike,
    weights: ArrayLike | None = None,
    asked: ArrayLike | None = None,
    *,
    delta: float = 0.01,
    missing: str = "propagate",
) -> Floats:
    """Smoothed geometric mean ``exp(sum_j w_j log((s_j + delta) / (1 + delta)) / sum_j w_j)``: [N] in [0, 1].

    One failure pulls the whole down, yet the slope of the logarithm in one of m equal scores is at most
    ``1 / (m delta)``; delta 0 is the geometric mean. Scores lie in [0, 1], weights are not negative (ShapeError).
    Card 54 (arXiv 2603.10473, delta 0.01).

    >>> soft_and([[1.0, 1.0], [1.0, 0.0]]).round(4).tolist()
    [1.0, 0.0995]
    """
    if delta < 0:
        raise SettingError(f"delta={delta}", expected="a number >= 0")
    play = _in_play(scores, weights, asked, missing)
    for name, bad in (("scores", (play.values < 0) | (play.values > 1)), ("weights", play.weights < 0)):
        if bad.any():
            i, j = (int(k) for k in np.argwhere(bad)[0])
            expected = "values in [0, 1]" if name == "scores" else "weights >= 0"
            raise ShapeError(f"{name} is out of range in row {i}, criterion {j}", where=name, expected=expected)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(play.used, (play.values + delta) / (1.0 + delta), 1.0))
    below = play.weights.sum(1)
    out = np.full(len(below), np.nan)
    np.divide((play.weights * logs).sum(1), below, out=out, where=(below > 0) & ~play.rows)
    return np.exp(out)


def product(scores: ArrayLike, asked: ArrayLike | None = None, *, missing: str = "propagate") -> Floats:
    """``prod_j s_j`` over the criteria asked: [N]; a factor of 0 ends the reward (cards 54, 134).

    >>> product([[0.5, 0.5], [1.0, 0.0]]).tolist()
    [0.25, 0.0]
    """
    play = _in_play(scores, None, asked, missing)
    return np.where(play.rows, np.nan, np.where(play.used, play.values, 1.0).prod(1))


def connected_share(
    scores: ArrayLike,
    links: ArrayLike,
    asked: ArrayLike | None = None,
    *,
    root: int = 0,
    threshold: float = 0.5,
    missing: str = "propagate",
) -> Floats:
    """Share of the statements that supported statements connect to the answer: [N] in [0, 1].

    Criterion j states a fact about the entities ``links[C, E]`` (or [N, C, E]); it is supported from ``threshold`` up.
    A statement counts when it is supported and a chain of supported statements that share entities leads from it to
    the entity ``root``: ``#reached / #asked``. So true but idle facts earn nothing. Card 7 (arXiv 2601.06021).

    >>> connected_share([[1, 1, 0], [0, 1, 1]], [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]).round(2).tolist()
    [0.67, 0.0]
    """
    play = _in_play(scores, None, asked, missing)
    table = as_floats(links, "links")
    check(scores=(play.values, "N C"), links=(table, "C E | N C E"))
    if not 0 <= root < table.shape[-1]:
        raise SettingError(f"root={root}", expected=f"an entity from 0 to {table.shape[-1] - 1}")
    supported = play.used & (play.values >= threshold)
    reached, known = np.zeros_like(supported), np.zeros((len(supported), table.shape[-1], 1))
    known[:, root] = 1.0
    while True:
        more = supported & ((table @ known)[:, :, 0] > 0)
        if (more == reached).all():
            break
        reached = more
        known = np.maximum(known, np.swapaxes(table, -1, -2) @ reached[:, :, None].astype(np.float64))
    n = play.used.sum(1)
    return np.divide(reached.sum(1), n, out=np.full(len(n), np.nan), where=(n > 0) & ~play.rows)


def all_pass(scores: ArrayLike, asked: ArrayLike | None = None, *, missing: str = "propagate") -> Floats:
    """The smallest score asked, ``min_j s_j``: [N]; for verdicts in {0, 1} it is 1 when all pass (card 11).

    >>> all_pass([[1.0, 0.4], [1.0, 1.0]]).tolist()
    [0.4, 1.0]
    """
    play = _in_play(scores, None, asked, missing)
    lowest = np.where(play.used, play.values, np.inf).min(1, initial=np.inf)
    return np.where(play.rows, np.nan, np.where(play.used.any(1), lowest, 1.0))


def _in_play(scores: ArrayLike, weights: ArrayLike | None, asked: ArrayLike | None, missing: str) -> _Play:
    """Check the arguments and apply the missing policy."""
    if missing not in MISSING:
        raise SettingError(f"missing={missing!r}", expected=f"one of {', '.join(MISSING)}")
    values = as_floats(scores, "scores")
    table = as_floats(1.0 if weights is None else weights, "weights")
    check(scores=(values, "N C"))
    if table.ndim:
        check(scores=(values, "N C"), weights=(table, "C | N C"))
    used: Bools = np.broadcast_to(table != 0, values.shape)
    if asked is not None:
        check(scores=(values, "N C"), asked=(asked, "C | N C"))
        used = used & as_bools(asked, "asked")
    gaps = used & np.isnan(values)
    if (used & ~gaps & np.isnan(table)).any():
        raise ShapeError(
            f"weights has shape {table.shape} and holds missing values (NaN)", where="weights",
            expected="a finite weight wherever there is a verdict",
        )  # fmt: skip
    rows: Bools = np.asarray(gaps.any(1))
    if missing == "drop_item":
        before, used = used.any(1), used & ~gaps
        rows = np.asarray(before & ~used.any(1))
    elif missing == "zero":
        rows = np.zeros(len(values), dtype=np.bool_)
    if used.all() and not gaps.any():
        return _Play(values, np.broadcast_to(table, values.shape), used, rows, table)
    return _Play(np.where(used & ~gaps, values, 0.0), np.where(used, table, 0.0), used, rows, table)


def _mass(play: _Play, denominator: str) -> Floats:
    """What each weight adds to the denominator."""
    if denominator not in DENOMINATORS:
        raise SettingError(f"denominator={denominator!r}", expected=f"one of {', '.join(DENOMINATORS)}")
    weights, positive, negative = play.weights, (play.given > 0).any(), (play.given < 0).any()
    if negative and (denominator == "sum" or (denominator == "positive" and not positive)):
        found = "holds negative values" if denominator == "sum" else "holds no positive value"
        raise ShapeError(
            f"weights {found}, so that the denominator {denominator!r} can vanish", where="weights",
            expected="weights >= 0 under 'sum', one or more positive weights under 'positive'; 'abs' takes any",
        )  # fmt: skip
    if not negative:
        return weights
    return np.abs(weights) if denominator == "abs" else np.maximum(weights, 0.0)


def _by_category(x: Floats, codes: Ints, count: int) -> Floats:
    """[N, K] sums of ``x[N, C]`` over the criteria of each category; codes [C] or [N, C]."""
    if codes.ndim == 1:
        return np.asarray(x @ (codes[:, None] == np.arange(count)).astype(np.float64))
    keys = (np.arange(len(codes))[:, None] * count + codes).ravel()
    summed = np.bincount(keys, weights=x.ravel(), minlength=len(codes) * count)
    return np.asarray(summed, dtype=np.float64).reshape(len(codes), count)


def _categories(category: ArrayLike | None, shape: tuple[int, ...]) -> tuple[Ints, int]:
    """Dense category codes, [C] or [N, C], and their number."""
    if category is None:
        return np.zeros(shape[1], dtype=np.int64), 1
    check(scores=(np.broadcast_to(0.0, shape), "N C"), category=(category, "C | N C"))
    codes, count = as_group(np.ravel(category), np.size(category), "category")
    return codes.reshape(np.shape(category)), max(count, 1)
