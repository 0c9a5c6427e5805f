"""Credit for turns and steps: judged progress, critiques, entropies and step rewards beside the outcome.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
Advantages are per turn or step; the trainer spreads them over the tokens that the policy wrote.
"""

from __future__ import annotations

from rubricate.credit import (
    difference,
    following,
    fuse,
    key,
    mix,
    modulate,
    pool,
    position,
    scale,
    suffix,
    vote,
    z_score,
)
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import sizes, spread
from rubricate.rewards import combine, exponential, gate, multiply, step_penalty
from rubricate.steps import ref, step

BY_TURN = step(spread, ref("group"), ref("turn_off"))
BY_STEP = step(spread, ref("group"), ref("step_off"))
PROGRESS = step(difference, ref("turn_state"), ref("turn_off"), ref("start_state"))
ENTROPY = step(
    scale,
    step(pool, ref("token_entropy"), ref("turn_tokens"), "mean", mask=ref("token_mask")),
    "batch",
    "minmax",
    eps=1e-8,  # card 166
)
CELL = step(key, (BY_TURN, step(position, ref("turn_off"))))


@recipe(
    no=158,
    system="MAPO",
    arxiv="2603.06194",
    claim="Returns compared turn by turn and rewards compared over all turns credit a turn better together than alone.",
    check="tests/claims/claims_credit_turns.py::claim_mapo",
    evidence="notes",
    departs=(
        "gamma differs by version and is not confirmed; 1 is ours.",
        "All turns of the prompt are compared, as in v3; v1 compares those of the batch.",
        "A turn index that one rollout reaches has nothing to compare: the other term stands alone. The same where a "
        "later state is missing, so that the return is unknown.",
    ),
)
def mapo(alpha: float = 0.5, gamma: float = 1.0, eps: float = 1e-8) -> Recipe:
    """What each turn gains on a judged state: its return among equal turns, itself among all turns.

    r_t = state_t - state_{t-1}; G_t = sum_{k >= t} gamma^(k - t) r_k; A_t = alpha * z(G_t in prompt and turn index) +
    (1 - alpha) * z(r_t in the prompt), population std. The card's distance from the goal is 1 - state. alpha from the
    paper, which finds .5 to .7 best.
    """
    return Recipe(
        reward=PROGRESS,
        credit=step(
            mix,
            (
                step(
                    z_score,
                    step(suffix, ref("reward"), ref("turn_off"), gamma=gamma),  # ours: 1
                    CELL,
                    ddof=0,  # ours
                    eps=eps,  # card
                    singleton="nan",
                ),
                step(z_score, ref("reward"), BY_TURN, ddof=0, eps=eps),
            ),
            (alpha, 1 - alpha),  # card: .5
            missing="renormalise",
        ),
    )


@recipe(
    no=127,
    system="CAPO",
    arxiv="2508.02298",
    claim="Critiques that must all agree rarely blame a good step; the outcome dominates as long as reward > penalty.",
    check="tests/claims/claims_credit_turns.py::claim_capo",
    evidence="notes",
    departs=(
        "eps and the std of the z-score are not published.",
        "Intersection finds 41 % of the wrong steps with four critiques of 80 % recall; majority is better from eight.",
        "Four critiques that err together are worth one.",
    ),
)
def capo(reward: float = 2.0, penalty: float = 1.0, rule: str = "all") -> Recipe:
    """Right answers earn a constant, steps that the critiques call wrong lose one; z-score over the group's tokens.

    r_t = reward * outcome - penalty * wrong_t, wrong_t = vote of the critiques (all: intersection, or majority); A_t =
    (r_t - mean) / std, both over all tokens of all rollouts of the prompt. Constants from the paper; 4 critiques.
    """
    return Recipe(
        reward=step(
            step_penalty,
            ref("outcome"),
            step(combine, (step(vote, ref("step_flags"), rule),), (-1.0,), constant=1.0),
            ref("step_off"),
            reward=reward,  # card: 2
            penalty=penalty,  # card: 1
        ),
        credit=step(z_score, ref("reward"), BY_STEP, row_weights=step(sizes, ref("step_tokens"))),  # ours: ddof, eps
        train={"critiques": 4, "temperature": 0.0},  # card
    )


@recipe(
    no=166,
    system="EMPG",
    arxiv="2509.09265",
    claim="Confident steps take more of the advantage and uncertain ones less, at the same mean weight.",
    check="tests/claims/claims_credit_turns.py::claim_empg",
    evidence="read",
    departs=(
        "std with one degree of freedom and eps 1e-6 for the outcome are ours.",
        "The bonus is positive in failed rollouts too: a few of their steps end above 0.",
    ),
)
def empg(k: float = 1.0, k_next: float = 1.0, zeta: float = 0.1) -> Recipe:
    """The outcome scaled by the confidence of each turn, plus a bonus for leading to a confident next one.

    A_t = z(outcome) * g(H_t) + zeta * f(H_{t+1}), less the mean of the batch; H = mean token entropy of the turn,
    min-max over the batch, g = exp(-k H) / mean exp(-k H), f = exp(-k_next H), none after the last turn. Constants
    from the project page.
    """
    return Recipe(
        credit=step(
            modulate,
            step(
                multiply,
                (
                    step(spread, step(z_score, ref("outcome"), ref("group")), ref("turn_off")),
                    step(scale, step(exponential, step(multiply, (ENTROPY, -k))), "batch", "meanone"),  # card: k 1
                ),
            ),
            step(
                multiply,
                (
                    step(following, step(exponential, step(multiply, (ENTROPY, -k_next))), ref("turn_off")),  # card: 1
                    zeta,  # card: 0.1
                ),
            ),
            "add",
            recenter="batch",
        ),
    )


@recipe(
    no=131,
    system="ProRAG",
    arxiv="2601.21912",
    claim="A step advantage beside the outcome's; the fine for bad format takes nearly all of its variance.",
    check="tests/claims/claims_credit_turns.py::claim_prorag",
    evidence="read",
    departs=(
        "Part of the system: the reward model from tree search and the importance weights are the trainer's.",
        "eps of the step term is ours.",
        "The check shows the defect; its remedy (format and quality standardised apart) is not part of the recipe.",
    ),
)
def prorag(beta: float = 0.3, floor: float = 0.2) -> Recipe:
    """Outcome advantage of the rollout plus the step reward, standardised over the tokens of the prompt.

    R = 2 * F1 (0 below floor) + 1 or -1 for format; r_t = PRM score in [0, 1] + (1 if valid else -2); A_t = z(R in the
    prompt) + beta * z(r_t over the tokens of the prompt). Constants from the released scripts (beta .5 by default).
    """
    return Recipe(
        reward=step(
            combine,
            (step(gate, ref("answer_f1"), ref("answer_f1"), threshold=floor), step(gate, ref("format"), 1.0, -1.0)),
            (2.0, 1.0),  # card
        ),
        credit=step(
            fuse,
            step(z_score, ref("reward"), ref("group"), eps=1e-4),  # card
            step(
                z_score,
                step(combine, (ref("step_scores"), step(gate, ref("step_valid"), 1.0, -2.0))),  # card
                BY_STEP,
                row_weights=step(sizes, ref("step_tokens")),
            ),
            ref("step_off"),
            beta=beta,  # card: .3
        ),
        train={"group_size": 8, "learning_rate": 1e-5, "interactions": 11},  # card
    )
