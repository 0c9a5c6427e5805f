"""Citation measures over claims: valid rate and effective citations (FACT), faithfulness, groundedness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Scores, as_floats, check
from rubricate.rewards.policies import Policy


@dataclass(frozen=True)
class CitationRates:
    """Benchmark numbers of FACT: ``valid_rate``, ``effective`` supported citations per task, the tasks counted.

    ``uncited`` are the tasks without a single citation: the published count leaves them out of ``tasks``, so a system
    that cites nothing on hard tasks is averaged over fewer of them.
    """

    valid_rate: float
    effective: float
    tasks: int
    uncited: int


@dataclass(frozen=True, kw_only=True)
class Citations(Policy):
    """``supported / judged`` citations of a report; each column is one citation: 1 supported, 0 not, NaN unknown.

    The verdict "unknown" leaves the count, as published (missing='drop_item'); ``rates`` pools all citations.
    tasks: ``cited`` divides effective citations by the tasks that cite something (published), ``all`` by all tasks.
    Source: DeepResearch Bench (code read), arXiv 2506.11763.
    """

    denominator: str = "sum"
    weighted: bool = False
    missing: str = "drop_item"
    across: str = "micro"
    tasks: str = "cited"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.choice("tasks", ("cited", "all"))

    def rates(self, scores: Scores) -> CitationRates:
        """Valid rate over all judged citations, and supported citations per task; NaN without any to divide by."""
        judged = scores.asked & ~np.isnan(scores.values)
        supported = float(np.where(judged, scores.values, 0.0).sum())
        cited = int(scores.asked.any(1).sum())
        tasks = len(scores) if self.tasks == "all" else cited
        nan = float("nan")
        return CitationRates(
            valid_rate=supported / judged.sum() if judged.any() else nan,
            effective=supported / tasks if tasks else nan,
            tasks=tasks,
            uncited=len(scores) - cited,
        )


def claim_measures(supported: ArrayLike, cited: ArrayLike, claims: ArrayLike) -> tuple[Floats, Floats]:
    """Faithfulness ``supported / cited`` and groundedness ``cited / claims`` per row, from counts [N]; NaN over 0.

    Source: ResearcherBench, card 216.

    >>> [x.round(3).tolist() for x in claim_measures([2], [3], [5])]
    [[0.667], [0.6]]
    """
    s, c, n = (as_floats(x, k) for x, k in ((supported, "supported"), (cited, "cited"), (claims, "claims")))
    check(supported=(s, "N"), cited=(c, "N"), claims=(n, "N"))
    nan = np.full(len(s), np.nan)
    return np.divide(s, c, out=nan.copy(), where=c > 0), np.divide(c, n, out=nan, where=n > 0)
