"""Rewards of particular tasks: tests in tiers, SQL, chains of agents, dialogues with a user, sets of labels.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.credit import pool
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe, variant
from rubricate.rewards import (
    affine,
    agreement_weights,
    by_kind,
    column_norm,
    combine,
    f_beta,
    gate,
    group_norm,
    multiply,
    piecewise,
    shared_outcome,
    stage,
    weighted_sum,
)
from rubricate.steps import ref, step

GRPO = step(group_norm, ref("reward"))


EASY_FIRST = ((1, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 0), (1, 1, 1, 1))
HARD_FIRST = ((0, 0, 1, 0), (0, 0, 1, 1), (0, 1, 1, 1), (1, 1, 1, 1))


@recipe(
    no=171,
    system="TAROT",
    arxiv="",
    claim="Weak models get a signal from easy tests first, strong ones from hard tests first.",
    check="tests/claims/claims_reward_agents.py::claim_tarot",
    evidence="read",
    departs=("The choice of the order from the pass rates of the base model is made in the check, not in the recipe.",),
)
def tarot(
    tiers: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25),
    order: tuple[tuple[int, ...], ...] = EASY_FIRST,
    edges: tuple[float, ...] = (0.2, 0.4, 0.6),
) -> Recipe:
    """Format plus the tests of the tiers that are active at this time; weights are not renormalised.

    reward = format + sum_j tiers[tier_j] * active_t[tier_j] * score_j, ``category`` = tier (0 basic, 1 medium, 2 high,
    3 edge); advantage = (reward - mean) / std in the group. Weights, edges and train from the released code, which also
    has (.35, .35, .15, .15) and (.15, .15, .35, .35).
    """
    return Recipe(
        reward=step(
            combine,
            terms=(
                ref("format"),
                step(
                    weighted_sum,
                    weights=step(
                        by_kind,
                        ref("category"),
                        step(multiply, terms=(step(stage, edges=edges, stages=order), tiers)),  # card
                    ),
                ),
            ),
        ),
        credit=GRPO,
        train={"group_size": 7, "learning_rate": 1e-6, "kl": 0.01, "seconds_per_test": 5},  # card
    )


tarot_hard_first = variant(tarot, order=HARD_FIRST)


@recipe(
    no=151,
    system="Reasoning-SQL",
    arxiv="2503.23157",
    claim="Partial rewards for SQL find the right query where the execution match alone stays without.",
    check="tests/claims/claims_reward_agents.py::claim_reasoning_sql",
    evidence="recalled",
    departs=(
        "At its best step size the execution alone got there in 8 of 10 seeds here, with partial rewards in 10 of 10: "
        "they help, mostly with small steps, but most seeds do without.",
        "A query that the judge likes can earn more without the right result (6) than one with it (5).",
    ),
)
def reasoning_sql(execution: float = 3.0, judge: float = 2.0) -> Recipe:
    """Execution match, a judge, and four partial scores, summed.

    reward = 3 outcome + 2 process + syntax + schema + ngram + format; ``rewards`` = (executes without error, Jaccard
    of tables and columns, Jaccard of token bigrams); advantage = (reward - mean) / std in the group. Weights recalled.
    """
    return Recipe(
        reward=step(
            combine,
            terms=(
                ref("outcome"),
                ref("process"),
                step(weighted_sum, ref("rewards"), weights=1.0, asked=None),
                ref("format"),
            ),
            coefficients=(execution, judge, 1.0, 1.0),  # recalled: 3, 2, 1, 1
        ),
        credit=GRPO,
    )


@recipe(
    no=148,
    system="CoMAM",
    arxiv="2603.12631",
    claim="The agent whose own score ranks the chains as their outcome does gets the largest share of the outcome.",
    check="tests/claims/claims_reward_agents.py::claim_comam",
    evidence="notes",
    departs=(
        "The shares and the reward; the memory agents and the joint training of several models do not carry over.",
    ),
    fit="peripheral",
)
def comam(temperature: float = 1.0) -> Recipe:
    """The outcome of a chain of agents, shared by how well each agent's own score ranks the chains of its group.

    reward[:, a] = local_a + w_a * outcome, w = softmax over agents of NDCG(order by local_a, gains = outcome);
    advantage[:, a] = (reward - mean) / std of the column in the group. Softmax at temperature 1 and train from notes.
    """
    return Recipe(
        reward=step(
            shared_outcome,
            ref("rewards"),
            share=step(agreement_weights, ref("rewards"), temperature=temperature),  # card: plain softmax
        ),
        credit=step(column_norm, ref("reward")),
        train={"group_size": 8},  # card
    )


@recipe(
    no=156,
    system="RLVER",
    arxiv="2507.03112",
    claim="The final mood of a simulated user is reward enough to learn what to say when.",
    check="tests/claims/claims_reward_agents.py::claim_rlver",
    evidence="notes",
    departs=("The reward; the user is a small scripted state machine in the check, not a model with a persona.",),
)
def rlver(best: float = 100.0) -> Recipe:
    """The mood of the user after the last turn, for the whole dialogue.

    reward = format * mood_T / 100; advantage = (reward - mean) / std in the group. A dialogue ends after 8 turns or at
    mood 0. Scale and turns from notes on the paper.
    """
    return Recipe(
        reward=step(
            gate,
            condition=ref("format"),  # card: the thinking format is enforced
            x=step(affine, step(pool, ref("turn_mood"), ref("turn_off"), "last"), lo=0.0, hi=best),  # card: 0 to 100
        ),
        credit=GRPO,
        train={"turns": 8},  # card
    )


@recipe(
    no=162,
    system="AffectGPT-R1",
    arxiv="2508.01318",
    claim="F1 of labels and format, and a fine on long lists: recall invites label spam, more rewards do not help.",
    check="tests/claims/claims_reward_agents.py::claim_affectgpt_r1",
    evidence="notes",
    departs=("The threshold of the fine is not published; the values are ours. Synonyms are merged before.",),
    fit="peripheral",
)
def affectgpt_r1(limit: float = 8.0, span: float = 8.0) -> Recipe:
    """Overlap of predicted and true labels, format, and a fine on lists that are too long.

    reward = F1 + format - clip((labels - limit) / span, 0, 1); advantage = (reward - mean) / std in the group. Labels
    are marks in ``selected``. The choice of the two rewards from notes on the paper, limit and span are ours.
    """
    return Recipe(
        reward=step(
            combine,
            terms=(
                step(f_beta, beta=1.0),  # card: an F-style overlap
                ref("format"),
                step(
                    piecewise,
                    step(weighted_sum, ref("selected"), weights=1.0, asked=None),
                    knots=(limit, limit + span),  # ours
                    values=(0.0, -1.0),  # ours
                ),
            ),
        ),
        credit=GRPO,
    )
