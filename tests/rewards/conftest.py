"""Random data that is ragged, unsorted and has gaps: 50 cases, the same in every run."""

from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture(params=range(50))
def ragged(request):
    rng = np.random.default_rng(request.param)
    n, c = int(rng.integers(1, 40)), int(rng.integers(1, 7))
    ids = (
        rng.choice(np.array(["p", "q", "r", "s", "t"]), size=n)
        if request.param % 2
        else rng.integers(-3, 900, size=n) % 7 * 11
    )
    size = rng.integers(0, 5, size=n)
    x = rng.normal(size=n).round(1)
    x[rng.random(n) < 0.2] = np.nan
    scores = rng.random((n, c)).round(1)
    scores[rng.random((n, c)) < 0.2] = np.nan
    return SimpleNamespace(
        rng=rng,
        n=n,
        group=ids,
        x=x,
        scores=scores,
        asked=rng.random((n, c)) < 0.8,
        weights=rng.integers(-2, 5, size=c).astype(float),
        category=rng.integers(0, 3, size=c) * 5,
        outcome=(rng.random(n) < 0.5).astype(float),
        process=rng.random(n).round(1),
        where=rng.random(n) < 0.7,
        off=np.concatenate([[0], np.cumsum(size)]),
        steps=np.where(rng.random(size.sum()) < 0.2, np.nan, rng.random(size.sum()).round(2)),
    )
