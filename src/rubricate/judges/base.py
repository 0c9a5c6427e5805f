"""What a judge is, and what every judge shares: batches, the digest, verdicts for calls that gave nothing.

A judge is a frozen value: settings, prompt and parser are named by its digest. The client comes in with each question,
so one judge works against any endpoint. A judge never raises for a bad reply: it returns a verdict with a state.

Four shapes of question cover every protocol. ``Judge``: one response, criteria. ``PairJudge``: two responses.
``GroupJudge``: all responses of a prompt. ``SegmentJudge``: the sentences, steps or turns of one response. All answer
in verdicts, so a missing one is seen in the same way everywhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Coroutine, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from rubricate.errors import CallError, SettingError
from rubricate.llm.client import Client
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Usage, Verdict

T = TypeVar("T")


@runtime_checkable
class Judge(Protocol):
    """Answers criteria about a response."""

    @property
    def needs_client(self) -> bool:
        """Whether it calls a model; False for judges that run here."""
        ...

    @property
    def digest(self) -> str:
        """16 hex digits over everything that decides its verdicts, the model of the client apart."""
        ...

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """How the criteria of one response are split over calls."""
        ...

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict for each criterion of one batch, in order."""
        ...


WHOLE = "whole"  # the criterion id of a verdict about a response as a whole


@runtime_checkable
class PairJudge(Protocol):
    """Compares two responses to one prompt."""

    @property
    def needs_client(self) -> bool:
        """Whether it calls a model."""
        ...

    @property
    def digest(self) -> str:
        """16 hex digits over everything that decides its verdicts, the model of the client apart."""
        ...

    async def compare(
        self, first: Sample, second: Sample, rubric: Rubric, client: Client | None
    ) -> tuple[Verdict, ...]:
        """Verdicts about the pair, by criterion id or ``WHOLE``: > 0 when the first is better, 0 for a tie.

        Values lie in [-1, 1]; ``order`` names the order policy, and after a colon what came of it. No side that could
        be read is a state, never a tie.
        """
        ...


@runtime_checkable
class GroupJudge(Protocol):
    """Scores the responses to one prompt beside each other."""

    @property
    def needs_client(self) -> bool:
        """Whether it calls a model."""
        ...

    @property
    def digest(self) -> str:
        """16 hex digits over everything that decides its verdicts, the model of the client apart."""
        ...

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """One verdict (criterion ``WHOLE``) per response, in their order; a larger value is better."""
        ...


@runtime_checkable
class SegmentJudge(Protocol):
    """Labels the segments of one response: sentences, steps or turns, cut by the caller."""

    @property
    def needs_client(self) -> bool:
        """Whether it calls a model."""
        ...

    @property
    def digest(self) -> str:
        """16 hex digits over everything that decides its verdicts, the model of the client apart."""
        ...

    async def label(
        self, sample: Sample, segments: Sequence[str], rubric: Rubric, client: Client | None
    ) -> tuple[tuple[Verdict, ...], ...]:
        """For each segment one verdict per criterion; the last entry is about the whole response."""
        ...


def chunks(criteria: Sequence[Criterion], size: int | str) -> list[tuple[Criterion, ...]]:
    """``criteria`` in batches of ``size``; ``"all"`` is one batch.

    Raises SettingError for a size that is neither a positive number nor "all".
    """
    if size == "all":
        return [tuple(criteria)] if criteria else []
    if not isinstance(size, int) or size < 1:
        raise SettingError(f"batch={size!r}", expected="'all' or a positive number of criteria per call")
    return [tuple(criteria[k : k + size]) for k in range(0, len(criteria), size)]


def settings_digest(judge: Any, *more: str) -> str:
    """16 hex digits over the class name, the fields of a frozen dataclass and ``more`` (prompt digests, versions)."""
    if not is_dataclass(judge):
        raise SettingError(f"{judge!r} is not a dataclass", expected="a frozen dataclass of settings")
    values = {f.name: repr(getattr(judge, f.name)) for f in fields(judge)}
    text = json.dumps([type(judge).__qualname__, values, more], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def failed(criteria: Sequence[Criterion], error: CallError, judge: str) -> tuple[Verdict, ...]:
    """Verdicts without a value for a call that gave no reply: the state of the error, its text as the reason."""
    state = State(error.state)
    return tuple(
        Verdict(c.id, state, reason=str(error), judge=judge, attempts=error.attempts, raw=error.raw, usage=Usage())
        for c in criteria
    )


async def together(asking: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of several questions asked at once, in their order; the first error ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in asking]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def needed(client: Client | None) -> Client:
    """The client of a judge that calls a model; SettingError without one."""
    if client is None:
        raise SettingError("this judge calls a model and got no client", expected="client=HttpClient(...)")
    return client


async def ask_all(
    judge: Judge, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
) -> tuple[Verdict, ...]:
    """Verdicts of ``judge`` about ``criteria`` in their order, its batches asked at once."""
    parts = await together([judge.verdicts(sample, rubric, b, client) for b in judge.batches(criteria)])
    found = {v.criterion: v for part in parts for v in part}
    return tuple(found[c.id] for c in criteria)


def spent(verdicts: Sequence[Verdict], usage: Usage) -> tuple[Verdict, ...]:
    """The verdicts with ``usage`` added to the first: what calls around theirs have cost."""
    first, *rest = verdicts
    return (first._replace(usage=(first.usage or Usage()) + usage), *rest)
