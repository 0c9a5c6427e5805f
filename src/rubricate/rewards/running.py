"""A quantity on the scale of its recent past, as a function of arrays."""

from __future__ import annotations

from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.rewards.makers import RunningNormalizer


def running_scale(
    x: ArrayLike,
    earlier: ArrayLike = (),
    *,
    window: int = 1000,
    low: float = 0.05,
    high: float = 0.95,
    transform: str = "sqrt",
    invert: bool = False,
) -> Floats:
    """``x[N]`` in [0, 1] by the percentiles of the last ``window`` values of ``earlier[H]`` followed by ``x``: [N].

    ``RunningNormalizer`` with its state handed in as the values themselves, oldest first; NaN enters no percentile and
    stays NaN. ``invert``: 1 for the cheapest. Card 129 (arXiv 2506.09033).

    >>> running_scale([0.0, 4.0], [1.0] * 50 + [0.0, 4.0] * 10, invert=True).tolist()
    [1.0, 0.0]
    """
    scale = RunningNormalizer(window, low, high, transform, invert)
    check(earlier=(as_floats(earlier, "earlier"), "H"))
    return scale.apply(scale.update(scale.update(scale.init(), earlier), x), x)
