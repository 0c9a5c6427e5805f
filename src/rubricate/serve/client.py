"""A client of the reward server, for trainers: bounded, with retries, sync and async."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from rubricate.errors import CallError, DataError
from rubricate.llm.sessions import Sessions
from rubricate.llm.sync import run_sync

RETRIED = (429, 502, 503, 504)


@dataclass(frozen=True)
class RewardClient:
    """``RewardClient("http://localhost:8000").rewards(prompt, responses, rubric="tea")``.

    ``attempts`` per request, on 429, 502-504 and dropped connections, with Retry-After or a doubling pause; scoring
    twice is harmless. CallError when nothing came back, DataError when the server refused what was sent.
    """

    url: str
    api_key: str = field(default="", repr=False)
    attempts: int = 5
    timeout: float = 300.0
    pause: float = 0.5
    in_flight: int = 64
    _sessions: Sessions = field(default_factory=Sessions, repr=False, compare=False)

    async def arewards(self, prompt: Any, responses: Sequence[str], **more: Any) -> dict[str, Any]:
        """``POST /v1/rewards``: rewards and advantages of the responses to one prompt."""
        found: dict[str, Any] = await self.post("/v1/rewards", {"prompt": prompt, "responses": list(responses), **more})
        return found

    def rewards(self, prompt: Any, responses: Sequence[str], **more: Any) -> dict[str, Any]:
        """``arewards`` from code that is not async."""
        return run_sync(self.arewards(prompt, responses, **more))

    async def ascore(self, items: Sequence[Mapping[str, Any]], rubric: Any = None) -> list[dict[str, Any]]:
        """``POST /v1/score``: one result per item."""
        reply = await self.post("/v1/score", {"items": list(items), "rubric": rubric})
        results: list[dict[str, Any]] = reply["results"]
        return results

    def score(self, items: Sequence[Mapping[str, Any]], rubric: Any = None) -> list[dict[str, Any]]:
        """``ascore`` from code that is not async."""
        return run_sync(self.ascore(items, rubric))

    async def stream(self, items: Sequence[Mapping[str, Any]], rubric: Any = None) -> AsyncIterator[dict[str, Any]]:
        """Events of a long job as they come: ``result`` (with its ``place``), ``progress``, ``end``. Not retried."""
        body = {"items": list(items), "rubric": rubric, "stream": True}
        async with (await self._session()).post(f"{self.url.rstrip('/')}/v1/score", json=body) as reply:
            if reply.status != 200:
                raise self._refused(reply.status, await reply.text())
            async for line in reply.content:
                yield json.loads(line)

    async def post(self, route: str, body: Mapping[str, Any]) -> Any:
        """The JSON reply of a route, after as many attempts as allowed."""
        for attempt in range(1, self.attempts + 1):
            wait = self.pause * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)
            try:
                async with (await self._session()).post(f"{self.url.rstrip('/')}{route}", json=body) as reply:
                    text = await reply.text()
                    if reply.status == 200:
                        return json.loads(text)
                    error: Exception = self._refused(reply.status, text)
                    if reply.status not in RETRIED:
                        raise error
                    wait = float(reply.headers.get("Retry-After", wait))
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as lost:
                error = CallError(f"{type(lost).__name__}: {lost}", where=self.url, attempts=attempt)
            if attempt == self.attempts:
                raise error
            await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    def _refused(self, status: int, text: str) -> Exception:
        try:
            told = json.loads(text)["error"]
            what, hint = f"{told['code']}: {told['message']}", told.get("hint", "")
        except (ValueError, KeyError, TypeError):
            what, hint = text[:300], ""
        if status in RETRIED:
            return CallError(what, status=status, where=self.url, hint=hint)
        return DataError(f"the server answered {status}: {what}", where=self.url, hint=hint)

    async def _session(self) -> aiohttp.ClientSession:
        return await self._sessions.get(self._open)

    def _open(self) -> aiohttp.ClientSession:
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        connector = aiohttp.TCPConnector(limit=self.in_flight)
        return aiohttp.ClientSession(
            connector=connector, headers=headers, timeout=aiohttp.ClientTimeout(total=self.timeout)
        )

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        await self._sessions.close()

    def close(self) -> None:
        """``aclose`` from code that is not async."""
        run_sync(self.aclose())
