"""Windows over a list of responses, and one score per response from calls that each saw a part of them. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError


def overlapping(n: int, size: int, overlap: int) -> list[range]:
    """Windows of ``size`` places over n, each sharing at least ``overlap`` with the one before; the last ends at n.

    >>> [list(w) for w in overlapping(8, 5, 2)]
    [[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]]
    """
    if not 0 <= overlap < size:
        raise SettingError(f"window={size}, overlap={overlap}", expected="0 <= overlap < window")
    if n <= size:
        return [range(n)]
    starts = [*range(0, n - size, size - overlap), n - size]
    return [range(start, start + size) for start in starts]


def align(scores: ArrayLike) -> Floats:
    """``argmin sum over known cells (s[w, i] - theta_i - b_w)^2`` for theta, mean b = 0 in linked calls: float[n].

    ``scores[W, n]``: what call w gave response i, NaN where it did not. Without gaps this is the mean over calls; with
    windows the overlaps tell a generous call from good responses. NaN for a response that no call scored.

    >>> align([[3.0, 5.0, np.nan], [np.nan, 2.0, 4.0]]).round(3).tolist()
    [1.5, 3.5, 5.5]
    """
    s = as_floats(scores, "scores")
    check(scores=(s, "W n"))
    known = ~np.isnan(s)
    count = known.sum(0)
    calls, column = np.nonzero(known)
    share = np.divide(known, count, out=np.zeros(s.shape), where=count > 0)  # of each call in the mean of a response
    design = (calls[:, None] == np.arange(len(s))[None, :]) - share[:, column].T
    mean = np.divide(np.where(known, s, 0.0).sum(0), count, out=np.full(s.shape[1], np.nan), where=count > 0)
    offsets = np.linalg.lstsq(design, s[calls, column] - mean[column], rcond=None)[0]
    return np.asarray(mean - (share * offsets[:, None]).sum(0))


def spread(scores: ArrayLike) -> Floats:
    """Standard deviation over calls of each response (population): float[n]; NaN without a score.

    >>> spread([[3.0, 5.0], [5.0, np.nan]]).tolist()
    [1.0, 0.0]
    """
    s = as_floats(scores, "scores")
    check(scores=(s, "W n"))
    known = ~np.isnan(s)
    count = known.sum(0)
    mean = np.divide(np.where(known, s, 0.0).sum(0), count, out=np.full(s.shape[1], np.nan), where=count > 0)
    square = np.where(known, s - mean, 0.0) ** 2
    return np.sqrt(np.divide(square.sum(0), count, out=np.full(s.shape[1], np.nan), where=count > 0))
