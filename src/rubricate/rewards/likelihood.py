"""Likelihoods compared: with a baseline, with the other rollouts of a group, over retrieved documents.

``rubricate.likelihood`` makes one number of the tokens of a text first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, as_group, as_offsets, check
from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.reduce import group_table, segment_reduce


def information_gain(logp: ArrayLike, baseline: ArrayLike, off: ArrayLike, *, op: str = "max") -> Floats:
    """How much more likely a prefix makes targets than its baseline does, over the targets of each row: [N].

    ``op_t (logp_t - baseline_t)`` with ``logp[M]`` and ``baseline[M]`` sums of log-probability of whole targets (the
    suffixes of a gold chain, say), ``off[N+1]`` which of them belong to which prefix, ``op`` max, mean or sum. What is
    likely anyway cancels. NaN where any is unknown, or a row has no target. Card 55 (arXiv 2601.20649): max over the
    suffixes, the baseline behind a masked prefix.

    >>> information_gain([-5.0, -2.0], [-9.0, -1.0], [0, 2]).tolist()
    [4.0]
    """
    if op not in ("max", "mean", "sum"):
        raise UnknownNameError.among("op", op, ("max", "mean", "sum"))
    given, base = as_floats(logp, "logp"), as_floats(baseline, "baseline")
    check(logp=(given, "M"), baseline=(base, "M"))
    gain, offsets = given - base, as_offsets(off, len(given))
    broken = segment_reduce(np.isnan(gain), offsets, "sum") > 0
    return np.where(broken | (np.diff(offsets) == 0), np.nan, segment_reduce(gain, offsets, op))


def jensen_gain(logprob: ArrayLike, group: ArrayLike) -> Floats:
    """What a rollout adds to its group's estimate of log p(reference): [N], JEPO's advantage.

    ``log mean_j p_j - log mean_{j != i} p_j`` over the group, p_j = exp(``logprob[N]``) the probability of the whole
    reference after rollout j. It is taken in logs, so long references do not underflow. NaN for an unknown row and in a
    group of one known row; unknown rows do not enter. Card 21 (recalled).

    >>> jensen_gain([-1000.0, -1001.0], [0, 0]).round(3).tolist()
    [0.62, -0.38]
    """
    values = as_floats(logprob, "logprob", infinite=True)  # -inf: a probability of 0
    check(logprob=(values, "N"))
    if (values > 1e-6).any():
        raise ShapeError("log-probabilities above 0", where="logprob", expected="numbers <= 0")
    codes, count = as_group(group, len(values))
    known = ~np.isnan(values)
    size = group_table(values, codes, count, "count")[codes]
    top = group_table(values, codes, count, "max")[codes]
    first = _first(values == top, codes, count)
    second = group_table(np.where(first, np.nan, values), codes, count, "max")[codes]
    with np.errstate(invalid="ignore"):
        all_ = _log_mean(values, top, codes, count, known)
        mass = np.where(known, np.exp(values - top), 0.0)
        others = np.bincount(codes, weights=mass, minlength=count)[codes] - mass
        rest = np.where(first, 0.0, np.maximum(others, 1.0))  # the largest is among the others of every other row
        loo = top + np.log(np.where(first, 1.0, rest)) - np.log(np.maximum(size - 1, 1))
    alone = _log_mean(np.where(first, np.nan, values), second, codes, count, known & ~first)
    return np.where(known & (size > 1), all_ - np.where(first, alone, loo), np.nan)


def _first(hit: Bools, codes: np.ndarray, count: int) -> Bools:
    """The first row of each group for which ``hit`` holds."""
    at = np.full(count, len(hit))
    rows = np.flatnonzero(hit)
    np.minimum.at(at, codes[rows], rows)
    out = np.zeros(len(hit), dtype=np.bool_)
    out[at[at < len(hit)]] = True
    return out


def _log_mean(x: Floats, top: Floats, codes: np.ndarray, count: int, use: Bools) -> Floats:
    """``log mean exp(x)`` over the used rows of each group, for each row; ``top`` is the largest of them."""
    shift = np.where(np.isfinite(top), top, 0.0)
    mass = np.bincount(codes, weights=np.where(use, np.exp(np.where(use, x - shift, 0.0)), 0.0), minlength=count)
    n = np.bincount(codes, weights=use, minlength=count)
    mean = np.divide(mass, n, out=np.full(count, np.nan), where=n > 0)
    with np.errstate(divide="ignore"):
        return np.asarray(shift + np.log(mean[codes]))


def marginal_likelihood(doc_scores: ArrayLike, doc_answer_logp: ArrayLike, *, k: int = 5) -> Floats:
    """``sum_d softmax(doc_scores)_d exp(doc_answer_logp_d)`` over the k best documents of each row: [N] in [0, 1].

    ``doc_scores[N, D]`` are the retriever's scores (NaN: not retrieved; ties: the first listed), ``doc_answer_logp[N,
    D]`` the log-probability of the answer given the document, at most 0 (ShapeError above). A likelihood that is
    missing among the k, or nothing retrieved, gives NaN. Card 104 (arXiv 2406.10991, recalled).

    >>> marginal_likelihood([[0.0, 0.0]], [[0.0, -1e3]]).tolist()
    [0.5]
    """
    if k < 1:
        raise SettingError(f"k={k}", expected="at least 1")
    scores = as_floats(doc_scores, "doc_scores")
    logp = as_floats(doc_answer_logp, "doc_answer_logp", infinite=True)  # -inf: a likelihood of 0
    check(doc_scores=(scores, "N D"), doc_answer_logp=(logp, "N D"))
    if (logp > 0).any():
        raise ShapeError("log-probabilities above 0", where="doc_answer_logp", expected="numbers <= 0")
    ranked = np.where(np.isnan(scores), -np.inf, scores)
    order = np.argsort(-ranked, axis=1, kind="stable")[:, :k]
    s, ll = np.take_along_axis(ranked, order, axis=1), np.take_along_axis(logp, order, axis=1)
    some = np.isfinite(s).any(1)
    mass = np.exp(s - np.where(some, s.max(1, initial=-np.inf), 0.0)[:, None])
    value = np.where(np.isneginf(s), 0.0, mass * np.exp(ll)).sum(1)
    return np.divide(value, mass.sum(1), out=np.full(len(s), np.nan), where=some)
