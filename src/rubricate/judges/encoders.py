"""Similarity in meaning: a response beside references, as vectors of an encoder.

An encoder is blind to negation, and copying and padding score well (docs/judges/encoders.md has the figures), so use
similarity with a gate on form and, for relevance, with the length and repetition terms of ``RelevanceProduct``.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import MissingExtraError, SettingError, UnknownNameError
from rubricate.judges.base import WHOLE, chunks, settings_digest
from rubricate.llm.client import Client
from rubricate.registry import register
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Verdict
from rubricate.verifiers.base import answer_text
from rubricate.verifiers.segments import count_words


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors of length 1 (or 0 for a text without content)."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors ``[N, D]``."""
        ...


@dataclass(frozen=True)
class HashedEncoder:
    """Counts of runs of ``n`` characters or words, hashed into ``buckets``; no weights, no download.

    It sees spelling, not meaning: paraphrases with other words are far apart. ``unit="word", n=1`` is a bag of words.

    >>> a, b, c = HashedEncoder().encode(["A red cat.", "a red  CAT!", "Stock prices fell"])
    >>> round(float(a @ b), 3), round(float(a @ c), 3)
    (1.0, 0.0)
    """

    n: int = 3
    unit: str = "char"
    buckets: int = 4096

    def __post_init__(self) -> None:
        if self.unit not in ("char", "word"):
            raise UnknownNameError.among("unit", self.unit, ("char", "word"))
        if self.n < 1 or self.buckets < 1:
            raise SettingError(f"{self!r}", expected="n and buckets of 1 or more")

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors ``[N, buckets]``."""
        out = np.zeros((len(texts), self.buckets))
        for row, text in zip(out, texts, strict=True):
            for gram in self._grams(text):
                row[zlib.crc32(gram.encode()) % self.buckets] += 1.0
        return _unit(out)

    def _grams(self, text: str) -> list[str]:
        words = re.findall(r"\w+", text.casefold())
        if self.unit == "word":
            return [" ".join(words[k : k + self.n]) for k in range(len(words) - self.n + 1)]
        padded = f" {' '.join(words)} " if words else ""
        return [padded[k : k + self.n] for k in range(len(padded) - self.n + 1)]


TRIGRAMS = HashedEncoder()


@dataclass(frozen=True)
class SentenceEncoder:
    """A sentence-transformers model from a folder or a hub name (extra ``semantic``), loaded on first use."""

    path: str
    device: str = "cpu"
    batch: int = 32

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors ``[N, D]``."""
        found = _model(self.path, self.device).encode(
            list(texts), batch_size=self.batch, convert_to_numpy=True, show_progress_bar=False
        )
        return _unit(np.asarray(found, dtype=np.float64).reshape(len(texts), -1))


