"""Preference labels of doubtful quality: which to believe, how far, and what to draw by them."""

from rubricate.judges import (
    BradleyTerry,
    agreement_filter,
    agreement_labels,
    implicit_preference,
    quality_sampling,
    rank_consistency,
    small_loss_peer_review,
    treat_weak,
    vote_strength,
)
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.steps import chain, step


@recipe(
    no=56,
    system="CRM",
    arxiv="2505.10597",
    claim="With a fifth of the labels flipped, models that hand each other their easiest pairs beat one on all pairs.",
    check="tests/claims/claims_judge_denoise.py::claim_crm",
    evidence="read",
    departs=(
        "Handing pairs to the other model is no better than keeping them, and nothing helps at 40 % flips.",
        "Models are refitted in each round; the paper takes gradient steps on batches.",
    ),
)
def crm(*, noise: float = 0.2, rounds: int = 10) -> Recipe:
    """Two reward models pick clean pairs for each other, easy ones first.

    loss_q = -log sigmoid(r(better) - r(worse)); the 1 - noise * t / R share of lowest loss goes to the other model.
    """
    return Recipe(judge=step(small_loss_peer_review, model=step(BradleyTerry), noise=noise, rounds=rounds))


@recipe(
    no=76,
    system="QuRating",
    arxiv="2402.09739",
    claim="Ratings from pairwise answers survive a scale that drifts between calls; direct ratings do not.",
    check="tests/claims/claims_judge_denoise.py::claim_qurating",
    evidence="recalled",
    departs=(
        "tau 2.0 is recalled.",
        "With equal noise per call and no drift pairwise does not win: the check says both.",
    ),
)
def qurating(*, ridge: float = 1.0, tau: float = 2.0) -> Recipe:
    """Ratings from pairwise shares, then data drawn by them.

    s: BCE of sigmoid(s_B - s_A) against p(B > A); draw without replacement with p = exp(z(s) / tau) (Gumbel top-k).
    """
    return Recipe(judge=step(BradleyTerry, ridge=ridge), select=step(quality_sampling, tau=tau))


@recipe(
    no=93,
    system="CREAM",
    arxiv="2410.12735",
    claim="Labels softened by the mean agreement of two rankings train better than hard ones.",
    check="tests/claims/claims_judge_denoise.py::claim_cream",
    evidence="read",
    departs=(
        "The agreement of each prompt by itself is no better than the mean over prompts, here as on the card.",
        "toporder compares best and worst responses; the released code compares list positions.",
    ),
)
def cream(*, how: str = "kendall", scope: str = "average") -> Recipe:
    """Soften self-made labels by how far this model and the one before rank alike.

    C = (tau + 1) / 2, averaged over prompts; loss = C L_DPO(w, l) + (1 - C) L_DPO(l, w).
    """
    return Recipe(select=chain(step(rank_consistency, how=how), step(agreement_labels, scope=scope)))


@recipe(
    no=101,
    system="SCIR",
    arxiv="2502.08922",
    claim="Pairs on which two judges agree are labelled better than by either alone, unless errors are shared.",
    check="tests/claims/claims_judge_denoise.py::claim_scir",
    evidence="notes",
    departs=(
        "The consistency loss and the correction for length were not found; only the filter carries over.",
        "The generative judge's average over both orders is recalled.",
    ),
)
def scir(*, beta: float = 0.1, confidence: float = 0.0) -> Recipe:
    """Train only on the pairs about which the generative and the implicit judge of one model agree.

    P_d = sigmoid(beta [log pi/ref(y1) - log pi/ref(y2)]); keep a pair if P_g and P_d lie on one side of 1/2.
    """
    return Recipe(judge=step(implicit_preference, beta=beta), select=step(agreement_filter, confidence=confidence))


@recipe(
    no=106,
    system="Secrets of RLHF II",
    arxiv="2401.06080",
    claim="The pairs that ten models prefer least are mostly labelled wrong, and treating them helps.",
    check="tests/claims/claims_judge_denoise.py::claim_secrets_of_rlhf",
    evidence="recalled",
    departs=(
        "The paper flips the weakest pairs; dropping them is better in the card's run and in ours, and is the default.",
        "The contrastive term is MLPReward(contrast=...); MetaRM is left out.",
    ),
)
def secrets_of_rlhf(*, size: int = 10, bottom: float = 0.2, how: str = "drop", margin: float = 0.0) -> Recipe:
    """Measure the strength of each preference by a vote of models, then treat each part differently.

    mu = mean_k (r_k(better) - r_k(worse)); the bottom share by mu is dropped, flipped or smoothed; else margin * mu.
    """
    return Recipe(
        judge=step(BradleyTerry),
        select=chain(
            step(vote_strength, model=step(BradleyTerry), size=size),  # recalled: 10
            step(treat_weak, bottom=bottom, how=how, margin=margin),  # recalled: bottom 20 %
        ),
    )
