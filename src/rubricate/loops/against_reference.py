"""Rollouts compared with a reference answer, criterion by criterion, in both orders; the adding up is left to a reward.

Card 8 (OpenRS, arXiv 2602.14069): the pairwise reward of each rollout against a reference answer (recalled there).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rubricate.arrays import Floats
from rubricate.errors import SettingError
from rubricate.judges.base import PairJudge
from rubricate.judges.pairs import compare_pairs, pair_values
from rubricate.llm.client import Client
from rubricate.rubrics.model import Rubric
from rubricate.types import Sample, Usage


class Against(NamedTuple):
    """``scores[N, C]`` in [0, 1], above 1/2 where the rollout does better than its reference; ``backward[N, C]`` the
    same asked with the reference first, above 1/2 where the reference does better; NaN without a verdict; the cost.

    The arrays that ``rewards.tier_reward`` takes.
    """

    scores: Floats
    backward: Floats
    usage: Usage


async def judge_against(
    samples: Sequence[Sample],
    references: Sequence[str] | str,
    rubric: Rubric,
    judge: PairJudge,
    client: Client | None = None,
    *,
    concurrency: int = 64,
) -> Against:
    """Each sample against its reference (one for all, or one each), asked both ways round: 2 N comparisons.

    ``judge`` compares by criteria in the order that it is given: ``PairwiseJudge(about="criteria", order="as_is")``; a
    criterion with a verifier is decided by the program. A judge with an order of its own swaps twice: SettingError.
    """
    order = getattr(judge, "order", "as_is")
    if order != "as_is":
        raise SettingError(f"the judge has order={order!r}", where="judge_against", expected="order='as_is'")
    texts = [references] * len(samples) if isinstance(references, str) else list(references)
    if len(texts) != len(samples) or not samples:
        raise SettingError(f"{len(samples)} samples and {len(texts)} references", expected="one each, or one text")
    others = [replace(s, id=f"{s.id}/reference", response=t) for s, t in zip(samples, texts, strict=True)]
    n = len(samples)
    pairs = np.array([(k, n + k) for k in range(n)] + [(n + k, k) for k in range(n)])
    both = [*samples, *others]
    found = await compare_pairs(judge, pairs, both, rubric, client, concurrency=concurrency)
    values = (1.0 + pair_values(found, [c.id for c in rubric.leaves])) / 2.0
    usage = sum((v.usage for verdicts in found for v in verdicts if v.usage), Usage())
    return Against(values[:n], values[n:], usage)
