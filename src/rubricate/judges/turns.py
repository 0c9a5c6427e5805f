"""Judges that look twice: branch and rethink, reflect and judge again, and thinking that is made to go on.

Whether a second look helps is measured, not assumed: its control is a second sample of the same judge
(``ScoreIntegration(k=2)``), which costs the same and cannot anchor on the first. ``audit.turn_report`` compares them,
``audit.confidence_drift`` follows stated confidence over turns. Protocols P9 and P10; cards 37, 90, 150, 159, 191.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import rubricate.judges.layout as layout
from rubricate.errors import SettingError
from rubricate.judges.base import Judge, ask_all, needed, settings_digest, spent
from rubricate.judges.conversation import Continued, Inserted, one_turn, without_first_turn
from rubricate.judges.pointwise import ONE_BY_ONE
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import last_object
from rubricate.llm.prompts import fill, prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Message, Sample, Usage, Verdict

DIMENSIONS = (  # card 90: the seven dimensions of its first turn
    "factual accuracy", "computational correctness", "reasoning quality", "code quality", "safety", "thoroughness",
    "instruction following",
)  # fmt: skip
Focus = tuple[tuple[str, str], ...]  # dimension -> issues


@register("judge", "rethink")
@dataclass(frozen=True)
class RethinkJudge:
    """Turn 1 chooses at most ``most`` dimensions and names issues, turn 2 is ``judge`` with that in its conversation.

    Turn 1 is read leniently: an issue left out is "none identified", a dimension that was not on the list is dropped;
    when none is left it is asked again, and then turn 2 goes on without it (``raw`` says so): a lost first turn costs
    no verdict. Turn 2 is as strict as its judge. Protocol P9, card 90 (arXiv 2510.23596).
    """

    judge: Judge = ONE_BY_ONE
    dimensions: tuple[str, ...] = DIMENSIONS
    most: int = 3
    reasks: int = 1
    model: str = ""
    temperature: float | None = 0.0
    max_tokens: int | None = None
    seed: int | None = None
    fence_key: str = "rubricate"

    needs_client = True
    turns = 2

    def __post_init__(self) -> None:
        one_turn(self.judge)
        if not 1 <= self.most <= len(self.dimensions) or self.reasks < 0:
            raise SettingError(f"{self!r}", expected="1 <= most <= number of dimensions; reasks >= 0")

    @property
    def digest(self) -> str:
        """Settings, the prompt of turn 1 and the digest of the judge inside."""
        return settings_digest(self, self.judge.digest, prompt_digest(template("branch")), "branch-1")

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria together: they share turn 1."""
        return [tuple(criteria)] if criteria else []

    def request(self, sample: Sample) -> Request:
        """The request of turn 1."""
        text = fill(template("branch"), {"most": str(self.most), "dimensions": ", ".join(self.dimensions)})
        question = Message("user", f"{layout.material(sample, self.fence_key)}\n{text}")
        return Request((question,), self.model, self.temperature, self.max_tokens, self.seed)

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """The verdicts of turn 2; ``raw`` of the first holds what turn 1 chose."""
        base, request, digest = needed(client), self.request(sample), self.digest
        first = await ask(base, request, self.read, reasks=self.reasks)
        if first.error is not None and first.error.state not in ("unreadable", "truncated"):
            return without_first_turn(criteria, first, digest)
        focus: Focus = first.result or ()
        notes = "\n".join(f"{dimension}: {issues}" for dimension, issues in focus)
        inner = Inserted(base, (request.messages[-1], Message("assistant", notes)), at=1) if focus else base
        found = list(await ask_all(self.judge, sample, rubric, criteria, inner))
        kept = f"turn 1: {notes or 'nothing usable, turn 2 went on without it'}\n{found[0].raw}".strip()
        found[0] = found[0]._replace(raw=kept)
        return spent([v._replace(judge=digest) for v in found], first.usage)

    def read(self, reply: Reply) -> Focus | Problem:
        """The dimensions of turn 1 with their issues, the first ``most`` of those that were offered."""
        found = last_object(reply.text, "focus")
        entries = found["focus"] if found is not None and isinstance(found["focus"], list) else []
        known = {d.lower(): d for d in self.dimensions}
        focus: dict[str, str] = {}
        for entry in entries:
            name = known.get(str(entry.get("dimension", "")).strip().lower()) if isinstance(entry, dict) else None
            if name is not None:
                focus.setdefault(name, str(entry.get("issues") or "none identified"))
        if not focus:
            return Problem(f"it must name one to {self.most} of the dimensions {', '.join(self.dimensions)}")
        return tuple(list(focus.items())[: self.most])


