"""Background before a verdict: neutral questions, answered from a source or by the model, shown to the judge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from rubricate.errors import SettingError
from rubricate.llm.ask import Problem, ask_json
from rubricate.llm.client import Client
from rubricate.llm.prompts import request
from rubricate.types import Sample, Usage

Lookup = Callable[[str], Awaitable[str | None]]


class Background(NamedTuple):
    """The samples with questions and answers among their documents, the questions without an answer, ``why`` nothing
    was added, and the cost."""

    samples: tuple[Sample, ...]
    unanswered: tuple[str, ...]
    why: str
    usage: Usage


@dataclass(frozen=True)
class SelfQuestions:
    """At most ``k`` background questions about a task and its responses, written without taking a side.

    ``lookup(question)`` answers from a source, or None; without it the model answers its own questions in a second
    call and may leave some open. Answers become documents of every sample, so all sides are judged on the same ones. A
    model that gives nothing usable leaves the samples as they are. Card 192 (arXiv 2505.12452, id recalled; abstract
    only): questions help to tell close patents apart, retrieved answers more than the model's own.
    """

    k: int = 5
    reasks: int = 1
    model: str = ""
    temperature: float | None = 0.0

    def __post_init__(self) -> None:
        if self.k < 1:
            raise SettingError(f"k={self.k}", expected="at least 1")

    async def of(self, samples: Sequence[Sample], client: Client, lookup: Lookup | None = None) -> Background:
        """The samples of one task with background. SettingError when they are of different tasks, or none."""
        if not samples or len({s.prompt for s in samples}) != 1:
            raise SettingError(f"{len(samples)} samples of one task are wanted", expected="samples with equal prompts")
        blocks = [("task", samples[0].task), *((f"response {k}", s.response) for k, s in enumerate(samples, 1))]
        asked = await self._ask(client, "self_questions", blocks, "questions", lambda v: _texts(v, self.k))
        if asked.error is not None:
            return Background(tuple(samples), (), str(asked.error), asked.usage)
        questions = [q for q in asked.unwrap() if q]
        answers, usage, why = await self._answers(questions, client, lookup)
        known = [(q, a) for q, a in zip(questions, answers, strict=True) if a]
        added = tuple(f"Question: {q}\nAnswer: {a}" for q, a in known)
        unanswered = tuple(q for q, a in zip(questions, answers, strict=True) if not a)
        found = tuple(replace(s, documents=(*s.documents, *added)) for s in samples)
        why = why or ("" if added else "no question has an answer")
        return Background(found, unanswered, why, asked.usage + usage)

    async def _answers(
        self, questions: list[str], client: Client, lookup: Lookup | None
    ) -> tuple[list[str], Usage, str]:
        """An answer for each question, "" where there is none."""
        if lookup is not None:
            return [(await lookup(q) or "").strip() for q in questions], Usage(), ""
        blocks = [(f"question {k}", q) for k, q in enumerate(questions, 1)]
        asked = await self._ask(client, "self_answers", blocks, "answers", lambda v: _as_many(v, len(questions)))
        if asked.error is not None:
            return [""] * len(questions), asked.usage, str(asked.error)
        return asked.unwrap(), asked.usage, ""

    async def _ask(self, client: Client, prompt: str, blocks: Any, key: str, read: Any) -> Any:
        asked = request(prompt, {"k": str(self.k)}, blocks, model=self.model, temperature=self.temperature)
        return await ask_json(client, asked, key, read, reasks=self.reasks)


def _texts(value: Any, most: int) -> list[str] | Problem:
    texts = [v.strip() for v in value if isinstance(v, str) and v.strip()] if isinstance(value, list) else []
    return list(dict.fromkeys(texts))[:most] or Problem("'questions' is not a list of questions")


def _as_many(value: Any, count: int) -> list[str] | Problem:
    if not isinstance(value, list) or len(value) != count:
        return Problem(f"'answers' is not a list of {count} answers")
    return [v.strip() if isinstance(v, str) else "" for v in value]
