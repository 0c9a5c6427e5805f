"""Credit inside a group: tournaments, selection of rollouts, weights by sign."""

from rubricate.credit import drop_groups, grpo, kept, multi_advantage, pool, quantile, rate, rloo, schedule
from rubricate.credit import select as keep_rows
from rubricate.loops import purify_turn
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import sizes
from rubricate.rewards import clip, combine, fallback, gate, ratio, sign_product, sign_weights
from rubricate.steps import chain, ref, step

KEPT = step(kept, ref("outcome"), ref("selection"))
ERROR_SHARE = step(combine, (step(pool, ref("turn_valid"), ref("turn_off"), "mean"),), (-1.0,), constant=1.0)
SPARE_ANSWERS = step(ratio, step(combine, (ref("answers"),), constant=-1.0), step(sizes, ref("turn_off")))
PENALTY = step(
    combine,
    (
        step(gate, ref("called"), ERROR_SHARE, 0.5),  # card: .5 without a call
        step(gate, ref("format"), step(clip, SPARE_ANSWERS, 0.0, 1.0), 1.0),  # card: 1 for bad format
    ),
    constant=0.01,  # ours: keeps its inverse finite
)


@recipe(
    no=155,
    system="ArenaRL",
    arxiv="2601.06487",
    claim="Seeding a single elimination by matches against an anchor ranks a group better than a random bracket.",
    check="tests/claims/claims_credit_group.py::claim_arena_rl",
    evidence="read",
    invariances=("permutation", "zero_sum"),
    departs=(
        "Byes are true byes; the released bracket drops missing slots before it pairs.",
        "At equal matches a least-squares rating ranks better than the bracket (rating='least_squares').",
    ),
)
def arena_rl(*, rating: str = "bracket") -> Recipe:
    """Tournament rank inside the group as reward.

    matches = anchor round, then seeded elimination; reward = 1 - rank / (n - 1) by bracket; A = z_group(reward), which
    for 16 entrants runs from +1.575 to -1.575 whatever the margins.
    """
    return Recipe(
        loop=step(schedule, kind="seeded"),  # card: N-1 matches against the anchor, N-1 in the bracket
        judge=step(rate, kind=rating),  # card: bracket
        reward=step(quantile, ref("rating")),
        credit=step(grpo),
        train={"group_size": 16, "clip": (0.2, 0.28), "kl": 0.0, "learning_rate": 1e-6},  # card
    )


@recipe(
    no=33,
    system="Writing-Zero / BRPO",
    arxiv="2506.00103",
    claim="A random member of the group as reference is its baseline: advantages of +-1 have mean 0 without centring.",
    check="tests/claims/claims_credit_group.py::claim_writing_zero",
    evidence="read",
    invariances=("permutation",),
    departs=(
        "Even a perfect judge makes the skew filter drop 37.5 % of the groups of 16: it is a cost, and a worse judge "
        "makes it drop fewer.",
    ),
)
def writing_zero(*, limit: float = 0.6) -> Recipe:
    """Bootstrapped relative policy optimisation: better or worse than a random member of the group.

    A_i = +1 if score_i > score_ref else -1, A_ref = 0; groups with |sum A| / n > limit are dropped.
    """
    return Recipe(
        loop=step(schedule, kind="random_reference"),
        judge=step(rate, kind="sign_vs_reference"),
        reward=step(combine, (ref("rating"),)),
        select=step(drop_groups, ref("rating"), rule="skew", limit=limit),  # card: 0.6
        train={"group_size": 16},  # card
    )


@recipe(
    no=111,
    system="PROF",
    arxiv="2509.03403",
    claim="Keeping right answers with good and wrong ones with bad processes removes flawed ones, signs balanced.",
    check="tests/claims/claims_credit_group.py::claim_prof",
    evidence="read",
    invariances=("permutation", "scale", "zero_sum", "sign"),
    departs=(
        "Penalty and limit on the number of steps are not published: penalty 0 here, limit 30 is ours.",
        "A row that is not kept gets advantage 0; a token mean should leave its tokens out (selection.mask).",
    ),
)
def prof(*, keep: int = 4, quota: str = "balanced", penalty: float = 0.0) -> Recipe:
    """Process scores select rollouts and never enter the reward.

    s = (mean_h r_h - penalty odd) * (+1 right, -1 wrong), odd: one step, or 30 and more; per sign the highest s,
    k_plus k_minus as large as possible; A = (outcome - mean) / std over the rows that are kept. keep: half of a group.
    """
    return Recipe(
        select=step(
            keep_rows,
            step(sign_product, off=ref("step_off"), penalty=penalty),
            outcome=ref("outcome"),
            keep=keep,  # card: 32 of 64; ours for groups of 8
            quota=quota,  # card: balanced
            order="best",  # card
        ),
        credit=step(grpo, reward=KEPT),
    )


@recipe(
    no=112,
    system="G2RPO",
    arxiv="2510.01982",
    claim="Adding standardised advantages of several scorers follows quality better than standardising their sum.",
    check="tests/claims/claims_credit_group.py::claim_g2rpo",
    evidence="notes",
    invariances=("permutation", "zero_sum"),
    departs=("Images: only the sum over granularities carries over; one perturbed step per rollout does not.",),
    fit="peripheral",
)
def g2rpo(*, bound: float = 5.0) -> Recipe:
    """A_i = clip(sum_k (R_ik - mean_k) / (std_k + eps), -bound, bound) over granularities k."""
    return Recipe(
        credit=chain(
            step(multi_advantage, scores=ref("rewards"), weights=None, asked=None, eps=1e-8),  # card: 1e-8
            step(clip, lo=-bound, hi=bound),  # card: 5
        )
    )


