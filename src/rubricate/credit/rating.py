"""From the matches of one group to a number per entrant, whatever the schedule was.

A match with a missing score (NaN) is left out; an entrant without a single judged match is NaN. Higher is better.
Ratings are not advantages yet: standardise them (``grpo``), or their ``quantile``, inside the group.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.credit.layout import finite, group_codes
from rubricate.credit.schedule import Matches
from rubricate.errors import SettingError, ShapeError, UnknownNameError


def rate(matches: Matches, n: int, kind: str = "least_squares", **settings: float) -> Floats:
    """The rating ``kind`` of the n entrants: float[n]; see the function of that name for its settings.

    Least squares on the matches of a bracket ranks better than the bracket itself at the same cost (card 155).

    >>> matches = Matches(np.array([0, 1]), np.array([1, 2]), np.array([7., 6.]), np.array([5., 6.]), np.array([0, 1]))
    >>> rate(matches, 3).round(3).tolist(), rate(matches, 3, "wins").tolist()
    ([1.333, -0.667, -0.667], [1.0, 0.5, 0.5])
    """
    if kind not in _RATINGS:
        raise UnknownNameError.among("rating", kind, _RATINGS)
    fn, takes = _RATINGS[kind]
    unknown = sorted(set(settings) - set(takes))
    if unknown:
        raise SettingError(f"rating {kind!r} takes no setting {unknown}", expected=f"some of {sorted(takes)}")
    return fn(matches, n, **settings)


def sign_vs_reference(matches: Matches, n: int, *, tie: float = 0.0) -> Floats:
    """+1 for beating the reference (second in every match), -1 for losing to it, ``tie`` for a draw, 0 for itself.

    Uniformly drawn, the reference is the baseline: the expected sum is 0 for tie = 0, and not for the -1 that some
    readings of card 33 (arXiv 2506.00103) give to an inconsistent verdict.
    """
    m = _judged(matches, n)
    if len(np.unique(matches.j)) > 1:
        raise ShapeError(
            "the matches have several second sides", where="matches.j", expected="one reference, as random_reference"
        )
    out = np.full(n, np.nan)
    sign = np.sign(m.score_i - m.score_j)
    out[m.i] = np.where(sign == 0, tie, sign)
    out[matches.j[:1]] = 0.0
    return out


def points(matches: Matches, n: int) -> Floats:
    """Mean own score over all matches."""
    m = _judged(matches, n)
    return _mean(m, n, m.score_i, m.score_j)


def wins(matches: Matches, n: int) -> Floats:
    """Number of matches won, a tie is half."""
    m = _judged(matches, n)
    return _mean(m, n, *_results(m)) * _count(m, n)


def win_rate(matches: Matches, n: int) -> Floats:
    """Share of matches won, a tie is half: for schedules in which not everyone plays equally often."""
    m = _judged(matches, n)
    return _mean(m, n, *_results(m))


def bracket(matches: Matches, n: int) -> Floats:
    """Place in an elimination, as the number of entrants placed below (equal places share it).

    The champion first, then by the round of the last match, later is better, then by mean score over all matches,
    seeding included; a tie, or a match that could not be judged, went to the first side (the better seed).
    """
    _judged(matches, n)
    last = np.full(n, -1.0)
    for side in (matches.i, matches.j):
        np.maximum.at(last, side, matches.round.astype(np.float64))
    final = matches.round == matches.round.max(initial=-1)
    champion = np.where(matches.score_j > matches.score_i, matches.j, matches.i)[final]
    won = np.zeros(n)
    won[champion] = 1.0
    mean = points(matches, n)
    columns = (np.nan_to_num(mean, nan=-np.inf), won, last)
    order = np.lexsort(columns)
    table = np.stack(columns, axis=1)[order]
    new = np.concatenate([[True], (table[1:] != table[:-1]).any(1)])[:n]
    place = np.empty(n)
    place[order] = np.flatnonzero(new)[np.cumsum(new) - 1]
    return np.where(np.isnan(mean), np.nan, place)


def least_squares(matches: Matches, n: int) -> Floats:
    """``argmin sum over matches (theta_i - theta_j - (score_i - score_j))^2``, mean 0: float[n], in score units.

    Entrants that no chain of matches links have mean 0 each for themselves (the solution of least norm).
    """
    m = _judged(matches, n)
    rows = np.arange(len(m.i))
    design = np.zeros((len(m.i), n))
    design[rows, m.i], design[rows, m.j] = 1.0, -1.0
    theta = np.linalg.lstsq(design, m.score_i - m.score_j, rcond=None)[0]
    return np.where(_count(m, n) > 0, theta, np.nan)


def bradley_terry(matches: Matches, n: int, *, prior: float = 0.1, tolerance: float = 1e-10) -> Floats:
    """Maximum of the Bradley-Terry likelihood less ``prior / 2 sum theta^2``: float[n], in log odds.

    P(i beats j) = sigmoid(theta_i - theta_j); a tie is half a win for both, margins are not read. The penalty keeps an
    unbeaten entrant finite (without it, the maximum is at infinity). Newton's method with halving.
    """
    if not prior > 0:
        raise SettingError(f"prior={prior}", expected="a number > 0")
    m = _judged(matches, n)
    result = _results(m)[0]
    theta = np.zeros(n)
    for _ in range(200):
        gap = theta[m.i] - theta[m.j]
        p = np.exp(-np.logaddexp(0.0, -gap))
        slope = np.bincount(m.i, result - p, n) - np.bincount(m.j, result - p, n) - prior * theta
        curve = np.zeros((n, n))
        np.add.at(curve, (m.i, m.j), -p * (1 - p))
        curve += curve.T
        step = np.linalg.solve(np.diag(prior - curve.sum(1)) + curve, slope)
        height = _bt_height(theta, m, result, prior)
        while _bt_height(theta + step, m, result, prior) < height - 1e-12 * abs(height):
            step = step / 2
        theta = theta + step
        if np.abs(step).max(initial=0.0) < tolerance:
            break
    return np.where(_count(m, n) > 0, theta, np.nan)


def quantile(x: ArrayLike, group: ArrayLike) -> Floats:
    """Rank inside the group on [0, 1], best 1, worst 0, equal values share the mean rank: ``rank / (n - 1)``, [N].

    An entrant alone in its group is at 0.5; NaN takes no part and stays NaN. With n distinct ranks the z-scores are
    constants of n (champion of 16: 1.575, card 155).

    >>> quantile([5.0, 9.0, 9.0, 1.0], [0, 0, 0, 7]).tolist()
    [0.0, 0.75, 0.75, 0.5]
    """
    values = finite(x, "x")
    codes, count = group_codes(group, len(values))
    known = np.flatnonzero(~np.isnan(values))
    v, c = values[known], codes[known]
    order = np.lexsort((v, c))
    v, c = v[order], c[order]
    size = np.bincount(c, minlength=count)
    start = np.cumsum(size) - size
    new = np.concatenate([[True], (v[1:] != v[:-1]) | (c[1:] != c[:-1])])[: len(v)]
    first = np.flatnonzero(new)
    middle = (first + np.append(first[1:], len(v)) - 1) / 2
    rank = middle[np.cumsum(new) - 1] - start[c]
    out = np.full(len(values), np.nan)
    out[known[order]] = np.where(size[c] > 1, rank / np.maximum(size[c] - 1, 1), 0.5)
    return out


def _judged(matches: Matches, n: int) -> Matches:
    """The matches that have both scores; sides and shapes are checked."""
    a, b = as_floats(matches.score_i, "score_i"), as_floats(matches.score_j, "score_j")
    check(i=(matches.i, "Q"), j=(matches.j, "Q"), score_i=(a, "Q"), score_j=(b, "Q"), round=(matches.round, "Q"))
    i, j = np.asarray(matches.i), np.asarray(matches.j)
    if len(i) and (min(i.min(), j.min()) < 0 or max(i.max(), j.max()) >= n or (i == j).any()):
        raise ShapeError(f"matches name entrants outside 0..{n - 1}, or one against itself", where="matches")
    known = ~(np.isnan(a) | np.isnan(b))
    return Matches(i[known], j[known], a[known], b[known], np.asarray(matches.round)[known])


def _results(m: Matches) -> tuple[Floats, Floats]:
    won = 0.5 + 0.5 * np.sign(m.score_i - m.score_j)
    return won, 1.0 - won


def _count(m: Matches, n: int) -> Floats:
    return (np.bincount(m.i, minlength=n) + np.bincount(m.j, minlength=n)).astype(np.float64)


def _mean(m: Matches, n: int, own_i: Floats, own_j: Floats) -> Floats:
    total = np.bincount(m.i, own_i, n) + np.bincount(m.j, own_j, n)
    count = _count(m, n)
    return np.divide(total, count, out=np.full(n, np.nan), where=count > 0)


def _bt_height(theta: Floats, m: Matches, result: Floats, prior: float) -> float:
    """Penalised log likelihood."""
    gap = theta[m.i] - theta[m.j]
    return float(-(np.logaddexp(0.0, -gap) + (1.0 - result) * gap).sum() - prior / 2 * (theta @ theta))


_RATINGS: dict[str, tuple[Callable[..., Floats], tuple[str, ...]]] = {
    "sign_vs_reference": (sign_vs_reference, ("tie",)),
    "points": (points, ()),
    "wins": (wins, ()),
    "win_rate": (win_rate, ()),
    "bracket": (bracket, ()),
    "least_squares": (least_squares, ()),
    "bradley_terry": (bradley_terry, ("prior", "tolerance")),
}
