"""Nearest texts by words: TF-IDF cosine for rubrics of similar prompts, BM25 for passages of documents.

Sparse matrices over stems; no model is needed. An embedding function may replace the words for rubrics.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats
from rubricate.errors import DataError, SettingError
from rubricate.generate.base import Material
from rubricate.rubrics.model import Rubric
from rubricate.rubrics.wording import content_words

Embed = Callable[[Sequence[str]], ArrayLike]


class Words:
    """Scores of a query against texts: ``cosine`` of TF-IDF in [0, 1], or ``bm25`` (k1 1.2, b .75), which is >= 0.

    tf-idf = (1 + log tf) * log(1 + N / df), rows of length 1. bm25 = sum idf tf (k1 + 1) / (tf + k1 (1 - b + b L / mean
    L)) with idf = log(1 + (N - df + .5) / (df + .5)).
    """

    def __init__(self, texts: Sequence[str], measure: str = "cosine") -> None:
        if measure not in ("cosine", "bm25"):
            raise SettingError(f"measure={measure!r}", expected="'cosine' or 'bm25'")
        self.measure, self.size = measure, len(texts)
        counts = [Counter(content_words(t)) for t in texts]
        self.terms = {term: k for k, term in enumerate(dict.fromkeys(t for c in counts for t in c))}
        rows = np.repeat(np.arange(len(texts)), [len(c) for c in counts])
        columns = np.array([self.terms[t] for c in counts for t in c], dtype=np.int64)
        tf = np.array([n for c in counts for n in c.values()], dtype=np.float64)
        df = np.bincount(columns, minlength=len(self.terms)).astype(np.float64)
        lengths = np.array([sum(c.values()) for c in counts], dtype=np.float64)
        self.idf, values = self._weigh(tf, rows, columns, df, lengths)
        # Sorted by term, so that a query reads only the texts that share a word with it.
        order = np.argsort(columns, kind="stable")
        self.held, self.values = rows[order], values[order]
        self.start = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=len(self.terms)))])

    def _weigh(
        self, tf: Floats, rows: np.ndarray, columns: np.ndarray, df: Floats, lengths: Floats
    ) -> tuple[Floats, Floats]:
        if self.measure == "bm25":
            idf = np.log1p((self.size - df + 0.5) / (df + 0.5))
            relative = lengths / max(float(lengths.mean()), 1e-12) if len(lengths) else lengths
            return idf, idf[columns] * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * relative[rows]))
        idf = np.log1p(self.size / np.maximum(df, 1.0))
        values = (1.0 + np.log(tf)) * idf[columns]
        norm = np.sqrt(np.bincount(rows, values**2, minlength=self.size))
        return idf, values / norm[rows]

    def scores(self, query: str) -> Floats:
        """One score per text; words that no text holds count in the length of a cosine's query."""
        counts = Counter(content_words(query))
        known = [(self.terms[t], n) for t, n in counts.items() if t in self.terms]
        out: Floats = np.zeros(self.size)
        strange = [n for t, n in counts.items() if t not in self.terms]
        length = sum(((1 + np.log(n)) * np.log1p(self.size)) ** 2 for n in strange)
        for column, n in known:
            weight = 1.0 if self.measure == "bm25" else (1 + np.log(n)) * self.idf[column]
            length += weight**2
            at = slice(self.start[column], self.start[column + 1])
            out[self.held[at]] += weight * self.values[at]
        return out / np.sqrt(length) if self.measure == "cosine" and length > 0 else out


def top(scores: Floats, k: int) -> list[int]:
    """Places of the ``k`` highest scores above 0, best first, equal ones in order."""
    order = np.argsort(-scores, kind="stable")[:k]
    return [int(i) for i in order if scores[i] > 0]


class Near(NamedTuple):
    """A rubric that was found, and how alike its prompt is (cosine)."""

    rubric: Rubric
    score: float


