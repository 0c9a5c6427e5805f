"""``length_target`` and ``overlong``: shapes of a wanted length. A band with soft ends is ``length`` itself."""

from __future__ import annotations

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, verifier
from rubricate.verifiers.length import measured


@verifier("length_target")
def length_target(
    sample: Sample, target: float, unit: str = "words", longer: float = 3.0, shorter: float = 2.0
) -> Outcome:
    """How near the length is to the target: ``1 - (n / target - 1) / longer`` above, ``1 - (target / n - 1) / shorter``
    below, never under 0.

    With the defaults the score falls to 0 at four times the target and at a third of it, as in LongBench-Write (S_l,
    arXiv 2408.07055, recalled).
    """
    if not (target > 0 and longer > 0 and shorter > 0):
        raise SettingError(f"target={target}, longer={longer}, shorter={shorter}", expected="numbers > 0")
    found = measured(sample, unit)
    if not found:
        return Outcome(0.0, f"0 {unit}; expected {target:g}")
    excess = (found / target - 1) / longer if found > target else (target / found - 1) / shorter
    return Outcome(max(0.0, 1.0 - excess), f"{found} {unit}; expected {target:g}")


@verifier("overlong")
def overlong(sample: Sample, max: float, buffer: float, unit: str = "words") -> Outcome:
    """1 up to ``max - buffer``, then a straight line to 0 at ``max``: 1 plus the soft over-long punishment of DAPO.

    ``1 - clip((n - (max - buffer)) / buffer, 0, 1)``. Length in ``unit``, not in tokens (arXiv 2503.14476, eq. 13).
    """
    if not 0 < buffer <= max:
        raise SettingError(f"max={max}, buffer={buffer}", expected="0 < buffer <= max")
    found = measured(sample, unit)
    excess = (found - (max - buffer)) / buffer
    value = 1.0 if excess <= 0 else 0.0 if excess >= 1 else 1.0 - excess
    return Outcome(value, f"{found} {unit}; expected at most {max - buffer:g}, none from {max:g}")
