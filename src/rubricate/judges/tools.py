"""A judge that may call tools before it decides (protocol P13; cards 16 and 86).

A bounded loop of thought, action and observation. Every reply is one JSON object: a tool call or the verdict, never
both, so a verdict always comes after the last observation. Tool output is fenced like everything that others wrote. A
tool that fails is shown as ``tool_error`` and says nothing about the response; a judge that calls for ever ends
unreadable, never as a verdict.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import rubricate.judges.layout as layout
from rubricate.errors import CallError, SettingError, ToolError
from rubricate.judges.asking import Asking
from rubricate.judges.base import chunks, failed, needed, settings_digest
from rubricate.judges.toolbox import Calculator, DocumentSearch, Tool, checked
from rubricate.llm.ask import Asked, Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import ABSTAIN, Answer, read_answer, whole_object
from rubricate.llm.prompts import fill, prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Message, Sample, State, Usage, Verdict

PARSER = "tools-1"
TOOL_ERROR = "tool_error"


class Action(NamedTuple):
    """A tool call that the judge asks for."""

    tool: str
    arguments: Any
    thought: str = ""


class Turn(NamedTuple):
    """One call of a trace: what was asked for and what came; ``error`` when nothing did."""

    action: Action
    observation: str
    error: bool


class Trace(NamedTuple):
    """How a verdict came about."""

    verdict: Verdict
    turns: tuple[Turn, ...]


@register("judge", "tools")
@dataclass(frozen=True)
class ToolJudge(Asking):
    """Judges one criterion a conversation, with at most ``max_calls`` tool calls before the verdict.

    ``on_tool_error``: ``observe`` (the judge sees it and goes on; the verdict's reason counts them) or ``fail`` (the
    first one ends the question: state failed, label ``tool_error``). An observation is cut at ``max_observation``
    characters. ``trace`` gives the turns too; ``verdicts`` the verdict alone.
    """

    tools: tuple[Tool, ...] = (Calculator(), DocumentSearch())
    max_calls: int = 4
    on_tool_error: Literal["observe", "fail"] = "observe"
    max_observation: int = 4000
    abstain: bool = True
    prompt: str = "tools"

    def __post_init__(self) -> None:
        names = [t.name for t in self.tools]
        if not names or len(set(names)) < len(names):
            raise SettingError(f"tools named {names}", expected="one tool or more, each with its own name")
        if self.max_calls < 1 or self.reasks < 0 or self.on_tool_error not in ("observe", "fail"):
            raise SettingError(f"{self!r}", expected="max_calls >= 1, reasks >= 0, on_tool_error observe or fail")

    @property
    def digest(self) -> str:
        """Settings, tools, prompt text and parser version."""
        return _digest(self)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """One criterion a conversation."""
        return chunks(criteria, 1)

    def request(self, sample: Sample, rubric: Rubric, criterion: Criterion) -> Request:
        """The first request about a criterion."""
        listed = "\n".join(f"{t.name} {_form(t)}: {t.description}" for t in self.tools)
        cannot = f" Answer {ABSTAIN} if the material does not settle it." if self.abstain else ""
        text = fill(template(self.prompt), {"abstain": cannot, "calls": str(self.max_calls), "tools": listed})
        system = Message("system", f"{text}\n{rubric.guidelines}" if rubric.guidelines else text)
        return self.to_request(
            layout.messages(system, layout.material(sample, self.fence_key), (criterion,)),
        )

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion, each with the usage of its calls."""
        return tuple([(await self.trace(sample, rubric, c, client)).verdict for c in criteria])

    async def trace(self, sample: Sample, rubric: Rubric, criterion: Criterion, client: Client | None) -> Trace:
        """The verdict about one criterion with the tool calls that led to it."""
        asking = needed(client)
        tools = {t.name: t.bound(sample) for t in self.tools}
        request, usage, turns, attempts = self.request(sample, rubric, criterion), Usage(), list[Turn](), 0
        while True:
            read = functools.partial(_read, criterion=criterion, tools=tools, open_=len(turns) < self.max_calls)
            asked: Asked[Action | Answer] = await ask(asking, request, read, reasks=self.reasks)
            usage, attempts = usage + asked.usage, attempts + asked.attempts
            if asked.error is not None or asked.reply is None:
                verdict = failed((criterion,), asked.error or CallError("no reply"), self.digest)[0]
                return Trace(verdict._replace(usage=usage, attempts=attempts), tuple(turns))
            found = asked.unwrap()
            if not isinstance(found, Action):
                return Trace(self._verdict(criterion, found, turns, usage, attempts), tuple(turns))
            turns.append(await _act(tools, found, self.max_observation))
            if turns[-1].error and self.on_tool_error == "fail":
                error = CallError(f"{TOOL_ERROR}: {turns[-1].observation}", attempts=attempts)
                verdict = failed((criterion,), error, self.digest)[0]
                return Trace(verdict._replace(label=TOOL_ERROR, usage=usage), tuple(turns))
            request = _shown(request, asked.reply.text, turns, self.max_calls, self.fence_key)

    def _verdict(
        self, criterion: Criterion, answer: Answer, turns: Sequence[Turn], usage: Usage, attempts: int
    ) -> Verdict:
        errors = sum(t.error for t in turns)
        counted = f"[{len(turns)} tool calls{f', {errors} {TOOL_ERROR}' if errors else ''}]"
        state = State.ABSTAINED if answer.abstained else State.SCORED
        return Verdict(
            criterion.id, state, answer.value, answer.label, f"{counted} {answer.reason}".strip(), judge=self.digest,
            attempts=attempts, usage=usage,
        )  # fmt: skip


