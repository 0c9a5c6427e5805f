"""Rewards that ask how likely a text is: references, gold suffixes, follow-ups, one model against another; and rewards
without a label.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.agreement import cluster_entropy, self_agreement
from rubricate.audit import model_collapse_step
from rubricate.credit import drop_groups, ends, grpo, key, log_ratio, pool, position, rloo
from rubricate.judges import DensityRatio, FollowUpLikelihood, ReferenceLikelihood, SelfAgreement
from rubricate.likelihood import followup_margin, reference_likelihood
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import group_stat, spread
from rubricate.rewards import clip, combine, exponential, extreme_pairs, gate, information_gain, log_sigmoid, multiply
from rubricate.steps import ref, step

LAST_STEP = step(ends, ref("step_off"))
ANY_RIGHT = step(group_stat, ref("outcome"), ref("group"), "max")
ANSWER = step(reference_likelihood, ref("answer_logp"), ref("answer_off"))
BARE = step(reference_likelihood, ref("answer_logp_bare"), ref("answer_off"))
DOMAINS = (  # ours: the published router and its instructions were not at hand
    (r"\b(harm|weapon|illegal|suicide|private)", "Answer safely: decline what could harm people, and say why."),
    (r"\b(code|function|solve|prove|compute|equation)", "Answer exactly: every step must be correct."),
)


@recipe(
    no=21,
    system="Likelihood-based reward designs",
    arxiv="2602.03979",
    claim="log p(reference | prompt, reasoning) works on short and long answers; the probability itself goes flat on "
    "long ones.",
    check="tests/claims/claims_judge_likelihood.py::claim_likelihood_rewards",
    evidence="notes",
    departs=(
        "Notes differ on whether the paper's log-probability is a sum or a mean; kind chooses, the sum is the default.",
        "The second term of the gradient (a supervised step on the reference) is the trainer's: reward_grad=False.",
        "The flat line is an effect of scale: with std normalisation and no epsilon the probability learns as well.",
        "JEPO's tighter bound is rewards.jensen_gain (recalled); NOVER's perplexity form is not a part.",
    ),
)
def likelihood_rewards(*, kind: str = "logprob") -> Recipe:
    """The likelihood of the reference answer behind the rollout's reasoning, with leave-one-out baselines.

    R = sum_t log p_t (``logprob``), its mean, prod_t p_t (``prob``) or mean_t p_t (``mean_prob``) over the tokens of
    the reference; A_i = R_i - mean_{j != i} R_j. reward_grad=False: R is a number to the trainer.
    """
    return Recipe(
        judge=step(ReferenceLikelihood, kind=kind),
        reward=ANSWER.replace(kind=kind),
        credit=step(rloo, ref("reward"), ref("group")),  # card
        train={"learning_rate": 1e-5, "group_size": 4, "clip": 1.0, "kl": 0.001, "reward_grad": False},  # card
    )


@recipe(
    no=55,
    system="P2S",
    arxiv="2601.20649",
    claim="How much a prefix raises the likelihood of the gold chain's rest tells good prefixes from bad; the "
    "likelihood alone mostly tells where the suffix starts.",
    check="tests/claims/claims_judge_likelihood.py::claim_p2s",
    evidence="notes",
    departs=(
        "The slope of the step weights, the number of chains and the cap on steps were not found; the slope is ours.",
        "Choosing and refreshing the gold chain, and the warm-up on format, are the trainer's.",
    ),
)
def p2s(*, slope: float = 6.0) -> Recipe:
    """Steps earn the rise of the gold suffix's likelihood over a masked prefix; the outcome takes over where it tells.

    r_i = max_t [log p(suffix_t | prefix_i) - log p(suffix_t | masked prefix_i)], at the last step log p(y* | z);
    R = sum_i sigmoid(slope (i / m - 1/2)) r_i. Bad format -1; else the outcome if any rollout of the prompt is right,
    else R.
    """
    return Recipe(
        judge=step(ReferenceLikelihood, kind="logprob", baseline="masked", cut=""),
        reward=step(
            gate,
            ref("format"),
            step(
                gate,
                ANY_RIGHT,
                ref("outcome"),
                step(pool, step(multiply, (
                    step(exponential, step(log_sigmoid, step(
                        combine, (step(position, ref("step_off"), relative=True),), (slope,), constant=-slope / 2,
                    ))),  # ours: the slope
                    step(gate, LAST_STEP, step(spread, ANSWER.replace(kind="logprob"), ref("step_off")),
                         step(information_gain, ref("suffix_logp"), ref("suffix_logp_masked"), ref("suffix_off"))),
                )), ref("step_off"), "sum"),
            ),
            -1.0,  # card
        ),
        credit=step(grpo, ref("reward"), ref("group")),
    )  # fmt: skip


@recipe(
    no=59,
    system="FLR",
    arxiv="2409.13948",
    claim="Whether a pleased or a displeased follow-up is likelier ranks answers; without the displeased ones the base "
    "rate gets in.",
    check="tests/claims/claims_judge_likelihood.py::claim_follow_up_likelihood",
    evidence="notes",
    departs=(
        "The published sets of follow-ups were not at hand; those in judges.likelihood are ours.",
        "Log-probabilities per token are recalled. Tuning the scorer on feedback with swapped roles is not a part.",
    ),
)
def follow_up_likelihood(*, gap: float = 0.0) -> Recipe:
    """Score = mean over categories of (mean log p(f+) - mean log p(f-)); the best and worst answer make a pair.

    f+ and f- are fixed pleased and displeased next turns of the user, log p per token. Pairs go to DPO or KTO.
    """
    return Recipe(
        judge=step(FollowUpLikelihood),
        reward=step(followup_margin, ref("followup_logp"), ref("followup_positive"), ref("followup_category")),
        select=step(extreme_pairs, ref("reward"), ref("group"), gap=gap),
    )


@recipe(
    no=138,
    system="RLPR",
    arxiv="2506.18254",
    claim="The mean probability of the reference's tokens survives one unlikely synonym, where product and mean "
    "logarithm do not; dropping prompts of little spread leaves the informative ones.",
    check="tests/claims/claims_judge_likelihood.py::claim_rlpr",
    evidence="read",
    departs=(
        "The optional shapings of the code (sigmoid, leaky, tanh, bins) are rewards.piecewise and log_sigmoid.",
        "std_ema is carried by credit.StdFilter, which waits for ten batches as published; the step filters always.",
    ),
)
def rlpr(*, beta: float = 0.5, weight: float = 0.9) -> Recipe:
    """Mean token probability of the reference behind the reasoning, less that without reasoning, clipped at 0.

    R = weight * clip(B - B0, 0, 1) + (1 - weight) format, B = mean_t p_t; -1 when the rollout loops. Prompts whose
    standard deviation lies under beta times its running mean are dropped; A = (R - mean) / std.
    """
    return Recipe(
        judge=step(ReferenceLikelihood, kind="mean_prob", baseline="no_reasoning", clip=(0.0, 1.0)),
        reward=step(
            gate,
            ref("looping"),  # card: a window of 10 words seen 10 times or more
            -1.0,
            step(
                combine,
                (
                    step(clip, step(combine, (ANSWER.replace(kind="mean_prob"), BARE.replace(kind="mean_prob")),
                                    (1.0, -1.0)), 0.0, 1.0),
                    step(gate, ref("format"), 1.0, 0.0),
                ),
                (weight, 1.0 - weight),  # card: .9, .1
            ),
        ),
        select=step(drop_groups, ref("reward"), ref("group"), "low_std",
                    limit=step(combine, (ref("std_ema"),), (beta,))),  # card: beta .5
        credit=step(grpo, ref("reward"), ref("group")),
        train={"group_size": 8, "clip": (0.2, 0.27), "kl": 0.0, "learning_rate": 1e-6},  # card
    )  # fmt: skip


@recipe(
    no=143,
    system="CDR / Dr.SoW",
    arxiv="2411.02481",
    claim="The log-density ratio of a stronger over a weaker model orders answers, better the wider their gap; the "
    "stronger model's likelihood alone hardly does.",
    check="tests/claims/claims_judge_likelihood.py::claim_density_ratio",
    evidence="recalled",
    departs=("The published router and its instructions were not at hand; those here are ours.",),
)
def density_ratio(*, beta: float = 1.0, gap: float = 0.0) -> Recipe:
    """r = beta (log pi_strong(y | I, x) - log pi_weak(y | x)), summed over tokens; best and worst make a pair.

    token_logp is the stronger (aligned) model's, token_logp_ref the weaker (base) one's; I is an instruction by domain.
    With policy and reference it is the implicit reward of DPO.
    """
    return Recipe(
        judge=step(DensityRatio, instruction="Answer helpfully.", routes=DOMAINS, beta=beta),
        reward=step(
            pool, step(log_ratio, ref("token_logp"), ref("token_logp_ref"), beta=beta), ref("token_off"), "sum"
        ),
        select=step(extreme_pairs, ref("reward"), ref("group"), gap=gap),
    )


@recipe(
    no=118,
    system="Intrinsic rewards of unsupervised RLVR",
    arxiv="2603.08660",
    claim="Rewards without labels sharpen the prior: they end at the accuracy of its mode, far below true labels.",
    check="tests/claims/claims_judge_likelihood.py::claim_intrinsic_rewards",
    evidence="notes",
    departs=(
        "The dramatic fall of accuracy after its rise does not appear in tables of 200 problems; the ceiling does.",
        "The model collapse step has two definitions in the notes; both are rules of audit.model_collapse_step.",
        "Among the five forms of rewards.self_confidence, disparity is recalled.",
    ),
)
def intrinsic_rewards(*, how: str = "majority", level: float = 0.01) -> Recipe:
    """r = 1[answer = majority of the group's answers], or its share; no label is seen.

    A = (r - mean) / std. The step at which the accuracy of the label falls under ``level`` is the model collapse step.
    Self-confidence (rewards.self_confidence) takes the same place for the certainty rewards.
    """
    return Recipe(
        judge=step(SelfAgreement, how=how),
        reward=step(self_agreement, ref("cluster"), ref("group"), how, missing="worst_case"),
        credit=step(grpo, ref("reward"), ref("group")),
        audit=step(model_collapse_step, level=level),  # card, from one of two notes
        train={"temperature": 1.0, "prompts": 64, "group_size": 8, "kl": 0.0},  # card
    )


@recipe(
    no=128,
    system="Co-Reward",
    arxiv="2508.00410",
    claim="Labelling a problem by the vote on its paraphrase learns more than by its own vote.",
    check="tests/claims/claims_judge_likelihood.py::claim_co_reward",
    evidence="read",
    departs=(
        "Writing the paraphrases is a generator's work: group holds both wordings, wording tells them apart.",
        "The gain at small view noise (.5, card .437 to .453) is not confirmed here; the check holds from noise 1 on.",
    ),
)
def co_reward(*, kl: float = 0.005) -> Recipe:
    """r = 1[answer = most common answer to the other wording]; each wording is standardised apart.

    label(original) = majority of the answers to the paraphrase, and the other way round; A = (r - mean) / std over the
    rollouts of one wording. Answers that are missing vote for nothing and earn 0.
    """
    return Recipe(
        judge=step(SelfAgreement, view="wording"),
        reward=step(self_agreement, ref("cluster"), ref("group"), view=ref("wording"), missing="worst_case"),
        credit=step(grpo, ref("reward"), step(key, (ref("group"), ref("wording")))),
        train={"group_size": 8, "learning_rate": 3e-6, "kl": kl, "prompts": 128},  # card
    )


@recipe(
    no=173,
    system="EMPO",
    arxiv="2504.05812",
    claim="The share of samples in one's meaning cluster learns as the majority vote does, and stops at the prior too.",
    check="tests/claims/claims_judge_likelihood.py::claim_empo",
    evidence="notes",
    departs=("The entropy band is not published; .2 to 1.3 nats here.",),
)
def empo(*, low: float = 0.2, high: float = 1.3) -> Recipe:
    """r = |cluster of the answer| / G, on prompts whose answers are neither settled nor scattered.

    Kept: low < -sum_k p_k log p_k < high over the clusters of the group. Clusters by mutual entailment, or by the final
    answer where there is one. A = (r - mean) / std.
    """
    return Recipe(
        judge=step(SelfAgreement, how="frequency", by="entailment"),
        reward=step(self_agreement, ref("cluster"), ref("group"), "frequency", missing="worst_case"),
        select=step(drop_groups, step(cluster_entropy, ref("cluster"), ref("group")), ref("group"), "range",
                    low=low, high=high),  # ours: the band
        credit=step(grpo, ref("reward"), ref("group")),
    )  # fmt: skip
