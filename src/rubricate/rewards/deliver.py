"""What a trainer is told about a response without a reward: a policy that says what it does.

Trainers differ in what they can express. ``abstain`` is honest where it is understood (TRL takes None); where only a
number is accepted the choice is between ``group_mean`` (advantage 0 within the group), ``zero``, ``lowest`` and an end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_group, check
from rubricate.errors import PolicyError, UnknownNameError

ON_MISSING = ("abstain", "zero", "lowest", "group_mean", "raise")


def deliver(
    reward: ArrayLike, group: ArrayLike | None = None, on_missing: str = "abstain", *, lowest: float | None = None
) -> Floats:
    """``reward[N]`` with its missing entries treated as ``on_missing`` says: float[N].

    abstain: stay NaN; the caller hands on None. zero: 0.0. lowest: ``lowest``, the least reward there can be.
    group_mean: the mean of the rewards of the row's ``group[N]`` (its advantage is then 0); without any, of the batch;
    without any there either, PolicyError. raise: PolicyError that names the first row. Infinite rewards are refused.

    >>> deliver([1.0, float("nan"), 0.0], [7, 7, 8], "group_mean").tolist()
    [1.0, 1.0, 0.0]
    """
    values = as_floats(reward, "reward")
    check(reward=(values, "N"))
    if on_missing not in ON_MISSING:
        raise UnknownNameError.among("on_missing", on_missing, ON_MISSING)
    codes, count = as_group(np.zeros(len(values)) if group is None else group, len(values))
    lost = np.isnan(values)
    if on_missing == "abstain" or not lost.any():
        return values
    if on_missing == "raise":
        raise PolicyError(
            f"{int(lost.sum())} of {len(values)} rewards are missing, the first in row {int(np.flatnonzero(lost)[0])}",
            expected="a reward for every response under on_missing='raise'",
            hint="Judge again, or choose another on_missing",
        )
    if on_missing == "lowest":
        if lowest is None:
            raise PolicyError("on_missing='lowest' needs the least reward there can be", expected="lowest=NUMBER")
        return np.where(lost, lowest, values)
    return np.where(lost, 0.0 if on_missing == "zero" else _group_means(values, lost, codes, count), values)


def _group_means(values: Floats, lost: np.ndarray, codes: Ints, count: int) -> Floats:
    if lost.all():
        raise PolicyError(
            "no response of the batch has a reward", expected="at least one under on_missing='group_mean'",
            hint="Look at the judge: every verdict is missing",
        )  # fmt: skip
    number = np.bincount(codes[~lost], minlength=count)
    sums = np.bincount(codes[~lost], weights=values[~lost], minlength=count)
    means = np.where(number > 0, sums / np.maximum(number, 1), values[~lost].mean())
    return np.asarray(means[codes])
