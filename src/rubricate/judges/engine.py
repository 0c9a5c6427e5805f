"""Judging many responses: plan the questions, keep a fixed number in flight, hand out each verdict as it comes.

Workers pull questions (one batch of criteria of one response) from a lazy plan, so memory does not grow with the job
and one bad call costs its own verdicts only. Criteria with a verifier are decided by the program and never sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.base import Judge
from rubricate.llm.client import Client
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Judgement, Sample, State, Usage, Verdict
from rubricate.verifiers.base import adecide, check_settings, waits


class Question(NamedTuple):
    """One batch of criteria of one response."""

    sample: Sample
    rubric: Rubric
    digest: str
    criteria: tuple[Criterion, ...]


@dataclass
class Progress:
    """Where a job stands. ``seconds_left`` is an estimate from the pace so far."""

    total: int = 0
    done: int = 0
    states: dict[State, int] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    started: float = field(default_factory=time.monotonic)

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Count verdicts and what they cost."""
        self.done += len(verdicts)
        for verdict in verdicts:
            self.states[verdict.state] = self.states.get(verdict.state, 0) + 1
            if verdict.usage:
                self.usage += verdict.usage

    @property
    def per_second(self) -> float:
        """Verdicts a second since the start."""
        return self.done / max(1e-9, time.monotonic() - self.started)

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the end; None before the first verdict."""
        return (self.total - self.done) / self.per_second if self.done else None


OnVerdicts = Callable[[Question, tuple[Verdict, ...]], None]


def plan(
    judge: Judge, samples: Iterable[Sample], rubrics: Mapping[str, Rubric], known: Mapping[str, Collection[str]]
) -> Iterator[Question]:
    """The questions of a job: verifier criteria alone, the others in the judge's batches.

    ``known[sample id]`` holds criteria that have their verdict already (a resumed run); they are not asked.
    """
    digests = {name: rubric.digest for name, rubric in rubrics.items()}
    split = {name: _split(rubric) for name, rubric in rubrics.items()}  # now, so that a bad rubric fails at once
    batches = {name: judge.batches(asked) for name, (_, asked) in split.items()}
    return _questions(judge, samples, rubrics, known, digests, split, batches)


def _questions(
    judge: Judge,
    samples: Iterable[Sample],
    rubrics: Mapping[str, Rubric],
    known: Mapping[str, Collection[str]],
    digests: Mapping[str, str],
    split: Mapping[str, tuple[tuple[Criterion, ...], tuple[Criterion, ...]]],
    batches: Mapping[str, list[tuple[Criterion, ...]]],
) -> Iterator[Question]:
    for sample in samples:
        rubric = find_rubric(sample, rubrics)
        (programs, asked), parts = split[rubric.id], batches[rubric.id]
        have = known.get(sample.id, ())
        if have:
            programs = tuple(c for c in programs if c.id not in have)
            parts = judge.batches([c for c in asked if c.id not in have])
        if programs:
            yield Question(sample, rubric, digests[rubric.id], programs)
        for batch in parts:
            yield Question(sample, rubric, digests[rubric.id], batch)


def find_rubric(sample: Sample, rubrics: Mapping[str, Rubric]) -> Rubric:
    """The rubric of a sample: the one it names, or the only one there is."""
    if not sample.rubric and len(rubrics) == 1:
        return next(iter(rubrics.values()))
    if sample.rubric not in rubrics:
        raise UnknownNameError.among("rubric", sample.rubric, rubrics, where=f"sample {sample.id!r}")
    return rubrics[sample.rubric]


def _split(rubric: Rubric) -> tuple[tuple[Criterion, ...], tuple[Criterion, ...]]:
    leaves = rubric.leaves
    for leaf in leaves:
        check_settings(leaf)
    return tuple(c for c in leaves if c.verifier), tuple(c for c in leaves if not c.verifier)


async def answer(question: Question, judge: Judge, client: Client | None) -> tuple[Verdict, ...]:
    """The verdicts of one question."""
    if question.criteria[0].verifier:
        return tuple([await adecide(question.sample, c) for c in question.criteria])
    return await judge.verdicts(question.sample, question.rubric, question.criteria, client)


async def judge_stream(
    judge: Judge,
    samples: Iterable[Sample],
    rubrics: Mapping[str, Rubric],
    client: Client | None = None,
    *,
    concurrency: int = 64,
    known: Mapping[str, Collection[str]] | None = None,
    on_verdicts: OnVerdicts | None = None,
) -> None:
    """Ask every question of the job with ``concurrency`` in flight; ``on_verdicts`` gets each answer as it comes.

    An error in ``on_verdicts`` or in a judge's code ends the job and is raised; a bad reply does neither.
    """
    if judge.needs_client and client is None:
        raise SettingError("this judge calls a model and got no client", expected="client=HttpClient(...)")
    questions = plan(judge, samples, rubrics, known or {})
    slow = judge.needs_client or any(waits(leaf) for rubric in rubrics.values() for leaf in rubric.leaves)
    workers = concurrency if slow else 1

    async def work() -> None:
        for question in questions:
            verdicts = await answer(question, judge, client)
            if on_verdicts is not None:
                on_verdicts(question, verdicts)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None  # all workers stop at the first error; one is enough to read


class Collector:
    """Puts verdicts together again, response by response, criteria in the rubric's order."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, Verdict]] = {}
        self._asked: dict[str, Question] = {}
        self._ids: dict[str, tuple[str, ...]] = {}

    def add(self, question: Question, verdicts: tuple[Verdict, ...]) -> None:
        """Take the answer to one question."""
        self._asked[question.sample.id] = question
        self._parts.setdefault(question.sample.id, {}).update({v.criterion: v for v in verdicts})

    def known(self) -> dict[str, frozenset[str]]:
        """Criteria that have a verdict, by response."""
        return {name: frozenset(part) for name, part in self._parts.items()}

    def judgement(self, sample: str) -> Judgement:
        """All verdicts of one response so far."""
        asked, have = self._asked[sample], self._parts[sample]
        ids = self._ids.get(asked.digest)
        if ids is None:
            ids = self._ids[asked.digest] = tuple(c.id for c in asked.rubric.leaves)
        verdicts = tuple([have[name] for name in ids if name in have])
        return Judgement(sample, asked.digest, verdicts, sum((v.usage for v in verdicts if v.usage), Usage()))


async def judge_all(
    judge: Judge,
    samples: Sequence[Sample],
    rubrics: Mapping[str, Rubric] | Rubric,
    client: Client | None = None,
    *,
    concurrency: int = 64,
) -> list[Judgement]:
    """One judgement per sample, in order. For long jobs with a store and a progress bar see ``rubricate.pipeline``."""
    table = {rubrics.id: rubrics} if isinstance(rubrics, Rubric) else rubrics
    collector = Collector()
    await judge_stream(judge, samples, table, client, concurrency=concurrency, on_verdicts=collector.add)
    return [collector.judgement(s.id) for s in samples]
