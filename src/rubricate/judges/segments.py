"""Judges of the parts of one response: its sentences (P7) or its reasoning steps (P8), all in one call.

The caller cuts (``verifiers.sentence_spans``), the judge numbers and fences the parts and wants one entry for each: a
reply with another count, order or label is unreadable as a whole, because a shifted list would put every verdict on the
wrong part. What can be derived is not asked for: the first wrong step is ``credit.first_error`` of the labels.
Cards 107 (TRM, arXiv 2509.25409) and 150 (SPARK, arXiv 2512.03244).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

import rubricate.judges.layout as layout
from rubricate.arrays import Floats, Ints
from rubricate.errors import SettingError, ShapeError
from rubricate.judges.asking import Asking
from rubricate.judges.base import failed, needed, settings_digest, together
from rubricate.judges.pool import pool
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import Answer, read_answer, whole_object
from rubricate.llm.prompts import fill, prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Message, Sample, State, Usage, Verdict

PARSER = "segments-1"
_OWN_KEYS = ("n", "reason", "final")

Labels = tuple[tuple[Verdict, ...], ...]

SENTENCES = Rubric(
    id="sentences",
    criteria=(
        Criterion(id="faithful", text="The documents say what the sentence says."),
        Criterion(id="correct", text="What the sentence says is true, also where a document is wrong."),
    ),
)  # two labels, because a sentence can be faithful to a wrong source (card 107)
STEPS = Rubric(id="steps", criteria=(Criterion(id="correct", text="The step is right, given the steps before it."),))


@dataclass(frozen=True)
class _Parts(Asking):
    """What both judges share; ``votes`` calls are made and each label is decided by their majority."""

    reasons: bool = False
    votes: int = 1
    prompt: str = "segments"
    unit: ClassVar[str] = "part"
    final: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.reasks < 0 or self.votes < 1:
            raise SettingError(f"{self!r}", expected="reasks >= 0 and votes >= 1")

    @property
    def digest(self) -> str:
        """Settings, prompt text and parser version."""
        return _digest(self)

    def request(self, sample: Sample, segments: Sequence[str], criteria: Sequence[Criterion], vote: int = 0) -> Request:
        """The request for one verification: task, documents, reference, the numbered parts, then the criteria."""
        blocks = [("task", sample.task)] + [("document", d) for d in sample.documents]
        if sample.reference is not None:
            blocks.append(("reference", sample.reference))
        blocks += [(f"{self.unit} {k}", text) for k, text in enumerate(segments, 1)]
        block = layout.fence_all(blocks, self.fence_key)
        more = ", then a verdict on the whole response" if self.final else ""
        system = fill(template(self.prompt), {"unit": self.unit, "more": more, "form": self._form(criteria)})
        return self.to_request(
            layout.messages(Message("system", system), block, tuple(criteria)),
            sample=self.sample * self.votes + vote,
        )

    async def label(self, sample: Sample, segments: Sequence[str], rubric: Rubric, client: Client | None) -> Labels:
        """For each part one verdict per leaf of the rubric; the last entry is about the whole response."""
        asking = needed(client)
        criteria = _usable(rubric.leaves)
        if not segments:
            reason = f"the response holds no {self.unit}"
            return (tuple(Verdict(c.id, State.SKIPPED, reason=reason, judge=self.digest) for c in criteria),)
        found = await together([self._once(sample, segments, criteria, asking, k) for k in range(self.votes)])
        return found[0] if self.votes == 1 else _majority(found, criteria, self.digest)

    async def _once(
        self, sample: Sample, segments: Sequence[str], criteria: tuple[Criterion, ...], client: Client, vote: int
    ) -> Labels:
        def read(reply: Reply) -> list[list[Answer]] | Problem:
            return _read(reply.text, self.unit, len(segments), criteria, self.final)

        asked = await ask(client, self.request(sample, segments, criteria, vote), read, reasks=self.reasks)
        if asked.error is not None:
            rows = [failed(criteria, asked.error, self.digest)] * (len(segments) + 1)
            return _charged(rows, asked.usage, asked.attempts)
        digest = self.digest
        answers = asked.unwrap()
        rows = [tuple(_verdict(c, a, digest) for c, a in zip(criteria, row, strict=True)) for row in answers]
        if not self.final:
            rows.append(_worst(rows, criteria, digest))
        return _charged(rows, asked.usage, asked.attempts)

    def _form(self, criteria: Sequence[Criterion]) -> str:
        entry: dict[str, Any] = {"n": 1} | {c.id: "..." for c in criteria[:-1]}
        if self.reasons:
            entry["reason"] = "one sentence"
        entry[criteria[-1].id] = "..."
        shown = json.dumps({f"{self.unit}s": [entry]})
        return shown[:-1] + f', "final": {json.dumps({c.id: "..." for c in criteria})}}}' if self.final else shown


@register("judge", "sentences")
@dataclass(frozen=True)
class SentenceJudge(_Parts):
    """Labels each sentence of an answer (P7): by default faithful?, a short reason, correct? (rubric ``SENTENCES``).

    The verdict on the whole is derived: the worst of the sentences, missing where one that could decide is missing.
    ``votes`` calls with ``temperature`` > 0 decide each label by majority.
    """

    reasons: bool = True
    unit: ClassVar[str] = "sentence"


@register("judge", "steps")
@dataclass(frozen=True)
class StepJudge(_Parts):
    """Labels each step of a solution and gives a verdict on the whole, in one call (P8; rubric ``STEPS``).

    ``votes`` verifications are made (card 150: 16) and every label, the last one too, is their majority: a tie
    abstains; where fewer than half of them can be read, their state stays.
    """

    unit: ClassVar[str] = "step"
    final: ClassVar[bool] = True


class SegmentArrays(NamedTuple):
    """Labels as arrays: ``values[M, K]`` and ``whole[N, K]`` in [0, 1], NaN where missing; ``off[N+1]``; ids [K]."""

    values: Floats
    off: Ints
    whole: Floats
    criteria: tuple[str, ...]


def segment_arrays(judged: Sequence[Labels], rubric: Rubric) -> SegmentArrays:
    """The labels of N responses in the form that rewards and credit take: ``values[off[i]:off[i+1]]`` are of row i.

    A verdict is put on [0, 1] by the scale of its criterion; polarity is left as it is. ShapeError when an entry does
    not hold one verdict for each leaf of the rubric.
    """
    criteria = tuple(rubric.leaves)
    ids = tuple(c.id for c in criteria)
    rows = [row for labels in judged for row in labels]
    for row in rows:
        if tuple(v.criterion for v in row) != ids:
            raise ShapeError(f"an entry is about {[v.criterion for v in row]}", where="judged", expected=f"{list(ids)}")
    low = np.array([c.scale.min for c in criteria])
    width = np.array([c.scale.max - c.scale.min for c in criteria])
    table = np.array([[np.nan if v.value is None else v.value for v in row] for row in rows], dtype=np.float64)
    table = (table.reshape(len(rows), len(ids)) - low) / width
    ends = np.cumsum([len(labels) for labels in judged], dtype=np.int64) - 1
    inner = np.ones(len(rows), dtype=np.bool_)
    inner[ends] = False
    off = np.concatenate([[0], ends - np.arange(len(ends))]).astype(np.int64)
    return SegmentArrays(table[inner], off, table[ends], ids)


def _usable(criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    for criterion in criteria:
        if criterion.id in _OWN_KEYS:
            raise SettingError(f"a criterion is called {criterion.id!r}", expected=f"none of {_OWN_KEYS}")
    return tuple(criteria)


def _read(
    text: str, unit: str, count: int, criteria: tuple[Criterion, ...], final: bool
) -> list[list[Answer]] | Problem:
    """The answers part by part, the whole last when it is asked for."""
    found = whole_object(text)
    if found is None:
        return Problem("the reply is not one JSON object")
    entries = found.get(f"{unit}s")
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        return Problem(f'"{unit}s" is not a list of entries')
    if len(entries) != count:
        return Problem(f"there are {count} {unit}s and {len(entries)} entries")
    if [e.get("n") for e in entries] != list(range(1, count + 1)):
        return Problem(f"the entries are not numbered 1 to {count} in order")
    if final and not isinstance(found.get("final"), dict):
        return Problem('the verdict on the whole, "final", is missing')
    named = [(f"{unit} {e['n']}", e) for e in entries] + ([("final", found["final"])] if final else [])
    rows = []
    for name, entry in named:
        row = [read_answer({"verdict": entry.get(c.id)}, layout.offered(c)) for c in criteria]
        bad = [c.id for c, a in zip(criteria, row, strict=True) if isinstance(a, str)]
        if bad:
            return Problem(f"{name} has no answer that was offered for {', '.join(bad)}")
        reason = entry.get("reason")
        answers = [a for a in row if isinstance(a, Answer)]
        if isinstance(reason, str):
            answers[-1] = answers[-1]._replace(reason=reason)
        rows.append(answers)
    return rows


def _verdict(criterion: Criterion, answer: Answer, judge: str) -> Verdict:
    state = State.ABSTAINED if answer.abstained else State.SCORED
    return Verdict(criterion.id, state, answer.value, answer.label, answer.reason, judge=judge)


def _charged(rows: list[tuple[Verdict, ...]], usage: Usage, attempts: int) -> Labels:
    """The usage of the calls on the first verdict, the attempts on all."""
    marked = [tuple(v._replace(attempts=attempts) for v in row) for row in rows]
    marked[0] = (marked[0][0]._replace(usage=usage), *marked[0][1:])
    return tuple(marked)


def _worst(rows: Sequence[tuple[Verdict, ...]], criteria: Sequence[Criterion], judge: str) -> tuple[Verdict, ...]:
    """The whole as its worst part; one at the bottom decides, otherwise a missing one leaves its state."""
    out = []
    for k, criterion in enumerate(criteria):
        column = [row[k] for row in rows]
        low, high = criterion.scale.min, criterion.scale.max
        bottom, worst = (high, max) if criterion.bad_if_met else (low, min)
        missing = next((v for v in column if v.value is None), None)
        known = [v.value for v in column if v.value is not None]
        reason = f"the worst of {len(column)} parts"
        if missing is None or bottom in known:
            out.append(Verdict(criterion.id, State.SCORED, worst(known), reason=reason, judge=judge))
        else:
            out.append(Verdict(criterion.id, missing.state, reason=reason, judge=judge))
    return tuple(out)


def _majority(votes: Sequence[Labels], criteria: Sequence[Criterion], judge: str) -> Labels:
    """Each label by the majority of those that could be read; the usage of the calls stays on the first verdict."""
    floor = -(-len(votes) // 2)

    def voted(part: int, k: int) -> Verdict:
        found = pool(criteria[k], [labels[part][k] for labels in votes], how="vote", floor=floor, judge=judge)
        return found if found.usage != Usage() else found._replace(usage=None)

    return tuple(tuple(voted(part, k) for k in range(len(criteria))) for part in range(len(votes[0])))


@functools.lru_cache(maxsize=256)
def _digest(judge: _Parts) -> str:
    return settings_digest(judge, prompt_digest(template(judge.prompt)), PARSER)
