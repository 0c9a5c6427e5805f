"""Each criterion as a voter: which of two answers it is for, by any judge; a failed call is told from no side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rubricate.arrays import Bools, Floats
from rubricate.errors import SettingError
from rubricate.judges.base import Judge, PairJudge
from rubricate.judges.engine import judge_all
from rubricate.judges.pairs import compare_pairs
from rubricate.llm.client import Client
from rubricate.loops.recover import LabelledPair
from rubricate.rubrics.model import Rubric
from rubricate.types import State, Usage, Verdict


class Votes(NamedTuple):
    """``match[C, Q]``: 1 for the better side, 0 for the worse, NaN for no vote; ``failed[C, Q]``: a call gave nothing.

    No vote without a failure: the two sides are even, or the judge abstained.
    """

    match: Floats
    failed: Bools
    usage: Usage


async def criterion_votes(
    texts: Sequence[str],
    pairs: Sequence[LabelledPair],
    judge: Judge | PairJudge,
    client: Client | None = None,
    *,
    concurrency: int = 64,
) -> Votes:
    """How each criterion, in the hands of ``judge``, votes on each pair. SettingError without criteria or pairs.

    A pointwise judge is asked about both sides under one rubric of all criteria, in its own batches; a pair judge about
    each pair under each criterion alone. The input of ``refine.CriterionTracker``; card 94.
    """
    if not texts or not pairs:
        raise SettingError(f"{len(texts)} criteria and {len(pairs)} pairs", expected="at least one of each")
    criteria = [{"id": f"c{k}", "text": text} for k, text in enumerate(texts)]
    sides = [replace(side, rubric="votes") for pair in pairs for side in pair.sides()]
    signs = np.array([-1.0 if p.swap else 1.0 for p in pairs])
    if isinstance(judge, PairJudge):
        places, rows, usage = np.arange(len(sides)).reshape(-1, 2), [], Usage()
        for criterion in criteria:
            rubric = Rubric.model_validate({"id": "votes", "criteria": [criterion]})
            found = await compare_pairs(judge, places, sides, rubric, client, concurrency=concurrency)
            rows.append([_side(verdicts) for verdicts in found])
            usage += sum((v.usage for verdicts in found for v in verdicts if v.usage), Usage())
        table = np.array(rows)
        return _votes(table[..., 0] * signs, table[..., 1] > 0, usage)
    rubric = Rubric.model_validate({"id": "votes", "criteria": criteria})
    judged = await judge_all(judge, sides, rubric, client, concurrency=concurrency)
    cells = np.array([[_side([v]) for v in j.verdicts] for j in judged])
    margin, failed = cells[::2, :, 0] - cells[1::2, :, 0], (cells[::2, :, 1] > 0) | (cells[1::2, :, 1] > 0)
    return _votes(margin.T * signs, failed.T, sum((j.usage for j in judged), Usage()))


def _side(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """The mean value, NaN unless every verdict has one; and whether any of them failed (an abstention did not)."""
    values = [np.nan if v.value is None else v.value for v in verdicts]
    return float(np.mean(values)), float(any(v.state not in (State.SCORED, State.ABSTAINED) for v in verdicts))


def _votes(margin: Floats, failed: Bools, usage: Usage) -> Votes:
    return Votes(np.where(np.isnan(margin) | (margin == 0), np.nan, (margin > 0).astype(np.float64)), failed, usage)
