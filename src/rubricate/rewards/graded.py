"""Graded rewards for judgements and other answers that can fail in stages, and rewards for a second look.

A graded reward gives a group whose members are all wrong something to compare; card 37 gains early speed by it, and no
better end point.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError
from rubricate.rewards.terms import aligned


def ladder(rungs: Sequence[ArrayLike], values: Sequence[float]) -> Floats:
    """``values[k]``, k the number of leading rungs that hold (>= .5): [N]. One value more than rungs.

    A rung above one that fails is not read. NaN where the first rung that does not hold is missing: how far it got is
    not known. Cards 37 (tag, number, on the scale, right), 90 (well formed, right).

    >>> ladder(([1, 1, 0, 1], [1, 0, 1, float("nan")]), (-1.0, 0.0, 1.0)).tolist()
    [1.0, 0.0, -1.0, nan]
    """
    if not len(rungs) or len(values) != len(rungs) + 1:
        raise SettingError(f"{len(rungs)} rungs and {len(values)} values", expected="one value more than rungs")
    table = np.stack(aligned(**{f"rungs[{k}]": x for k, x in enumerate(rungs)}), axis=1)
    check(rungs=(table, "N R"))
    with np.errstate(invalid="ignore"):
        holds = table >= 0.5
    height = np.logical_and.accumulate(holds, axis=1).sum(1)
    stop = np.take_along_axis(table, np.minimum(height, table.shape[1] - 1)[:, None], axis=1)[:, 0]
    unknown = (height < table.shape[1]) & np.isnan(stop)
    return np.where(unknown, np.nan, np.asarray(values, dtype=np.float64)[height])


def revision_reward(
    first: ArrayLike,
    second: ArrayLike,
    *,
    repaired: float = 1.0,
    kept_right: float = 0.5,
    kept_wrong: float = -0.5,
    spoiled: float = -1.0,
) -> Floats:
    """Reward of a second look by whether the ``first[N]`` and the ``second[N]`` verdict were right (>= .5): [N].

    Wrong then right ``repaired``, right then wrong ``spoiled``, else ``kept_right`` or ``kept_wrong``; NaN where one
    of the two is missing. Card 37 (its two middle cells were not found; ours are proposed).

    >>> revision_reward([0, 1, 1, 0], [1, 0, 1, 0]).tolist()
    [1.0, -1.0, 0.5, -0.5]
    """
    a, b = as_floats(first, "first"), as_floats(second, "second")
    check(first=(a, "N"), second=(b, "N"))
    with np.errstate(invalid="ignore"):
        before, after = a >= 0.5, b >= 0.5
    out = np.where(before, np.where(after, kept_right, spoiled), np.where(after, repaired, kept_wrong))
    return np.where(np.isnan(a) | np.isnan(b), np.nan, out)
