"""A client of reward-model and embedding servers: text goes in, numbers come out.

The reply's text is a JSON list of numbers, so every wrapper (cache, retries, limits, caps, ledger) works on it as on a
chat. Shapes: vLLM ``/classify`` (``data[0].probs``) and ``/pooling`` (``data[0].data``), and ``/v1/embeddings``
(``data[0].embedding``), which SGLang uses for reward models too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.llm.client import Reply, Request
from rubricate.llm.completions import is_raw
from rubricate.llm.http import HttpClient

ROUTES = {  # path, and the name of the numbers in an entry
    "classify": ("/classify", "probs"),
    "pooling": ("/pooling", "data"),
    "embeddings": ("/v1/embeddings", "embedding"),
}


@dataclass(frozen=True)
class ScoringClient:
    """Client of one endpoint that scores or embeds.

    ``http`` is the server, its base url with or without ``/v1``. A request of one ``raw`` message is sent as ``input``,
    a chat as ``messages`` (the server applies the chat template; not every server takes them). ``classify`` asks for
    raw logits (``use_activation`` false) unless ``activation``. Of ``pooling`` with one row per token the last counts.

    Raises CallError (``unreadable``) for a reply without finite numbers: None, NaN, text or base64 are no scores.
    """

    http: HttpClient
    route: str = "classify"
    activation: bool = False
    extra: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if self.route not in ROUTES:
            raise UnknownNameError.among("route", self.route, ROUTES)

    @property
    def endpoint(self) -> str:
        """The address that requests go to."""
        return self.http.endpoint.removesuffix("/v1") + ROUTES[self.route][0]

    async def complete(self, request: Request) -> Reply:
        """One attempt; the reply's text is a JSON list of numbers."""
        model = request.model or self.http.model
        data, seconds = await self.http.post(self.endpoint, self._body(request, model))
        numbers, notes = _numbers(data, ROUTES[self.route][1], self.endpoint)
        usage = self.http.usage(data.get("usage") or {}, seconds)
        return Reply((json.dumps(numbers),), ("stop",), str(data.get("model") or model), usage, notes=notes)

    def _body(self, request: Request, model: str) -> dict[str, Any]:
        if request.n != 1 or request.top_logprobs or request.schema:
            raise SettingError("a scoring endpoint takes no choices, log-probabilities or schema", where="request")
        if is_raw(request):
            content: dict[str, Any] = {"input": request.messages[0].content}
        else:
            content = {"messages": [{"role": m.role, "content": m.content} for m in request.messages]}
        own: dict[str, dict[str, Any]] = {
            "classify": {"use_activation": self.activation},
            "embeddings": {"encoding_format": "float"},
        }
        return {"model": model, **content, **own.get(self.route, {}), **dict(self.extra), **dict(request.extra)}


def _numbers(data: Mapping[str, Any], name: str, where: str) -> tuple[list[float], tuple[str, ...]]:
    """The numbers of the only entry, and what to note about them."""
    entries = data.get("data")
    if not isinstance(entries, list) or len(entries) != 1 or not isinstance(entries[0], dict):
        raise _unreadable(f"the reply holds no single entry under 'data' ({_kind(entries)})", data, where)
    found, notes = entries[0].get(name), tuple[str, ...]()
    if isinstance(found, list) and found and all(isinstance(row, list) for row in found):
        found, notes = found[-1], (f"last-of-{len(found)}-rows",)
    if not isinstance(found, list) or not found or not all(_is_number(x) for x in found):
        raise _unreadable(f"'{name}' is no list of finite numbers ({_kind(found)})", data, where)
    return [float(x) for x in found], notes


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


def _kind(x: Any) -> str:
    return f"a list of {len(x)}" if isinstance(x, list) else type(x).__name__


def _unreadable(what: str, data: Mapping[str, Any], where: str) -> CallError:
    return CallError(
        what, state="unreadable", raw=json.dumps(data)[:2000], where=where,
        hint="Check that the server runs this model as a classifier, reward or embedding model",
    )  # fmt: skip
