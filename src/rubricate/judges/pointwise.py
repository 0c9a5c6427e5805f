"""The pointwise judge: one response, one criterion a call, k a call, or all of them in one call.

Contract with the model: one entry per id, asked by id, nothing else counts. What is missing, doubled or was never
offered is asked again, alone, a bounded number of times, and then recorded with its state; nothing is guessed.
Source: protocols P1-P3 of the judge catalogue (one call for many criteria saves calls and costs independence: errors
of one call are shared, so compare both modes on a sample before switching).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import rubricate.judges.layout as layout
from rubricate.errors import CallError, SettingError
from rubricate.judges.asking import Asking
from rubricate.judges.base import chunks, failed, settings_digest
from rubricate.judges.evidence import check_quotes
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import Answer, last_object, parse_verdicts
from rubricate.llm.prompts import prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Usage, Verdict

PARSER = "verdicts-1"
NOTHING = Usage()


@register("judge", "pointwise")
@dataclass(frozen=True)
class PointwiseJudge(Asking):
    """Judges one response against criteria through a model.

    ``batch``: criteria per call (a number or "all"). ``reasons``: ask for a sentence before each verdict.
    ``evidence``: "none", "ask" for quotes (checked against the response), or "require" one that is found for every
    verdict above the bottom of its scale. ``abstain``: offer cannot_tell. ``reasks``: how often unusable answers are
    asked again. ``structured``: send a JSON schema. ``extra`` goes to the server as it is.
    """

    batch: int | Literal["all"] = "all"
    reasons: bool = True
    evidence: Literal["none", "ask", "require"] = "none"
    abstain: bool = True
    structured: bool = False
    prompt: str = "judge"

    def __post_init__(self) -> None:
        chunks((), self.batch)
        if self.evidence not in ("none", "ask", "require") or self.reasks < 0:
            raise SettingError(f"{self!r}", expected="evidence none, ask or require; reasks >= 0")

    @property
    def digest(self) -> str:
        """Settings, prompt text and parser version."""
        return _digest(self)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """The criteria in calls of ``batch``."""
        return chunks(criteria, self.batch)

    def request(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], block: str | None = None
    ) -> Request:
        """The request for some criteria of one response."""
        asks_quotes = self.evidence != "none"
        system = layout.system_message(self.prompt, self.reasons, asks_quotes, self.abstain, rubric.guidelines)
        block = layout.material(sample, self.fence_key)
        schema = layout.schema(criteria, self.reasons, asks_quotes, self.abstain) if self.structured else None
        return self.to_request(
            layout.messages(system, block, tuple(criteria)),
            schema=schema,
        )

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion; the usage of the calls is on the first."""
        if client is None:
            raise SettingError("this judge calls a model and got no client", expected="client=HttpClient(...)")
        asking = _Asking(self, sample, rubric, client)
        await asking.ask(tuple(criteria), self.request(sample, rubric, criteria), 1)
        done = asking.done
        first = done[criteria[0].id]._replace(usage=asking.usage)
        return (first, *(done[c.id] for c in criteria[1:]))

    def read(self, criterion: Criterion, answer: Answer, sample: Sample, judge: str, attempt: int) -> Verdict | str:
        """The verdict of a readable answer, or what is wrong with its evidence."""
        found, unfound = check_quotes(answer.quotes, sample.response) if answer.quotes else ((), ())
        if answer.abstained:
            return Verdict(criterion.id, State.ABSTAINED, label=answer.label, reason=answer.reason, judge=judge,
                           evidence=found, unfound=unfound, attempts=attempt)  # fmt: skip
        if self.evidence == "require" and not found and answer.value != criterion.scale.min:
            return "no quote of the response was given that can be found in it"
        return Verdict(criterion.id, State.SCORED, answer.value, answer.label, answer.reason, found, unfound,
                       judge=judge, attempts=attempt)  # fmt: skip


AT_ONCE = PointwiseJudge()  # all criteria in one call
ONE_BY_ONE = PointwiseJudge(batch=1)


@functools.lru_cache(maxsize=256)
def _digest(judge: PointwiseJudge) -> str:
    return settings_digest(judge, prompt_digest(template(judge.prompt)), PARSER)


