"""Search and refinement: searches that are new and useful, rewritten queries, steps repaired after a critique.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
Asking for a better query, rewriting a step and branching a rollout are the trainer's; the array stages price them.
"""

from __future__ import annotations

from rubricate.credit import key, look_ahead, place, pool, position, prefix, suffix, vote, z_score
from rubricate.judges import Distilled
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.reduce import spread
from rubricate.rewards import banded, combine, count_discount, extreme_pairs, gate, marginal_likelihood, new_sets
from rubricate.steps import ref, step

GOOD_SEARCH = step(gate, step(new_sets, ref("turn_docs"), ref("turn_off"), limit=1), ref("turn_useful"))  # ours: 1
NONE_RIGHT = step(vote, step(combine, (ref("step_tries"),), (-1.0,), constant=1.0), "all")
ANY_RIGHT = step(combine, (NONE_RIGHT,), (-1.0,), constant=1.0)

GAIN = step(combine, (ref("step_refined"), ref("step_scores")), (1.0, -1.0))
BETTER = step(gate, GAIN, ref("step_refined"), ref("step_scores"), threshold=0.0)


@recipe(
    no=102,
    system="SmartSearch",
    arxiv="2601.04888",
    claim="Good searches earn a bounded bonus: wrong answers never overtake right ones, as they do with a plain sum.",
    check="tests/claims/claims_credit_search.py::claim_smartsearch",
    evidence="read",
    invariances=("permutation", "zero_sum"),
    departs=(
        "gamma, both bounds, the weight of the format and the overlap limit are not published; ours.",
        "Keep the weight of the format below floor - ceiling: a larger one lets the bands cross again.",
        "Pairs of a prompt instead of original and refined branch; hand the branches in as groups.",
    ),
)
def smartsearch(gamma: float = 0.2, floor: float = 0.6, ceiling: float = 0.4, format_weight: float = 0.1) -> Recipe:
    """A search is good when it is new and useful; right answers lose for bad ones, wrong ones gain for good ones.

    r = max(outcome - gamma n_bad, floor) if right else min(outcome + gamma n_good, ceiling), plus format_weight *
    format; A = z(r in the prompt). Pairs: right beats wrong, then fewer bad (both right) or more good (both wrong). A
    search is new when it shares at most one document with each earlier one. Group size, batch and rate from the paper.
    """
    return Recipe(
        reward=step(
            combine,
            (
                step(banded, ref("outcome"), GOOD_SEARCH, ref("turn_off"), gamma=gamma, floor=floor, ceiling=ceiling),
                ref("format"),
            ),
            (1.0, format_weight),  # ours
        ),
        credit=step(z_score, ref("reward"), ref("group")),  # ours: ddof, eps
        select=step(
            extreme_pairs,
            step(banded, ref("outcome"), GOOD_SEARCH, ref("turn_off"), gamma=1e-3, floor=0.51, ceiling=0.49),
            ref("group"),
        ),  # a bonus too small to reach the bounds: the lexicographic order
        train={"group_size": 8, "batch": 64, "rate": 1e-6},  # card
    )


@recipe(
    no=104,
    system="AdaQR",
    arxiv="2406.10991",
    claim="A rewritten query is worth how likely its passages, taken together, make the reference answer.",
    check="tests/claims/claims_credit_search.py::claim_adaqr",
    evidence="recalled",
    invariances=("permutation",),
    departs=("The number of passages is ours; a pair of the best and the worst rewrite of each turn is recalled.",),
)
def adaqr(passages: int = 5, gap: float = 0.0) -> Recipe:
    """The likelihood of the answer marginalised over the passages that the rewrite retrieves; best against worst.

    r = sum_k softmax_k(retriever score) P(answer | history, question, passage k), with the probability of the answer
    normalised by its length. Pairs: the best and the worst rewrite of a turn. Rows are rewrites, groups are turns.
    """
    return Recipe(
        reward=step(marginal_likelihood, k=passages),  # ours: 5
        select=step(
            extreme_pairs,
            step(marginal_likelihood, k=passages),
            ref("group"),
            gap=gap,  # ours: 0
        ),
    )


