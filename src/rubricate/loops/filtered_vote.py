"""Answering by vote among the samples that a judge accepts: the policy reranks its own solutions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Ints, as_floats, as_group, check


def filtered_vote(answer: ArrayLike, accepted: ArrayLike, group: ArrayLike) -> Ints:
    """The row whose answer wins the vote in each group, among accepted rows, or among all where none is: int[P].

    ``answer[N]`` are ids of final answers, ``accepted[N]`` verdicts in [0, 1] (0.5 and more accepts; a missing one does
    not), groups in the order of their ids. A tie goes to the answer that stands first. Card 172 (Self-PRM).

    >>> filtered_vote([7, 8, 8, 7, 9], [1, 0, 1, 1, 0], [0, 0, 0, 0, 1]).tolist()
    [0, 4]
    """
    verdict = as_floats(accepted, "accepted")
    check(accepted=(verdict, "N"), answer=(answer, "N"), group=(group, "N"))
    n = len(verdict)
    codes, count = as_group(group, n)
    ids, kinds = as_group(answer, n, "answer")
    yes = verdict >= 0.5
    some = np.bincount(codes, yes, minlength=count) > 0
    used = yes | ~some[codes]
    pair = codes * max(kinds, 1) + ids
    votes = np.bincount(pair, used, minlength=max(count * kinds, 1))[pair]
    order = np.lexsort((np.arange(n), -votes, codes))
    first = np.ones(n, dtype=np.bool_)
    first[1:] = codes[order][1:] != codes[order][:-1]
    return order[first].astype(np.int64)
