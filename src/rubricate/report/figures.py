"""Small charts in HTML and CSS: bars, bars around zero, a histogram, shades of one scale.

One accent colour for amounts; a scale from orange (bad for the reward) over grey to blue (good), which colour-blind
readers can tell apart; every figure carries its number, so that nothing is told by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rubricate.arrays import Floats
from rubricate.report.markup import Markup, tag
from rubricate.report.numbers import number, short

SHADES = 9


def shade(good: float) -> str:
    """The class of a value in [0, 1]: v0 (worst) to v8 (best).

    >>> shade(0.0), shade(0.5), shade(1.0)
    ('v0', 'v4', 'v8')
    """
    return f"v{min(SHADES - 1, int(good * SHADES))}"


def bar(share: float, cls: str = "") -> Markup:
    """A bar over a track; ``share`` in [0, 1], NaN leaves the track empty."""
    width = 0.0 if math.isnan(share) else min(max(share, 0.0), 1.0)
    return tag("span", tag("i", style=f"width:{100 * width:.1f}%"), cls=f"bar {cls}".strip(), aria_hidden="true")


def zero_bar(x: float, low: float, high: float) -> Markup:
    """A bar that starts at zero on an axis from ``low`` <= 0 to ``high`` >= 0."""
    size = high - low
    if math.isnan(x) or not size > 0:
        return tag("span", cls="bar zero none", aria_hidden="true")
    left, width = 100 * (min(x, 0.0) - low) / size, 100 * abs(x) / size
    piece = tag("i", cls="neg" if x < 0 else "pos", style=f"left:{left:.1f}%;width:{width:.1f}%")
    axis = tag("b", style=f"left:{100 * -low / size:.1f}%") if low < 0 else None
    return tag("span", piece, axis, cls="bar zero", aria_hidden="true")


def bins(x: Floats, most: int = 24) -> tuple[list[str], list[int]]:
    """Labels and counts of a histogram: one bar per value where there are at most 12, else round-numbered bins.

    >>> bins(np.array([0.0, 0.5, 0.5]))
    (['0', '0.5'], [1, 2])
    """
    values, counts = np.unique(np.round(x, 9), return_counts=True)
    if len(values) <= 12:
        return [short(float(v)) for v in values], counts.tolist()
    step = _round_step((values[-1] - values[0]) / most)
    first = math.floor(values[0] / step + 1e-9)
    edges = np.round(np.arange(first, math.ceil(values[-1] / step - 1e-9) + 1) * step, 9)
    whole = np.r_[min(edges[0], values[0]), edges[1:-1], max(edges[-1], values[-1])]
    counts = np.histogram(values, whole, weights=counts)[0]
    return [f"{short(float(a))} to {short(float(b))}" for a, b in pairwise(edges)], counts.astype(int).tolist()


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return float(next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= step * (1 - 1e-9)))


def histogram(x: Floats, unit: str) -> Markup:
    """How often each value comes; the counts stand on the bars where there is room, and in the label of each."""
    labels, counts = bins(x)
    top = max(counts)
    single = len(labels) <= 12
    columns = [
        tag(
            "span",
            tag("b", n if n and (single or n == top) else ""),
            tag("i", style=_height(n / top)),
            tag("em", label if single else ""),
            title=f"{label}: {n}",
        )
        for label, n in zip(labels, counts, strict=True)
    ]
    span = f"from {number(float(x.min()))} to {number(float(x.max()))}"
    said = f"{len(x)} {unit}, {span}, most of them at {labels[int(np.argmax(counts))]}"
    ends = () if single else (labels[0].split(" to ")[0], labels[-1].split(" to ")[1])
    axis = tag("div", tag("span", ends[0]), tag("span", ends[1]), cls="ends") if ends else None
    return tag("figure", tag("div", columns, cls="hist", role="img", aria_label=said), axis)


def _height(share: float) -> str:
    """The height of a column below the line that its number needs."""
    return f"height:calc((100% - 1.3rem) * {share:.3f})"


def series(values: Floats, labels: Sequence[str], said: str) -> Markup:
    """One column per value, from 0 (or the lowest below it) up to 1 (or the highest); none where it is NaN.

    The first, the last and every further value can be read: on the columns at the ends, in the label of each.
    """
    known = values[~np.isnan(values)]
    low, high = min(0.0, float(known.min(initial=0.0))), max(1.0, float(known.max(initial=1.0)))
    columns = []
    for k, (v, label) in enumerate(zip(values, labels, strict=True)):
        shown = "" if math.isnan(v) else number(float(v), 2)
        share = 0.0 if math.isnan(v) else (float(v) - low) / (high - low)
        end = shown if k in (0, len(values) - 1) else ""
        title = f"{label}: {shown or 'none'}"
        columns.append(tag("span", tag("b", end), tag("i", style=_height(share)), title=title))
    axis = tag("div", tag("span", labels[0]), tag("span", labels[-1]), cls="ends")
    return tag("figure", tag("div", columns, cls="hist", role="img", aria_label=said), axis)
