"""Systems that write rubrics from passages: nuggets, graded items, items of a report that must not be cited."""

from rubricate.audit import perturbation_delta
from rubricate.credit import grpo
from rubricate.generate import NuggetGenerator, ReferenceGenerator
from rubricate.judges import OrdinalJudge, Panel, PointwiseJudge
from rubricate.judges.learned import NearestAnswers
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.refine import Reconstruction
from rubricate.rewards import combine, gate, label_agreement, multiply, policy_reward, share_at
from rubricate.steps import ref, step

LISTS = (ref("list_given"), ref("list_known"), ref("list_off"))
F1, EXACT = step(label_agreement, *LISTS), step(label_agreement, *LISTS, of="exact")


@recipe(
    no=1,
    system="Search-Gen-V",
    arxiv="2510.14660",
    claim="A list with one wrong label earns more than the majority guess, a short list nothing; a match of strings or "
    "the verifier beats both.",
    check="tests/claims/claims_rubric_evidence.py::claim_search_gen_v",
    evidence="read",
    departs=(
        "Retrieval of passages and the merging of nuggets from several queries are the caller's.",
        "One reply form is asked for; the paper trains on ten.",
    ),
)
def search_gen_v(*, batch: int = 10) -> Recipe:
    """Nuggets from passages, ten labelled in one call (support, partial, not); the reward trains that labeller.

    R = .35 macroF1 + .35 exact list + .2 reasoning format + .1 label format; 0 for a list of the wrong length or with
    F1 0; times .1 with more than one reasoning block.
    """
    return Recipe(
        rubric=step(NuggetGenerator, scale="ternary", policy="search_gen_v"),
        judge=step(PointwiseJudge, batch=batch),
        reward=step(
            gate,
            ref("readable"),  # the list has one label for each nugget
            step(
                gate,
                F1,
                step(
                    multiply,
                    (
                        step(combine, (F1, EXACT, ref("format"), ref("on_scale")), (0.35, 0.35, 0.2, 0.1)),
                        step(gate, ref("answers"), 0.1, 1.0, threshold=1.5),  # more than one reasoning block
                    ),
                ),
                threshold=1e-9,
            ),
        ),
        credit=step(grpo),
    )


@recipe(
    no=44,
    system="ResearchQA",
    arxiv="2509.00496",
    claim="Five words per item tell coverage better than yes or no at the same number of calls.",
    check="tests/claims/claims_rubric_evidence.py::claim_researchqa",
    evidence="read",
    departs=("The arXiv id is recalled. Query and items are not written jointly: the query is given.",),
)
def researchqa(*, batch: int = 8) -> Recipe:
    """Items from survey passages, each graded on five words.

    coverage = mean over items of (x - 1) / 4, x in 1..5.
    """
    return Recipe(
        rubric=step(NuggetGenerator, scale="1-5", policy="researchqa"),
        judge=step(PointwiseJudge, batch=batch),  # card: 8 items a call
        reward=step(policy_reward, policy="researchqa"),
    )


@recipe(
    no=63,
    system="DeepResearch Bench II",
    arxiv="2601.08536",
    claim="A report that copies the rubric's source scores 1 without the flag, 0 with it; pooling changes the total.",
    check="tests/claims/claims_rubric_evidence.py::claim_deepresearch_bench_ii",
    evidence="read",
    departs=(
        "The arXiv id is recalled. Items are written by one model call here, by models and people in the paper.",
        "Items are echoed by id, not by their text.",
    ),
)
def deepresearch_bench_ii(*, batch: int = 50) -> Recipe:
    """Items from an expert report in three dimensions; an item met by citing that report counts nothing.

    score = #(v = 1) / n; blocked rate = #(v = -1) / n.
    """
    return Recipe(
        rubric=step(NuggetGenerator, blocked=True, axes=("info recall", "analysis", "presentation")),
        judge=step(PointwiseJudge, batch=batch),  # card: 50 items a call
        reward=step(policy_reward, policy="deepresearch_bench_2"),
        audit=step(share_at, level=-1.0),
    )


