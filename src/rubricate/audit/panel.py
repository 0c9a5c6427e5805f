"""Does a panel see more than its members: how far their errors are shared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import ShapeError


class PanelReport(NamedTuple):
    """Of K members on labelled yes/no questions.

    ``accuracy[K]``; ``correlation[K, K]`` of their errors (NaN where a member never errs or two share fewer than two
    questions); ``shared``, the mean off the diagonal; ``voters``, the number of independent members that the panel
    amounts to, ``K / (1 + (K - 1) shared)``; ``vote``, accuracy of the majority (ties left out), ``vote_coverage``
    the share of questions that it decides; ``best``, accuracy of the best member.
    """

    accuracy: Floats
    correlation: Floats
    shared: float
    voters: float
    vote: float
    vote_coverage: float
    best: float


def panel_report(verdicts: ArrayLike, truth: ArrayLike) -> PanelReport:
    """Accuracy, error correlation and vote of ``verdicts[N, K]`` in {0, 1} (NaN missing) against ``truth[N]``.

    Pairwise over the questions that both members answered. Protocol P11: with five voters at .70 the vote reaches .84,
    .77, .73, .70 at error correlation 0, .3, .6, .9. ShapeError for values other than 0 and 1.

    >>> report = panel_report([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]], [1, 1, 1, 1])
    >>> report.accuracy.tolist(), round(report.shared, 3), report.vote
    ([0.75, 0.75, 0.75], -0.333, 1.0)
    """
    x, y = as_floats(verdicts, "verdicts"), as_floats(truth, "truth")
    check(verdicts=(x, "N K"), truth=(y, "N"))
    if np.isnan(y).any() or not np.isin(y, (0, 1)).all() or not np.isin(x[~np.isnan(x)], (0, 1)).all():
        raise ShapeError("a value is neither 0 nor 1", where="verdicts or truth", expected="0, 1, or NaN in verdicts")
    known = ~np.isnan(x)
    wrong = np.where(known, x != y[:, None], 0.0)
    answered = known.sum(0)
    accuracy = 1.0 - np.divide(wrong.sum(0), answered, out=np.full(x.shape[1], np.nan), where=answered > 0)
    correlation = _correlation(wrong, known.astype(np.float64))
    shared = _mean(correlation[~np.eye(len(correlation), dtype=np.bool_)])
    size = x.shape[1]
    lean = np.where(known, 2 * x - 1, 0.0).sum(1)
    decided = lean != 0
    right = (lean > 0) == (y > 0.5)
    return PanelReport(
        accuracy, correlation, shared, size / (1 + (size - 1) * shared) if 1 + (size - 1) * shared > 0 else np.inf,
        float(right[decided].mean()) if decided.any() else float("nan"), float(decided.mean()) if len(y) else 0.0,
        float(np.nanmax(accuracy)) if (answered > 0).any() else float("nan"),
    )  # fmt: skip


def _mean(x: Floats) -> float:
    finite = x[np.isfinite(x)]
    return float(finite.mean()) if finite.size else float("nan")


def _correlation(x: Floats, known: Floats) -> Floats:
    """Pearson correlation of the columns over the rows that both know."""
    n = known.T @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (x.T @ known) / n  # of the first of each pair, over the rows of both
        cross = (x.T @ x) / n - mean * mean.T
        var = ((x * x).T @ known) / n - mean**2
        out = cross / np.sqrt(var * var.T)
    return np.where((n > 1) & (var > 1e-12) & (var.T > 1e-12), out, np.nan)
