"""Rubrics made better: recovered labels, tracked and selected criteria, splits, searches, rules in code."""

from rubricate.judges import PairwiseJudge, PointwiseJudge
from rubricate.loops import EvolveCriteria, RefineAnswer
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.refine import (
    CodeRuleWriter,
    CriterionTracker,
    DecomposeFilter,
    ExternalFit,
    PreferenceConsistency,
    PromptCurriculum,
    RubricSearch,
    SparseSelector,
    leaks,
    margin_shift,
    recovery_reward,
    selective,
    whitened_weights,
)
from rubricate.rewards import Tiers, combine, gate, policy_reward, tier_reward, weighted_mean
from rubricate.steps import ref, step


@recipe(
    no=8,
    system="OpenRS",
    arxiv="2602.14069",
    claim="Signs of criteria added up by tiers outside the judge; a fatal one decides; both orders cancel a bias.",
    check="tests/claims/claims_rubric_refine.py::claim_openrs",
    evidence="read",
    departs=(
        "Criteria scored 0 stay in the denominator and a tie is half a win; zeros='skip', ties='exclude' as published.",
        "The 55 instruction files per query type are not rebuilt; the pairwise reward in RL is recalled.",
        "The meta-rubric evolves by loops.search_meta_rubric from a person's decisions; no code was released for it.",
        "Python that a model wrote runs in the sandbox only; the released code runs it unprotected.",
    ),
)
def openrs(*, zeros: str = "keep", ties: str = "half", margin: float = 0.0) -> Recipe:
    """Criteria by tier (fatal, core 5, important 2, highlight 1), each judged -2..2 between two answers, both orders.

    x = sum w_k s_k / (sum w_k + 1e-6), or the sum of fatal scores when one is not 0; |x| < margin -> 0; first
    preferred iff forward > margin and backward <= -margin.
    """
    return Recipe(
        judge=step(PairwiseJudge, about="criteria", order="as_is"),
        reward=step(tier_reward, zeros=zeros, margin=margin),  # forward and backward: loops.judge_against
        audit=step(Tiers, zeros=zeros, ties=ties, margin=margin),
    )


@recipe(
    no=14,
    system="Dr. SCI",
    arxiv="2602.08321",
    claim="A rubric beside a dominant right answer gives right, complete answers; alone it drifts to long wrong ones.",
    check="tests/claims/claims_rubric_refine.py::claim_dr_sci",
    evidence="read",
    departs=(
        "The weight of the answer was not found: .7 of the total, as on the card.",
        "EESFT trace choice left out.",
    ),
)
def dr_sci(*, answer: float = 0.7, size: int = 64) -> Recipe:
    """Right final answer first, then the share of rubric items; prompts enter from the middle of difficulty.

    reward = answer * outcome + (1 - answer) * sum w_j s_j / sum w_j, answer > 1/2.
    """
    return Recipe(
        guide=step(PromptCurriculum, size=size),  # card: start at pass rates <= .625, mastered > .9
        reward=step(combine, (ref("outcome"), step(weighted_mean)), (answer, 1.0 - answer)),
    )


@recipe(
    no=15,
    system="C2",
    arxiv="2604.13618",
    claim="A judge that may refuse its rubric beats always and never using it, if it knows bad rubrics 2 times in 3.",
    check="tests/claims/claims_rubric_refine.py::claim_c2",
    evidence="read",
    departs=(
        "Infinite margins (replies cut before the answer) label nothing; in the released code they enter the argmin.",
        "DPO of the generator and GRPO of the verifier (.6 preference, .3 label, .1 format) are the trainer's.",
    ),
)
def c2() -> Recipe:
    """Rubrics labelled by how they move a judge's margin; the judge falls back when it calls its rubric misleading.

    helpful = argmax m_k with m_k > max(0, m_0), misleading = argmin m_k with m_k < min(0, m_0);
    margin = m with the rubric if called helpful, else m_0.
    """
    return Recipe(refine=step(margin_shift), judge=step(selective))


