"""``retrieval``: a ranking or a set of document ids against the relevant ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, verifier
from rubricate.verifiers.items import listed

MEASURES = ("ndcg", "recall", "precision", "f_beta", "mrr")


@verifier("retrieval")
def retrieval(
    sample: Sample,
    relevant: Sequence[str | int] | Mapping[str, float],
    measure: str = "ndcg",
    k: int | None = 10,
    beta: float = 1.0,
    form: str = "lines",
    tag: str = "",
) -> Outcome:
    """nDCG@k, recall@k, precision@k, F-beta@k or the reciprocal rank (MRR) of the ids that the response lists.

    ``relevant``: ids, or a grade > 0 for each. Ids are read by ``form`` (lines, commas, json, brackets, metadata) and
    compared as written. A repeated id keeps its place and earns nothing there. See ``rank_measure`` for the formulas.
    """
    grades = _grades(relevant)
    if measure not in MEASURES or (k is not None and (isinstance(k, bool) or k < 1)) or not beta > 0:
        raise SettingError(
            f"measure={measure!r}, k={k}, beta={beta}", expected=f"{', '.join(MEASURES)}; k from 1; beta > 0"
        )
    ids, fault = listed(sample, form, tag)
    if fault:
        return Outcome(0.0, fault)
    value = rank_measure(ids, grades, measure, k, beta)
    hits = len(set(ids[:k]) & set(grades))
    return Outcome(value, f"{len(ids)} ids listed, {hits} of {len(grades)} relevant ones{f' in {k}' if k else ''}")


def rank_measure(
    ids: Sequence[str], grades: Mapping[str, float], measure: str, k: int | None = None, beta: float = 1.0
) -> float:
    """One measure of the first k ids (all, without k) in [0, 1].

    ndcg: ``sum g_i / log2(i + 2)`` over places i from 0, over the same sum of the best order. recall: relevant ids
    found / all relevant. precision: relevant found / k (without k, / listed). f_beta: from precision over what is
    listed. mrr: 1 / place of the first relevant id.

    >>> [round(rank_measure(["a", "b", "c"], {"b": 1, "c": 1}, m, 2), 4) for m in MEASURES]
    [0.3869, 0.5, 0.5, 0.5, 0.5]
    """
    first = list(ids[:k])
    places = {i: place for place, i in reversed(list(enumerate(first)))}
    gains = [float(grades.get(i, 0.0)) if places[i] == place else 0.0 for place, i in enumerate(first)]
    hits = sum(g > 0 for g in gains)
    if measure == "ndcg":
        return _dcg(gains) / _dcg(sorted(grades.values(), reverse=True)[:k])
    if measure == "recall":
        return hits / len(grades)
    if measure == "precision":
        return hits / (k or len(first) or 1)
    if measure == "f_beta":
        return (1 + beta**2) * hits / (beta**2 * len(grades) + len(first))
    return next((1.0 / place for place, gain in enumerate(gains, 1) if gain > 0), 0.0)


def _dcg(gains: Sequence[float]) -> float:
    return sum(g / math.log2(place + 2) for place, g in enumerate(gains))


def _grades(relevant: Sequence[str | int] | Mapping[str, float]) -> dict[str, float]:
    if isinstance(relevant, Mapping):
        grades = {str(i): g for i, g in relevant.items()}
    else:
        grades = {} if isinstance(relevant, str) else {str(i): 1.0 for i in relevant}
    good = all(isinstance(g, (int, float)) and 0 < g < math.inf for g in grades.values())
    if not grades or not good:
        raise SettingError(
            f"relevant={relevant!r}", expected="ids of relevant documents, or a finite grade > 0 for each"
        )
    return grades
