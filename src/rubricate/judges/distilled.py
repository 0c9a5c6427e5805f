"""A judge's verdicts on short messages kept in a table, or distilled into a classifier, so that few calls label many.

The labels come from any judge, in any order and as they arrive; ``fit`` on all of them so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import UnknownNameError
from rubricate.judges.learned.bradley_terry import BradleyTerry
from rubricate.judges.learned.features import hashed_words

KINDS = ("table", "classifier")


@dataclass(frozen=True)
class Distilled:
    """Labels of messages in [0, 1], learned from the labels of some of them.

    ``table``: the mean label of the same message, ``unseen`` for a message without one. ``classifier``: logistic
    regression with a ridge penalty on which words and pairs of neighbouring words the message holds, hashed into
    ``buckets`` features; it says something of every message. Card 62 (arXiv 2410.23022, recalled).
    """

    kind: str = "table"
    unseen: float = 0.0
    buckets: int = 256
    ridge: float = 1.0
    known: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    model: BradleyTerry | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownNameError.among("kind", self.kind, KINDS)

    def fit(self, messages: Sequence[str], labels: ArrayLike) -> Distilled:
        """A fitted copy; a message whose label is missing (NaN) is left out, equal messages are averaged."""
        values = as_floats(labels, "labels")
        check(labels=(values, "N"), messages=(np.empty(len(messages)), "N"))
        by_text: dict[str, list[float]] = {}
        for text, value in zip(messages, values, strict=True):
            if not np.isnan(value):
                by_text.setdefault(text, []).append(float(value))
        known = tuple((text, sum(v) / len(v)) for text, v in sorted(by_text.items()))
        if self.kind == "table" or not known:
            return replace(self, known=known)
        x, y = hashed_words([text for text, _ in known], self.buckets), np.array([v for _, v in known])
        better, weights = np.concatenate([x, -x]), np.concatenate([y, 1.0 - y])
        model = BradleyTerry(self.ridge).fit(better, np.zeros_like(better), pair_weights=weights)
        return replace(self, known=known, model=model)

    def score(self, messages: Sequence[str]) -> Floats:
        """Label of each message: [N]; before any label the table gives ``unseen``, the classifier NaN."""
        if self.kind == "table":
            table = dict(self.known)
            return np.array([table.get(text, self.unseen) for text in messages], dtype=np.float64)
        if self.model is None:
            return np.full(len(messages), np.nan)
        return np.exp(-np.logaddexp(0.0, -self.model.score(hashed_words(messages, self.buckets))))
