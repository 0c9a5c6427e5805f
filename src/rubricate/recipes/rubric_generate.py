"""Systems that write rubrics: from retrieved rubrics, from contrast, from feedback and instructions."""

from rubricate.audit import item_alignment, masking_sensitivity
from rubricate.credit import grpo
from rubricate.generate import (
    ConstraintGenerator,
    ContrastGenerator,
    DisagreementChecklist,
    FeedbackGenerator,
    Gate,
    NeighbourGenerator,
)
from rubricate.judges import LikelihoodJudge, PairwiseJudge, PointwiseJudge
from rubricate.loops import SelfQuestions
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import group_stat
from rubricate.refine import PreferenceConsistency, semantic_consensus
from rubricate.rewards import affine, combine, policy_reward, range_score
from rubricate.steps import ref, step


@recipe(
    no=6,
    system="InfiMed-ORBIT",
    arxiv="2510.15859",
    claim="Met points over positive points; two negative verdicts that failed leave no reward, where 'not met' pays 1.",
    check="tests/claims/claims_rubric_generate.py::claim_orbit",
    evidence="read",
    departs=(
        "Cases are found by words or a given embedding, and items are ranked by words; the paper reranks by a model.",
        "The curriculum is refine.CriterionCurriculum, in a loop loops.ElicitCriteria; without its recheck it forgets "
        "(.269 against .927).",
        "A failed verdict is missing here; the published code counts it as 0.",
    ),
)
def orbit(*, examples: int = 3, pool: int = 15) -> Recipe:
    """A points rubric from the rubrics of the nearest cases: three whole ones, 15 items of more.

    s = sum_met p / sum_positive p, unclipped; without positive items over sum |p|.
    """
    return Recipe(
        # card: 1-20 items, points -10..10, five axes, 3 complete rubrics, 15 items after reranking
        rubric=step(NeighbourGenerator, examples=examples, pool=pool),
        judge=step(PointwiseJudge, batch="all"),
        reward=step(policy_reward, policy="orbit"),
        credit=step(grpo),
    )


@recipe(
    no=10,
    system="OpenRubrics",
    arxiv="2510.07743",
    claim="Rubrics that recover the known labels are better ones; on even numbers of pairs >= lets coin flips through.",
    check="tests/claims/claims_rubric_generate.py::claim_openrubrics",
    evidence="read",
    departs=(
        "The filter is strict (share > .5); rule='at_least' is the published one.",
        "Prompts are ours: the published ones were not read. Training of generator and judge is left to a trainer.",
    ),
)
def openrubrics(*, rule: str = "strict", min_pairs: int = 2) -> Recipe:
    """Hard rules and principles from a better and a worse answer, kept if a judge finds the label again.

    keep R iff mean_{(a, b)} [l^(x, y_a, y_b, R) = l] > 1/2; hard rules are checked before principles.
    """
    return Recipe(
        rubric=step(ContrastGenerator),
        refine=step(PreferenceConsistency, rule=rule, threshold=0.5, min_pairs=min_pairs),  # card: tau = .5
        judge=step(PairwiseJudge, order="both_strict"),
    )


@recipe(
    no=25,
    system="RubricRAG",
    arxiv="2603.20882",
    claim="Items of the three nearest rubrics cover an expert's items far better than random ones, unless words lie.",
    check="tests/claims/claims_rubric_generate.py::claim_rubricrag",
    evidence="notes",
    departs=(
        "Neighbours are found by TF-IDF (or a given embedding) instead of a dense retriever.",
        "Training the generator by text similarity is left out: on the card it was worse than no training.",
    ),
)
def rubricrag(*, k: int = 3) -> Recipe:
    """Rubrics of the k nearest prompts as demonstrations; the prompt's own and near doubles (cosine > .95) left out.

    recall = mean over expert items of max over written items of their similarity.
    """
    return Recipe(
        rubric=step(NeighbourGenerator, examples=k, pool=0),
        judge=step(PointwiseJudge, batch="all"),
        reward=step(policy_reward, policy="healthbench"),
        audit=step(item_alignment),
    )


@recipe(
    no=88,
    system="ACE-RL",
    arxiv="2509.04903",
    claim="Constraints alone leave drafts of the wrong length; with the length term only the right one remains.",
    check="tests/claims/claims_rubric_generate.py::claim_ace_rl",
    evidence="notes",
    departs=(
        "1, .5, 0 per constraint and the length term are recalled; the term's form and weight .5 are ours.",
        "Demands that a program can decide go to a program; the paper asks a model for all.",
    ),
)
def ace_rl(*, length: float = 0.5) -> Recipe:
    """An instruction taken apart into constraints, judged fully, partly or not met, plus the distance to a length.

    reward = mean_k v_k + length * range(length; low, high), falling to 0 at four times the upper end.
    """
    return Recipe(
        rubric=step(ConstraintGenerator),
        judge=step(PointwiseJudge, batch="all"),
        reward=step(
            combine,
            (
                step(policy_reward, policy="weighted_mean"),
                step(
                    range_score, ref("length"), ref("length_low"), ref("length_high"),
                    step(affine, ref("length_high"), lo=0.0, hi=1.0, b=4.0),
                ),
            ),
            (1.0, length),
        ),
        credit=step(grpo),
    )  # fmt: skip