@functools.lru_cache(maxsize=2)
def _model(path: str, device: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise MissingExtraError.of("sentence-transformers", "semantic", purpose="SentenceEncoder") from None
    return SentenceTransformer(path, device=device)


def _unit(x: Floats) -> Floats:
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(x, norm, out=np.zeros_like(x), where=norm > 0)


def best_match(vectors: Floats, references: Floats) -> Floats:
    """Largest cosine of each row of ``vectors[N, D]`` with any of ``references[R, D]``: [N]; NaN without references.

    A vector of length 0 (a text without content) has cosine 0 with everything.

    >>> best_match(np.eye(2), np.array([[3.0, 0.0]])).tolist()
    [1.0, 0.0]
    """
    a, b = as_floats(vectors, "vectors"), as_floats(references, "references")
    check(vectors=(a, "N D"), references=(b, "R D"))
    if not len(b):
        return np.full(len(a), np.nan)
    return np.asarray((_unit(a) @ _unit(b).T).max(1))


def distinct_share(text: str, n: int = 3) -> float:
    """Different runs of ``n`` words over all of them; 1 for a text with none.

    >>> distinct_share("a b c a b c"), distinct_share("yes")
    (0.75, 1.0)
    """
    words = re.findall(r"\w+", text.casefold())
    grams = [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 1.0


@register("judge", "similarity")
@dataclass(frozen=True)
class EncoderSimilarity:
    """Similarity of a response with its reference answers, the best of several: ``max_r cos(E(response), E(ref_r))``.

    As a judge of criteria: the references of the criterion, else of the sample (``reference``, and a list
    ``references`` in its metadata); the share max(cos, 0) lies on the criterion's scale. ``rank`` scores whole
    responses by the cosine itself. Without a reference it abstains. Cards 97 (arXiv 2509.13081; the paper's encoder is
    not confirmed), 109, 203.
    """

    encoder: Encoder = TRIGRAMS

    needs_client = False

    @property
    def digest(self) -> str:
        """The encoder."""
        return settings_digest(self)

    def batches(self, criteria: Sequence[Criterion]) -> list[tuple[Criterion, ...]]:
        """All criteria of a response at once."""
        return chunks(criteria, "all")

    async def verdicts(
        self, sample: Sample, rubric: Rubric, criteria: Sequence[Criterion], client: Client | None
    ) -> tuple[Verdict, ...]:
        """One verdict per criterion."""
        judge, own = self.digest, _references(sample)
        answer = self.encoder.encode([answer_text(sample)])
        out = []
        for c in criteria:
            references = (c.reference,) if c.reference else own
            if not references:
                out.append(Verdict(c.id, State.ABSTAINED, reason="there is no reference", judge=judge))
                continue
            cosine = float(best_match(answer, self.encoder.encode(references))[0])
            value = c.scale.min + min(max(cosine, 0.0), 1.0) * (c.scale.max - c.scale.min)
            out.append(Verdict(c.id, State.SCORED, value, reason=_told(cosine, references), judge=judge))
        return tuple(out)

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """The cosine of each response with the nearest of its references."""
        judge = self.digest
        answers = self.encoder.encode([answer_text(s) for s in samples])
        out = []
        for vector, sample in zip(answers, samples, strict=True):
            references = _references(sample)
            if not references:
                out.append(Verdict(WHOLE, State.ABSTAINED, reason="there is no reference", judge=judge))
                continue
            cosine = float(best_match(vector[None, :], self.encoder.encode(references))[0])
            out.append(Verdict(WHOLE, State.SCORED, cosine, reason=_told(cosine, references), judge=judge))
        return tuple(out)


@register("judge", "relevance")
@dataclass(frozen=True)
class RelevanceProduct:
    """Relevance kept honest by length and repetition, by the type of the query.

    Open query: ``cos(E(task), E(response)) * words / per_words * distinct_share``; closed query (it has a reference):
    ``F(cos(E(reference), E(response))) * distinct_share``, F the straight line from ``closed_range`` onto
    ``open_range``. ``metadata[type_key]`` ("open" or "closed") decides where it is given. Relevance alone is best
    satisfied by repeating the query; length alone by any long text; both by repeating it often. Card 109 (arXiv
    2402.03469; ranges ours).
    """

    encoder: Encoder = TRIGRAMS
    per_words: float = 100.0
    closed_range: tuple[float, float] = (0.0, 1.0)
    open_range: tuple[float, float] = (0.0, 1.0)
    type_key: str = "query"

    needs_client = False

    def __post_init__(self) -> None:
        if self.per_words <= 0 or self.closed_range[0] == self.closed_range[1]:
            raise SettingError(f"{self!r}", expected="per_words > 0 and a closed_range of two different numbers")

    @property
    def digest(self) -> str:
        """Settings and encoder."""
        return settings_digest(self)

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """One verdict per response."""
        judge = self.digest
        return tuple(self._verdict(sample, judge) for sample in samples)

    def _verdict(self, sample: Sample, judge: str) -> Verdict:
        kind = str(sample.metadata.get(self.type_key) or ("closed" if _references(sample) else "open"))
        if kind not in ("open", "closed"):
            reason = f"the query type {kind!r} is neither open nor closed"
            return Verdict(WHOLE, State.UNREADABLE, reason=reason, judge=judge)
        against = _references(sample) if kind == "closed" else (sample.task,)
        if not against:
            return Verdict(WHOLE, State.ABSTAINED, reason="a closed query without a reference", judge=judge)
        text = answer_text(sample)
        cosine = float(best_match(self.encoder.encode([text]), self.encoder.encode(against))[0])
        distinct, words = distinct_share(text), count_words(text)
        if kind == "open":
            value = cosine * words / self.per_words * distinct
        else:
            (lo, hi), (a, b) = self.closed_range, self.open_range
            value = (a + (b - a) * (cosine - lo) / (hi - lo)) * distinct
        reason = f"{kind} query: relevance {cosine:.2f}, {words} words, {distinct:.0%} of word triples different"
        return Verdict(WHOLE, State.SCORED, value, reason=reason, judge=judge)


def _references(sample: Sample) -> tuple[str, ...]:
    own = (sample.reference,) if sample.reference else ()
    more = sample.metadata.get("references") or ()
    return (*own, *(str(r) for r in ([more] if isinstance(more, str) else more)))


def _told(cosine: float, references: Sequence[str]) -> str:
    return f"cosine {cosine:.3f} with the nearest of {len(references)} references"