class RubricIndex:
    """Rubrics by the words of their prompts, or by ``embed(texts) -> [N, D]`` (cosine of its rows).

    Rubrics without a prompt in words are refused: DataError. Equal by content: its ``repr`` names the rubrics by a
    hash, and the embedding by its name.
    """

    def __init__(self, rubrics: Sequence[Rubric], *, embed: Embed | None = None) -> None:
        self.rubrics = tuple(rubrics)
        texts = [_prompt(r) for r in rubrics]
        self.words = Words(texts) if embed is None else None
        self.embed = embed or (lambda texts: np.zeros((len(texts), 0)))
        self.vectors = _unit(self.embed(texts))
        named = [getattr(embed, "__qualname__", type(embed).__qualname__) if embed else ""]
        self.digest = _hash(
            [*named, *(part for r, t in zip(rubrics, texts, strict=True) for part in (r.id, r.digest, t))]
        )

    def __repr__(self) -> str:
        return f"RubricIndex({len(self.rubrics)} rubrics, {self.digest})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RubricIndex) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def scores(self, prompt: str) -> Floats:
        """Cosine of every rubric's prompt with ``prompt``."""
        if self.words is not None:
            return self.words.scores(prompt)
        return np.asarray(self.vectors @ _unit(self.embed([prompt]))[0])

    def nearest(self, prompt: str, k: int = 3, *, id: str = "", most_alike: float = 0.95) -> list[Near]:
        """The ``k`` nearest rubrics, without the one called ``id`` and without prompts more alike than ``most_alike``.

        Both guards are against the leak of card 25: a rubric must not be shown the rubric of its own prompt.
        """
        if k < 1:
            raise SettingError(f"k={k}", expected="at least 1")
        found = self.scores(prompt)
        found = np.where(found > most_alike, 0.0, found)
        own = [i for i, r in enumerate(self.rubrics) if id and r.id == id]
        found[own] = 0.0
        return [Near(self.rubrics[i], float(found[i])) for i in top(found, k)]

    def neighbours(self, material: Material, k: int = 3, *, id: str = "", most_alike: float = 0.95) -> Material:
        """The material with its nearest rubrics."""
        near = self.nearest(material.prompt, k, id=id, most_alike=most_alike)
        return dataclasses.replace(material, neighbours=tuple(n.rubric for n in near))


def _prompt(rubric: Rubric) -> str:
    text = rubric.prompt if isinstance(rubric.prompt, str) else "\n".join(m.get("content", "") for m in rubric.prompt)
    if not text.strip():
        raise DataError("a rubric without a prompt cannot be found by it", where=f"rubric {rubric.id!r}",
                        expected="prompt: text")  # fmt: skip
    return text


def _hash(texts: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:16]


def _unit(vectors: ArrayLike) -> Floats:
    v = np.asarray(vectors, dtype=np.float64)
    return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12)


class PassageIndex:
    """Passages with their sources, found by BM25. Equal by content: its ``repr`` names the texts by a hash."""

    def __init__(self, passages: Sequence[str], sources: Sequence[str]) -> None:
        if len(passages) != len(sources) or not passages:
            raise DataError(f"{len(passages)} passages, {len(sources)} sources", expected="at least one, a source each")
        self.passages, self.sources = tuple(passages), tuple(sources)
        self.digest = _hash([*passages, *sources])
        self.words = Words(self.passages, "bm25")

    def __repr__(self) -> str:
        return f"PassageIndex({len(self.passages)} passages, {self.digest})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PassageIndex) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def best(self, query: str, k: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Passages and sources of the ``k`` best, best first; fewer when no more share a word with the query."""
        places = top(self.words.scores(query), k)
        return tuple(self.passages[i] for i in places), tuple(self.sources[i] for i in places)

    @classmethod
    def of_folder(
        cls, folder: str | Path, *, endings: Sequence[str] = (".txt", ".md"), words: int = 200
    ) -> PassageIndex:
        """All documents below ``folder`` in runs of whole paragraphs of about ``words`` words; the source is the path.

        Files are read as UTF-8; one that is not, or a folder without a document, is a DataError.
        """
        passages: list[str] = []
        sources: list[str] = []
        for path in sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in endings and p.is_file()):
            try:
                found = _passages(path.read_text(encoding="utf-8"), words)
            except UnicodeDecodeError as error:
                raise DataError(f"it is not UTF-8 ({error.reason})", where=str(path)) from None
            passages += found
            sources += [path.relative_to(folder).as_posix()] * len(found)
        if not passages:
            raise DataError("no document with text", where=str(folder), expected=f"files that end in {endings}")
        return cls(passages, sources)


def _passages(text: str, words: int) -> list[str]:
    """Runs of paragraphs of at least ``words`` words; a paragraph is never cut."""
    out: list[str] = []
    run: list[str] = []
    for paragraph in (p.strip() for p in text.split("\n\n")):
        if paragraph:
            run.append(paragraph)
        if sum(len(p.split()) for p in run) >= words:
            out.append("\n\n".join(run))
            run = []
    return [*out, "\n\n".join(run)] if run else out
