"""From labelled parts of a response (sentences, steps) to tokens: where parts lie, the first wrong one, whose credit.

Parts and tokens are placed by character offsets into the same text, so no tokenizer is needed here and none can drift.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_offsets, check
from rubricate.credit.layout import finite
from rubricate.errors import ShapeError
from rubricate.reduce import segment_reduce, spread


def token_segments(
    token_start: ArrayLike, token_off: ArrayLike, start: ArrayLike, end: ArrayLike, off: ArrayLike
) -> Ints:
    """Index of the part in which each token begins, -1 between parts: int[L].

    ``token_start[L]`` is the first character of each token in its response (``token_off[N+1]``); ``start[M]`` and
    ``end[M]`` bound the parts of the responses (``off[N+1]``), in order and without overlap. A token that begins in the
    space before a part (" The") belongs to that part when it reaches into it, which is when the next token of the row
    begins behind the part's start. Card 107.

    >>> token_segments([0, 3, 4, 8, 9], [0, 5], [0, 5], [4, 10], [0, 2]).tolist()
    [0, 0, 1, 1, 1]
    """
    first, low, high = (_whole(x, name) for x, name in ((token_start, "token_start"), (start, "start"), (end, "end")))
    tokens, parts = as_offsets(token_off, len(first), "token_off"), as_offsets(off, len(low))
    check(token_start=(first, "L"), start=(low, "M"), end=(high, "M"), off=(parts, "N+1"), token_off=(tokens, "N+1"))
    size = 1 + int(max(first.max(initial=0), high.max(initial=0)))
    row, part_row = (spread(np.arange(len(tokens) - 1), o).astype(np.int64) for o in (tokens, parts))
    begin, stop = part_row * size + low, part_row * size + high
    if (high <= low).any() or (begin[1:] < stop[:-1]).any():
        raise ShapeError(
            "the parts are empty, overlap or are out of order", where="start", expected="start < end <= next"
        )
    place = row * size + first
    last = np.ones(len(place), dtype=np.bool_)
    last[:-1] = row[1:] != row[:-1]
    reach = np.where(last, (row + 1) * size - 1, np.append(place[1:], 0) - 1)
    index = np.searchsorted(stop, place, side="right")  # the first part that ends behind the token's first character
    inside = index < len(begin)
    inside[inside] = begin[index[inside]] <= np.maximum(place, reach)[inside]
    return np.where(inside, index, -1).astype(np.int64)


def on_tokens(x: ArrayLike, index: ArrayLike, *, outside: float = 0.0) -> Floats:
    """The value ``x[M]`` of each token's part by ``index[L]`` (``token_segments``), ``outside`` where it is -1: [L].

    >>> on_tokens([1.0, -1.0], [0, 0, -1, 1]).tolist()
    [1.0, 1.0, 0.0, -1.0]
    """
    values, where = as_floats(x, "x"), _whole(index, "index")
    check(x=(values, "M"), index=(where, "L"))
    if ((where < -1) | (where >= len(values))).any():
        raise ShapeError("an index names no part", where="index", expected=f"-1, or 0 to {len(values) - 1}")
    return np.append(values, outside)[where]


def first_error(step_scores: ArrayLike, off: ArrayLike, *, threshold: float = 0.5) -> Floats:
    """Index in its row of the first step below the threshold, -1 when none is; NaN where an unknown one decides: [N].

    Derived from the labels of all steps, never asked for. Card 150, protocol P8.

    >>> first_error([1, 0, 0, 1, 1, float("nan"), 0], [0, 3, 5, 7]).tolist()
    [1.0, -1.0, nan]
    """
    values = finite(step_scores, "step_scores", "M")
    offsets = as_offsets(off, len(values))
    inner = np.arange(len(values)) - spread(offsets[:-1], offsets)
    stops = np.where(np.isnan(values) | (values < threshold), inner, np.inf)
    found = np.full(len(offsets) - 1, np.inf)
    some = np.diff(offsets) > 0
    found[some] = segment_reduce(stops, offsets, "min")[some]
    hit = np.isfinite(found)
    unknown = np.zeros(len(found), dtype=np.bool_)
    unknown[hit] = np.isnan(values[(offsets[:-1][hit] + found[hit]).astype(np.int64)])
    return np.where(hit, np.where(unknown, np.nan, found), -1.0)


def selective(advantage: ArrayLike, step_scores: ArrayLike, off: ArrayLike, *, threshold: float = 0.5) -> Floats:
    """The row's advantage on the steps that deserve it, 0 on the others: ``A_i [(A_i >= 0) == (score >= threshold)]``.

    ``advantage[N]``, ``step_scores[M]`` -> [M]. A right step of a bad row is not punished, a wrong step of a good row
    is not rewarded; NaN in either gives NaN. Card 150 (44.0 against 41.1 for the outcome alone in its ablation).

    >>> selective([1.0, -1.0], [1, 0, 1, 0], [0, 2, 4]).tolist()
    [1.0, 0.0, 0.0, -1.0]
    """
    row, scores = as_floats(advantage, "advantage"), finite(step_scores, "step_scores", "M")
    check(advantage=(row, "N"), off=(off, "N+1"))
    each = np.asarray(spread(row, as_offsets(off, len(scores))))
    kept = np.where((each >= 0) == (scores >= threshold), each, 0.0)
    return np.where(np.isnan(scores) | np.isnan(each), np.nan, kept)


def _whole(x: ArrayLike, name: str) -> Ints:
    check(**{name: (x, "M")})
    values = np.asarray(x)
    if values.size and values.dtype.kind not in "iu":
        raise ShapeError(
            f"{name} has shape {values.shape} and dtype {values.dtype}", where=name, expected="whole numbers"
        )
    return values.astype(np.int64)
