"""Judges: from a response and criteria to verdicts with a state."""

from rubricate.judges.base import WHOLE, GroupJudge, Judge, PairJudge, SegmentJudge
from rubricate.judges.distilled import Distilled
from rubricate.judges.engine import Progress, judge_all, judge_stream
from rubricate.judges.learned import BradleyTerry, MixtureReward, Router
from rubricate.judges.lexical import LexicalJudge
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.judges.reference import EquivalenceJudge
from rubricate.judges.short_circuit import ShortCircuit

__all__ = [
    "BradleyTerry",
    "Distilled",
    "EquivalenceJudge",
    "GroupJudge",
    "Judge",
    "LexicalJudge",
    "MixtureReward",
    "PairJudge",
    "PointwiseJudge",
    "Progress",
    "Router",
    "SegmentJudge",
    "ShortCircuit",
    "WHOLE",
    "judge_all",
    "judge_stream",
]
