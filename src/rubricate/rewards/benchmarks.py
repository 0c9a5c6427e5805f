"""The published scoring formulas, one constructor each: formula, source, whether its code was read, traps.

v are verdicts, w weights, P the criteria of positive weight, N those of negative weight (v = 1: something bad).
"""

from __future__ import annotations

from rubricate.registry import register
from rubricate.rewards.citations import Citations
from rubricate.rewards.classes import Classes
from rubricate.rewards.margins import Margin
from rubricate.rewards.pairwise import Tiers
from rubricate.rewards.points import Halving, Points
from rubricate.rewards.policies import Policy
from rubricate.rewards.reference import Ratio
from rubricate.rewards.staged import Staged
from rubricate.rewards.tree import Tree
from rubricate.steps import FrozenMapping

RAR_WEIGHTS = FrozenMapping({"essential": 1.0, "important": 0.7, "optional": 0.3, "pitfall": 0.9})


@register("policy", "healthbench")
def healthbench() -> Policy:
    """sum w v / sum_P w per example, not clipped; the mean over examples is clipped to [0, 1].

    No score without a positive criterion. Per tag with ``tag_scores``: example tags take the example score, item tags
    recompute it. Source: HealthBench, arXiv 2505.08775 (code read). Trap: a failed judgement of a negative criterion,
    taken as "not met", pays; the published grader retries without limit, here the row has no reward.
    """
    return Policy(denominator="positive", clip="mean")


@register("policy", "prbench")
def prbench() -> Policy:
    """clip(sum w v / sum_P w, 0, 1) per task, then the mean.

    Per category: ``category_scores`` with denominator='minmax'. Source: PRBench (notes). Trap: clip and mean are in
    the other order than in HealthBench: (.8, -.6, .5, -.3) gives .325 here and .10 there; weights come with the weight
    class of each item (stale sibling columns exist).
    """
    return Policy(denominator="positive", clip="example")


@register("policy", "rar_explicit")
def rar_explicit() -> Policy:
    """sum w c / sum w with class weights Essential 1, Important .7, Optional .3, Pitfall .9.

    Source: Rubrics as Rewards (recalled, constants too). Trap: pitfalls are worded as avoided and have positive
    weight; a negative weight leaves the row without a reward. A weight class replaces the weight of the criterion.
    """
    return Policy(denominator="sum", class_weights=RAR_WEIGHTS)


@register("policy", "rar_implicit")
def rar_implicit() -> Policy:
    """One judgement of the whole rubric on 1-10, divided by 10 (so .1 to 1, not 0 to 1).

    Source: Rubrics as Rewards (recalled).
    """
    return Policy(denominator="sum", units="of_max")


@register("policy", "researchrubrics")
def researchrubrics() -> Policy:
    """sum w v / sum_P w with v in {1, .5, 0}, weights -5..5, unclipped; mean over prompts.

    ``partial=0`` gives the binary form. Source: card 213, arXiv 2511.07685 (code read). Trap: the partial value
    changes the ranking of answers.
    """
    return Policy(denominator="positive")


@register("policy", "deepresearch_race")
def deepresearch_race() -> Ratio:
    """T / (T + R): weighted dimension means of the report over those of report and reference; .5 is equal.

    Needs ``reference=`` verdicts. Source: DeepResearch Bench, arXiv 2506.11763 (code read). Trap: the published code
    matches criteria by text and falls back to the mean weight with a warning; here ids match or nothing does.
    """
    return Ratio()


@register("policy", "deepresearch_fact")
def deepresearch_fact() -> Citations:
    """supported / judged citations (unknown ones left out), pooled; ``rates`` adds effective citations per task.

    Source: DeepResearch Bench, arXiv 2506.11763 (code read). Trap: effective citations are averaged over the tasks
    that cite anything; tasks='all' counts every task.
    """
    return Citations()


@register("policy", "deepresearch_bench_2")
def deepresearch_bench_2() -> Policy:
    """Share of items with v = 1 among all items pooled; 0 and -1 (met, but citing the blocked source) do not count.

    Per dimension: ``category_scores``; blocked rate: ``share_at(scores.native, -1)``. Source: card 63, arXiv
    2601.08536 (code read, id recalled). Trap: macro and micro differ (.625 and .268 on 1 of 1 and 10 of 40).
    """
    return Policy(denominator="sum", weighted=False, partial=0.0, across="micro")


@register("policy", "researcherbench")
def researcherbench() -> Policy:
    """Coverage sum w v / sum w with weights 1-3; see ``claim_measures`` for faithfulness and groundedness.

    Source: card 216, arXiv 2507.16280 (code read, id recalled). Trap: the published parser takes any reply with "yes".
    """
    return Policy(denominator="sum")


@register("policy", "researchqa")
def researchqa() -> Policy:
    """Mean over items of (x - 1) / 4, x in 1..5. Source: card 44, arXiv 2509.00496 (code read, id recalled)."""
    return Policy(denominator="sum", weighted=False)