def _read(reply: Reply, *, criterion: Criterion, tools: Mapping[str, Tool], open_: bool) -> Action | Answer | Problem:
    found = whole_object(reply.text)
    if found is None:
        return Problem("the reply is not one JSON object")
    if ("tool" in found) == ("verdict" in found):
        return Problem('the reply must hold either "tool" or "verdict", one of the two')
    thought = found["thought"] if isinstance(found.get("thought"), str) else ""
    if "verdict" in found:
        answer = read_answer({"verdict": found["verdict"], "reason": thought}, layout.offered(criterion))
        return answer if isinstance(answer, Answer) else Problem("the verdict was never offered")
    if not open_:
        return Problem("no tool calls are left: give the verdict")
    name = found["tool"]
    if not isinstance(name, str) or name not in tools:
        return Problem(f"there is no such tool; there are: {', '.join(tools)}")
    return Action(name, found.get("arguments"), thought)


async def _act(tools: Mapping[str, Tool], action: Action, most: int) -> Turn:
    tool = tools[action.tool]
    try:
        text = await tool.run(checked(tool, action.arguments))
    except ToolError as error:
        return Turn(action, str(error)[:most], True)
    cut = f"\n[cut: {len(text) - most} more characters]" if len(text) > most else ""
    return Turn(action, text[:most] + cut, False)


def _shown(request: Request, reply: str, turns: Sequence[Turn], most: int, secret: str) -> Request:
    """The request after a turn: the judge's own words, then the observation, fenced."""
    turn, left = turns[-1], most - len(turns)
    label = f"{TOOL_ERROR if turn.error else 'observation'} {len(turns)}"
    after = f"{left} tool calls are left." if left else "No tool calls are left: give the verdict."
    text = f"{layout.fence_all([(label, turn.observation)], secret)}\n{after}"
    return replace(request, messages=(*request.messages, Message("assistant", reply), Message("user", text)))


def _form(tool: Tool) -> str:
    inside = ", ".join(f'"{name}": {kind}' for name, kind in tool.schema.items())
    return f"{{{inside}}}"


@functools.lru_cache(maxsize=256)
def _digest(judge: ToolJudge) -> str:
    tools = [f"{t.name} {_form(t)}: {t.description}" for t in judge.tools]
    return settings_digest(judge, prompt_digest(template(judge.prompt), *tools), PARSER)
