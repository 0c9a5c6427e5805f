"""What each generator adds to the contract of all: leaks, anchors, consensus, programs, neighbours, documents."""

import asyncio
import dataclasses
import json
import random
from functools import lru_cache

import numpy as np
import pytest

from rubricate.errors import DataError, SettingError
from rubricate.generate import (
    ConstraintGenerator,
    ContrastGenerator,
    DisagreementChecklist,
    DocumentsGenerator,
    FailureGenerator,
    Feedback,
    FeedbackGenerator,
    Material,
    NeighbourGenerator,
    NuggetGenerator,
    PassageIndex,
    PersonaGenerator,
    PromptGenerator,
    ReferenceGenerator,
    RubricIndex,
)
from rubricate.generate.index import Words
from rubricate.generate.spans import partial_ratio
from rubricate.llm.client import Reply
from rubricate.rubrics import Rubric


class Client:
    """Replies in order; keeps the requests."""

    endpoint = "test"

    def __init__(self, *replies):
        self.replies, self.requests = [json.dumps(r) for r in replies], []

    async def complete(self, request):
        self.requests.append(request)
        return Reply((self.replies.pop(0),))


def run(generator, material, *replies):
    client = Client(*replies)
    return asyncio.run(generator.generate(material, client, id="r")), client


def items(*texts, **fields):
    return {"items": [{"text": t, **fields} for t in texts]}


def reasons(draft):
    return {d.text: d.reason for d in draft.dropped}


# ------------------------------------------------------------------------------------------------- reference


def test_a_criterion_that_states_the_reference_is_refused_unless_a_judge_alone_sees_it():
    material = Material("How long does green tea steep?", reference="Steep green leaves for three minutes exactly.")
    said = items("Says to steep green leaves for three minutes.", "Gives a time.")
    draft, _ = run(ReferenceGenerator(), material, said)
    assert [c.text for c in draft.rubric.criteria] == ["Gives a time."]
    assert "of the reference" in reasons(draft)["Says to steep green leaves for three minutes."]
    allowed, _ = run(ReferenceGenerator(leak="allow"), material, said)
    assert len(allowed.rubric.criteria) == 2
    short = dataclasses.replace(material, reference="42")
    assert run(ReferenceGenerator(), short, items("States 42 seconds."))[0].rubric is None


# --------------------------------------------------------------------------------------------------- contrast

PAIR = Material("Explain tides.", responses=("The moon pulls the sea.", "Wind makes them."), labels=(0.0, 1.0))


def test_the_best_answer_is_shown_first_with_ties_at_the_same_rank():
    material = dataclasses.replace(PAIR, responses=(*PAIR.responses, "Other."), labels=(0.0, 1.0, 0.0))
    _, client = run(ContrastGenerator(), material, items("Names a cause.", **{"class": "principle"}))
    shown = client.requests[0].messages[1].content
    assert shown.index("Wind makes them.") < shown.index("The moon pulls")
    assert (shown.count("answer of rank 1"), shown.count("answer of rank 2")) == (1, 2)


def test_equal_labels_give_nothing_to_contrast():
    draft, client = run(ContrastGenerator(), dataclasses.replace(PAIR, labels=(1.0, 1.0)))
    assert (draft.rubric, client.requests) == (None, [])
    assert "do not differ" in draft.why


def test_the_synthesis_sees_findings_with_a_real_quote_and_no_answer():
    def finding(status, evidence):
        return {"criterion": "cause", "status": status, "severity": 2, "claim": f"c {evidence}", "evidence": evidence}

    first = {
        "findings": [finding("fail", "Wind makes them"), finding("fail", "The tide is a lie"), finding("pass", "")]
    }
    second = {"findings": [finding("fail", "The moon pulks the sea")]}
    draft, client = run(
        ContrastGenerator(mode="profiles"), PAIR, first, second, items("Names a cause.", **{"class": "hard rule"})
    )
    shown = client.requests[2].messages[1].content
    assert "The tide is a lie" not in shown
    assert "The moon pulks the sea" in shown  # one slip is no fabrication
    assert "answer of rank" in shown
    assert draft.notes == ("findings dropped because their quote is not in the answer: 1",)
    assert draft.rubric.criteria[0].weight_class == "hard rule"
    with pytest.raises(SettingError, match="'direct' or 'profiles'"):
        ContrastGenerator(mode="x")


