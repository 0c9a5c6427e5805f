"""Judges that are integrated over samples, or learned: scalar heads, ratings, references, updates, guards."""

from rubricate.audit import Centroids, overoptimisation_curve, probe_dims
from rubricate.credit import grpo, log_ratio
from rubricate.judges import (
    BradleyTerry,
    CritiqueThenScore,
    EnsembleReward,
    FailureDetector,
    MixtureReward,
    MLPReward,
    OnlineUpdate,
    OrdinalProbReward,
    PointwiseJudge,
    PolicyDiscriminator,
    certified_pairs,
    debias_pairs,
    margin_scaled_beta,
    mine_failures,
)
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import segment_reduce
from rubricate.rewards import combine, consensus_reward, cross_rank_reward
from rubricate.steps import ref, step


@recipe(
    no=36,
    system="Retro*",
    arxiv="2509.24869",
    claim="On a 0-100 scale the mean of 16 samples orders pairs better than one sample, and a vote hardly does.",
    check="tests/claims/claims_trial.py::claim_retro_star",
    evidence="read",
    departs=(
        "The tolerance of the consensus reward is not published; 0 here.",
        "A sample that cannot be read is left out; the released code counts it as 0.",
    ),
)
def retro_star(*, alpha: float = 0.75, temperature: float = 0.6) -> Recipe:
    """Relevance 0-100 averaged over samples; the judge itself is trained with two rank rewards.

    reward = alpha R_intra + (1 - alpha) R_inter: +1 / -1 for the sample nearest to / farthest from the item's mean,
    and the share of samples of the other class that it ranks rightly.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch=1, temperature=temperature),  # card: T 0.6, K 1 then 16
        reward=step(
            combine,
            (
                step(consensus_reward, ref("rewards")),
                step(cross_rank_reward, ref("rewards"), relevant=ref("outcome")),
            ),
            (alpha, 1 - alpha),  # card: .75 was best
        ),
    )


@recipe(
    no=103,
    system="DMoERM",
    arxiv="2403.01197",
    claim="With opposed tasks, one reward model per task behind a router beats a single one.",
    check="tests/claims/claims_trial.py::claim_dmoerm",
    evidence="read",
    departs=(
        "Experts are linear on features, joined by a linear head; the paper trains LoRA experts and a small network.",
        "The released code builds backbone and router without loading their weights and swaps its splits.",
    ),
)
def dmoerm(*, ridge: float = 1.0) -> Recipe:
    """A router to one reward model per task, each made of experts per capability.

    r(x) = head_t(expert_{t,1}(x), ..., expert_{t,K}(x)), t = router(prompt); each fitted by
    -log sigmoid(r(better) - r(worse)).
    """
    return Recipe(judge=step(MixtureReward, expert=step(BradleyTerry, ridge=ridge)))


@recipe(
    no=78,
    system="Learning to summarize",
    arxiv="2009.01325",
    claim="Pushed by best-of-n, true quality first rises and then falls while the learned reward keeps rising.",
    check="tests/claims/claims_judge_trained.py::claim_learning_to_summarize",
    evidence="recalled",
    departs=("beta is recalled.", "The reward model is linear on features; the paper's is a language model."),
)
def learning_to_summarize(*, ridge: float = 1.0, beta: float = 0.05) -> Recipe:
    """The base recipe: Bradley-Terry reward, a price on leaving the starting policy, a curve that says when to stop.

    -log sigmoid(r_c - r_r), shifted so that references have mean 0; R = r - beta sum_t log(pi / pi_SFT).
    """
    return Recipe(
        judge=step(BradleyTerry, ridge=ridge),
        reward=step(
            combine,
            (
                ref("quality"),
                step(
                    segment_reduce,
                    step(log_ratio, ref("token_logp"), ref("token_logp_ref")),
                    ref("token_off"),
                ),
            ),
            (1.0, -beta),  # recalled: .05
        ),
        audit=step(overoptimisation_curve, n=(1, 4, 16, 64, 256)),
    )


@recipe(
    no=28,
    system="BaseReward",
    arxiv="2509.16127",
    claim="A scalar head of two layers learns what a linear head cannot, and an ensemble is better than its members.",
    check="tests/claims/claims_judge_trained.py::claim_base_reward",
    evidence="recalled",
    departs=(
        "Only the head and the ensemble carry over; backbone, data curation and images do not.",
        "One model on all pairs is as good as an ensemble on halves of them (see the check).",
        "That five models beat the best single one by .01 did not reproduce without label noise (.972 against .974).",
    ),
    fit="peripheral",
)
def base_reward(*, hidden: int = 32, size: int = 5) -> Recipe:
    """Linear, SiLU, Linear -> scalar, Bradley-Terry loss, no length term; the mean of an ensemble.

    r(x) = mean_k w2_k . silu(W1_k x + b_k), members trained on halves of the pairs and put on one scale.
    """
    return Recipe(judge=step(EnsembleReward, member=step(MLPReward, hidden=hidden), size=size, share=0.5))


@recipe(
    no=32,
    system="OPRM",
    arxiv="2602.12660",
    claim="A few level labels make the expected rating of a pair-trained distribution say how good a response is.",
    check="tests/claims/claims_judge_trained.py::claim_oprm",
    evidence="notes",
    departs=(
        "The flooded region of RgFT was not found (two notes disagree, code not released): ours is in its docstring.",
        "Pair accuracy does not rise over Bradley-Terry; the level does, but a stronger ridge alone does as much.",
        "Linear softmax on features; the paper reads the digit tokens of a language model (see the marker tokens).",
    ),
)
def oprm(*, region: str = "block", ratings: int = 9) -> Recipe:
    """The reward is a distribution over ratings 1..9.

    r = sum_s s p(s); loss = -log P(s_c > s_r), P = sum_k p_c(k) F_r(k - 1); with levels of both sides only the mass in
    block(c) x block(r) counts.
    """
    return Recipe(judge=step(OrdinalProbReward, ratings=ratings, region=region))


@recipe(
    no=51,
    system="DocReward",
    arxiv="2510.11391",
    claim="Pairs that differ only in what is judged leave a reward model no other cue to use.",
    check="tests/claims/claims_judge_trained.py::claim_doc_reward",
    evidence="abstract-only",
    departs=("Pages as images and re-rendering agents do not carry over; the controlled pairs do.",),
    fit="peripheral",
)
def doc_reward(*, tolerance: float = 0.02, ridge: float = 1.0) -> Recipe:
    """Train on pairs with the same text and another layout, so that the reward can only be about layout.

    keep a pair if |gap_d| <= tolerance for every nuisance d; loss = -log sigmoid(r_w - r_l).
    """
    return Recipe(judge=step(BradleyTerry, ridge=ridge), select=step(debias_pairs, tolerance=tolerance))


@recipe(
    no=65,
    system="Cooper",
    arxiv="2508.05613",
    claim="A static reward model is exploited; refreshed with certified positives and made negatives it is not.",
    check="tests/claims/claims_judge_trained.py::claim_cooper",
    evidence="read",
    departs=(
        "The losses are recalled; the code was not found. The abstract says +0.54, the README +3.09.",
        "The model is refitted on a window of pairs; the paper takes gradient steps.",
    ),
)
def cooper(*, window: int = 64) -> Recipe:
    """Keep training the reward model while the policy learns.

    per prompt: positive = a rollout that the rule accepts, negative = a right answer turned into a wrong one;
    loss = -log sigmoid(r_pos - r_neg); A = (r - mean) / std of the prompt's rollouts.
    """
    return Recipe(
        judge=step(OnlineUpdate, model=step(BradleyTerry), window=window),
        select=step(certified_pairs),
        credit=step(grpo, ref("quality")),
    )


@recipe(
    no=69,
    system="Artifact reward",
    arxiv="",
    claim="Proxies that share a blind spot are hacked even as an ensemble; a guard trained on the failures stops it.",
    check="tests/claims/claims_judge_trained.py::claim_artifact_reward",
    evidence="abstract-only",
    departs=("Images do not carry over: the failures are mined from what the reward likes.", "The weight is ours."),
    fit="peripheral",
)
def artifact_reward(*, weight: float = 1.0, share: float = 0.2) -> Recipe:
    """Mine the policy's own high-reward failures, train a cheap detector, add it as a guard.

    R = r + weight * guard, guard = -P(failure).
    """
    return Recipe(
        judge=step(FailureDetector),
        reward=step(combine, (ref("quality"), ref("guard")), (1.0, weight)),
        audit=step(mine_failures, share=share),
    )


@recipe(
    no=85,
    system="MRMBench",
    arxiv="2511.12464",
    claim="Linear probes show which dimensions a reward model knows, distance to centroids which inputs it does not.",
    check="tests/claims/claims_judge_trained.py::claim_mrmbench",
    evidence="notes",
    departs=(
        "The form of the confidence was not found: the share of training distances at least as large.",
        "Probes are ridge classifiers, cross-validated.",
    ),
)
def mrmbench(*, folds: int = 5) -> Recipe:
    """Freeze the reward model and ask its last representation for each dimension of preference.

    score = mean_d accuracy of a linear probe for d; confidence(x) = mean_d share of training rows farther away.
    """
    return Recipe(judge=step(Centroids.of), audit=step(probe_dims, folds=folds))


@recipe(
    no=87,
    system="MM-RLHF",
    arxiv="2502.10391",
    claim="Where close pairs are often labelled wrong, a beta that grows with the reward gap trains better.",
    check="tests/claims/claims_judge_trained.py::claim_mm_rlhf",
    evidence="recalled",
    departs=(
        "Critic and head are apart: the critic is any model, only the head is trained.",
        "Not so in our linear check: accuracy is the same, and lower with a large w.",
        "w and k are recalled; images do not carry over.",
    ),
    fit="peripheral",
)
def mm_rlhf(*, beta: float = 0.1, weight: float = 0.5, k: float = 0.5) -> Recipe:
    """Critique, then score; clear pairs weigh more in DPO.

    r(x, y) = head(critique(x, y)); beta(delta) = beta (1 + w (1 - exp(-k delta))).
    """
    return Recipe(judge=step(CritiqueThenScore), select=step(margin_scaled_beta, beta=beta, weight=weight, k=k))


@recipe(
    no=126,
    system="The image as its own reward",
    arxiv="",
    claim="A discriminator of references and current outputs, refreshed often, leads the policy to the references.",
    check="tests/claims/claims_judge_trained.py::claim_image_as_reward",
    evidence="abstract-only",
    departs=("Refresh interval and dense patch rewards are recalled loosely; images do not carry over.",),
    fit="peripheral",
)
def image_as_reward(*, window: int = 1) -> Recipe:
    """Reference answers are the positives, what the policy writes now the negatives; both take turns.

    r = discriminator(x), -log sigmoid(r(reference) - r(generated)), refitted on the last outputs only.
    """
    return Recipe(
        judge=step(OnlineUpdate, model=step(BradleyTerry), window=window, keep_first=False),
        credit=step(grpo, ref("quality")),
    )


@recipe(
    no=180,
    system="POLAR",
    arxiv="2507.05197",
    claim="Telling policies apart is learned without labels and carries over to policies that were never seen.",
    check="tests/claims/claims_judge_trained.py::claim_polar",
    evidence="read",
    departs=("Pre-training details are recalled.", "Linear on joined features; the paper trains a language model."),
)
def polar(*, how: str = "closeness") -> Recipe:
    """Reward = closeness of a candidate to a trajectory of the reference policy.

    -log sigmoid(r(ref, same policy) - r(ref, other policy)), then ranked by people with a reference.
    """
    return Recipe(judge=step(PolicyDiscriminator, how=how, head=step(BradleyTerry)))
