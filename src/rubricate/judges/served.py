"""Scalar reward models as judges: behind an HTTP endpoint, or a Hugging Face sequence classifier in this process.

They read no criteria and no instructions: one number for a response as a whole, comparable within a prompt only. A
response cannot talk to them, but a learned model has its own weak spots (docs/judges/served.md).
"""

from __future__ import annotations

import asyncio
import functools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rubricate.arrays import Floats
from rubricate.errors import CallError, MissingExtraError, SettingError, UnknownNameError
from rubricate.judges.base import WHOLE, settings_digest
from rubricate.judges.whole import WholeScore, whole_verdict
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.prompts import fence_name
from rubricate.rubrics.model import Rubric
from rubricate.types import Message, Sample, State, Usage, Verdict
from rubricate.verifiers.base import answer_text

FORMS = ("chat", "text")
PARSER = "numbers-1"


@dataclass(frozen=True)
class _Scalar(WholeScore):
    """What both doors share: how a sample becomes a conversation, and a list of numbers a score.

    ``form``: "chat" (prompt, then the response as the assistant's message; the model's chat template is applied) or
    "text" (task and response with ``separator`` between). ``answer_only`` leaves thinking blocks out. ``column`` picks
    a number where the model gives several; None takes the only one. ``sigmoid`` maps the score into (0, 1).
    """

    form: str = "chat"
    separator: str = "\n\n"
    answer_only: bool = False
    column: int | None = None
    sigmoid: bool = False

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise UnknownNameError.among("form", self.form, FORMS)

    @property
    def digest(self) -> str:
        """Over the settings; the model behind an endpoint is named by the run."""
        return settings_digest(self, PARSER)

    def messages(self, sample: Sample) -> tuple[Message, ...]:
        """What the model reads: a chat, or one ``raw`` message."""
        response = answer_text(sample) if self.answer_only else sample.response
        if self.form == "text":
            return (Message("raw", f"{sample.task}{self.separator}{response}"),)
        return (*sample.prompt, Message("assistant", response))

    def pick(self, numbers: Sequence[float]) -> float | Problem:
        """The score among the numbers of a reply."""
        if self.column is None and len(numbers) != 1:
            return Problem(f"the model gives {len(numbers)} numbers; say which is the score with column=")
        at = self.column or 0
        if not -len(numbers) <= at < len(numbers):
            return Problem(f"the model gives {len(numbers)} numbers and none in column {at}")
        value = float(numbers[at])
        return 0.5 + 0.5 * math.tanh(value / 2) if self.sigmoid else value


@dataclass(frozen=True)
class ServedReward(_Scalar):
    """A reward model behind ``/classify``, ``/pooling`` or ``/v1/embeddings``: the client is a ``ScoringClient``.

    ``column=-1`` reads what verl reads (the last probability, the last entry of an embedding). ``model`` is the name in
    the request; empty takes the client's.
    """

    model: str = ""

    async def whole(self, sample: Sample, rubric: Rubric, client: Client | None) -> Verdict:
        """The score, or the state of the call; nothing is asked again (retries are the client's)."""
        if client is None:
            raise SettingError(
                "ServedReward needs a client", expected="ScoringClient(HttpClient(url, model)), with or without Calls"
            )
        request = Request(self.messages(sample), model=self.model, temperature=None)
        asked = await ask(client, request, self._read, reasks=0)
        if asked.error is not None:
            e = asked.error
            return Verdict(
                WHOLE, State(e.state), reason=str(e), judge=self.digest, attempts=e.attempts, raw=e.raw,
                usage=asked.usage,
            )  # fmt: skip
        return whole_verdict(asked.unwrap(), self.digest, usage=asked.usage)

    def _read(self, reply: Reply) -> float | Problem:
        numbers = read_numbers(reply)
        return numbers if isinstance(numbers, Problem) else self.pick(numbers)


@dataclass(frozen=True)
class LocalReward(_Scalar):
    """A sequence classifier of transformers from a folder or a hub name (extra ``local``), loaded on first use.

    Texts are never cut: a conversation longer than the model's window is ``truncated``. Special tokens written out in a
    prompt or response are read as plain letters; only the chat template's own are special. ``batch`` conversations
    are read at a time where the model knows its padding token. The digest names the path, not the weights.
    """

    path: str = ""
    device: str = "cpu"
    dtype: str = "float32"
    batch: int = 8

    needs_client = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.path or self.batch < 1:
            raise SettingError(f"{self!r}", expected="a path, and a batch of at least 1")

    async def whole(self, sample: Sample, rubric: Rubric, client: Client | None) -> Verdict:
        """The score of one response; the work is done in a thread."""
        return (await self.rank([sample], rubric, client))[0]

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """One verdict (criterion ``WHOLE``) per response, in their order, read in batches."""
        return await asyncio.to_thread(self.score, samples)

    def score(self, samples: Sequence[Sample]) -> tuple[Verdict, ...]:
        """``rank`` without a coroutine."""
        model, tokenizer = _load(self.path, self.device, self.dtype)
        window = getattr(model.config, "max_position_embeddings", None)
        ids = [encode(tokenizer, self.messages(s)) for s in samples]
        fits = [k for k, row in enumerate(ids) if row and (window is None or len(row) <= window)]
        fits.sort(key=lambda k: len(ids[k]))
        judge, size = self.digest, self.batch if model.config.pad_token_id is not None else 1
        out = [_unfit(len(row), window, judge) for row in ids]
        for at in range(0, len(fits), size):
            rows = fits[at : at + size]
            for k, numbers in zip(rows, _forward(model, [ids[k] for k in rows]), strict=True):
                out[k] = self._verdict(numbers, judge, len(ids[k]))
        return tuple(out)

    def _verdict(self, numbers: Floats, judge: str, tokens: int) -> Verdict:
        usage = Usage(calls=1, prompt_tokens=tokens)
        found = self.pick(numbers.tolist())
        if isinstance(found, Problem) or not math.isfinite(found):
            reason = found.text if isinstance(found, Problem) else f"the model gave {found}"
            return Verdict(WHOLE, State.UNREADABLE, reason=reason, judge=judge, usage=usage, raw=str(numbers.tolist()))
        return whole_verdict(found, judge, usage=usage)


