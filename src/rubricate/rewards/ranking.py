"""Quality of a ranking of documents: nDCG and recall among the first k.

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
