"""Progress towards a goal from several estimates that may disagree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, as_offsets, check
from rubricate.errors import SettingError


def fuse_progress(
    hop: ArrayLike,
    forward: ArrayLike,
    backward: ArrayLike,
    off: ArrayLike,
    start: ArrayLike = 0.0,
    *,
    alpha: float = 1.0,
    eps: float = 1e-6,
) -> Floats:
    """Share of the way done after each step, an estimate that freezes where its sources disagree: [M].

    ``hop[M]`` in [-1, 1] is the change made by the step: a share of what remains, or (below 0) of what is done;
    ``forward[M]`` and ``backward[M]`` say how far the state is, seen from the start and from the goal. With I the
    accumulated hops, ``I_t = I_{t-1} + d_t``, ``d_t = (1 - I_{t-1}) hop`` or ``I_{t-1} hop``; the mean ``m`` of I,
    forward and backward; ``w = exp(-alpha ((backward - forward) / (m + eps))^2)``: ``P_t = P_{t-1} + w / 2 (m_t -
    P_{t-1} + d_t)``. ``start`` (number or [N]) is the share before the first step. alpha 0 trusts all steps. NaN makes
    the rest of its row NaN. Card 125 (arXiv 2512.23703; its alpha is not known).

    >>> fuse_progress([0.5, 0.5], [0.5, 0.75], [0.5, 0.75], [0, 2]).tolist()
    [0.5, 0.75]
    """
    h, f, b = as_floats(hop, "hop"), as_floats(forward, "forward"), as_floats(backward, "backward")
    check(hop=(h, "M"), forward=(f, "M"), backward=(b, "M"))
    if alpha < 0:
        raise SettingError(f"alpha={alpha}", expected="a number >= 0")
    offsets = as_offsets(off, len(h))
    size = np.diff(offsets)
    first = as_floats(start, "start")
    if first.ndim:
        check(off=(offsets, "N+1"), start=(first, "N"))
    fused = np.broadcast_to(first, size.shape).copy()
    hops = fused.copy()
    out = np.empty(len(h))
    for t in range(int(size.max(initial=0))):  # step by step over all rows: each estimate needs the one before
        rows = np.flatnonzero(size > t)
        at = offsets[rows] + t
        change = np.where(h[at] >= 0, 1.0 - hops[rows], hops[rows]) * h[at]
        hops[rows] += change
        mean = (hops[rows] + f[at] + b[at]) / 3.0
        trust = np.exp(-alpha * ((b[at] - f[at]) / (mean + eps)) ** 2)
        fused[rows] += trust / 2.0 * (mean - fused[rows] + change)
        out[at] = fused[rows]
    return out
