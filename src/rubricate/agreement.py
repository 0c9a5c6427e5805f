"""How far the answers of a group agree: the arithmetic that judges and rewards without a label share.

Such rewards sharpen what the policy believes already. On prompts whose most likely answer is wrong they teach the wrong
answer (card 118), so use them on few prompts and stop early: ``rubricate.audit.collapse`` watches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_group, check
from rubricate.errors import ShapeError, UnknownNameError

AGREEMENTS = ("majority", "frequency")


def self_agreement(
    cluster: ArrayLike,
    group: ArrayLike,
    how: str = "majority",
    *,
    view: ArrayLike | None = None,
    missing: str = "propagate",
) -> Floats:
    """Agreement of each rollout's answer with the answers of its group: [N].

    ``cluster[N]``: which answer a rollout gives, equal numbers for equal answers, -1 for none. ``majority``: 1 for the
    answer given most often (ties: the one given first), else 0. ``frequency``: its share n_k / n among the answers
    given. With ``view[N]`` (the wording of the prompt that a rollout saw) a rollout is measured by the rollouts of the
    other views. A rollout without an answer does not vote; it gets NaN, or 0 under ``missing="worst_case"``, and so
    does one whose voters gave none. Cards 118 (arXiv 2603.08660), 173 (frequency, arXiv 2504.05812), 128
    (views, arXiv 2508.00410).

    >>> self_agreement([5, 5, 2, -1], [0, 0, 0, 0]).tolist()
    [1.0, 1.0, 0.0, nan]
    >>> self_agreement([5, 5, 2, 2], [0, 0, 0, 0], view=[0, 0, 1, 1]).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    if how not in AGREEMENTS:
        raise UnknownNameError.among("agreement", how, AGREEMENTS)
    if missing not in ("propagate", "worst_case"):
        raise UnknownNameError.among("missing policy", missing, ("propagate", "worst_case"))
    ids, codes, views, n_views = _clusters(cluster, group, view)
    given = ids >= 0
    pair, votes, pair_group = _votes(ids, codes, views, n_views, cross=view is not None)
    rows = np.flatnonzero(given)
    total = np.zeros((int(codes.max(initial=-1)) + 1, votes.shape[1]))
    np.add.at(total, pair_group, votes)
    mine, all_ = votes[pair[rows], views[rows]], total[codes[rows], views[rows]]
    out = np.full(len(ids), 0.0 if missing == "worst_case" else np.nan)
    if how == "frequency":
        value = np.divide(mine, all_, out=np.full(len(rows), np.nan), where=all_ > 0)
    else:
        value = (_winner(votes, pair_group, total.shape[0])[codes[rows], views[rows]] == pair[rows]).astype(np.float64)
    out[rows] = np.where(all_ > 0, value, out[rows])
    return out


def cluster_entropy(cluster: ArrayLike, group: ArrayLike) -> Floats:
    """Entropy (nats) of the answers of each rollout's group, ``-sum_k p_k log p_k``: [N]; NaN without an answer.

    -1 in ``cluster`` is no answer and does not enter. EMPO trains only where it lies inside a band: ``drop_groups``
    with the rule ``range`` (card 173; its band is not published).

    >>> cluster_entropy([0, 1, 0, 1, 3], ["a", "a", "a", "a", "b"]).round(3).tolist()
    [0.693, 0.693, 0.693, 0.693, 0.0]
    """
    ids, codes, views, _ = _clusters(cluster, group, None)
    _, votes, pair_group = _votes(ids, codes, views, 1, cross=False)
    count = int(codes.max(initial=-1)) + 1
    total = np.bincount(pair_group, weights=votes[:, 0], minlength=count)
    p = votes[:, 0] / total[pair_group]
    entropy = np.bincount(pair_group, weights=-p * np.log(p), minlength=count) + 0.0
    return np.where(total > 0, entropy, np.nan)[codes]


def _clusters(cluster: ArrayLike, group: ArrayLike, view: ArrayLike | None) -> tuple[Ints, Ints, Ints, int]:
    check(cluster=(cluster, "N"))
    ids = np.asarray(cluster)
    if ids.dtype.kind not in "iu" or (ids < -1).any():
        raise ShapeError(f"cluster of dtype {ids.dtype}", where="cluster", expected="whole numbers from -1 (no answer)")
    codes, _ = as_group(group, len(ids))
    views, n_views = as_group(np.zeros(len(ids), np.int64) if view is None else view, len(ids), "view")
    return ids.astype(np.int64), codes, views, n_views


def _votes(ids: Ints, codes: Ints, views: Ints, n_views: int, *, cross: bool) -> tuple[Ints, Floats, Ints]:
    """Pair (group, answer) of each row (-1 without an answer), votes[pairs, views], group of each pair.

    Pairs are numbered in the order in which they first stand, so that ties go to the answer given first. Votes are
    those of the view itself, or of the other views.
    """
    rows = np.flatnonzero(ids >= 0)
    _, first, inverse = np.unique(np.stack([codes[rows], ids[rows]]), axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    pair = np.full(len(ids), -1, dtype=np.int64)
    pair[rows] = place[inverse.ravel()]
    votes = np.zeros((len(order), n_views))
    np.add.at(votes, (pair[rows], views[rows]), 1.0)
    if cross:
        votes = votes.sum(1, keepdims=True) - votes
    return pair, votes, codes[rows][first[order]]


def _winner(votes: Floats, pair_group: Ints, count: int) -> Ints:
    """[P, views] the pair with most votes in each group; the first of equals."""
    out = np.full((count, votes.shape[1]), -1, dtype=np.int64)
    for view in range(votes.shape[1]):  # views are few: wordings of one prompt
        order = np.lexsort((np.arange(len(votes)), -votes[:, view], pair_group))
        groups, first = np.unique(pair_group[order], return_index=True)
        out[groups, view] = order[first]
    return out
