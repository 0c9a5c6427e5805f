"""Text as numbers without a model: which words and pairs of neighbouring words it holds."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from rubricate.arrays import Floats
from rubricate.errors import SettingError


def hashed_words(texts: Sequence[str], buckets: int = 256) -> Floats:
    """Whether each text holds the words and pairs of words of each hash bucket, and a constant: [N, buckets + 1].

    >>> hashed_words(["a b", ""], 64).sum(1).tolist()
    [4.0, 1.0]
    """
    if buckets < 1:
        raise SettingError(f"buckets={buckets}", expected="at least 1")
    x = np.zeros((len(texts), buckets + 1))
    x[:, -1] = 1.0
    for i, text in enumerate(texts):
        words = text.lower().split()
        for gram in [*words, *map(" ".join, zip(words, words[1:], strict=False))]:
            x[i, zlib.crc32(gram.encode(errors="surrogatepass")) % buckets] = 1.0
    return x
