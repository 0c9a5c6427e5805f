"""``same_answer``: a rule that certifies right and wrong, and says when it cannot tell: a first stage."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.final_answer import final_answer
from rubricate.verifiers.normalise import as_texts, normalise, shown
from rubricate.verifiers.numeric import Number, numbers

_MATH_MARKS = re.compile(r"\\(?:left|right|,|;|!|displaystyle)|[$\s]|\\text\{[^}]*\}")
_FRACTION = re.compile(r"\\[dt]?frac\{(-?\d+)\}\{(\d+)\}")


@verifier("same_answer")
def same_answer(
    sample: Sample,
    expected: str | Sequence[str] | None = None,
    rel_tol: float = 1e-6,
    near: float = 0.01,
    certify_wrong: bool = True,
) -> Outcome:
    """1 when the final answer is the expected one, 0 when both are bare numbers that differ, else no verdict.

    ``expected`` is one answer or several, by default the reference; both sides are cut to their final answer. A bare
    number has nothing beside it but signs, commas, brackets, one percent sign: "12 m" and "3x" are left to the next
    stage, and so are numbers within the share ``near`` of each other, of which one may be rounded. A response without
    an answer is certified wrong. Certifying wrong too keeps the false positives of the next judge out (protocol P12;
    cards 16 and 38); ``certify_wrong=False`` turns it off.
    """
    if not 0 <= rel_tol <= near:
        raise SettingError(f"rel_tol={rel_tol}, near={near}", expected="0 <= rel_tol <= near")
    texts = as_texts(expected, "expected") if expected is not None else ()
    if not texts and sample.reference is None:
        return Outcome(None, "no expected answer is given, and the sample has no reference")
    found = final_answer(answer_text(sample))
    wrong = 0.0 if certify_wrong else None
    if found is None:
        return Outcome(wrong, "the response holds no answer")
    wanted = [final_answer(t) or t for t in texts or (sample.reference or "",)]
    if any(_plain(found) == _plain(w) for w in wanted):
        return Outcome(1.0, f"{shown(found)} is the expected answer", _quote(found, sample))
    own, goals = _bare(found), [_bare(w) for w in wanted]
    if own is None or any(g is None for g in goals):
        return Outcome(None, "not both are bare numbers, and their texts differ")
    if any(g is not None and _equal(own, g, rel_tol) for g in goals):
        return Outcome(1.0, f"{shown(found)} equals the expected number", _quote(found, sample))
    if any(g is not None and (g.percent != own.percent or _equal(own, g, near)) for g in goals):
        return Outcome(None, f"{shown(found)} may be the expected number, rounded or as a percentage")
    return Outcome(wrong, f"{shown(found)} is another number than {shown(wanted[0])}", _quote(found, sample))


def _plain(text: str) -> str:
    return normalise(_MATH_MARKS.sub("", text)).strip(" .")


def _bare(text: str) -> Number | None:
    """The number that a text consists of; None when anything else stands beside it."""
    text = _FRACTION.sub(r"\1/\2", text).replace("$", "").strip(" .()[]{}")
    found = numbers(text)
    return found[0] if len(found) == 1 and found[0].text == text else None


def _equal(a: Number, b: Number, rel_tol: float) -> bool:
    return a.percent == b.percent and abs(a.value - b.value) <= rel_tol * abs(b.value)


def _quote(found: str, sample: Sample) -> tuple[str, ...]:
    return (found,) if found in sample.response else ()