def test_a_disagreement_shows_two_answers_in_an_order_without_meaning():
    swapped = dataclasses.replace(PAIR, responses=PAIR.responses[::-1])
    seen = {run(DisagreementChecklist(), m, items("Which body causes it."))[1].requests[0] for m in (PAIR, swapped)}
    assert len(seen) == 1
    assert "3 responses" in run(DisagreementChecklist(), Material("x", responses=("a", "b", "c")))[0].why
    assert "the same" in run(DisagreementChecklist(), Material("x", responses=("a", "a ")))[0].why


# --------------------------------------------------------------------------------------------------- feedback


def loop_ratio(a, b):
    """Every window, every subsequence, without shortcuts."""
    a, b = (a, b) if len(a) <= len(b) else (b, a)

    def lcs(x, y):
        @lru_cache(None)
        def f(i, j):
            if i == len(x) or j == len(y):
                return 0
            return 1 + f(i + 1, j + 1) if x[i] == y[j] else max(f(i + 1, j), f(i, j + 1))

        return f(0, 0)

    n = len(a)
    windows = [b[max(0, s) : s + n] for s in range(1 - n, len(b))]
    return max((200 * lcs(a, w) / (n + len(w)) for w in windows), default=0.0) if n else 0.0


def test_the_partial_ratio_agrees_with_a_plain_loop():
    draw = random.Random(0)
    for _ in range(200):
        a, b = ("".join(draw.choices("abc", k=draw.randint(0, 8))) for _ in range(2))
        assert partial_ratio(a, b) == pytest.approx(loop_ratio(a, b))
    assert partial_ratio("completely invented words", "It forgets the temperature of the water.") < 60


FEEDBACK = (Feedback("It forgets the dose.", "x"), Feedback("No dose is given.", "y"), Feedback("Too long.", "y"))


def test_fabricated_partial_and_generic_principles_are_dropped():
    rows = [
        {"text": "Gives the dose.", "feedback": 1, "holds": "no", "span": "forgets teh dose"},
        {"text": "Is short.", "feedback": 3, "holds": "partially", "span": "Too long"},
        {"text": "Helpfulness.", "feedback": 3, "holds": "no", "span": "Too long"},
        {"text": "Cites a trial.", "feedback": 2, "holds": "no", "span": "quotes from Shakespeare"},
    ]
    draft, _ = run(FeedbackGenerator(), Material("Dose?", feedback=FEEDBACK), {"items": rows})
    assert [c.text for c in draft.rubric.criteria] == ["Gives the dose."]
    assert ["holds 'partially'" in reasons(draft)["Is short."], "generic" in reasons(draft)["Helpfulness."]] == [
        True
    ] * 2
    assert "is not in feedback 2" in reasons(draft)["Cites a trial."]
    client = Client({"items": rows})
    found = asyncio.run(FeedbackGenerator().principles(Material("Dose?", feedback=FEEDBACK), client)).unwrap()
    assert [(p.text, p.holds, p.annotator) for p in found] == [("Gives the dose.", False, "x")]


def same_first_word(texts):
    heads = [t.split()[-1] for t in texts]
    return [[float(a == b) for b in heads] for a in heads]


def test_only_what_every_annotator_says_is_kept():
    rows = [
        {"text": "Gives the dose.", "feedback": 1, "holds": "no", "span": "dose"},
        {"text": "States a dose.", "feedback": 2, "holds": "no", "span": "dose"},
        {"text": "Is short.", "feedback": 3, "holds": "no", "span": "Too long"},
    ]
    generator = FeedbackGenerator(similar=same_first_word)
    draft, _ = run(generator, Material("Dose?", feedback=FEEDBACK), {"items": rows})
    assert "dose" in draft.rubric.criteria[0].text
    assert "not every other annotator" in reasons(draft)["Is short."]
    assert generator.digest == FeedbackGenerator(similar=same_first_word).digest != FeedbackGenerator().digest


def test_an_annotator_without_a_usable_principle_agrees_with_nothing():
    rows = [
        {"text": "Gives the dose.", "feedback": 1, "holds": "no", "span": "dose"},
        {"text": "States a dose.", "feedback": 2, "holds": "no", "span": "words that nobody wrote"},
    ]
    draft, _ = run(FeedbackGenerator(similar=same_first_word), Material("Dose?", feedback=FEEDBACK), {"items": rows})
    assert draft.rubric is None
    assert "0 criteria were kept" in draft.why


# ------------------------------------------------------------------------------------------------ constraints


def constraint(text, verifier):
    return {"text": text, "verifier": verifier}


