"""Credit for single steps: recentred, contrasted, redistributed or measured as progress, beside the outcome.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.credit import center, difference, fuse, gae, place, suffix
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import best_of_k, combine, exponential, log_sigmoid, redistribute, renorm, thought_outcome
from rubricate.steps import ref, step

VALUES, START = step(best_of_k, ref("step_values")), step(best_of_k, ref("start_value"))


@recipe(
    no=23,
    system="PPR + ReNorm",
    arxiv="2509.25598",
    claim="Judged steps recentred by the outcome never pay a wrong row, where their plain sum pays for length.",
    check="tests/claims/claims_credit_steps.py::claim_ppr",
    evidence="read",
    invariances=("permutation",),
    departs=(
        "gamma and lambda are ours.",
        "A turn without a verdict is NaN, and so are the advantages before it; the released code gives it 0, which is "
        "the worst reward in a wrong row.",
    ),
)
def ppr(beta: float = 1.0, gamma: float = 1.0, lam: float = 1.0) -> Recipe:
    """Turn scores recentred by the outcome on the last token of their turn, then GAE with a critic.

    r_t = score_t + outcome - beta before the last turn, outcome at the last; A = GAE(r, V). beta is the typical score
    + outcome of a success. Form and beta from the released code.
    """
    return Recipe(
        reward=step(renorm, ref("outcome"), ref("turn_scores"), ref("turn_off"), beta=beta),  # card: 1
        credit=step(
            gae,
            step(place, ref("reward"), ref("turn_tokens"), mask=ref("token_mask")),
            ref("token_values"),
            ref("token_off"),
            gamma=gamma,  # ours: 1
            lam=lam,  # ours: 1
            mask=ref("token_mask"),
        ),
    )


@recipe(
    no=35,
    system="T-REG",
    arxiv="2412.02685",
    claim="Token rewards from two contrasting prompts move preference learning onto the tokens that matter.",
    check="tests/claims/claims_credit_steps.py::claim_t_reg",
    evidence="notes",
    invariances=("permutation",),
    departs=("The preference loss and the weight of a pair, sigmoid of its wrong margin, are the trainer's.",),
)
def t_reg(alpha: float = 0.25, beta: float = 0.1) -> Recipe:
    """How much likelier a token is when a better response is asked for than a worse one.

    r_t = sigmoid(log pi_ref(y_t | better) - log pi_ref(y_t | worse)) - 1/2. L = L_DPO - alpha * w * sum over both
    responses and their tokens of beta r_t log pi(y_t), w = sigmoid(implicit reward of loser - of winner), no gradient.
    """
    return Recipe(
        reward=step(
            combine,
            (step(exponential, step(log_sigmoid, ref("token_logp_better"), ref("token_logp_worse"))),),
            constant=-0.5,  # card
        ),
        train={"alpha": alpha, "beta": beta},  # card: .1 to .5; ours: beta .1
    )


@recipe(
    no=42,
    system="LaRe",
    arxiv="2412.11120",
    claim="Returns are shared out over steps from few rollouts when a few judged factors stand for the raw state.",
    check="tests/claims/claims_credit_steps.py::claim_lare",
    evidence="read",
    invariances=("permutation",),
    departs=(
        "Verdicts on each turn take the place of factors computed by generated code.",
        "A linear fit to whole sums takes the place of a network fitted to samples of steps; its ridge is ours.",
    ),
)
def lare(ridge: float = 1.0, gamma: float = 1.0) -> Recipe:
    """The outcome shared out over turns by a regression on their verdicts, then accumulated.

    r_t = w . z_t + b with (w, b) = argmin sum_i (sum_t r_t - outcome_i)^2 + ridge |(w, b)|^2; A_t = sum_{k >= t}
    gamma^(k - t) r_k.
    """
    return Recipe(
        reward=step(redistribute, ref("turn_verdicts"), ref("turn_off"), ref("outcome"), ridge=ridge),  # ours: 1
        credit=step(suffix, ref("reward"), ref("turn_off"), gamma=gamma),  # ours: 1
    )


@recipe(
    no=43,
    system="TP-GRPO",
    arxiv="2507.23317",
    claim="Wrong thoughts of right solutions are tolerated while the group is weak and punished once it is strong.",
    check="tests/claims/claims_credit_steps.py::claim_tp_grpo",
    evidence="notes",
    invariances=("permutation", "split"),
    departs=(
        "alpha is not known; 1 is ours.",
        "Runs of equal labels are not merged: the advantage of a step does not depend on how its thought is cut.",
    ),
)
def tp_grpo(alpha: float = 1.0) -> Recipe:
    """The outcome's z-score, less a share of the group's accuracy in wrong thoughts of right solutions.

    Right solution: A = z in right thoughts, z - alpha * accuracy in wrong ones; wrong solution: A = z in thoughts that
    lead to its answer (score 0), 0 in the others. Population std.
    """
    return Recipe(
        credit=step(
            thought_outcome,
            ref("outcome"),
            ref("step_scores"),
            ref("step_off"),
            ref("group"),
            alpha=alpha,  # ours: 1
        ),
        train={"group_size": 8, "updates_per_batch": 50, "learning_rate": 1e-6},  # card
    )


@recipe(
    no=70,
    system="PAV / Rewarding Progress",
    arxiv="2410.08146",
    claim="Progress under a stronger prover teaches in a fraction of the updates that the outcome needs.",
    check="tests/claims/claims_credit_steps.py::claim_pav",
    evidence="read",
    invariances=("permutation", "shift", "split"),
    departs=(
        "alpha is recalled as 3 to 5; the check takes 1.",
        "Progress is added at each step and not accumulated, as in the gradient of Q + alpha A.",
    ),
)
def pav(alpha: float = 3.0, k: int = 4) -> Recipe:
    """The outcome's advantage plus the progress of each step under a prover, the best of k tries of a base policy.

    Q^k = 1 - (1 - Q)^k; A_t = outcome - group mean + alpha * (Q^k after t - Q^k before t). step_values are the base
    policy's chances of success.
    """
    return Recipe(
        reward=step(difference, VALUES.replace(k=k), ref("step_off"), START.replace(k=k)),  # card: 4
        credit=step(
            fuse,
            step(center, ref("outcome"), ref("group")),
            ref("reward"),
            ref("step_off"),
            beta=alpha,  # recalled: 3 to 5
        ),
    )
