"""Which responses are trained on: quotas inside groups, and whole groups dropped, with counts of what was dropped.

Nothing is kept for standing first: ties and the order ``random`` are drawn from ``rng``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, check
from rubricate.credit.layout import finite, group_codes
from rubricate.errors import SettingError, UnknownNameError
from rubricate.reduce import group_table

QUOTAS = ("balanced", "proportional", "top")
ORDERS = ("best", "weighted", "random")
RULES = ("zero_std", "low_std", "skew", "range")


@dataclass(frozen=True, eq=False)
class Selection:
    """``mask[N]`` of the rows that are kept, and counts to log.

    Positive rows have an outcome of at least 0.5 (or a value above 0 where there is no outcome); ``missing`` rows
    could not be ranked and were dropped. ``groups`` were seen, ``dropped_groups`` of them lost every row.
    """

    mask: Bools
    kept_positive: int
    kept_negative: int
    dropped_positive: int
    dropped_negative: int
    missing: int
    groups: int
    dropped_groups: int

    @property
    def drop_rate(self) -> float:
        """Share of groups that lost every row; NaN without groups."""
        return self.dropped_groups / self.groups if self.groups else float("nan")


def select(
    score: ArrayLike,
    group: ArrayLike,
    outcome: ArrayLike,
    rng: np.random.Generator,
    *,
    keep: int,
    quota: str = "balanced",
    order: str | tuple[str, str] = "best",
    minimum: int = 0,
) -> Selection:
    """Keep at most ``keep`` rows of each group.

    ``outcome[N]`` (right from 0.5 up) splits a group by sign. ``quota``: ``balanced`` makes right x wrong as large as
    possible (an odd place goes to the wrong), ``proportional`` keeps the shares, rounded, with at least ``minimum`` of
    each sign where there are as many and ``keep`` has room for both, ``top`` does not look at the sign. ``order``
    inside a sign, one for both or (right, wrong): ``best`` by ``score``, ties drawn; ``weighted``, drawn without
    replacement in proportion to ``score`` >= 0; ``random``. A row whose outcome, or a score that its order reads, is
    NaN is dropped and counted.

    Card 111 (arXiv 2509.03403): balanced, best, score = agreement of process and outcome. Card 175 (arXiv 2508.20722):
    proportional, minimum 2, order (weighted | best, random), score = 1 / (penalty + eps).
    """
    right, codes, count, usable, priority = _ranked(score, group, outcome, rng, keep, order)
    if quota not in QUOTAS:
        raise UnknownNameError.among("quota", quota, QUOTAS)
    if quota == "top":
        chosen = _first(priority, codes, usable, np.full(count, keep))
    else:
        rows = [np.bincount(codes[usable & sign], minlength=count) for sign in (right, ~right)]
        room = np.minimum(keep, rows[0] + rows[1])
        k = _right_quota(rows[0], rows[1], room, quota, minimum)
        chosen = _first(priority, codes, usable & right, k) | _first(priority, codes, usable & ~right, room - k)
    return _report(chosen, right, usable, codes, count)


def drop_groups(
    x: ArrayLike,
    group: ArrayLike,
    rule: str = "zero_std",
    *,
    limit: float = 0.6,
    low: float = 0.0,
    high: float = 1.0,
) -> Selection:
    """Keep or drop whole groups by their values ``x[N]``; the mask also leaves out unknown rows of kept groups.

    ``zero_std`` drops groups of equal values, or of fewer than two (DAPO, card 175); ``low_std`` those whose standard
    deviation is below ``limit`` (card 138; ``StdFilter`` holds its running limit); ``skew`` drops
    |sum x| / n > limit, n counting the reference as well (card 33: 0.6, a cost: it drops 37.5 % of groups of 16 under
    a perfect judge); ``range`` keeps low <= mean <= high (card 49: 0.2 to 0.8; card 164: up to 0.3). A group without a
    known value is dropped. Log ``drop_rate``: it rises with training.

    >>> drop_groups([1, 1, 0, 1], ["a", "a", "b", "b"]).mask.tolist()
    [False, False, True, True]
    """
    values = finite(x, "x")
    codes, count = group_codes(group, len(values))
    known = ~np.isnan(values)
    size = group_table(values, codes, count, "count")
    mean = group_table(values, codes, count, "mean")
    if rule == "zero_std":
        good = (group_table(values, codes, count, "std") > 0) & (size > 1)
    elif rule == "low_std":
        good = (group_table(values, codes, count, "std") >= limit) & (size > 1)
    elif rule == "skew":
        good = np.abs(mean) <= limit
    elif rule == "range":
        good = (mean >= low) & (mean <= high)
    else:
        raise UnknownNameError.among("rule", rule, RULES)
    return _report(good[codes] & known, values > 0, known, codes, count)


def kept(x: ArrayLike, selection: Selection) -> Floats:
    """``x`` where the row was selected, else NaN: float[N]; so a row that is not trained on enters no statistic.

    Selection comes before normalising: ``grpo(kept(outcome, selection), group)`` centres the rows that are kept on
    their own mean, and gives the others no gradient.

    >>> kept([1.0, 0.0, 1.0, 1.0], drop_groups([1, 0, 1, 1], [0, 0, 1, 1])).tolist()
    [1.0, 0.0, nan, nan]
    """
    values = finite(x, "x")
    if not isinstance(selection, Selection):
        raise SettingError(
            f"selection is a {type(selection).__name__}", where="selection",
            expected="a Selection, as select and drop_groups return it",
        )  # fmt: skip
    check(selection=(selection.mask, "N"), x=(values, "N"))
    return np.where(selection.mask, values, np.nan)


def _right_quota(right: Ints, wrong: Ints, room: Ints, quota: str, minimum: int) -> Ints:
    """[P] how many of the ``room`` places go to right rows."""
    if quota == "balanced":
        return np.minimum(right, np.maximum(room // 2, room - wrong))
    share = np.floor(right * room / np.maximum(right + wrong, 1) + 0.5).astype(np.int64)
    low, high = np.minimum(minimum, right), room - np.minimum(minimum, wrong)
    share = np.where(low <= high, np.clip(share, low, np.maximum(low, high)), share)
    return np.clip(share, room - wrong, right)


def _ranked(
    score: ArrayLike, group: ArrayLike, outcome: ArrayLike, rng: np.random.Generator, keep: int,
    order: str | tuple[str, str],
) -> tuple[Bools, Ints, int, Bools, Floats]:  # fmt: skip
    """Sign, codes, number of groups, rows that can be ranked, and a priority (higher is kept first)."""
    s, o = finite(score, "score"), finite(outcome, "outcome")
    check(score=(s, "N"), outcome=(o, "N"))
    if keep < 1:
        raise SettingError(f"keep={keep}", expected="at least 1")
    codes, count = group_codes(group, len(s))
    right = o >= 0.5
    orders = (order, order) if isinstance(order, str) else order
    usable = ~np.isnan(o)
    priority = np.zeros(len(s))
    draw = rng.random(len(s))
    for name, rows in zip(orders, (right, ~right), strict=True):
        if name not in ORDERS:
            raise UnknownNameError.among("order", name, ORDERS)
        if name == "random":
            priority[rows] = draw[rows]
            continue
        usable &= ~(rows & np.isnan(s))
        priority[rows] = s[rows] if name == "best" else _exponential(s[rows], draw[rows])
    # One order of all rows, ties drawn: places in it are distinct.
    place = np.empty(len(s))
    place[np.lexsort((draw, priority))] = np.arange(len(s))
    return right, codes, count, usable, place


def _exponential(weight: Floats, draw: Floats) -> Floats:
    """``log(u) / weight``: the k largest are a sample without replacement in proportion to the weights."""
    if (weight < 0).any():
        raise SettingError("order='weighted' with negative scores", expected="scores >= 0")
    return np.divide(np.log1p(-draw), weight, out=np.full(len(weight), -np.inf), where=weight > 0)


def _first(priority: Floats, codes: Ints, among: Bools, quota: Ints) -> Bools:
    """The ``quota[P]`` rows of highest priority in each group."""
    rows = np.flatnonzero(among)
    rows = rows[np.lexsort((-priority[rows], codes[rows]))]
    size = np.bincount(codes[rows], minlength=len(quota))
    rank = np.arange(len(rows)) - (np.cumsum(size) - size)[codes[rows]]
    out = np.zeros(len(priority), dtype=np.bool_)
    out[rows[rank < quota[codes[rows]]]] = True
    return out


def _report(mask: Bools, positive: Bools, usable: Bools, codes: Ints, count: int) -> Selection:
    alive = np.bincount(codes[mask], minlength=count) > 0
    dropped = usable & ~mask
    return Selection(
        mask=mask,
        kept_positive=int((mask & positive).sum()),
        kept_negative=int((mask & ~positive).sum()),
        dropped_positive=int((dropped & positive).sum()),
        dropped_negative=int((dropped & ~positive).sum()),
        missing=int((~usable).sum()),
        groups=count,
        dropped_groups=int(count - alive.sum()),
    )