@register("judge", "reflect")
@dataclass(frozen=True)
class ReflectJudge:
    """``judge`` decides, reads its notes again, and decides anew; the last verdict counts, both are kept.

    ``show``: "notes" puts the reasons of the first look into the conversation without its verdict (card 37: the score
    is deleted); "verdict" shows both (meta-critique, card 150). ``rounds`` looks follow the first. A round that gives
    no verdict leaves that criterion without one: the earlier verdict is never put in its place. ``raw`` holds the
    earlier values.
    """

    judge: Judge = ONE_BY_ONE
    show: Literal["notes", "verdict"] = "notes"
    rounds: int = 1

    needs_client = True
    turns = 2

    def __post_init__(self) -> None:
        one_turn(self.judge)
        if self.show not in ("notes", "verdict") or self.rounds < 1:
            raise SettingError(f"{self!r}", expected="show notes or verdict; rounds >= 1")
        if not self.judge.needs_client:
            raise SettingError(f"{type(self.judge).__name__} has no second thoughts", expected="a judge with a model")

    @property
    def digest(self) -> str:
        """Settings, the prompt of the second look and the digest of the judge inside."""
        return settings_digest(self, self.judge.digest, prompt_digest(template(self._prompt)), "reflect-1")

    @property
    def _prompt(self) -> str:
        return "reflect" if self.show == "notes" else "meta_critique"

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """As the judge inside."""
        return self.judge.batches(criteria)

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """The verdicts of the last look; those without a first verdict are not looked at again."""
        base, digest = needed(client), self.digest
        now = {v.criterion: v for v in await self.judge.verdicts(sample, rubric, criteria, base)}
        trace: dict[str, list[str]] = {c.id: [] for c in criteria}
        for _ in range(self.rounds):
            again = [c for c in criteria if now[c.id].scored]
            if not again:
                break
            turns = (Message("assistant", self.notes(again, now)), Message("user", template(self._prompt)))
            looked = await self.judge.verdicts(sample, rubric, again, Inserted(base, turns, at=2))
            for old, new in zip([now[c.id] for c in again], looked, strict=True):
                trace[old.criterion].append(f"{old.value:g} ({old.reason})" if old.reason else f"{old.value:g}")
                now[old.criterion] = _after(old, new)
        return tuple(_traced(now[c.id], trace[c.id])._replace(judge=digest) for c in criteria)

    def notes(self, criteria: Sequence[Criterion], verdicts: dict[str, Verdict]) -> str:
        """What the next look is shown of the one before."""
        lines = []
        for criterion in criteria:
            verdict = verdicts[criterion.id]
            reason = verdict.reason or "no reason was given"
            word = f" Verdict: {verdict.label or format(verdict.value, 'g')}." if self.show == "verdict" else ""
            lines.append(f"[{criterion.id}] {reason}{word}")
        return "\n".join(lines)


def _after(old: Verdict, new: Verdict) -> Verdict:
    usage = (old.usage or Usage()) + (new.usage or Usage())
    return new._replace(usage=usage, attempts=old.attempts + new.attempts)


def _traced(verdict: Verdict, earlier: Sequence[str]) -> Verdict:
    return verdict._replace(raw=f"earlier: {'; '.join(earlier)}\n{verdict.raw}".strip()) if earlier else verdict


@register("judge", "continued")
@dataclass(frozen=True)
class ContinuedJudge:
    """``judge`` on a model whose thinking is made to go on: its end is cut off ``times`` times and ``word`` put there.

    Needs a server that goes on writing a message that it is given (``extra`` asks for it in vLLM's way; most hosted
    chat APIs cannot). Thinking stops at ``max_thinking`` completion tokens, all of which are in the usage. Protocol
    P10, card 159 (arXiv 2505.11875, recalled): it helps models trained for it; compare with times=0.
    """

    judge: Judge = ONE_BY_ONE
    times: int = 1
    word: str = "Wait"
    max_thinking: int = 8192
    tags: tuple[str, str] = ("<think>", "</think>")
    extra: tuple[tuple[str, Any], ...] = (("add_generation_prompt", False), ("continue_final_message", True))

    needs_client = True

    def __post_init__(self) -> None:
        if self.times < 0 or self.max_thinking < 1:
            raise SettingError(f"{self!r}", expected="times >= 0 and max_thinking >= 1")

    @property
    def digest(self) -> str:
        """Settings and the digest of the judge inside."""
        return settings_digest(self, self.judge.digest)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """As the judge inside."""
        return self.judge.batches(criteria)

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """The verdicts of the judge inside after the forced thinking."""
        thinking = Continued(needed(client), self.times, self.word, self.max_thinking, self.tags, self.extra)
        found = await self.judge.verdicts(sample, rubric, criteria, thinking)
        digest = self.digest
        return tuple(v._replace(judge=digest) for v in found)
