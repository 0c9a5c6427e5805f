"""The server's side of the OpenAI chat format: bytes -> request, reply -> bytes, errors."""

from __future__ import annotations

import json
import time
from typing import Any

from rubricate.llm.client import Reply, Request, Token
from rubricate.types import Message

REFUSAL = "I cannot help with that."
_READ = frozenset({
    "model", "messages", "temperature", "max_tokens", "seed", "n", "logprobs", "top_logprobs", "stop", "stream",
})  # fmt: skip
_KINDS = {401: "authentication_error", 429: "rate_limit_error"}


def read_chat(body: bytes) -> Request:
    """The request in the body of a chat completion. Raises ValueError that says what is wrong with it.

    A JSON schema goes to ``schema``, every field that a request has no name for to ``extra``.
    """
    data = json.loads(body.decode())
    if not isinstance(data, dict) or not isinstance(data.get("messages"), list) or not data["messages"]:
        raise ValueError("the body is to be a JSON object with a list of 'messages'")
    if data.get("stream"):
        raise ValueError("'stream' is not supported by this server")
    get = data.get
    schema: str | None = None
    extra: tuple[tuple[str, Any], ...] = ()
    if len(data) > 2:  # more than model and messages
        schema, extra = _schema(data), tuple((k, v) for k, v in data.items() if k not in _READ)
    stop = get("stop") or ()
    return Request(
        messages=tuple(map(_message, data["messages"])),
        model=str(get("model") or ""),
        temperature=get("temperature"),
        max_tokens=get("max_tokens"),
        seed=get("seed"),
        n=_count(data, "n", 1, 128),
        top_logprobs=_count(data, "top_logprobs", 1, 100) if get("logprobs") else 0,
        schema=schema,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        extra=extra,
    )


def _schema(data: dict[str, Any]) -> str | None:
    """The JSON schema that the body asks for, taken out of it; other response formats stay."""
    form = data.get("response_format")
    if not isinstance(form, dict) or not isinstance(form.get("json_schema"), dict):
        return None
    del data["response_format"]
    return json.dumps(form["json_schema"].get("schema", {}))


def _count(data: dict[str, Any], name: str, least: int, most: int) -> int:
    value = data.get(name) or least
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name!r} is {value!r}; expected a whole number from {least} to {most}")
    return value


def _message(message: Any) -> Message:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise ValueError("each message is to be an object with 'role' and 'content'")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    elif content is not None and not isinstance(content, str):
        raise ValueError("the 'content' of a message is to be a text or a list of parts")
    return Message(message["role"], content or "")


def chat_body(reply: Reply, request: Request, number: int) -> bytes:
    """A chat completion with the choices of a reply; log-probabilities where they were asked for and are there."""
    used = reply.usage
    return json.dumps({
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": reply.model,
        "choices": [_choice(reply, place, request.top_logprobs) for place in range(len(reply.texts))],
        "usage": {
            "prompt_tokens": used.prompt_tokens,
            "completion_tokens": used.completion_tokens,
            "total_tokens": used.prompt_tokens + used.completion_tokens,
        },
    }).encode()  # fmt: skip


def _choice(reply: Reply, place: int, top: int) -> dict[str, Any]:
    finish = reply.finish[place] if place < len(reply.finish) else "stop"
    message: dict[str, Any] = {"role": "assistant", "content": reply.texts[place]}
    if finish == "content_filter":
        message |= {"content": None, "refusal": REFUSAL}
    choice = {"index": place, "message": message, "finish_reason": finish}
    if top:
        tokens = reply.tokens[place] if place < len(reply.tokens) else ()
        choice["logprobs"] = {"content": [_logprobs(t, top) for t in tokens]} if tokens else None
    return choice


def _logprobs(token: Token, top: int) -> dict[str, Any]:
    likely = [{"token": text, "logprob": logprob} for text, logprob in token.top[:top]]
    return {"token": token.text, "logprob": token.logprob, "top_logprobs": likely}


def error_body(status: int, message: str, code: str | None = None) -> bytes:
    """An error as OpenAI shapes it."""
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()