def read_numbers(reply: Reply) -> list[float] | Problem:
    """The numbers of a ``ScoringClient``'s reply; a problem for the reply of any other client."""
    try:
        found = json.loads(reply.text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not found:
        return Problem("the reply is no list of numbers; the client has to be a ScoringClient")
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x) for x in found):
        return Problem("the reply holds something that is no finite number")
    return [float(x) for x in found]


async def embed(
    client: Client, texts: Sequence[str], *, model: str = ""
) -> tuple[Floats, tuple[CallError | None, ...]]:
    """Features of texts for learned rewards, ``[N, D]``, and what went wrong with each (None: nothing).

    ``client`` is a ``ScoringClient`` with the route ``embeddings``. A text that could not be embedded is a row of NaN,
    which every learned reward scores NaN. Raises the first error when no text could be, and CallError when the
    lengths differ.
    """
    requests = [Request((Message("raw", text),), model=model, temperature=None) for text in texts]
    asked = await asyncio.gather(*(ask(client, request, read_numbers, reasks=0) for request in requests))
    errors = tuple(a.error for a in asked)
    sizes = {len(a.result) for a in asked if a.result is not None}
    if texts and not sizes:
        raise next(e for e in errors if e is not None)
    if len(sizes) > 1:
        raise CallError(f"embeddings of different lengths {sorted(sizes)}", state="unreadable", where=client.endpoint)
    out = np.full((len(texts), max(sizes, default=0)), np.nan)
    for row, a in zip(out, asked, strict=True):
        if a.result is not None:
            row[:] = a.result
    return out, errors


def encode(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """Token ids of a conversation. What people wrote is tokenised apart from the chat template, as plain letters."""
    if len(messages) == 1 and messages[0].role == "raw":
        return list(tokenizer(messages[0].content, split_special_tokens=True)["input_ids"])
    if tokenizer.chat_template is None:
        raise SettingError("this tokenizer has no chat template", hint="Use form='text'")
    secret = "\x1f".join(m.content for m in messages)
    marks = [fence_name(f"{secret}{k}") for k in range(len(messages))]
    chat = [{"role": m.role, "content": mark} for m, mark in zip(messages, marks, strict=True)]
    rest = tokenizer.apply_chat_template(chat, tokenize=False)
    ids: list[int] = []
    for mark, message in zip(marks, messages, strict=True):
        before, found, rest = rest.partition(mark)
        if not found:
            raise SettingError(
                f"the chat template leaves out a message of the role {message.role!r}", hint="Use form='text'"
            )
        ids += tokenizer(before, add_special_tokens=False)["input_ids"] if before else []
        plain = tokenizer(message.content, add_special_tokens=False, split_special_tokens=True)
        ids += plain["input_ids"]
    return ids + (tokenizer(rest, add_special_tokens=False)["input_ids"] if rest else [])


def _unfit(length: int, window: int | None, judge: str) -> Verdict:
    if not length:
        return Verdict(WHOLE, State.UNREADABLE, reason="there is no text to score", judge=judge)
    reason = f"{length} tokens do not fit the model's window of {window}"
    return Verdict(WHOLE, State.TRUNCATED, reason=reason, judge=judge)


def _forward(model: Any, rows: Sequence[Sequence[int]]) -> Floats:
    """Logits of some conversations, padded on the right: [B, labels]."""
    import torch

    width, pad = max(map(len, rows)), model.config.pad_token_id or 0
    ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows], device=model.device)
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
    with torch.inference_mode():
        logits = model(input_ids=ids, attention_mask=mask).logits
    return np.asarray(logits.double().cpu().numpy())


@functools.lru_cache(maxsize=2)
def _load(path: str, device: str, dtype: str) -> tuple[Any, Any]:
    try:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError:
        raise MissingExtraError.of("transformers", "local", purpose="LocalReward") from None
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForSequenceClassification.from_pretrained(path, dtype=dtype).to(device).eval()
    pad = tokenizer.pad_token_id
    known = pad is not None and pad < model.get_input_embeddings().num_embeddings  # loading may add a token
    if model.config.pad_token_id is None and known:
        model.config.pad_token_id = pad
    return model, tokenizer
