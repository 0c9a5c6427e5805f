"""Credit from tokens and single steps: perplexity, position, latent signals, likelihood ratios, pairs of steps.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.audit import credit_accuracy
from rubricate.credit import log_ratio, modulate, pool, position, prefix, suffix, z_score
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import spread
from rubricate.rewards import combine, gate, multiply
from rubricate.steps import ref, step

GRPO = step(z_score, ref("outcome"), ref("group"))
MEAN_LOGP = step(pool, ref("token_logp"), ref("token_off"), "mean", mask=ref("token_mask"))
DEVIATION = step(z_score, ref("token_deviation"), "batch")


@recipe(
    no=114,
    system="Entropy-performance exchange",
    arxiv="2508.02260",
    claim="Late tokens and confident responses take more of the advantage, which speeds learning where they matter.",
    check="tests/claims/claims_credit_tokens.py::claim_entropy_exchange",
    evidence="notes",
    invariances=("permutation", "shift", "scale", "sign"),
    departs=(
        "alpha and gamma are recalled; the position function is not known, the straight line is ours.",
        "In the check the bonus saves 6 % of the updates where late positions matter, not 20 %, and costs nothing "
        "where early ones do (2 % saved): it only adds, so it is in part a larger step (mean weight 1.056).",
        "Both shapes at once; the paper uses them in different stages of training.",
    ),
)
def entropy_exchange(alpha: float = 0.01, gamma: float = 0.1) -> Recipe:
    """Group advantage, smaller for perplexed responses, with a bonus that grows with the position of the token.

    A_t = A' + sign(A') * gamma * r_t, A' = z(outcome) * (1 - alpha * z(log perplexity in the prompt)), r_t = relative
    position from 0 to 1. Not centred again. alpha and gamma recalled.
    """
    return Recipe(
        credit=step(
            modulate,
            step(
                spread,
                step(
                    modulate,
                    GRPO,
                    # recalled: .01; the mean log-probability is minus the log perplexity
                    step(combine, (step(z_score, MEAN_LOGP, ref("group")),), (alpha,), constant=1.0),
                ),
                ref("token_off"),
            ),
            step(multiply, (step(position, ref("token_off"), relative=True), gamma)),  # recalled: .1
            "add_signed",
        )
    )


@recipe(
    no=130,
    system="RLFR",
    arxiv="2510.10201",
    claim="A token signal from latent states, kept where it is large and added with a small weight, keeps the signs.",
    check="tests/claims/claims_credit_tokens.py::claim_rlfr",
    evidence="recalled",
    invariances=("permutation", "shift", "scale"),
    departs=(
        "The formula, weight and threshold are not published; z-score, .01 and 1 are ours.",
        "The flow network on hidden states is the trainer's: its deviation per token is an input.",
    ),
    fit="peripheral",
)
def rlfr(weight: float = 0.01, threshold: float = 1.0) -> Recipe:
    """The group advantage of each token, less a small weight times a deviation that stands out.

    A_t = z(outcome) - weight * d_t where |d_t| >= threshold, d_t = z(deviation over the batch). Constants ours.
    """
    return Recipe(
        credit=step(
            modulate,
            step(spread, GRPO, ref("token_off")),
            step(
                gate,
                step(multiply, (DEVIATION, DEVIATION)),
                step(multiply, (DEVIATION, -weight)),  # ours
                threshold=threshold**2,  # ours
            ),
            "add",
        )
    )


@recipe(
    no=149,
    system="Implicit PRM",
    arxiv="2412.01981",
    claim="The log-ratio of a model trained on outcomes is a soft expectation of the outcome at every prefix.",
    check="tests/claims/claims_credit_tokens.py::claim_implicit_prm",
    evidence="read",
    invariances=("permutation",),
    departs=(
        "The loss on outcomes (DPO, NCA, KTO or cross-entropy) is the trainer's; beta is recalled.",
        "Cross-entropy cannot say that most samples of the reference are right: its mean log-ratio is at most 0.",
    ),
)
def implicit_prm(beta: float = 0.05, op: str = "min") -> Recipe:
    """Score of a response: the least of its step rewards, each the rise of an implicit value.

    r_t = q_t - q_{t-1}, q_t = beta * sum_{i <= t} (log pi_phi - log pi_ref); reward = min_t r_t (``op="sum"``: q at
    the end). token_logp is the reward model's.
    """
    return Recipe(
        reward=step(
            pool,
            step(
                suffix,
                step(
                    pool,
                    step(
                        prefix,
                        step(log_ratio, ref("token_logp"), ref("token_logp_ref"), beta=beta),  # recalled
                        ref("step_tokens"),
                    ),
                    ref("step_tokens"),
                    "last",
                ),
                ref("step_off"),
                op,  # card
            ),
            ref("step_off"),
            "first",
        )
    )


@recipe(
    no=136,
    system="HRM / HNC",
    arxiv="2503.13551",
    claim="A step that the next one corrects is forgiven: pairs of steps say what single scores cannot.",
    check="tests/claims/claims_credit_tokens.py::claim_hrm",
    evidence="abstract-only",
    invariances=("permutation",),
    departs=(
        "How the paper aggregates for best-of-N is not known; the least over steps of the better score is ours.",
        "Node merging, which makes training data of search trees, is not part of it.",
    ),
)
def hrm() -> Recipe:
    """A response is as good as its worst step that the following one does not mend.

    reward = min_t max(s_t, s_{t, t+1}), with s_{t, t+1} the score of the step read together with the next.
    """
    return Recipe(
        reward=step(
            pool,
            step(
                suffix,
                step(
                    gate,
                    step(combine, (ref("pair_scores"), ref("step_scores")), (1.0, -1.0)),
                    ref("pair_scores"),
                    ref("step_scores"),
                    threshold=0.0,
                ),
                ref("step_off"),
                "min",  # ours
            ),
            ref("step_off"),
            "first",
        )
    )


@recipe(
    no=119,
    system="Credit-assignment survey",
    arxiv="2604.09459",
    claim="Planted decisive steps tell credit methods apart: resampled prefixes, then trees, then group outcomes.",
    check="tests/claims/claims_credit_tokens.py::claim_credit_survey",
    evidence="read",
    departs=("The bifurcation test of the survey's protocol; its taxonomy and checklist are not code.",),
    fit="peripheral",
)
def credit_survey() -> Recipe:
    """Credit per step against its planted importance.

    sign accuracy = share of steps with sign(credit) = sign(importance) among those that have both; rank correlation
    = Spearman's, over steps.
    """
    return Recipe(audit=step(credit_accuracy))
