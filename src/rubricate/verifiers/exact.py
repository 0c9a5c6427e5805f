"""``exact``: the response is the expected text."""

from __future__ import annotations

from collections.abc import Sequence

from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.normalise import as_texts, normalise, shown


@verifier("exact")
def exact(
    sample: Sample,
    expected: str | Sequence[str] | None = None,
    ignore_case: bool = True,
    ignore_whitespace: bool = True,
    ignore_punctuation: bool = False,
) -> Outcome:
    """Whether the response equals the expected text, or one of several; without one, the reference of the sample.

    Compared in Unicode form NFC. Without any expected text it cannot tell.
    """
    texts = as_texts(expected, "expected") if expected is not None else ()
    if not texts and sample.reference is None:
        return Outcome(None, "no expected text is given, and the sample has no reference")
    settings = (ignore_case, ignore_whitespace, ignore_punctuation)
    answer = answer_text(sample)
    plain = normalise(answer, *settings)
    for text in texts or (sample.reference or "",):
        if normalise(text.strip(), *settings) == plain:
            return Outcome(1.0, f"equals {shown(text)}", (answer,) if answer else ())
    wanted = " or ".join(shown(t) for t in texts[:3] or (sample.reference or "",))
    return Outcome(0.0, f"found {shown(answer)}; expected {wanted}")
