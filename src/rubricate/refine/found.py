"""What a recovery test says about one rubric and each of its criteria, from the margins of the pairs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, check
from rubricate.refine.recovery import PreferenceConsistency, leaks, matches, wilson_low


class Share(NamedTuple):
    """Shares of ``n`` known cases with their Wilson interval, arrays of one length; NaN where n is 0."""

    share: Floats
    low: Floats
    high: Floats
    n: Ints


class Found(NamedTuple):
    """Recovery by one rubric: share of ``known`` pairs (of ``asked``) with its interval, ``ties`` among them, mean
    ``margin`` towards the label, whether to ``keep`` it; ``neutral``, the share with the answers hidden (NaN when that
    was not looked at), and ``leaking``; by criterion the share of the pairs that it decides, ``criteria``."""

    share: float
    low: float
    high: float
    known: int
    asked: int
    ties: int
    margin: float
    keep: bool
    neutral: float
    leaking: bool
    criteria: Share


def wilson_share(match: ArrayLike, z: float = 1.96) -> Share:
    """Mean of ``match[R, Q]`` in [0, 1] over what is known, with the Wilson interval at ``z``.

    >>> found = wilson_share([[1.0, 1.0, 0.0, float("nan")]])
    >>> found.n.tolist(), found.share.round(2).tolist(), found.low.round(2).tolist(), found.high.round(2).tolist()
    ([3], [0.67], [0.21], [0.94])
    """
    found = as_floats(match, "match")
    check(match=(found, "R Q"))
    known = ~np.isnan(found)
    n = known.sum(1).astype(np.int64)
    share = np.divide(np.where(known, found, 0.0).sum(1), n, out=np.full(len(n), np.nan), where=n > 0)
    return Share(share, wilson_low(share, n, z), 1.0 - wilson_low(1.0 - share, n, z), n)


def found_again(
    margin: ArrayLike,
    criteria: ArrayLike | None = None,
    *,
    rule: PreferenceConsistency | None = None,
    neutral: ArrayLike | None = None,
    ties: str = "miss",
    z: float = 1.96,
) -> Found:
    """The result of one rubric from ``margin[Q]`` towards the label, and from ``criteria[Q, C]``, one margin each.

    ``ties`` as in ``matches``, for the rubric; a criterion that says the same of both sides decides nothing, so its
    share is over the pairs that it tells apart. ``neutral[Q]``: margins with the answers hidden, a tie counts half.
    A pair without a margin (NaN) is asked and not known. Cards 10, 94, 212.

    >>> found = found_again([0.5, -0.5, 0.5, 0.0], [[1, 0], [-1, 0], [1, 1], [0, 0]])
    >>> found.share, found.ties, found.keep, found.criteria.share.round(2).tolist(), found.criteria.n.tolist()
    (0.5, 1, False, [0.67, 1.0], [3, 1])
    """
    m = as_floats(margin, "margin", infinite=True)
    columns = np.empty((len(m), 0)) if criteria is None else as_floats(criteria, "criteria")
    check(margin=(m, "Q"), criteria=(columns, "Q C"))
    match = matches(m, ties=ties)[None]
    kept = (rule or PreferenceConsistency()).of(match)
    own, alone = wilson_share(match, z), float("nan")
    leaking = False
    if neutral is not None:
        hidden = matches(as_floats(neutral, "neutral", infinite=True), ties="half")[None]
        check(margin=(m, "Q"), neutral=(hidden[0], "Q"))
        alone, leaking = float(wilson_share(hidden).share[0]), bool(leaks(match, hidden)[0])
    sound = np.isfinite(m)
    return Found(
        share=float(own.share[0]), low=float(own.low[0]), high=float(own.high[0]), known=int(own.n[0]), asked=len(m),
        ties=int((m == 0).sum()), margin=float(m[sound].mean()) if sound.any() else float("nan"),
        keep=bool(kept.keep[0]) and not leaking, neutral=alone, leaking=leaking,
        criteria=wilson_share(matches(columns.T, ties="missing"), z),
    )  # fmt: skip
