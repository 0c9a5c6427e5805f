"""The HTTP client for OpenAI-compatible servers (vLLM, SGLang, llama.cpp, transformers serve, OpenAI, ...).

One connection pool per process, event loop and client, opened lazily: the same client object works across repeated
``asyncio.run``, inside a running loop, from threads and in forked workers. It makes one attempt; retries, limits and
caps are wrappers. It notices what a server leaves out in silence (log-probabilities, the schema, some of the choices)
and says so in the reply's notes.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from rubricate.errors import CallError, SettingError
from rubricate.llm import completions
from rubricate.llm.client import Reply, Request, Token
from rubricate.llm.sessions import Sessions
from rubricate.types import Message, Usage

RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_SCHEMA_WORDS = ("response_format", "json_schema", "json_object", "guided", "grammar", "structured")
_LADDER = ("json_schema", "json_object", "text")
_HINTS = {
    401: "Set the API key (OPENAI_API_KEY, or api_key=...)",
    403: "The key is not allowed to use this model",
    404: "Check the base url (it usually ends in /v1) and the model name",
    413: "The prompt is larger than the server takes: judge fewer criteria per call or shorten documents",
}


@dataclass(frozen=True)
class HttpClient:
    """Client of one OpenAI-compatible endpoint.

    ``base_url`` ends where ``/chat/completions`` begins; a request of one ``raw`` message goes to ``/completions``, as
    bare text. ``json_mode`` is how a schema is asked for: ``auto`` starts with json_schema and steps down to
    json_object and plain text when the server refuses. ``prices`` are money per million prompt and completion tokens.
    ``connect_timeout`` in seconds; the time limit of a whole call belongs to
    the wrapper in ``rubricate.llm.calls``.
    """

    base_url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    json_mode: str = "auto"
    prices: tuple[float, float] = (0.0, 0.0)
    connect_timeout: float = 10.0
    connections: int = 0
    _sessions: Sessions = field(default_factory=Sessions, repr=False, compare=False)
    _modes: dict[str, str] = field(default_factory=dict, repr=False, compare=False)  # what each model supports

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise SettingError(f"base_url={self.base_url!r}", expected="an address like http://localhost:8000/v1")
        if self.json_mode not in ("auto", *_LADDER):
            raise SettingError(f"json_mode={self.json_mode!r}", expected=f"auto or one of {_LADDER}")

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_sessions", "_modes")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, _sessions=Sessions(), _modes={})

    @property
    def endpoint(self) -> str:
        """The base url without a trailing slash."""
        return self.base_url.rstrip("/")

    async def complete(self, request: Request) -> Reply:
        """One attempt. Raises CallError with the state, the HTTP status and Retry-After where there are any."""
        model = request.model or self.model
        while True:
            mode = self._mode(model) if request.schema else "text"
            try:
                data, seconds = await self._ask(_path(request), _body(request, model, mode))
                break
            except CallError as error:
                if not (request.schema and self._step_down(model, mode, error)):
                    raise
        reply = self._read(data, request, mode, seconds)
        if len(reply.texts) < request.n:
            reply = await self._top_up(reply, request)
        return reply

    async def close(self) -> None:
        """Close the pool of the running loop (those of other loops close with their loops)."""
        await self._sessions.close()

    async def _ask(self, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
        where = self.endpoint + path
        data, seconds = await self.post(where, body)
        if not data.get("choices"):
            raise CallError("the reply has no choices", retryable=True, raw=str(data), where=where)
        return data, seconds

    async def post(self, where: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
        """One POST of JSON to an address of this server: the JSON object that came back, and seconds; or CallError."""
        start = time.perf_counter()
        try:
            session = await self._sessions.get(self._open)
            async with session.post(where, data=json.dumps(body).encode()) as response:
                raw = await response.read()
                status, headers = response.status, response.headers
        except (aiohttp.ClientError, OSError) as error:
            raise CallError(f"{type(error).__name__}: {error}", retryable=True, where=where) from error
        seconds = time.perf_counter() - start
        if status != 200:
            raise _status_error(status, headers, raw, where)
        try:
            data = json.loads(raw)
        except ValueError:
            text = raw[:2000].decode("utf-8", "replace")
            raise CallError(
                "the server sent 200 with a body that is not JSON", retryable=True, raw=text, where=where
            ) from None
        if not isinstance(data, dict):
            raise CallError("the reply is no JSON object", retryable=True, raw=str(data), where=where)
        return data, seconds

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.connections, ttl_dns_cache=300, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.connect_timeout),
            headers=self._headers(),
            proxy=_proxy(self.base_url),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def _headers(self) -> dict[str, str]:
        key = self.api_key or os.environ.get("OPENAI_API_KEY", "")
        bearer = {"Authorization": f"Bearer {key}"} if key else {}
        return {"Content-Type": "application/json", **bearer, **dict(self.headers)}

    def _mode(self, model: str) -> str:
        return self._modes.get(model, _LADDER[0]) if self.json_mode == "auto" else self.json_mode

    def _step_down(self, model: str, mode: str, error: CallError) -> bool:
        """Whether a refused ``response_format`` can be asked for in a weaker form; remembered per model."""
        refused = error.status in (400, 415, 422, 501) and any(
            w in f"{error} {error.raw}".lower() for w in _SCHEMA_WORDS
        )
        if self.json_mode != "auto" or not refused or mode == _LADDER[-1]:
            return False
        self._modes[model] = _LADDER[_LADDER.index(mode) + 1]
        return True

    async def _top_up(self, reply: Reply, request: Request) -> Reply:
        """Ask one by one for the choices that a server left out, and say so."""
        single = replace(request, n=1)
        bodies = [_body(single, request.model or self.model, "text") for _ in range(request.n - len(reply.texts))]
        more = await asyncio.gather(*(self._ask(_path(request), b) for b in bodies))
        rest = [self._read(data, single, "text", seconds) for data, seconds in more]
        return replace(
            reply,
            texts=reply.texts + tuple(r.text for r in rest),
            finish=reply.finish + tuple(r.finish[0] for r in rest),
            usage=sum((r.usage for r in rest), reply.usage),
            tokens=reply.tokens + tuple(t for r in rest for t in r.tokens),
            notes=(*reply.notes, "fewer-choices"),
        )

    def _read(self, data: Mapping[str, Any], request: Request, mode: str, seconds: float) -> Reply:
        choices, raw = data["choices"], completions.is_raw(request)
        texts, finish, tokens, notes = [], [], [], []
        for choice in choices:
            message = choice.get("message") or {}
            reason = choice.get("finish_reason") or "stop"
            if message.get("refusal") or reason == "content_filter":
                raise CallError(
                    "the model refused",
                    state="refused",
                    raw=str(message.get("refusal") or message.get("content") or ""),
                )
            texts.append(_text(choice.get("text") if raw else message.get("content")))
            finish.append(reason)
            if request.top_logprobs:
                tokens.append(completions.tokens(choice) if raw else _tokens(choice.get("logprobs")))
        if request.top_logprobs and not all(tokens):
            notes.append("no-logprobs")
        if request.schema and mode == "json_schema" and texts and not texts[0].lstrip().startswith(("{", "[")):
            notes.append("no-schema")
        usage = self.usage(data.get("usage") or {}, seconds)
        return Reply(tuple(texts), tuple(finish), str(data.get("model", "")), usage, tuple(tokens), tuple(notes))

    def usage(self, used: Mapping[str, Any], seconds: float) -> Usage:
        """What a call cost, from the ``usage`` of its reply."""
        prompt, completion = int(used.get("prompt_tokens") or 0), int(used.get("completion_tokens") or 0)
        cost = (prompt * self.prices[0] + completion * self.prices[1]) / 1e6
        return Usage(1, prompt, completion, cost, seconds)


def _path(request: Request) -> str:
    return completions.PATH if completions.is_raw(request) else "/chat/completions"


def _body(request: Request, model: str, mode: str) -> dict[str, Any]:
    if completions.is_raw(request):
        return completions.body(request, model)
    body: dict[str, Any] = {"model": model, "messages": [_wire(m) for m in request.messages]}
    for name in ("temperature", "max_tokens", "seed"):
        value = getattr(request, name)
        if value is not None:
            body[name] = value
    if request.n > 1:
        body["n"] = request.n
    if request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if request.stop:
        body["stop"] = list(request.stop)
    if request.schema and mode == "json_schema":
        schema = {"name": "verdicts", "strict": True, "schema": json.loads(request.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif request.schema and mode == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body | dict(request.extra)


def _wire(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": message.content}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _tokens(logprobs: Any) -> tuple[Token, ...]:
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    return tuple(
        Token(
            str(e.get("token", "")),
            float(e.get("logprob", 0.0)),
            tuple((str(t.get("token", "")), float(t.get("logprob", 0.0))) for t in e.get("top_logprobs") or ()),
        )
        for e in entries or ()
    )


def _status_error(status: int, headers: Mapping[str, str], raw: bytes, where: str) -> CallError:
    text = raw[:2000].decode("utf-8", "replace")
    try:
        error = json.loads(text).get("error")
        message = error.get("message", "") if isinstance(error, dict) else str(error or text)
    except (ValueError, AttributeError):
        message = text
    return CallError(
        f"HTTP {status}: {str(message)[:300] or 'no message'}",
        status=status,
        retry_after=_retry_after(headers.get("Retry-After")),
        retryable=status in RETRYABLE,
        raw=text,
        where=where,
        hint=_HINTS.get(status, ""),
    )


def _retry_after(value: str | None) -> float | None:
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _proxy(url: str) -> str | None:
    """The proxy of the environment for ``url``; looked up once per pool (aiohttp's trust_env asks for every call)."""
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)
