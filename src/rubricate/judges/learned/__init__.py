"""Learned rewards: small models on features, fitted on pairs, labels or steps, as frozen values.

``fit`` returns a fitted copy, ``score`` gives NaN where a feature is missing, ``save_model`` and ``load_model`` keep a
model in one file.
"""

from rubricate.judges.learned.bradley_terry import BradleyTerry, Logistic, PairModel
from rubricate.judges.learned.critique import CritiqueThenScore
from rubricate.judges.learned.ensemble import EnsembleReward, lower_bound
from rubricate.judges.learned.features import hashed_words
from rubricate.judges.learned.guard import FailureDetector, least_weight, mine_failures
from rubricate.judges.learned.heads import MultiHeadReward
from rubricate.judges.learned.mixture import MixtureReward, Router
from rubricate.judges.learned.nearest import Nearest, NearestAnswers
from rubricate.judges.learned.network import MLPReward
from rubricate.judges.learned.online import OnlineUpdate, certified_pairs
from rubricate.judges.learned.ordinal import OrdinalProbReward, rating_preference
from rubricate.judges.learned.parameters import Parameters
from rubricate.judges.learned.process import StepScorer
from rubricate.judges.learned.reference import PolicyDiscriminator, ReferenceConditionedReward, join_reference
from rubricate.judges.learned.saved import load_model, save_model

__all__ = [
    "BradleyTerry",
    "CritiqueThenScore",
    "EnsembleReward",
    "FailureDetector",
    "Logistic",
    "MLPReward",
    "MixtureReward",
    "MultiHeadReward",
    "Nearest",
    "NearestAnswers",
    "OnlineUpdate",
    "OrdinalProbReward",
    "PairModel",
    "Parameters",
    "PolicyDiscriminator",
    "ReferenceConditionedReward",
    "Router",
    "StepScorer",
    "certified_pairs",
    "hashed_words",
    "join_reference",
    "least_weight",
    "load_model",
    "lower_bound",
    "mine_failures",
    "rating_preference",
    "save_model",
]
