"""Judges under a condition: a persona, principles or a constitution; or a rubric or solution of their own.

The condition is an input, not weights: the same model judges under another one, and the digest says which. Cards 37
(constitution as input), 53 (own rubric or own solution first), 82 and 177 (principles).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rubricate.errors import SettingError
from rubricate.judges.base import Judge, ask_all, needed, settings_digest, spent
from rubricate.judges.conversation import Inserted, one_turn, without_first_turn
from rubricate.judges.pointwise import AT_ONCE, ONE_BY_ONE
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import strip_reasoning
from rubricate.llm.prompts import fence_name, fenced, prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Message, Sample, Verdict

PARSER = "own-1"
_KIND = re.compile(r"<type>\s*(chat|reasoning)\s*</type>", re.IGNORECASE)


@register("judge", "conditioned")
@dataclass(frozen=True)
class ConditionedJudge:
    """``judge`` asked under a ``persona`` and ``principles``, which go before the rubric's own guidelines.

    They are settings of the user and trusted as such: never put model-written or user-written text there.
    """

    judge: Judge = AT_ONCE
    persona: str = ""
    principles: tuple[str, ...] = ("Judge what the response says, not how confident or how long it is.",)

    def __post_init__(self) -> None:
        if not self.persona and not self.principles:
            raise SettingError("neither persona nor principles", expected="at least one condition")
        if isinstance(self.principles, str):
            raise SettingError(f"principles={self.principles!r}", expected="a tuple of sentences")

    @property
    def needs_client(self) -> bool:
        """As the judge inside."""
        return self.judge.needs_client

    @property
    def digest(self) -> str:
        """Settings and the digest of the judge inside."""
        return settings_digest(self, self.judge.digest)

    @property
    def text(self) -> str:
        """The condition as the prompt says it."""
        persona = [f"Judge as this person would: {self.persona}"] if self.persona else []
        numbered = [f"{k}. {principle}" for k, principle in enumerate(self.principles, 1)]
        return "\n".join([*persona, *(["Principles, the first before the second:"] if numbered else []), *numbered])

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """As the judge inside."""
        return self.judge.batches(criteria)

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """The verdicts of the judge inside under the condition, signed by this judge."""
        guidelines = "\n".join(filter(None, (self.text, rubric.guidelines)))
        under = rubric.model_copy(update={"guidelines": guidelines})
        found = await self.judge.verdicts(sample, under, criteria, client)
        digest = self.digest
        return tuple(v._replace(judge=digest) for v in found)


@register("judge", "own_rubric")
@dataclass(frozen=True)
class OwnRubricJudge:
    """Writes its own rubric or solution from the task alone, then ``judge`` decides with it in the conversation.

    ``write``: "rubric" (chat), "solution" (reasoning), or "either" (the model says which kind the task is). The first
    turn does not see the response, so all responses to a prompt share one (with a cache, at temperature 0: one call).
    Both turns are kept: ``raw`` of the first verdict of a call begins with what was written. A first turn without the
    tag it was asked for is asked again, and then costs the verdicts of the call their values.
    """

    judge: Judge = ONE_BY_ONE
    write: Literal["rubric", "solution", "either"] = "either"
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
        if self.write not in ("rubric", "solution", "either") or self.reasks < 0:
            raise SettingError(f"{self!r}", expected="write rubric, solution or either; reasks >= 0")

    @property
    def digest(self) -> str:
        """Settings, the prompt of the first turn and the digest of the judge inside."""
        return settings_digest(self, self.judge.digest, prompt_digest(template(f"own_{self.write}")), PARSER)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria together: they share the first turn."""
        return [tuple(criteria)] if criteria else []

    def request(self, sample: Sample) -> Request:
        """The request of the first turn: the task and its documents, fenced; no response and no reference."""
        blocks = [("task", sample.task), *(("document", d) for d in sample.documents)]
        fence = fence_name("\x1f".join(text for _, text in blocks), self.fence_key)
        material = "\n".join(fenced(label, text, fence) for label, text in blocks)
        question = Message("user", f"{material}\n{template(f'own_{self.write}')}")
        return Request((question,), self.model, self.temperature, self.max_tokens, self.seed)

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """The verdicts of the judge inside, with the first turn in its conversation."""
        base, digest = needed(client), self.digest
        request = self.request(sample)
        first = await ask(base, request, self.read, reasks=self.reasks)
        if first.error is not None:
            return without_first_turn(criteria, first, digest)
        own = first.unwrap()
        turns = (request.messages[-1], Message("assistant", own))
        found = await ask_all(self.judge, sample, rubric, criteria, Inserted(base, turns, at=1))
        kept = found[0]._replace(raw=f"{own}\n{found[0].raw}".strip())
        return spent([v._replace(judge=digest) for v in (kept, *found[1:])], first.usage)

    def read(self, reply: Reply) -> str | Problem:
        """What the first turn wrote, from its first tag to its last; Problem when a tag is missing or empty."""
        text = strip_reasoning(reply.text)
        kind = self.write
        if kind == "either":
            named = _KIND.findall(text)
            if len({k.lower() for k in named}) != 1:
                return Problem("it must hold <type>chat</type> or <type>reasoning</type>, one of the two")
            kind = "solution" if named[0].lower() == "reasoning" else "rubric"
        found = re.search(rf"<{kind}>\s*\S.*</{kind}>", text, re.DOTALL | re.IGNORECASE)
        if found is None:
            return Problem(f"it must hold something between <{kind}> and </{kind}>")
        return found.group(0)