@recipe(
    no=17,
    system="RRD",
    arxiv="2602.05125",
    claim="Split criteria order pairs better than coarse ones, a filter adds to it, whitened weights undo clones.",
    check="tests/claims/claims_rubric_refine.py::claim_rrd",
    evidence="read",
    departs=(
        "Weights whiten the correlation, with a floor; form='covariance' is published and falls for constant criteria.",
        "Overlap and conflict are told by refine.LlmClash in the run, or by verdicts (redundant, conflicting).",
    ),
)
def rrd(*, form: str = "correlation", ridge: float = 1e-3) -> Recipe:
    """Recursive decompose and filter, then whitened uniform weights.

    split while more than 2 of 8 answers satisfy, depth < 3, until 15 rejects; w ~ max(0, S^(-1/2) 1);
    reward = sum w_k s_k / sum w_k.
    """
    return Recipe(
        refine=step(DecomposeFilter, satisfied_gt=2, max_depth=3, max_rejects=15),
        reward=step(
            weighted_mean,
            ref("scores"),
            weights=step(whitened_weights, ref("scores"), form=form, ridge=ridge),
            asked=ref("asked"),
        ),
    )


@recipe(
    no=24,
    system="ProImage-Bench",
    arxiv="2512.12220",
    claim="Halving per failed check sees concentrated failures; an editor told what failed gains score above all.",
    check="tests/claims/claims_rubric_refine.py::claim_proimage_bench",
    evidence="read",
    departs=("Figures are images there; here answers are texts.",),
)
def proimage_bench(*, rounds: int = 3) -> Recipe:
    """Criteria made of many yes/no checks; what failed goes back to the editor.

    criterion = 0.5 ** failed checks; score = mean over all criteria; accuracy = yes / all checks.
    """
    return Recipe(
        judge=step(PointwiseJudge, batch="all"),
        reward=step(policy_reward, structure=ref("structure"), policy="proimage"),
        loop=step(RefineAnswer, rounds=rounds),
    )


@recipe(
    no=94,
    system="CritiQ",
    arxiv="2502.19279",
    claim="Three rounds of keep, rewrite, replace on 30 pairs raise the vote; a floor on votes keeps better criteria.",
    check="tests/claims/claims_rubric_refine.py::claim_critiq",
    evidence="read",
    departs=(
        "Below 6 votes nothing is kept: in the released code one vote at accuracy 1.0 is enough.",
        "The floor helps the kept criteria, not the vote of all of them.",
        "The knowledge base of criteria from papers is the caller's first set.",
        "Wrong pairs are criticised in the call that rewrites; new criteria come from any generator of contrasts.",
    ),
)
def critiq(*, keep: float = 0.75, drop: float = 0.5, min_votes: int = 6, rounds: int = 3) -> Recipe:
    """Criteria that evolve from about 30 preference pairs.

    accuracy = right votes / votes cast; >= keep -> kept, <= drop -> replaced and banned, between -> rewritten.
    """
    return Recipe(
        refine=step(CriterionTracker, keep=keep, drop=drop, min_votes=min_votes),
        judge=step(PairwiseJudge, order="random"),
        loop=step(
            EvolveCriteria, rounds=rounds, tracker=step(CriterionTracker, keep=keep, drop=drop, min_votes=min_votes)
        ),
    )


@recipe(
    no=141,
    system="Auto MC-Reward",
    arxiv="2312.09238",
    claim="A dense rule in code, checked, run dry and rewritten from failures, solves what the sparse reward does not.",
    check="tests/claims/claims_rubric_refine.py::claim_auto_mc_reward",
    evidence="recalled",
    departs=(
        "Bounds of the dense term are recalled; here the caller gives them.",
        "A grid with traps, not Minecraft; there the first sound draft is enough and the advice adds nothing.",
    ),
    fit="peripheral",
)
def auto_mc_reward(*, repairs: int = 2) -> Recipe:
    """A model writes a reward as code; a critic checks it; an analyst of failures gives advice for the next draft.

    reward = sparse + dense, dense in [low, high].
    """
    return Recipe(refine=step(CodeRuleWriter, repairs=repairs, typed=False))


@recipe(
    no=146,
    system="Text2Reward",
    arxiv="2309.11489",
    claim="Typed inputs in the prompt and one repair give runnable rules where bare names do not.",
    check="tests/claims/claims_rubric_refine.py::claim_text2reward",
    evidence="recalled",
    departs=("The writer of the check is scripted: it guesses types that the prompt does not state.",),
    fit="peripheral",
)
def text2reward(*, repairs: int = 1) -> Recipe:
    """A reward in code from a task and typed inputs; errors of the dry run go back to the writer.

    draft -> static checks -> dry run -> repair, until it passes or repairs are spent.
    """
    return Recipe(refine=step(CodeRuleWriter, repairs=repairs, typed=True))


