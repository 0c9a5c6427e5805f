"""Rewards that watch how they are used: weights from contrast, trust in a judge, partial credit, steps and tokens.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.credit import columnwise_group_norm, fuse, key
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import spread
from rubricate.rewards import (
    ContrastWeights,
    after_answer,
    bilinear,
    by_kind,
    category_mean,
    changed_after_failure,
    combine,
    first_time,
    gate,
    group_norm,
    multiply,
    proper_score,
    scaled_weights,
    schedule,
    trust_weight,
    weighted_mean,
)
from rubricate.steps import ref, step
from rubricate.verifiers import contains

GRPO = step(group_norm, ref("reward"))
FOUND = step(weighted_mean, weights=1.0)


@recipe(
    no=202,
    system="POW3R",
    arxiv="2605.20164",
    claim="Criterion weights that follow the contrast between rollouts reach the same level in fewer steps.",
    check="tests/claims/claims_reward_agents.py::claim_pow3r",
    evidence="notes",
    departs=(
        "strength, memory, eps, floor and ceiling are not published; the values are ours.",
        "The paper reports 2.5 to 4 times fewer steps; here it is 1.6 times, at the best step sizes 1.3 times.",
        "When the judge errs at .3 the weights follow its noise and end lower than plain ones, unless the rate of the "
        "errors is known (flip_rate of the weight maker; not in the paper).",
        "A missing verdict is left out with its weight; what the paper does with it is not known.",
    ),
)
def pow3r(
    strength: float = 0.7, memory: float = 0.5, floor: float = 0.25, ceiling: float = 4.0, eps: float = 0.01
) -> Recipe:
    """Human weights times factors that follow the variance of each criterion over the rollouts of its prompt.

    reward = mean_k (sum_{j in k} w_j a_j s_j / sum_{j in k} w_j a_j) over categories k; after each epoch a_j <- clip(
    memory a_j + (1 - memory) clip(1 + strength (g_j / G_k - 1))), g_j = var_j + eps, G_k = its weighted mean in the
    category; advantage = (reward - mean) / std in the group. Evaluation uses the plain weights. From notes.
    """
    return Recipe(
        weights=step(
            ContrastWeights,
            strength=strength,  # ours
            memory=memory,  # ours
            floor=floor,  # ours
            ceiling=ceiling,  # ours
            eps=eps,  # ours
            min_valid=0.75,  # card
        ),
        reward=step(
            category_mean,
            weights=step(scaled_weights, ref("weights"), ref("factors"), ref("group")),
            missing="drop_item",  # ours
        ),
        credit=GRPO,
    )


@recipe(
    no=165,
    system="RLCR",
    arxiv="2507.16806",
    claim="A Brier term beside correctness makes stated confidence honest and costs no accuracy.",
    check="tests/claims/claims_reward_agents.py::claim_rlcr",
    evidence="read",
    departs=("The scale is that of the released code; the paper writes outcome - (outcome - confidence)^2.",),
)
def rlcr(format_weight: float = 0.5, outcome_weight: float = 0.5, brier_weight: float = 0.5) -> Recipe:
    """Format, correctness and the Brier score of the stated confidence; centred, not divided by a std.

    reward = format * (.5 + .5 outcome + .5 (1 - (outcome - confidence)^2)); advantage = reward - mean in the group.
    Weights and train from the released code and its configuration.
    """
    return Recipe(
        reward=step(
            gate,
            condition=ref("format"),  # card: the confidence must parse and lie in [0, 1]
            x=step(
                combine,
                terms=(1.0, ref("outcome"), 1.0, step(proper_score, ref("outcome"), ref("confidence"))),
                coefficients=(format_weight, outcome_weight, brier_weight, brier_weight),  # card: .5 each
            ),
        ),
        credit=step(group_norm, ref("reward"), scale=None),  # card
        train={"group_size": 32, "learning_rate": 1e-6, "kl": 0.0, "temperature": 0.7},  # card
    )


@recipe(
    no=198,
    system="WCR",
    arxiv="2605.05702",
    claim="Waypoint coverage pays partial credit to wrong answers only, so groups of wrong answers carry a signal.",
    check="tests/claims/claims_reward_agents.py::claim_wcr",
    evidence="abstract-only",
    departs=("lambda and the matching of entities are not published; the value is ours.", "The solver's reward only."),
)
def wcr(lam: float = 0.3) -> Recipe:
    """1 for a right answer; for a wrong one, the share of waypoints that the trajectory found, scaled below 1.

    reward = outcome + lam * (1 - outcome) * coverage; advantage = (reward - mean) / std in the group. Waypoints are the
    intermediate entities of the path from which the question was made: one criterion each. lam < 1 is ours.
    """
    return Recipe(
        reward=step(bilinear, process=FOUND, a=1.0, b=-lam, c=lam),  # ours: 0.3
        credit=GRPO,
    )


@recipe(
    no=176,
    system="Trust-GRPO (SophiaVL-R1)",
    arxiv="",
    claim="A trust weight from right and wrong rollouts keeps a thinking reward from teaching wrong answers.",
    check="tests/claims/claims_reward_agents.py::claim_trust_grpo",
    evidence="read",
    departs=(
        "The formulas of the paper. The released code pays no thinking score to wrong rollouts, nor in groups with one "
        "kind of outcome, and decays over 12000 steps.",
        "With outcomes in {0, 1} a coefficient of .3 cannot change the order of rows: trust then changes sizes only.",
    ),
)
def trust_grpo(alpha: float = 0.3) -> Recipe:
    """The outcome plus a thinking score that is trusted where it rates right rollouts higher, and fades.

    reward = outcome + trust * alpha * exp(-progress) * process, trust = min(1, exp(mean process of right rollouts -
    mean of wrong ones)) in the group; advantage = (reward - mean) / std in the group. alpha and train from the paper.
    """
    return Recipe(
        reward=step(
            bilinear,
            a=1.0,
            c=step(
                multiply,
                terms=(step(trust_weight), step(schedule, kind="exponential", start=alpha)),  # card: alpha .3, T steps
            ),
        ),
        credit=GRPO,
        train={"group_size": 8, "kl": 0.04, "learning_rate": 5e-7, "steps": 1500},  # card
    )


@recipe(
    no=196,
    system="LongTraceRL",
    arxiv="2605.31584",
    claim="Entities of the reasoning chain as a rubric for right answers only: listing them in a wrong one pays 0.",
    check="tests/claims/claims_reward_agents.py::claim_longtracerl",
    evidence="read",
    departs=(
        "A right answer that lists every entity earns the full rubric: the rubric reads names, not reasoning.",
        "Entities are found as plain text in any case; the released code keeps letters and digits only.",
    ),
    same_as="carr",
)
def longtracerl(alpha: float = 0.3) -> Recipe:
    """Share of the gold entities that the final content names, added to right answers only.

    reward = format * outcome * ((1 - alpha) + alpha * s / max_group s), s = entities named / entities, the maximum over
    right and wrong rollouts; advantage = (reward - mean) / std in the group. alpha and train from the released code.
    """
    return Recipe(
        judge=step(contains, mode="all", partial=True),  # card: share of entities in the final content
        reward=step(
            gate,
            condition=ref("format"),
            x=step(
                bilinear,
                process=step(group_norm, FOUND, center=False, scale="max"),
                a=1 - alpha,  # card: alpha 0.3
                b=alpha,
            ),
        ),
        credit=GRPO,
        train={"group_size": 8, "prompts": 2815, "rollouts": 200},  # card
    )


@recipe(
    no=163,
    system="RLVMR",
    arxiv="2507.22844",
    claim="Rules pay steps by their tag, normalised inside the tag: fewer repeated actions, rare good steps count.",
    check="tests/claims/claims_reward_agents.py::claim_rlvmr",
    evidence="read",
    departs=(
        "In the check it is speed: 6 to 11 times fewer repeats after 200 small updates, none at all after large.",
        "Starts from tagged steps; the cold start with about 300 tagged traces is the trainer's.",
    ),
)
def rlvmr(weight: float = 0.5, penalty: float = 0.1) -> Recipe:
    """The outcome of the episode plus what the rule for its tag pays each step, each normalised among its own.

    A_t = z(outcome in the prompt) + weight * z(r_t in prompt and tag); r_t = outcome for planning, 1 for an explored
    action that is new, 1 for a reflection that changes a failed action, 0 for monitor, -penalty without a valid tag.
    Weight, penalty and the division by std from the released configuration.
    """
    return Recipe(
        credit=step(
            fuse,
            step(group_norm, ref("outcome")),
            step(
                group_norm,
                step(
                    by_kind,
                    ref("step_kind"),
                    (
                        step(spread, ref("outcome"), ref("step_off")),
                        step(first_time, ref("step_action")),
                        step(changed_after_failure, ref("step_action")),
                        0.0,
                        -penalty,  # card: 0.1
                    ),
                ),
                step(key, (step(spread, ref("group"), ref("step_off")), ref("step_kind"))),
            ),
            ref("step_off"),
            beta=weight,  # card: 0.5
        ),
    )


@recipe(
    no=147,
    system="DECS",
    arxiv="2509.25827",
    claim="A length reward on redundant tokens only; on the whole sequence it also fines the part that is needed.",
    check="tests/claims/claims_reward_agents.py::claim_decs",
    evidence="read",
    departs=(
        "The share of all-correct prompts in a batch, steered by the redundancy, is the trainer's.",
        "The last step of a row is its final answer; steps are cut and judged before.",
    ),
)
def decs(beta: float = 0.1, limit: float = 16000.0) -> Recipe:
    """Tokens behind the first step that holds the right answer earn less in a long rollout; compared column by column.

    reward_t = outcome * (1 + beta), less beta * length / limit on redundant tokens of right rollouts; advantage_t =
    (reward_t - mean) / std over the group at position t, where ended rollouts count with outcome * (1 + beta). beta,
    limit and train from the released code.
    """
    return Recipe(
        reward=step(
            combine,
            terms=(
                step(spread, ref("outcome"), ref("token_off")),
                step(spread, step(after_answer), ref("step_tokens")),
            ),
            coefficients=(
                1 + beta,  # card: beta 0.1
                step(spread, step(multiply, terms=(ref("outcome"), ref("length"), -beta / limit)), ref("token_off")),
            ),
        ),
        credit=step(
            columnwise_group_norm,
            ref("reward"),
            ref("token_off"),
            past_end=step(multiply, terms=(ref("outcome"), 1 + beta)),
        ),
        train={"group_size": 16, "max_tokens": 16000, "learning_rate": 2e-6, "easy_rate": 0.2},  # card
    )
