"""A tournament judged by a model: the plan says who meets, the pair judge says who wins, ratings read the matches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rubricate.arrays import Floats
from rubricate.credit import Matches, as_matches
from rubricate.credit.schedule import Plan
from rubricate.judges import WHOLE, PairJudge, compare_pairs, pair_values, side_scores
from rubricate.llm.client import Client
from rubricate.rewards import weighted_mean
from rubricate.rubrics.model import Rubric
from rubricate.types import Sample, Usage, Verdict

Reduce = Callable[[Floats, Rubric], Floats]


class Played(NamedTuple):
    """The ``matches``, for ``credit.rate``; the ``verdicts`` of each match; what the calls cost."""

    matches: Matches
    verdicts: tuple[tuple[Verdict, ...], ...]
    usage: Usage


def mean_of_criteria(values: Floats, rubric: Rubric) -> Floats:
    """``sum |w_k| v_k / sum |w_k|`` of comparisons [Q, C] by criterion; NaN where one is missing: float[Q]."""
    weights = np.array([abs(c.weight) for c in rubric.leaves])
    return weighted_mean(values, weights, missing="propagate")


async def judge_tournament(
    plan: Plan,
    judge: PairJudge,
    samples: Sequence[Sample],
    rubric: Rubric,
    client: Client | None = None,
    *,
    concurrency: int = 64,
    reduce: Reduce = mean_of_criteria,
) -> Played:
    """Play the rounds of ``plan`` (from ``credit.schedule``) among ``samples``, the responses to one prompt.

    Each round is judged at once, its values decide the next one. A judge of wholes gives the value of a match, one of
    criteria by ``reduce``. A match that could not be judged is NaN: ratings leave it out.
    """
    rounds: list[tuple[np.ndarray, Floats]] = []
    verdicts: list[tuple[Verdict, ...]] = []
    try:
        pairs = next(plan)
        while True:
            found = await compare_pairs(judge, pairs, samples, rubric, client, concurrency=concurrency)
            scores = side_scores(_values(found, rubric, reduce))
            rounds.append((pairs, scores))
            verdicts += found
            pairs = plan.send(scores)
    except StopIteration:
        usage = sum((v.usage for match in verdicts for v in match if v.usage), Usage())
        return Played(as_matches(rounds), tuple(verdicts), usage)


def _values(found: Sequence[tuple[Verdict, ...]], rubric: Rubric, reduce: Reduce) -> Floats:
    """Value of each match: that of the whole where there is one, else from its criteria."""
    whole = np.array([any(v.criterion == WHOLE for v in match) for match in found], dtype=np.bool_)
    value = pair_values(found)[:, 0]
    if whole.all():
        return value
    return np.where(whole, value, reduce(pair_values(found, [c.id for c in rubric.leaves]), rubric))
