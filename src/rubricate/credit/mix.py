"""Several advantages, or several votes, into one.

Each source is normalised before it is added: a sum of raw rewards is ruled by the one with the largest scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_bools, as_floats, as_offsets, as_weights, check
from rubricate.credit.layout import group_codes, or_zero
from rubricate.credit.normalise import SCALES, center, scale, z_score
from rubricate.errors import SettingError, UnknownNameError
from rubricate.reduce import spread

VOTES = ("all", "majority", "mean", "both_orders")


def mix(advantages: Sequence[ArrayLike], weights: Sequence[float], *, missing: str = "nan") -> Floats:
    """``sum_k weights[k] advantages[k]``, place by place; all have one shape.

    ``missing``: ``nan``; ``zero_advantage`` (that source adds nothing); ``renormalise`` (the other weights grow so
    that their absolute sum stays: a cell that one normaliser cannot judge falls back to the others, card 158); or
    ``raise``. A place where every source is missing stays NaN under renormalise. Cards 49, 67, 112, 131, 153, 158.

    >>> mix(([1.0, float("nan")], [0.0, 2.0]), (0.5, 0.5), missing="renormalise").tolist()
    [0.5, 2.0]
    """
    w = as_weights(weights, "weights", negative=True)
    check(weights=(w, "K"))
    if not len(advantages) or len(advantages) != len(w):
        raise SettingError(f"{len(advantages)} advantages and {len(w)} weights", expected="one or more of each")
    parts = [as_floats(a, f"advantages[{k}]") for k, a in enumerate(advantages)]
    check(**{f"advantages[{k}]": (a, "N") for k, a in enumerate(parts)})
    return weighted_sum(np.stack(parts, axis=1), w, None, missing)


def multi_advantage(
    scores: ArrayLike,
    group: ArrayLike,
    weights: ArrayLike | None = None,
    asked: ArrayLike | None = None,
    *,
    how: str = "std",
    ddof: int = 1,
    eps: float = 1e-6,
    normalise: bool = False,
    singleton: str = "zero",
    missing: str = "nan",
) -> Floats:
    """``sum_k w_k z(scores[:, k])`` with each of K rewards centred and scaled in its group: float[N].

    ``how`` is the scale (``std``, ``none``, ...); ``normalise`` divides by ``sum |w_k|`` of what was asked. A reward
    that was not asked adds nothing; for an unknown one see ``mix``. Cards 74, 105, 112 and GDPO (arXiv 2601.05242).

    >>> multi_advantage([[1.0, 0.0], [0.0, 50.0]], [0, 0], [1.0, 1.0], eps=0.0).tolist()
    [0.0, 0.0]
    """
    values = as_floats(scores, "scores")
    check(scores=(values, "N K"))
    rows, k = values.shape
    w = np.ones(k) if weights is None else as_weights(weights, "weights", negative=True)
    check(scores=(values, "N K"), weights=(w, "K | N K"))
    use = np.ones((rows, k), dtype=np.bool_)
    if asked is not None:
        check(scores=(values, "N K"), asked=(asked, "N K"))
        use = as_bools(asked, "asked")
    if how not in SCALES:
        raise UnknownNameError.among("scale", how, SCALES)
    codes, _ = group_codes(group, rows)
    cell = (codes[:, None] * k + np.arange(k)).ravel()
    flat = np.where(use, values, np.nan).ravel()
    if how == "std":
        z = z_score(flat, cell, ddof=ddof, eps=eps, singleton=singleton)
    else:
        z = scale(center(flat, cell, singleton=singleton), cell, how, eps=eps, singleton=singleton)
    out = weighted_sum(z.reshape(rows, k), w, use, missing)
    if not normalise:
        return out
    mass = np.where(use, np.abs(w), 0.0).sum(1)
    return np.divide(out, mass, out=out.copy(), where=mass > 0)


def fuse(advantage: ArrayLike, step_advantage: ArrayLike, off: ArrayLike, *, beta: float = 1.0) -> Floats:
    """``advantage[N]`` of the row on each of its steps, plus ``beta * step_advantage[M]``: [M]; NaN in, NaN out.

    Cards 22, 131 (beta 0.3), 153 (beta 1).

    >>> fuse([1.0, -1.0], [0.0, 2.0, 0.0], [0, 2, 3], beta=0.5).tolist()
    [1.0, 2.0, -1.0]
    """
    row, steps = as_floats(advantage, "advantage"), as_floats(step_advantage, "step_advantage")
    check(advantage=(row, "N"), step_advantage=(steps, "M"), off=(off, "N+1"))
    return np.asarray(spread(row, as_offsets(off, len(steps))) + beta * steps)


def vote(flags: ArrayLike, rule: str = "majority") -> Floats:
    """One verdict from n judgements ``flags[N, n]`` in [0, 1]: float[N].

    ``all``: 1 if every one says yes; one no decides, otherwise a missing one leaves NaN. ``majority``: 1 if more than
    half of those that answered say yes, a tie counts as no. ``mean``: their mean. ``both_orders``: 1 if all say yes, 0
    if all say no, 0.5 when they disagree (an inconsistent preference is a tie), NaN when one is missing. A value of 0.5
    and more is a yes. ``all`` buys precision with recall, and errors that all judgements share stay in (cards 33, 127,
    149, 155; arXiv 2506.00103, 2508.02298).

    >>> vote([[1, 1], [1, 0]], "all").tolist(), vote([[1, 1], [1, 0]], "both_orders").tolist()
    ([1.0, 0.0], [1.0, 0.5])
    """
    values = as_floats(flags, "flags")
    check(flags=(values, "N n"))
    if rule not in VOTES:
        raise UnknownNameError.among("rule", rule, VOTES)
    known, no = ~np.isnan(values), values < 0.5
    count = known.sum(1)
    if rule == "mean":
        summed = np.where(known, values, 0.0).sum(1)
        return np.divide(summed, count, out=np.full(len(values), np.nan), where=count > 0)
    if rule == "majority":
        return np.where(count > 0, (known & ~no).sum(1) * 2 > count, np.nan)
    whole = (count == values.shape[1]) & (count > 0)
    if rule == "all":
        return np.where(no.any(1), 0.0, np.where(whole, 1.0, np.nan))
    agreed = np.where(no.any(1), np.where(no.all(1), 0.0, 0.5), 1.0)
    return np.where(whole, agreed, np.nan)


def weighted_sum(parts: Floats, weights: Floats, use: Bools | None, missing: str) -> Floats:
    """``sum_k weights[k] parts[:, k]`` over the parts in ``use``, with the policies of ``mix`` for NaN.

    A part with weight 0 is not read; a row of which nothing is in ``use`` is missing.
    """
    w = np.broadcast_to(weights, parts.shape)
    asked = (w != 0) if use is None else (w != 0) & use
    known = asked & ~np.isnan(parts)
    summed = np.multiply(w, parts, out=np.zeros(parts.shape), where=known).sum(1)
    gap = (asked & ~known).any(1)
    if use is not None:
        gap |= ~use.any(1)
    if missing == "renormalise":
        whole, left = np.where(asked, np.abs(w), 0.0).sum(1), np.where(known, np.abs(w), 0.0).sum(1)
        factor = np.divide(whole, left, out=np.full(len(parts), np.nan), where=left > 0)
        return np.where(gap, summed * factor, summed)
    if missing == "zero_advantage":
        return summed
    return or_zero(np.where(gap, np.nan, summed), missing)
