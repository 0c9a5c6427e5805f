"""Rewards composed of an outcome, a process score and gates: who is paid for what, and how far it can be farmed.

Beside each constant: ``card`` (published), ``recalled``, or ``ours`` (not published, or not found).
"""

from __future__ import annotations

from rubricate.audit import pass_at
from rubricate.credit import center, dr_grpo, fuse, grpo, place, suffix
from rubricate.judges import PointwiseJudge
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import group_stat, sizes, spread
from rubricate.rewards.aggregate import all_pass, connected_share, soft_and, weighted_mean, weighted_sum
from rubricate.rewards.couple import bilinear
from rubricate.rewards.gates import gate
from rubricate.rewards.group import criterion_rate, group_norm
from rubricate.rewards.lints import implied_threshold
from rubricate.rewards.schedules import schedule
from rubricate.rewards.shaping import affine, clip, exponential, hinge_negative, piecewise, step_delta
from rubricate.rewards.terms import combine, multiply, ratio
from rubricate.rewards.weights import difficulty_weights
from rubricate.steps import chain, ref, step

NOT_GATED = step(multiply, terms=(ref("weights"), step(affine, ref("gate_mask"), lo=0.0, hi=1.0, a=1.0, b=0.0)))
OTHERS = step(weighted_mean, weights=NOT_GATED)
TURN_GROUP = step(spread, ref("group"), ref("turn_off"))
TURN_ASKED = step(spread, ref("asked"), ref("turn_off"))


