"""What recorded verdicts show about each criterion of one rubric: the facts that decisions are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rubricate.arrays import Bools, Columns, Floats, Ints, as_floats, as_group, check
from rubricate.refine.filters import likeness
from rubricate.refine.found import Share, wilson_share
from rubricate.refine.recovery import matches
from rubricate.rubrics.model import Criterion, Rubric

NO_ROWS = np.empty(0, dtype=np.int64)


class Evidence(NamedTuple):
    """One criterion: answers ``judged`` and ``missing`` (asked, no verdict), mean place ``met`` on its scale, standard
    deviation ``spread``; the criterion it is most ``like`` and the correlation ``r`` with it, both turned to what is
    good; ``share`` of the ``pairs`` that it decides in which it speaks for the better side. NaN: not known."""

    judged: int = 0
    missing: int = 0
    met: float = float("nan")
    spread: float = float("nan")
    like: str = ""
    r: float = float("nan")
    share: float = float("nan")
    pairs: int = 0

    @property
    def asked(self) -> int:
        """Answers on which a verdict was asked for."""
        return self.judged + self.missing


@dataclass(frozen=True, eq=False)
class Judged:
    """Verdicts on the leaves of one rubric: ``values[N, C]`` in [0, 1] as ``pack`` gives them, NaN missing, and
    ``asked[N, C]``; ``group[N]`` the prompt of each answer. ``better[Q]`` and ``worse[Q]`` are rows of labelled pairs,
    ``strong`` and ``weak`` rows of answers of two models to one prompt; -1 where a side was not judged."""

    values: Floats
    asked: Bools
    group: Ints
    better: Ints = field(default_factory=lambda: NO_ROWS)
    worse: Ints = field(default_factory=lambda: NO_ROWS)
    strong: Ints = field(default_factory=lambda: NO_ROWS)
    weak: Ints = field(default_factory=lambda: NO_ROWS)

    def __post_init__(self) -> None:
        values = as_floats(self.values, "values")
        check(values=(values, "N C"), asked=(self.asked, "N C"), group=(self.group, "N"))
        check(better=(self.better, "Q"), worse=(self.worse, "Q"))
        check(strong=(self.strong, "Q"), weak=(self.weak, "Q"))
        object.__setattr__(self, "values", np.where(np.asarray(self.asked, dtype=np.bool_), values, np.nan))


@dataclass(frozen=True, eq=False)
class View:
    """A rubric with its verdicts, as the steps of refining read them."""

    rubric: Rubric
    judged: Judged

    def __post_init__(self) -> None:
        check(values=(self.judged.values, "N C"), leaves=(np.zeros(len(self.rubric.leaves)), "C"))

    @cached_property
    def leaves(self) -> tuple[Criterion, ...]:
        """The criteria of the columns."""
        return self.rubric.leaves

    @cached_property
    def columns(self) -> Columns:
        """Weights, flips and gates of the columns."""
        return self.rubric.columns()

    @cached_property
    def good(self) -> Floats:
        """float[N, C] the verdicts turned so that 1 is good for the reward."""
        return np.where(self.columns.weights < 0, 1.0 - self.judged.values, self.judged.values)

    @cached_property
    def known(self) -> Ints:
        """int[C] answers with a verdict."""
        return (~np.isnan(self.judged.values)).sum(0)

    @cached_property
    def gap(self) -> Floats:
        """float[Q, C] what is good of the better answers less that of the worse ones."""
        return gaps(self.good, self.judged.better, self.judged.worse)

    @cached_property
    def share(self) -> Share:
        """Of the pairs that each criterion tells apart, the share in which it speaks for the better side."""
        return wilson_share(matches(self.gap.T, ties="missing"), z=1.0)

    @cached_property
    def alike(self) -> Floats:
        """float[C, C] correlation of the criteria, each turned to what is good."""
        return likeness(self.good)

    @cached_property
    def protected(self) -> dict[int, str]:
        """Columns that verdicts alone may not take out, and what they are."""
        return {j: why for j, leaf in enumerate(self.leaves) if (why := self._special(leaf))}

    def _special(self, leaf: Criterion) -> str:
        if leaf.required:
            return "a gate"
        if leaf.deduction is not None or leaf.void_parent:
            return "a deduction of its parent"
        return "a step of a sequence" if leaf.id in self._ordered else ""

    @cached_property
    def _ordered(self) -> frozenset[str]:
        return in_sequence(self.rubric)

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """The facts about each criterion."""
        values, asked = self.judged.values, self.judged.asked
        known = ~np.isnan(values)
        met = np.where(self.columns.flip, 1.0 - values, values)
        n = np.maximum(self.known, 1)
        mean = np.where(self.known > 0, np.where(known, met, 0.0).sum(0) / n, np.nan)
        spread = np.sqrt(np.where(known, (met - mean) ** 2, 0.0).sum(0) / n)
        near = np.where(np.eye(len(n), dtype=np.bool_) | np.isnan(self.alike), 0.0, self.alike)
        twin = np.abs(near).argmax(1) if near.size else np.zeros(0, dtype=np.int64)
        found = []
        for j in range(len(n)):
            r = float(near[j, twin[j]])
            like = self.leaves[int(twin[j])].id if r else ""
            found.append(
                Evidence(
                    int(self.known[j]), int((np.asarray(asked)[:, j] & ~known[:, j]).sum()), float(mean[j]),
                    float(spread[j]) if self.known[j] else float("nan"), like, r if like else float("nan"),
                    float(self.share.share[j]), int(self.share.n[j]),
                )
            )  # fmt: skip
        return tuple(found)

    @cached_property
    def groups(self) -> Ints:
        """int[N] the prompts as codes; all one where no prompt has two answers, so that nothing could vary inside."""
        codes, count = as_group(self.judged.group, len(self.judged.values))
        return codes if count < len(codes) else np.zeros(len(codes), dtype=np.int64)


def gaps(good: Floats, better: Ints, worse: Ints) -> Floats:
    """``good[better] - good[worse]``: float[Q, C], NaN where a side was not judged (-1) or has no verdict."""
    known = (better >= 0) & (worse >= 0)
    return np.where(known[:, None], good[better] - good[worse], np.nan)


def in_sequence(rubric: Rubric) -> frozenset[str]:
    """Ids of the criteria that are steps of a sequence: what comes after one of them depends on it."""
    inner = [n for n in rubric.walk() if n.children and n.strategy == "sequential"]
    return frozenset(leaf.id for node in inner for leaf in node.leaves())
