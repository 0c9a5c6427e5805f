"""Judges that are asked again: conditioned, in turns, in panels, by their own marker tokens."""

from rubricate.audit import binary_report, confidence_drift, risk_coverage
from rubricate.credit import z_score
from rubricate.judges import (
    BradleyTerry,
    ConditionedJudge,
    ContinuedJudge,
    OrdinalJudge,
    OwnRubricJudge,
    Panel,
    PointwiseJudge,
    ReflectJudge,
    RethinkJudge,
    ScoreIntegration,
    expected_value,
)
from rubricate.loops import EditAndRank, segment_beam
from rubricate.loops.segment_beam import RELEVANT, SUPPORTED, USEFUL
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import (
    affine,
    combine,
    disagreement,
    gate,
    ladder,
    multiply,
    revision_reward,
    stage,
    uncertainty_weight,
)
from rubricate.rewards.consensus import integrate
from rubricate.steps import ref, step


@recipe(
    no=37,
    system="SciRM",
    arxiv="2601.11374",
    claim="A graded ladder makes verdicts valid sooner than a binary reward, with the same end point.",
    check="tests/claims/claims_judge_turns.py::claim_scirm",
    evidence="notes",
    departs=(
        "The two middle cells of the reflection reward were not found; .5 and -.5 are ours.",
        "The length penalty of stage 1 is left out: its constants were not found.",
        "When stage 2 begins is not known; half of training here.",
        "Right verdicts gain early speed at small step sizes only; with the best step size for each there is none.",
    ),
)
def scirm(*, switch: float = 0.5) -> Recipe:
    """A judge under a constitution that reflects on its notes, trained on a ladder, then on its second look.

    stage 1: R = -.5 (no score tag), 0 (no number), .25 (off the scale), .5 (wrong), 1.5 (right);
    stage 2: R = +1 (wrong -> right), -1 (right -> wrong), .5 (stays right), -.5 (stays wrong).
    """
    return Recipe(
        judge=step(
            ReflectJudge, judge=step(ConditionedJudge, judge=step(PointwiseJudge, batch=1, temperature=1.0))
        ),  # card: T 1
        reward=step(
            stage,
            ref("progress"),
            edges=(switch,),
            stages=(
                step(
                    ladder,
                    (ref("format"), ref("readable"), ref("on_scale"), ref("outcome")),
                    (-0.5, 0.0, 0.25, 0.5, 1.5),  # card: the ladder
                ),
                step(revision_reward, ref("first_outcome"), ref("outcome")),
            ),
        ),
        credit=step(z_score, ref("reward"), ddof=0),
    )


@recipe(
    no=47,
    system="Libra",
    arxiv="2507.21645",
    claim="Plain accuracy flatters a judge where most answers are right; balanced accuracy and precision do not.",
    check="tests/claims/claims_judge_turns.py::claim_libra",
    evidence="recalled",
    departs=(
        "The exact score of the benchmark was not seen; balanced accuracy stands for it.",
        "Rejection sampling of the judge's reasoning before the RL stage is data work and not a part.",
    ),
)
def libra(*, temperature: float = 0.6) -> Recipe:
    """A thinking judge of final answers without a reference, its samples put to the vote.

    R = 1[verdict = truth], 0 for a reply without a verdict; audit = accuracy beside (TPR + TNR) / 2.
    """
    return Recipe(
        judge=step(
            ScoreIntegration,
            judge=step(PointwiseJudge, batch=1, reasons=True, temperature=temperature),
            k=5,
            how="vote",
        ),
        reward=step(gate, ref("format"), ref("outcome"), 0.0),
        audit=step(binary_report),
    )


@recipe(
    no=53,
    system="RM-R1",
    arxiv="2505.02387",
    claim="A judge that first writes its own solution (or rubric) decides better on tasks it misjudges at sight.",
    check="tests/claims/claims_judge_turns.py::claim_rm_r1",
    evidence="read",
    departs=(
        "The paper judges pairs in one reply; here one response, with the own solution or rubric as a first turn "
        "that does not see the response.",
        "The distillation before RL is not a part.",
    ),
)
def rm_r1(*, wrong: float = -1.0) -> Recipe:
    """A judge that writes its own rubric (chat) or solution (reasoning) first; +1 or -1 for its verdict.

    R = 1 if the last 80 characters hold the right verdict tag and no other, else -1.
    """
    return Recipe(
        judge=step(OwnRubricJudge, judge=step(PointwiseJudge, batch=1), write="either"),
        reward=step(gate, ref("format"), step(affine, ref("outcome"), 0.0, 1.0, wrong, 1.0), wrong),
        credit=step(z_score, ref("reward"), ddof=0),
    )


@recipe(
    no=73,
    system="WQRM",
    arxiv="2504.07532",
    claim="Ranking edits by a reward trained on edit pairs raises true quality, most surely where the gap is large.",
    check="tests/claims/claims_judge_turns.py::claim_wqrm",
    evidence="read",
    departs=(
        "A linear Bradley-Terry reward on features in place of an encoder; the paper's preference head is a cosine "
        "of two span means, which is not antisymmetric.",
        "The worlds of the check are synthetic texts.",
    ),
)
def wqrm(*, ridge: float = 1.0, margin: float = 0.0) -> Recipe:
    """A writing reward from (draft, expert edit) pairs; a draft is edited n times and the best version kept.

    P(edit beats draft) = sigmoid(r(edit) - r(draft)); kept = argmax r over the draft and its edits.
    """
    return Recipe(judge=step(BradleyTerry, ridge=ridge), loop=step(EditAndRank, n=8, margin=margin))