@recipe(
    no=117,
    system="MOREC",
    arxiv="2310.05422",
    claim="Keeping the most consistent of eight sampled transitions halves the error of a model with outliers.",
    check="tests/claims/claims_credit_group.py::claim_morec",
    evidence="recalled",
    departs=("The consistency score is an input; learning it by adversarial imitation is not carried over.",),
    fit="peripheral",
)
def morec(*, keep: int = 1) -> Recipe:
    """Keep the candidate of highest consistency: selected_i = 1[D_i is among the top keep of its group]."""
    return Recipe(select=step(keep_rows, ref("process"), outcome=ref("outcome"), keep=keep, quota="top"))


@recipe(
    no=121,
    system="CLEANER",
    arxiv="2601.15141",
    claim="Training on the corrected call leaves no error token with a positive advantage.",
    check="tests/claims/claims_credit_group.py::claim_cleaner",
    evidence="read",
    invariances=("permutation", "shift", "scale", "zero_sum", "sign"),
    departs=("The retry loop with tools is the caller's; the part decides what to train on.",),
)
def cleaner(*, threshold: float = 0.5) -> Recipe:
    """The corrected call replaces the failed one, the reasoning too if ratio < threshold; A = z_group(outcome)."""
    return Recipe(loop=step(purify_turn, threshold=threshold), credit=step(grpo, reward=ref("outcome")))  # card: .5


@recipe(
    no=135,
    system="Noisy rewards",
    arxiv="2505.22653",
    claim="Flipping the rewards of up to 40 % of the prompts hardly hurts; beyond half it ruins.",
    check="tests/claims/claims_credit_group.py::claim_noisy_rewards",
    evidence="read",
    invariances=("permutation", "zero_sum"),
)
def noisy_rewards(*, scale: float = 0.5) -> Recipe:
    """Where the reward model says bad a second signal is paid: r = r_1 if r_1 >= 1/2 else scale r_2; A = z_group(r)."""
    return Recipe(
        reward=step(fallback, ref("outcome"), ref("process"), scale=scale),  # recalled: .1 to .5
        credit=step(grpo),
    )


@recipe(
    no=161,
    system="W-REINFORCE / NSR",
    arxiv="2506.01347",
    claim="On one policy step the expected gradients of right-only and wrong-only learning are the same.",
    check="tests/claims/claims_credit_group.py::claim_w_reinforce",
    evidence="read",
    invariances=("permutation", "scale", "sign"),
    departs=("So differences come from finite samples, step size and normalisers; centring buys most of them.",),
)
def w_reinforce(*, positive: float = 0.1, negative: float = 1.0) -> Recipe:
    """A = positive for right, -negative for wrong; positive = 0 learns from wrong answers only."""
    return Recipe(credit=step(sign_weights, ref("outcome"), positive=positive, negative=negative))  # card: .1 and 1


@recipe(
    no=164,
    system="T1",
    arxiv="2501.11651",
    claim="More responses per prompt make groups with both outcomes where answers are rarely right.",
    check="tests/claims/claims_credit_group.py::claim_t1",
    evidence="notes",
    invariances=("permutation", "zero_sum"),
    departs=(
        "Entropy bonus and the moving KL anchor are trainer settings.",
        "The n-gram rules for repetition, overlong and gibberish are not published: ``format`` and a limit on "
        "``repetition`` (ours) stand for them.",
    ),
)
def t1(*, high: float = 0.3, repetition: float = 0.5) -> Recipe:
    """Prompts with pass rate <= high, many responses each, A_i = r_i - mean of the others; r = -1 for degenerate text.

    r = -1 when the format is bad or the repeated share is at least ``repetition``, else the outcome.
    """
    return Recipe(
        reward=step(
            gate,
            ref("format"),
            step(gate, ref("repetition"), -1.0, ref("outcome"), threshold=repetition),  # card: -1; limit ours
            -1.0,
        ),
        select=step(drop_groups, ref("outcome"), rule="range", high=high),  # card: .3 of 16
        credit=step(rloo),
        train={"group_size": 64, "temperature": 1.2},  # card
    )


@recipe(
    no=175,
    system="rStar2-Agent / GRPO-RoC",
    arxiv="2508.20722",
    claim="Resampling right answers against their tool errors lowers the error share that is learned from.",
    check="tests/claims/claims_credit_group.py::claim_rstar2_agent",
    evidence="read",
    invariances=("scale", "zero_sum", "sign"),
    departs=(
        "Right answers are drawn as in the paper (the code takes those of least penalty: order='best'), wrong ones at "
        "random (the code takes the first ones in order). Eps of the inverse penalty is ours.",
        "A turn with an error stands for a tool response with one.",
    ),
)
def rstar2_agent(*, keep: int = 4, order: str = "weighted") -> Recipe:
    """Oversample, then keep by sign: right rows by 1 / penalty, wrong ones at random; both in their shares.

    penalty = (share of turns with an error; .5 without a call) + (1 for bad format, else (answers - 1) / turns in
    [0, 1]); A = (outcome - mean) / std over the rows that are kept. keep: half of a group.
    """
    return Recipe(
        select=step(
            keep_rows,
            step(ratio, 1.0, PENALTY),
            outcome=ref("outcome"),
            keep=keep,  # card: 16 of 32; ours for groups of 8
            quota="proportional",  # card
            minimum=2,  # card
            order=(order, "random"),  # paper
        ),
        credit=step(grpo, reward=KEPT),
        train={"group_size": 32, "clip": (0.2, 0.28), "kl": 0.0},  # card
    )
