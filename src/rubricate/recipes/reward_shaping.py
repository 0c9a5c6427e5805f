"""Rewards shaped by a gate, a schedule, an order or a front: what a score adds to an outcome, and where it may.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import group_stat, segment_reduce, spread
from rubricate.rewards import (
    affine,
    all_pass,
    bilinear,
    combine,
    exponential,
    f_beta,
    gate,
    gated_accumulate,
    group_norm,
    group_softmax,
    learn_blend,
    lexicographic_pairs,
    multiply,
    pareto_mask,
    product,
    rank_penalty,
    ratio,
    running_scale,
    schedule,
    weighted_sum,
)
from rubricate.steps import ref, step

GRPO = step(group_norm, ref("reward"))
FRONT = step(pareto_mask, ref("rewards"))
WRONG = step(affine, ref("outcome"), lo=0.0, hi=1.0, a=1.0, b=0.0)
MEAN_LOGP = step(segment_reduce, ref("token_logp"), ref("token_off"), how="mean")
TURN_ASKED = step(spread, ref("asked"), ref("turn_off"))


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
    system="CRF / CRM",
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


@recipe(
    no=122,
    system="G-RA",
    arxiv="2508.10548",
    claim="Step rewards that count only when the long-term goal passes its gate cannot be farmed; added up, they are.",
    check="tests/claims/claims_reward_shaping.py::claim_g_ra",
    evidence="notes",
    departs=(
        "The authors' gates and step rewards are not published; the gate is ours.",
        "One gate, the outcome; with more levels high is a table [N, n] of them and gates has n numbers.",
    ),
)
def g_ra(gate_level: float = 0.0) -> Recipe:
    """The outcome, and the rewards of the turns where the outcome reaches its gate.

    reward = outcome + [outcome >= gate] * sum_t turn_scores_t; the outcome is negative without a submission, 0 for a
    wrong one. advantage = (reward - mean) / std in the group.
    """
    return Recipe(
        reward=step(
            combine,
            terms=(
                ref("outcome"),
                step(
                    gated_accumulate,
                    ref("turn_scores"),
                    ref("turn_off"),
                    high=ref("outcome"),
                    gates=(gate_level,),  # ours
                ),
            ),
        ),
        credit=GRPO,
    )


@recipe(
    no=124,
    system="DRPO",
    arxiv="2510.04474",
    claim="A length preference inside the right answers never pushes one of them down; in GRPO it does.",
    check="tests/claims/claims_reward_shaping.py::claim_drpo",
    evidence="read",
    departs=("The squared hinge on KL is the trainer's: its limit and weight are in train.",),
)
def drpo(lam: float = 0.1, tau: float = 10.0, max_length: float = 8192.0) -> Recipe:
    """Right answers share a softmax of their shortness, wrong ones a softmax of their likelihood, with opposite signs.

    coefficient = softmax over the right of (1 - length / max_length) / lam, minus softmax over the wrong of (mean
    log-probability) / tau; 0 in groups of one kind. It multiplies the gradient of the mean log-probability. Constants
    from the released code.
    """
    return Recipe(
        credit=step(
            gate,
            condition=step(
                multiply, terms=(step(group_stat, ref("outcome"), op="max"), step(group_stat, WRONG, op="max"))
            ),
            x=step(
                combine,
                terms=(
                    step(
                        group_softmax,
                        step(affine, ref("length"), lo=0.0, hi=max_length, a=1.0, b=0.0),  # card: 8192
                        temperature=lam,  # card: 0.1 (a large one gives DisCO)
                        where=ref("outcome"),
                    ),
                    step(group_softmax, MEAN_LOGP, temperature=tau, where=WRONG),  # card: 10
                ),
                coefficients=(ref("outcome"), step(affine, ref("outcome"), lo=0.0, hi=1.0, a=-1.0, b=0.0)),
            ),
        ),
        train={"group_size": 8, "learning_rate": 2e-6, "kl_limit": 1e-4, "kl_weight": 1e3},  # card
    )


@recipe(
    no=129,
    system="Router-R1",
    arxiv="2506.09033",
    claim="A cost on the scale of its own recent past keeps its spread, and one coefficient trades it for accuracy.",
    check="tests/claims/claims_reward_shaping.py::claim_router_r1",
    evidence="read",
    departs=(
        "The mix of outcome and cost is recalled: the readable fork computes the cost and no longer adds it.",
        "The window moves by batches, not by single calls; alpha is ours.",
    ),
)
def router_r1(alpha: float = 0.5, window: int = 1000) -> Recipe:
    """A hard format override, else a mix of the outcome and of how cheap the calls were.

    reward = -1 for a bad format, else (1 - alpha) * outcome + alpha * (1 - scaled cost); scaled = (sqrt(cost) - q05) /
    (q95 - q05) of the last ``window`` costs, clipped to [0, 1]; advantage = (reward - mean) / std in the group.
    """
    return Recipe(
        reward=step(
            gate,
            condition=ref("format"),
            x=step(
                bilinear,
                process=step(
                    running_scale,
                    ref("cost"),
                    ref("cost_history"),
                    window=window,  # card: 1000 calls, their 5% and 95% percentiles
                    invert=True,
                ),
                a=1 - alpha,  # ours
                c=alpha,
            ),
            otherwise=-1.0,  # card
        ),
        credit=GRPO,
    )


@recipe(
    no=134,
    system="CaRL",
    arxiv="2504.17838",
    claim="One bounded progress reward with multiplied penalties: waiting earns nothing, where shaped terms reward it.",
    check="tests/claims/claims_reward_shaping.py::claim_carl",
    evidence="read",
    departs=(
        "Progress and penalties of a checked episode; the driving terms and their table of factors are left out.",
    ),
    fit="peripheral",
)
def carl(budget: float = 100.0, penalty: float = 1.0) -> Recipe:
    """Progress of each turn times the soft penalties, less a fine for an error that ends the episode.

    reward_t = budget * turn_scores_t * prod_c turn_verdicts_tc - penalty * [turn t is not valid], per turn; the scores
    of a row are shares of its task and sum to 1 at most, so no row earns more than the budget.
    """
    return Recipe(
        reward=step(
            combine,
            terms=(
                step(multiply, terms=(ref("turn_scores"), step(product, ref("turn_verdicts"), TURN_ASKED))),
                ref("turn_valid"),
            ),
            coefficients=(budget, penalty),  # card: 100 (percent of the route) and 1
            constant=-penalty,
        )
    )


@recipe(
    no=144,
    system="ReRe",
    arxiv="2510.12211",
    claim="Misses above the target in the beam are fined by their rank, so a group with one hit has more to teach.",
    check="tests/claims/claims_reward_shaping.py::claim_rere",
    evidence="read",
    departs=("The reward over a beam of distinct items; constrained decoding is the generator's.",),
    fit="peripheral",
)
def rere() -> Recipe:
    """The hit, and a fine on the misses that falls with their rank, where the group holds the target.

    reward = outcome - [group has a hit][miss] * d_rank / sum of d over the group, d_k = 1 / log2(k + 2), rank 0 the
    most likely; advantage = (reward - mean) / std in the group.
    """
    return Recipe(
        reward=step(combine, terms=(ref("outcome"), step(rank_penalty, hit=ref("outcome")))),
        credit=GRPO,
        train={"group_size": 16},  # card
    )


@recipe(
    no=120,
    system="HERON",
    arxiv="2309.02632",
    claim="Labels from criteria in order of importance do not move with their scales, as a weighted sum does.",
    check="tests/claims/claims_reward_shaping.py::claim_heron",
    evidence="read",
    departs=(
        "The pairs only; the reward model fitted on them, and its refresh during training, are the trainer's.",
        "All pairs of a group; the released code pairs each item with one random partner of a sliding buffer.",
    ),
)
def heron(tolerance: float = 0.5) -> Recipe:
    """Preference pairs from the first criterion that differs enough.

    winner(a, b) = the larger of the first column k with |scores_ak - scores_bk| > tolerance * std_k; pairs that no
    column decides are dropped. Columns stand in order of importance. Labels need not be transitive: fit Bradley-Terry.
    """
    return Recipe(
        select=step(lexicographic_pairs, ref("scores"), tolerance=tolerance, relative=True)  # card: 0 to 1, value ours
    )


@recipe(
    no=133,
    system="BARFI",
    arxiv="2310.19007",
    claim="A learned coefficient uses an auxiliary reward that helps and turns round one that misleads.",
    check="tests/claims/claims_reward_shaping.py::claim_barfi",
    evidence="recalled",
    departs=(
        "The blend of two rewards only; the learned discount and the per-state offset are left out.",
        "Finite differences through a short inner training stand in for implicit differentiation.",
    ),
    fit="peripheral",
)
def barfi(primary: float = 1.0, auxiliary: float = 1.0, steps: int = 60, rate: float = 0.5) -> Recipe:
    """A blend whose coefficients climb the trusted return of the policy that is trained on it.

    reward = primary * outcome + auxiliary * process; (primary, auxiliary) += rate * dJ / d(primary, auxiliary), J the
    mean outcome after an inner training on the blend. The defaults are the starting point, the plain sum.
    """
    return Recipe(
        reward=step(combine, terms=(ref("outcome"), ref("process")), coefficients=(primary, auxiliary)),
        loop=step(learn_blend, start=(primary, auxiliary), steps=steps, rate=rate, radius=2.0),  # ours
    )
