"""What the formula of a policy sees, and ``Scores`` from plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.arrays import Bools, Floats, Ints, Scores, as_bools, as_floats, as_group, as_weights, check
from rubricate.errors import ShapeError
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


def _codes(category: ArrayLike) -> Ints:
    """Category codes, which name the sections of a structure by position."""
    check(category=(category, "| C | N C"))
    codes = np.asarray(category)
    if codes.dtype.kind not in "iu":
        raise ShapeError(
            f"category has shape {codes.shape} and dtype {codes.dtype}", where="category", expected="integers from 0"
        )
    return codes.astype(np.int64, copy=False)


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
    on = np.ones(shape, dtype=np.bool_) if asked is None else as_bools(asked, "asked")
    check(values=(verdicts, "N C"), asked=(on, "N C"))
    per_criterion: dict[str, NDArray[Any]] = {
        "weights": as_weights(weights, "weights", negative=True), "lo": as_floats(lo, "lo"), "hi": as_floats(hi, "hi"),
        "gate": as_bools(gate, "gate"), "category": _codes(category),
    }  # fmt: skip
    for name, array in per_criterion.items():
        if array.ndim:
            check(values=(verdicts, "N C"), **{name: (array, "C | N C")})
    rows = {name: np.broadcast_to(array, shape) for name, array in per_criterion.items()}
    given = np.where(on, np.where(np.isnan(verdicts), _FAILED, _SCORED), -1)
    return Scores(
        values=verdicts, asked=on,
        weights=rows["weights"], lo=rows["lo"], hi=rows["hi"], gate=rows["gate"], category=rows["category"],
        group=np.arange(shape[0]) if group is None else as_group(group, shape[0])[0],
        rubric=np.zeros(shape[0], dtype=np.int64), criteria=(tuple(f"c{j}" for j in range(shape[1])),),
        states=(given if states is None else np.asarray(states)).astype(np.int8),
    )  # fmt: skip
