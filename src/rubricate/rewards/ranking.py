"""Quality of a ranking of documents or responses: nDCG and recall among the first k, weighted order of pairs.

``doc_scores[N, D]`` ranks the D candidates of each query, best first (ties: the first listed; NaN: not retrieved).
``relevance[N, D]`` holds their grades, 0 for irrelevant. A grade that is NaN was not judged: the row is NaN
(``propagate``) or the document is left out (``drop_item``). Without a relevant document there is no value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError


def ndcg_at_k(doc_scores: ArrayLike, relevance: ArrayLike, k: int = 10, *, missing: str = "propagate") -> Floats:
    """``DCG_k / best DCG_k`` with ``DCG_k = sum over places i < k of grade_i / log2(i + 2)``: [N] in [0, 1].

    >>> ndcg_at_k([[3.0, 2.0, 1.0]], [[0, 1, 1]], k=2).round(4).tolist()
    [0.3869]
    """
    grades, known, whole = _judged(doc_scores, relevance, k, missing)
    discount = 1.0 / np.log2(np.arange(min(k, grades.shape[1])) + 2.0)
    best = -np.sort(-grades, axis=1)[:, : len(discount)] @ discount
    got = _first(doc_scores, grades, known, k) @ discount
    return np.divide(got, best, out=np.full(len(best), np.nan), where=(best > 0) & whole)


def recall_at_k(doc_scores: ArrayLike, relevance: ArrayLike, k: int = 100, *, missing: str = "propagate") -> Floats:
    """Share of the relevant documents (grade above 0) among the first k: [N].

    >>> recall_at_k([[3.0, 2.0, 1.0]], [[0, 1, 1]], k=2).tolist()
    [0.5]
    """
    grades, known, whole = _judged(doc_scores, relevance, k, missing)
    relevant = (grades > 0).astype(np.float64)
    got, total = _first(doc_scores, relevant, known, k).sum(1), relevant.sum(1)
    return np.divide(got, total, out=np.full(len(total), np.nan), where=(total > 0) & whole)


def weighted_pair_order(doc_scores: ArrayLike, relevance: ArrayLike, *, missing: str = "propagate") -> Floats:
    """``1 - sum pen / sum w`` over pairs that the grades order, ``w = 1 + |grade gap|``: [N] in [0, 1].

    A pair scored the wrong way round costs w, one that is tied costs w / 2, pairs of equal grades do not count. Any
    monotone map of the scores has the same value. A candidate without a score (NaN) makes the row NaN
    (``propagate``), costs its pairs w (``worst_case``), or is left out (``drop_item``); so does a missing grade, which
    ``worst_case`` leaves out. Without an ordered pair there is no value. Card 82 (arXiv 2506.03637, code read).

    >>> weighted_pair_order([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]], [[3, 2, 1]] * 3).tolist()
    [1.0, 0.0, 0.5]
    """
    scores, grades = as_floats(doc_scores, "doc_scores"), as_floats(relevance, "relevance")
    check(doc_scores=(scores, "N D"), relevance=(grades, "N D"))
    if missing not in ("propagate", "worst_case", "drop_item"):
        raise SettingError(f"missing={missing!r}", expected="propagate, worst_case or drop_item")
    lost = np.isnan(scores) | np.isnan(grades)
    i, j = np.triu_indices(scores.shape[1], 1)
    gap = grades[:, i] - grades[:, j]
    agree = np.sign(scores[:, i] - scores[:, j]) * np.sign(gap)
    weight = np.where((gap != 0) & ~np.isnan(gap), 1.0 + np.abs(gap), 0.0)
    if missing == "worst_case":
        agree = np.where(np.isnan(agree), -1.0, agree)
    else:
        weight = np.where(np.isnan(agree), 0.0, weight)
    penalty = (np.where(weight > 0, weight * (1.0 - agree) / 2.0, 0.0)).sum(1)
    mass = weight.sum(1)
    known = (mass > 0) & ~(lost.any(1) & (missing == "propagate"))
    return 1.0 - np.divide(penalty, mass, out=np.full(len(mass), np.nan), where=known)


def _judged(doc_scores: ArrayLike, relevance: ArrayLike, k: int, missing: str) -> tuple[Floats, Bools, Bools]:
    """Grades with 0 for unjudged documents, which documents take part, which rows have a value."""
    if k < 1 or missing not in ("propagate", "drop_item"):
        raise SettingError(f"k={k}, missing={missing!r}", expected="k from 1, missing propagate or drop_item")
    grades = as_floats(relevance, "relevance")
    check(doc_scores=(doc_scores, "N D"), relevance=(grades, "N D"))
    if (grades < 0).any():
        raise ShapeError("relevance holds negative grades", where="relevance", expected="grades from 0")
    known = ~np.isnan(grades)
    whole: Bools = np.asarray(known.all(1) if missing == "propagate" else known.any(1))
    return np.where(known, grades, 0.0), known, whole


def _first(doc_scores: ArrayLike, x: Floats, known: Bools, k: int) -> Floats:
    """``x`` at the first k places of the ranking of the documents that take part, 0 where nothing was retrieved."""
    scores = as_floats(doc_scores, "doc_scores")
    use = known & ~np.isnan(scores)
    order = np.argsort(np.where(use, -scores, np.inf), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(np.where(use, x, 0.0), order, axis=1)
