"""A language model of words that is fitted in milliseconds, to try likelihood rewards before a real model is loaded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from rubricate.errors import CallError, SettingError
from rubricate.llm.scorers import Answer, Forced, TokenLogs

_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class NgramScorer:
    """Word trigrams with interpolation, as a scorer of given texts.

    ``p(w | u v) = (1 - lambda) f(w | u v) + lambda ((1 - lambda) f(w | v) + lambda ((1 - lambda) f(w) + lambda / V))``
    with frequencies f of the corpus (0 behind an unseen context), V its vocabulary and one place for unseen words.
    Case does not count. ``NgramScorer().fit(texts)`` gives a fitted copy.

    >>> import asyncio
    >>> model = NgramScorer().fit(["the cat sat down .", "the cat ran away ."])
    >>> seen, unseen = asyncio.run(model.logprobs([Forced("The cat", "sat"), Forced("The cat", "flew")]))
    >>> seen.total > unseen.total
    True
    """

    backoff: float = 0.2
    name: str = "ngram"
    counts: tuple[Counter[tuple[str, ...]], ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0.0 < self.backoff < 1.0:
            raise SettingError(f"backoff={self.backoff}", expected="a number in (0, 1)")

    def fit(self, texts: Iterable[str]) -> NgramScorer:
        """A copy that knows the texts."""
        counts: tuple[Counter[tuple[str, ...]], ...] = (Counter(), Counter(), Counter())
        for text in texts:
            words = tokens(text)
            for n, table in enumerate(counts, 1):
                table.update(zip(*(words[k:] for k in range(n)), strict=False))
        return NgramScorer(self.backoff, self.name, counts)

    async def logprobs(self, items: Sequence[Forced], *, top: int = 0) -> tuple[Answer, ...]:
        """For each item the log-probability of each word of the target; it has no distributions (``top``)."""
        if not self.counts:
            raise SettingError("this model was not fitted", expected="NgramScorer().fit(texts)")
        if top:
            raise SettingError("a word model gives no other words", where="top", expected="0")
        return tuple(self._answer(item) for item in items)

    def _answer(self, item: Forced) -> Answer:
        before, target = tokens(item.prefix), tokens(item.target)
        if not target:
            return CallError("the target has no word")
        words = before + target
        logs = [self._log(words[max(0, k - 2) : k + 1]) for k in range(len(before), len(words))]
        return TokenLogs(np.array(logs))

    def _log(self, words: list[str]) -> float:
        uni, _, _ = self.counts
        total, p = sum(uni.values()), 1.0 / (len(uni) + 1)
        for n in range(1, len(words) + 1):
            gram = tuple(words[-n:])
            below = total if n == 1 else self.counts[n - 2][gram[:-1]]
            share = self.counts[n - 1][gram] / below if below else 0.0
            p = (1 - self.backoff) * share + self.backoff * p if below else p
        return float(np.log(p))


def tokens(text: str) -> list[str]:
    """Words and punctuation marks, in lower case."""
    return _WORD.findall(text.casefold())
