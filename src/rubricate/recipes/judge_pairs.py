"""Judges that compare, what they are trained on, and the benchmarks that measure them."""

from rubricate.audit import all_of_n_accuracy, pair_accuracy, rewardbench2, variant_agreement
from rubricate.credit import schedule
from rubricate.judges import ListwiseJudge, PairwiseJudge, consensus_label, debias_pairs, judgement_pairs
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import affine, combine, gate, ndcg_at_k, weighted_pair_order
from rubricate.steps import ref, step


@recipe(
    no=39,
    system="MM-R5",
    arxiv="2506.12364",
    claim="A ranking reward is 1 only with every relevant page on top, and a list with a fault in its form earns none.",
    check="tests/claims/claims_judge_pairs.py::claim_mm_r5",
    evidence="abstract-only",
    departs=(
        "The ranking and template rewards were not found: nDCG, and 1 for a list that names every candidate once.",
        "Pages are images there; here candidates are texts.",
    ),
    fit="peripheral",
)
def mm_r5(*, k: int = 10) -> Recipe:
    """A reasoning reranker: all candidates listed by one judge, trained by the quality of its order and its form.

    reward = format * nDCG_k(order) + format, so a list with a doubled or a missing candidate gets 0.
    """
    return Recipe(
        judge=step(ListwiseJudge, calls=1, window=k, overlap=k // 2, principle="How much it helps to answer the task."),
        reward=step(
            combine,
            (step(gate, ref("format"), step(ndcg_at_k, k=k)), ref("format")),
            (1.0, 1.0),  # ours: both parts in [0, 1], equal weights
        ),
    )


@recipe(
    no=48,
    system="RAG-RewardBench",
    arxiv="2412.13746",
    claim="Pairs on which all judges agree by a clear gap have far better labels, at the price of most pairs.",
    check="tests/claims/claims_judge_pairs.py::claim_rag_rewardbench",
    evidence="recalled",
    departs=(
        "The least gap is not known; 1 point of a Likert scale here.",
        "Judges that share errors agree more often and are right less often: see the figures of the check.",
        "The repository was empty where we looked: subsets, retrievers and pairs are not rebuilt.",
    ),
)
def rag_rewardbench(*, min_gap: float = 1.0) -> Recipe:
    """Pairs in scenarios (hops, citation, abstention, conflict), labelled by the consensus of strong judges.

    label = sign of the gap if all judges share it and |mean gap| >= min_gap, else no label; score = mean over
    scenarios of the share of pairs with margin > 0.
    """
    return Recipe(
        judge=step(PairwiseJudge, order="random"),
        select=step(consensus_label, min_gap=min_gap),
        audit=step(pair_accuracy),
    )


@recipe(
    no=77,
    system="RewardBench 2",
    arxiv="2506.01937",
    claim="Shared credit gives a constant scorer a quarter; an arbitrary order among right ones costs .4 of the ties.",
    check="tests/claims/claims_judge_pairs.py::claim_reward_bench_2",
    evidence="read",
    departs=(
        "The ties score stops at 1; the released one reaches 1.01.",
        "A rating that cannot be read leaves its item out; there it is -1, which helps when the response is wrong.",
    ),
)
def reward_bench_2(*, missing: str = "leave_out") -> Recipe:
    """Six domains: one right response of four, and prompts with several right ones.

    credit = 1 / #max if the right response is among the maxima, else 0; ties = .3 [c_t > 0] + .3 [c_r > 0]
    + .2 [c_t > d] + .2 [min(c_r, c_t) > d] + .01 tanh(min(c_r, c_t) / d - 1); overall = mean over domains.
    """
    return Recipe(audit=step(rewardbench2, missing=missing))


@recipe(
    no=80,
    system="LitBench",
    arxiv="2507.00769",
    claim="Upvotes reward length and early posting; after matching on both, neither predicts the label.",
    check="tests/claims/claims_judge_pairs.py::claim_litbench",
    evidence="recalled",
    departs=(
        "How the paper balances is recalled only: ours keeps as many pairs of each cell of gaps as of its mirror.",
    ),
)
def litbench(*, bins: int = 5) -> Recipe:
    """Stories to one prompt compared in pairs whose label (upvotes) is freed of length and posting time.

    keep min(n_cell, n_mirror) pairs of each cell of signed gap classes; score = share of pairs with margin > 0.
    """
    return Recipe(
        judge=step(PairwiseJudge, order="random", reply="tag", ties="forbid"),
        select=step(debias_pairs, bins=bins),  # ours: 5 classes a side
        audit=step(pair_accuracy),
    )


@recipe(
    no=82,
    system="RewardAnything",
    arxiv="2506.03637",
    claim="Masks drawn anew for every call average position bias out of a listwise judge; one fixed order does not.",
    check="tests/claims/claims_judge_pairs.py::claim_reward_anything",
    evidence="read",
    departs=(
        "The weight between accuracy and format was not found; .8 here.",
        "The released code masks with one seed for all calls; here every call of every group draws its own.",
        "Nothing empty or repaired in content: a score that cannot be read is missing.",
    ),
)
def reward_anything(*, accuracy: float = 0.8, calls: int = 6) -> Recipe:
    """All responses scored 1-5 by any principle in words, trained by the order of pairs and by its own form.

    order = 1 - sum pen / sum w, w = 1 + |gold gap|, a reversal costs w, a tie w / 2; reward = accuracy * order
    + (1 - accuracy) * form, the form by the verifier ``judgement_format``.
    """
    return Recipe(
        judge=step(ListwiseJudge, calls=calls),
        reward=step(
            combine,
            (step(weighted_pair_order, missing="worst_case"), ref("process")),
            (accuracy, 1 - accuracy),  # not found
        ),
    )


@recipe(
    no=89,
    system="M-RewardBench",
    arxiv="2410.15522",
    claim="Languages of equal accuracy may differ in whether the same items are right: kappa tells, accuracy cannot.",
    check="tests/claims/claims_judge_pairs.py::claim_m_rewardbench",
    evidence="read",
    departs=(
        "The kappa is recalled; an unreadable verdict is left out, there it counts half.",
        "The section weights of RewardBench 1 are not applied.",
    ),
)
def m_rewardbench(*, temperature: float = 0.0) -> Recipe:
    """The same pairs in many languages, each judged once in a random order.

    accuracy = share of right choices by language; kappa = (p_o - p_e) / (1 - p_e) of the chosen sides of two languages.
    """
    return Recipe(
        judge=step(PairwiseJudge, order="random", reply="tag", ties="forbid", temperature=temperature),  # card: T 0
        audit=step(variant_agreement),
    )


@recipe(
    no=167,
    system="RISE-Judge",
    arxiv="2502.11689",
    claim="Hard pairs, on which samples disagree, give preference pairs of judgements that favour no side.",
    check="tests/claims/claims_judge_pairs.py::claim_rise_judge",
    evidence="recalled",
    departs=(
        "Only the making of the preference pairs is here, not the training (20k examples, then 20k pairs, recalled).",
        "How the paper balances the orders is recalled: both are shown; ours also balances the right letter.",
    ),
)
def rise_judge(*, temperature: float = 1.0) -> Recipe:
    """A judge that reasons, then says [[A]] or [[B]]; its right judgements are preferred to its wrong ones.

    pair = (right, wrong) sample of one item in one order -> DPO with an NLL term on the right one.
    """
    return Recipe(
        judge=step(PairwiseJudge, order="both_strict", reply="tag", ties="forbid", temperature=temperature),
        select=step(judgement_pairs),
    )


@recipe(
    no=177,
    system="WebArbiter",
    arxiv="2601.21872",
    claim="Right against each of four rivals is far rarer than right in a pair: a^4; a knockout needs fewer wins.",
    check="tests/claims/claims_judge_pairs.py::claim_webarbiter",
    evidence="notes",
    departs=(
        "The judge is prompted, not trained: the gain of principles over none (74.6 against 55.2) is not checked here.",
    ),
)
def webarbiter(*, scale: float = 1.0) -> Recipe:
    """Two actions in one state: principles derived, grounded in the page, then compared; many actions by knockout.

    reward of the trained judge = +1 for the right verdict, -1 for the wrong one; best of n = all n - 1 pairs won.
    """
    return Recipe(
        judge=step(PairwiseJudge, reply="principles", order="both_net", ties="forbid"),
        reward=step(affine, ref("outcome"), 0.0, 1.0, -scale, scale),  # card: R in {-1, +1}
        loop=step(schedule, "elimination", n=5),  # card: 1 right and 4 wrong actions
        audit=step(all_of_n_accuracy),
    )
