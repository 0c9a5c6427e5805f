"""A mock judge server: an OpenAI-compatible endpoint that answers from rules, slowly and wrongly where told to.

It has to outrun the clients that are measured against it, so it is one asyncio protocol without tasks: a reply is
made while its request is read and is written after the think time by a timer. ::

    python -m rubricate.llm.server --truth hash --think 0.05 --faults rate_limit=.05
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple, get_args

from rubricate.errors import CallError, RubricateError, SettingError
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.faults import Faults, Mode, Turns
from rubricate.llm.http1 import Connection, Incoming
from rubricate.llm.recordings import Recording, by_messages
from rubricate.llm.scripted import JudgeScript, Rules, ScriptedClient
from rubricate.llm.wire import chat_body, error_body, read_chat
from rubricate.registry import lookup

IGNORABLE = ("n", "logprobs", "schema")
# What a user's rule may raise: it becomes a 500 that says what happened, and the server stays up.
_RULE_ERRORS = (RubricateError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, OSError,
                RuntimeError, AssertionError)  # fmt: skip


_WITHOUT_REPLY = ("hang", "drop", "rate_limit", "server_error")


@dataclass
class Stats:
    """What the server has seen: chat requests, faults by kind, requests under way, connections, prompt sizes."""

    requests: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    peak_in_flight: int = 0
    connections: int = 0
    prompt_chars: int = 0
    prompt_bytes: int = 0


class _Asked(NamedTuple):
    """A chat request on its way: whether its reply is wrapped in prose, and what goes wrong with it at which try."""

    connection: Connection
    request: Request
    wrapped: bool
    kind: str | None
    turn: int


class MockServer:
    """An HTTP server with ``POST /v1/chat/completions``, ``GET /v1/models``, ``/healthz`` and ``/stats``.

    ``client`` is a client, or rules for a ``ScriptedClient``. ``think`` seconds pass before each reply. ``faults``
    are injected. With ``api_key`` every /v1 path needs it. ``ignore`` lists what is left out in silence, as some
    servers do: ``n`` (one choice comes), ``logprobs`` (none come), ``schema`` (the JSON comes inside of prose).

    Used with ``async with``, in a thread (``with server.in_thread()``), or as a process (``serve``).
    """

    def __init__(
        self,
        client: Client | Rules,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        think: float = 0.0,
        faults: Faults | None = None,
        api_key: str | None = None,
        ignore: Sequence[str] = (),
        model: str = "scripted",
        max_bytes: int = 32 * 1024 * 1024,
    ) -> None:
        if not set(ignore) <= set(IGNORABLE) or think < 0 or max_bytes < 1:
            raise SettingError(
                f"ignore={ignore!r}, think={think!r}, max_bytes={max_bytes!r}",
                expected=f"ignore among {IGNORABLE}, think >= 0, max_bytes >= 1",
            )
        self.client: Client = client if isinstance(client, Client) else ScriptedClient(client, model=model)
        self.host, self.port, self.think, self.faults = host, port, think, faults
        self.api_key, self.ignore, self.model, self.max_bytes = api_key, frozenset(ignore), model, max_bytes
        self.stats = Stats()
        self._loop: asyncio.AbstractEventLoop
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = Turns()
        self._routes: dict[str, tuple[str, Callable[[Connection, Incoming], None]]] = {
            "/v1/chat/completions": ("POST", self._chat),
            "/v1/models": ("GET", self._models),
            "/healthz": ("GET", lambda connection, _: self._json(connection, {"status": "ok"})),
            "/stats": ("GET", lambda connection, _: self._json(connection, asdict(self.stats))),
        }

    # ------------------------------------------------------------------------------------------ life

    @property
    def url(self) -> str:
        """The base url for clients, ending in /v1. Raises SettingError before the server is started."""
        if self._server is None:
            raise SettingError("the server has not been started", expected="async with, in_thread() or serve()")
        port = self._server.sockets[0].getsockname()[1]
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}/v1"

    async def __aenter__(self) -> MockServer:
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(lambda: Connection(self), self.host, self.port, backlog=1024)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.drop()
            while self._connections:  # each takes one turn of the loop to close
                await asyncio.sleep(0)
            await asyncio.gather(*self._tasks, return_exceptions=True)  # cancelled with their connections
            await self._server.wait_closed()
            self._server = None

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[MockServer]:
        """The server running on its own loop in a background thread, until the block ends."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="mock-server", daemon=True)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self.__aenter__(), loop).result()
            try:
                yield self
            finally:
                asyncio.run_coroutine_threadsafe(self.__aexit__(), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    # ------------------------------------------------------------------------------------ connections

    def opened(self, connection: Connection) -> None:
        """A client connected."""
        self._connections.add(connection)
        self.stats.connections += 1

    def lost(self, connection: Connection) -> None:
        """A client went away; what it waited for is not under way any more."""
        self._connections.discard(connection)
        self._left(connection)

    def handle(self, connection: Connection, incoming: Incoming) -> None:
        """Answer one request."""
        route = self._routes.get(incoming.path)
        method = "GET" if incoming.method == "HEAD" else incoming.method
        if route is None:
            known = ", ".join(self._routes)
            self._error(connection, 404, f"there is no {incoming.path}; the server has {known}")
        elif method != route[0]:
            allow = f"Allow: {route[0]}\r\n".encode()
            self._error(connection, 405, f"{incoming.path} takes {route[0]}", headers=allow)
        elif not self._admits(incoming):
            self._error(connection, 401, "the API key is missing or wrong", code="invalid_api_key")
        else:
            route[1](connection, incoming)

    def refuse(self, connection: Connection, status: int, message: str) -> None:
        """Answer bytes that are no request."""
        connection.send(status, error_body(status, message), last=True)

    def _admits(self, incoming: Incoming) -> bool:
        if self.api_key is None or not incoming.path.startswith("/v1/"):
            return True
        return incoming.header(b"authorization") == f"Bearer {self.api_key}".encode()

    def _json(self, connection: Connection, data: Any) -> None:
        connection.send(200, json.dumps(data).encode())

    def _error(
        self, connection: Connection, status: int, message: str, *, code: str | None = None, headers: bytes = b""
    ) -> None:
        connection.send(status, error_body(status, message, code), headers)

    def _models(self, connection: Connection, incoming: Incoming) -> None:
        entry = {"id": self.model, "object": "model", "created": int(time.time()), "owned_by": "rubricate"}
        self._json(connection, {"object": "list", "data": [entry]})

    # ------------------------------------------------------------------------------------------ chat

    def _chat(self, connection: Connection, incoming: Incoming) -> None:
        try:
            asked = self._read(connection, incoming.body)
        except (ValueError, TypeError, RecursionError) as error:
            self._error(connection, 400, f"the body cannot be read: {error}")
            return
        self._count(asked, len(incoming.body))
        if asked.kind in _WITHOUT_REPLY:
            self._fail(asked)
        elif isinstance(self.client, ScriptedClient):
            try:
                reply = self.client.answer(asked.request)
            except _RULE_ERRORS as error:
                self._failed(asked, error)
            else:
                self._reply(asked, reply)
        else:
            connection.pending = task = self._loop.create_task(self._ask(asked, self.client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, asked: _Asked, client: Client) -> None:
        try:
            reply = await client.complete(asked.request)
        except _RULE_ERRORS as error:
            self._failed(asked, error)
        else:
            self._reply(asked, reply)

    def _read(self, connection: Connection, body: bytes) -> _Asked:
        """The request without what this server ignores, and what is to go wrong with it."""
        request, wrapped, kind, turn = read_chat(body), False, None, 0
        if self.ignore:
            wrapped = "schema" in self.ignore and request.schema is not None
            request = replace(
                request,
                n=1 if "n" in self.ignore else request.n,
                top_logprobs=0 if "logprobs" in self.ignore else request.top_logprobs,
                schema=None if wrapped else request.schema,
            )
        if self.faults is not None:
            turn = self._turns.next(request)
            kind = self.faults.decide(request, turn)
        return _Asked(connection, request, wrapped, kind, turn)

    def _count(self, asked: _Asked, size: int) -> None:
        stats = self.stats
        stats.requests += 1
        stats.prompt_bytes += size
        for message in asked.request.messages:
            stats.prompt_chars += len(message.content)
        if asked.kind is not None:
            stats.faults[asked.kind] = stats.faults.get(asked.kind, 0) + 1
        asked.connection.asking = True
        stats.in_flight += 1
        if stats.in_flight > stats.peak_in_flight:
            stats.peak_in_flight = stats.in_flight

    def _reply(self, asked: _Asked, reply: Reply) -> None:
        if asked.wrapped:
            reply = replace(reply, texts=tuple(f"My verdicts:\n```json\n{t}\n```" for t in reply.texts))
        if asked.kind is not None and self.faults is not None:
            reply = self.faults.spoil(asked.kind, reply, asked.request, asked.turn)
        self._later(asked.connection, 200, chat_body(reply, asked.request, self.stats.requests))

    def _fail(self, asked: _Asked) -> None:
        """Faults that come without a reply. A hanging request ends when its client goes away."""
        error = self.faults.error(asked.kind, "") if self.faults and asked.kind else None
        if asked.kind == "drop":
            asked.connection.drop()
        elif error is not None:
            self._failed(asked, error)

    def _failed(self, asked: _Asked, error: BaseException) -> None:
        """Answer with an error: its own status, 400 when asking again is of no use, else 500."""
        status, headers, message = 500, b"", f"a rule raised {type(error).__name__}: {error}"
        if isinstance(error, CallError):
            if error.state == "refused":
                self._reply(asked, Reply(("",), ("content_filter",), asked.request.model))
                return
            status, message = error.status or (500 if error.retryable else 400), str(error)
            if error.retry_after is not None:
                headers = f"Retry-After: {error.retry_after:g}\r\n".encode()
        self._later(asked.connection, status, error_body(status, message), headers)

    def _later(self, connection: Connection, status: int, body: bytes, headers: bytes = b"") -> None:
        """Send after the think time."""
        if self.think:
            connection.pending = self._loop.call_later(self.think, self._send, connection, status, body, headers)
        else:
            self._send(connection, status, body, headers)

    def _send(self, connection: Connection, status: int, body: bytes, headers: bytes) -> None:
        self._left(connection)
        connection.send(status, body, headers)

    def _left(self, connection: Connection) -> None:
        if connection.asking:
            connection.asking = False
            self.stats.in_flight -= 1


def rules_named(truth: str) -> Rules:
    """Rules by name: a registered truth (``met``, ``hash``, ...) for judge prompts, or ``recording:PATH``.

    Recordings are matched by messages, because a request does not come through HTTP in one piece.
    """
    kind, _, path = truth.partition(":")
    if kind == "recording":
        return Recording.read(path, key=by_messages)
    return JudgeScript(lookup("truth", truth))


def serve(server: MockServer) -> None:
    """Run the server until SIGINT or SIGTERM; its url is the first line of standard output."""
    asyncio.run(_serve(server))


async def _serve(server: MockServer) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def told(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        async with server:
            print(server.url, flush=True)
            await stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str] | None = None) -> None:
    """``python -m rubricate.llm.server``: see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m rubricate.llm.server", description=MockServer.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--think", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--truth", default="hash", help="met, hash, recording:PATH or a registered truth")
    parser.add_argument("--faults", nargs="*", default=[], metavar="KIND=RATE")
    parser.add_argument("--fault-mode", choices=get_args(Mode), default="passing")
    parser.add_argument("--retry-after", type=float, default=1.0, help="seconds that a 429 asks for")
    parser.add_argument("--seed", type=int, default=0, help="seed of the faults")
    parser.add_argument("--ignore", nargs="*", default=[], choices=IGNORABLE, help="what is left out in silence")
    parser.add_argument("--api-key")
    parser.add_argument("--model", default="scripted")
    given = parser.parse_args(arguments)
    try:
        faults = Faults.parse(given.faults, mode=given.fault_mode, seed=given.seed, retry_after=given.retry_after)
        server = MockServer(
            rules_named(given.truth), host=given.host, port=given.port, think=given.think,
            faults=faults if given.faults else None, api_key=given.api_key, ignore=given.ignore, model=given.model,
        )  # fmt: skip
    except (RubricateError, OSError) as error:
        parser.error(str(error))
    serve(server)


if __name__ == "__main__":
    main()
