"""Judges: from a response and criteria to verdicts with a state."""

from rubricate.judges.base import WHOLE, GroupJudge, Judge, PairJudge, SegmentJudge
from rubricate.judges.cascade import Cascade, RuleJudge, Stage
from rubricate.judges.conditioned import ConditionedJudge, OwnRubricJudge
from rubricate.judges.critique_pair import CritiquePairJudge
from rubricate.judges.denoise import (
    PairLabels,
    PeerReview,
    VoteStrength,
    agreement_filter,
    agreement_labels,
    implicit_preference,
    margin_scaled_beta,
    rank_consistency,
    small_loss_peer_review,
    treat_weak,
    vote_strength,
)
from rubricate.judges.distilled import Distilled
from rubricate.judges.encoders import (
    EncoderSimilarity,
    HashedEncoder,
    RelevanceProduct,
    SentenceEncoder,
    best_match,
    distinct_share,
)
from rubricate.judges.engine import Progress, judge_all, judge_stream
from rubricate.judges.gate import VerifierGate
from rubricate.judges.integrate import ScoreIntegration
from rubricate.judges.intrinsic import SelfAgreement
from rubricate.judges.learned import (
    BradleyTerry,
    CritiqueThenScore,
    EnsembleReward,
    FailureDetector,
    Logistic,
    MixtureReward,
    MLPReward,
    MultiHeadReward,
    NearestAnswers,
    OnlineUpdate,
    OrdinalProbReward,
    Parameters,
    PolicyDiscriminator,
    ReferenceConditionedReward,
    Router,
    StepScorer,
    certified_pairs,
    hashed_words,
    join_reference,
    least_weight,
    load_model,
    lower_bound,
    mine_failures,
    rating_preference,
    save_model,
)
from rubricate.judges.lexical import LexicalJudge
from rubricate.judges.likelihood import (
    DensityRatio,
    FollowUpLikelihood,
    LikelihoodJudge,
    ReferenceLikelihood,
    SelfConfidence,
)
from rubricate.judges.listwise import ListwiseJudge
from rubricate.judges.markers import Expected, Marked, expected_score, expected_value, marker_margin, read_markers
from rubricate.judges.named import named_any_judge, named_judge
from rubricate.judges.ordinal import OrdinalJudge
from rubricate.judges.pair_labels import consensus_label, judgement_pairs
from rubricate.judges.pair_selection import debias_pairs, quality_sampling
from rubricate.judges.pairs import compare_pairs, pair_values, side_scores
from rubricate.judges.pairwise import PairwiseJudge
from rubricate.judges.panel import Member, Panel
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.judges.reference import EquivalenceJudge
from rubricate.judges.routing import LearnedRoute, Route, RoutedJudge, SelectiveJudge
from rubricate.judges.segments import SENTENCES, STEPS, SegmentArrays, SentenceJudge, StepJudge, segment_arrays
from rubricate.judges.served import LocalReward, ServedReward, embed
from rubricate.judges.short_circuit import ShortCircuit
from rubricate.judges.toolbox import Calculator, DocumentSearch, InSandbox, Python, Tool, UnitConverter
from rubricate.judges.tools import ToolJudge, Trace
from rubricate.judges.turns import ContinuedJudge, ReflectJudge, RethinkJudge

__all__ = [
    "BradleyTerry",
    "Calculator",
    "Cascade",
    "ConditionedJudge",
    "ContinuedJudge",
    "CritiquePairJudge",
    "CritiqueThenScore",
    "DensityRatio",
    "Distilled",
    "DocumentSearch",
    "EncoderSimilarity",
    "EnsembleReward",
    "EquivalenceJudge",
    "Expected",
    "FailureDetector",
    "FollowUpLikelihood",
    "GroupJudge",
    "HashedEncoder",
    "InSandbox",
    "Judge",
    "LearnedRoute",
    "LexicalJudge",
    "LikelihoodJudge",
    "ListwiseJudge",
    "LocalReward",
    "Logistic",
    "MLPReward",
    "Marked",
    "Member",
    "MixtureReward",
    "MultiHeadReward",
    "NearestAnswers",
    "OnlineUpdate",
    "OrdinalJudge",
    "OrdinalProbReward",
    "OwnRubricJudge",
    "PairJudge",
    "PairLabels",
    "PairwiseJudge",
    "Panel",
    "Parameters",
    "PeerReview",
    "PointwiseJudge",
    "PolicyDiscriminator",
    "Progress",
    "Python",
    "ReferenceConditionedReward",
    "ReferenceLikelihood",
    "ReflectJudge",
    "RelevanceProduct",
    "RethinkJudge",
    "Route",
    "RoutedJudge",
    "Router",
    "RuleJudge",
    "SENTENCES",
    "STEPS",
    "ScoreIntegration",
    "SegmentArrays",
    "SegmentJudge",
    "SelectiveJudge",
    "SelfAgreement",
    "SelfConfidence",
    "SentenceEncoder",
    "SentenceJudge",
    "ServedReward",
    "ShortCircuit",
    "Stage",
    "StepJudge",
    "StepScorer",
    "Tool",
    "ToolJudge",
    "Trace",
    "UnitConverter",
    "VerifierGate",
    "VoteStrength",
    "WHOLE",
    "agreement_filter",
    "agreement_labels",
    "best_match",
    "certified_pairs",
    "compare_pairs",
    "consensus_label",
    "debias_pairs",
    "distinct_share",
    "embed",
    "expected_score",
    "expected_value",
    "hashed_words",
    "implicit_preference",
    "join_reference",
    "judge_all",
    "judge_stream",
    "judgement_pairs",
    "least_weight",
    "load_model",
    "lower_bound",
    "margin_scaled_beta",
    "marker_margin",
    "mine_failures",
    "named_any_judge",
    "named_judge",
    "pair_values",
    "quality_sampling",
    "rank_consistency",
    "rating_preference",
    "read_markers",
    "save_model",
    "segment_arrays",
    "side_scores",
    "small_loss_peer_review",
    "treat_weak",
    "vote_strength",
]
