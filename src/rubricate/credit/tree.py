"""Rollout trees: values of nodes from the outcomes of their leaves, and advantages of edges.

``parent[n]`` gives the parent of each node, -1 for a root; parents stand before their children; several trees may
stand in one array. Values and advantages are float[n], the advantage of a node being that of the step that led to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, check
from rubricate.credit.layout import finite
from rubricate.credit.normalise import center
from rubricate.errors import ShapeError, UnknownNameError
from rubricate.reduce import group_stat

HOWS = ("mean", "children", "max", "min")
AGAINST = ("parent", "root", "both", "siblings")
SCALES = ("none", "siblings", "sqrt_leaves")


def backup(leaf_reward: ArrayLike, parent: ArrayLike, how: str = "mean") -> Floats:
    """Value of each node from the leaves below it: float[n].

    ``how``: ``mean`` over the leaves (card 50), ``children``, the mean over the children's values (card 123), ``max``,
    ``min``. ``leaf_reward[n]`` is NaN at inner nodes (a number there is a ShapeError) and at leaves without a verdict,
    which take no part; a node without any known leaf is NaN. Equal leaves give exactly their value.

    >>> backup([float("nan")] * 3 + [1, 0, 1, 1], [-1, 0, 0, 1, 1, 2, 2]).tolist()
    [0.75, 0.5, 1.0, 1.0, 0.0, 1.0, 1.0]
    """
    if how not in HOWS:
        raise UnknownNameError.among("backup", how, HOWS)
    reward = finite(leaf_reward, "leaf_reward", "n")
    nodes, depth = _tree(parent)
    check(leaf_reward=(reward, "n"), parent=(nodes, "n"))
    if (~np.isnan(reward) & ~_leaves(nodes)).any():
        raise ShapeError("an inner node has a reward", where="leaf_reward", expected="NaN at nodes with children")
    levels = _levels(depth)
    low, high = (_gather(np.where(np.isnan(reward), end, reward), nodes, levels, fn) for end, fn in _EXTREMES)
    low, high = (np.where(np.isinf(x), np.nan, x) for x in (low, high))
    if how in ("min", "max"):
        return low if how == "min" else high
    known = (~np.isnan(reward)).astype(np.float64)
    if how == "mean":
        mean = _ratio(_gather(np.nan_to_num(reward), nodes, levels, np.add), _gather(known, nodes, levels, np.add))
    else:
        mean = _mean_of_children(reward, known, nodes, levels)
    return np.clip(mean, low, high)


def edge(
    value: ArrayLike, parent: ArrayLike, against: str = "parent", *, scale: str = "none", eps: float = 1e-8
) -> Floats:
    """Advantage of each step in the tree, 0 at roots: float[n].

    ``against``: ``parent``, V(n) - V(parent); ``root``, V(n) - V(root); ``both``, their sum; ``siblings``, V(n) less
    the mean over the children of its parent. ``scale``: ``siblings``, divided by their (population) standard deviation
    + eps, 0 where they are equal; ``sqrt_leaves``, by the root of the number of leaves below, so that a shared prefix
    is not counted once per leaf. Along a path the parent edges add up to leaf - V(root). A NaN value gives NaN.

    ``both`` with ``sqrt_leaves`` is TreeRL's form, taken for card 50 (arXiv 2601.06922), whose own combination is not
    known (recalled); ``parent``, plain or over siblings, is card 123 (arXiv 2505.23564), which drops the edges of 0.

    >>> edge([0.75, 0.5, 1.0, 1.0, 0.0, 1.0, 1.0], [-1, 0, 0, 1, 1, 2, 2]).tolist()
    [0.0, -0.25, 0.25, 0.5, -0.5, 0.0, 0.0]
    """
    for kind, name, known in (("reference", against, AGAINST), ("scale", scale, SCALES)):
        if name not in known:
            raise UnknownNameError.among(kind, name, known)
    v = finite(value, "value", "n")
    nodes, _ = _tree(parent)
    check(value=(v, "n"), parent=(nodes, "n"))
    up = np.maximum(nodes, 0)
    if against == "parent":
        out = v - v[up]
    elif against == "siblings":
        out = center(v, nodes, min_count=1)
    else:
        out = v - v[_roots(nodes)] + (v - v[up] if against == "both" else 0.0)
    if scale == "sqrt_leaves":
        out = out / np.sqrt(leaf_counts(nodes))
    elif scale == "siblings":
        unit = group_stat(v, nodes, "std")
        out = np.divide(out, unit + eps, out=np.where(np.isnan(out), np.nan, 0.0), where=unit > 0)
    return np.where(nodes < 0, 0.0, out)


def leaf_counts(parent: ArrayLike) -> Floats:
    """Number of leaves below each node (1 for a leaf): float[n].

    >>> leaf_counts([-1, 0, 0, 1, 1]).tolist()
    [3.0, 2.0, 1.0, 1.0, 1.0]
    """
    nodes, depth = _tree(parent)
    return _gather(_leaves(nodes).astype(np.float64), nodes, _levels(depth), np.add)


def _tree(parent: ArrayLike) -> tuple[Ints, Ints]:
    """Parents, checked, and the depth of each node (by pointer doubling)."""
    check(parent=(parent, "n"))
    nodes = np.asarray(parent)
    if nodes.dtype.kind not in "iu" or (nodes >= np.arange(len(nodes))).any() or (nodes < -1).any():
        raise ShapeError(
            "parent is not a tree", where="parent", expected="integers, -1 at roots, each parent before its children"
        )
    nodes = nodes.astype(np.int64, copy=False)
    depth, jump = (nodes >= 0).astype(np.int64), nodes
    while (jump >= 0).any():
        depth = depth + np.where(jump >= 0, depth[jump], 0)
        jump = np.where(jump >= 0, jump[jump], -1)
    return nodes, depth


def _levels(depth: Ints) -> list[Ints]:
    """Nodes of each depth, the deepest first, without the roots."""
    order = np.argsort(-depth, kind="stable")
    return np.split(order, np.cumsum(np.bincount(depth)[::-1]))[:-2] if len(depth) else []


def _leaves(nodes: Ints) -> Bools:
    out = np.ones(len(nodes), dtype=np.bool_)
    out[nodes[nodes >= 0]] = False
    return out


def _roots(nodes: Ints) -> Ints:
    root = np.where(nodes >= 0, nodes, np.arange(len(nodes)))
    while (nodes[root] >= 0).any():
        root = root[root]
    return root


def _gather(x: Floats, nodes: Ints, levels: list[Ints], fn: np.ufunc) -> Floats:
    """``fn`` over each node and all below it."""
    out = x.copy()
    for at in levels:
        fn.at(out, nodes[at], out[at])
    return out


def _mean_of_children(reward: Floats, known: Floats, nodes: Ints, levels: list[Ints]) -> Floats:
    total, count = np.nan_to_num(reward), known.copy()
    for at in levels:
        value, seen = _ratio(total[at], count[at]), count[at] > 0
        np.add.at(total, nodes[at], np.where(seen, value, 0.0))
        np.add.at(count, nodes[at], seen)
    return _ratio(total, count)


def _ratio(total: Floats, count: Floats) -> Floats:
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


_EXTREMES: tuple[tuple[float, np.ufunc], ...] = ((np.inf, np.minimum), (-np.inf, np.maximum))
