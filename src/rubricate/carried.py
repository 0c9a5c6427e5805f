"""Factors on criterion weights that follow the verdicts while a model trains: kept by prompt, for one process.

The maker (``rewards.ContrastWeights``) is a pure function of a state; this is the one place that keeps states between
batches. A trainer meets a prompt again after an epoch, in another batch beside other prompts, so states are kept by
rubric and prompt and laid out as the arrays that a recipe reads.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from rubricate.arrays import Floats, Ints, Scores
from rubricate.errors import SettingError
from rubricate.rewards.group import criterion_stats
from rubricate.rewards.makers import ContrastWeights

Key = tuple[str, str]


class CarriedFactors:
    """Factors by rubric and prompt. A prompt that was never seen has factors of 1. Safe for threads."""

    def __init__(self, maker: ContrastWeights) -> None:
        self.maker = maker
        self._states: dict[Key, Floats] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._states)

    def learn(self, scores: Scores, prompts: Sequence[str]) -> Floats:
        """The factors for this batch [P, C], prompts in the order of ``scores.group``; they then follow its verdicts.

        What pays a batch was fixed before it: the verdicts of a batch move the factors of the next. ``prompts[N]`` is
        the text of each row's prompt. SettingError when the rows of one group are judged by different rubrics.
        """
        first = _first_rows(scores)
        keys = [(scores.digests[scores.rubric[i]], prompts[i]) for i in first]
        width = scores.values.shape[1]
        with self._lock:
            before = np.ones((len(keys), width))
            for row, key in enumerate(keys):
                state = self._states.get(key)
                if state is not None:
                    before[row, : len(state)] = state
            stats = criterion_stats(scores.values, scores.group, scores.asked)
            after = self.maker.update(before, stats, scores.weights[first], scores.category[first])
            for row, key in enumerate(keys):
                self._states[key] = after[row, : len(scores.criteria[scores.rubric[first[row]]])]
        return before

    def of(self, rubric: str, prompt: str) -> Floats | None:
        """The factors [C] of a rubric (its digest) and a prompt; None when they were never seen together."""
        return self._states.get((rubric, prompt))


def _first_rows(scores: Scores) -> Ints:
    """[P] the first row of each group, in the order of the group codes."""
    _, first, codes = np.unique(scores.group, return_index=True, return_inverse=True)
    mixed = scores.rubric != scores.rubric[first][codes]
    if mixed.any():
        raise SettingError(
            f"row {int(np.flatnonzero(mixed)[0])} has another rubric than the first row of its group",
            expected="one rubric per group, where weights follow the verdicts of the group",
        )
    return np.asarray(first, dtype=np.int64)