class _Asking:
    """One batch of one response on its way: what is decided, and what the calls cost."""

    def __init__(self, judge: PointwiseJudge, sample: Sample, rubric: Rubric, client: Client) -> None:
        self.judge, self.sample, self.rubric, self.client = judge, sample, rubric, client
        self.digest = judge.digest
        self.done: dict[str, Verdict] = {}
        self.usage = NOTHING

    async def ask(self, criteria: tuple[Criterion, ...], request: Request, attempt: int) -> None:
        """Ask, keep what is usable, and ask again only for the rest."""
        try:
            reply = await self.client.complete(request)
        except CallError as error:
            self.usage += Usage(calls=error.attempts)
            self.done |= {v.criterion: v for v in failed(criteria, error, self.digest)}
            return
        self.usage = reply.usage if attempt == 1 else self.usage + reply.usage
        problems = self._keep(criteria, reply, attempt)
        if not problems:
            return
        left = tuple(c for c in criteria if c.id in problems)
        truncated = reply.finish[:1] == ("length",)
        if attempt > self.judge.reasks:
            self._give_up(left, problems, reply, attempt, truncated)
        elif truncated and len(left) > 1:
            half = len(left) // 2
            for part in (left[:half], left[half:]):
                await self.ask(part, self.judge.request(self.sample, self.rubric, part), attempt + 1)
        else:
            again = self.judge.request(self.sample, self.rubric, left)
            await self.ask(left, again.ask_again(reply.text, _complaint(problems, truncated)), attempt + 1)

    def _keep(self, criteria: tuple[Criterion, ...], reply: Reply, attempt: int) -> dict[str, str]:
        plain = self._plain(criteria, reply, attempt)
        if plain is not None:
            self.done |= plain
            return {}
        parsed = parse_verdicts(reply.text, layout.batch_offered(criteria))
        problems = dict(parsed.problems)
        for criterion in criteria:
            if criterion.id in parsed.answers:
                answer = parsed.answers[criterion.id]
                verdict = self.judge.read(criterion, answer, self.sample, self.digest, attempt)
                if isinstance(verdict, Verdict):
                    self.done[criterion.id] = verdict
                else:
                    problems[criterion.id] = verdict
        return problems

    def _plain(self, criteria: tuple[Criterion, ...], reply: Reply, attempt: int) -> dict[str, Verdict] | None:
        """The verdicts of a reply that is just as asked for: every id once, in order, a label that was offered.

        Nearly every reply of a well-behaved judge is, and the general way costs several times as much. None sends the
        reply there; both give the same verdicts.
        """
        found = last_object(reply.text, "verdicts")
        entries = found["verdicts"] if found is not None else None
        if not isinstance(entries, list) or len(entries) != len(criteria) or self.judge.evidence != "none":
            return None
        offered, judge, done = layout.batch_offered(criteria), self.digest, {}
        for criterion, entry in zip(criteria, entries, strict=True):
            if type(entry) is not dict or entry.get("id") != criterion.id or "evidence" in entry:
                return None
            label, reason, answers = entry.get("verdict"), entry.get("reason", ""), offered[criterion.id]
            if type(label) is not str or type(reason) is not str or type(answers) is not dict or label not in answers:
                return None
            done[criterion.id] = Verdict(
                criterion.id, State.SCORED, answers[label], label, reason, judge=judge, attempts=attempt
            )
        return done

    def _give_up(
        self, criteria: tuple[Criterion, ...], problems: dict[str, str], reply: Reply, attempt: int, truncated: bool
    ) -> None:
        state = State.TRUNCATED if truncated else State.UNREADABLE
        for criterion in criteria:
            self.done[criterion.id] = Verdict(
                criterion.id, state, reason=problems[criterion.id], judge=self.digest, attempts=attempt,
                raw=reply.text[:2000],
            )  # fmt: skip


def _complaint(problems: dict[str, str], truncated: bool) -> str:
    listed = "; ".join(f"[{name}] {what}" for name, what in list(problems.items())[:20])
    brief = " Keep it short: the last reply was cut off." if truncated else ""
    return f"That reply cannot be used: {listed}.{brief} Reply again with the JSON object only."
