"""Comparisons that a program makes: how far each response reaches on a criterion with a verifier."""

from __future__ import annotations

from rubricate.rubrics.model import Criterion
from rubricate.types import Sample, Verdict
from rubricate.verifiers.base import decide


def by_program(first: Sample, second: Sample, criterion: Criterion) -> Verdict:
    """A criterion with a verifier: how much more of its scale the first response reaches, in [-1, 1].

    On a criterion that is bad when met, the response that reaches less is better. A side that the program cannot decide
    is the outcome.
    """
    sides = decide(first, criterion), decide(second, criterion)
    for name, side in zip(("first", "second"), sides, strict=True):
        if side.value is None:
            return side._replace(reason=f"{name}: {side.reason}", order="program")
    a, b = sides[0].value or 0.0, sides[1].value or 0.0
    gap = (a - b) / (criterion.scale.max - criterion.scale.min)
    reason = f"first: {sides[0].reason}; second: {sides[1].reason}"
    value = -gap if criterion.bad_if_met and gap else gap
    return sides[0]._replace(value=value, reason=reason, evidence=(), order="program")
