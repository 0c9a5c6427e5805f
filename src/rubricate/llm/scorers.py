"""The one seam for likelihoods of given text: a prefix and a target go in, log-probabilities of its tokens come out.

A scorer reads a text that it is given (teacher forcing) and writes nothing. ``ScriptedScorer`` needs no model,
``CompletionScorer`` asks a server through any client, ``rubricate.llm.local.LocalScorer`` runs a model here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from rubricate.arrays import Floats, Ints
from rubricate.errors import CallError, SettingError, ShapeError
from rubricate.llm.client import Client, Reply, Request, Token
from rubricate.llm.completions import RAW
from rubricate.types import Message, Usage

_WHERE = "Serve the model with vLLM or llama.cpp (--logits_all true), or score it here: LocalScorer.load(path)"
_NOT_OFFERED = (400, 404, 415, 422, 501)  # how servers say that they know no such field, or no such endpoint


class Forced(NamedTuple):
    """A text whose log-probability is asked for: ``target``, right behind ``prefix``."""

    prefix: str
    target: str


class TokenLogs(NamedTuple):
    """Log-probability ``logp[T]`` of each token of a target; ``top[T, K]`` of the likeliest tokens at its place."""

    logp: Floats
    top: Floats | None = None
    usage: Usage = Usage()

    @property
    def total(self) -> float:
        """Log-probability of the whole target."""
        return float(self.logp.sum())


Answer = TokenLogs | CallError


@runtime_checkable
class TokenScorer(Protocol):
    """Anything that says how likely given texts are."""

    @property
    def name(self) -> str:
        """What model answers; part of the digest of a judge."""
        ...

    async def logprobs(self, items: Sequence[Forced], *, top: int = 0) -> tuple[Answer, ...]:
        """For each item its log-probabilities, or the CallError that says why there are none.

        ``top`` > 0 asks for the log-probabilities of that many likeliest tokens at each place.
        """
        ...


def ragged(answers: Sequence[Answer]) -> tuple[Floats, Ints]:
    """Log-probabilities of several targets as ``logp[M]`` and offsets ``[N+1]``; an error becomes one NaN token.

    >>> ragged([TokenLogs(np.array([-1.0, -2.0])), CallError("no reply")])[1].tolist()
    [0, 2, 3]
    """
    rows = [a.logp if isinstance(a, TokenLogs) else np.array([np.nan]) for a in answers]
    off = np.concatenate([[0], np.cumsum([len(r) for r in rows], dtype=np.int64)]).astype(np.int64)
    return (np.concatenate(rows) if rows else np.empty(0)), off


@dataclass(frozen=True)
class ScriptedScorer:
    """Log-probabilities from a table or a rule, for tests, documentation and users without a model.

    ``script`` is ``{(prefix, target): logprobs}`` or ``fn(prefix, target)`` that gives the log-probability of each
    token, or None for what it cannot score (then the item gets a CallError).

    >>> import asyncio
    >>> scorer = ScriptedScorer(lambda prefix, target: [-1.0 if word in prefix else -5.0 for word in target.split()])
    >>> asyncio.run(scorer.logprobs([Forced("a red cat", "red dog")]))[0].logp.tolist()
    [-1.0, -5.0]
    """

    script: Mapping[tuple[str, str], Sequence[float]] | Callable[[str, str], Sequence[float] | None]
    name: str = "scripted"

    def __repr__(self) -> str:
        return f"ScriptedScorer({self.name!r})"

    async def logprobs(self, items: Sequence[Forced], *, top: int = 0) -> tuple[Answer, ...]:
        """What the script says of each item; it has no distributions, so ``top`` is a SettingError."""
        if top:
            raise SettingError("a scripted scorer knows no other tokens", where="top", expected="0")
        return tuple(self._answer(item) for item in items)

    def _answer(self, item: Forced) -> Answer:
        found = self.script(*item) if callable(self.script) else self.script.get((item.prefix, item.target))
        if found is None:
            return CallError(
                f"the script of {self.name!r} has no log-probabilities for the target {item.target[:60]!r}",
                where=f"prefix that ends with {item.prefix[-60:]!r}",
            )
        logp = np.asarray(found, dtype=np.float64)
        if logp.ndim != 1 or np.isnan(logp).any() or (logp > 0).any():
            raise ShapeError(
                f"the script gave {found!r}", where=self.name, expected="log-probabilities <= 0, one per token"
            )
        return TokenLogs(logp)


@dataclass(frozen=True)
class CompletionScorer:
    """Log-probabilities from a completions endpoint that reads the prompt back, with log-probabilities.

    ``style="echo"``: ``echo`` with ``logprobs`` (vLLM, llama.cpp with ``logits_all``); ``"prompt_logprobs"``: that
    field of vLLM. One token is generated and thrown away, since servers refuse none. The server tokenises the whole
    text, so a token may straddle the splice between prefix and target: that is an error, never a guess (let the target
    begin with a space or a line break). A server that ignores the request is an error that says what to do.
    """

    client: Client
    style: str = "echo"
    model: str = ""

    def __post_init__(self) -> None:
        if self.style not in ("echo", "prompt_logprobs"):
            raise SettingError(f"style={self.style!r}", expected="echo or prompt_logprobs")

    @property
    def name(self) -> str:
        """The endpoint and the model."""
        return f"{self.client.endpoint} {self.model or getattr(self.client, 'model', '')}".strip()

    def __repr__(self) -> str:
        return f"CompletionScorer({self.name!r}, {self.style!r})"

    async def logprobs(self, items: Sequence[Forced], *, top: int = 0) -> tuple[Answer, ...]:
        """One request for each item, all in flight; the limits are those of the client."""
        return tuple(await asyncio.gather(*(self._ask(item, top) for item in items)))

    async def _ask(self, item: Forced, top: int) -> Answer:
        if not item.prefix or not item.target:
            return CallError(
                "the first token of a text has no log-probability, and an empty target has none",
                hint="Give a prefix and a target of at least one token each",
            )
        asks = ("echo", True) if self.style == "echo" else ("prompt_logprobs", top)
        request = Request(
            (Message(RAW, item.prefix + item.target),), model=self.model, max_tokens=1, top_logprobs=max(top, 1),
            extra=(asks,),
        )  # fmt: skip
        try:
            return _read(await self.client.complete(request), item, top, self.client.endpoint)
        except CallError as error:
            if error.status in _NOT_OFFERED:
                error.hint = f"{error.hint}. {_WHERE}" if error.hint else _WHERE
            return error


def _read(reply: Reply, item: Forced, top: int, endpoint: str) -> TokenLogs:
    """The tokens of the target among those of the text read back."""
    tokens = _target_tokens(reply, item, endpoint)
    logp = np.array([t.logprob for t in tokens], dtype=np.float64)
    if np.isnan(logp).any():
        raise CallError("the server left out the log-probability of a token", where=endpoint, state="unreadable")
    best = np.full((len(tokens), top), -np.inf)
    for k, token in enumerate(tokens):
        values = sorted((p for _, p in token.top), reverse=True)[:top]
        best[k, : len(values)] = values
    if np.isneginf(best).any():
        raise CallError(
            f"the server gave fewer than {top} likely tokens", where=endpoint, state="unreadable",
            hint="Ask for fewer; servers cap this number",
        )  # fmt: skip
    return TokenLogs(np.minimum(logp, 0.0), best if top else None, reply.usage)


def _target_tokens(reply: Reply, item: Forced, endpoint: str) -> list[Token]:
    """The tokens that make up the target; CallError where they are not there, or do not begin and end with it."""
    tokens = _first_text(list(reply.tokens[0]) if reply.tokens else [], item.prefix + item.target)
    text, ends = item.prefix + item.target, np.cumsum([len(t.text) for t in tokens], dtype=np.int64)
    if not "".join(t.text for t in tokens).startswith(text):
        split = len(tokens) > 1 and any("\ufffd" in t.text or t.text.startswith("bytes:") for t in tokens)
        raise CallError(
            "characters of the text are split over tokens of the server"
            if split else "the server did not read the prompt back with log-probabilities",
            where=endpoint, raw=reply.texts[0], state="unreadable" if split else "failed",
            hint=_WHERE,
        )  # fmt: skip
    starts = ends - [len(t.text) for t in tokens]
    inside = np.flatnonzero((starts >= len(item.prefix)) & (ends <= len(text)) & (ends > starts))
    if not inside.size or starts[inside[0]] != len(item.prefix) or ends[inside[-1]] != len(text):
        raise CallError(
            f"a token of the server lies across an end of the target {item.target[:40]!r}", where=endpoint,
            state="unreadable", hint="Let the target begin with a space or a line break and the prefix end without",
        )  # fmt: skip
    return [tokens[k] for k in inside]


def _first_text(tokens: list[Token], text: str) -> list[Token]:
    """The tokens, the first with its text: ``prompt_logprobs`` says nothing of it, so it is what the others leave."""
    if tokens and not tokens[0].text and len(tokens) > 1:
        rest = "".join(t.text for t in tokens[1:])
        if len(rest) < len(text) and text.endswith(rest):
            return [replace(tokens[0], text=text[: len(text) - len(rest)]), *tokens[1:]]
    return tokens
