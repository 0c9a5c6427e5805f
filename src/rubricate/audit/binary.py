"""Yes/no verdicts against labels: why the base rate must not flatter a judge."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import as_floats, check
from rubricate.errors import ShapeError


class BinaryReport(NamedTuple):
    """Shares over the questions that were answered; NaN where nothing of the kind was there.

    ``accuracy``; ``balanced``, the mean of ``sensitivity`` (yes among true) and ``specificity`` (no among false);
    ``precision`` (true among yes); ``answered``, the share of questions with a verdict.
    """

    accuracy: float
    balanced: float
    sensitivity: float
    specificity: float
    precision: float
    answered: float


def binary_report(verdict: ArrayLike, truth: ArrayLike) -> BinaryReport:
    """Accuracy beside balanced accuracy and precision of ``verdict[N]`` (NaN missing) for ``truth[N]``, both 0 or 1.

    Card 47: sensitivity .9, specificity .6 at a base rate of .8 read as .84 plain and .75 balanced.

    >>> binary_report([1, 1, 0, 1, float("nan")], [1, 1, 0, 0, 1])
    BinaryReport(accuracy=0.75, balanced=0.75, sensitivity=1.0, specificity=0.5, precision=0.6666666666666666, \
answered=0.8)
    """
    v, t = as_floats(verdict, "verdict"), as_floats(truth, "truth")
    check(verdict=(v, "N"), truth=(t, "N"))
    known = ~np.isnan(v)
    if not np.isin(t, (0, 1)).all() or not np.isin(v[known], (0, 1)).all():
        raise ShapeError("a value is neither 0 nor 1", where="verdict or truth", expected="0, 1, or NaN in verdict")
    yes, true = v[known] == 1, t[known] == 1
    sensitivity, specificity = _share(yes[true]), _share(~yes[~true])
    balanced = (sensitivity + specificity) / 2
    return BinaryReport(
        _share(yes == true),
        balanced,
        sensitivity,
        specificity,
        _share(true[yes]),
        float(known.mean()) if len(v) else 0.0,
    )


def _share(hits: ArrayLike) -> float:
    x = np.asarray(hits, dtype=np.float64)
    return float(x.mean()) if x.size else float("nan")
