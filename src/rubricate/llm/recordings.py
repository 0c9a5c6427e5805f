"""Recordings: what a real endpoint answered, kept as JSON lines and replayed later without one.

A reply is found by a key of its request, so a changed prompt finds none: a replay then stops and
says for which request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rubricate.errors import DataError
from rubricate.files import append_line, parse_json, read_lines, write_atomic
from rubricate.llm.client import Client, Reply, Request, Token
from rubricate.types import Usage

_TASK = re.compile(r'<d-[0-9a-f]{10} is="task">\n(.*)')


def whole_request(request: Request) -> str:
    """The key of everything that can change a reply, the endpoint apart: the default key of a recording."""
    return request.key("")


def by_messages(request: Request) -> str:
    """A key of the messages, how many choices, and which repeat: for replays under another model name or behind HTTP.

    It cannot tell models apart: where several are asked the same, recording and replay refuse.
    """
    return Request(request.messages, n=request.n, sample=request.sample).key("")


class Recording:
    """Replies by key, kept as JSON lines: a real client's replies, replayed later without an endpoint."""

    def __init__(self, key: Callable[[Request], str] = whole_request, *, where: str = "in memory") -> None:
        self.key, self.where = key, where
        self.replies: dict[str, Reply] = {}

    def __call__(self, request: Request) -> Reply | None:
        """The recorded reply, or None."""
        return self.replies.get(self.key(request))

    def __str__(self) -> str:
        name = getattr(self.key, "__qualname__", type(self.key).__qualname__)
        return f"recording {self.where} ({len(self.replies)} replies keyed {name})"

    def record(self, client: Client, path: str | Path | None = None) -> Client:
        """A client that asks ``client`` and keeps its replies here; the last one of a key stays.

        With ``path`` each reply is also appended to that file as it comes, so that a killed job loses none.
        """
        return _Recorder(self, client, path)

    @classmethod
    def read(cls, path: str | Path, key: Callable[[Request], str] = whole_request) -> Recording:
        """The recording in a file. Raises DataError with the line that cannot be read."""
        recording = cls(key, where=str(path))
        for number, line in read_lines(path):
            data = parse_json(line, path, number)
            try:
                name, reply = _load(data)
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                raise DataError(
                    f"{type(error).__name__}: {error}",
                    where=f"{path}:{number}",
                    expected='a JSON object with "key" and "texts"',
                ) from None
            recording.replies[name] = reply
        return recording

    def write(self, path: str | Path) -> None:
        """Write all replies, sorted by key, so that equal recordings are equal files."""
        write_atomic(path, "".join(_line(name, self.replies[name]) + "\n" for name in sorted(self.replies)))


class Replay:
    """A client that answers from a recording alone. DataError for a request that the recording does not hold.

    No verdict and no draft is made of such a request: what was recorded and what is asked now do not fit.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording, self.asked = recording, _OneModel(recording.where)

    @property
    def endpoint(self) -> str:
        """The file of the recording."""
        return f"replay of {self.recording.where}"

    async def complete(self, request: Request) -> Reply:
        """The recorded reply."""
        reply = self.recording(request)
        self.asked.check(self.recording.key(request), request)
        if reply is None:
            raise DataError(
                f"none of {len(self.recording.replies)} recorded replies is for the request {_named(request)}",
                where=self.recording.where, expected="the prompts, settings and material of the recording",
                hint="To record it: the same command with --base-url URL --model NAME --record FILE, without --replay",
            )  # fmt: skip
        return reply


def _named(request: Request) -> str:
    """A request as a person knows it again: how its instructions begin, and its task."""
    system = next((m.content for m in request.messages if m.role == "system"), "")
    last = next((m.content for m in reversed(request.messages) if m.role == "user"), "")
    task = next((t.group(1) for m in request.messages if m.role == "user" and (t := _TASK.search(m.content))), "")
    about = f" about {task[:60]!r}" if task else ""
    again = ", asked again after a reply that could not be used" if len(request.messages) > 2 else ""
    return f"{(system or last)[:60]!r}{about}{again}"


class _OneModel:
    """Refuses a question that a second model is asked under the key of the first: one reply would stand for both."""

    def __init__(self, where: str) -> None:
        self.where, self.models = where, dict[str, str]()

    def check(self, name: str, request: Request) -> None:
        first = self.models.setdefault(name, request.model)
        if first != request.model:
            raise DataError(
                f"the models {first!r} and {request.model!r} are asked the same", where=self.where,
                expected="one model: this recording finds replies by their messages",
                hint="Record and replay each model on its own, or use Recording(key=whole_request) in Python",
            )  # fmt: skip


class _Recorder:
    def __init__(self, recording: Recording, client: Client, path: str | Path | None) -> None:
        self.recording, self.client, self.path = recording, client, path
        self.asked = _OneModel(recording.where)

    @property
    def endpoint(self) -> str:
        return self.client.endpoint

    async def complete(self, request: Request) -> Reply:
        name = self.recording.key(request)
        self.asked.check(name, request)
        reply = await self.client.complete(request)
        self.recording.replies[name] = reply
        if self.path is not None:
            append_line(self.path, _line(name, reply))
        return reply


def _line(name: str, reply: Reply) -> str:
    used = [reply.usage.prompt_tokens, reply.usage.completion_tokens]
    tokens = [[(t.text, t.logprob, t.top) for t in choice] for choice in reply.tokens]
    record = {"texts": reply.texts, "finish": reply.finish, "model": reply.model, "usage": used, "tokens": tokens}
    return json.dumps({"key": name} | {k: v for k, v in record.items() if v})


def _load(record: dict[str, Any]) -> tuple[str, Reply]:
    prompt, completion = record.get("usage", (0, 0))
    tokens = tuple(
        tuple(Token(text, logprob, tuple((k, v) for k, v in top)) for text, logprob, top in choice)
        for choice in record.get("tokens", ())
    )
    texts, finish = tuple(record["texts"]), tuple(record.get("finish", ()))
    return record["key"], Reply(texts, finish, record.get("model", ""), Usage(1, prompt, completion), tokens)
