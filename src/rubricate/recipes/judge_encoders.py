"""Rewards from similarity with references: by an encoder, with terms against hacking, by n-grams.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
"""

from __future__ import annotations

from rubricate.credit import grpo
from rubricate.judges import EncoderSimilarity, RelevanceProduct
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import affine, combine, gate, multiply
from rubricate.steps import ref, step
from rubricate.verifiers import bleu

DISTINCT = step(combine, (ref("repetition"),), (-1.0,), constant=1.0)
AGAINST_QUERY, AGAINST_REFERENCE = ref("query_similarity"), ref("similarity")


@recipe(
    no=97,
    system="Semantic similarity for explanations",
    arxiv="2509.13081",
    claim="Cosine with a reference explanation tells paraphrases from other topics; it does not see negation, and key "
    "terms alone score well.",
    check="tests/claims/claims_judge_encoders.py::claim_explanation_similarity",
    evidence="abstract-only",
    departs=(
        "The paper's encoder is not confirmed, its weights of correctness and format were not found; ours are 1, .1.",
        "The check uses hashed trigrams, which see spelling: its paraphrases share words with their reference.",
        "That mixing the reward with ROUGE or a judge lowers the result is not settled here.",
        "A denial costs .058 of cosine, not less than .05: the check asks that it beats an honest paraphrase.",
    ),
)
def explanation_similarity(*, correct: float = 1.0, form: float = 0.1) -> Recipe:
    """R = cos(E(explanation), E(reference)) + correct * outcome + form * format, standardised over the prompt.

    The outcome is the letter of the multiple choice. E is any encoder.
    """
    return Recipe(
        judge=step(EncoderSimilarity),
        reward=step(
            combine,
            (AGAINST_REFERENCE, ref("outcome"), step(gate, ref("format"), 1.0, 0.0)),
            (1.0, correct, form),  # ours
        ),
        credit=step(grpo, ref("reward"), ref("group")),
    )


@recipe(
    no=109,
    system="R^3",
    arxiv="2402.03469",
    claim="Relevance to the query is best satisfied by copying it; length stops that, repetition the repeated copy.",
    check="tests/claims/claims_judge_encoders.py::claim_relevance_product",
    evidence="notes",
    departs=(
        "The query type comes as an array or as metadata; the paper's classifier is GPT-4 or a tuned model.",
        "The line that carries the closed reward onto the open range is ours.",
        "A copy of a query of L words still pays L / per_words: an answer must have cosine * words > L to beat it.",
    ),
)
def relevance_product(*, per_words: float = 100.0, scale: float = 1.0) -> Recipe:
    """Open queries: cos(E(query), E(y)) * words / per_words * RP; closed ones: F(cos(E(reference), E(y))) * RP.

    RP = different word triples / word triples = 1 - repetition; F(r) = scale * r.
    """
    return Recipe(
        judge=step(RelevanceProduct, per_words=per_words),  # card: 100
        reward=step(
            gate,
            ref("open_ended"),
            step(multiply, (AGAINST_QUERY, step(affine, ref("words"), 0.0, per_words), DISTINCT)),
            step(multiply, (step(affine, AGAINST_REFERENCE, 0.0, 1.0, 0.0, scale), DISTINCT)),
        ),
        credit=step(grpo, ref("reward"), ref("group")),
    )


@recipe(
    no=110,
    system="BLEUBERI",
    arxiv="2505.11080",
    claim="BLEU against references from strong models agrees with which answer is better, more with more of them.",
    check="tests/claims/claims_judge_encoders.py::claim_bleuberi",
    evidence="read",
    departs=(
        "BLEU is sacrebleu's with exponential smoothing; the released code adds 1 at every order.",
        "The check is a world of phrases; where references share filler with weak answers, more of them do not help.",
        "Agreement with people is not measured: their votes were not at hand.",
        "The world was chosen after others failed: more references help only where filler is not shared.",
        "Averaging with a reward model is left out: credit.z_score of each and combine.",
    ),
)
def bleuberi(*, weight: float = 1.0) -> Recipe:
    """R = weight * BP * exp(mean_{n <= 4} log precision_n), BLEU of the rollout, standardised over the prompt.

    Counts are clipped by the most that any reference has; BP takes the reference closest in length. Prompts are those
    on which the starting policy has the lowest BLEU.
    """
    return Recipe(
        judge=step(bleu, max_n=4),  # card: n <= 4
        reward=step(combine, (ref("bleu"),), (weight,)),
        credit=step(grpo, ref("reward"), ref("group")),
        train={"prompts": "5,000 of 50,000 with the lowest BLEU", "group_size": 8, "temperature": 0.9,
               "learning_rate": 1e-6, "epochs": 1, "max_tokens": 512},  # card
    )  # fmt: skip
