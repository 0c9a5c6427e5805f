"""Judges that verify: against a reference, sentence by sentence, step by step, with tools, in cascades."""

from rubricate.audit import key_rates, precision_by_difficulty
from rubricate.credit import grpo, selective, vote, z_score
from rubricate.credit.mix import fuse
from rubricate.judges import (
    BradleyTerry,
    Calculator,
    Cascade,
    DocumentSearch,
    EquivalenceJudge,
    PointwiseJudge,
    Python,
    RuleJudge,
    SentenceJudge,
    Stage,
    StepJudge,
    ToolJudge,
    UnitConverter,
)
from rubricate.loops import filtered_vote, next_segments
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import spread
from rubricate.rewards import affine, gate
from rubricate.steps import ref, step


@recipe(
    no=16,
    system="CoSineVerifier",
    arxiv="2512.01224",
    claim="Rules, then a judge with interpreter and unit converter, verify computed answers that no text match can.",
    check="tests/claims/claims_judge_verify.py::claim_cosine_verifier",
    evidence="read",
    departs=(
        "A rule stands in front and certifies right and wrong; the paper's verifier is one trained model.",
        "Units are strict; its prompt takes 20 for 20 dB.",
        "The reward of its RL stage was not found: verdict correctness here.",
    ),
)
def cosine_verifier(*, calls: int = 4, units: str = "strict") -> Recipe:
    """A cascade of rules, one-word judge and tool judge for final answers of computations.

    verdict = the first that decides: a rule (as text, then as mathematics) that certifies right or wrong; the label,
    where it is NO or YES beyond doubt (p <= .02 or >= .98); the tool judge, in at most ``calls`` calls.
    R = 1[verdict = truth].
    """
    return Recipe(
        judge=step(
            Cascade,
            stages=(
                step(Stage, "rules", step(RuleJudge, "same_answer")),
                step(Stage, "maths", step(RuleJudge, "math_equal", (("units", units),))),
                step(Stage, "label", step(EquivalenceJudge, soft=True, units=units), wrong=0.02, right=0.98),  # ours
                step(
                    Stage,
                    "tools",
                    step(ToolJudge, tools=(step(Python), step(UnitConverter), step(Calculator)), max_calls=calls),
                ),
            ),
        ),
        reward=step(gate, ref("format"), ref("outcome")),
    )


@recipe(
    no=38,
    system="Master-RM",
    arxiv="2507.08794",
    claim="A policy collapses onto an answer without content when it is accepted more often than honest work is right.",
    check="tests/claims/claims_judge_verify.py::claim_master_rm",
    evidence="read",
    departs=(
        "The defence of the paper is a judge fine-tuned on truncated answers (audit.truncation_negatives makes them); "
        "here a content gate stands in front of any judge.",
        "Nobody has shown an RL run with the fine-tuned judge that avoids collapse.",
    ),
)
def master_rm(*, otherwise: float = 0.0) -> Recipe:
    """A reference judge that does not see the question, behind a gate that wants an answer with content.

    reward = [the response ends in an answer] * verdict; audit: the accepted share of each of ten keys.
    """
    return Recipe(
        judge=step(EquivalenceJudge, show_question=False, final_answer_only=True),
        reward=step(gate, ref("answers"), ref("outcome"), otherwise),
        credit=step(grpo, ref("reward"), ref("group")),
        audit=step(key_rates),
    )


@recipe(
    no=71,
    system="Crossing the Reward Bridge",
    arxiv="2503.23829",
    claim="The mass on YES keeps groups alive in which every label is the same; a saturated judge loses that again.",
    check="tests/claims/claims_judge_verify.py::claim_reward_bridge",
    evidence="recalled",
    departs=("The distillation of the 7B verifier from 160,000 verdicts on rollouts is not a part.",),
)
def reward_bridge(*, min_covered: float = 0.5) -> Recipe:
    """Soft equivalence with a reference, for free-form answers of any domain.

    r = p(YES) / (p(YES) + p(NO)) at the verdict's token; A = (r - mean) / std in the prompt's group.
    """
    return Recipe(
        judge=step(
            EquivalenceJudge, show_question=True, final_answer_only=False, soft=True, min_covered=min_covered
        ),  # min_covered is ours
        reward=step(gate, ref("format"), ref("process")),
        credit=step(z_score, ref("reward"), ref("group")),
    )


@recipe(
    no=86,
    system="Themis",
    arxiv="2310.01045",
    claim="A reward model that may call tools is right on arithmetic where its head alone is at chance.",
    check="tests/claims/claims_judge_verify.py::claim_themis",
    evidence="read",
    departs=(
        "Rationale and head are one trained model there; here a judge with tools gives the verdict.",
        "Its own data takes a failed calculator for a wrong answer; a tool error has its own name here.",
        "The released code weighs the pair loss .5 beside the language loss; the paper weighs parts of the trace.",
    ),
)
def themis(*, calls: int = 4, ridge: float = 1.0) -> Recipe:
    """Thought, action, observation, repeated; then the rationale and the score.

    loss = LM(trace) + .5 * -log sigmoid(r_pos - r_neg); the score follows the last observation.
    """
    return Recipe(
        judge=step(ToolJudge, tools=(step(Calculator), step(DocumentSearch), step(Python)), max_calls=calls),
        audit=step(BradleyTerry, ridge=ridge),
        train={"pair_loss": 0.5},  # card: the released code
    )


