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
    log_ratio,
    mix,
    modulate,
    place,
    pool,
    position,
    prefix,
    scale,
    suffix,
    vote,
    z_score,
)
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import sizes, spread
from rubricate.rewards import combine, exponential, fuse_progress, gate, multiply, step_penalty
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
FUSED = step(
    fuse_progress,
    ref("turn_hop"),
    ref("turn_forward"),
    ref("turn_backward"),
    ref("turn_off"),
    ref("start_state"),
)


@recipe(
    no=158,
    system="MAPO / MICA",
    arxiv="2603.06194",
    claim="Returns compared turn by turn and rewards compared over all turns credit a turn better together than alone.",
    check="tests/claims/claims_credit_turns.py::claim_mapo",
    evidence="notes",
    invariances=("permutation",),
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
    invariances=("permutation", "shift", "split"),
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
    invariances=("permutation", "shift", "scale"),
    departs=(
        "std with one degree of freedom and eps 1e-6 for the outcome are ours.",
        "The bonus is positive in failed rollouts too: where all rollouts fail it alone decides the sign.",
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
    invariances=("permutation", "split"),
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


@recipe(
    no=152,
    system="DenseGRPO",
    arxiv="2601.20218",
    claim="The change of the completed draft's score credits each step; with poor completions it is worse than sparse.",
    check="tests/claims/claims_credit_turns.py::claim_dense_grpo",
    evidence="notes",
    invariances=("permutation",),
    departs=(
        "The paper finds completions in one step worse than the sparse reward. Here noise of twice the gain of a step "
        "still credits it a little better (.35 against .30); from three times on it is worse.",
        "Text in place of images: after each turn the draft is completed greedily and judged.",
        "The noise level per time step, tuned to balance signs, has no counterpart.",
    ),
    fit="peripheral",
)
def dense_grpo() -> Recipe:
    """Each turn earns what it adds to the score of the completed draft, compared with equal turns of its prompt.

    r_t = R(completed draft after t) - R(before t); A_t = z(r_t in prompt and turn index). Train from the notes.
    """
    return Recipe(
        reward=PROGRESS,
        credit=step(z_score, ref("reward"), CELL),
        train={"group_size": 24, "steps": 10},  # card
    )


@recipe(
    no=153,
    system="OPRL / iStar",
    arxiv="2509.19199",
    claim="A log-ratio trained on pairs of whole rollouts recovers the reward of each step, and stays bounded.",
    check="tests/claims/claims_credit_turns.py::claim_oprl",
    evidence="read",
    invariances=("permutation", "shift", "scale"),
    departs=("The pair loss of the reward model is the trainer's; here its log-probabilities are read.",),
)
def oprl(alpha: float = 1.0, beta: float = 0.05) -> Recipe:
    """The outcome's advantage plus that of an implicit step reward, against the previous policy.

    r_t = beta * sum over the turn's tokens of (log pi_phi - log pi_old); A_t = z(outcome in the prompt) + alpha *
    z(r_t over all turns of the prompt). token_logp is the reward model's, token_logp_ref the old policy's; its loss
    is -log sigmoid of the difference of the sums of a right and a wrong rollout. beta recalled.
    """
    return Recipe(
        reward=step(
            pool,
            step(
                prefix,
                step(log_ratio, ref("token_logp"), ref("token_logp_ref"), beta=beta),  # recalled: .05
                ref("turn_tokens"),
                keep=ref("token_mask"),
            ),
            ref("turn_tokens"),
            "last",
            mask=ref("token_mask"),
        ),
        credit=step(
            fuse,
            step(z_score, ref("outcome"), ref("group")),
            step(z_score, ref("reward"), BY_TURN),
            ref("turn_off"),
            beta=alpha,  # card: 1
        ),
        train={"clip": 0.2, "kl": 0.0},  # card
    )


@recipe(
    no=125,
    system="Robo-Dopamine",
    arxiv="2512.23703",
    claim="Progress paid as a potential that is 0 at the end leaves the best policy alone; other dense forms do not.",
    check="tests/claims/claims_credit_turns.py::claim_robo_dopamine",
    evidence="read",
    invariances=("permutation",),
    departs=(
        "alpha and gamma are not known; the values are ours. In the check alpha .1 to .3 helps and 3 hurts: it then "
        "freezes on the noise of early turns.",
        "The trust compares the two judged shares only: corrupted hops go through.",
        "The hop model is trained elsewhere; hops and both judged shares of the way are inputs.",
    ),
    fit="peripheral",
)
def robo_dopamine(alpha: float = 0.3, gamma: float = 0.99, delta: float = 0.05, terminal: str | float = 0.0) -> Recipe:
    """Three estimates of progress fused by their agreement, paid as potential-based shaping beside the goal.

    P = fused progress; r_t = [P_t >= 1 - delta] + gamma * P_t - P_{t-1}, with ``terminal`` as P after the last turn
    (``keep`` leaves it in); A_t = sum_{k >= t} gamma^(k - t) r_k. delta from the paper.
    """
    return Recipe(
        reward=step(
            combine,
            (
                step(gate, FUSED.replace(alpha=alpha), 1.0, threshold=1 - delta),  # ours: alpha .3; card: delta .05
                step(
                    difference,
                    FUSED.replace(alpha=alpha),
                    ref("turn_off"),
                    ref("start_state"),
                    gamma=gamma,  # ours: .99
                    terminal=terminal,  # card: 0
                ),
            ),
        ),
        credit=step(suffix, ref("reward"), ref("turn_off"), gamma=gamma),
    )


@recipe(
    no=113,
    system="Towards better dense rewards",
    arxiv="",
    claim="Dense rewards have to be aligned with the outcome: shaping by a potential is the form that cannot mislead.",
    check="tests/claims/claims_credit_turns.py::claim_dense_rewards",
    evidence="abstract-only",
    invariances=("permutation", "sign", "split"),
    departs=(
        "A proposal without a mechanism of its own; the composition is the one it asks for, and ours.",
        "The check is that of card 125.",
    ),
    fit="peripheral",
)
def dense_rewards(gamma: float = 1.0) -> Recipe:
    """The outcome at the end plus a judged state as a potential that is 0 there.

    r_t = outcome at the last turn + gamma * state_t - state_{t-1}, state 0 after the last turn; A_t = sum_{k >= t}
    gamma^(k - t) r_k.
    """
    return Recipe(
        reward=step(
            combine,
            (
                step(place, ref("outcome"), ref("turn_off")),
                step(difference, ref("turn_state"), ref("turn_off"), ref("start_state"), gamma=gamma, terminal=0.0),
            ),
        ),
        credit=step(suffix, ref("reward"), ref("turn_off"), gamma=gamma),  # ours: 1
    )
