"""Rubrics under test: critiques against human ones, peers as a yardstick, pairs and graphs that show what is missed."""

from rubricate.audit import (
    agreement_vs,
    claim_graph,
    cross_variant_kappa,
    minimal_pairs,
    predictive_validity,
    rationale_deletion,
)
from rubricate.credit import drop_groups, z_score
from rubricate.judges import MultiHeadReward, PointwiseJudge
from rubricate.loops import RefineAnswer, filtered_vote
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.refine import at_depth
from rubricate.rewards import combine, f_beta, field_agreement, lowest_first, weighted_mean
from rubricate.steps import ref, step


@recipe(
    no=154,
    system="RM-NLHF",
    arxiv="2601.07349",
    claim="The match with a human critique leads to sound critiques where the label alone pays a guess as well.",
    check="tests/claims/claims_rubric_audits.py::claim_rm_nlhf",
    evidence="read",
    departs=(
        "Core arguments come in as ids: taking them from the texts and pairing them is a judge's work.",
        "The model that predicts the match is a ridge regression; whoever trains refits it on the newest labels.",
    ),
)
def rm_nlhf(*, coefficient: float = 1.0, ridge: float = 10.0) -> Recipe:
    """Pay a critique for its verdict and for the core arguments that it shares with the human critique.

    R = outcome + coefficient * F1(arguments of the model, arguments of the human); the judge predicts F1 elsewhere.
    """
    return Recipe(
        judge=step(MultiHeadReward, ridge=ridge),
        reward=step(combine, (ref("outcome"), step(f_beta, ref("selected"), ref("gold_ids"))), (1.0, coefficient)),
    )


@recipe(
    no=27,
    system="Personalized RewardBench",
    arxiv="2604.07343",
    claim="Accuracy on pairs that differ in the user's rubric alone ranks judges as best-of-N for that user does.",
    check="tests/claims/claims_rubric_audits.py::claim_personalized_rewardbench",
    evidence="recalled",
    departs=(
        "People verify that both responses are correct and helpful; here a generic rubric must not tell them apart.",
        "The tolerance is ours.",
    ),
)
def personalized_rewardbench(*, tolerance: float = 0.05) -> Recipe:
    """Chosen responses obey the aspects of one user, rejected ones violate them, and both are good otherwise.

    pair kept if personal margin > 0 and |generic margin| <= tolerance; validity = Spearman(benchmark, best-of-N).
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all"),
        select=step(minimal_pairs, tolerance=tolerance),
        audit=step(predictive_validity),
    )


@recipe(
    no=169,
    system="Psyche-R1",
    arxiv="2508.10848",
    claim="Items that some models solve and some do not have the larger variance of rewards inside a group.",
    check="tests/claims/claims_rubric_audits.py::claim_psyche_r1",
    evidence="abstract-only",
    departs=(
        "Items that every model fails are dropped too; the paper may keep them. Its SFT on easy items is the caller's.",
        "The arXiv id is recalled.",
    ),
    fit="peripheral",
)
def psyche_r1() -> Recipe:
    """Several models answer each item; items on which they split are for GRPO, unanimous ones are not.

    keep = 1[0 < sum_m right_m < M]; rows are answers of the models, groups the items.
    """
    return Recipe(select=step(drop_groups, ref("outcome"), ref("group"), rule="zero_std"))


@recipe(
    no=98,
    system="Research ideas with dynamic control",
    arxiv="2412.14626",
    claim="Weights that raise the lowest dimension keep the least of three above what fixed weights leave of it.",
    check="tests/claims/claims_rubric_audits.py::claim_dynamic_control",
    evidence="abstract-only",
    departs=(
        "Weights follow the batch; the paper steers a decoder sentence by sentence.",
        "The form exp(-mean / temperature) and the temperature are ours.",
    ),
    fit="peripheral",
)
def dynamic_control(*, temperature: float = 0.1) -> Recipe:
    """Novelty, feasibility and effectiveness of an idea, weighted by what is lowest now.

    r = sum_d w_d s_d, w = softmax(-mean of the batch / temperature); A = (r - mean) / std in each group.
    """
    return Recipe(
        reward=step(weighted_mean, ref("scores"), step(lowest_first, ref("scores"), temperature=temperature)),
        credit=step(z_score, ref("reward"), ref("group")),
    )


@recipe(
    no=40,
    system="LLMs as MOOC graders",
    arxiv="2402.03776",
    claim="A grader with the rubric is nearer to the instructor than the median of peers, and surely so.",
    check="tests/claims/claims_rubric_audits.py::claim_mooc_graders",
    evidence="abstract-only",
    departs=(
        "Answer keys and rubrics are written by the caller; only the human yardstick carries over.",
        "The arXiv id is recalled.",
    ),
    fit="peripheral",
)
def mooc_graders(*, level: float = 0.95) -> Recipe:
    """Grade as an instructor would, and be measured against what peer grading already gives.

    gain = mean |peer - instructor| - mean |judge - instructor|, with a paired bootstrap interval.
    """
    return Recipe(judge=step(PointwiseJudge, batch="all"), audit=step(agreement_vs, level=level))


@recipe(
    no=217,
    system="Super Research",
    arxiv="",
    claim="A relation turned round lowers consistency alone; a one-sided report lowers objectivity alone.",
    check="tests/claims/claims_rubric_audits.py::claim_super_research",
    evidence="abstract-only",
    departs=("Utility is left to a judge; the formulas of the other four are ours, no source was found.",),
    fit="peripheral",
)
def super_research() -> Recipe:
    """Very wide reports against a graph of claims and evidence.

    coverage = answered / claims; consistency = 1 - reversed / stated; objectivity = sides present / sides;
    citation health = valid and supporting / cited.
    """
    return Recipe(judge=step(PointwiseJudge, batch="all"), audit=step(claim_graph))


@recipe(
    no=132,
    system="RFxG saliency taxonomy",
    arxiv="",
    claim="Deleting the cited span moves the verdict of a judge that rests on it; another span of its length does not.",
    check="tests/claims/claims_rubric_audits.py::claim_saliency_taxonomy",
    evidence="abstract-only",
    departs=(
        "The paper perturbs regions of images; only the test of a cited span carries over, to text.",
        "No arXiv id was found. Contrastive questions: give margins in place of verdicts.",
    ),
    fit="peripheral",
)
def saliency_taxonomy(*, tolerance: float = 0.0) -> Recipe:
    """Test an explanation by the question that it answers: take its span away, and a random one.

    cited = mean 1[|v - v without the span| > tolerance], random = the same for a span of equal length elsewhere.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all", evidence="require"),
        audit=step(rationale_deletion, tolerance=tolerance),
    )