@recipe(
    no=174,
    system="RLBFF",
    arxiv="2509.21319",
    claim="A higher threshold of consensus keeps fewer principles and truer ones; an invented quote does not pass.",
    check="tests/claims/claims_rubric_generate.py::claim_rlbff",
    evidence="notes",
    departs=(
        "The similarity of principles is passed in: the paper's embedding model is not shipped.",
        "Kept share times precision only falls from .6 to .9 here (.34 to .01): no threshold in between is best.",
        "Agreement of 88.9 % went with a kappa of .447: base rates are skewed, report both.",
    ),
)
def rlbff(*, threshold: float = 0.8, span: float = 60.0) -> Recipe:
    """Principles from free-text feedback with a quote each, kept when every other annotator says something alike.

    keep p iff for all a != a_p: max_{q of a} cos(p, q) > threshold; reward = log p(Yes) - log p(No).
    """
    return Recipe(
        rubric=step(FeedbackGenerator, span=span, threshold=threshold),  # card: partial ratio > 60, cosine > .8
        refine=step(semantic_consensus, threshold=threshold),
        judge=step(LikelihoodJudge),  # its margin is log p(Yes) - log p(No)
    )


@recipe(
    no=188,
    system="CDRRM",
    arxiv="2603.08035",
    claim="Hiding 3 of 7 independent items costs 9 points; a halo judge loses nothing, which is no sign of a minimal "
    "rubric.",
    check="tests/claims/claims_rubric_generate.py::claim_cdrrm",
    evidence="read",
    departs=(
        "The paper reports at most .42 % for hiding 1 to 3 items: its judge cannot have used them independently.",
        "Principles are always allowed, the paper asks for them only where hard rules do not separate (as the prompt).",
    ),
)
def cdrrm(*, hide: int = 3) -> Recipe:
    """Each answer is diagnosed alone with quotes, the smallest rubric is written from the diagnoses, then re-judged.

    keep iff the judge that sees the rubric predicts the label; sensitivity = accuracy - accuracy with items hidden.
    """
    return Recipe(
        rubric=step(ContrastGenerator, mode="profiles", gate=step(Gate, most=7)),
        refine=step(PreferenceConsistency, rule="at_least", threshold=1.0, min_pairs=1),  # card: prediction = label
        judge=step(PairwiseJudge),
        audit=step(masking_sensitivity, hide=hide),
    )


@recipe(
    no=190,
    system="DeltaRubric",
    arxiv="2605.09269",
    claim="A planner paid by the mean of four verifier samples finds the telling checks sooner than by one.",
    check="tests/claims/claims_rubric_generate.py::claim_deltarubric",
    evidence="abstract-only",
    departs=(
        "The formula of the planner's reward was not found: the mean success of the verifiers under its plan.",
        "Images are the client's; answers are texts here.",
    ),
)
def deltarubric() -> Recipe:
    """One role lists neutral checks where two answers differ, the other carries them out; each role has its own group.

    r_planner(plan) = mean over its verifier samples of [verdict = label]; advantages within the prompt.
    """
    return Recipe(
        rubric=step(DisagreementChecklist),
        judge=step(PairwiseJudge, about="criteria"),
        reward=step(group_stat, ref("outcome"), ref("plan"), op="mean"),
        credit=step(grpo),
    )


@recipe(
    no=192,
    system="Introspective Growth",
    arxiv="2505.12452",
    claim="A judge that looks up its own questions tells close pairs apart; questions beside the point do nothing.",
    check="tests/claims/claims_rubric_generate.py::claim_introspective_growth",
    evidence="abstract-only",
    departs=(
        "The arXiv id is recalled. The 1.3M patent pairs are not built in; the judge of the check is a script.",
        "That small models write better questions for mid-size ones is not checked.",
    ),
    fit="peripheral",
)
def introspective_growth(*, k: int = 5) -> Recipe:
    """Neutral questions about a pair, answered from a source or by the model, shown to the judge of the pair.

    verdict = judge(x, y_a, y_b, {(q_i, a_i)}), i <= k.
    """
    return Recipe(judge=step(PairwiseJudge), loop=step(SelfQuestions, k=k))
