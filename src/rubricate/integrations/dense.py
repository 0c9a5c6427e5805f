"""From labelled parts of responses to advantages of tokens: judge sentences or steps, pay those that deserve it.

Only arrays and text; a trainer's adapter brings token ids and takes the result back into its tensors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Ints, as_floats, as_offsets, check
from rubricate.credit import on_tokens, selective, token_segments
from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.base import SegmentJudge
from rubricate.judges.segments import SENTENCES, Labels, segment_arrays
from rubricate.llm.calls import Calls, CallSettings
from rubricate.llm.client import Client
from rubricate.llm.sync import run_sync
from rubricate.reduce import spread
from rubricate.rubrics.model import Rubric
from rubricate.types import Sample
from rubricate.verifiers.segments import sentence_spans

Cut = Callable[[str], Sequence[tuple[int, int]]]
ON_MISSING = ("zero_advantage", "row")


class Segments(NamedTuple):
    """The parts of N responses: ``scores[M]`` in [0, 1] (NaN: no label), where each lies in its text, ``off[N+1]``."""

    scores: Floats
    start: Ints
    end: Ints
    off: Ints


@dataclass(frozen=True)
class SegmentCredit:
    """Whose fault, whose merit: the advantage of a response goes to the parts that deserve it (card 150).

    ``judge`` labels the parts that ``cut`` finds (sentences by default) on the criteria of ``rubric``; the score of a
    part is the worst of its labels, 1 good. A part gets the advantage of its response when the two agree (a part at or
    above ``threshold`` in a response above the mean, one below it in a response below), else 0. Tokens outside every
    part keep the advantage of the response. ``on_missing``: a part without a label gets 0 (``zero_advantage``), or the
    advantage of the response (``row``).
    """

    judge: SegmentJudge
    client: Client | None = None
    rubric: Rubric = SENTENCES
    cut: Cut = sentence_spans
    threshold: float = 0.5
    on_missing: str = "zero_advantage"
    calls: CallSettings | None = None
    concurrency: int = 64
    _live: dict[str, Client | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.on_missing not in ON_MISSING:
            raise UnknownNameError.among("on_missing", self.on_missing, ON_MISSING)
        if self.concurrency < 1:
            raise SettingError(f"concurrency={self.concurrency}", expected="at least 1")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_live": {}}

    async def segments(self, samples: Sequence[Sample]) -> Segments:
        """The labelled parts of N responses."""
        spans = [list(self.cut(s.response)) for s in samples]
        slots = asyncio.Semaphore(self.concurrency)

        async def label(sample: Sample, own: Sequence[tuple[int, int]]) -> Labels:
            async with slots:
                texts = [sample.response[a:b] for a, b in own]
                return await self.judge.label(sample, texts, self.rubric, self._client())

        found = await asyncio.gather(*(label(s, own) for s, own in zip(samples, spans, strict=True)))
        arrays = segment_arrays(found, self.rubric)
        bad = np.array([c.bad_if_met for c in self.rubric.leaves], dtype=np.bool_)
        good = np.where(bad, 1.0 - arrays.values, arrays.values)
        flat = [span for own in spans for span in own]
        start, end = (np.array([span[k] for span in flat], dtype=np.int64) for k in (0, 1))
        return Segments(good.min(1) if len(flat) else np.zeros(0), start, end, arrays.off)

    def tokens(
        self, samples: Sequence[Sample], token_start: ArrayLike, token_off: ArrayLike, advantage: ArrayLike
    ) -> Floats:
        """Advantages of tokens [L] from those of responses [N]; ``token_start[L]``: first character in the response."""
        found = run_sync(self.segments(samples))
        return token_advantages(found, token_start, token_off, advantage, self.threshold, self.on_missing)

    def _client(self) -> Client | None:
        if self.client is None or isinstance(self.client, Calls):
            return self.client
        if "calls" not in self._live:
            self._live["calls"] = Calls(self.client, self.calls)
        return self._live["calls"]


def token_advantages(
    parts: Segments, token_start: ArrayLike, token_off: ArrayLike, advantage: ArrayLike,
    threshold: float = 0.5, on_missing: str = "zero_advantage",
) -> Floats:  # fmt: skip
    """``credit.selective`` on the parts, then on their tokens; tokens outside every part keep the row's advantage: [L].

    >>> parts = Segments(np.array([1.0, 0.0]), np.array([0, 3]), np.array([2, 5]), np.array([0, 2]))
    >>> token_advantages(parts, [0, 1, 3, 4, 5], [0, 5], [2.0]).tolist()
    [2.0, 2.0, 0.0, 0.0, 2.0]
    """
    starts, row = np.asarray(token_start, dtype=np.int64), as_floats(advantage, "advantage")
    off = as_offsets(token_off, len(starts), "token_off")
    check(advantage=(row, "N"), token_off=(off, "N+1"), token_start=(starts, "L"))
    each = selective(row, parts.scores, parts.off, threshold=threshold)
    index = token_segments(starts, off, parts.start, parts.end, parts.off)
    whole = np.asarray(spread(row, off), dtype=np.float64)
    flat = np.where(index >= 0, on_tokens(each, index), whole)
    return np.where(np.isnan(flat), whole if on_missing == "row" else 0.0, flat)


def token_starts(ids: Sequence[int], tokenizer: Any) -> tuple[str, Ints]:
    """The text of token ids (special tokens left out) and the first character of each token in it.

    Tokens are decoded one by one when that gives the same text; where it does not (a letter cut across tokens), by
    growing prefixes, which is slower and exact.
    """
    text = tokenizer.decode(list(ids), skip_special_tokens=True)
    pieces = tokenizer.batch_decode([[t] for t in ids], skip_special_tokens=True)
    if "".join(pieces) == text:
        sizes = np.array([len(p) for p in pieces], dtype=np.int64)
        return text, np.cumsum(sizes) - sizes
    before = [len(tokenizer.decode(list(ids[:k]), skip_special_tokens=True)) for k in range(len(ids))]
    return text, np.minimum.accumulate(np.minimum(np.array(before, dtype=np.int64), len(text))[::-1])[::-1]
