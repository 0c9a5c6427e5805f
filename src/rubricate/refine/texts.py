"""What a criterion that a model wrote must not be: no sentence, a double of another one, a pointer at one answer.

The sentences are told back to the model, so they never repeat what it wrote or was shown.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rubricate.rubrics.lint import LintContext, lint
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.wording import no_sentence

SAME = ("R301-same-text", "R302-overlap")
FAULTS = {
    "R007-unprintable-text": "it holds characters that cannot be printed",
    "R301-same-text": "it has the text of a criterion that is there",
    "R302-overlap": "it says much the same as a criterion that is there",
    "R303-contradiction": "it wants the opposite of a criterion that is there",
    "R304-complement": "it is a criterion that is there, with wording and sign turned round",
    "R401-names-an-answer": "it points at one answer",
    "R402-quotes-a-candidate": "it quotes an answer",
}


def text_fault(
    text: str,
    others: Sequence[Criterion | str] = (),
    shown: Sequence[str] = (),
    *,
    bad_if_met: bool = False,
    rules: Collection[str] = tuple(FAULTS),
) -> str:
    """Why ``text`` cannot stand beside the criteria ``others``, or "". ``shown``: the answers that its writer saw.

    By words alone, ``rules`` among the lints R007, R301 to R304, R401, R402: a paraphrase passes.

    >>> text_fault("Names its source.", [Criterion(id="a", text="names its source")])
    'it has the text of a criterion that is there'
    """
    if why := no_sentence(text):
        return why
    known = tuple(_named(c, f"k{k}") for k, c in enumerate(others))
    new = Criterion(id="new", text=text, weight=-1.0 if bad_if_met else 1.0)
    context = LintContext(candidates={f"candidate-{k}": answer for k, answer in enumerate(shown, 1)})
    found = lint(Rubric(id="r", criteria=(*known, new)), context=context, rules=rules)
    return next((FAULTS[f.rule] for f in found if f.criterion == "new"), "")


def _named(criterion: Criterion | str, id: str) -> Criterion:
    if isinstance(criterion, str):
        return Criterion(id=id, text=criterion)
    return criterion.model_copy(update={"id": id, "children": ()})
