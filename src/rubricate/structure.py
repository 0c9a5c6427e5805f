"""The criteria of a rubric as arrays over nodes: tree, stages, classes, tags. Policies that are not flat read it.

Rewards may not import rubrics; ``Rubric.structure()`` builds this value, and a policy takes it beside ``Scores``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints
from rubricate.errors import ShapeError, UnknownNameError

ON_FAILURE = ("continue", "stop", "zero")


@dataclass(frozen=True, eq=False)
class Stages:
    """The S stages of a rubric, in the order in which they are judged.

    ``required[S]``; ``min_score[S]`` in points (a required stage below it fails); ``max_points[S]`` caps its sum (NaN:
    no cap); ``on_failure[S]`` positions in ``ON_FAILURE``; ``on_failure_score[S]`` the total that ``zero`` leaves.
    """

    ids: tuple[str, ...]
    required: Bools
    min_score: Floats
    max_points: Floats
    on_failure: Ints
    on_failure_score: Floats

    @classmethod
    def of(cls, records: Sequence[Mapping[str, Any]]) -> Stages:
        """Stages from plain records with the fields of this class in the singular (``id``, ``required``, ...)."""

        def column(name: str, default: float) -> Floats:
            return np.array([default if r.get(name) is None else r[name] for r in records], dtype=np.float64)

        return cls(
            ids=tuple(str(r["id"]) for r in records),
            required=column("required", 0.0).astype(np.bool_),
            min_score=column("min_score", 0.0),
            max_points=column("max_points", np.nan),
            on_failure=np.array([ON_FAILURE.index(r.get("on_failure", "continue")) for r in records], dtype=np.int64),
            on_failure_score=column("on_failure_score", 0.0),
        )


@dataclass(frozen=True, eq=False)
class Structure:
    """The n nodes of a criteria tree, parents before children; the leaves are the C columns of ``Scores``.

    ``parent[n]`` -1 for a top criterion; ``column[n]`` the column of a leaf, -1 for an inner node; ``weight[n]``
    signed; ``critical[n]``; ``sequential[n]`` (of its children); ``deduction[n]`` points taken when met; ``void[n]``
    when met, the points of the parent are void; ``bad[n]`` a value of 1 means something bad; ``max_points[n]`` and
    ``min_score[n]`` (NaN: none); ``stage[n]`` position in ``stages`` or -1; ``classes[n]`` weight classes in lower
    case; ``tags[n]``; ``categories`` names of the category codes with their ``category_weights``.
    """

    ids: tuple[str, ...]
    parent: Ints
    column: Ints
    weight: Floats
    critical: Bools
    sequential: Bools
    deduction: Floats
    void: Bools
    bad: Bools
    max_points: Floats
    min_score: Floats
    stage: Ints
    classes: tuple[str, ...]
    tags: tuple[tuple[str, ...], ...]
    categories: tuple[str, ...]
    category_weights: Floats
    stages: Stages
    max_total: float = float("nan")

    def __post_init__(self) -> None:
        n = len(self.ids)
        for name in _PER_NODE:
            length = len(getattr(self, name))
            if length != n:
                raise ShapeError(f"{name} has length {length}", where=name, expected=f"[n] with n = {n}")
        if (self.parent >= np.arange(n)).any() or (self.parent < -1).any():
            raise ShapeError(f"parent is {self.parent.tolist()}", where="parent", expected="parents before children")
        inner = np.zeros(n, dtype=np.bool_)
        inner[self.parent[self.parent >= 0]] = True
        leaves = np.sort(self.column[~inner])
        if (self.column[inner] != -1).any() or leaves.tolist() != list(range(len(leaves))):
            raise ShapeError(
                f"column is {self.column.tolist()}", where="column", expected="0..C-1 on the leaves, -1 on inner nodes"
            )

    @classmethod
    def of(cls, parent: ArrayLike, **fields: Any) -> Structure:
        """A structure from the parents and whatever else differs from the defaults; leaves get columns in order.

        Negative weights, deductions and voids are ``bad`` unless said otherwise.

        >>> Structure.of([-1, 0, 0], critical=[False, True, False]).column.tolist()
        [-1, 0, 1]
        """
        parents = np.asarray(parent, dtype=np.int64)
        n = len(parents)
        leaf = ~np.isin(np.arange(n), parents)
        column = np.where(leaf, np.cumsum(leaf) - 1, -1)
        filled = {name: np.full(n, value) for name, value in _DEFAULTS.items()}
        given = {k: np.asarray(v, dtype=filled[k].dtype) for k, v in fields.items() if k in filled}
        more: dict[str, Any] = {
            "ids": tuple(f"n{i}" for i in range(n)),
            "column": column,
            "classes": ("",) * n,
            "tags": ((),) * n,
            "categories": ("",),
            "category_weights": np.ones(len(fields.get("categories", ("",)))),
            "stages": Stages.of(()),
        }
        rest = {k: v for k, v in fields.items() if k not in filled}
        for name, kind in (("category_weights", np.float64), ("column", np.int64)):
            if name in rest:
                rest[name] = np.asarray(rest[name], dtype=kind)
        if "bad" not in fields:
            taken = {k: given.get(k, filled[k]) for k in ("weight", "deduction", "void")}
            given["bad"] = (taken["weight"] < 0) | (taken["deduction"] > 0) | taken["void"]
        return cls(parent=parents, **(filled | given | more | rest))

    def __len__(self) -> int:
        return len(self.ids)

    def class_codes(self, names: Sequence[str], *, where: str = "") -> Ints:
        """[C] position of each leaf's weight class in ``names``, -1 without one; an unknown class raises."""
        code = {name.lower(): k for k, name in enumerate(names)} | {"": -1}
        found = [self.classes[node] for node in self.leaves]
        strange = [f for f in found if f not in code]
        if strange:
            raise UnknownNameError.among("weight class", strange[0], names, where=where)
        return np.array([code[f] for f in found], dtype=np.int64)

    @property
    def width(self) -> int:
        """C, the number of leaves."""
        return len(self.leaves)

    @cached_property
    def leaves(self) -> Ints:
        """[C] the node of each column."""
        nodes = np.flatnonzero(self.column >= 0)
        return nodes[np.argsort(self.column[nodes])]

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """Child nodes of every node, in order."""
        found: list[list[int]] = [[] for _ in self.ids]
        for node, parent in enumerate(self.parent.tolist()):
            if parent >= 0:
                found[parent].append(node)
        return tuple(tuple(f) for f in found)

    @cached_property
    def top(self) -> tuple[int, ...]:
        """The nodes without a parent."""
        return tuple(np.flatnonzero(self.parent < 0).tolist())


_DEFAULTS: dict[str, Any] = {
    "weight": 1.0,
    "critical": False,
    "sequential": False,
    "deduction": 0.0,
    "void": False,
    "bad": False,
    "max_points": float("nan"),
    "min_score": float("nan"),
    "stage": -1,
}
_PER_NODE = ("parent", "column", "classes", "tags", *_DEFAULTS)
