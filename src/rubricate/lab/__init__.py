"""The lab: try a reward in a small world before it is paid for."""

from rubricate.lab.claims import Outcome, claim
from rubricate.lab.judges import SimulatedComparer, SimulatedJudge
from rubricate.lab.learn import Curve, Settings, learn, over_seeds, sweep
from rubricate.lab.more_worlds import Dialogue, Retrieval, Tree
from rubricate.lab.worlds import Bandit, Chain, Slots, World

__all__ = [
    "Bandit",
    "Chain",
    "Curve",
    "Dialogue",
    "Outcome",
    "Retrieval",
    "Settings",
    "SimulatedComparer",
    "SimulatedJudge",
    "Slots",
    "Tree",
    "World",
    "claim",
    "learn",
    "over_seeds",
    "sweep",
]