@recipe(
    no=186,
    system="Auto-Rubric as Reward (ARR / RPO)",
    arxiv="2605.08354",
    claim="A binary reward by pairs is stable under heavy-tailed judge noise where a centred scalar is not.",
    check="tests/claims/claims_rubric_refine.py::claim_auto_rubric_as_reward",
    evidence="read",
    departs=(
        "A scalar normalised by its group is as good as the pair: see the figures of the check.",
        "Consolidation into one rubric of themes is refine.consolidate with LlmThemes; the prompt is ours.",
    ),
)
def auto_rubric_as_reward(*, win: float = 1.0, loss: float = 1.0, min_pairs: int = 2) -> Recipe:
    """Rubrics that recover their label are kept; the judge that holds them decides pairs of samples.

    keep iff the share of labels recovered > 1/2; reward = win for the winner of its pair, -loss for the loser.
    """
    return Recipe(
        refine=step(PreferenceConsistency, min_pairs=min_pairs),
        judge=step(PairwiseJudge, order="both_strict"),
        reward=step(gate, ref("outcome"), win, -loss),  # outcome: whether the sample won its pair
    )


@recipe(
    no=187,
    system="AutoRubric-T2I",
    arxiv="2605.17602",
    claim="L1 logistic weights on 256 pairs find the informative rules among 60 and beat uniform weights.",
    check="tests/claims/claims_rubric_refine.py::claim_autorubric_t2i",
    evidence="notes",
    departs=("The penalty was not found; .03 as on the card.", "Explanations and images are the caller's."),
)
def autorubric_t2i(*, penalty: float = 0.03, top: int = 20, sign: str = "positive") -> Recipe:
    """Candidate rules, selected by how they tell winner from loser.

    x_j = s_j(winner) - s_j(loser); min_w mean log(1 + exp(-w'x)) + penalty |w|_1; the top by |w|; s(y) = w's(y).
    """
    return Recipe(refine=step(SparseSelector, penalty=penalty, top=top, sign=sign))


@recipe(
    no=199,
    system="APRES",
    arxiv="2603.03142",
    claim="Item scores of a rubric predict an outcome that no judge sees better than the mean does.",
    check="tests/claims/claims_rubric_refine.py::claim_apres",
    evidence="notes",
    departs=(
        "The search keeps by validation loss and reports a test loss that it never saw.",
        "Against principal components of embeddings it wins by little, or not at all: see the figures of the check.",
    ),
)
def apres(*, steps: int = 20, rounds: int = 4) -> Recipe:
    """A search over rubrics whose item scores predict counts; then answers are revised against the best one.

    y ~ NB(mu, r), mu = exp(b + x'w); keep the rubric of least validation loss.
    """
    return Recipe(
        refine=step(RubricSearch, fit=step(ExternalFit, link="negbin"), steps=steps),
        loop=step(RefineAnswer, rounds=rounds),
    )


@recipe(
    no=209,
    system="ARISE",
    arxiv="",
    claim="Three reviewers and revision of what is below 4 of 5 lift nearly all items in 4 rounds, in their eyes.",
    check="tests/claims/claims_rubric_refine.py::claim_arise",
    evidence="read",
    departs=(
        "The reviewers in the loop overstate the result: an unseen judge says how far, see the check.",
        "Chunks of pages are the caller's.",
    ),
)
def arise(*, threshold: float = 4.0, rounds: int = 4) -> Recipe:
    """Items with described levels 1-5, three reviewers; items below the threshold are revised, at most 4 rounds.

    item = mean over reviewers; total = sum of items.
    """
    return Recipe(judge=step(PointwiseJudge, batch="all"), loop=step(RefineAnswer, rounds=rounds, threshold=threshold))


@recipe(
    no=212,
    system="Proxy-GRM",
    arxiv="2603.16600",
    claim="A proxy that recovers the label from a rubric makes rubrics transfer, if leaking ones are not paid.",
    check="tests/claims/claims_rubric_refine.py::claim_proxy_grm",
    evidence="read",
    departs=(
        "Rubrics that give the answer away are found by neutral answers and paid -1; published: a part is cut out.",
        "A proxy that fails gives no reward; published: 0.",
        "The sum with accuracy (+-1) and half the format is rewards.combine.",
    ),
)
def proxy_grm(*, gap: float = 0.2, floor: float = 0.6) -> Recipe:
    """A rubric is paid when another judge, who sees it and the answers, finds the label again.

    R = accuracy (+-1) + proxy (+-1) + 0.5 format; proxy = -1 for rubrics that leak.
    """
    return Recipe(refine=step(recovery_reward, leaking=step(leaks, gap=gap, floor=floor)))
