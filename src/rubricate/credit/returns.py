"""Returns along ragged rows: sums, minima and maxima of what follows, GAE, differences of values, shaping.

All functions take ``x[M]`` with ``off[N+1]`` and give [M]. ``keep[M]`` (or ``mask[M]``) marks the items that count,
such as generated tokens; the others get 0 and pass on what follows them. ``missing`` says what an unknown item (NaN)
does: ``propagate`` (what depends on it is NaN) or ``drop_item`` (it takes no part, and receives what follows it; NaN
where nothing known follows).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Bools, Floats, Ints, as_floats, as_offsets, check
from rubricate.credit.layout import as_mask, finite
from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.reduce import spread

OPS = ("sum", "min", "max")
_PIECE = 256  # items per piece of a row; longer rows are scanned as pieces, then linked
_ROWS = 4096  # rows per block, so that a block stays in the cache


def suffix(
    x: ArrayLike,
    off: ArrayLike,
    op: str = "sum",
    *,
    gamma: float = 1.0,
    keep: ArrayLike | None = None,
    missing: str = "propagate",
) -> Floats:
    """Return-to-go: ``y_t = x_t + gamma y_{t+1}``, or ``min(x_t, y_{t+1})``, or ``max``: [M].

    ``min`` is the return of card 67 (arXiv 2504.15275, its strict form): a step shares the worst of what follows.
    Sums, minima and GAE's lambda returns are one scan, ordered from the end of each row.

    >>> suffix([1.0, 2.0, 4.0], [0, 2, 3], gamma=0.5).tolist()
    [2.0, 2.0, 4.0]
    >>> suffix([0.9, 0.2, 0.8], [0, 3], "min").tolist()
    [0.2, 0.2, 0.8]
    """
    values = finite(x, "x", "M")
    offsets = as_offsets(off, len(values))
    used = as_mask(keep, len(values), "keep")
    _known(op, gamma, missing)
    known = ~np.isnan(values)
    dropping = missing == "drop_item" and not known.all()
    if dropping:
        values = np.where(known, values, {"sum": 0.0, "min": np.inf, "max": -np.inf}[op])
    kept, inner = _kept(offsets, used)
    out = np.zeros(len(values))
    out[kept] = _scan(values[kept], inner, op, gamma)
    if dropping:
        follows = _scan(known[kept].astype(np.float64), inner, "max", 1.0)
        out[kept] = np.where(follows > 0, out[kept], np.nan)
    return out


def prefix(
    x: ArrayLike,
    off: ArrayLike,
    op: str = "sum",
    *,
    gamma: float = 1.0,
    keep: ArrayLike | None = None,
    missing: str = "propagate",
) -> Floats:
    """The mirror of ``suffix``: ``y_t = x_t + gamma y_{t-1}``, or the running minimum or maximum: [M].

    >>> prefix([1.0, 2.0, 4.0], [0, 2, 3]).tolist()
    [1.0, 3.0, 4.0]
    """
    values = finite(x, "x", "M")
    offsets = as_offsets(off, len(values))
    back = None if keep is None else as_mask(keep, len(values), "keep")[::-1]
    return suffix(values[::-1], (len(values) - offsets)[::-1], op, gamma=gamma, keep=back, missing=missing)[::-1]


def following(x: ArrayLike, off: ArrayLike, last: ArrayLike = 0.0) -> Floats:
    """The value of the next item of the row, ``last`` (number or [N]) at its end: [M] (cards 125, 166).

    >>> following([1.0, 2.0, 4.0], [0, 2, 3]).tolist()
    [2.0, 0.0, 0.0]
    """
    values = finite(x, "x", "M")
    offsets = as_offsets(off, len(values))
    out = np.empty(len(values))
    out[:-1] = values[1:]
    rows = np.diff(offsets) > 0
    out[offsets[1:][rows] - 1] = _per_row(last, len(offsets) - 1, "last")[rows]
    return out


def gae(
    reward: ArrayLike,
    value: ArrayLike,
    off: ArrayLike,
    *,
    gamma: float = 1.0,
    lam: float = 0.95,
    mask: ArrayLike | None = None,
    terminal: ArrayLike = 0.0,
) -> Floats:
    """Generalised advantage: ``delta_t = r_t + gamma V_{t+1} - V_t``, ``A_t = delta_t + gamma lam A_{t+1}``: [M].

    ``reward[M]`` and ``value[M]`` per token. Tokens outside ``mask`` (observations) are skipped: the value and the
    advantage of the next generated token carry through them undiscounted, and they get 0. ``terminal`` (number or [N])
    is the value after the last token, 0 for an episode that ended. With gamma = lam = 1, A = return - V. Whiten
    afterwards; the targets of the critic are A + V. NaN spreads to the earlier tokens of its row. Recalled from
    Schulman et al. (arXiv 1506.02438); the treatment of observations is verl's.

    >>> gae([0.0, 1.0], [0.5, 0.5], [0, 2], lam=1.0).tolist()
    [0.5, 0.5]
    """
    rewards, values = finite(reward, "reward", "M"), finite(value, "value", "M")
    check(reward=(rewards, "M"), value=(values, "M"))
    offsets = as_offsets(off, len(rewards))
    kept, inner = _kept(offsets, as_mask(mask, len(rewards)))
    _known("sum", gamma, "propagate")
    if not 0.0 <= lam <= 1.0:
        raise SettingError(f"lam={lam}", expected="a number in [0, 1]")
    v = values[kept]
    ends = _per_row(terminal, len(offsets) - 1, "terminal")
    delta = rewards[kept] + gamma * following(v, inner, ends) - v
    out = np.zeros(len(rewards))
    out[kept] = _scan(delta, inner, "sum", gamma * lam)
    return out


def difference(
    x: ArrayLike,
    off: ArrayLike,
    start: ArrayLike,
    *,
    gamma: float = 1.0,
    terminal: str | float = "keep",
    missing: str = "propagate",
) -> Floats:
    """Progress made by each step: ``gamma x_t - x_{t-1}`` with ``x_t`` the value after step t: [M].

    ``start`` (number or [N]) is the value before the first step. ``terminal="keep"``: with gamma = 1 the sum over a
    row is ``x_last - start``. A number replaces the value after the last step, known or not: 0 makes the discounted
    sum independent of the path, which is what leaves the optimal policy alone (see ``potential_shaping``).
    ``missing="drop_item"`` takes the next known value against the last known one, so the sum still holds; the unknown
    step stays NaN. Cards 66, 70, 123, 149, 152, 158 (arXiv 2510.14967, 2410.08146, 2505.23564, 2412.01981, 2601.20218,
    2603.06194).

    >>> difference([0.25, 0.75, 0.5], [0, 2, 3], 0.25).tolist()
    [0.0, 0.5, 0.25]
    """
    values = finite(x, "x", "M")
    offsets = as_offsets(off, len(values))
    before = _per_row(start, len(offsets) - 1, "start")
    _known("sum", gamma, missing)
    if isinstance(terminal, str) and terminal != "keep":
        raise SettingError(f"terminal={terminal!r}", expected="'keep' or a number")
    rows = np.diff(offsets) > 0
    after = values.copy()
    if not isinstance(terminal, str):
        after[offsets[1:][rows] - 1] = terminal
    used = ~np.isnan(after) if missing == "drop_item" else np.ones(len(after), dtype=np.bool_)
    kept, inner = _kept(offsets, used)
    value = after[kept]
    previous = np.empty(len(value))
    previous[1:] = value[:-1]
    some = np.diff(inner) > 0
    previous[inner[:-1][some]] = before[some]
    out = np.full(len(values), np.nan)
    out[kept] = gamma * value - previous
    return out


def potential_shaping(potential: ArrayLike, off: ArrayLike, *, gamma: float, terminal: ArrayLike = 0.0) -> Floats:
    """``gamma P_{t+1} - P_t`` with ``potential[M]`` of the state before each step, ``terminal`` after the last: [M].

    The discounted sum over a row is ``gamma^T terminal - P_0``, so with terminal 0 no policy gains from it (Ng et al.
    1999); a terminal potential left in changes which policy is best. Card 125 (arXiv 2512.23703).

    >>> potential_shaping([0.0, 0.5], [0, 2], gamma=1.0).tolist()
    [0.5, -0.5]
    """
    values = finite(potential, "potential", "M")
    _known("sum", gamma, "propagate")
    offsets = as_offsets(off, len(values))
    return gamma * following(values, offsets, _per_row(terminal, len(offsets) - 1, "terminal")) - values


def look_ahead(x: ArrayLike, off: ArrayLike, *, alpha: float = 0.5, depth: int = 1) -> Floats:
    """``y_t = x_t + alpha (y'_{t+1} - x_t)`` with y' the same at one depth less, y' = x at depth 0: [M].

    A score corrected by what the ``depth`` next steps show; the last step of a row keeps its own. An unknown score
    makes the steps that look at it unknown. Card 68 (arXiv 2501.07861; the form is recalled).

    >>> look_ahead([1.0, 0.5, 0.0], [0, 3]).tolist()
    [0.75, 0.25, 0.0]
    """
    values = finite(x, "x", "M")
    offsets = as_offsets(off, len(values))
    if not 0.0 <= alpha <= 1.0 or depth < 0:
        raise SettingError(f"alpha={alpha}, depth={depth}", expected="alpha in [0, 1], depth >= 0")
    rows = np.diff(offsets) > 0
    last = offsets[1:][rows] - 1
    out = values
    for _ in range(depth):
        follows = following(out, offsets)
        follows[last] = values[last]
        out = (1.0 - alpha) * values + alpha * follows
    return out


def _known(op: str, gamma: float, missing: str) -> None:
    if op not in OPS:
        raise UnknownNameError.among("op", op, OPS)
    if not 0.0 <= gamma <= 1.0 or (op != "sum" and gamma != 1.0):
        raise SettingError(f"gamma={gamma} with op={op!r}", expected="a number in [0, 1]; 1 unless op is 'sum'")
    if missing not in ("propagate", "drop_item"):
        raise UnknownNameError.among("policy for missing values", missing, ("propagate", "drop_item"))


def _per_row(x: ArrayLike, n: int, name: str) -> Floats:
    """A number for all rows, or one per row."""
    values = as_floats(x, name)
    if values.ndim and values.shape != (n,):
        raise ShapeError(f"{name} has shape {values.shape}", where=name, expected=f"a number or [N] with N = {n}")
    return np.broadcast_to(values, (n,))


def _kept(offsets: Ints, used: Bools) -> tuple[Ints | slice, Ints]:
    """Positions of the items in use, and the offsets of the rows among them."""
    if used.all():
        return slice(None), offsets
    return np.flatnonzero(used), np.concatenate([[0], np.cumsum(used)])[offsets]


def _scan(x: Floats, offsets: Ints, op: str, gamma: float) -> Floats:
    """Scan every row from its end. Position by position over all rows of a block; long rows are cut into pieces."""
    size = np.diff(offsets)
    if size.max(initial=0) > _PIECE:
        return _scan_pieces(x, offsets, size, op, gamma)
    out = x.copy()
    for first in range(0, len(size), _ROWS):
        _scan_block(out, offsets[first + 1 : first + _ROWS + 1] - 1, size[first : first + _ROWS], op, gamma)
    return out


def _scan_block(out: Floats, last: Ints, size: Ints, op: str, gamma: float) -> None:
    longest = int(size.max(initial=0))
    longer = len(size) - np.cumsum(np.bincount(size, minlength=longest + 1))  # [t] rows with more than t items
    at = last[np.argsort(-size, kind="stable")][: longer[0]]
    carry = out[at]
    for t in range(1, longest):
        at = at[: longer[t]] - 1
        carry = _join(out[at], carry[: longer[t]], op, gamma)
        out[at] = carry


def _scan_pieces(x: Floats, offsets: Ints, size: Ints, op: str, gamma: float) -> Floats:
    """Cut rows into pieces from their end (all but the first are full), scan each, then carry from piece to piece."""
    count = -(-size // _PIECE)
    row_pieces = np.concatenate([[0], np.cumsum(count)])
    behind = spread(row_pieces[1:], row_pieces) - np.arange(row_pieces[-1])  # pieces from here to the row's end
    starts = np.maximum(spread(offsets[1:], row_pieces) - behind * _PIECE, spread(offsets[:-1], row_pieces))
    pieces = np.append(starts, offsets[-1])
    out = _scan(x, pieces, op, gamma)
    linked = _scan(out[starts], row_pieces, op, gamma**_PIECE)
    inner = behind > 1
    carry = np.append(linked[1:], 0.0)[inner]
    items = np.repeat(inner, np.diff(pieces))
    lengths = np.diff(pieces)[inner]
    if op == "sum" and gamma != 1.0:
        distance = np.repeat(pieces[1:][inner], lengths) - np.flatnonzero(items)
        out[items] += gamma**distance * np.repeat(carry, lengths)
    else:
        out[items] = _join(out[items], np.repeat(carry, lengths), op, 1.0)
    return out


def _join(x: Floats, follows: Floats, op: str, gamma: float) -> Floats:
    if op == "sum":
        return x + (follows if gamma == 1.0 else gamma * follows)
    return np.minimum(x, follows) if op == "min" else np.maximum(x, follows)
