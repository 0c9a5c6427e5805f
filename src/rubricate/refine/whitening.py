"""Weights that do not count the same evidence twice: uniform weights whitened by the correlation of the verdicts."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError, UnknownNameError

FORMS = ("correlation", "covariance")


def whitened_weights(
    votes: ArrayLike, *, form: str = "correlation", ridge: float = 1e-3, floor: float = 0.01, most: float = 0.4
) -> Floats:
    """Label-free weights, ``w ~ max(0, S^(-1/2) 1)``, sum 1: float[C].

    ``votes[N, C]`` in [0, 1] (an answer's verdicts, or which side of a pair wins), NaN where missing: S is taken over
    the rows that both criteria have, its eigenvalues held at ``ridge`` or above. ``correlation`` (default) standardises
    first. ``covariance`` is the published form: one criterion that hardly ever varies takes about half of the weight
    and the vote falls below uniform weights (ran on card 17), so a RuntimeWarning says so when a criterion that varies
    less than a tenth of the mean takes more than ``most``. A variance below ``floor`` gives weight 0 (.01: fewer than
    1 % disagree) in the correlation form; the covariance form only leaves out criteria that never vary. When nothing
    varies the weights are uniform. ShapeError without rows. Card 17 (arXiv 2602.05125).

    >>> whitened_weights([[1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 0, 1]]).round(2).tolist()
    [0.29, 0.29, 0.41]
    """
    if form not in FORMS:
        raise UnknownNameError.among("form", form, FORMS)
    if ridge <= 0 or floor < 0 or not 0 < most <= 1:
        raise SettingError(
            f"ridge={ridge}, floor={floor}, most={most}", expected="ridge > 0, floor >= 0, 0 < most <= 1"
        )
    x = as_floats(votes, "votes")
    check(votes=(x, "N C"))
    if not x.size:
        raise ShapeError(f"votes has shape {x.shape}", where="votes", expected="at least one row and one criterion")
    known = ~np.isnan(x)
    centred, variance = _centred(x, known)
    used = variance > 0 if form == "covariance" else (variance > 0) & (variance >= floor)
    weights = np.zeros(x.shape[1])
    if not used.any():
        return np.full(x.shape[1], 1.0 / x.shape[1])
    if form == "correlation":
        centred = centred / np.sqrt(np.where(used, variance, 1.0))
    raw = _inverse_root_sums(centred[:, used], known[:, used], ridge)
    weights[used] = raw / raw.sum()
    if form == "covariance":
        _warn(weights, variance, used, most)
    return weights


def _centred(x: Floats, known: Bools) -> tuple[Floats, Floats]:
    count = np.maximum(known.sum(0), 1)
    mean = np.where(known, x, 0.0).sum(0) / count
    centred = np.where(known, x - mean, 0.0)
    variance = (centred**2).sum(0) / count
    return centred, np.where(variance > 1e-12, variance, 0.0)


def _inverse_root_sums(centred: Floats, known: Bools, ridge: float) -> Floats:
    """Row sums of S^(-1/2), negative ones cut to 0."""
    both = np.maximum(known.T.astype(np.float64) @ known, 1.0)
    values, vectors = np.linalg.eigh(centred.T @ centred / both + ridge * np.eye(centred.shape[1]))
    root = (vectors / np.sqrt(np.maximum(values, ridge))) @ vectors.T
    return np.maximum(root.sum(1), 0.0)


def _warn(weights: Floats, variance: Floats, used: Bools, most: float) -> None:
    odd = np.flatnonzero((weights > most) & (variance < 0.1 * variance[used].mean()))
    if len(odd) and used.sum() > 1:
        warnings.warn(
            f"criterion {odd[0]} hardly ever varies (variance {variance[odd[0]]:.4f}) and takes {weights[odd[0]]:.0%}"
            " of the weight; use form='correlation'",
            RuntimeWarning,
            stacklevel=3,
        )