@recipe(
    no=183,
    system="AvaMERG / Empatheia",
    arxiv="",
    claim="Records whose fields contradict each other are flagged, and few others, while labels are read well.",
    check="tests/claims/claims_rubric_audits.py::claim_avamerg",
    evidence="abstract-only",
    departs=("Data, model and tuning are left out: only consistency across fields carries over. WWW 2025.",),
    fit="peripheral",
)
def avamerg() -> Recipe:
    """Empathetic replies with text, voice and face that must show one emotion.

    r = 1[label of the text = label of the voice = ...].
    """
    return Recipe(reward=step(field_agreement, ref("field_labels")))


@recipe(
    no=160,
    system="ReflectDiffu",
    arxiv="",
    claim="Drawing again while the intent contradicts the emotion lifts the match above .8 at double the calls.",
    check="tests/claims/claims_rubric_audits.py::claim_reflect_diffu",
    evidence="abstract-only",
    departs=(
        "The diffusion decoder and the policy gradient are left out: the correction step alone. COLING 2025.",
        "It lifts what is delivered, not the policy.",
    ),
    fit="peripheral",
)
def reflect_diffu() -> Recipe:
    """Explore, sample, correct: an intermediate label that contradicts its mapping is drawn again.

    deliver draw k = the first with accepted_k = 1[intent_k = map(emotion)], the first of all when there is none.
    """
    return Recipe(loop=step(filtered_vote, ref("draw"), ref("accepted"), ref("group")))


@recipe(
    no=142,
    system="GraCo",
    arxiv="",
    claim="Finer rubrics have more criteria, and the variance of being met moves one way with granularity.",
    check="tests/claims/claims_rubric_audits.py::claim_graco",
    evidence="abstract-only",
    departs=(
        "Image segmentation there; granularity is the depth at which a tree of criteria is cut, nothing is trained.",
        "Which way the variance moves depends on how often the finest criteria are met.",
    ),
    fit="peripheral",
)
def graco(*, depth: int = 2) -> Recipe:
    """Granularity as an explicit input: one tree of criteria serves coarse and fine rubrics.

    leaves(depth) = criteria at that depth, and the leaves above it.
    """
    return Recipe(refine=step(at_depth, depth=depth), judge=step(PointwiseJudge, batch="all"))


@recipe(
    no=46,
    system="PEEM",
    arxiv="",
    claim="A rewriter told which axes failed mends five of six defects in six rounds; a blind one mends three.",
    check="tests/claims/claims_rubric_audits.py::claim_peem",
    evidence="abstract-only",
    departs=(
        "Axes are met or not; the paper scores 1 to 5 with a reason each. No arXiv id was found.",
        "A judge that misreads 2 % of the axes costs a third of what is mended: see the check.",
        "Stability over paraphrases is Cohen's kappa between them, not the paper's share.",
    ),
    fit="peripheral",
)
def peem(*, rounds: int = 6) -> Recipe:
    """Judge the prompt on axes, hand what failed to a rewriter, keep what is better; verdicts must survive paraphrase.

    keep an edit if mean_k v_k rises; stability = (p_o - p_e) / (1 - p_e) between verdicts on two paraphrases.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all"),
        loop=step(RefineAnswer, rounds=rounds),
        audit=step(cross_variant_kappa),
    )
