import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.rubrics import Rubric
from rubricate.rubrics.lint import lint
from rubricate.rubrics.lint_asks import asks


def findings(rule, criterion):
    made = {"id": "c"} | (criterion if isinstance(criterion, dict) else {"text": criterion})
    return [f for f in lint(Rubric(id="r", criteria=[made])) if f.rule.startswith(rule)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("States the dose and explains the risk.", ["States the dose.", "Explains the risk."]),
        ("Identifies and explains the causes.", ["Identifies the causes.", "Explains the causes."]),
        ("Identifies X, explains Y, and cites the Z.", ["Identifies X.", "Explains Y.", "Cites the Z."]),
        ("The response should name the drug and warn about it.",
         ["The response should name the drug.", "The response should warn about it."]),
        ("Does the response mention the dose and explain why it matters?",
         ["Does the response mention the dose?", "Does the response explain why it matters?"]),
        ("Evaluates whether the speech meets the limit and clearly addresses the audience.",
         ["Evaluates whether the speech meets the limit.",
          "Evaluates whether the speech clearly addresses the audience."]),
        ("Evaluates the use of dates. Assesses the sources. This is crucial.",
         ["Evaluates the use of dates.", "Assesses the sources."]),
        ("Does not recommend antibiotics and refers the user to a doctor.",
         ["Does not recommend antibiotics.", "Refers the user to a doctor."]),
        ("Says to warm the pot and tells how long to wait.", ["Says to warm the pot.", "Tells how long to wait."]),
        ("Uses headings and lists the sources.", ["Uses headings.", "Lists the sources."]),
        ("Depth: a Test of It: Evaluates the use of dates. Assesses the sources. A strong one explains them.",
         ["Depth: a Test of It: Evaluates the use of dates.", "Depth: a Test of It: Assesses the sources."]),
        ("Assesses if each part has one idea, and if links between parts are smooth.",
         ["Assesses if each part has one idea.", "Assesses if links between parts are smooth."]),
        ("Assesses how charts are used. Visuals must be well labelled. This must hold throughout.",
         ["Assesses how charts are used.", "Visuals must be well labelled."]),
        ("Names the drug AND clearly and fully states the dose.",
         ["Names the drug.", "Clearly and fully states the dose."]),
        ("核心回应: 评估报告是否给出判断，并说明依据。同时，评估其是否可行。",
         ["核心回应: 评估报告是否给出判断。", "核心回应: 评估报告是否说明依据。", "核心回应: 评估其是否可行。"]),
        ("评估报告是否定义了标准（如收入，并说明），并说明了依据。同时，评估其是否覆盖各阶层。",
         ["评估报告是否定义了标准（如收入，并说明）。", "评估报告是否说明了依据。", "评估其是否覆盖各阶层。"]),
        ("评估段落是否聚焦，重点是否突出，是否存在冗余。",
         ["评估段落是否聚焦。", "评估重点是否突出。", "评估段落是否存在冗余。"]),
    ],
)  # fmt: skip
def test_several_demands_are_split_into_texts_of_their_own(text, parts):
    assert asks(text) == parts
    (found,) = findings("R002", text)
    assert all(f"'{p}'" in found.repair for p in parts)


@pytest.mark.parametrize(
    "text",
    [
        "Mentions John and Mary.",
        "Lists cities and states.",
        "Names uses, limits, and costs of the drug.",
        "States that Paris is the capital of France and that it lies on the Seine.",
        "Explains how the drug works and why it helps.",
        "Compares and contrasts the two treaties.",
        "Evaluates whether the article clearly and thoroughly explains the mechanism.",
        "Assesses whether the article ties examples to the concepts and analyses of the task.",
        "Does the output explore ways that could allow the user to follow a passion and also support a family?",
        "Assesses the worth of the conclusions and analyses for readers.",
        "Assesses if the text says whether the drug works and when it does.",
        "Does the output have a clear beginning, middle, and end to the story?",
        "Effect of Layout: Evaluates the layout of the article. Good design reduces fatigue and supports the reader.",
        'Quotes "states the dose and explains the risk" word for word.',
        "Provides at least one example (such as one that states the dose and explains the risk).",
        "Names side effects such as nausea, and describes nothing else.",
        "Is written for Dr. Smith. This is crucial for trust.",
        "评估报告是否列举了收入、支出以及负债，而非只有收入。",
        "评估文章是否引用“并说明了依据，并给出结论”这一句。",
        "评估文章是否清晰。重点在于是否便于阅读。",
    ],
)
def test_lists_names_quotes_and_asides_are_one_demand(text):
    assert len(asks(text)) == 1
    assert findings("R002", text) == []


@pytest.mark.parametrize("field", [{"checks": ["a?", "b?"]}, {"verifier": "length"}, {"allow_examples": True}])
def test_criteria_that_say_how_to_combine_pass(field):
    text = "States the dose and explains the risk."
    assert findings("R002", {"text": text})
    assert findings("R002", {"text": text} | field) == []


def test_only_judged_criteria_are_read():
    tree = {"text": "States the dose and explains the risk.", "children": [{"id": "x", "text": "States the dose."}]}
    assert findings("R002", tree) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Is clear, accurate and well-structured.", "clarity, accuracy, structure"),
        ("Judges the depth and breadth of the analysis.", "depth, breadth"),
        ("语言是否清晰、准确、简洁。", "清晰, 准确, 简洁"),
    ],
)
def test_qualities_in_a_row(text, named):
    (found,) = findings("R003", text)
    assert named in found.reason
    assert found.severity == "info"


@pytest.mark.parametrize(
    "text",
    ["Is clear and clearly worded.", "Is accurate.", "Keeps the style and wording of the original sentence.",
     "Names the tone (clear and accurate).", "Uses clear words in a long report that reads with some style."],
)  # fmt: skip
def test_one_quality_or_none(text):
    assert findings("R003", text) == []


@given(st.text(st.sampled_from("是否并说明，。；（）“”评估报告 and states the dose, explains(\"'.?)x"), max_size=60))
def test_no_text_breaks_it_and_no_part_is_empty(text):
    parts = asks(text)
    assert parts
    if text.strip():
        assert all(p.strip() for p in parts)
