"""Several rewards of one response: normalised apart, held at targets, joined as a conjunction, laid on their segments.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.credit import gae, multi_advantage, place, pool, scale, suffix, z_score
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.refine import RuleGame
from rubricate.rewards import (
    DualAscent,
    affine,
    category_mean,
    combine,
    gate,
    group_norm,
    log_sigmoid,
    ndcg_at_k,
    range_score,
    recall_at_k,
    sample_quantile,
    spread_groups,
    task_weight,
    weighted_mean,
    weighted_sum,
    zscore,
)
from rubricate.steps import chain, ref, step


@recipe(
    no=105,
    system="Constrained RLHF",
    arxiv="2310.04373",
    claim="Rewards held at the points where they are useful beat fixed weights, which over-optimise all of them.",
    check="tests/claims/claims_reward_multi.py::claim_constrained_rlhf",
    evidence="read",
    departs=(
        "Advantages come from the batch, z-scored; the code has a critic for each reward and one for the KL.",
        "The check uses multiplier rate .02: at the published .1 the toy still circles its targets after 600 updates.",
    ),
)
def constrained_rlhf(
    targets: tuple[float, ...] = (0.44, 0.238), squash: str = "tanh", learning_rate: float = 0.1, momentum: float = 0.1
) -> Recipe:
    """Lagrange weights that hold K rewards at their targets while the task is to stay near the reference model.

    A = (K - sum_k mu_k) A_kl + sum_k mu_k A_k, every A z-scored over the batch; mu = tanh(lambda), lambda by descent on
    sum_k mu_k (mean reward_k - target_k). Targets (intent, METEOR), rates and the squashing from the released code.
    """
    return Recipe(
        # card: intent .44 and METEOR .238 on DailyDialog; tanh reaches and stays, sigmoid is a floor; both rates .1
        weights=step(DualAscent, targets=targets, squash=squash, learning_rate=learning_rate, momentum=momentum),
        credit=step(
            combine,
            terms=(
                step(
                    z_score,
                    step(
                        pool,
                        step(combine, terms=(ref("token_logp_ref"), ref("token_logp")), coefficients=(1.0, -1.0)),
                        ref("token_off"),
                        "sum",
                        mask=ref("token_mask"),
                    ),
                    "batch",
                ),
                step(multi_advantage, ref("rewards"), "batch", ref("multipliers"), asked=None),
            ),
            coefficients=(step(task_weight), 1.0),
        ),
    )


@recipe(
    no=108,
    system="Log-sigmoid-centred rewards",
    arxiv="2402.00742",
    claim="Sums of log-sigmoids above a reference mean 'all are good': a better trade-off than raw sums at equal KL.",
    check="tests/claims/claims_reward_multi.py::claim_log_sigmoid_centred",
    evidence="recalled",
)
def log_sigmoid_centred(q: float = 0.85) -> Recipe:
    """Bradley-Terry rewards as log-probabilities of being good, and their sum as the one that all are.

    reward = sum_k log sigmoid(r_k - reference_k), reference_k = quantile q of the same reward over answers of the
    starting policy to the prompt, or the reward of a canned reply (a single sample). The quantile is recalled.
    """
    return Recipe(
        reward=step(
            weighted_sum,
            step(
                log_sigmoid,
                ref("rewards"),
                reference=step(
                    spread_groups,
                    step(sample_quantile, ref("base_rewards"), q=q),  # recalled: 85% quantile of sampled answers
                    ref("group"),
                ),
            ),
            weights=1.0,
            asked=None,
        ),
    )


@recipe(
    no=74,
    system="LongWriter-Zero",
    arxiv="2506.18841",
    claim="Averaging normalised advantages lets length, quality and format all teach; a mean of raw rewards does not.",
    check="tests/claims/claims_reward_multi.py::claim_longwriter_zero",
    evidence="notes",
)
def longwriter_zero(limit: float = 14000.0) -> Recipe:
    """Length in the wanted range, a preference model and format, each normalised in the group before they are averaged.

    A = (z(length) + z(quality) + z(format - repetition)) / 3; length = 1 in [low, high], n / low below,
    (limit - n) / (limit - high) above, not under 0. Groups of 32, temperature .8 and the limit from notes on the paper.
    """
    return Recipe(
        credit=step(
            combine,
            terms=(
                step(
                    group_norm,
                    step(
                        range_score,
                        ref("length"),
                        ref("length_low"),
                        ref("length_high"),
                        limit,  # card: 14k tokens
                    ),
                ),
                step(group_norm, ref("quality")),
                step(group_norm, step(combine, terms=(ref("format"), ref("repetition")), coefficients=(1.0, -1.0))),
            ),
            coefficients=(1 / 3, 1 / 3, 1 / 3),  # card: plain average
        ),
        train={"group_size": 32, "temperature": 0.8},  # card
    )


@recipe(
    no=84,
    system="Fine-Grained RLHF",
    arxiv="2306.01693",
    claim="Dense rewards of several kinds, each on its own segments, beat one holistic reward per response.",
    check="tests/claims/claims_reward_multi.py::claim_fine_grained_rlhf",
    evidence="read",
    departs=("The bias added to the completeness score is not known: 0.",),
)
def fine_grained_rlhf(lam: float = 0.95, kl: float = 0.3) -> Recipe:
    """Relevance per clause, factuality per sentence and completeness per response, each on the last token of its part.

    r_t = relevance (-.3 to .3) + factuality (-.5 to .5) + .3 (completeness + .4468) / 8.3 - kl * log(pi / pi_ref), over
    its std in the batch; A_t = GAE(r, critic), gamma 1. Constants from the released configuration (long-form QA).
    """
    return Recipe(
        reward=step(
            scale,
            step(
                combine,
                terms=(
                    step(place, step(affine, ref("clause_scores"), 0.0, 1.0, -0.3, 0.3), ref("clause_tokens")),  # card
                    step(place, step(affine, ref("step_scores"), 0.0, 1.0, -0.5, 0.5), ref("step_tokens")),  # card
                    step(place, step(zscore, ref("quality"), -0.4468, 8.3, 0.3), ref("token_off")),  # card
                    ref("token_logp"),
                    ref("token_logp_ref"),
                ),
                coefficients=(1.0, 1.0, 1.0, -kl, kl),  # card: .3
            ),
            "batch",  # card: over the std, the mean is not shifted
        ),
        credit=step(gae, ref("reward"), ref("token_values"), ref("token_off"), lam=lam, mask=ref("token_mask")),  # card
    )


@recipe(
    no=100,
    system="ReSeek",
    arxiv="2510.00568",
    claim="Fining an accepted useless passage twice as much as a rejected useful one teaches an agent to search again.",
    check="tests/claims/claims_reward_multi.py::claim_reseek",
    evidence="notes",
    departs=(
        "The discount is not published: 1.",
        "In the world of the check the answer alone as reward ends as high or higher: the table is a bias of its own.",
    ),
)
def reseek(agree: float = 0.3, junk: float = -0.6, missed: float = -0.3, gamma: float = 1.0) -> Recipe:
    """A reward for judging every search result as a reranker does, dearest where junk is accepted, then the answer.

    reward = sum_t gamma^(t - 1) r_t, r_t = agree, junk (accepted, useless) or missed (rejected, useful), useful from
    similarity .7 to the gold answer, + outcome at the last turn; advantage = (reward - mean) / std in the group.
    """
    return Recipe(
        reward=chain(
            step(
                combine,
                terms=(
                    step(
                        gate,
                        condition=ref("turn_accept"),
                        x=step(gate, condition=ref("turn_scores"), x=agree, otherwise=junk, threshold=0.7),  # card
                        otherwise=step(gate, condition=ref("turn_scores"), x=missed, otherwise=agree, threshold=0.7),
                    ),
                    step(place, ref("outcome"), ref("turn_off")),
                ),
            ),
            step(suffix, off=ref("turn_off"), gamma=gamma),  # ours: not published
            step(pool, off=ref("turn_off"), how="first"),
        ),
        credit=step(group_norm, ref("reward")),
        train={"turns": 4, "documents": 3},  # card
    )


@recipe(
    no=79,
    system="PromptEnhancer",
    arxiv="",
    claim="A rewriter rewarded through a frozen generator by a taxonomy of key points improves over many categories.",
    check="tests/claims/claims_reward_multi.py::claim_prompt_enhancer",
    evidence="recalled",
    departs=(
        "Carried over from images: the key points of the taxonomy are criteria, the generator is any frozen one.",
    ),
    fit="peripheral",
)
def prompt_enhancer() -> Recipe:
    """Key points of what a frozen generator made of the rewritten prompt, as one score with equal mass per category.

    reward = mean over categories of the mean of their key points; advantage = (reward - mean) / std in the group. The
    24 key points in six groups are recalled.
    """
    return Recipe(
        reward=step(category_mean, weights=1.0),
        credit=step(group_norm, ref("reward")),
    )


@recipe(
    no=83,
    system="PageLLM",
    arxiv="",
    claim="A reward of the whole page beside rewards of its items learns what either alone misses.",
    check="tests/claims/claims_reward_multi.py::claim_page_llm",
    evidence="abstract-only",
    departs=("The formula is not published: a weighted sum with alpha .5.",),
    fit="peripheral",
)
def page_llm(alpha: float = 0.5) -> Recipe:
    """Score of the page plus mean score of its items.

    reward = (1 - alpha) * page + alpha * mean of item scores; advantage = (reward - mean) / std in the group. Ours.
    """
    return Recipe(
        reward=step(
            combine,
            terms=(ref("quality"), step(pool, ref("step_scores"), ref("step_off"))),
            coefficients=(1 - alpha, alpha),  # ours: .5
        ),
        credit=step(group_norm, ref("reward")),
    )


@recipe(
    no=81,
    system="ToolRL",
    arxiv="2504.13958",
    claim="A fine-grained score of tool calls teaches whole calls that an all-or-nothing score often never reaches.",
    check="tests/claims/claims_reward_multi.py::claim_toolrl",
    evidence="read",
)
def toolrl(span: float = 3.0) -> Recipe:
    """Format plus the share of the wanted calls, stretched over a wide range so that it rules.

    reward = format + (2 share - 1) * span where the reference turn holds a call (``checkable``), else format alone;
    share = ``process``, the value of the verifier tool_calls; advantage = (reward - mean) / std. From released code.
    """
    return Recipe(
        reward=step(
            combine,
            terms=(
                ref("format"),
                step(
                    gate,
                    condition=ref("checkable"),
                    x=step(affine, ref("process"), lo=0.0, hi=1.0, a=-span, b=span),  # card: -3 to 3
                ),
            ),
        ),
        credit=step(group_norm, ref("reward")),
        train={"group_size": 4, "learning_rate": 1e-6, "kl": 0.0, "batch": 512, "epochs": 15},  # card
    )


@recipe(
    no=72,
    system="SlideRL",
    arxiv="",
    claim="Recovering the brief from the slides alone rewards what they say: neither another topic nor key words pass.",
    check="tests/claims/claims_reward_multi.py::claim_slide_rl",
    evidence="read",
    departs=(
        "A component that fails is NaN and so is its row; the released code scores it 0 for the whole batch.",
        "The model that guesses the brief is the user's; the verifier recovered_brief compares its guess.",
    ),
)
def slide_rl() -> Recipe:
    """Weighted mean of six components, the last how well the brief is recovered; fines for no call and a failed call.

    reward = sum_j w_j s_j / 10 with w = 1 code rules, 2 render, 1.5 + 1.5 looks, 2 content, 2 brief; -1 when the call
    failed, -2 when there was none; advantage = (reward - mean) / std in the group. All from released code.
    """
    return Recipe(
        reward=step(
            gate,
            condition=ref("called"),
            x=step(
                gate,
                condition=ref("executed"),
                x=step(weighted_mean, weights=(1.0, 2.0, 1.5, 1.5, 2.0, 2.0)),  # card
                otherwise=-1.0,  # card
            ),
            otherwise=-2.0,  # card
        ),
        credit=step(group_norm, ref("reward")),
        train={"group_size": 2, "learning_rate": 5e-5, "lora_rank": 16},  # card
    )


@recipe(
    no=99,
    system="Complex retrieval benchmark",
    arxiv="",
    claim="Rewriting a query helps weak retrievers and hurts the strongest.",
    check="tests/claims/claims_reward_multi.py::claim_complex_retrieval",
    evidence="abstract-only",
    departs=("The benchmark has no reward: its two measures stand as reward and audit.",),
    fit="peripheral",
)
def complex_retrieval(k: int = 10, depth: int = 100) -> Recipe:
    """Retrieval measures as scores of a query or of a rewriting.

    reward = nDCG at k; audit = recall at depth. Both depths from the abstract.
    """
    return Recipe(
        reward=step(ndcg_at_k, k=k),  # card: 10
        audit=step(recall_at_k, k=depth),  # card: 100
    )


@recipe(
    no=75,
    system="Igniting creative writing",
    arxiv="",
    claim="A judge whose rules come from a game with a writer that hides flaws rewards better than a preference model.",
    check="tests/claims/claims_reward_multi.py::claim_igniting_creative_writing",
    evidence="read",
    departs=("The check is of the rules only: detection of new flaws, not the writer trained on the verdicts.",),
)
def igniting_creative_writing(max_rules: int = 10, batch: int = 4) -> Recipe:
    """A game of writer and judge that leaves a list of rules; the verdict by those rules is the reward.

    reward = 1 if the judge says good else 0; advantage = (reward - mean) / std in the group. A missed or wronged text
    becomes a rule (reflector, optimiser), at most max_rules. From released code; the number of rounds is ours.
    """
    return Recipe(
        refine=step(RuleGame, rounds=8, batch=batch, max_rules=max_rules),  # ours: 8 rounds; card: 4 texts, 10 rules
        reward=step(gate, condition=ref("process"), x=1.0),
        credit=step(group_norm, ref("reward")),
    )