@recipe(
    no=218,
    system="QuarkMedBench",
    arxiv="2603.13691",
    claim="With truncation and saturation an answer that lacks essentials no longer beats one that has them all.",
    check="tests/claims/claims_rubric_evidence.py::claim_quarkmedbench",
    evidence="read",
    departs=(
        "rho and the cap of a tag were not published: .5 and 1 are ours; the maximum is that before saturation.",
        "Truncation is a cliff; truncation='smooth' fades instead.",
        "One model writes here; the consensus of several is generate.ConsensusGenerator around the rubric stage.",
    ),
)
def quarkmedbench(*, truncation: str = "hard", cap: float | None = 1.0) -> Recipe:
    """Items of four classes and five tags from evidence.

    raw = 2 S_ess + S_imp + S_aha - 2 S_pit, the middle two 0 if S_ess < rho R_ess, capped by tag and by 2 S_ess;
    score = (raw - min) / (max - min).
    """
    return Recipe(
        rubric=step(NuggetGenerator, classes=("essential", "important", "highlight", "pitfall"), policy="quarkmed"),
        judge=step(OrdinalJudge),
        reward=step(
            policy_reward,
            structure=ref("structure"),
            policy="quarkmed",
            settings={"truncation": truncation, "cap": cap},
        ),
    )


@recipe(
    no=52,
    system="GAPS",
    arxiv="2510.13734",
    claim="Two policies of one base score are told apart by perturbed twins: one reads surface cues, one does not.",
    check="tests/claims/claims_rubric_evidence.py::claim_gaps",
    evidence="abstract-only",
    departs=(
        "The arXiv id is recalled. Guideline graph, question levels and the research agent are not built: passages "
        "with grades of evidence are given. Several models write through generate.ConsensusGenerator.",
        "The form of the perturbation measure is ours.",
    ),
)
def gaps(*, high: float = 10.0) -> Recipe:
    """Items from a guideline, with the grade of their evidence; positive ones for adequacy, negative ones for safety.

    delta = mean over questions of (score - mean score of the perturbed twins).
    """
    return Recipe(
        # GRADE's four levels of certainty
        rubric=step(NuggetGenerator, grades=("high", "moderate", "low", "very low"), weights=(-high, high)),
        judge=step(Panel),
        reward=step(policy_reward, policy="healthbench"),
        audit=step(perturbation_delta),
    )


@recipe(
    no=58,
    system="Automated feedback in math education",
    arxiv="",
    claim="The nearest scored answer under Canberra distance beats the mean score; with shuffled scores it does not.",
    check="tests/claims/claims_rubric_evidence.py::claim_math_feedback",
    evidence="recalled",
    departs=(
        "Abstract and memory only. A hashed n-gram encoder by default, SBERT in the paper.",
        "The fine-tuned model and the comparison of written feedback are not carried over.",
    ),
    fit="peripheral",
)
def math_feedback(*, k: int = 1) -> Recipe:
    """Open answers scored by the nearest scored answer, whose feedback is given back.

    score = mean over the k nearest of their scores; distance = sum |x - y| / (|x| + |y|).
    """
    return Recipe(judge=step(NearestAnswers, metric="canberra", k=k))


@recipe(
    no=207,
    system="Spacer",
    arxiv="",
    claim="An answer can be rebuilt from a rubric that holds it, and hardly from one that does not.",
    check="tests/claims/claims_rubric_evidence.py::claim_spacer",
    evidence="abstract-only",
    departs=(
        "Only the pattern is carried over: rebuild a known item from stripped input and compare.",
        "Keyword graph, metric of impact and the stages of writing are not built; the rebuilding model is a script.",
    ),
    fit="peripheral",
)
def spacer(*, temperature: float = 0.0) -> Recipe:
    """Is the answer in the rubric? Written from a reference without stating it, then rebuilt from the criteria alone.

    similarity = F1 of content words of the rebuilt answer and the reference; near 1 leaks.
    """
    return Recipe(rubric=step(ReferenceGenerator), refine=step(Reconstruction, temperature=temperature))
