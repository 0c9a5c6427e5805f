"""Clients without a model: replies from rules, or from a truth that answers our judge prompts.

They are deterministic and take no network, so tests, documentation and examples run the whole path from prompt to
reward. ``rubricate.llm.server`` puts the same rules behind HTTP; ``rubricate.llm.faults`` makes them go wrong.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rubricate.errors import CallError, SettingError
from rubricate.llm.client import Reply, Request
from rubricate.llm.parse import ABSTAIN
from rubricate.llm.recordings import Recording
from rubricate.registry import register
from rubricate.types import Usage

Script = Callable[[Request], "str | Reply | None"]
Rules = Script | Sequence[Script]
Truth = Callable[[str, str, str], "bool | float | str | None"]

_FENCE = re.compile(r'<(d-[0-9a-f]{10}) is="([^"\n]*)">\n')
_RANGE = re.compile(r"(-?\d\S*) to (-?\d[^\s,]*)(, whole)?")
_VALUES = {1.0: "met", 0.5: "partial", 0.0: "not_met"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: ``match`` a pattern searched in all messages, or a function; ``reply`` a text, or made by a function.

    A rule that does not match answers None, and the next one is tried.
    """

    match: str | re.Pattern[str] | Callable[[Request], bool]
    reply: str | Reply | Script
    name: str = ""

    def __call__(self, request: Request) -> str | Reply | None:
        """The reply, or None when the rule does not match."""
        if callable(self.match):
            matched = self.match(request)
        else:
            matched = re.search(self.match, "\n".join(m.content for m in request.messages)) is not None
        if not matched:
            return None
        return self.reply(request) if callable(self.reply) else self.reply

    def __str__(self) -> str:
        pattern = self.match.pattern if isinstance(self.match, re.Pattern) else self.match
        return self.name or (repr(pattern) if isinstance(pattern, str) else _name(pattern))


class ScriptedClient:
    """A deterministic client: the first rule that answers, wins. ``calls`` counts the requests.

    A text is repeated for each of the request's ``n`` choices. Tokens are estimated at four characters each unless the
    reply states them. No rule answers: CallError that lists the rules.

    >>> import asyncio
    >>> from rubricate.types import Message
    >>> client = ScriptedClient([Rule("capital of France", "Paris"), Rule("", "I do not know.", name="otherwise")])
    >>> asyncio.run(client.complete(Request((Message("user", "What is the capital of France?"),)))).text
    'Paris'
    """

    def __init__(self, rules: Rules, *, endpoint: str = "scripted", model: str = "scripted") -> None:
        self.rules: tuple[Script, ...] = (rules,) if callable(rules) else tuple(rules)
        self.endpoint, self.model, self.calls = endpoint, model, 0

    async def complete(self, request: Request) -> Reply:
        """The reply of the first rule that has one."""
        return self.answer(request)

    def answer(self, request: Request) -> Reply:
        """``complete`` without a coroutine."""
        self.calls += 1
        for rule in self.rules:
            found = rule(request)
            if found is not None:
                return _finished(found, request, self.model)
        start = request.messages[-1].content[:80] if request.messages else ""
        names = ", ".join(map(_name, self.rules)) or "(none)"
        raise CallError(f"no rule answers the request that ends with {start!r}; rules: {names}", where=self.endpoint)


def _name(rule: object) -> str:
    if isinstance(rule, (Rule, Recording, JudgeScript)):
        return str(rule)
    return str(getattr(rule, "__qualname__", type(rule).__qualname__))