def test_a_program_decides_what_it_can_and_wrong_settings_leave_it_to_a_judge():
    rows = [
        constraint("Has at most 50 words.", {"name": "length", "settings": {"unit": "words", "max": 50}}),
        constraint("Has a polite tone.", None),
        constraint("Avoids jargon.", {"name": "length", "settings": {"longest": 5}}),
        constraint("Runs as a script.", {"name": "code_tests", "settings": {"tests": "import os"}}),
        constraint("Lists three towns.", {"name": "format", "settings": {"min_items": "three"}}),
        constraint("Fits the schema.", {"name": "json", "settings": {"schema": {"$ref": "http://x.org"}}}),
    ]
    draft, client = run(ConstraintGenerator(), Material("Describe Wales."), {"items": rows})
    made = {c.text: c for c in draft.rubric.criteria}
    assert made["Has at most 50 words."].verifier.settings == {"unit": "words", "max": 50}
    assert made["Has at most 50 words."].kind == "code"
    assert [c.verifier for t, c in made.items() if t != "Has at most 50 words."] == [None] * 5
    assert len(draft.notes) == 4
    assert "'schema' is not for a model to write" in draft.notes[3]
    assert "schema" not in client.requests[0].messages[0].content
    assert "left to a judge" in draft.notes[0]
    assert "- length(unit: str = words" in client.requests[0].messages[0].content


# --------------------------------------------------------------------------- failures, persona, prompt, nuggets


def test_failures_and_personas_leave_their_mark_on_the_rubric():
    material = Material("Make tea.", failures=("burnt", "cold"), persona="A nurse.", history=("liked lists",))
    draft, _ = run(FailureGenerator(), material, items("Burns the leaves.", weight=-4, failure=2))
    criterion = draft.rubric.criteria[0]
    assert (criterion.weight, criterion.evidence[0].text, criterion.bad_if_met) == (-4, "cold", True)
    draft, client = run(PersonaGenerator(), material, items("Uses a list.", weight=4))
    assert (draft.rubric.persona, draft.rubric.criteria[0].weight) == ("A nurse.", 4)
    assert "liked lists" in client.requests[0].messages[1].content
    asked = asyncio.run(PersonaGenerator().questions(material, Client({"questions": ["a?", "a?", 3, "b?"]}), most=5))
    assert asked.unwrap() == ("a?", "b?")
    broken = asyncio.run(PersonaGenerator(reasks=0).questions(material, Client({"questions": []})))
    assert broken.error is not None


def test_classes_of_mistakes_weigh_negatively():
    rows = {"items": [{"text": "Warms it.", "class": "essential"}, {"text": "Burns it.", "class": "pitfall"},
                      {"text": "Is fun.", "class": "joke"}]}  # fmt: skip
    draft, _ = run(PromptGenerator(classes=("essential", "pitfall")), Material("Make tea."), rows)
    assert [(c.weight, c.weight_class) for c in draft.rubric.criteria] == [(1, "essential"), (-1, "pitfall")]
    assert "its class is 'joke'" in reasons(draft)["Is fun."]
    assert run(PromptGenerator(plan=True, reasks=0), Material("x"), {"plan": "no"})[0].why.startswith("no plan")
    with pytest.raises(SettingError, match="low, high"):
        PromptGenerator(weights=(5.0, 1.0))


def test_nuggets_carry_source_grade_and_the_blocked_report():
    material = Material("Tea?", passages=("Green tea at 80 degrees.",), sources=("https://x.org/report",))
    rows = {"items": [{"text": "Gives a temperature.", "passage": 1, "grade": "A"},
                      {"text": "Warms the pot.", "passage": 1, "grade": "Z"}]}  # fmt: skip
    draft, _ = run(NuggetGenerator(blocked=True, grades=("A", "B"), scale="ternary"), material, rows)
    (criterion,) = draft.rubric.criteria
    assert (criterion.evidence[0].grade, criterion.evidence[0].url) == ("A", "")
    assert draft.rubric.blocked_sources == material.sources
    assert criterion.scale == Rubric(id="r", criteria=[{"id": "a", "text": "t", "scale": "ternary"}]).criteria[0].scale
    assert "grade of evidence is 'Z'" in reasons(draft)["Warms the pot."]


# ----------------------------------------------------------------------------------------- index, neighbours


def loop_scores(texts, query, measure):
    docs, n = [t.split() for t in texts], len(texts)
    df = {w: sum(w in d for d in docs) for d in docs for w in d}
    mean = sum(map(len, docs)) / n

    def tfidf(words):
        table = {w: (1 + np.log(words.count(w))) * np.log1p(n / max(df.get(w, 0), 1)) for w in set(words)}
        size = np.sqrt(sum(v * v for v in table.values()))
        return {w: v / size for w, v in table.items()}

    def bm25(d):
        return sum(
            query.split().count(w) ** 0
            * np.log1p((n - df[w] + 0.5) / (df[w] + 0.5))
            * d.count(w)
            * 2.2
            / (d.count(w) + 1.2 * (0.25 + 0.75 * len(d) / mean))
            for w in set(query.split())
            if w in d
        )

    if measure == "bm25":
        return [bm25(d) for d in docs]
    asked = tfidf(query.split())
    return [sum(v * asked.get(w, 0) for w, v in tfidf(d).items()) for d in docs]


