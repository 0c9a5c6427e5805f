"""Lists of labels against known ones: what a judge earns that labels many criteria in one call."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_offsets, check
from rubricate.errors import SettingError, UnknownNameError

MEASURES = ("macro_f1", "exact")


def label_agreement(
    given: ArrayLike, known: ArrayLike, off: ArrayLike, *, of: str = "macro_f1", labels: int = 3
) -> Floats:
    """Agreement of each row's list of labels with the known list: float[N].

    ``given[M]`` and ``known[M]`` are codes 0 .. labels - 1 of ragged rows (``off[N+1]``). ``macro_f1``: mean over the
    labels of ``2 tp / (2 tp + fp + fn)``, 1 for a label that neither list holds; ``exact``: 1 when all are equal, else
    0. A row with a NaN, or without labels, is NaN; any other code is a SettingError. Card 1 (arXiv 2510.14660, code
    read). Trap: by the rule for absent labels an all-"no" list scores .649 on nine "no" and one "yes".

    >>> label_agreement([0, 0, 1], [0, 1, 1], [0, 2, 3]).round(3).tolist()
    [0.556, 1.0]
    """
    if of not in MEASURES:
        raise UnknownNameError.among("measure", of, MEASURES)
    a, b = as_floats(given, "given"), as_floats(known, "known")
    check(given=(a, "M"), known=(b, "M"))
    offsets = as_offsets(off, len(a))
    both = np.concatenate([a, b])
    codes = both[~np.isnan(both)]
    if labels < 1 or ((codes < 0) | (codes >= labels) | (codes != np.floor(codes))).any():
        raise SettingError("a label that is no code", where="given, known", expected=f"0 .. {labels - 1}")
    n = len(offsets) - 1
    rows = np.repeat(np.arange(n), np.diff(offsets))
    lost = np.isnan(a) | np.isnan(b)
    empty = (np.bincount(rows, lost, minlength=n) > 0) | (np.diff(offsets) == 0)
    if of == "exact":
        return np.where(empty, np.nan, (np.bincount(rows, a != b, minlength=n) == 0).astype(np.float64))
    hit = _counts(rows, a, a == b, n, labels)
    size = _counts(rows, a, ~lost, n, labels) + _counts(rows, b, ~lost, n, labels)
    f1 = np.divide(2.0 * hit, size, out=np.ones_like(size), where=size > 0)
    return np.where(empty, np.nan, f1.mean(1))


def _counts(rows: np.ndarray, codes: Floats, use: np.ndarray, n: int, labels: int) -> Floats:
    """How often each row holds each label: float[N, labels]."""
    flat = rows[use] * labels + codes[use].astype(np.int64)
    return np.bincount(flat, minlength=n * labels).reshape(n, labels).astype(np.float64)
