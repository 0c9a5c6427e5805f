"""What the judges of this package share: which scorer answers, each text asked once, one verdict per response."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rubricate.errors import CallError, SettingError
from rubricate.judges.base import WHOLE
from rubricate.llm.client import Client
from rubricate.llm.scorers import Answer, CompletionScorer, Forced, TokenLogs, TokenScorer
from rubricate.types import State, Usage, Verdict


def scorer_for(scorer: TokenScorer | None, client: Client | None) -> TokenScorer:
    """The judge's own scorer, or the client's completions endpoint; SettingError without either."""
    if scorer is not None:
        return scorer
    if client is None:
        raise SettingError(
            "this judge reads likelihoods and got no client and no scorer",
            expected="scorer=LocalScorer.load(path), or client=HttpClient(...) with a completions endpoint that echoes",
        )
    return CompletionScorer(client)


async def score_once(scorer: TokenScorer, items: Sequence[Forced], *, top: int = 0) -> dict[Forced, Answer]:
    """The answers by item; a text that stands twice is scored once."""
    different = list(dict.fromkeys(items))
    return dict(zip(different, await scorer.logprobs(different, top=top), strict=True))


def first_error(answers: Sequence[Answer]) -> CallError | None:
    """The first answer that is an error."""
    return next((a for a in answers if isinstance(a, CallError)), None)


def spent(answers: Iterable[Answer]) -> Usage:
    """What answers cost together; an error counts as the calls that it took."""
    parts = (a.usage if isinstance(a, TokenLogs) else Usage(calls=a.attempts) for a in answers)
    return sum(parts, Usage())


def with_usage(verdicts: Sequence[Verdict], answers: Iterable[Answer]) -> tuple[Verdict, ...]:
    """The verdicts, the first with what all answers cost."""
    return tuple(v._replace(usage=spent(answers)) if k == 0 else v for k, v in enumerate(verdicts))


def whole(value: float, judge: str, reason: str) -> Verdict:
    """The verdict about a response as a whole; a value that is no number is unreadable, never a score."""
    if not math.isfinite(value):
        return without(State.UNREADABLE, judge, f"{reason} (no finite value)")
    return Verdict(WHOLE, State.SCORED, value, reason=reason, judge=judge)


def without(state: State, judge: str, reason: str) -> Verdict:
    """The verdict about a response for which there is no value."""
    return Verdict(WHOLE, state, reason=reason, judge=judge)


def from_error(error: CallError, judge: str) -> Verdict:
    """The verdict about a response whose texts could not be scored."""
    return Verdict(WHOLE, State(error.state), reason=str(error), judge=judge, attempts=error.attempts, raw=error.raw)
