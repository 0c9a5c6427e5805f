"""Many pairs judged at once, and the way from their verdicts to the arrays that tournaments and rewards take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import SettingError, ShapeError
from rubricate.judges.base import WHOLE, PairJudge
from rubricate.judges.engine import find_rubric
from rubricate.llm.client import Client
from rubricate.rubrics.model import Rubric
from rubricate.types import Sample, Verdict
from rubricate.verifiers.base import check_settings


async def compare_pairs(
    judge: PairJudge,
    pairs: ArrayLike,
    samples: Sequence[Sample],
    rubrics: Mapping[str, Rubric] | Rubric,
    client: Client | None = None,
    *,
    concurrency: int = 64,
    on_verdicts: Callable[[tuple[Verdict, ...]], None] | None = None,
) -> list[tuple[Verdict, ...]]:
    """The verdicts of each pair ``pairs[Q, 2]`` of places in ``samples``, with ``concurrency`` pairs in flight.

    The rubric is that of the first side. A bad reply costs its own pair; an error in a judge's code ends the job.
    ``on_verdicts`` gets the verdicts of each pair as they come.
    """
    table = {rubrics.id: rubrics} if isinstance(rubrics, Rubric) else rubrics
    places = _places(pairs, len(samples))
    for leaf in (leaf for rubric in table.values() for leaf in rubric.leaves):
        check_settings(leaf)
    if judge.needs_client and client is None:
        raise SettingError("this judge calls a model and got no client", expected="client=HttpClient(...)")
    found: list[tuple[Verdict, ...]] = [()] * len(places)
    waiting = iter(enumerate(places))

    async def work() -> None:
        for k, (i, j) in waiting:
            first, second = samples[i], samples[j]
            found[k] = await judge.compare(first, second, find_rubric(first, table), client)
            if on_verdicts is not None:
                on_verdicts(found[k])

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(max(1, concurrency), len(places))):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None  # all workers stop at the first error; one is enough to read
    return found


def pair_values(verdicts: Sequence[Sequence[Verdict]], criteria: Sequence[str] = (WHOLE,)) -> Floats:
    """``values[Q, C]`` of the named criteria: in favour of the first side, NaN where there is no verdict.

    >>> from rubricate.types import State
    >>> won, lost = Verdict(WHOLE, State.SCORED, 1.0), Verdict(WHOLE, State.TIMED_OUT)
    >>> pair_values([[won], [lost]]).tolist()
    [[1.0], [nan]]
    """
    out = np.full((len(verdicts), len(criteria)), np.nan)
    for row, found in enumerate(verdicts):
        values = {v.criterion: v.value for v in found}
        for column, name in enumerate(criteria):
            value = values.get(name)
            out[row, column] = np.nan if value is None else value
    return out


def side_scores(value: ArrayLike) -> Floats:
    """``value[Q]`` in favour of the first side as a score for each: ``((1 + v) / 2, (1 - v) / 2)``, float[Q, 2].

    What ``credit.play`` and ``plan.send`` take: a pair without a value is NaN on both sides.

    >>> side_scores([1.0, -0.5, 0.0]).tolist()
    [[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]]
    """
    v = as_floats(value, "value")
    check(value=(v, "Q"))
    if (np.abs(v) > 1).any():
        raise ShapeError("values outside [-1, 1]", where="value", expected="values of a pair judge")
    return np.stack([(1 + v) / 2, (1 - v) / 2], axis=1)


def _places(pairs: ArrayLike, n: int) -> list[tuple[int, int]]:
    places = np.asarray(pairs)
    if not places.size:
        return []
    check(pairs=(places, "Q 2"))
    if places.dtype.kind not in "iu" or places.min() < 0 or places.max() >= n or (places[:, 0] == places[:, 1]).any():
        raise ShapeError(
            "pairs name places outside the samples, or one against itself", where="pairs", expected=f"0 to {n - 1}"
        )
    return [(int(i), int(j)) for i, j in places]
