"""Rubrics whose scoring is the system: modifiers of dimensions, stages and utilities, signed points, deductions."""

from rubricate.judges import PointwiseJudge
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import claim_measures, policy_reward, saturate, stretch, veto, weighted_mean
from rubricate.steps import ref, step


@recipe(
    no=2,
    system="Rubicon",
    arxiv="2508.12790",
    claim="Saturating each dimension and a veto separate a balanced answer from padded ones that the mean cannot tell.",
    check="tests/claims/claims_rubric_scoring.py::claim_rubicon",
    evidence="notes",
    departs=(
        "No constants are published; steepness 8, centre .5 and the veto at .3 are the card's, the stretch is ours.",
        "Pairwise interactions are a part (interact) and not in the default composition: no pairs are published.",
    ),
)
def rubicon(*, steepness: float = 8.0, threshold: float = 0.3, start: float = 0.8, factor: float = 2.0) -> Recipe:
    """A bank of rubrics scored by dimension; the reward is modified so that no dimension can be milked.

    base = sum_k w_k sigmoid(8 (s_k - .5)) / sum_k w_k; reward = 0 if any gated s_k < .3, else base, stretched above .8.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all"),
        reward=step(
            veto,
            step(
                stretch,
                step(weighted_mean, step(saturate, ref("scores"), steepness=steepness)),
                start=start,
                factor=factor,
            ),
            ref("scores"),
            ref("gate_mask"),
            threshold=threshold,
        ),
    )


@recipe(
    no=12,
    system="ARCANE",
    arxiv="2512.06196",
    claim="Weights edited at test time move what best-of-N delivers, with no training and no new verdict.",
    check="tests/claims/claims_rubric_scoring.py::claim_arcane",
    evidence="read",
    departs=("One released file scores LLM rules as a constant .5; here they are judged.",),
)
def arcane(*, policy: str = "arcane_flat") -> Recipe:
    """A manager writes weighted rubrics from a dialogue with the stakeholder; the best of N answers is delivered.

    u(y | x) = sum_j w_j v_j, sum_j w_j = 1; staged form (``arcane_staged``): a required stage that fails stops all.
    """
    return Recipe(judge=step(PointwiseJudge, batch="all"), reward=step(policy_reward, policy=policy))


@recipe(
    no=184,
    system="SedarEval",
    arxiv="2501.15595",
    claim="Points with sub-points and deductions; an error may void a point; sentinels are no scores.",
    check="tests/claims/claims_rubric_scoring.py::claim_sedareval",
    evidence="read",
    departs=("The floor of 0 inside a point is ours.",),
)
def sedareval() -> Recipe:
    """Per question: scoring points with sub-points, deduction points, void rules, on 0 to 5.

    total = clip(sum of points - sum of deductions, 0, max_total), each point within [0, max_points].
    """
    return Recipe(judge=step(PointwiseJudge, batch="all"), reward=step(policy_reward, policy="sedareval"))


@recipe(
    no=213,
    system="ResearchRubrics",
    arxiv="2511.07685",
    claim="Ternary verdicts with signed weights over the positive ones; whether a half counts changes the ranking.",
    check="tests/claims/claims_rubric_scoring.py::claim_research_rubrics",
    evidence="read",
)
def research_rubrics(*, partial: float = 0.5) -> Recipe:
    """Deep-research answers on 20-odd signed items each.

    score = sum_i w_i v_i / sum_{w_i > 0} w_i, v in {1, .5, 0}, unclipped; partial=0 is the binary form.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all"),
        reward=step(policy_reward, policy="researchrubrics", settings={"partial": partial}),
    )


@recipe(
    no=216,
    system="ResearcherBench",
    arxiv="2507.16280",
    claim="Coverage of weighted expert points, and two citation measures that a reply's wording cannot fake.",
    check="tests/claims/claims_rubric_scoring.py::claim_researcher_bench",
    evidence="read",
    departs=(
        "The released parser counts any reply that contains 'yes'; here a verdict that was not offered is asked again.",
        "The arXiv id is recalled.",
    ),
)
def researcher_bench() -> Recipe:
    """Frontier questions: expert points of weight 1 to 3, and whether cited claims are supported.

    coverage = sum w yes / sum w; faithfulness = supported / cited; groundedness = cited / claims.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all"),
        reward=step(policy_reward, policy="researcherbench"),
        audit=step(claim_measures),
    )
