"""Arrays of scores: the layout in which judges and rewards meet.

Axes: N rows (responses), C criteria, P groups (prompts), M steps or tokens in CSR form (``off int[N+1]``, row i owns
``x[off[i]:off[i+1]]``). Two kinds of "no value" stay apart: ``asked=False`` (the criterion does not apply, or a gate
had decided) and NaN in ``values`` (asked, no answer).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rubricate.errors import ShapeError
from rubricate.types import STATES, Judgement, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_STATE_CODE = {state: code for code, state in enumerate(STATES)}


def check(**named: tuple[Any, str]) -> None:
    """Check rank and lengths of several arrays at once; equal letters must have equal lengths.

    ``check(scores=(scores, "N C"), weights=(weights, "C"))``. A digit is a fixed length, ``N+1`` one more than N, and
    ``|`` separates allowed forms (``"C | N C"``). Raises ShapeError naming the argument, its shape and the rule.

    >>> check(scores=(np.zeros((2, 3)), "N C"), weights=(np.zeros(3), "C"))
    """
    sizes: dict[str, tuple[int, str]] = {}
    for name, (array, forms) in named.items():
        shape = np.shape(_array(array, name))
        fitting = [f.split() for f in forms.split("|") if len(f.split()) == len(shape)]
        if not fitting:
            raise ShapeError(f"{name} has shape {shape}", where=name, expected=f"[{forms}]")
        for length, axis in zip(shape, fitting[0], strict=True):
            base, _, plus = axis.partition("+")
            if base.isdigit():
                sizes.setdefault(base, (int(base), "the rule"))
            known = sizes.setdefault(base, (length - int(plus or 0), name))
            if known[0] + int(plus or 0) != length:
                raise ShapeError(
                    f"{name} has shape {shape}",
                    where=name,
                    expected=f"[{forms}] with {base} = {known[0]} from {known[1]}",
                )


def as_floats(x: ArrayLike, name: str, *, infinite: bool = False) -> Floats:
    """``x`` as float64, NaN where missing; ShapeError when it is ragged, not numeric, or holds an infinite value.

    One infinite value would spoil its whole row or group in silence; ``infinite`` lets them through.
    """
    try:
        values = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"{name} is not a numeric array ({error})", where=name, expected="numbers of one shape"
        ) from None
    if not infinite and np.isinf(values).any():
        raise ShapeError(
            f"{name} has shape {values.shape} and holds infinite values", where=name,
            expected="finite numbers, NaN where missing",
        )  # fmt: skip
    return values


def as_weights(x: ArrayLike, name: str, *, negative: bool = False) -> Floats:
    """``x`` as weights: finite, none missing, and none below 0 unless ``negative``; ShapeError otherwise."""
    values = as_floats(x, name)
    rule = "finite weights" if negative else "weights >= 0"
    if np.isnan(values).any():
        raise ShapeError(f"{name} has shape {values.shape} and holds missing values (NaN)", where=name, expected=rule)
    if not negative and (values < 0).any():
        raise ShapeError(f"{name} holds negative values, down to {values.min():g}", where=name, expected=rule)
    return values


def as_bools(x: ArrayLike, name: str) -> Bools:
    """``x`` as booleans; ShapeError for other values than True, False, 1 and 0 (a missing one is neither)."""
    flags = _array(x, name)
    if flags.dtype == np.bool_:
        return np.asarray(flags, dtype=np.bool_)
    if flags.dtype.kind not in "iuf" or not ((flags == 0) | (flags == 1)).all():
        raise ShapeError(
            f"{name} has shape {flags.shape} and holds other values than 0 and 1", where=name,
            expected="booleans, or 0 and 1",
        )  # fmt: skip
    return flags.astype(np.bool_)


def _array(x: ArrayLike, name: str) -> NDArray[Any]:
    """``x`` as an array of any dtype; ShapeError when it is ragged."""
    try:
        return np.asarray(x)
    except ValueError as error:
        raise ShapeError(f"{name} is not an array ({error})", where=name, expected="values of one shape") from None


def as_group(group: ArrayLike, n: int, name: str = "group") -> tuple[Ints, int]:
    """Group ids of any kind as dense codes 0..P-1, and P. Ids may come in any order."""
    ids = _array(group, name)
    if ids.shape != (n,):
        raise ShapeError(f"{name} has shape {ids.shape}", where=name, expected=f"[N] with N = {n}")
    if ids.dtype.kind == "f" and not np.isfinite(ids).all():
        raise ShapeError(f"{name} holds values that are not finite", where=name, expected="one id per row")
    if ids.dtype.kind in "iu" and n and ids.min() >= 0 and ids.max() < 4 * n:
        present = np.zeros(int(ids.max()) + 1, dtype=np.bool_)
        present[ids] = True
        if present.all():
            return ids.astype(np.int64, copy=False), len(present)
        return (np.cumsum(present) - 1)[ids], int(present.sum())
    unique, codes = np.unique(ids, return_inverse=True)
    return codes.astype(np.int64, copy=False), len(unique)


def as_offsets(off: ArrayLike, total: int, name: str = "off") -> Ints:
    """CSR offsets, checked: starts at 0, never falls, ends at ``total``."""
    offsets = _array(off, name)
    if offsets.ndim != 1 or len(offsets) == 0 or offsets.dtype.kind not in "iu":
        raise ShapeError(
            f"{name} has shape {offsets.shape} and dtype {offsets.dtype}",
            where=name,
            expected="integers [N+1]",
        )
    if offsets[0] != 0 or offsets[-1] != total or (np.diff(offsets) < 0).any():
        raise ShapeError(
            f"{name} runs from {offsets[0]} to {offsets[-1]}" + (", and falls" if (np.diff(offsets) < 0).any() else ""),
            where=name,
            expected=f"sorted offsets from 0 to {total}",
        )
    return offsets.astype(np.int64, copy=False)


def own_offsets(off: ArrayLike, name: str = "off") -> Ints:
    """CSR offsets whose last entry says how many items there are, checked as by ``as_offsets``."""
    last = _array(off, name).ravel()[-1:]
    return as_offsets(off, int(last[0]) if last.size and last.dtype.kind in "iu" else 0, name)


@dataclass(frozen=True)
class Columns:
    """What scoring needs to know about the criteria of one rubric, as arrays over its C leaves.

    ``lo`` and ``hi`` bound the scale; ``flip`` marks criteria that are bad if met but carry a positive weight: their
    value enters as 1 - v. ``gate`` marks required or fatal criteria; ``category`` an integer per section.
    """

    ids: tuple[str, ...]
    weights: Floats
    lo: Floats
    hi: Floats
    flip: Bools
    gate: Bools
    category: Ints
    tags: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Scores:
    """Verdicts as arrays. ``values[N, C]`` in [0, 1] (NaN: asked, no answer), ``asked[N, C]``, the rest per criterion.

    ``weights``, ``lo``, ``hi``, ``gate``, ``category`` are [N, C] (broadcast views when all rows share a rubric).
    ``rubric[N]`` says which rubric, ``criteria[k]`` names the columns of rubric k; columns past its end are not asked.
    ``digests[k]`` is the digest of rubric k. ``states[N, C]`` codes the verdict state (position in
    ``rubricate.types.STATES``; -1: no verdict).
    """

    values: Floats
    asked: Bools
    weights: Floats
    lo: Floats
    hi: Floats
    gate: Bools
    category: Ints
    group: Ints
    rubric: Ints
    criteria: tuple[tuple[str, ...], ...]
    states: NDArray[np.int8]
    samples: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def missing(self) -> Bools:
        """[N, C]: asked, and no value."""
        return self.asked & np.isnan(self.values)

    @property
    def native(self) -> Floats:
        """[N, C] values in the units of their scales: lo + v (hi - lo)."""
        return self.lo + self.values * (self.hi - self.lo)

    @property
    def coverage(self) -> Floats:
        """[N] share of asked criteria that have a value; NaN where nothing was asked."""
        asked = self.asked.sum(1)
        return np.divide(asked - self.missing.sum(1), asked, out=np.full(len(self), np.nan), where=asked > 0)

    def with_weights(self, weights: ArrayLike) -> Scores:
        """The same verdicts under other weights ([C] or [N, C]); no call is made."""
        return replace(self, weights=np.broadcast_to(as_floats(weights, "weights"), self.values.shape))

    def env(self, **more: Any) -> dict[str, Any]:
        """The environment for steps: scores, asked, weights, category, gate_mask, group and what is added."""
        own = {"scores": self.values, "asked": self.asked, "weights": self.weights, "category": self.category}
        return own | {"gate_mask": self.gate, "group": self.group} | more


def pack(judgements: Sequence[Judgement], columns: Mapping[str, Columns], group: ArrayLike | None = None) -> Scores:
    """Judgements as arrays; ``columns`` maps rubric digests to their columns.

    A criterion without a verdict is not asked; ``skipped`` is not asked; every other state but ``scored`` is NaN.
    Values outside their scale, unknown criteria and doubled verdicts raise ShapeError: nothing is clipped in silence.
    """
    digests = list(dict.fromkeys(j.rubric for j in judgements))
    unknown = [d for d in digests if d not in columns]
    if unknown:
        raise ShapeError(
            f"no columns for rubric {unknown[0]!r}", where="columns", expected=f"digests {sorted(columns)}"
        )
    tables = [columns[d] for d in digests]
    code = {d: k for k, d in enumerate(digests)}
    rubric = np.fromiter((code[j.rubric] for j in judgements), dtype=np.int64, count=len(judgements))
    width = max((len(t.ids) for t in tables), default=0)
    values, states = _fill(judgements, [t.ids for t in tables], rubric, width)
    _check_states(values, states, judgements, tables, rubric)
    spread = {
        name: _spread([getattr(t, name) for t in tables], rubric, width)
        for name in ("weights", "lo", "hi", "gate", "category", "flip")
    }
    lo, hi = spread["lo"].astype(np.float64), spread["hi"].astype(np.float64)
    _check_range(values, lo, hi, judgements, tables, rubric)
    values = (values - lo) / np.where(hi > lo, hi - lo, 1.0)
    if spread["flip"].any():
        values = np.where(spread["flip"].astype(np.bool_), 1.0 - values, values)
    asked = (states >= 0) & (states != _STATE_CODE[State.SKIPPED])
    groups = np.arange(len(judgements)) if group is None else as_group(group, len(judgements))[0]
    return Scores(
        values=values, asked=asked, weights=spread["weights"], lo=lo, hi=hi, gate=spread["gate"].astype(np.bool_),
        category=spread["category"].astype(np.int64), group=groups, rubric=rubric,
        criteria=tuple(t.ids for t in tables), states=states, samples=tuple(j.sample for j in judgements),
        digests=tuple(digests),
    )  # fmt: skip


def _fill(
    judgements: Sequence[Judgement], ids: Sequence[tuple[str, ...]], rubric: Ints, width: int
) -> tuple[Floats, NDArray[np.int8]]:
    values = np.full((len(judgements), width), np.nan)
    states = np.full((len(judgements), width), -1, dtype=np.int8)
    where = [{name: j for j, name in enumerate(row)} for row in ids]
    nan = float("nan")
    for i, judgement in enumerate(judgements):
        verdicts = judgement.verdicts
        found, expected = tuple([v.criterion for v in verdicts]), ids[rubric[i]]
        row = [nan if v.value is None else v.value for v in verdicts]
        codes = [_STATE_CODE[v.state] for v in verdicts]
        if found == expected:
            values[i, : len(row)], states[i, : len(row)] = row, codes
            continue
        if len(set(found)) < len(found) or not set(found) <= set(expected):
            strange = [f for f in found if f not in where[rubric[i]] or found.count(f) > 1]
            raise ShapeError(
                f"verdicts for {strange[0]!r}", where=f"judgement of {judgement.sample!r}",
                expected=f"at most one verdict for each of {list(expected)}",
            )  # fmt: skip
        place = [where[rubric[i]][f] for f in found]
        values[i, place], states[i, place] = row, codes
    return values, states


def _spread(per_rubric: Sequence[NDArray[Any]], rubric: Ints, width: int) -> NDArray[Any]:
    """[C] arrays per rubric -> [N, C]; a broadcast view when there is one rubric."""
    if len(per_rubric) == 1:
        return np.broadcast_to(per_rubric[0], (len(rubric), width))
    table = np.zeros((len(per_rubric), width), dtype=per_rubric[0].dtype if per_rubric else np.float64)
    for k, row in enumerate(per_rubric):
        table[k, : len(row)] = row
    return table[rubric]


def _check_states(
    values: Floats, states: NDArray[np.int8], judgements: Sequence[Judgement], tables: Sequence[Columns], rubric: Ints
) -> None:
    wrong = (states >= 0) & (np.isnan(values) == (states == _STATE_CODE[State.SCORED]))
    if wrong.any():
        i, j = (int(k) for k in np.argwhere(wrong)[0])
        raise ShapeError(
            f"the verdict for {tables[rubric[i]].ids[j]!r} is {values[i, j]:g} in state {STATES[states[i, j]]}",
            where=f"judgement of {judgements[i].sample!r}", expected="a value if and only if the state is 'scored'",
        )  # fmt: skip


def _check_range(
    values: Floats,
    lo: Floats,
    hi: Floats,
    judgements: Sequence[Judgement],
    tables: Sequence[Columns],
    rubric: Ints,
) -> None:
    with np.errstate(invalid="ignore"):
        outside = (values < lo) | (values > hi)
    if outside.any():
        i, j = (int(k) for k in np.argwhere(outside)[0])
        name = tables[rubric[i]].ids[j]
        raise ShapeError(
            f"the verdict for {name!r} is {values[i, j]:g}", where=f"judgement of {judgements[i].sample!r}",
            expected=f"a value in [{lo[i, j]:g}, {hi[i, j]:g}]",
        )  # fmt: skip
