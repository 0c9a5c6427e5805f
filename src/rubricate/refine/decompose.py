"""Recursive decompose and filter: coarse criteria are split until they tell answers apart; bad ones are dropped."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import CallError, SettingError
from rubricate.refine.filters import misaligned

Judge = Callable[[Sequence[str]], Awaitable[ArrayLike]]
Clash = Callable[[str, Sequence[str]], Awaitable[str]]


class Splitter(Protocol):
    """Splits a criterion that too many answers satisfy."""

    async def split(self, text: str, answers: Sequence[int], accepted: Sequence[str]) -> Sequence[str]:
        """Finer criteria in place of ``text``, which the answers at these places satisfy; CallError when it cannot."""
        ...


class Decomposed(NamedTuple):
    """Criteria that were ``accepted``; ``rejected`` with the reason; ``split`` parents that made room for children;
    whether the cap of rejects ``stopped`` the work; criteria ``left`` in the queue then. ``undecided``: those on which
    the clash gave no verdict, with the state of its call; run them again when it answers."""

    accepted: tuple[str, ...]
    rejected: tuple[tuple[str, str], ...]
    split: tuple[str, ...]
    stopped: bool
    left: tuple[str, ...]
    undecided: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class DecomposeFilter:
    """RRD: split what more than ``satisfied_gt`` answers satisfy, down to ``max_depth``; reject what fails a filter.

    A criterion is rejected when no answer satisfies it, when the weak model's answer satisfies it and the strong one's
    does not (``misalignment``), when it repeats or contradicts an accepted one (``clash``), when it cannot be split, or
    when the judge gave no verdict that decides. A clash that fails (CallError) decides nothing: the criterion is left
    ``undecided``, neither accepted nor counted as a reject. The work stops at ``max_rejects``. Card 17 (arXiv
    2602.05125).
    """

    satisfied_gt: int = 2
    max_depth: int = 3
    max_rejects: int = 15
    misalignment: bool = True

    def __post_init__(self) -> None:
        if self.satisfied_gt < 1 or self.max_depth < 0 or self.max_rejects < 1:
            raise SettingError(f"{self!r}", expected="satisfied_gt >= 1, max_depth >= 0, max_rejects >= 1")

    async def run(
        self,
        criteria: Sequence[str],
        judge: Judge,
        splitter: Splitter,
        *,
        weak: int | None = None,
        strong: int | None = None,
        clash: Clash | None = None,
    ) -> Decomposed:
        """Decompose ``criteria``. ``judge(texts)`` gives verdicts [C, A] in [0, 1] on A answers, NaN where missing.

        ``weak`` and ``strong`` are the places of the two models' answers among them; both are counted like the others.
        ``clash(text, accepted)`` gives a reason to reject, or an empty text (``LlmClash`` asks a model).
        """
        queue = deque((text, 0) for text in dict.fromkeys(criteria))
        seen = set(criteria)
        accepted: list[str] = []
        rejected: list[tuple[str, str]] = []
        undecided: list[tuple[str, str]] = []
        parents: list[str] = []
        while queue and len(rejected) < self.max_rejects:
            text, depth = queue.popleft()
            verdicts = _row(await judge([text]))
            met = np.flatnonzero(verdicts >= 0.5)
            if len(met) > self.satisfied_gt and depth < self.max_depth:
                try:
                    children = await splitter.split(text, met.tolist(), accepted)
                except CallError as error:
                    rejected.append((text, f"could not be split ({error.state})"))
                    continue
                parents.append(text)
                fresh = [c for c in dict.fromkeys(children) if c not in seen]
                seen.update(fresh)
                queue.extend((c, depth + 1) for c in fresh)
                continue
            try:
                reason = self._fault(verdicts, weak, strong) or (await clash(text, accepted) if clash else "")
            except CallError as error:
                undecided.append((text, f"no verdict on a clash ({error.state})"))
                continue
            if reason:
                rejected.append((text, reason))
            else:
                accepted.append(text)
        left = tuple(text for text, _ in queue)
        return Decomposed(tuple(accepted), tuple(rejected), tuple(parents), bool(left), left, tuple(undecided))

    def _fault(self, verdicts: Floats, weak: int | None, strong: int | None) -> str:
        if not (verdicts >= 0.5).any():
            return "no verdict" if np.isnan(verdicts).any() else "no answer satisfies it"
        if self.misalignment and weak is not None and strong is not None:
            if np.isnan(verdicts[[weak, strong]]).any():
                return "no verdict on the weak or the strong answer"
            if misaligned(verdicts[[weak]], verdicts[[strong]])[0]:
                return "the weak answer satisfies it, the strong one does not"
        return ""


def _row(found: ArrayLike) -> Floats:
    table = as_floats(found, "verdicts")
    check(verdicts=(table, "1 A"))
    return np.asarray(table[0])
