"""How two responses are laid out for one comparison: masked letters, fenced material, what may be answered.

The response shown first is A, whoever wrote it; ids and names never reach the prompt. Documents and references of both
samples stand before the responses, so both orders of a pair share that prefix.
"""

from __future__ import annotations

import functools

from rubricate.errors import SettingError
from rubricate.judges.base import WHOLE
from rubricate.judges.layout import by_identity
from rubricate.llm.parse import ABSTAIN
from rubricate.llm.prompts import fence_name, fenced, fill, template
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.scale import Scale
from rubricate.types import Message, Sample

FIRST, SECOND, NEITHER = "A", "B", "C"
_QUESTION = "Which response is better."
_TIE = f", {NEITHER} if neither is"


@functools.cache
def whole_question(ties: bool) -> tuple[Criterion, ...]:
    """The question about the responses as wholes: A is 1, B is -1, C (when ties are offered) is 0."""
    labels = {FIRST: 1.0, SECOND: -1.0} | ({NEITHER: 0.0} if ties else {})
    return (Criterion(id=WHOLE, text=_QUESTION, scale=Scale(kind="labels", min=-1.0, labels=labels)),)


@functools.lru_cache(maxsize=4096)
def _question(name: str, text: str, bad: bool) -> Criterion:
    first, *more = text.splitlines()
    marked = "\n".join([f"{first} (bad when met)" if bad else first, *more])
    return Criterion(id=name, text=marked, scale=Scale(kind="pairwise", min=-2.0, max=2.0))


@by_identity
def questions(rubric: Rubric) -> tuple[Criterion, ...]:
    """The criteria that a model compares, each with the answers -2..2; those with a verifier are left out."""
    return tuple(_question(c.id, c.text, c.bad_if_met) for c in rubric.leaves if c.verifier is None)


@functools.lru_cache(maxsize=1024)
def system_message(name: str, reasons: bool, ties: bool, abstain: bool, weigh: str) -> Message:
    """The fixed part of the prompt; ``weigh`` is the text of the rubric, for comparisons of wholes."""
    reason = '"reason": "one sentence", ' if reasons else ""
    cannot = f" Answer {ABSTAIN} if the material does not settle it." if abstain else ""
    text = fill(template(name), {"fields": reason, "tie": _TIE if ties else "", "abstain": cannot})
    return Message("system", f"{text}\n{weigh}" if weigh else text)


@by_identity
def weighed(rubric: Rubric) -> str:
    """The criteria of a rubric as what to weigh, with weights that differ from 1, and its guidelines.

    >>> print(weighed(Rubric(id="r", criteria=[{"id": "a", "text": "Is polite.", "weight": 3}])))
    Weigh:
    - Is polite. (weight 3)
    """
    lines = ["Weigh:"]
    for leaf in rubric.leaves:
        notes = [f"weight {abs(leaf.weight):g}"] if abs(leaf.weight) != 1 else []
        notes += ["bad when met"] if leaf.bad_if_met else []
        lines.append(f"- {' '.join(leaf.text.split())}" + (f" ({', '.join(notes)})" if notes else ""))
    return "\n".join([*lines, rubric.guidelines] if rubric.guidelines else lines)


def shared_blocks(samples: tuple[Sample, ...]) -> list[tuple[str, str]]:
    """Task, documents and references of samples that answer one prompt, each text once; SettingError if they do not."""
    tasks = {s.task for s in samples}
    if len(tasks) != 1:
        raise SettingError(
            f"{len(tasks)} different prompts among {[s.id for s in samples]}",
            where="samples",
            expected="responses to one prompt",
            hint="Compare within groups only",
        )
    documents = dict.fromkeys(d for s in samples for d in s.documents)
    references = dict.fromkeys(s.reference for s in samples if s.reference is not None)
    blocks = [("task", samples[0].task), *(("document", d) for d in documents)]
    return blocks + [("reference", r) for r in references]


def response_blocks(sample: Sample, name: str) -> list[tuple[str, str]]:
    """The steps of a response, if it has any, and its text, under the name that masks whose it is."""
    steps = [(f"step {k} of response {name}", s.text) for k, s in enumerate(sample.steps, 1)]
    return [*steps, (f"response {name}", sample.response)]


def fence_blocks(blocks: list[tuple[str, str]], secret: str) -> str:
    """All blocks, fenced by one tag that none of them contains."""
    fence = fence_name("\x1f".join(text for _, text in blocks), secret)
    return "\n".join(fenced(label, text, fence) for label, text in blocks)


def pair_material(first: Sample, second: Sample, swapped: bool, secret: str) -> str:
    """The fenced material of a pair; swapped shows the second response as A."""
    a, b = (second, first) if swapped else (first, second)
    blocks = shared_blocks((first, second))
    return fence_blocks([*blocks, *response_blocks(a, FIRST), *response_blocks(b, SECOND)], secret)