@pytest.mark.parametrize("measure", ["cosine", "bm25"])
def test_scores_agree_with_a_plain_loop(measure):
    draw = random.Random(1)
    words = ["apple", "pear", "plum", "fig", "lemon", "melon", "grape"]
    for _ in range(50):
        texts = [" ".join(draw.choices(words, k=draw.randint(1, 9))) for _ in range(draw.randint(1, 8))]
        query = " ".join(draw.choices([*words, "quince"], k=4))
        assert np.allclose(Words(texts, measure).scores(query), loop_scores(texts, query, measure))
    with pytest.raises(SettingError, match="bm25"):
        Words(["a"], "x")


def bank(*prompts):
    return [Rubric(id=f"r{k}", prompt=p, criteria=[{"id": "a", "text": f"About {p}"}]) for k, p in enumerate(prompts)]


def test_neither_the_prompts_own_rubric_nor_a_near_duplicate_is_found():
    index = RubricIndex(bank("brew green tea", "brew black tea", "grind coffee beans", "prune an apple tree"))
    assert [n.rubric.id for n in index.nearest("brew green tea")] == ["r1"]
    assert [n.rubric.id for n in index.nearest("brew white tea", id="r0")] == ["r1"]
    assert [n.rubric.id for n in index.nearest("brew green tea", most_alike=1.1)] == ["r0", "r1"]
    assert index.neighbours(Material("brew white tea"), 1).neighbours == (index.rubrics[0],)
    with pytest.raises(DataError, match="without a prompt"):
        RubricIndex([Rubric(id="x", criteria=[{"id": "a", "text": "t"}])])


def test_an_embedding_may_replace_the_words():
    index = RubricIndex(bank("aa", "ab", "zz"), embed=lambda ts: [[t.count("a"), t.count("z")] for t in ts])
    assert [n.rubric.id for n in index.nearest("aza", most_alike=2.0)] == ["r0", "r1", "r2"]


def test_demonstrations_pool_and_ids_reach_prompt_and_rubric():
    near = bank("brew green tea", "brew black tea", "tea for guests")
    generator = NeighbourGenerator(examples=1, pool=1)
    rows = {"items": [{"text": "Warms the pot.", "weight": 5}, {"text": "Boils the leaves.", "weight": -5}]}
    draft, client = run(generator, Material("brew tea for guests", neighbours=tuple(near)), rows)
    shown = client.requests[0].messages[1].content
    assert "brew green tea\n---\n1: About brew green tea" in shown
    assert "- About tea for guests" in shown
    assert "black" not in shown
    assert draft.rubric.retrieval.ids == ("r0", "r1", "r2")
    own, _ = run(generator, Material("brew", neighbours=(near[0].model_copy(update={"id": "r"}),)), rows)
    assert own.rubric is None  # its own rubric was shown to it
    assert "R405" in own.why


# -------------------------------------------------------------------------------------------------- documents


def test_a_folder_of_documents_becomes_passages_with_sources(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "tea.md").write_text("Green tea needs 80 degrees.\n\n" + "word " * 30 + "\n\nBlack tea boils.")
    (tmp_path / "coffee.txt").write_text("Coffee is ground.")
    (tmp_path / "image.png").write_bytes(b"\xff")
    index = PassageIndex.of_folder(tmp_path, words=20)
    assert index.sources == ("coffee.txt", "sub/tea.md", "sub/tea.md")
    assert index.best("black tea", 1) == (("Black tea boils.",), ("sub/tea.md",))
    same = PassageIndex.of_folder(tmp_path, words=20)
    assert (same, hash(same)) == (index, hash(index))
    generator = DocumentsGenerator(index, k=1, inner=NuggetGenerator())
    draft, client = run(generator, Material("How is coffee made?"), items("Grinds it.", passage=1))
    assert draft.rubric.criteria[0].evidence[0].url == "coffee.txt"
    assert draft.notes == ("passages from coffee.txt",)
    assert "tea" not in client.requests[0].messages[1].content
    assert "shares a word" in run(generator, Material("Zebra?"))[0].why
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        PassageIndex.of_folder(tmp_path)
    with pytest.raises(DataError, match="no document"):
        PassageIndex.of_folder(tmp_path / "sub", endings=(".rst",))