@recipe(
    no=91,
    system="GLoRe",
    arxiv="2402.10963",
    claim="Labelling a step by any right continuation of several finds errors better than by one, up to a number.",
    check="tests/claims/claims_credit_search.py::claim_glore",
    evidence="recalled",
    invariances=("permutation", "split"),
    departs=(
        "The balance of labels, both refiners and the final choice among the drafts belong to the trainer.",
        "Dropping prefixes that a later one contradicts costs .01 of balanced accuracy in chains with 8 continuations: "
        "luck after an error contradicts true labels too.",
        "The best number of continuations depends on how often luck repairs an error; 8 is recalled.",
    ),
)
def glore(threshold: float = 0.5) -> Recipe:
    """A step is good when any continuation from it is right; the first step scored below one half is rewritten.

    label_t = max over K tries of right; an example is kept (1) when no later prefix of its row is better, 1 - (max_{u
    >= t} label_u - label_t) = 0 drops it. Place of the first bad step = number of steps before the first score below
    threshold, the length when there is none. K 8 recalled.
    """
    return Recipe(
        reward=ANY_RIGHT,
        select=step(combine, (ANY_RIGHT, step(suffix, ANY_RIGHT, ref("step_off"), "max")), (1.0, -1.0), constant=1.0),
        guide=step(
            pool,
            step(
                prefix,
                step(prefix, step(gate, ref("step_scores"), 1.0, 0.0, threshold=threshold), ref("step_off"), "min"),
                ref("step_off"),
            ),
            ref("step_off"),
            "last",
        ),
        train={"continuations": 8},  # recalled
    )


@recipe(
    no=68,
    system="ReARTeR",
    arxiv="2501.07861",
    claim="A step judged with what follows it is chosen better; a critique is worth what the rewritten step gains.",
    check="tests/claims/claims_credit_search.py::claim_rearter",
    evidence="recalled",
    invariances=("permutation",),
    departs=(
        "The exact update was not found; alpha .5, the threshold .5, the depth and the gap are ours.",
        "The early bias is the same for all candidates of a step and changes no choice; the gain is a second reading.",
        "Looking ahead costs where the sampled next step fails more often than the judge errs.",
        "Siblings are steps of one index in one prompt; hand the branches of a tree in as groups.",
    ),
)
def rearter(alpha: float = 0.5, depth: int = 1, threshold: float = 0.5, gap: float = 0.1) -> Recipe:
    """The better of a weak step and its rewrite, corrected by the steps that follow; siblings far apart are pairs.

    s_t = max(score, score of the rewrite) where score < threshold, else score; r_t = s_t + alpha (r_{t+1} - s_t) down
    to ``depth``. Pairs: best and worst sibling more than gap apart. A critique earns +1 when the rewrite scores higher
    than the step, else -1 (the audit stage).
    """
    return Recipe(
        reward=step(
            look_ahead,
            step(gate, ref("step_scores"), ref("step_scores"), BETTER, threshold=threshold),  # ours
            ref("step_off"),
            alpha=alpha,  # ours: .5
            depth=depth,
        ),
        select=step(
            extreme_pairs,
            step(look_ahead, ref("step_scores"), ref("step_off"), alpha=alpha, depth=depth),
            step(key, (step(spread, ref("group"), ref("step_off")), step(position, ref("step_off")))),
            gap=gap,
        ),
        audit=step(gate, GAIN, 1.0, -1.0, threshold=1e-9),  # desirable or not, as KTO reads it
    )


@recipe(
    no=62,
    system="ONI",
    arxiv="2410.23022",
    claim="A few labels of a judge, kept or distilled, cover most of what the agent meets; repeated messages pay less.",
    check="tests/claims/claims_credit_search.py::claim_oni",
    evidence="recalled",
    invariances=("permutation",),
    departs=(
        "Both coefficients, beta and gamma are ours; counts are per episode. The ranking model is left out.",
        "The queue, newest message first, and the workers are the trainer's.",
        "Unlabelled messages count as not helpful, so the share of helpful ones decides how good a table looks: saying "
        "no to all is right nine times of ten in the check.",
        "A table keeps the judge's errors: one on a frequent message costs a run more than all rare ones together.",
    ),
)
def oni(external: float = 1.0, internal: float = 0.1, beta: float = 1.0, gamma: float = 0.99) -> Recipe:
    """The outcome at the end, and a bonus for messages that the distilled judge calls helpful, less for repeats.

    r_t = external * outcome [last step] + internal * [label >= 1/2] / N(message)^beta; A_t = sum_{k >= t} gamma^(k - t)
    r_k, for a critic to centre. The table keeps labels of messages seen; kind="classifier" generalises to others.
    """
    return Recipe(
        judge=step(Distilled, kind="table", unseen=0.0),  # recalled: hash table, unseen 0
        reward=step(
            combine,
            (
                step(place, ref("outcome"), ref("step_off")),
                step(
                    count_discount,
                    step(gate, ref("step_scores"), 1.0, 0.0),
                    ref("step_message"),
                    ref("step_off"),
                    beta=beta,
                ),
            ),
            (external, internal),
        ),
        credit=step(suffix, ref("reward"), ref("step_off"), gamma=gamma),
    )
