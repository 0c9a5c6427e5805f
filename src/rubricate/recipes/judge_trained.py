"""Judges that are integrated over samples, or learned."""

from rubricate.judges import PointwiseJudge
from rubricate.judges.learned import BradleyTerry, MixtureReward
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import combine, consensus_reward, cross_rank_reward
from rubricate.steps import ref, step


@recipe(
    no=36,
    system="Retro*",
    arxiv="2509.24869",
    claim="On a 0-100 scale the mean of 16 samples orders pairs better than one sample, and a vote hardly does.",
    check="tests/claims/claims_trial.py::claim_retro_star",
    evidence="read",
    departs=(
        "The tolerance of the consensus reward is not published; 0 here.",
        "A sample that cannot be read is left out; the released code counts it as 0.",
    ),
)
def retro_star(*, alpha: float = 0.75, temperature: float = 0.6) -> Recipe:
    """Relevance 0-100 averaged over samples; the judge itself is trained with two rank rewards.

    reward = alpha R_intra + (1 - alpha) R_inter: +1 / -1 for the sample nearest to / farthest from the item's mean,
    and the share of samples of the other class that it ranks rightly.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch=1, temperature=temperature),  # card: T 0.6, K 1 then 16
        reward=step(
            combine,
            (
                step(consensus_reward, ref("rewards")),
                step(cross_rank_reward, ref("rewards"), relevant=ref("outcome")),
            ),
            (alpha, 1 - alpha),  # card: .75 was best
        ),
    )


@recipe(
    no=103,
    system="DMoERM",
    arxiv="2403.01197",
    claim="With opposed tasks, one reward model per task behind a router beats a single one.",
    check="tests/claims/claims_trial.py::claim_dmoerm",
    evidence="read",
    departs=(
        "Experts are linear on features, joined by a linear head; the paper trains LoRA experts and a small network.",
        "The released code builds backbone and router without loading their weights and swaps its splits.",
    ),
)
def dmoerm(*, ridge: float = 1.0) -> Recipe:
    """A router to one reward model per task, each made of experts per capability.

    r(x) = head_t(expert_{t,1}(x), ..., expert_{t,K}(x)), t = router(prompt); each fitted by
    -log sigmoid(r(better) - r(worse)).
    """
    return Recipe(judge=step(MixtureReward, expert=step(BradleyTerry, ridge=ridge)))
