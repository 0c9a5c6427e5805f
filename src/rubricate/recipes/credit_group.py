"""Credit inside a group: tournaments, selection of rollouts, weights by sign, several rewards, noise.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from rubricate.audit import flip
from rubricate.credit import drop_groups, grpo, kept, multi_advantage, pool, quantile, rloo, tournament
from rubricate.credit import select as keep_rows
from rubricate.loops import purify_turn
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe, variant
from rubricate.reduce import sizes
from rubricate.rewards import clip, combine, fallback, gate, ratio, sign_product, sign_weights
from rubricate.steps import chain, ref, step

AGREEMENT = step(sign_product, ref("outcome"), ref("step_scores"), ref("step_off"))
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
    claim="A seeded elimination ranks a group nearly as well as all matches do, at 2n - 2 of them.",
    check="tests/claims/claims_credit_group.py::claim_arena_rl",
    evidence="read",
    departs=(
        "Nearly equal to a round robin only while the judge is reliable; least squares on the same matches ranks "
        "better than the bracket (variant arena_rl_least_squares).",
        "Byes are true byes; the released code drops the empty places before it pairs, so the top seeds get none.",
        "Scores are those of the judge (.6 process + .4 answer); failed rollouts are not seeded last.",
    ),
)
def arena_rl(kind: str = "seeded", rating: str = "bracket") -> Recipe:
    """Matches against the first row seed an elimination; the place in it, as a quantile, is the reward.

    r = rank / (n - 1), best 1; A = (r - mean) / (std + 1e-6) in the group. A match sums both presentation orders. The
    form and constants are those of the released code.
    """
    return Recipe(
        reward=step(
            quantile,
            step(tournament, ref("duels"), ref("group"), kind=kind, rating=rating),  # card: seeded, bracket
            ref("group"),
        ),
        credit=step(grpo, ref("reward"), ref("group"), eps=1e-6),  # card
        train={"group_size": 16, "clip": (0.2, 0.28), "kl": 0.0, "learning_rate": 1e-6},  # card
    )


arena_rl_least_squares = variant(arena_rl, rating="least_squares")


@recipe(
    no=33,
    system="Writing-Zero",
    arxiv="2506.00103",
    claim="A random member of the group as reference is a baseline: advantages have mean 0 without being normalised.",
    check="tests/claims/claims_credit_group.py::claim_writing_zero",
    evidence="read",
    departs=(
        "A match that the judgements do not agree on is a tie (0), which keeps the mean 0; a port counts it as lost.",
        "The filter on skewed groups is a cost: under a perfect judge it drops 6 of 16 groups, more than under a bad "
        "one. Signs rank better than pointwise scores only where those are compressed.",
        "Training the judge is the trainer's.",
    ),
)
def writing_zero(votes: str = "both_orders", skew: float = 0.6) -> Recipe:
    """Better or worse than a reference drawn from the group, as it stands; one-sided groups are dropped.

    A_i = sign(score_i - score_ref) = +1 or -1, 0 for the reference and for a tie; dropped when |sum A| / n > skew.
    Form and threshold from notes on the paper.
    """
    return Recipe(
        reward=step(
            tournament,
            ref("duels"),
            ref("group"),
            kind="random_reference",
            rating="sign_vs_reference",
            votes=votes,
        ),
        select=step(drop_groups, ref("reward"), ref("group"), "skew", limit=skew),  # card: .6
        train={"group_size": 16},  # card
    )


@recipe(
    no=111,
    system="PROF",
    arxiv="2509.03403",
    claim="Keeping right answers with good and wrong ones with bad processes removes flawed ones, signs balanced.",
    check="tests/claims/claims_credit_group.py::claim_prof",
    evidence="read",
    departs=("A row that is not kept gets advantage 0; its tokens should not count in a token mean.",),
)
def prof(*, keep: int = 4, quota: str = "balanced") -> Recipe:
    """Process scores select rollouts and never enter the reward.

    s = mean_h r_h * sign(outcome); per sign the highest s, k_plus * k_minus as large as possible; A = z_group(outcome)
    over what was kept. keep: half of the rollouts, ours for groups of 8.
    """
    return Recipe(
        reward=step(
            kept,
            ref("outcome"),
            step(keep_rows, AGREEMENT, ref("group"), ref("outcome"), keep=keep, quota=quota, order="best"),
        ),
        credit=step(grpo, ref("reward"), ref("group")),
    )


@recipe(
    no=112,
    system="G2RPO",
    arxiv="2510.01982",
    claim="Adding standardised advantages of several scorers follows quality better than standardising their sum.",
    check="tests/claims/claims_credit_group.py::claim_g2rpo",
    evidence="notes",
    departs=("Images: only the sum over granularities carries over; one perturbed step per rollout does not.",),
    fit="peripheral",
)
def g2rpo(*, bound: float = 5.0) -> Recipe:
    """A_i = clip(sum_k (R_ik - mean_k) / (std_k + eps), -bound, bound) over granularities k."""
    return Recipe(
        credit=chain(
            step(multi_advantage, scores=ref("rewards"), weights=None, asked=None, ddof=0, eps=1e-8),
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
    departs=("The retry loop with tools is the caller's; the part decides what to train on.",),
)
def cleaner(*, threshold: float = 0.5) -> Recipe:
    """The corrected call replaces the failed one, the reasoning too if ratio < threshold; A = z_group(outcome)."""
    return Recipe(loop=step(purify_turn, threshold=threshold), credit=step(grpo, reward=ref("outcome")))  # card: .5


@recipe(
    no=135,
    system="Noisy rewards",
    arxiv="2505.22653",
    claim="Flipping the rewards of up to 40 % of the prompts hardly hurts; from half on nothing is learned.",
    check="tests/claims/claims_credit_group.py::claim_noisy_rewards",
    evidence="read",
    departs=(
        "Paying a second signal where the first says bad helps only when that signal follows quality; one that runs "
        "against it makes the rewards worse.",
        "The score of reasoning phrases is an input (``process``).",
    ),
)
def noisy_rewards(*, rate: float = 0.0, unit: str = "prompt", scale: float = 0.5) -> Recipe:
    """Outcomes flipped at a rate; where the result is bad a second signal is paid instead of 0.

    r = r_1 if r_1 >= 1/2 else scale r_2, r_1 = 1 - outcome with probability rate, one coin per prompt; A = z_group(r).
    """
    return Recipe(
        reward=step(
            fallback,
            step(flip, ref("outcome"), ref("group"), rate=rate, unit=unit),  # card: rate up to .4
            ref("process"),
            scale=scale,  # recalled: .1 to .5
        ),
        credit=step(grpo, ref("reward"), ref("group")),
    )


@recipe(
    no=161,
    system="W-REINFORCE",
    arxiv="2506.01347",
    claim="On one policy step the expected gradients of right-only and wrong-only learning are the same.",
    check="tests/claims/claims_credit_group.py::claim_w_reinforce",
    evidence="read",
    departs=(
        "So differences come from finite samples, step size and normalisers: at matched accuracy wrong-only learning "
        "keeps more right answers alive at large steps, none more at small ones; centring buys most of it.",
        "A row with advantage 0 still counts in a token mean; leaving it out changes the step size.",
    ),
)
def w_reinforce(*, positive: float = 0.1, negative: float = 1.0) -> Recipe:
    """A = positive for right, -negative for wrong; positive = 0 learns from wrong answers only."""
    return Recipe(credit=step(sign_weights, ref("outcome"), positive=positive, negative=negative))  # card: .1 and 1


nsr = variant(w_reinforce, positive=0.0)
psr = variant(w_reinforce, positive=1.0, negative=0.0)


@recipe(
    no=164,
    system="T1",
    arxiv="2501.11651",
    claim="More responses per prompt make groups with both outcomes where answers are rarely right.",
    check="tests/claims/claims_credit_group.py::claim_t1",
    evidence="notes",
    departs=(
        "Entropy bonus and the moving KL anchor are trainer settings; the limit on repetition is ours.",
        "Which repetition, length or gibberish counts is not known: ``format`` and ``repetition`` stand for it.",
    ),
)
def t1(*, high: float = 0.3, repetition: float = 0.5) -> Recipe:
    """Prompts with pass rate <= high, many responses each, A_i = r_i - mean of the others; -1 for degenerate text."""
    return Recipe(
        reward=step(
            gate,
            ref("format"),
            step(gate, ref("repetition"), -1.0, ref("outcome"), threshold=repetition),  # card: -1; ours: limit
            -1.0,
        ),
        select=step(drop_groups, ref("outcome"), ref("group"), rule="range", high=high),  # card: .3 of 16
        credit=step(rloo, ref("reward"), ref("group")),
        train={"group_size": 64, "temperature": 1.2},  # card
    )


@recipe(
    no=175,
    system="rStar2-Agent",
    arxiv="2508.20722",
    claim="Resampling right answers against their tool errors lowers the error share that is learned from.",
    check="tests/claims/claims_credit_group.py::claim_rstar2_agent",
    evidence="read",
    departs=(
        "Right answers are sampled as in the paper (the released code takes those of least penalty: order='best'), "
        "wrong ones at random (the code takes the first ones in order).",
        "A turn with an error stands for a tool response with one; eps of the inverse penalty is ours.",
    ),
)
def rstar2_agent(*, keep: int = 4, order: str = "weighted") -> Recipe:
    """Oversample, keep shares by sign: right rows by 1 / penalty, wrong ones at random; A = z_group(outcome) over them.

    penalty = (share of turns with an error, or .5 without a call) + (1 for bad format, else (answers - 1) / turns).
    keep: half of the rollouts (card: 16 of 32), ours for groups of 8.
    """
    return Recipe(
        reward=step(
            kept,
            ref("outcome"),
            step(
                keep_rows,
                step(ratio, 1.0, PENALTY),
                ref("group"),
                ref("outcome"),
                keep=keep,
                quota="proportional",
                minimum=2,  # card
                order=(order, "random"),
            ),
        ),
        credit=step(grpo, ref("reward"), ref("group")),
        train={"group_size": 32, "clip": (0.2, 0.28), "kl": 0.0},  # card
    )