@recipe(
    no=5,
    system="RRM (Miracle Steps)",
    arxiv="2510.07774",
    claim="Paying a rubric score of the whole solution instead of the answer check stops right answers without proof.",
    check="tests/claims/claims_reward_composition.py::claim_rrm",
    evidence="notes",
    departs=("The trained 4B judge is any pointwise judge here; its 0-10 scale reaches the reward as [0, 1].",),
)
def rrm(k: int = 1024) -> Recipe:
    """A rubric score replaces the outcome.

    reward = score / 10, no outcome term; verified pass@k = chance that one of k tries is right and sound. From the
    abstract and a reading note.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all", reasons=True),  # card: rationale, then an integer 0..10
        reward=step(bilinear, a=0.0, c=1.0),
        audit=step(pass_at, k=k),  # card: AIME24 at 1024
        train={"algorithm": "ppo"},
    )


@recipe(
    no=7,
    system="CaRR / C-GRPO",
    arxiv="2601.06021",
    claim="A citation rubric added to right answers only: evidence is learned, and no wrong answer is ever preferred.",
    check="tests/claims/claims_reward_composition.py::claim_carr",
    evidence="read",
    departs=(
        "Divides by the largest share of the group, as the paper says; the released branch adds the share as it is.",
        "A judge that fails gives NaN; the released code pays 0, as for an answer without evidence.",
        "Starts from verdicts on the filled statements: naming entities and fetching cited pages is the judge's work.",
    ),
)
def carr(alpha: float = 0.3) -> Recipe:
    """Evidence that leads to the answer, added to right answers only.

    reward = format * outcome * ((1 - alpha) + alpha * s / max_group s), s = share of the statements that supported
    statements connect to the answer; then GRPO. Constants from the released scripts.
    """
    return Recipe(
        reward=step(
            gate,
            condition=ref("format"),  # card: unfinished or ill-formed earns 0
            x=step(
                bilinear,
                process=step(group_norm, step(connected_share), center=False, scale="max"),
                a=1 - alpha,  # card: alpha 0.3
                b=alpha,
            ),
        ),
        credit=step(grpo),
        train={"group_size": 8, "learning_rate": 2e-6, "kl": 0.0, "clip": (0.2, 0.28)},  # card
    )


@recipe(
    no=11,
    system="StitchCUDA",
    arxiv="2603.02637",
    claim="A rubric with an anti-hacking axis beside the execution reward: true kernels instead of copied references.",
    check="tests/claims/claims_reward_composition.py::claim_stitchcuda",
    evidence="notes",
    departs=("How the two rewards are combined is not published; this is our reading, with our constants.",),
)
def stitchcuda(rubric_weight: float = 0.5, max_speedup: float = 4.0) -> Recipe:
    """Speed-up and rubric of a correct kernel, under a veto.

    reward = min_fatal s * (outcome ? min(speedup, max_speedup) + rubric_weight * mean_w s : 0), fatal criteria by
    ``gate_mask`` (anti-hacking), the mean over the others; then GRPO. From the abstract and a note.
    """
    return Recipe(
        reward=step(
            multiply,
            terms=(
                step(all_pass, asked=ref("gate_mask")),
                step(
                    gate,
                    condition=ref("outcome"),
                    x=step(
                        combine,
                        terms=(step(clip, ref("speedup"), lo=0.0, hi=max_speedup), OTHERS),
                        coefficients=(1.0, rubric_weight),  # ours: 0.5, and 4 for the largest speed-up
                    ),
                ),
            ),
        ),
        credit=step(grpo),
    )


@recipe(
    no=22,
    system="VeRPO",
    arxiv="2601.03525",
    claim="Tests weighted by difficulty and against their number teach the rare hard ones that a pass rate drowns.",
    check="tests/claims/claims_reward_composition.py::claim_verpo",
    evidence="notes",
    departs=("sigma, delta, beta and gamma are not published; the values are ours.",),
)
def verpo(
    alpha: float = 2.0, sigma: float = 0.1, delta: float = 1e-3, beta: float = 1.0, gamma: float = 0.95
) -> Recipe:
    """The tests of every turn, weighted by rarity, beside the outcome of the trajectory; no division by a std.

    reward = outcome * gamma^turns; w_j = exp(-alpha rate_j) / (density_j + delta), rates over the turns of the group;
    u_t = sum_j w_j verdict_tj; advantage_t = (reward - mean) + beta * (u_t - mean over all turns of the group).
    """
    return Recipe(
        reward=step(multiply, terms=(ref("outcome"), step(exponential, step(sizes, ref("turn_off")), base=gamma))),
        credit=step(
            fuse,
            step(center, ref("reward")),  # card: dividing by the std cost 2.3 points
            chain(
                step(
                    weighted_sum,
                    ref("turn_verdicts"),
                    weights=chain(
                        step(criterion_rate, ref("turn_verdicts"), TURN_GROUP, TURN_ASKED),
                        step(difficulty_weights, alpha=alpha, sigma=sigma, delta=delta),  # card: alpha 2; rest ours
                    ),
                    asked=TURN_ASKED,
                ),
                step(center, group=TURN_GROUP),
            ),
            ref("turn_off"),
            beta=beta,  # ours
        ),
    )


@recipe(
    no=26,
    system="Job-application GRPO",
    arxiv="2511.16073",
    claim="Large penalties make rejecting everything the safe policy; small ones keep recall.",
    check="tests/claims/claims_reward_composition.py::claim_job_application",
    evidence="abstract-only",
    departs=("Only the table of payments and its lint carry over; the other terms are not published.",),
    fit="peripheral",
)
def job_application(penalty: float = 0.25, base_rate: float = 0.4) -> Recipe:
    """A table of payments, and the threshold that it implies.

    reward = decision ? (outcome ? 1 : -penalty) : 0; accepting pays when P(qualified) > penalty / (1 + penalty).
    """
    return Recipe(
        reward=step(
            gate,
            condition=ref("decision"),
            x=step(gate, condition=ref("outcome"), x=1.0, otherwise=-penalty),  # ours: 0.25
        ),
        credit=step(grpo),
        audit=step(implied_threshold, table=((1.0, -penalty), (0.0, 0.0)), base_rate=base_rate),  # ours: 0.4
    )


@recipe(
    no=30,
    system="R3-RAG",
    arxiv="2505.23794",
    claim="Paying each step for relevant documents teaches retrieval sooner than the answer alone.",
    check="tests/claims/claims_reward_composition.py::claim_r3_rag",
    evidence="notes",
    departs=("Returns without a critic; the paper uses GAE.",),
)
def r3_rag(gamma: float = 1.0) -> Recipe:
    """Validity gate, relevance and the answer at every step.

    reward_k = valid_k ? relevance_k + outcome at the last step : -1; advantage_k = sum_{l >= k} gamma^(l - k) reward_l.
    ``step_scores`` are the relevance of what was retrieved, 0 for an answer step. From a note.
    """
    return Recipe(
        reward=step(
            gate,
            condition=ref("step_valid"),
            x=step(combine, terms=(step(place, ref("outcome"), ref("step_off")), ref("step_scores"))),
            otherwise=-1.0,  # card
        ),
        credit=step(suffix, ref("reward"), ref("step_off"), gamma=gamma),  # ours: 1
        train={"algorithm": "ppo", "questions": 8192},  # card
    )


@recipe(
    no=41,
    system="Clip and Delta",
    arxiv="2410.15115",
    claim="Clipping and differencing process rewards stops padding with trivially true steps.",
    check="tests/claims/claims_reward_composition.py::claim_clip_delta",
    evidence="recalled",
    departs=("eta and alpha per model are not known; eta 0.9 follows a note, alpha is ours.",),
)
def clip_delta(eta: float = 0.9, alpha: float = 1.0) -> Recipe:
    """Process rewards that are bounded whatever the number of steps.

    reward_k = outcome at the last step + alpha * (q_k - q_{k+1}), q = min(p - eta, 0), the last step (the answer)
    unscored; so the return from step k is outcome + alpha * q_k. Current minus next: next minus current would pay
    progress, another thing.
    """
    return Recipe(
        reward=step(
            combine,
            terms=(
                step(place, ref("outcome"), ref("step_off")),
                step(
                    step_delta,
                    step(hinge_negative, ref("step_scores"), eta=eta),  # recalled: about 0.9
                    ref("step_off"),
                    last="zero",
                ),
            ),
            coefficients=(1.0, alpha),  # ours: 1
        ),
        credit=step(suffix, ref("reward"), ref("step_off"), gamma=1.0),  # card: gamma 1
        train={"algorithm": "ppo"},
    )


@recipe(
    no=45,
    system="Atom-Searcher",
    arxiv="2508.12800",
    claim="A thought reward that fades into the outcome learns sooner, and a misled judge does no lasting harm.",
    check="tests/claims/claims_reward_composition.py::claim_atom_searcher",
    evidence="notes",
    departs=("The 0.5 and the -1 are recalled, not confirmed.",),
)
def atom_searcher(alpha: float = 0.5, bad_format: float = -1.0) -> Recipe:
    """Mean score of the atomic thoughts, annealed into the token F1 of the answer.

    reward = format ? a_t * process + (1 - a_t) * outcome : bad_format, a_t = alpha * (1 - progress); then GRPO.
    """
    return Recipe(
        reward=step(
            gate,
            condition=ref("format"),
            x=step(
                bilinear,
                a=step(schedule, start=1 - alpha, end=1.0),  # card: linear
                c=step(schedule, start=alpha, end=0.0),  # recalled: 0.5
            ),
            otherwise=bad_format,  # recalled: -1
        ),
        credit=step(grpo),
    )


@recipe(
    no=54,
    system="SearchLLM",
    arxiv="2603.10473",
    claim="A soft gate over bottom lines times utility improves all dimensions where a linear sum trades some away.",
    check="tests/claims/claims_reward_composition.py::claim_searchllm",
    evidence="read",
)
def searchllm(delta: float = 0.01) -> Recipe:
    """Bottom lines as a smoothed geometric mean, times the weighted mean of the other criteria.

    reward = exp(mean_i log((s_i + delta) / (1 + delta))) * sum_j w_j s_j / sum_j w_j, i over the bottom lines
    (``gate_mask``), j over the rest; then GRPO. Constants from the paper.
    """
    return Recipe(
        reward=step(
            multiply,
            terms=(
                step(soft_and, weights=ref("gate_mask"), delta=delta),  # card: 0.01
                OTHERS,
            ),
        ),
        credit=step(grpo),
        train={"group_size": 16, "learning_rate": 1e-6, "kl": 0.01},  # card
    )


@recipe(
    no=57,
    system="RLVRR",
    arxiv="",
    claim="Key words in the order of a reference plus style checks: neither reversed nor repeated words are paid.",
    check="tests/claims/claims_reward_composition.py::claim_rlvrr",
    evidence="read",
    departs=(
        "The length penalty that the released code multiplies by 0 is left out.",
        "Style checks are verifiers of the rubric; the released code runs generated code in the trainer.",
    ),
)
def rlvrr() -> Recipe:
    """Content by ordered key words plus weighted style checks, not normalised.

    reward = process + sum_k w_k s_k, process = mean over key points of the verifier ``keyword_chain`` (best reference
    of LCS / longer length), s = style checks; then GRPO. Constants from the released script.
    """
    return Recipe(
        reward=step(combine, terms=(ref("process"), step(weighted_sum))),
        credit=step(grpo),
        train={"group_size": 8, "learning_rate": 5e-7, "kl": 0.01},  # card
    )


@recipe(
    no=60,
    system="HARMO",
    arxiv="2510.05283",
    claim="A length term inside the group stops the drift to short answers that a reward model induces.",
    check="tests/claims/claims_reward_composition.py::claim_harmo",
    evidence="abstract-only",
    departs=(
        "The length formula and its constants are not published; they are ours.",
        "L* follows the policy: the term holds the length near that of right answers, but a slow drift is left.",
    ),
)
def harmo(max_penalty: float = 1.0, tolerance: float = 0.1) -> Recipe:
    """A rule where there is one, a model score elsewhere, format, and a length term.

    reward = (checkable ? outcome : process) + format - max_penalty * clip(|L / L* - 1| - tolerance, 0, 1), L* = mean
    length of the right rows; no length term in a group without one. advantage = reward - mean of the group.
    """
    return Recipe(
        reward=step(
            combine,
            terms=(
                step(gate, condition=ref("checkable"), x=ref("outcome"), otherwise=ref("process")),
                ref("format"),
                step(
                    gate,
                    condition=step(group_stat, ref("outcome"), op="max"),
                    x=step(
                        piecewise,
                        step(ratio, ref("length"), step(group_stat, ref("length"), where=ref("outcome"))),
                        knots=(0.0, 1 - tolerance, 1 + tolerance, 2 + tolerance),  # ours: 0.1
                        values=(-(1 - tolerance) * max_penalty, 0.0, 0.0, -max_penalty),  # ours: 1
                    ),
                ),
            ),
        ),
        credit=step(dr_grpo),  # card: no std
    )


@recipe(
    no=64,
    system="Inappropriate-argument rewriting",
    arxiv="",
    claim="The weight between appropriateness and similarity traces the trade-off; only the extreme weight collapses.",
    check="tests/claims/claims_reward_composition.py::claim_argument_rewriting",
    evidence="recalled",
    departs=("Only the weighted pair and its sweep carry over.",),
    fit="peripheral",
)
def argument_rewriting(beta: float = 0.6) -> Recipe:
    """Two classifier rewards in a weighted sum.

    reward = (1 - beta) * process + beta * outcome, process = similarity to the source, outcome = P(appropriate).
    """
    return Recipe(reward=step(bilinear, a=beta, c=1 - beta), train={"algorithm": "ppo"})  # card: 0.6 judged best
