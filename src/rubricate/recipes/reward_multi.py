"""Several rewards of one response: normalised apart, held at targets, joined as a conjunction, laid on their segments.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.credit import multi_advantage, pool, z_score
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import (
    DualAscent,
    combine,
    group_norm,
    log_sigmoid,
    range_score,
    sample_quantile,
    spread_groups,
    task_weight,
    weighted_sum,
)
from rubricate.steps import ref, step


@recipe(
    no=105,
    system="Constrained RLHF",
    arxiv="2310.04373",
    claim="Rewards held at the points where they are useful beat fixed weights, which over-optimise all of them.",
    check="tests/claims/claims_reward_multi.py::claim_constrained_rlhf",
    evidence="read",
    departs=("Advantages come from the batch, z-scored; the code has a critic for each reward and one for the KL.",),
)
def constrained_rlhf(
    targets: tuple[float, ...] = (0.44, 0.238), squash: str = "tanh", learning_rate: float = 0.1, momentum: float = 0.1
) -> Recipe:
    """Lagrange weights that hold K rewards at their targets while the task is to stay near the reference model.

    A = (K - sum_k mu_k) A_kl + sum_k mu_k A_k, every A z-scored over the batch; mu = tanh(lambda), lambda by descent on
    sum_k mu_k (mean reward_k - target_k). Targets (intent, METEOR), rates and the squashing from the released code.
    """
    return Recipe(
        # card: intent .44 and METEOR .238 on DailyDialog; tanh reaches and stays, sigmoid is a floor; both rates .1
        weights=step(DualAscent, targets=targets, squash=squash, learning_rate=learning_rate, momentum=momentum),
        credit=step(
            combine,
            terms=(
                step(
                    z_score,
                    step(
                        pool,
                        step(combine, terms=(ref("token_logp_ref"), ref("token_logp")), coefficients=(1.0, -1.0)),
                        ref("token_off"),
                        "sum",
                        mask=ref("token_mask"),
                    ),
                    "batch",
                ),
                step(multi_advantage, ref("rewards"), "batch", ref("multipliers"), asked=None),
            ),
            coefficients=(step(task_weight), 1.0),
        ),
    )


@recipe(
    no=108,
    system="Log-sigmoid-centred rewards",
    arxiv="2402.00742",
    claim="Sums of log-sigmoids above a reference mean 'all are good': a better trade-off than raw sums at equal KL.",
    check="tests/claims/claims_reward_multi.py::claim_log_sigmoid_centred",
    evidence="recalled",
)
def log_sigmoid_centred(q: float = 0.85) -> Recipe:
    """Bradley-Terry rewards as log-probabilities of being good, and their sum as the one that all are.

    reward = sum_k log sigmoid(r_k - reference_k), reference_k = quantile q of the same reward over answers of the
    starting policy to the prompt, or the reward of a canned reply (a single sample). The quantile is recalled.
    """
    return Recipe(
        reward=step(
            weighted_sum,
            step(
                log_sigmoid,
                ref("rewards"),
                reference=step(
                    spread_groups,
                    step(sample_quantile, ref("base_rewards"), q=q),  # recalled: 85% quantile of sampled answers
                    ref("group"),
                ),
            ),
            weights=1.0,
            asked=None,
        ),
    )


@recipe(
    no=74,
    system="LongWriter-Zero",
    arxiv="2506.18841",
    claim="Averaging normalised advantages lets length, quality and format all teach; a mean of raw rewards does not.",
    check="tests/claims/claims_reward_multi.py::claim_longwriter_zero",
    evidence="notes",
)
def longwriter_zero(limit: float = 14000.0) -> Recipe:
    """Length in the wanted range, a preference model and format, each normalised in the group before they are averaged.

    A = (z(length) + z(quality) + z(format - repetition)) / 3; length = 1 in [low, high], n / low below,
    (limit - n) / (limit - high) above, not under 0. Groups of 32, temperature .8 and the limit from notes on the paper.
    """
    return Recipe(
        credit=step(
            combine,
            terms=(
                step(
                    group_norm,
                    step(
                        range_score,
                        ref("length"),
                        ref("length_low"),
                        ref("length_high"),
                        limit,  # card: 14k tokens
                    ),
                ),
                step(group_norm, ref("quality")),
                step(group_norm, step(combine, terms=(ref("format"), ref("repetition")), coefficients=(1.0, -1.0))),
            ),
            coefficients=(1 / 3, 1 / 3, 1 / 3),  # card: plain average
        ),
        train={"group_size": 32, "temperature": 0.8},  # card
    )
