"""RewardBench 2 and RM-Bench from arrays of scores. Pure numpy; card 77 (arXiv 2506.01937, code read).

A rating that could not be read is NaN: its item is left out and counted. The released code enters it as -1, which helps
whoever the wrong answer competes with: an unreadable wrong answer ranks last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_group, check
from rubricate.errors import ShapeError, UnknownNameError
from rubricate.reduce import group_table


def best_of_n_credit(scores: ArrayLike, *, missing: str = "leave_out") -> Floats:
    """``1 / #max`` if the right response (column 0) shares the top of its row, else 0: ``scores[Q, n]`` -> [Q].

    So a constant scorer gets exactly 1 / n. A row with a missing score is NaN (``leave_out``), or 1 / n (``chance``,
    the benchmark's rule for errors).

    >>> best_of_n_credit([[3, 1, 2, 0], [2, 2, 1, 0], [1, 1, 1, 1], [0, 3, 1, 1]]).tolist()
    [1.0, 0.5, 0.25, 0.0]
    """
    s = as_floats(scores, "scores")
    check(scores=(s, "Q n"))
    if missing not in ("leave_out", "chance"):
        raise UnknownNameError.among("missing policy", missing, ("leave_out", "chance"))
    lost = np.isnan(s).any(1)
    top = s == s.max(1, keepdims=True, initial=-np.inf)
    credit = np.where(top[:, 0], 1.0 / np.maximum(top.sum(1), 1), 0.0)
    return np.where(lost, np.nan if missing == "leave_out" else 1.0 / s.shape[1], credit)


class Ties(NamedTuple):
    """Score of the ties domain with its parts, and the number of ``judged`` prompts."""

    value: float
    accuracy_tied: float
    accuracy_ref: float
    gap_over_spread: float
    both_over_spread: float
    judged: int


def ties_score(score: ArrayLike, right: ArrayLike, prompt: ArrayLike, tied: ArrayLike, *, capped: bool = True) -> Ties:
    """Prompts with one right answer and the same with several that are equally right: does the gap exceed the spread?

    Rows are responses: ``score[M]``, ``right[M]``, ``prompt[M]`` (ids of any kind), ``tied[M]`` (row of the item with
    several right answers, else of the one with a single). With c the least right less the greatest wrong score of each
    item, d the spread of the right ones of the tied item:
    ``.3 [c_t > 0] + .3 [c_r > 0] + .2 [c_t > d] + .2 [min(c_r, c_t) > d] + .01 tanh(min(c_r, c_t) / d - 1)``, averaged.
    The sum reaches 1.01 (the released code reports that); ``capped`` stops at 1. A prompt with a missing score is left
    out. ShapeError for a prompt without one of its four kinds of rows.
    """
    s, good, of_tied = as_floats(score, "score"), as_floats(right, "right"), as_floats(tied, "tied")
    check(score=(s, "M"), right=(good, "M"), prompt=(prompt, "M"), tied=(of_tied, "M"))
    codes, count = as_group(prompt, len(s))
    cell = codes * 4 + (of_tied >= 0.5) * 2 + (good >= 0.5)
    if (np.bincount(cell, minlength=4 * count) == 0).any():
        raise ShapeError(
            "a prompt lacks right or wrong rows in one of its two items", where="prompt",
            expected="a single-answer item and a tied item, each with right and wrong rows",
        )  # fmt: skip
    judged = np.bincount(codes, weights=np.isnan(s), minlength=count) == 0
    low, high = (group_table(s, cell, 4 * count, op).reshape(count, 2, 2)[judged] for op in ("min", "max"))
    gap = low[:, :, 1] - high[:, :, 0]  # [P, ref or tied]
    spread = high[:, 1, 1] - low[:, 1, 1]
    least = gap.min(1, initial=np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        more = np.tanh(np.nan_to_num(least / spread - 1.0, nan=0.0, posinf=np.inf, neginf=-np.inf))
    if not judged.any():
        nan = float("nan")
        return Ties(nan, nan, nan, nan, nan, 0)
    tied_won, ref_won, over, both = (
        float(np.mean(x)) for x in (gap[:, 1] > 0, gap[:, 0] > 0, gap[:, 1] > spread, least > spread)
    )
    value = 0.3 * tied_won + 0.3 * ref_won + 0.2 * over + 0.2 * both + 0.01 * float(more.mean())
    return Ties(min(1.0, value) if capped else value, tied_won, ref_won, over, both, int(judged.sum()))


class RewardBench2(NamedTuple):
    """Score by ``domain``, and their mean."""

    domain: Mapping[str, float]
    overall: float


def rewardbench2(
    domains: Mapping[str, ArrayLike], ties: Ties | None = None, *, missing: str = "leave_out"
) -> RewardBench2:
    """Mean over domains: ``domains[name]`` holds scores [Q, 4] with the right response in column 0, ``ties`` its own.

    >>> rewardbench2({"math": [[3, 1, 2, 0], [1, 1, 1, 1]], "focus": [[2, 2, 1, 0]]}).overall
    0.5625
    """
    found = {}
    for name, scores in domains.items():
        credit = best_of_n_credit(scores, missing=missing)
        known = credit[~np.isnan(credit)]
        found[name] = float(known.mean()) if len(known) else float("nan")
    if ties is not None:
        found["ties"] = ties.value
    values = np.array(list(found.values()))
    values = values[~np.isnan(values)]
    return RewardBench2(found, float(values.mean()) if len(values) else float("nan"))


class RMBench(NamedTuple):
    """``matrix[3, 3]`` (style of the right by style of the wrong response), the three levels, their mean, counts."""

    matrix: Floats
    easy: float
    normal: float
    hard: float
    overall: float
    judged: Ints


def rm_bench_matrix(right: ArrayLike, wrong: ArrayLike, domain: ArrayLike | None = None) -> RMBench:
    """``M[i, j] = mean 1[right_i > wrong_j]``: scores [Q, 3] of three styles, plainest first.

    Styles: concise, detailed, detailed with markdown. hard is the mean above the diagonal (the wrong response has the
    richer style), normal the diagonal, easy below. With ``domain[Q]`` the matrix is the mean over domains. A cell
    leaves out pairs with a missing score. A judge with style bias loses hard and wins easy.

    >>> found = rm_bench_matrix([[1.0, 2.0, 3.0]], [[0.0, 1.0, 2.0]])
    >>> found.easy, found.normal, round(found.hard, 3)
    (1.0, 1.0, 0.0)
    """
    a, b = as_floats(right, "right"), as_floats(wrong, "wrong")
    check(right=(a, "Q 3"), wrong=(b, "Q 3"))
    codes, count = (np.zeros(len(a), dtype=np.int64), 1) if domain is None else as_group(domain, len(a), "domain")
    x, y = np.broadcast_arrays(a[:, :, None], b[:, None, :])
    known = ~(np.isnan(x) | np.isnan(y))
    cell = codes[:, None, None] * 9 + np.arange(9).reshape(1, 3, 3)
    hits, judged = (np.bincount(cell.ravel(), weights=w.ravel(), minlength=9 * count) for w in (known & (x > y), known))
    share = np.divide(hits, judged, out=np.full(9 * count, np.nan), where=judged > 0).reshape(count, 3, 3)
    matrix = np.array([[_known_mean(share[:, i, j]) for j in range(3)] for i in range(3)])
    above, below = np.triu_indices(3, 1), np.tril_indices(3, -1)
    easy, normal, hard = (float(cells.mean()) for cells in (matrix[below], np.diag(matrix), matrix[above]))
    counts = judged.reshape(count, 3, 3).sum(0).astype(np.int64)
    return RMBench(matrix, easy, normal, hard, (easy + normal + hard) / 3, counts)


def _known_mean(x: Floats) -> float:
    known = x[~np.isnan(x)]
    return float(known.mean()) if len(known) else float("nan")
