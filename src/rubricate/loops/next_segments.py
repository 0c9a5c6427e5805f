"""Plain text as tasks with a reference: predict the next sentence, or the one that is missing (card 170)."""

from __future__ import annotations

from rubricate.errors import SettingError
from rubricate.types import Message, Sample
from rubricate.verifiers.segments import sentence_spans

NEXT = "Continue the text with its next sentence.\n\n"
MIDDLE = "Write the sentence that belongs in place of [...].\n\n"


def next_segments(
    text: str, *, id: str = "text", kind: str = "next", context: int = 1, ahead: int = 3
) -> tuple[Sample, ...]:
    """One task for each sentence that has ``context`` sentences before it: a prompt and its reference, no response.

    ``next``: the reference is the sentence and the ``ahead - 1`` after it, so that a judge in prefix mode can accept a
    response that says the first of them, or the first few. ``middle``: both sides are shown and the reference is the
    sentence alone; ``ahead`` is how much of what follows is shown. The text is cut, never changed. RLPT (arXiv
    2509.19249, recalled): its objective is E[next] + lambda E[middle].

    >>> [(s.task.split("\\n")[-1], s.reference) for s in next_segments("One. Two. Three.", ahead=1)]
    [('One.', 'Two.'), ('One. Two.', 'Three.')]
    """
    if kind not in ("next", "middle") or context < 1 or ahead < 1:
        what = f"kind={kind!r}, context={context}, ahead={ahead}"
        raise SettingError(what, expected="kind next or middle, context >= 1, ahead >= 1")
    spans = sentence_spans(text)
    out = []
    for k in range(context, len(spans)):
        start, end = spans[k]
        last = spans[min(k + ahead, len(spans)) - 1][1]
        before = text[:start].rstrip()
        if kind == "next":
            task, reference = f"{NEXT}{before}", text[start:last]
        elif k + 1 == len(spans):
            continue  # nothing behind it
        else:
            after = text[spans[k + 1][0] : spans[min(k + ahead, len(spans) - 1)][1]]
            task, reference = f"{MIDDLE}{before} [...] {after}", text[start:end]
        out.append(
            Sample(f"{id}/{kind}/{k}", (Message("user", task),), "", group=f"{id}/{kind}/{k}", reference=reference)
        )
    return tuple(out)
