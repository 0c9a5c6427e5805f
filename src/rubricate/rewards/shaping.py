"""Shapes of single values, and of the step values of ragged rows.

The element-wise functions take arrays of any shape and keep NaN. Step functions take ``x[M]`` with ``off[N+1]``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_offsets, check
from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.reduce import spread
from rubricate.rewards.group import group_softmax
from rubricate.rewards.terms import aligned


def affine(x: ArrayLike, lo: float, hi: float, a: float = 0.0, b: float = 1.0) -> Floats:
    """Map [lo, hi] onto [a, b] in a straight line: ``a + (b - a)(x - lo) / (hi - lo)``; nothing is clipped.

    >>> affine([0, 5, 10], 0, 10).tolist()
    [0.0, 0.5, 1.0]
    """
    if hi == lo:
        raise SettingError(f"lo={lo} and hi={hi}", expected="two different ends")
    return a + (b - a) * (as_floats(x, "x") - lo) / (hi - lo)


def clip(x: ArrayLike, lo: float, hi: float) -> Floats:
    """``min(max(x, lo), hi)``; NaN stays NaN.

    >>> clip([-1.0, 0.5, 2.0], 0.0, 1.0).tolist()
    [0.0, 0.5, 1.0]
    """
    if lo > hi:
        raise SettingError(f"lo={lo} and hi={hi}", expected="lo <= hi")
    return np.clip(as_floats(x, "x"), lo, hi)


def zscore(x: ArrayLike, mean: float, std: float, scale: float = 1.0, bias: float = 0.0) -> Floats:
    """Fixed standardisation ``(x - mean) / std * scale + bias`` (card 84: a reward model with known mean and std).

    >>> zscore([7.8532], -0.4468, 8.3, 0.3).round(6).tolist()
    [0.3]
    """
    if not std > 0:
        raise SettingError(f"std={std}", expected="a number > 0")
    return (as_floats(x, "x") - mean) / std * scale + bias


def log_sigmoid(x: ArrayLike, reference: ArrayLike = 0.0) -> Floats:
    """``log(1 / (1 + exp(-(x - reference))))``: sums over rewards then mean "all are good" (card 108).

    ``reference`` is a number or an array of the shape of ``x``, such as a group quantile. arXiv 2402.00742.

    >>> log_sigmoid([10.0, -4.0, 2.0]).round(3).tolist()
    [-0.0, -4.018, -0.127]
    """
    value, base = aligned(x=x, reference=reference)
    z = value - base
    return np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z)))


def hinge_negative(x: ArrayLike, eta: float) -> Floats:
    """``min(x - eta, 0)``: low values are fined and no value earns anything (card 41, "clip"; arXiv 2410.15115).

    >>> hinge_negative([0.5, 0.95], 0.75).tolist()
    [-0.25, 0.0]
    """
    return np.minimum(as_floats(x, "x") - eta, 0.0)


def piecewise(x: ArrayLike, knots: tuple[float, ...], values: tuple[float, ...]) -> Floats:
    """Straight lines through (knots, values), constant outside: length ranges, speed-ups (cards 11, 60, 74).

    >>> piecewise([50, 150, 350], (0, 100, 200, 500), (0, 1, 1, 0)).tolist()
    [0.5, 1.0, 0.5]
    """
    if len(knots) != len(values) or not len(knots) or (np.diff(knots) <= 0).any():
        raise SettingError(f"knots={knots} with {len(values)} values", expected="rising knots and a value for each")
    return np.interp(as_floats(x, "x"), knots, values)


def range_score(x: ArrayLike, low: ArrayLike, high: ArrayLike, limit: ArrayLike) -> Floats:
    """1 inside [low, high], ``x / low`` below, ``(limit - x) / (limit - high)`` above, never under 0: a wanted length.

    The bounds are numbers or arrays of the shape of ``x`` with 0 < low <= high < limit (SettingError; NaN gives NaN).
    Continuous, 0 at 0 and at ``limit``. ``piecewise`` is the same for one range that all rows share. Card 74 (arXiv
    2506.18841).

    >>> range_score([50, 150, 350, 900], 100, 200, 500).tolist()
    [0.5, 1.0, 0.5, 0.0]
    """
    value, lowest, highest, end = aligned(x=x, low=low, high=high, limit=limit)
    if ((lowest <= 0) | (lowest > highest) | (highest >= end)).any():
        raise SettingError("a range that is empty or reaches its limit", expected="0 < low <= high < limit")
    return np.clip(np.minimum(value / lowest, (end - value) / (end - highest)), 0.0, 1.0)


def exponential(x: ArrayLike, base: float = float(np.e)) -> Floats:
    """``base ** x``: pressure from a pass rate (card 115), discount by a number of turns (card 22).

    >>> exponential([0, 1, 2], 0.5).tolist()
    [1.0, 0.5, 0.25]
    """
    if not base > 0:
        raise SettingError(f"base={base}", expected="a number > 0")
    return base ** as_floats(x, "x")


def best_of_k(x: ArrayLike, k: int = 4) -> Floats:
    """Chance that at least one of k independent tries succeeds: ``1 - (1 - x)^k`` for x in [0, 1].

    Card 70 (arXiv 2410.08146; k = 4 of a base policy as the prover).

    >>> best_of_k([0.0, 0.5, 1.0], 2).tolist()
    [0.0, 0.75, 1.0]
    """
    if k < 1:
        raise SettingError(f"k={k}", expected="at least 1")
    return 1.0 - (1.0 - _unit(x, "x")) ** k


def proper_score(outcome: ArrayLike, confidence: ArrayLike, kind: str = "brier", *, floor: float = 1e-3) -> Floats:
    """Proper score of a stated confidence, at most 0, and 0 for a sure and right one.

    With y the outcome in [0, 1] and q the confidence in [0, 1] (ShapeError outside): ``brier`` -(y - q)^2;
    ``spherical`` (y q + (1 - y)(1 - q)) / sqrt(q^2 + (1 - q)^2) - 1; ``log`` y log q + (1 - y) log(1 - q) with q kept
    in [floor, 1 - floor], since the unbounded score punishes guessing. The mean is largest at q = P(right). Card 165
    (arXiv 2507.16806) adds the outcome: y - (y - q)^2.

    >>> proper_score([1, 0, 0], [0.9, 0.9, 0.0]).round(4).tolist()
    [-0.01, -0.81, -0.0]
    """
    y, q = aligned(outcome=_unit(outcome, "outcome"), confidence=_unit(confidence, "confidence"))
    if kind == "brier":
        return -((y - q) ** 2)
    if kind == "spherical":
        return (y * q + (1 - y) * (1 - q)) / np.sqrt(q**2 + (1 - q) ** 2) - 1.0
    if kind == "log":
        if not 0 < floor < 0.5:
            raise SettingError(f"floor={floor}", expected="a number in (0, 0.5)")
        q = np.clip(q, floor, 1 - floor)
        return y * np.log(q) + (1 - y) * np.log(1 - q)
    raise UnknownNameError.among("proper score", kind, ("brier", "spherical", "log"))


def step_delta(x: ArrayLike, off: ArrayLike, *, last: str = "keep", missing: str = "propagate") -> Floats:
    """Current step minus the next one, ``x_k - x_{k+1}``: [M]; the return from step k is x_k, of the row x_first.

    So repeated steps add nothing. ``last="keep"``: the last step keeps its value. ``last="zero"``: the last step is
    the answer, gets 0 and is not read, and the one before it keeps its value. ``missing``: propagate (NaN at an
    unjudged step and the one before) or drop_item (the next judged step is taken). Card 41 (arXiv 2410.15115):
    ``step_delta(hinge_negative(p, eta), off)``. The opposite sign would reward progress, another thing.

    >>> step_delta([0.75, 0.5, 0.25], [0, 3]).tolist()
    [0.25, 0.25, 0.25]
    """
    if last not in ("keep", "zero") or missing not in ("propagate", "drop_item"):
        raise SettingError(
            f"last={last!r}, missing={missing!r}", expected="last keep or zero, missing propagate or drop_item"
        )
    values = as_floats(x, "x")
    check(x=(values, "M"))
    offsets = as_offsets(off, len(values))
    rows = spread(np.arange(len(offsets) - 1), offsets)
    answers = np.zeros(len(values), dtype=np.bool_)
    if last == "zero":
        answers[offsets[1:][np.diff(offsets) > 0] - 1] = True
    kept = np.flatnonzero(~answers & (~np.isnan(values) if missing == "drop_item" else True))
    out = np.where(answers, 0.0, np.nan)
    follows = np.zeros(len(kept))
    follows[:-1] = np.where(rows[kept[1:]] == rows[kept[:-1]], values[kept[1:]], 0.0)
    out[kept] = values[kept] - follows
    return out


def soften(x: ArrayLike, off: ArrayLike, temperature: float = 0.1) -> Floats:
    """``x * softmax(-x / temperature)`` inside each row: [M], so that the plain sum is a soft minimum.

    The sum exceeds the minimum by at most ``temperature * log(n)`` for n steps. Unjudged steps are left out and stay
    NaN. Card 67 (arXiv 2504.15275, temperature 0.1).

    >>> float(soften([0.5, 0.5, -1.0], [0, 3]).sum().round(4))
    -1.0
    """
    values = as_floats(x, "x")
    check(x=(values, "M"))
    offsets = as_offsets(off, len(values))
    return values * group_softmax(-values, spread(np.arange(len(offsets) - 1), offsets), temperature=temperature)


def _unit(x: ArrayLike, name: str) -> Floats:
    """``x`` as floats in [0, 1]."""
    values = as_floats(x, name)
    if ((values < 0) | (values > 1)).any():
        raise ShapeError(f"{name} holds values outside [0, 1]", where=name, expected="values in [0, 1]")
    return values
