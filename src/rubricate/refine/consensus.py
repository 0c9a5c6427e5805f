"""Criteria that several annotators or models came up with independently, and which of them say one thing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Ints, as_floats, as_group, check
from rubricate.errors import SettingError, ShapeError


def semantic_consensus(
    similarity: ArrayLike, annotator: ArrayLike, *, threshold: float = 0.8, annotators: int = 0
) -> Bools:
    """Keep an item iff every other annotator said something within ``threshold`` of it: bool[M].

    ``similarity[M, M]`` cosines of the M items of one response, ``annotator[M]`` who said which; ``annotators``: how
    many were asked when one of them said nothing (who then agrees with nothing). Strictly above the threshold. With a
    single annotator nothing is kept: there is no consensus of one. Card 174 (arXiv 2509.21319): cosine .8; a missing
    similarity agrees with nothing.

    >>> semantic_consensus([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]], ["ann", "bob", "bob"]).tolist()
    [True, True, False]
    """
    if not -1 <= threshold <= 1:
        raise SettingError(f"threshold={threshold}", expected="a cosine in [-1, 1]")
    cosine = as_floats(similarity, "similarity")
    check(similarity=(cosine, "M M"), annotator=(annotator, "M"))
    codes, present = as_group(annotator, len(cosine), "annotator")
    count = annotators or present
    if count < present:
        raise ShapeError(f"{present} annotators spoke", where="annotators", expected=f"at least that many, not {count}")
    if count < 2:
        return np.zeros(len(cosine), dtype=np.bool_)
    near = np.nan_to_num(cosine, nan=-np.inf) > threshold
    heard = (near @ np.eye(present, dtype=np.int64)[codes]) > 0
    heard[np.arange(len(codes)), codes] = True
    return np.asarray(heard.sum(1) == count)


def model_consensus(said: ArrayLike, *, at_least: int = 2) -> Bools:
    """Keep items that at least ``at_least`` of M models said: bool[C].

    ``said[C, M]`` 1 or 0, NaN for a model without a usable reply, which counts for nothing. Cards 52 and 218.

    >>> model_consensus([[1, 1, 0], [1, float("nan"), 0]]).tolist()
    [True, False]
    """
    votes = as_floats(said, "said")
    check(said=(votes, "C M"))
    if not 1 <= at_least <= max(votes.shape[1], 1):
        raise SettingError(f"at_least={at_least}", expected=f"1 to {votes.shape[1]}, the number of models")
    return np.asarray(np.nansum(votes >= 0.5, 1) >= at_least)


def alike_groups(similarity: ArrayLike, *, threshold: float = 0.8, largest: int = 0) -> Ints:
    """The leader of each item: the place of an earlier item that says the same, or its own: int[M].

    Items come in order; one joins the leader it is most alike with, at ``threshold`` or above (of equal ones the
    first), else it leads. A leader has at most ``largest`` items, itself among them (0: any number). Comparing with
    leaders alone keeps chains out: everything in a group is alike with one item. A missing similarity (NaN) joins
    nothing.

    >>> alike_groups([[1, 0.9, 0.1], [0.9, 1, 0.85], [0.1, 0.85, 1]]).tolist()
    [0, 0, 2]
    """
    alike = as_floats(similarity, "similarity")
    check(similarity=(alike, "M M"))
    if largest < 0:
        raise SettingError(f"largest={largest}", expected="0 or more")
    leader = np.arange(len(alike))
    size = np.zeros(len(alike), dtype=np.int64)
    for k, row in enumerate(np.where(np.isnan(alike), -np.inf, alike)):
        open_ = (leader[:k] == np.arange(k)) & ((size[:k] < largest) | (largest == 0))
        near = np.where(open_, row[:k], -np.inf)
        if k and near.max() >= threshold:
            leader[k] = near.argmax()
        size[leader[k]] += 1
    return leader