@recipe(
    no=107,
    system="TRM",
    arxiv="2509.25409",
    claim="Faithful and correct as two labels catch a wrong source, and only the wrong sentence loses credit.",
    check="tests/claims/claims_judge_verify.py::claim_trm",
    evidence="read",
    departs=(
        "Usefulness comes from a preference model against one anchor answer, both orders; here it is given.",
        "Training the judge (alpha 1[faithful right] + (1 - alpha) 1[correct right], alpha .5 unswept, and a bonus for "
        "caught errors of unknown size) is a reward of the judge, not of the policy.",
        "The paper does not say over what its advantages are normalised: all sentences of the prompt here.",
    ),
)
def trm(*, correctness: float = 1.0, usefulness: float = 2.0) -> Recipe:
    """Sentences judged faithful, then correct; their credit beside the usefulness of the whole answer.

    r_s = correctness * correct_s + usefulness * useful_i; A_s = z-score over all sentences of the prompt, on the
    tokens of s.
    """
    return Recipe(
        judge=step(SentenceJudge, reasons=True),
        reward=step(
            fuse,
            step(affine, ref("quality"), 0.0, 1.0, 0.0, usefulness),  # card: 2
            ref("step_scores"),
            ref("step_off"),
            beta=correctness,  # card: 1
        ),
        credit=step(
            spread,
            step(z_score, ref("reward"), step(spread, ref("group"), ref("step_off"))),
            ref("step_tokens"),
        ),
    )


@recipe(
    no=150,
    system="SPARK",
    arxiv="2512.03244",
    claim="Added step shares pay for trivial steps; step labels that only pick who gets the outcome's credit do not.",
    check="tests/claims/claims_judge_verify.py::claim_spark",
    evidence="notes",
    departs=(
        "One careful set of notes; a second one with a geometric mean is rejected.",
        "A tie of the 16 verifications counts as a right step.",
    ),
)
def spark(*, votes: int = 16, threshold: float = 0.5) -> Recipe:
    """Step labels by the majority of N verifications; the row's advantage only where sign and label agree.

    R = 1[format] y; A_t = A if (A >= 0) == (v_t >= threshold), else 0, with v_t = 1 - majority of "step t is wrong".
    """
    return Recipe(
        judge=step(StepJudge, votes=votes, temperature=1.0),  # card: N 16; the temperature is ours
        reward=step(gate, ref("format"), ref("outcome")),
        credit=step(
            selective,
            step(grpo, ref("reward"), ref("group")),
            step(affine, step(vote, ref("step_flags"), "majority"), 0.0, 1.0, 1.0, 0.0),
            ref("step_off"),
            threshold=threshold,
        ),
    )


@recipe(
    no=170,
    system="RLPT",
    arxiv="2509.19249",
    claim="A judge that accepts the beginning of what follows pays right predictions of any length and no opener.",
    check="tests/claims/claims_judge_verify.py::claim_rlpt",
    evidence="recalled",
    departs=(
        "The prefix rule is recalled; a note confirms only that strict equality was too strict.",
        "lambda was not found; 1 in the published objective as recalled.",
    ),
)
def rlpt(*, ahead: int = 3) -> Recipe:
    """Text as its own reference: predict the next sentence, judged for meaning against the text that follows.

    r = 1[the prediction says the same as a beginning of the next ``ahead`` sentences]; objective = E[next] + E[middle].
    """
    return Recipe(
        judge=step(EquivalenceJudge, mode="prefix", final_answer_only=False),
        reward=step(gate, ref("format"), ref("outcome")),
        loop=step(next_segments, ahead=ahead),
    )


@recipe(
    no=172,
    system="Self-PRM",
    arxiv="2505.11227",
    claim="Voting among the samples that the policy accepts itself beats plain voting, at low precision on hard tasks.",
    check="tests/claims/claims_judge_verify.py::claim_self_prm",
    evidence="recalled",
    departs=(
        "Whether equal answers share the judge's errors is not known; it gains less when they do (see the check).",
    ),
)
def self_prm(*, temperature: float = 0.6) -> Recipe:
    """The policy judges its own solutions, and the vote counts those that it accepts.

    answer = majority of {a_k : verdict_k = right}, of all when none is; audit = precision by difficulty.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch=1, reasons=True, temperature=temperature),
        loop=step(filtered_vote),
        audit=step(precision_by_difficulty),
    )
