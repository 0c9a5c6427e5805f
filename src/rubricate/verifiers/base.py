"""Verifiers: programs that decide a criterion. One decorator registers a function.

A verifier takes the sample and its settings and returns True or False, a share in [0, 1], or an ``Outcome`` with a
reason, evidence, or no value (it cannot tell). The share is placed on the criterion's scale. A verifier that raises
gives a verdict in state ``failed``, with the error as its reason; it never becomes a score.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rubricate.errors import RubricateError, SettingError
from rubricate.registry import lookup, register
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample, State, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program found: ``value`` in [0, 1] or None (it cannot tell), a reason, quotes of the response."""

    value: float | None
    reason: str = ""
    evidence: tuple[str, ...] = ()


Verifier = Callable[..., "bool | float | Outcome"]


def verifier(name: str) -> Callable[[Verifier], Verifier]:
    """Register ``fn(sample, **settings)`` as the verifier ``name``.

    >>> @verifier("doctest/polite")
    ... def polite(sample: Sample, word: str = "please") -> bool:
    ...     return word in sample.response.lower()
    """
    return register("verifier", name)


def check_settings(criterion: Criterion) -> None:
    """Refuse a verifier that is not registered or settings that it does not take, before anything is judged."""
    spec = criterion.verifier
    if spec is None:
        return
    fn = lookup("verifier", spec.name)
    parameters = inspect.signature(fn).parameters
    try:
        inspect.signature(fn).bind(None, **spec.settings)
    except TypeError as error:
        raise SettingError(
            f"the verifier {spec.name!r}: {error}",
            where=f"criterion {criterion.id!r}",
            expected=f"settings among {[p for p in parameters if p != 'sample']}",
        ) from None


def decide(sample: Sample, criterion: Criterion) -> Verdict:
    """The verdict of the criterion's verifier about one sample."""
    spec = criterion.verifier
    if spec is None:
        raise SettingError(f"criterion {criterion.id!r} has no verifier", expected="verifier: NAME in the rubric")
    fn, judge = lookup("verifier", spec.name), f"verifier:{spec.name}"
    try:
        outcome = _outcome(fn(sample, **spec.settings))
    except (RubricateError, ValueError, TypeError, LookupError, ArithmeticError, OSError, RuntimeError) as error:
        # A program that breaks on one response is recorded as a failed verdict: it costs that verdict and no other.
        return Verdict(criterion.id, State.FAILED, reason=f"{type(error).__name__}: {error}", judge=judge)
    if outcome.value is None:
        return Verdict(criterion.id, State.ABSTAINED, reason=outcome.reason, judge=judge)
    scale = criterion.scale
    value = scale.min + outcome.value * (scale.max - scale.min)
    return Verdict(
        criterion.id, State.SCORED, value=value, reason=outcome.reason, evidence=outcome.evidence, judge=judge
    )


def _outcome(found: Any) -> Outcome:
    outcome = found if isinstance(found, Outcome) else Outcome(float(found))
    if outcome.value is not None and not 0.0 <= outcome.value <= 1.0:
        raise ValueError(f"a verifier returned {outcome.value!r}; expected True, False or a share in [0, 1]")
    return outcome
