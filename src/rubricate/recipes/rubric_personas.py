"""Rubrics of persons and dimensions: whose weights count, and rewards that add a rubric to a form and a label."""

from rubricate.judges import MultiHeadReward, PointwiseJudge
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.refine import UserPrototypes, anchored_ridge
from rubricate.rewards import combine, weighted_mean
from rubricate.steps import ref, step


@recipe(
    no=9,
    system="Kardia-R1",
    arxiv="2512.01282",
    claim="Format, emotion label and rubric mean together lead to a right and good reply; format alone does not.",
    check="tests/claims/claims_rubric_personas.py::claim_kardia_r1",
    evidence="recalled",
    departs=("The weights of the terms were not found; 1 each here.",),
)
def kardia_r1() -> Recipe:
    """Empathetic dialogue on profiles: four tagged spans, an emotion to name, five dimensions judged 1 to 5.

    reward = format + 1[emotion right] + mean_k (x_k - 1) / 4 over relevance, empathy, persona, safety, fluency.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all"),
        reward=step(combine, (ref("format"), ref("outcome"), step(weighted_mean, ref("scores")))),
    )


@recipe(
    no=13,
    system="MR-RML / GPRC",
    arxiv="2511.16139",
    claim="Holding down what lies outside a prompt's axes orders held-out pairs better than ridge or random axes.",
    check="tests/claims/claims_rubric_personas.py::claim_mr_rml",
    evidence="abstract-only",
    departs=("The losses were not found: a ridge penalty outside the span of the axes stands for them.",),
)
def mr_rml(*, ridge: float = 1.0, outside: float = 100.0) -> Recipe:
    """One reward head per medical dimension, with projections onto the prompt's axes instead of a judge at RL time.

    w = argmin |l - D w|^2 + ridge |w|^2 + outside |(I - P'P) w|^2, P the axes; reward = mean over the heads.
    """
    return Recipe(
        judge=step(MultiHeadReward, ridge=ridge),
        audit=step(anchored_ridge, ridge=ridge, outside=outside),
    )


@recipe(
    no=31,
    system="EduAlign",
    arxiv="",
    claim="The sum of three learned heads raises all three qualities; one head alone lets another fall.",
    check="tests/claims/claims_rubric_personas.py::claim_edualign",
    evidence="abstract-only",
    departs=("The arXiv id is not resolved.",),
    fit="peripheral",
)
def edualign(*, ridge: float = 1.0) -> Recipe:
    """Helpfulness, personalisation and creativity as heads of one reward model; their mean is the reward.

    r = (1/3) sum_d (w_d . z + b_d).
    """
    return Recipe(judge=step(MultiHeadReward, ridge=ridge), reward=step(weighted_mean, ref("scores")))


@recipe(
    no=116,
    system="P-GenRM",
    arxiv="2602.12116",
    claim="Averaging chains of a user, then half of it with users who judge alike, finds the preference better.",
    check="tests/claims/claims_rubric_personas.py::claim_p_genrm",
    evidence="notes",
    departs=(
        "Prototypes are k-means on schemes; the paper embeds personas and refines prototypes with a loss.",
        "The prototype alone is bad in the paper; in our world only where users of one prototype differ much.",
    ),
)
def p_genrm(*, k: int = 10, neighbours: int = 8, own: float = 0.5) -> Recipe:
    """History to persona to weighted criteria to scores, in one chain; m chains averaged; prototypes of users.

    weights(u) = own * mean of the user's chains + (1 - own) * mean of the nearest users; r = sum_c weights_c s_c.
    """
    return Recipe(
        refine=step(UserPrototypes, k=k, neighbours=neighbours, own=own),  # card: 50 prototypes, 8 neighbours
        judge=step(PointwiseJudge, batch="all"),
        reward=step(weighted_mean, ref("scores")),
    )


@recipe(
    no=157,
    system="Empathy-R1",
    arxiv="2509.14851",
    claim="As Kardia-R1: a learned reward beside the format term, after reasoning from emotions to a strategy.",
    check="tests/claims/claims_rubric_personas.py::claim_kardia_r1",
    evidence="abstract-only",
    departs=("The arXiv id is recalled; the reward's form too.",),
    fit="peripheral",
    same_as="kardia_r1",
)
def empathy_r1() -> Recipe:
    """Chain of empathy: emotions, causes, intentions, then the reply; format plus one reward model.

    reward = format + quality.
    """
    return Recipe(reward=step(combine, (ref("format"), ref("quality"))))
