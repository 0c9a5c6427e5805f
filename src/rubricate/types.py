"""Frozen records that cross stages: samples, verdicts with their state, judgements, usage.

A verdict always has a state. Only ``scored`` carries a value; the other states say why there is none, and no code
path turns them into a number except a missing-policy whose name says so (see ``rubricate.rewards.policies``).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class State(enum.StrEnum):
    """What became of one question (one criterion, one response).

    scored: a usable verdict. abstained: the judge said that it cannot tell. unreadable: replies came, none could be
    parsed. refused: the model declined or a content filter cut in. truncated: the reply hit the token limit.
    timed_out: no reply within the deadline. failed: transport or server error after all retries, or a cap.
    skipped: not asked, because a gate or an earlier sibling had decided already.
    """

    SCORED = "scored"
    ABSTAINED = "abstained"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    SKIPPED = "skipped"


STATES: tuple[State, ...] = tuple(State)


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls cost: requests, tokens, money (in the unit of the prices given), seconds of waiting."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost + other.cost,
            self.seconds + other.seconds,
        )


class Verdict(NamedTuple):
    """One answer of a judge about one criterion of one response.

    ``value`` is in the units of the criterion's scale (1/0, a level, points) and is None unless ``state`` is
    ``scored``. ``label`` is the judge's own word, ``probability`` P(met) or the covered mass, ``margin`` a log margin,
    ``spread`` the standard deviation over samples or rating tokens. ``evidence`` holds quotes that were found in the
    response; ``unfound`` quotes that were not. ``judge`` is the digest of what judged. ``raw`` keeps the reply of a
    verdict that could not be read, and what a judge of several turns said before its last.

    A named tuple, because millions of them are made; ``pack`` refuses one whose value and state do not fit.
    """

    criterion: str
    state: State
    value: float | None = None
    label: str | None = None
    reason: str = ""
    evidence: tuple[str, ...] = ()
    unfound: tuple[str, ...] = ()
    probability: float | None = None
    margin: float | None = None
    spread: float | None = None
    judge: str = ""
    order: str = ""
    attempts: int = 1
    usage: Usage | None = None
    raw: str = ""

    @property
    def scored(self) -> bool:
        """Whether there is a usable value."""
        return self.state is State.SCORED


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message: ``role`` is system, user, assistant or tool."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trajectory: text, and the tool call or observation that it holds."""

    text: str
    kind: str = "text"
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One response to be judged, with everything that a judge may see.

    ``id`` names the response, ``group`` the prompt it answers (responses of one group are compared with each other);
    ``rubric`` is the id of the rubric that applies. ``steps`` holds a trajectory when there is one, ``response`` its
    final text. ``documents`` are evidence that a judge may read, ``reference`` a known good answer.
    """

    id: str
    prompt: tuple[Message, ...]
    response: str
    group: str = ""
    rubric: str = ""
    reference: str | None = None
    documents: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """The prompt as plain text: the content alone for one user message, otherwise one block per message."""
        if len(self.prompt) == 1 and self.prompt[0].role == "user":
            return self.prompt[0].content
        return "\n\n".join(f"[{m.role}]\n{m.content}" for m in self.prompt)


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts for one response under one rubric; ``rubric`` is its digest."""

    sample: str
    rubric: str
    verdicts: tuple[Verdict, ...]
    usage: Usage = Usage()
