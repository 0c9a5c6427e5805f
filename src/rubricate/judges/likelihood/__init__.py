"""Judges that ask a model how likely a given text is, instead of letting it write one."""

from rubricate.judges.likelihood.confidence import SelfConfidence
from rubricate.judges.likelihood.criteria import LikelihoodJudge
from rubricate.judges.likelihood.density import DensityRatio
from rubricate.judges.likelihood.followup import FOLLOW_UPS, FollowUpLikelihood
from rubricate.judges.likelihood.reference import ReferenceLikelihood, leaked_share

__all__ = [
    "DensityRatio",
    "FOLLOW_UPS",
    "FollowUpLikelihood",
    "LikelihoodJudge",
    "ReferenceLikelihood",
    "SelfConfidence",
    "leaked_share",
]
