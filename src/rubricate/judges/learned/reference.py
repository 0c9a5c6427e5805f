"""Rewards that read a reference: is the answer right by it, was it written by the same policy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import UnknownNameError
from rubricate.judges.learned.bradley_terry import BradleyTerry, Logistic, PairModel

JOINS = ("full", "closeness", "product")


def join_reference(features: ArrayLike, reference: ArrayLike, how: str = "full") -> Floats:
    """Features of a response read beside its reference, from ``[N, F]`` each.

    ``closeness``: ``-|x - r|``; ``product``: ``x * r``; ``full``: x, closeness and product side by side [N, 3F].

    >>> join_reference([[1.0]], [[3.0]]).tolist()
    [[1.0, -2.0, 3.0]]
    """
    x, r = as_floats(features, "features"), as_floats(reference, "reference")
    check(features=(x, "N F"), reference=(r, "N F"))
    if how not in JOINS:
        raise UnknownNameError.among("join", how, JOINS)
    close, product = -np.abs(x - r), x * r
    return {"closeness": close, "product": product, "full": np.concatenate([x, close, product], 1)}[how]


@dataclass(frozen=True)
class ReferenceConditionedReward:
    """P(the answer is right, given the reference), cross-entropy on right and wrong answers; card 65 (VerifyRM).

    Labels that two annotators (a rule, a judge) disagree about are left out by making them NaN. arXiv 2508.05613.
    """

    how: str = "full"
    head: Logistic = field(default_factory=Logistic)

    def fit(self, features: ArrayLike, reference: ArrayLike, labels: ArrayLike) -> ReferenceConditionedReward:
        """A fitted copy from responses ``[N, F]``, their references ``[N, F]`` and ``labels[N]`` (NaN: none)."""
        return replace(self, head=self.head.fit(join_reference(features, reference, self.how), labels))

    def score(self, features: ArrayLike, reference: ArrayLike) -> Floats:
        """P(right): [N]; NaN where a feature of either is missing."""
        return self.head.score(join_reference(features, reference, self.how))


@dataclass(frozen=True)
class PolicyDiscriminator:
    """``r(reference, candidate)``: high when the same policy could have written both; card 180 (POLAR).

    The loss is ``-log sigmoid(r(ref, same) - r(ref, other))`` over a reference, another trajectory of its policy and
    one of another policy. Such triples need no label: any set of policies gives them. arXiv 2507.05197.
    """

    how: str = "closeness"
    head: PairModel = field(default_factory=BradleyTerry)

    def fit(self, reference: ArrayLike, same: ArrayLike, other: ArrayLike) -> PolicyDiscriminator:
        """A fitted copy from ``reference[Q, F]``, ``same[Q, F]`` and ``other[Q, F]``."""
        better, worse = (join_reference(x, reference, self.how) for x in (same, other))
        return replace(self, head=self.head.fit(better, worse))

    def score(self, features: ArrayLike, reference: ArrayLike) -> Floats:
        """Closeness of each candidate to its reference: [N]; comparable for one reference only."""
        return self.head.score(join_reference(features, reference, self.how))
