"""Likelihood of a reference answer, marginalised over what was retrieved for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError


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
    scores, logp = as_floats(doc_scores, "doc_scores"), as_floats(doc_answer_logp, "doc_answer_logp")
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
