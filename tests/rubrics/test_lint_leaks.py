import pytest

from rubricate.rubrics import Rubric
from rubricate.rubrics.lint import LintContext, lint


def findings(rule, *criteria, context=None, **fields):
    made = [{"id": f"c{k}"} | (c if isinstance(c, dict) else {"text": c}) for k, c in enumerate(criteria)]
    found = lint(Rubric(id="r", criteria=made, **fields), context=context)
    return [f for f in found if f.rule.startswith(rule)]


@pytest.mark.parametrize(
    "text",
    ["Matches Response A in tone", "Is as good as answer 2", "Says why Output (B) is right",
     "Resembles the chosen response", "Is better than the other response",
     "回答A更完整", "Explains like the winning answer does"],
)  # fmt: skip
def test_an_answer_is_named(text):
    (found,) = findings("R401", text)
    assert found.severity == "error"


@pytest.mark.parametrize(
    "text",
    ["Gives the answer 42", "Answers a question about B cells", "Answer 1.5 is stated",
     "States that option B is correct", "Compares response A1C levels",
     "Names the better treatment", "Answer A to the exam question is explained"],
)  # fmt: skip
def test_other_letters_and_numbers_pass(text):
    assert findings("R401", text) == []


def test_what_the_prompt_speaks_of_may_be_named():
    assert findings("R401", "Says that answer A is shorter", prompt="Compare answer A with answer B") == []


def test_ids_of_candidates():
    context = LintContext(candidates={"gpt-4-0613": "x", "good": "y"})
    assert findings("R401", "Writes like gpt-4-0613 does", context=context)
    assert findings("R401", "Gives good reasons", context=context) == []


TEXTS = ("Put the blue copper kettle on the stove and wait.", "Heat the water on the stove and wait.")


def test_four_rare_words_of_one_candidate():
    context = LintContext(candidates=dict(zip("ab", TEXTS, strict=True)))
    (found,) = findings("R402", "Mentions the blue copper kettle on top", context=context)
    assert "'the blue copper kettle'" in found.reason
    assert findings("R402", "Mentions the blue copper kettle on top", candidates=TEXTS)
    assert findings("R402", "Says to wait on the stove and wait", context=context) == []


def test_phrases_of_the_prompt_the_evidence_or_a_reference_are_allowed():
    text = "Mentions the blue copper kettle"
    assert findings("R402", text, candidates=TEXTS)
    assert findings("R402", text, candidates=TEXTS, prompt="Use the blue copper kettle") == []
    assert (
        findings("R402", text, candidates=TEXTS, prompt="Which kettles are of copper, and which of those blue?") == []
    )
    assert findings("R402", text, candidates=TEXTS, prompt="Which kettles are of copper?")
    assert findings("R402", text, candidates=TEXTS, reference="The blue copper kettle") == []
    own = {"text": text, "evidence": [{"text": "Take the blue copper kettle."}]}
    assert findings("R402", own, candidates=TEXTS) == []


def test_one_candidate_is_no_base_for_rarity():
    assert findings("R402", "Mentions the blue copper kettle", candidates=TEXTS[:1]) == []
    assert findings("R402", "Mentions the blue copper kettle", candidates=(TEXTS[0], TEXTS[0])) == []


def test_chinese_phrases_are_found_by_eight_characters():
    texts = ("先把蓝色铜壶放在炉子上等待", "把水放在炉子上等待")
    assert findings("R402", "提到蓝色铜壶放在炉子上", candidates=texts)
    assert findings("R402", "提到放在炉子上等待", candidates=texts) == []


PASSAGE = {"text": "Aspirin 81 mg lowers the risk of stroke in adults."}


def test_words_that_the_evidence_lacks():
    backed = {"text": "States that aspirin lowers stroke risk", "evidence": [PASSAGE]}
    other = {"text": "Warns of kidney failure under ibuprofen", "evidence": [PASSAGE]}
    assert [f.criterion for f in findings("R403", backed, other)] == ["c1"]
    half = {"text": "Aspirin lowers pain fever", "evidence": [PASSAGE]}  # 2 of 4 absent
    third = {"text": "Aspirin lowers stroke risk pain fever", "evidence": [PASSAGE]}  # 2 of 6
    assert [f.criterion for f in findings("R403", half, third)] == ["c0"]
    numbers = {"text": "States that aspirin 325 mg lowers stroke risk", "evidence": [PASSAGE]}
    assert "325" in findings("R403", numbers)[0].reason


def test_without_evidence_of_its_own_all_evidence_counts_and_without_any_none():
    backed = {"text": "Warns of kidney failure", "evidence": [PASSAGE]}
    assert [f.criterion for f in findings("R403", backed, "States that aspirin lowers stroke risk")] == ["c0"]
    assert findings("R403", "Warns of kidney failure under ibuprofen") == []


@pytest.mark.parametrize(
    "evidence",
    [{"url": "http://www.example.org/paper/"}, {"text": "see https://example.org/paper for it"},
     {"derived_from": "THE SECRET report"}],
)  # fmt: skip
def test_blocked_sources(evidence):
    criterion = {"text": "Names it.", "evidence": [evidence]}
    blocked = ["https://example.org/paper", "The Secret Report"]
    assert findings("R404", criterion, blocked_sources=blocked)[0].place == "criteria[0].evidence[0]"
    assert findings("R404", {**criterion, "blocked_sources": blocked})
    assert findings("R404", criterion, blocked_sources=["https://example.org/other", ""]) == []


def test_blocked_sources_among_the_references():
    blocked = {"blocked_sources": ["The Secret Report"], "references": ["x", "Out of the secret report."]}
    assert findings("R404", "Names it.", **blocked)[0].place == "references[1]"


def test_its_own_case_was_retrieved():
    retrieved = {"retrieval": {"ids": ["q7", "q8"]}}
    assert findings("R405", "Names it.", prompt_id="q8", **retrieved)[0].place == "retrieval.ids[1]"
    near = LintContext(near_duplicates={"q1": ["q7"]})
    assert "near-duplicate" in findings("R405", "Names it.", prompt_id="q1", context=near, **retrieved)[0].reason
    assert findings("R405", "Names it.", prompt_id="q2", context=near, **retrieved) == []
    assert findings("R405", "Names it.", context=near, **retrieved) == []
