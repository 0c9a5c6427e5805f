"""What the policy is shown while it learns."""

from rubricate.credit import grpo
from rubricate.guide import Scaffold
from rubricate.judges import PointwiseJudge
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import policy_reward
from rubricate.steps import step


@recipe(
    no=29,
    system="RuscaRL",
    arxiv="2508.16949",
    claim="Criteria shown to some rollouts of a group, fewer over time, teach what unaided rollouts never find.",
    check="tests/claims/claims_trial.py::claim_ruscarl",
    evidence="read",
    departs=("In the easy regime full scaffolding without spread reaches the same; the check is in the hard one.",),
)
def ruscarl(*, midpoint: float = 0.2, steepness: float = 125.0) -> Recipe:
    """Rubric scaffolds, linear inside the group, with a sigmoid decay; the update is made on the plain prompt.

    shown_i = round(g_i s(x) K), g_i = (n - 1 - i) / (n - 1), s(x) = 1 / (1 + exp(steepness (x - midpoint)));
    reward = sum of points met / sum of positive points.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all"),
        guide=step(Scaffold, spread="linear", midpoint=midpoint, steepness=steepness),  # card: .2 and 125
        reward=step(policy_reward, policy="points_ratio"),
        credit=step(grpo),
        train={"group_size": 8, "learning_rate": 1e-6, "kl": 0.001, "temperature": 0.7},  # card
    )