@recipe(
    no=90,
    system="BR-RM",
    arxiv="2510.23596",
    claim="A first turn that picks what matters makes the verdict of the second turn better than one turn on all.",
    check="tests/claims/claims_judge_turns.py::claim_br_rm",
    evidence="read",
    departs=(
        "A format error costs what a wrong verdict costs: at the released -100 (or -10) a z-scored group with one "
        "format error hardly tells right from wrong.",
        "The paper judges pairs; here one response against criteria.",
    ),
)
def br_rm(*, format_error: float = -1.0) -> Recipe:
    """Turn 1 chooses one to three of seven dimensions and names issues, turn 2 decides in the same conversation.

    R = 0 (right), -1 (wrong), format_error (no verdict); A = (R - mean) / std in the group.
    """
    return Recipe(
        judge=step(RethinkJudge, judge=step(PointwiseJudge, batch=1), most=3),
        reward=step(ladder, (ref("format"), ref("outcome")), (format_error, -1.0, 0.0)),
        credit=step(z_score, ref("reward"), ddof=0),
    )


@recipe(
    no=140,
    system="Ctrl-U",
    arxiv="2410.11236",
    claim="Distrusting what several reward models disagree about keeps best-of-n from picking exploits.",
    check="tests/claims/claims_judge_turns.py::claim_ctrl_u",
    evidence="read",
    departs=(
        "Images and the diffusion loss are left out: the weight and the cost of doubt carry over.",
        "The reward is that loss with its sign turned; the panel subtracts the deviation instead.",
    ),
    fit="peripheral",
)
def ctrl_u(*, doubt: float = 1.0) -> Recipe:
    """Several judges; a reward weighs less the more they disagree, and doubt has its own cost.

    R = mean_k r_k exp(-U) - doubt U, U = mean over pairs |r_j - r_k|; judge: mean - std.
    """
    return Recipe(
        judge=step(Panel, how="lower"),
        reward=step(
            combine,
            (
                step(
                    multiply,
                    (
                        step(integrate, ref("rewards")),
                        step(uncertainty_weight, step(disagreement, ref("rewards"))),
                    ),
                ),
                step(disagreement, ref("rewards")),
            ),
            (1.0, -doubt),
        ),
    )


@recipe(
    no=159,
    system="J1-7B",
    arxiv="2505.11875",
    claim="Forcing a judge to think on raises its accuracy only if it was trained to use it.",
    check="tests/claims/claims_judge_turns.py::claim_j1_7b",
    evidence="recalled",
    departs=(
        "The training (reflection SFT, then RL) is not a part; the check scripts a judge with and without it.",
        "Needs a server that goes on writing an assistant message.",
    ),
)
def j1_7b(*, times: int = 2) -> Recipe:
    """Test-time scaling of a judge: the end of its thinking is replaced by "Wait", then the verdict is forced.

    thinking -> thinking + "Wait" -> ... (times) -> verdict; stops at a cap on tokens.
    """
    return Recipe(judge=step(ContinuedJudge, judge=step(PointwiseJudge, batch=1), times=times, word="Wait"))


@recipe(
    no=191,
    system="SACD",
    arxiv="",
    claim="Confidence drifts when a model builds on its own turns, and not when it answers independently.",
    check="tests/claims/claims_judge_turns.py::claim_sacd",
    evidence="abstract-only",
    departs=("Formulas are ours where the abstract is silent; the drift of the check is planted.",),
)
def sacd(*, rounds: int = 4) -> Recipe:
    """Stated confidence over turns that continue the own answer, with repetition as the control.

    CDS = mean over questions of (confidence at the last turn - at the first); ECE by turn, 10 bins.
    """
    return Recipe(
        judge=step(ReflectJudge, judge=step(PointwiseJudge, batch=1), show="verdict", rounds=rounds),
        audit=step(confidence_drift, bins=10),
    )


@recipe(
    no=195,
    system="Self-RAG",
    arxiv="2310.11511",
    claim="Weighing support more in the beam raises the share of supported segments at the cost of likelihood.",
    check="tests/claims/claims_judge_turns.py::claim_self_rag",
    evidence="recalled",
    departs=("The critic model that labels the training corpus is not a part.",),
)
def self_rag(*, support: float = 1.0, useful: float = 0.5) -> Recipe:
    """Reflection tokens as built-in judges: expected values of three groups of marker tokens score each segment.

    score = log p(segment) + s_rel + support s_sup + useful s_use, s = sum_k v_k p_k / sum_k p_k.
    """
    return Recipe(
        judge=step(OrdinalJudge, reasons=False),
        reward=step(
            combine,
            (
                step(expected_value, ref("relevance_mass"), RELEVANT),
                step(expected_value, ref("support_mass"), SUPPORTED),
                step(expected_value, ref("use_mass"), USEFUL),
            ),
            (1.0, support, useful),  # recalled: 1, 1, .5
        ),
        loop=step(segment_beam, weights=(1.0, support, useful), width=2),
    )


@recipe(
    no=203,
    system="Self-J",
    arxiv="2409.00935",
    claim="Expected ratings order close responses of a group that the likeliest rating leaves tied.",
    check="tests/claims/claims_judge_turns.py::claim_self_j",
    evidence="read",
    departs=(
        "How self-rating and cosine are joined into labels was not found, and the distillation is not a part.",
        "A digit outside the top log-probabilities has mass 0 as in the release; a failed reply is no verdict there 0.",
    ),
)
def self_j(*, min_covered: float = 0.5) -> Recipe:
    """A rating 0-9 as the expectation over the ten digit tokens; answers are kept where the rating is high enough.

    score = sum_k k p(k) / sum_k p(k); audit = risk over coverage of a threshold on it.
    """
    return Recipe(judge=step(OrdinalJudge, top=20, min_covered=min_covered), audit=step(risk_coverage))
