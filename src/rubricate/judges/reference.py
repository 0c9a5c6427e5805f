r"""The equivalence judge: does an answer say the same as the reference? Protocol P6; cards 16, 38, 71, 170.

The question is left out of the prompt unless it is asked for: with it, a judge that sees a well-known problem solves
the problem and passes answers without content (card 38: false positives of a 72B judge on GSM8K 87.6 -> 0 % without
it). An answer without content is refused by rule before the judge is asked (``verifiers.final_answer``).
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rubricate.errors import SettingError
from rubricate.judges.asking import Asking
from rubricate.judges.base import chunks, failed, needed, settings_digest
from rubricate.judges.layout import fence_all
from rubricate.judges.markers import NO_LOGPROBS, Marked, read_reply
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import strip_reasoning
from rubricate.llm.prompts import fill, prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Message, Sample, State, Usage, Verdict
from rubricate.verifiers.base import answer_text
from rubricate.verifiers.final_answer import final_answer, says_something

PARSER = "equivalence-1"
MARKERS: Mapping[str, float] = {"YES": 1.0, "NO": 0.0}
NO_ANSWER = "no_answer"  # the label of an answer that was refused by rule

_BOX = re.compile(r"\\boxed\s*\{\s*(?:\\text\s*\{)?\s*([^{}]*?)\s*\}")
_MARKS = " \t\r\n.*_`\"'[](){}!"
_RELATIONS = {
    "equal": "says the same as the reference",
    "prefix": "says the same as the reference or as the beginning of it, in the same order and without anything else",
}
_UNITS = {
    "strict": "Units must be given and agree, converted where needed: 20 is not 20 dB, 0.5 m is 50 cm.",
    "lenient": "A unit that is left out is no fault; a wrong unit is.",
}
_FORMS = "Other forms of the same value are equal: simplified, rounded to two decimals, a choice by letter or content."
_PARTS = {
    "any_order": "An answer of several parts needs all of them, in any order.",
    "in_order": "An answer of several parts needs all of them, in the order of the reference.",
}
_REFERENCES = {
    "any": "Of several references one that fits is enough.",
    "all": "Several references are parts of one answer: all must be met.",
}
_REPLIES = {
    "label": "Reply with one word: YES or NO.",
    "boxed": r"Think briefly, then end with \boxed{YES} or \boxed{NO}.",
}
_CHOICES = {
    "empty": ("wrong", "skip"),
    "answer": tuple(_REPLIES),
    "without_logprobs": ("unreadable", "label"),
    "mode": tuple(_RELATIONS),
    "units": tuple(_UNITS),
    "parts": tuple(_PARTS),
    "references": tuple(_REFERENCES),
}


class _Said(NamedTuple):
    word: str
    marked: Marked | None


@register("judge", "equivalence")
@dataclass(frozen=True)
class EquivalenceJudge(Asking):
    """Says whether the answer of a response is the reference: YES is the top of the criterion's scale, NO its bottom.

    ``final_answer_only`` sends the final answer alone; ``empty`` says what an answer without content is: ``wrong`` (the
    bottom of the scale, label ``no_answer``, no call) or ``skip`` (state skipped). ``show_question`` adds the task.
    ``answer``: one label token, or reasoning that ends in a box. ``soft``: the value is the mass on YES over YES and
    NO (card 71); without log-probabilities, or with less than ``min_covered`` mass on the two, the verdict is
    unreadable, or the plain label under ``without_logprobs="label"``. ``units``, ``parts``, ``references`` choose the
    rules of the prompt. ``mode="prefix"`` accepts the beginning of what the reference says (card 170).

    The reference is that of the criterion, else ``metadata["references"]`` of the sample (a list), else its
    ``reference``; without any the judge abstains.
    """

    show_question: bool = False
    final_answer_only: bool = True
    empty: Literal["wrong", "skip"] = "wrong"
    answer: Literal["label", "boxed"] = "label"
    soft: bool = False
    min_covered: float = 0.5
    without_logprobs: Literal["unreadable", "label"] = "unreadable"
    mode: Literal["equal", "prefix"] = "equal"
    units: Literal["strict", "lenient"] = "strict"
    parts: Literal["any_order", "in_order"] = "any_order"
    references: Literal["any", "all"] = "any"
    prompt: str = "equivalence"

    def __post_init__(self) -> None:
        for name in _CHOICES:
            if getattr(self, name) not in _CHOICES[name]:
                raise SettingError(f"{name}={getattr(self, name)!r}", expected=f"one of: {', '.join(_CHOICES[name])}")
        if self.reasks < 0 or not 0 <= self.min_covered <= 1:
            raise SettingError(f"{self!r}", expected="reasks >= 0 and min_covered in [0, 1]")

    @property
    def digest(self) -> str:
        """Settings, prompt text, rules and parser version."""
        return _digest(self)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """One criterion a call, because each may have a reference of its own."""
        return chunks(criteria, 1)

    def candidate(self, sample: Sample) -> str | None:
        """What of the response is compared; None when it says nothing."""
        text = answer_text(sample)
        if self.final_answer_only:
            return final_answer(text)
        return text if says_something(text) else None

    def request(self, sample: Sample, references: Sequence[str], candidate: str) -> Request:
        """The request for one candidate: rules, then everything else fenced."""
        rules = [_FORMS, _UNITS[self.units], _PARTS[self.parts]]
        if len(references) > 1:
            rules.append(_REFERENCES[self.references])
        filled = {"relation": _RELATIONS[self.mode], "rules": " ".join(rules), "reply": _REPLIES[self.answer]}
        blocks = [("task", sample.task)] if self.show_question else []
        blocks += [("reference", r) for r in references]
        blocks.append(("candidate", candidate))
        return self.to_request(
            (
                Message("system", fill(template(self.prompt), filled)),
                Message("user", fence_all(blocks, self.fence_key)),
            ),
            top_logprobs=20 if self.soft else 0,
        )

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion, each with its own call and usage."""
        asking = needed(client)
        return tuple([await self._one(sample, criterion, asking) for criterion in criteria])

    async def _one(self, sample: Sample, criterion: Criterion, client: Client) -> Verdict:
        given = references_of(sample, criterion)
        if not given:
            return Verdict(criterion.id, State.ABSTAINED, reason="there is no reference", judge=self.digest)
        candidate = self.candidate(sample)
        if candidate is None:
            return self._refused(criterion)
        asked = await ask(client, self.request(sample, given, candidate), self._read, reasks=self.reasks)
        if asked.error is not None or asked.result is None:
            error = asked.error
            assert error is not None
            return failed((criterion,), error, self.digest)[0]._replace(usage=asked.usage, attempts=asked.attempts)
        return self._scored(criterion, asked.result, asked.usage, asked.attempts)

    def _refused(self, criterion: Criterion) -> Verdict:
        reason = "the response holds no answer"
        if self.empty == "skip":
            return Verdict(criterion.id, State.SKIPPED, label=NO_ANSWER, reason=reason, judge=self.digest)
        return Verdict(
            criterion.id, State.SCORED, criterion.scale.min, NO_ANSWER, reason, judge=self.digest, usage=Usage()
        )

    def _read(self, reply: Reply) -> _Said | Problem:
        word = read_word(reply.text, boxed=self.answer == "boxed")
        if isinstance(word, Problem) or not self.soft:
            return word if isinstance(word, Problem) else _Said(word, None)
        marked = read_reply(reply, MARKERS, after=r"\boxed{" if self.answer == "boxed" else "")
        if isinstance(marked, Marked) and marked.covered < self.min_covered:
            marked = Problem(f"only {marked.covered:.2f} of the probability lies on YES and NO")
        if isinstance(marked, Marked):
            return _Said(word, marked)
        if marked == NO_LOGPROBS and self.without_logprobs == "label":
            return _Said(word, None)
        return marked

    def _scored(self, criterion: Criterion, said: _Said, usage: Usage, attempts: int) -> Verdict:
        low, high = criterion.scale.min, criterion.scale.max
        share = MARKERS[said.word] if said.marked is None else said.marked.value
        verdict = Verdict(
            criterion.id, State.SCORED, low + share * (high - low), said.word, judge=self.digest, attempts=attempts,
            usage=usage,
        )  # fmt: skip
        if said.marked is None:
            return verdict
        margin = math.log(share / (1 - share)) if 0 < share < 1 else None
        return verdict._replace(probability=share, spread=said.marked.spread, margin=margin)


