"""Rewards shaped by a gate, a schedule, an order or a front: what a score adds to an outcome, and where it may.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import group_stat
from rubricate.rewards import (
    all_pass,
    bilinear,
    combine,
    exponential,
    f_beta,
    gate,
    group_norm,
    multiply,
    pareto_mask,
    ratio,
    schedule,
    weighted_sum,
)
from rubricate.steps import ref, step

GRPO = step(group_norm, ref("reward"))
FRONT = step(pareto_mask, ref("rewards"))


@recipe(
    no=139,
    system="Posterior-GRPO",
    arxiv="2508.05170",
    claim="A reasoning score paid after success only is learned; added to every answer it buys wrong ones.",
    check="tests/claims/claims_reward_shaping.py::claim_posterior_grpo",
    evidence="recalled",
)
def posterior_grpo() -> Recipe:
    """Format, outcome, and the score of the reasoning where the outcome is right.

    reward = format + outcome + outcome * process; advantage = (reward - mean) / std in the group. Process is not read
    where the outcome is 0, so the judge need not be asked there. Unit coefficients from the paper.
    """
    return Recipe(
        reward=step(combine, terms=(ref("format"), step(bilinear, a=1.0, b=1.0))),  # card
        credit=GRPO,
    )


@recipe(
    no=145,
    system="LongRLVR",
    arxiv="",
    claim="Pay for citing the right chunks beside the answer: grounding is learned where the answer alone leaves it.",
    check="tests/claims/claims_reward_shaping.py::claim_longrlvr",
    evidence="read",
    departs=("An answer whose gold chunks are unknown is NaN; the released code has gold chunks for all.",),
)
def longrlvr(eta: float = 0.1, beta: float = 2.0) -> Recipe:
    """The answer, the recall-heavy F score of the cited chunks, and their product.

    reward = format * (outcome + eta * F + (1 - eta) * outcome * F), F = F_beta of the cited chunks, a repeated one
    lowers it; advantage = (reward - mean) / std in the group. eta and beta from the released code.
    """
    return Recipe(
        reward=step(
            gate,
            condition=ref("format"),  # card: exactly one list of chunks and one answer, else 0 for all
            x=step(
                bilinear,
                process=step(f_beta, ref("selected"), ref("gold_ids"), beta=beta),  # card: beta 2
                a=1.0,
                b=1 - eta,
                c=eta,  # card: eta 0.1
            ),
        ),
        credit=GRPO,
    )


@recipe(
    no=137,
    system="Parrot",
    arxiv="2401.05675",
    claim="Updates from the non-dominated samples of a batch need no weights: any scale of a reward selects the same.",
    check="tests/claims/claims_reward_shaping.py::claim_parrot",
    evidence="read",
    departs=(
        "Selection and pay only: reward tokens in the prompt and the mixed guidance at inference are the trainer's.",
        "A sample with a reward that is missing is NaN and takes no part in the front.",
    ),
)
def parrot() -> Recipe:
    """The reward that the prompt asked for, on the front of its group; the others are left out.

    reward_i = [i in P] * rewards[i, target_i], P = rows that no row of the group dominates; advantage_i = reward_i /
    (|P| / N): the mean over P. A group is one prompt under one reward token.
    """
    return Recipe(
        reward=step(
            gate,
            condition=step(all_pass, ref("rewards"), asked=None),
            x=step(multiply, terms=(FRONT, step(weighted_sum, ref("rewards"), ref("target"), asked=None))),
            threshold=float("-inf"),  # any value will do: only a missing one counts
        ),
        credit=step(ratio, ref("reward"), by=step(group_stat, FRONT)),
    )


@recipe(
    no=115,
    system="CRF",
    arxiv="2511.09158",
    claim="Conciseness multiplied into right answers shortens them at any strength, where a length penalty collapses.",
    check="tests/claims/claims_reward_shaping.py::claim_crf",
    evidence="notes",
    departs=("alpha and the schedule are not published; the values are ours.",),
)
def crf(alpha: float = 0.5, start: float = 1.0) -> Recipe:
    """Conciseness multiplies what a right answer earns, more on easy prompts and early in training.

    reward = outcome * (1 + alpha * process * (s_t + exp(mean outcome of the group))), process = conciseness in
    [0.1, 1], s_t = start falling to 0 in a straight line; advantage = (reward - mean) / std in the group.
    """
    return Recipe(
        reward=step(
            bilinear,
            a=1.0,
            b=step(
                combine,
                terms=(
                    step(schedule, start=start),  # ours
                    step(exponential, step(group_stat, ref("outcome"))),  # card: e^(share right)
                ),
                coefficients=(alpha, alpha),  # ours
            ),
        ),
        credit=GRPO,
    )