@register("policy", "proimage")
def proimage() -> Halving:
    """Mean over criteria of .5 ^ (failed checks), criteria of all figures pooled; the children are the checks.

    Source: card 24, arXiv 2512.12220 (code read). Trap: the accuracy over checks cannot tell spread from concentrated
    failures.
    """
    return Halving(across="micro")


@register("policy", "mind2web2")
def mind2web2() -> Tree:
    """Tree: a failed critical child sends its parent to 0, else the mean of the others; sequences stop at a failure.

    Success rate: ``total(rewards, of='full')``. Source: card 178, arXiv 2506.21506 (code read). Trap: the published
    preview skips the truncation of sequences.
    """
    return Tree()


@register("policy", "sedareval")
def sedareval() -> Points:
    """Points minus deductions, 0 to the rubric's max_total (5 published); void leaves void their parent's points.

    Source: card 184, arXiv 2501.15595 (code read). Trap: the sentinels -200 (empty) and -100 (over-long) must not be
    averaged; pass the flags ``empty`` and ``overlong``, or clean published totals with ``without_sentinels``.
    """
    return Points()


@register("policy", "quarkmed")
def quarkmed() -> Classes:
    """Essential : important : highlight : pitfall = 2:1:1:2, essential truncation, tag saturation, min-max.

    Source: card 218, arXiv 2603.13691 (report read; rho .5 and cap 1 are ours, theirs were not published). Trap: the
    truncation is a cliff, see ``cliff``; truncation='smooth' has none.
    """
    return Classes()


@register("policy", "openrs")
def openrs() -> Tiers:
    """sum w s / (sum w + 1e-6) over non-zero -2..2 comparisons, core 5, important 2, highlight 1, fatal alone decides.

    ``backward=`` verdicts of the other order give +1, 0, -1; the total is W / (W + L). Source: card 8, arXiv
    2602.14069 (code read). Traps: skipping zeros erases how much was equal; W / (W + L) hides ties (ties='half').
    """
    return Tiers()


@register("policy", "orbit")
def orbit() -> Policy:
    """sum of met points / sum_P points, unclipped; without positive items divided by sum |points|.

    Source: card 6, arXiv 2510.15859 (code read). Trap: points (5, 5, -8, -4), all met, are -.2; with the two negative
    verdicts failed and taken as not met they would be 1.0.
    """
    return Policy(denominator="positive", negatives_only="signed_fallback")


@register("policy", "automed")
def automed() -> Policy:
    """The ORBIT formula on audited medical rubrics. Source: card 208, arXiv 2601.15161 (code read)."""
    return Policy(denominator="positive", negatives_only="signed_fallback")


@register("policy", "arcane_staged")
def arcane_staged() -> Staged:
    """min(sum over stages of min(points, max_points), max_total); a failed required stage stops or zeroes the sum.

    Source: card 12, arXiv 2512.06196 (code read). Trap: the stopping stage loses its own points.
    """
    return Staged()


@register("policy", "arcane_flat")
def arcane_flat() -> Policy:
    """sum w v with weights that sum to 1 (divided by their sum otherwise). Source: card 12, arXiv 2512.06196 (read)."""
    return Policy(denominator="sum")


@register("policy", "writingbench")
def writingbench() -> Policy:
    """Mean of 1-10 scores; the total is the mean over all criteria of all queries (micro).

    Source: WritingBench (code read; five criteria a query recalled).
    """
    return Policy(denominator="sum", weighted=False, units="native", across="micro")


@register("policy", "rubric_lib")
def rubric_lib() -> Policy:
    """clip(sum w v / sum_P w, 0, 1); only negatives: clip(1 + sum w v / sum |w|, 0, 1).

    Source: the ``rubric`` library of The LLM Data Company (code read).
    """
    return Policy(denominator="positive", clip="example", negatives_only="one_plus")


@register("policy", "rubric_lib_raw")
def rubric_lib_raw() -> Policy:
    """sum w v, not normalised. Source: the ``rubric`` library of The LLM Data Company (code read)."""
    return Policy(denominator="none")


@register("policy", "search_gen_v")
def search_gen_v() -> Policy:
    """Share of nuggets supported: support 1, partial .5, not 0.

    Source: card 1, arXiv 2510.14660 (code read; the value of partial support is a convention, not published).
    """
    return Policy(denominator="sum", weighted=False, partial=0.5)


@register("policy", "draco")
def draco() -> Policy:
    """max(0, sum w v) / sum_P w. Source: DRACO-like rubrics (notes)."""
    return Policy(denominator="positive", clip="example")


@register("policy", "c2_margin")
def c2_margin() -> Margin:
    """log p(correct) - log p(other) at the answer token. Source: card 15, arXiv 2604.13618 (code read).

    Trap: a letter that was never offered gives minus infinity, which must not enter a minimum: no reward here.
    """
    return Margin()


@register("policy", "rlbff")
def rlbff() -> Margin:
    """log p(Yes) - log p(No) for one principle. Source: card 174, arXiv 2509.21319 (notes)."""
    return Margin()


@register("policy", "autorubric_t2i")
def autorubric_t2i() -> Policy:
    """sum w P(yes) with the L1-fitted weights of the kept rules. Source: card 187, arXiv 2605.17602 (notes)."""
    return Policy(denominator="none")
