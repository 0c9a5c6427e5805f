"""What the formula of a policy sees, and ``Scores`` from plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.arrays import Bools, Floats, Ints, Scores, as_floats, as_group, check
from rubricate.rewards.outcome import Outcome
from rubricate.structure import Structure
from rubricate.types import STATES, State

_SCORED, _FAILED = STATES.index(State.SCORED), STATES.index(State.FAILED)


@dataclass(frozen=True, eq=False)
class Table:
    """What a formula sees: [N, C] arrays without NaN where ``use``; ``asked`` and ``skipped`` as they were."""

    values: Floats
    use: Bools
    asked: Bools
    skipped: Bools
    weights: Floats
    lo: Floats
    hi: Floats
    gate: Bools
    category: Ints
    group: Ints
    rubric: Ints
    structures: tuple[Structure, ...]
    context: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, at: Ints) -> Table:
        """The table of some rows only."""
        moved = {f.name: getattr(self, f.name)[at] for f in fields(self) if f.name not in ("structures", "context")}
        return replace(self, context={k: v[at] for k, v in self.context.items()}, **moved)

    def per_rubric(self) -> Iterator[tuple[Ints, Table, Structure]]:
        """Rows, their table (cut to the columns of the rubric) and the structure of each rubric."""
        for k, structure in enumerate(self.structures):
            at = np.flatnonzero(self.rubric == k)
            if len(at):
                yield at, self if len(at) == len(self) else self.rows(at), structure

    def leaf(self, rows: Iterable[ArrayLike], fill: Any) -> NDArray[Any]:
        """One array per rubric over its columns, as [N, C] (a broadcast view when there is one rubric)."""
        listed = [np.asarray(r) for r in rows]
        table = np.full((len(listed), self.values.shape[1]), fill, dtype=np.result_type(*listed))
        for k, row in enumerate(listed):
            table[k, : len(row)] = row
        return np.broadcast_to(table, self.values.shape) if len(listed) == 1 else table[self.rubric]


def each_rubric(table: Table, fn: Callable[[Table, Structure], Outcome]) -> Outcome:
    """``fn`` on the rows of each rubric with its structure, put together again."""
    values, code, mass = np.full(len(table), np.nan), np.zeros(len(table), dtype=np.int64), np.ones(len(table))
    for at, part, structure in table.per_rubric():
        values[at], code[at], mass[at] = fn(part, structure)
    return Outcome(values, code, mass)


def as_scores(
    values: ArrayLike,
    weights: ArrayLike = 1.0,
    *,
    asked: ArrayLike | None = None,
    lo: ArrayLike = 0.0,
    hi: ArrayLike = 1.0,
    gate: ArrayLike = False,
    category: ArrayLike = 0,
    group: ArrayLike | None = None,
    states: ArrayLike | None = None,
) -> Scores:
    """``Scores`` of one rubric from plain arrays: ``values[N, C]`` in [0, 1], the rest scalar, [C] or [N, C].

    >>> as_scores([[1.0, float("nan")]], [2.0, 1.0]).missing.tolist()
    [[False, True]]
    """
    verdicts = as_floats(values, "values")
    check(values=(verdicts, "N C"))
    shape = verdicts.shape
    on = np.ones(shape, dtype=np.bool_) if asked is None else np.asarray(asked, dtype=np.bool_)
    check(values=(verdicts, "N C"), asked=(on, "N C"))
    given = np.where(on, np.where(np.isnan(verdicts), _FAILED, _SCORED), -1)
    return Scores(
        values=verdicts, asked=on,
        weights=np.broadcast_to(as_floats(weights, "weights"), shape),
        lo=np.broadcast_to(as_floats(lo, "lo"), shape), hi=np.broadcast_to(as_floats(hi, "hi"), shape),
        gate=np.broadcast_to(np.asarray(gate, dtype=np.bool_), shape),
        category=np.broadcast_to(np.asarray(category, dtype=np.int64), shape),
        group=np.arange(shape[0]) if group is None else as_group(group, shape[0])[0],
        rubric=np.zeros(shape[0], dtype=np.int64), criteria=(tuple(f"c{j}" for j in range(shape[1])),),
        states=(given if states is None else np.asarray(states)).astype(np.int8),
    )  # fmt: skip
