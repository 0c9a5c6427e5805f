"""What the instructions share: the decorator, the eight readings of the loose rule, checks of their settings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, Verifier, answer_text, verifier

Check = Callable[[str], Outcome]
RELATIONS = ("less than", "at least")
_LOOSE = inspect.Parameter("loose", inspect.Parameter.KEYWORD_ONLY, default=False, annotation="bool")
_SAMPLE = inspect.Parameter("sample", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation="Sample")


def instruction(kind: str) -> Callable[[Callable[..., Check]], Verifier]:
    """Register ``make(**settings) -> check of a text`` as the verifier ``ifeval/KIND`` with the setting ``loose``.

    ``make`` refuses settings out of range, the check decides one reading of the response.
    """

    def wrap(make: Callable[..., Check]) -> Verifier:
        @functools.wraps(make)
        def decided(sample: Sample, *, loose: bool = False, **settings: object) -> Outcome:
            check = make(**settings)
            text = _as_written(sample)
            if not loose:
                return check(text) if text.strip() else Outcome(0.0, "the response is empty")
            return _any_reading(check, text)

        parameters = inspect.signature(make).parameters.values()
        decided.__signature__ = inspect.Signature([_SAMPLE, *parameters, _LOOSE])  # type: ignore[attr-defined]
        return verifier(f"ifeval/{kind}")(decided)

    return wrap


def readings(text: str) -> dict[str, str]:
    """The distinct readings of the loose rule that are not blank, each with how it was made.

    >>> readings("Sure!\\n*yes*")
    {'Sure!\\n*yes*': 'as written', 'Sure!\\nyes': 'without *', '*yes*': 'without line 1', 'Sure!': 'without the last \
line', 'yes': 'without line 1 and *'}
    """
    lines = text.split("\n")
    parts = {
        "as written": text,
        "without line 1": "\n".join(lines[1:]).strip(),
        "without the last line": "\n".join(lines[:-1]).strip(),
        "without the first and last line": "\n".join(lines[1:-1]).strip(),
    }
    found: dict[str, str] = {}
    for name, part in parts.items():
        found.setdefault(part, name)
        if name == "as written":
            found.setdefault(text.replace("*", ""), "without *")
    for name, part in parts.items():
        found.setdefault(part.replace("*", ""), f"{name} and *")
    return {part: name for part, name in found.items() if part.strip()}


def _any_reading(check: Check, text: str) -> Outcome:
    first = Outcome(0.0, "the response is empty")
    for k, (part, name) in enumerate(readings(text).items()):
        found = check(part)
        if found.value:
            return found if name == "as written" else Outcome(found.value, f"{name}: {found.reason}", found.evidence)
        first = found if k == 0 else first
    return first


def _as_written(sample: Sample) -> str:
    """The response untrimmed, as the published code reads it, or the trimmed rest where reasoning was cut out."""
    answer = answer_text(sample)
    return sample.response if len(answer) == len(sample.response.strip()) else answer


def outcome(good: bool, reason: str, evidence: Sequence[str] = ()) -> Outcome:
    """Followed or not, with up to three quotes."""
    return Outcome(float(good), reason, tuple(e for e in evidence[:3] if e.strip()))


def compared(found: int, relation: str, threshold: int, unit: str, evidence: Sequence[str] = ()) -> Outcome:
    """Whether the count is below the threshold ("less than"), or not below it ("at least")."""
    good = found < threshold if relation == "less than" else found >= threshold
    return outcome(good, f"{found} {unit}; expected {relation} {threshold}", evidence)


def whole(**numbers: object) -> None:
    """Refuse what is no whole number from 0 (the published code draws one at random there)."""
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise SettingError(f"{name}={value!r}", expected="a whole number from 0")


def texts(**values: object) -> None:
    """Refuse what is no text or blank (the published code draws a word at random there)."""
    for name, value in values.items():
        if not isinstance(value, str) or not value.strip():
            raise SettingError(f"{name}={value!r}", expected="a text that is not blank")


def related(relation: object) -> None:
    """Refuse a relation that is not one of the two published."""
    if relation not in RELATIONS:
        raise SettingError(f"the relation {relation!r}", expected=" or ".join(RELATIONS))
