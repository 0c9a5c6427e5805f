"""The lab: try a reward in a small world before it is paid for."""

from rubricate.lab.claims import Outcome, claim
from rubricate.lab.judges import SimulatedComparer, SimulatedJudge
from rubricate.lab.learn import Curve, Settings, learn, over_seeds, sweep
from rubricate.lab.ngram import NgramScorer
from rubricate.lab.structured_worlds import Dialogue, Retrieval, Tree
from rubricate.lab.worlds import Bandit, Slots, StepChain, World

__all__ = [
    "Bandit",
    "Curve",
    "Dialogue",
    "NgramScorer",
    "Outcome",
    "Retrieval",
    "Settings",
    "SimulatedComparer",
    "SimulatedJudge",
    "Slots",
    "StepChain",
    "Tree",
    "World",
    "claim",
    "learn",
    "over_seeds",
    "sweep",
]
