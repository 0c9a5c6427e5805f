"""Search and refinement: searches that are new and useful, rewritten queries, steps repaired after a critique.

Constants say where they come from: ``card`` (the published value), ``recalled``, or ``ours`` (not published).
Asking for a better query, rewriting a step and branching a rollout are the trainer's; the array stages price them.
"""

from __future__ import annotations

from rubricate.credit import z_score
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rewards import banded, combine, extreme_pairs, gate, new_sets
from rubricate.steps import ref, step

GOOD_SEARCH = step(gate, step(new_sets, ref("turn_docs"), ref("turn_off"), limit=1), ref("turn_useful"))  # ours: 1


@recipe(
    no=102,
    system="SmartSearch",
    arxiv="2601.04888",
    claim="Good searches earn a bounded bonus: wrong answers never overtake right ones, as they do with a plain sum.",
    check="tests/claims/claims_credit_search.py::claim_smartsearch",
    evidence="read",
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
