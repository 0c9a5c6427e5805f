"""A content-addressed cache around any client, with single flight: equal questions in flight are asked once.

The key covers everything that can change the reply: endpoint, model, messages, sampling, schema, sample index.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace
from typing import Protocol

from rubricate.llm.client import Client, Reply, Request, Token
from rubricate.types import Usage


class Memory(Protocol):
    """Where replies are kept: text by key."""

    def get(self, key: str) -> str | None:
        """The text stored under ``key``, or None."""
        ...

    def put(self, key: str, value: str) -> None:
        """Store ``value`` under ``key``."""
        ...


class DictMemory(dict[str, str]):
    """Replies in memory, gone with the process."""

    def put(self, key: str, value: str) -> None:
        """Store ``value`` under ``key``."""
        self[key] = value


class Cached:
    """A client that asks each distinct request once. ``hits`` counts replies that cost nothing."""

    def __init__(self, client: Client, memory: Memory | None = None) -> None:
        self.client = client
        self.memory = DictMemory() if memory is None else memory
        self.hits = 0
        self._flying: dict[tuple[int, str], asyncio.Future[Reply]] = {}

    @property
    def endpoint(self) -> str:
        """The endpoint of the client inside."""
        return self.client.endpoint

    async def complete(self, request: Request) -> Reply:
        """The stored reply, the one already on its way, or a new one. Errors are not stored."""
        key = request.key(self.endpoint)
        stored = self.memory.get(key)
        if stored is not None:
            self.hits += 1
            return _load(stored)
        loop = asyncio.get_running_loop()
        flight = self._flying.get((id(loop), key))
        if flight is not None and flight.get_loop() is loop:
            self.hits += 1
            return await self._join(flight, request)
        flight = self._flying[(id(loop), key)] = loop.create_future()
        try:
            reply = await self.client.complete(request)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                flight.cancel()
            else:
                flight.set_exception(error)
                flight.exception()  # those who wait get it; without waiters it is not an unseen exception
            raise
        else:
            self.memory.put(key, json.dumps(asdict(reply), ensure_ascii=False, separators=(",", ":")))
            flight.set_result(reply)
            return reply
        finally:
            del self._flying[(id(loop), key)]

    async def _join(self, flight: asyncio.Future[Reply], request: Request) -> Reply:
        try:
            return _free(await asyncio.shield(flight))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if flight.cancelled() and not (task and task.cancelling()):
                return await self.complete(request)  # the one who asked was cancelled, not we
            raise


def _load(text: str) -> Reply:
    data = json.loads(text)
    tokens = tuple(
        tuple(Token(t["text"], t["logprob"], tuple((k, v) for k, v in t["top"])) for t in row) for row in data["tokens"]
    )
    names = ("texts", "finish", "notes")
    fields = {k: tuple(data[k]) for k in names}
    return Reply(model=data["model"], tokens=tokens, usage=Usage(), cached=True, **fields)


def _free(reply: Reply) -> Reply:
    return replace(reply, usage=Usage(), cached=True)
