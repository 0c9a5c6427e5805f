"""Perturbed twins: the same question asked otherwise must not change how good the answers are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import as_floats, check


class Perturbation(NamedTuple):
    """Mean score, mean score of the twins, the drop, its standard error over questions, questions that were known."""

    base: float
    twin: float
    delta: float
    error: float
    n: int


def perturbation_delta(base: ArrayLike, twins: ArrayLike) -> Perturbation:
    """``delta = mean_i (s_i - mean_k s_ik)``: how much a score owes to the wording of the question.

    ``base[N]`` scores of the questions, ``twins[N, K]`` of their perturbed copies; NaN is missing, and a question
    without its own score or without any twin is left out. Two policies of equal base score are told apart by it. Card
    52 (GAPS, arXiv 2510.13734, recalled; abstract only, so the form is ours).

    >>> perturbation_delta([1.0, 0.5], [[0.5, 0.5], [0.5, float("nan")]])[:3]
    (0.75, 0.5, 0.25)
    """
    s, t = as_floats(base, "base"), as_floats(twins, "twins")
    check(base=(s, "N"), twins=(t, "N K"))
    seen = ~np.isnan(t)
    count = seen.sum(1)
    mean = np.divide(np.where(seen, t, 0.0).sum(1), count, out=np.full(len(s), np.nan), where=count > 0)
    known = ~np.isnan(s) & ~np.isnan(mean)
    n = int(known.sum())
    if not n:
        return Perturbation(float("nan"), float("nan"), float("nan"), float("nan"), 0)
    drop = (s - mean)[known]
    error = float(drop.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return Perturbation(float(s[known].mean()), float(mean[known].mean()), float(drop.mean()), error, n)
