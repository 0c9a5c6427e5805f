"""Judges: from a response and criteria to verdicts with a state."""

from rubricate.judges.base import Judge
from rubricate.judges.engine import Progress, judge_all, judge_stream
from rubricate.judges.pointwise import PointwiseJudge

__all__ = ["Judge", "PointwiseJudge", "Progress", "judge_all", "judge_stream"]
