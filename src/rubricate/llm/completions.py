"""The completions format (bare text, no chat template): the body of a request, and the tokens of its reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rubricate.llm.client import Request, Token

PATH = "/completions"
RAW = "raw"  # the role of a message that is sent as it is, without a chat template


def is_raw(request: Request) -> bool:
    """Whether a request is bare text: one message with the role ``raw``."""
    return len(request.messages) == 1 and request.messages[0].role == RAW


def body(request: Request, model: str) -> dict[str, Any]:
    """The body of a completion for a request of one raw message."""
    out: dict[str, Any] = {"model": model, "prompt": request.messages[0].content}
    for name in ("temperature", "max_tokens", "seed"):
        value = getattr(request, name)
        if value is not None:
            out[name] = value
    if request.n > 1:
        out["n"] = request.n
    if request.top_logprobs:
        out["logprobs"] = request.top_logprobs
    if request.stop:
        out["stop"] = list(request.stop)
    return out | dict(request.extra)


def tokens(choice: Mapping[str, Any]) -> tuple[Token, ...]:
    """The tokens of a choice with their log-probabilities; the first of a prompt has none (NaN).

    Reads ``logprobs`` (tokens, token_logprobs, top_logprobs; with ``echo`` the prompt's tokens come first) or, where
    there is one, vLLM's ``prompt_logprobs`` (one table of token id -> entry per prompt token, the first is null).
    """
    if isinstance(choice.get("prompt_logprobs"), list):
        return tuple(_prompt_token(entry) for entry in choice["prompt_logprobs"])
    logs = choice.get("logprobs")
    if not isinstance(logs, Mapping) or not isinstance(logs.get("tokens"), list):
        return ()
    texts, values = logs["tokens"], logs.get("token_logprobs") or []
    tops = logs.get("top_logprobs") or [None] * len(texts)
    if not len(texts) == len(values) == len(tops):
        return ()
    return tuple(Token(str(t), _number(v), _top(k)) for t, v, k in zip(texts, values, tops, strict=True))


def _prompt_token(entry: Any) -> Token:
    """The first entry of a table is the token that the prompt has; those after it are the likeliest ones."""
    if not isinstance(entry, Mapping) or not entry:
        return Token("", float("nan"))
    rows = [e if isinstance(e, Mapping) else {"logprob": e} for e in entry.values()]
    top = tuple((str(r.get("decoded_token", "")), _number(r.get("logprob"))) for r in rows)
    return Token(top[0][0], top[0][1], top)


def _top(entry: Any) -> tuple[tuple[str, float], ...]:
    return tuple((str(t), _number(v)) for t, v in entry.items()) if isinstance(entry, Mapping) else ()


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")
