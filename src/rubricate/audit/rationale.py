"""Does a verdict rest on the span that it cites: delete the span, delete another of its length, and look."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import as_floats, check
from rubricate.errors import SettingError


class RationaleTest(NamedTuple):
    """Shares of verdicts that move without the ``cited`` span and without a ``random`` one, and how many were known."""

    cited: float
    random: float
    n: int


def rationale_deletion(
    verdict: ArrayLike, without_cited: ArrayLike, without_random: ArrayLike, *, tolerance: float = 0.0
) -> RationaleTest:
    """``mean 1[|verdict_i - without_i| > tolerance]`` for both deletions, over the items that have all three: [N] each.

    A faithful rationale moves its verdict and other text does not. For the contrastive form give margins against the
    alternative instead of verdicts. Card 132 (abstract only; there on images).

    >>> rationale_deletion([1, 1, 0], [0, 0, 0], [1, 0, 0])
    RationaleTest(cited=0.6666666666666666, random=0.3333333333333333, n=3)
    """
    if tolerance < 0:
        raise SettingError(f"tolerance={tolerance}", expected="a number >= 0")
    v, cited, other = (
        as_floats(x, name)
        for x, name in ((verdict, "verdict"), (without_cited, "without_cited"), (without_random, "without_random"))
    )
    check(verdict=(v, "N"), without_cited=(cited, "N"), without_random=(other, "N"))
    known = ~(np.isnan(v) | np.isnan(cited) | np.isnan(other))
    n = int(known.sum())
    if not n:
        return RationaleTest(float("nan"), float("nan"), 0)
    moved = [float((np.abs(v - x)[known] > tolerance).mean()) for x in (cited, other)]
    return RationaleTest(moved[0], moved[1], n)


def span_deletions(text: str, span: str, rng: np.random.Generator) -> tuple[str, str]:
    """``text`` without ``span`` (its first occurrence), and without another span of its length, drawn evenly.

    The second does not overlap the first. SettingError when the text does not hold the span, or nothing as long beside.

    >>> span_deletions("aabb", "aa", np.random.default_rng(0))
    ('bb', 'aa')
    """
    start, size = text.find(span), len(span)
    if not size or start < 0:
        raise SettingError(f"the text does not hold the span {span!r}", expected="a span of the text, not empty")
    starts = [*range(start - size + 1), *range(start + size, len(text) - size + 1)]
    if not starts:
        raise SettingError(
            f"no other span of {size} characters in a text of {len(text)}", expected="a text with room beside the span"
        )
    at = starts[int(rng.integers(len(starts)))]
    return text[:start] + text[start + size :], text[:at] + text[at + size :]
