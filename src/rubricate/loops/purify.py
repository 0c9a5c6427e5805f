"""Overwrite a failed tool call by its successful correction before training; card 121 (CLEANER, arXiv 2601.15141)."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from rubricate.errors import SettingError


class Turn(NamedTuple):
    """One turn of an agent: its reasoning, its tool call, and whether its log-probability must be computed again."""

    reasoning: str
    call: str
    recompute: bool = False


def purify_turn(failed: Turn, corrected: Turn | None, *, threshold: float = 0.5) -> Turn:
    """The turn to train on: the corrected call, with the original reasoning when the two calls are alike.

    ``ratio = difflib ratio of the calls``; below ``threshold`` reasoning and call come from the correction, else only
    the call does. Without a correction the failed turn stays. What was spliced in was sampled under another context,
    so ``recompute`` is set: stale log-probabilities would give wrong importance ratios.

    >>> purify_turn(Turn("I add.", "add(1, 2"), Turn("Oh, a bracket.", "add(1, 2)"))
    Turn(reasoning='I add.', call='add(1, 2)', recompute=True)
    """
    if not 0.0 <= threshold <= 1.0:
        raise SettingError(f"threshold={threshold}", expected="a number in [0, 1]")
    if corrected is None:
        return failed
    alike = difflib.SequenceMatcher(None, failed.call, corrected.call).ratio() >= threshold
    return Turn(failed.reasoning if alike else corrected.reasoning, corrected.call, True)