def _finished(found: str | Reply, request: Request, model: str) -> Reply:
    """The reply with as many choices as asked for, finish reasons, a model, and what it would have cost."""
    reply = Reply((found,) * request.n) if isinstance(found, str) else found
    texts, usage, notes = reply.texts[: request.n], reply.usage, reply.notes
    if not usage.prompt_tokens and not usage.completion_tokens:
        sent, made = sum(len(m.content) for m in request.messages), sum(map(len, texts))
        usage = Usage(1, -(-sent // 4), -(-made // 4), usage.cost, usage.seconds)
    finish = reply.finish[: request.n] + ("stop",) * (len(texts) - len(reply.finish))
    if len(texts) < request.n:
        notes += ("fewer-choices",)
    if request.top_logprobs and not reply.tokens:
        notes += ("no-logprobs",)
    return Reply(texts, finish, reply.model or request.model or model, usage, reply.tokens[: request.n], notes)


# ------------------------------------------------------------------------------------ reading a judge prompt


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``low`` to ``high`` as answers, whole ones only or any."""

    low: float
    high: float
    whole: bool


Answers = tuple[str, ...] | Range
_BINARY: Answers = ("met", "not_met")


class Asked(NamedTuple):
    """A criterion as a prompt asks it: its text without anchors and examples, and the answers that it offers."""

    id: str
    text: str
    answers: Answers


@dataclass(frozen=True, slots=True)
class PromptParts:
    """What a judge prompt of ours holds: task, response, criteria, and all fenced blocks as (label, text)."""

    task: str
    response: str
    criteria: tuple[Asked, ...]
    blocks: tuple[tuple[str, str], ...] = ()


def read_prompt(request: Request) -> PromptParts | None:
    """The parts of a judge prompt; None when no user message has fenced blocks.

    The last user message with fences counts: the complaint of a second try has none. What the fenced text itself says
    is never read as structure, because it cannot contain its own fence.
    """
    for message in reversed(request.messages):
        if message.role == "user":
            blocks, end = _blocks(message.content)
            if blocks:
                named = dict(blocks)
                criteria = tuple(_criteria(message.content[end:]))
                return PromptParts(named.get("task", ""), named.get("response", ""), criteria, tuple(blocks))
    return None


def _blocks(text: str) -> tuple[list[tuple[str, str]], int]:
    """The fenced blocks of a message, and where the last one ends."""
    blocks: list[tuple[str, str]] = []
    match, end = _FENCE.search(text), 0
    while match:
        close = f"\n</{match.group(1)}>"
        stop = text.find(close, match.end())
        if stop < 0:
            break
        blocks.append((match.group(2), text[match.end() : stop]))
        end = stop + len(close)
        match = _FENCE.match(text, end + 1)
    return blocks, end


def _criteria(text: str) -> Iterator[Asked]:
    """``[id] text {answers}`` and the lines that belong to it, for each criterion."""
    for part in re.split(r"\n(?=\[)", text)[1:]:
        name, _, rest = part[1:].partition("] ")
        yield _lines(name, rest.split("\n")) if "\n" in rest else Asked(name, *_split(rest))


def _lines(name: str, lines: list[str]) -> Asked:
    """A criterion of several lines: the text ends with its answers, else before the first line that hangs on it."""
    for place, line in enumerate(lines):
        words, answers = (line, _BINARY) if line.startswith("  ") else _split(line)
        if answers is not _BINARY:
            return Asked(name, "\n".join([*lines[:place], words]), answers)
    hanging = (place for place, line in enumerate(lines) if line.startswith(("  ", "- ")))
    return Asked(name, "\n".join(lines[: next(hanging, len(lines))]), _BINARY)


def _split(line: str) -> tuple[str, Answers]:
    """The words of a line and the answers in braces at its end; without braces: met or not_met."""
    start = line.rfind(" {") if line.endswith("}") else -1
    return (line, _BINARY) if start < 0 else (line[:start], _answers(line[start + 2 : -1]))


@functools.lru_cache(maxsize=1024)
def _answers(inside: str) -> Answers:
    match = _RANGE.fullmatch(inside)
    if match:
        return Range(float(match.group(1)), float(match.group(2)), match.group(3) is not None)
    return tuple(inside.split(", "))


# -------------------------------------------------------------------------------- answering a judge prompt


class Share(float):
    """A place on whatever scale is asked for: 0 its lowest answer, 1 its highest (True and False say the same)."""


@dataclass(frozen=True, slots=True)
class JudgeScript:
    """A rule that answers our judge prompts from ``truth(response, criterion id, criterion text)``.

    The truth gives a label as it stands, a number in the units of the scale, True or False for the best and the worst
    answer, a ``Share`` between them, or None to abstain. Labels of a criterion's own count from worst to best. A
    reason and a quote (the beginning of the response) are given where the prompt asks for them.
    """

    truth: Truth

    def __call__(self, request: Request) -> str | None:
        """The reply as JSON; None when the request is not a judge prompt."""
        parts = read_prompt(request)
        if parts is None or not parts.criteria:
            return None
        system = "".join(m.content for m in request.messages if m.role == "system")
        more: dict[str, Any] = {"evidence": _quote(parts.response)} if '"evidence"' in system else {}
        if '"reason"' in system:
            more["reason"] = "As the script says."
        truth, response = self.truth, parts.response
        verdicts = [
            {"id": name, **more, "verdict": verdict(answers, truth(response, name, text))}
            for name, text, answers in parts.criteria
        ]
        return json.dumps({"verdicts": verdicts})

    def __str__(self) -> str:
        return f"judge script ({_name(self.truth)})"


def _quote(response: str) -> list[str]:
    quote = response[:80].strip()
    return [quote] if quote else []


def verdict(answers: Answers, value: bool | float | str | None) -> str | float:
    """The judge's word for a truth, among the answers that were offered.

    >>> verdict(("met", "partial", "not_met"), 0.5), verdict(Range(1, 5, True), True), verdict(("met", "not_met"), None)
    ('partial', 5, 'cannot_tell')
    """
    if value is None:
        return ABSTAIN
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, Share)):
        return _at(answers, float(value))
    if isinstance(answers, Range):
        return int(value) if float(value).is_integer() else float(value)
    label = _VALUES.get(float(value))
    if label not in answers:
        raise SettingError(f"the truth is {value!r} for {answers}", expected="a label, True, False or a Share")
    return label


def _at(answers: Answers, share: float) -> str | float:
    """The answer at a share of the scale; every label or whole number has an equal part of it."""
    if isinstance(answers, Range):
        low, high = answers.low, answers.high
        if not answers.whole:
            return round(low + share * (high - low), 3)
        return int(min(high, low + share * (high - low + 1) // 1))
    place = min(len(answers) - 1, int(share * len(answers)))
    return answers[-1 - place] if answers[0] == "met" else answers[place]


def hashed(*parts: str) -> float:
    """A number in [0, 1) that depends on ``parts`` alone, the same in every process."""
    text = "\x1f".join(parts).encode(errors="surrogatepass")
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


@register("truth", "met")
def met(response: str, criterion: str, text: str) -> bool:
    """Everything is met."""
    return True


@register("truth", "hash")
def pseudo_random(response: str, criterion: str, text: str) -> Share:
    """A deterministic verdict, spread evenly over the scale, that depends on the response and the criterion id."""
    return Share(hashed(response, criterion))
