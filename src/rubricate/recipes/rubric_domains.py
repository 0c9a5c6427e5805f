"""Rubrics for a domain: written from evidence, shaped as a tree."""

from rubricate.audit import two_proportion_z
from rubricate.generate import EvidenceGenerator, Gate
from rubricate.judges import PointwiseJudge, ShortCircuit
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import policy_reward
from rubricate.steps import ref, step


@recipe(
    no=208,
    system="Automated medical rubrics",
    arxiv="2601.15161",
    claim="A generator that covers 60 % of the expert points is told from one that covers 55 % at 1,000 points.",
    check="tests/claims/claims_trial.py::claim_automated_medical_rubrics",
    evidence="read",
    departs=(
        "Retrieval of passages is the caller's; the intent analysis (persona, tone) is not written.",
        "The paper's agents are a 70B model at temperature .1; any client serves here.",
    ),
)
def automated_medical_rubrics(*, max_items: int = 20, temperature: float = 0.1) -> Recipe:
    """A points rubric from authoritative passages: facts, items, audit.

    reward = sum_met points / sum_positive points; coverage = share of expert points that an item entails, compared by
    z = (p_a - p_b) / sqrt(p (1 - p) (1/n_a + 1/n_b)). Constants from the released code.
    """
    return Recipe(
        # card: <= 20 items, at least one negative, T .1
        rubric=step(EvidenceGenerator, gate=step(Gate, most=max_items, negatives=True), temperature=temperature),
        judge=step(PointwiseJudge, batch="all"),
        reward=step(policy_reward, policy="automed"),
        audit=step(two_proportion_z),
    )


@recipe(
    no=178,
    system="Mind2Web 2",
    arxiv="2506.21506",
    claim="A tree with critical nodes and sequential steps scores a task as the authors' judge agent does.",
    check="tests/claims/claims_trial.py::claim_mind2web2",
    evidence="read",
    departs=(
        "The score is a function of the verdicts alone; the published preview skips the truncation of sequences.",
        "Pages are not fetched: a criterion sees the documents that the sample holds.",
    ),
)
def mind2web2(*, batch: int = 1) -> Recipe:
    """Root of a tree of yes/no checks.

    node = 0 if a critical child < 1, else mean of the non-critical children (1 when there are none); in a sequence
    what follows the first child < 1 counts 0.
    """
    return Recipe(
        judge=step(ShortCircuit, step(PointwiseJudge, batch=batch, evidence="ask")),  # one claim a call
        reward=step(policy_reward, structure=ref("structure"), policy="mind2web2"),
    )