def references_of(sample: Sample, criterion: Criterion) -> tuple[str, ...]:
    """The references that a criterion of a sample is compared with; none of them empty."""
    if criterion.reference is not None:
        found: Sequence[str] = (criterion.reference,)
    else:
        listed = sample.metadata.get("references")
        found = listed if isinstance(listed, (list, tuple)) else (sample.reference or "",)
    return tuple(r for r in found if isinstance(r, str) and r.strip())


def read_word(text: str, *, boxed: bool = False) -> str | Problem:
    r"""YES or NO of a reply: the whole reply, or what stands in its last box; anything else is a Problem.

    >>> read_word("**YES**."), read_word(r"They differ. \boxed{NO}", boxed=True)
    ('YES', 'NO')
    >>> read_word("YES and NO").text
    'the reply is neither YES nor NO'
    """
    text = strip_reasoning(text)
    if boxed:
        boxes = _BOX.findall(text)
        if not boxes:
            return Problem("no box holds the verdict")
        text = boxes[-1]
    word = text.strip(_MARKS).upper()
    return word if word in MARKERS else Problem("the reply is neither YES nor NO")


@functools.lru_cache(maxsize=256)
def _digest(judge: EquivalenceJudge) -> str:
    rules = [_RELATIONS[judge.mode], _FORMS, _UNITS[judge.units], _PARTS[judge.parts], _REFERENCES[judge.references]]
    return settings_digest(judge, prompt_digest(template(judge.prompt), *rules, _REPLIES[judge.answer]), PARSER)
