"""Weights read off the current scores: difficulty of criteria, trust in a process judge, agreement with the outcome.

Pure functions of one batch. Weights that are carried from update to update are in ``makers``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_group, as_weights, check
from rubricate.errors import SettingError
from rubricate.reduce import group_stat, group_table
from rubricate.rewards.group import spread_groups


def difficulty_weights(rate: ArrayLike, *, alpha: float = 2.0, sigma: float = 0.1, delta: float = 1e-6) -> Floats:
    """Weights that favour rare and hard criteria: shaped like ``rate``, [C] or [P, C].

    ``exp(-alpha rate_j) / (density_j + delta)``, density the kernel count ``sum_k exp(-(rate_j - rate_k)^2 /
    (2 sigma^2))`` over the criteria of the same prompt. Dividing by it removes the effect of many easy criteria. A
    rate of NaN counts for nothing and gets NaN. Card 22 (arXiv 2601.03525; alpha 2, sigma and delta are ours).

    >>> difficulty_weights([0.9, 0.9, 0.1]).round(3).tolist()
    [0.083, 0.083, 0.819]
    """
    if not sigma > 0 or delta < 0:
        raise SettingError(f"sigma={sigma}, delta={delta}", expected="sigma > 0 and delta >= 0")
    rates = as_floats(rate, "rate")
    check(rate=(rates, "C | P C"))
    gap = rates[..., :, None] - rates[..., None, :]
    density = np.nansum(np.exp(-(gap**2) / (2.0 * sigma**2)), axis=-1)
    return np.exp(-alpha * rates) / (density + delta)


def trust_weight(
    outcome: ArrayLike, process: ArrayLike, group: ArrayLike, *, threshold: float = 0.5, one_sided: float = 1.0
) -> Floats:
    """Trust in a process judge, by group: 1 if it rates right rows at least as high as wrong ones, else less: [N].

    ``min(1, exp(mean process of right rows - mean of wrong rows))``, right from ``threshold`` up; in (1/e, 1] for
    process in [0, 1]. A group with judged rows on one side only gets ``one_sided`` (the released code pays 0 there).
    Card 176 (SophiaVL-R1): with outcomes in {0, 1} and a small coefficient it cannot change the order of rows.

    >>> trust_weight([1, 0, 1, 0], [0.2, 0.7, 0.7, 0.2], [0, 0, 1, 1]).round(4).tolist()
    [0.6065, 0.6065, 1.0, 1.0]
    """
    right, score = as_floats(outcome, "outcome"), as_floats(process, "process")
    check(outcome=(right, "N"), process=(score, "N"))
    gap = group_stat(score, group, "mean", where=right >= threshold)
    gap = gap - group_stat(score, group, "mean", where=right < threshold)
    return np.where(np.isnan(gap), one_sided, np.exp(np.minimum(gap, 0.0)))


def scaled_weights(weights: ArrayLike, factors: ArrayLike, group: ArrayLike) -> Floats:
    """Weights of the criteria times the factors of the prompt: ``w_j * factors[p(i), j]``, [N, C].

    ``weights`` [C] or [N, C], ``factors[P, C]`` in the order of the sorted ids of ``group``, such as the state of a
    ``ContrastWeights`` (card 202, arXiv 2605.20164). All are finite (ShapeError).

    >>> scaled_weights([2.0, 1.0], [[1.0, 3.0], [0.5, 1.0]], ["b", "a"]).tolist()
    [[1.0, 1.0], [2.0, 3.0]]
    """
    w, table = as_weights(weights, "weights", negative=True), as_weights(factors, "factors", negative=True)
    check(factors=(table, "P C"))
    check(group=(group, "N"), weights=(w, "C | N C"))
    rows = spread_groups(table, group, "factors")
    check(factors=(rows, "N C"), weights=(w, "C | N C"))
    return np.asarray(w * rows)


def lowest_first(scores: ArrayLike, *, temperature: float = 0.1) -> Floats:
    """Weights that lift the dimension which is lowest now: ``softmax(-mean_i scores_ij / temperature)``, [C], sum 1.

    ``scores[N, C]`` of the batch, on one scale; NaN enters no mean. A dimension without a single value counts as the
    lowest, so that what is missing stays missing. Card 98 (arXiv 2412.14626, abstract only: form and temperature ours).

    >>> lowest_first([[0.8, 0.4], [0.6, 0.4]]).round(3).tolist()
    [0.047, 0.953]
    """
    if not temperature > 0:
        raise SettingError(f"temperature={temperature}", expected="a number > 0")
    values = as_floats(scores, "scores")
    check(scores=(values, "N C"))
    known = (~np.isnan(values)).sum(0)
    mean = np.divide(np.nansum(values, 0), known, out=np.full(values.shape[1], np.nan), where=known > 0)
    gap = mean - np.nanmin(mean, initial=np.inf)
    pull = np.where(known > 0, np.exp(-gap / temperature), 1.0)
    return np.asarray(pull / pull.sum())


def shared_outcome(local: ArrayLike, outcome: ArrayLike, share: ArrayLike) -> Floats:
    """Each agent's own score plus its share of the outcome of the chain: ``local + share * outcome``, [N, A]; card 148.

    ``local[N, A]``, ``outcome[N]``, ``share[N, A]`` such as ``agreement_weights``. NaN in, NaN out.

    >>> shared_outcome([[0.5, 0.0]], [1.0], [[0.75, 0.25]]).tolist()
    [[1.25, 0.25]]
    """
    own, total, part = as_floats(local, "local"), as_floats(outcome, "outcome"), as_floats(share, "share")
    check(local=(own, "N A"), outcome=(total, "N"), share=(part, "N A"))
    return own + part * total[:, None]


def agreement_weights(local: ArrayLike, outcome: ArrayLike, group: ArrayLike, *, temperature: float = 1.0) -> Floats:
    """Share of each agent by how well its own scores rank the outcome of its group: [N, A], rows sum to 1.

    Softmax over agents of NDCG / temperature: rank the rows by ``local[N, A]``, gain = ``outcome[N]``. Ties get the
    mean discount of their places, so row order does not matter; rows with a NaN are left out. NDCG is 0 where no gain
    is positive, and a group without whole rows gives NaN. NDCG lies in [0, 1], so at temperature 1 the largest ratio
    of shares is e. Card 148 (arXiv 2603.12631).

    >>> agreement_weights([[2.0, 1.0], [1.0, 2.0]], [1.0, 0.0], [0, 0]).round(4).tolist()
    [[0.5912, 0.4088], [0.5912, 0.4088]]
    """
    if not temperature > 0:
        raise SettingError(f"temperature={temperature}", expected="a number > 0")
    scores, gains = as_floats(local, "local"), as_floats(outcome, "outcome")
    check(local=(scores, "N A"), outcome=(gains, "N"))
    codes, count = as_group(group, len(gains))
    whole = ~np.isnan(scores).any(1) & ~np.isnan(gains)
    ideal = _dcg(gains[whole], gains[whole], codes[whole], count)
    table = np.empty((count, scores.shape[1]))
    for a in range(scores.shape[1]):
        dcg = _dcg(scores[whole, a], gains[whole], codes[whole], count)
        table[:, a] = np.divide(dcg, ideal, out=np.zeros(count), where=ideal > 0)
    share = np.exp((table - table.max(1, keepdims=True)) / temperature)
    share /= share.sum(1, keepdims=True)
    share[np.bincount(codes[whole], minlength=count) == 0] = np.nan
    return share[codes]


def _dcg(scores: Floats, gains: Floats, codes: Ints, count: int) -> Floats:
    """[P] sum of gain * 1 / log2(place + 2) in the order of falling scores, ties at the mean of their places."""
    order = np.lexsort((-scores, codes))
    sorted_codes, sorted_scores = codes[order], scores[order]
    sizes = np.bincount(codes, minlength=count)
    place = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[sorted_codes]
    starts = np.ones(len(order), dtype=np.bool_)
    starts[1:] = (sorted_codes[1:] != sorted_codes[:-1]) | (sorted_scores[1:] != sorted_scores[:-1])
    block = np.cumsum(starts) - 1
    discount = group_table(1.0 / np.log2(place + 2.0), block, int(starts.sum()), "mean")[block]
    total = np.bincount(sorted_codes, weights=gains[order] * discount, minlength=count)
    return np.asarray(total, dtype=np.float64)
