import pytest

from rubricate.rubrics import Rubric
from rubricate.rubrics.lint import lint
from rubricate.rubrics.lint_words import third_person


def findings(rule, *criteria, **fields):
    made = [{"id": f"c{k}"} | (c if isinstance(c, dict) else {"text": c}) for k, c in enumerate(criteria)]
    return [f for f in lint(Rubric(id="r", criteria=made, **fields)) if f.rule.startswith(rule)]


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("Does not mention the dose.", "'Mentions the dose.'"),
        ("The response fails to specify a dose", "'Specifies a dose'"),
        ("Lacks a source", "'Includes a source'"),
        ("The answer is not polite", "'Is polite'"),
        ("No mention of side effects", "'Mentions side effects'"),
        ("Never warns the user", "'Warns the user'"),
        ("Avoids technical terms", "'Technical terms'"),
        ("It doesn't have a title", "'Has a title'"),
        ("回答没有说明剂量", "'说明剂量'"),
        ("缺少参考来源", "'包含参考来源'"),
        ("未提及副作用", "'提及副作用'"),
    ],
)
def test_absence_under_a_negative_weight(text, proposed):
    (found,) = findings("R001", {"text": text, "weight": -3})
    assert proposed in found.repair
    assert "weight +3" in found.repair
    assert findings("R001", {"text": text, "weight": 3}) == []


@pytest.mark.parametrize(
    "text",
    ["Recommends a drug to a patient who does not need it", "Invents a source", "未来趋势的夸大", "不同来源互相矛盾",
     "Notes (does not cite) an author"],
)  # fmt: skip
def test_a_named_mistake_is_no_absence(text):
    assert findings("R001", {"text": text, "weight": -3}) == []


def test_polarity_counts_as_well_as_the_sign():
    assert findings("R001", {"text": "Does not cite.", "weight": 1, "polarity": "bad_if_met"})


def test_two_negations_in_a_row():
    assert findings("R001", "Does not fail to mention the dose")
    assert findings("R001", "Is not unclear about the dose")
    assert findings("R001", "Does not include unnecessary detail") == []


@pytest.mark.parametrize("verb", ["have", "do", "go", "be"])
def test_irregular_third_persons(verb):
    assert third_person(verb) == {"have": "has", "do": "does", "go": "goes", "be": "is"}[verb]


@pytest.mark.parametrize("text", ["Is good.", "The tone is appropriate", "A high quality response", "回答恰当"])
def test_vague_words_without_a_measure(text):
    assert findings("R004", text)


@pytest.mark.parametrize(
    "criterion",
    [
        "Uses a reasonable number of headings (3 to 5)",
        "Explains to a patient with kidney failure which appropriate fluid limits and salt limits hold at home",
        {"text": "Is good.", "scale": {"kind": "ordinal", "min": 1, "max": 2, "anchors": {"1": "bad", "2": "ok"}}},
        {"text": "Is good.", "examples": [{"response": "x", "value": 1}]},
        {"text": "Is good.", "checks": ["Names a dose?"]},
        "Mentions the Good Samaritan law of Vermont and its limits",
        "全面分析企业在不同市场环境下采取的定价策略是否合理",
    ],
)
def test_anchored_or_specific_words_pass(criterion):
    assert findings("R004", criterion) == []


@pytest.mark.parametrize(
    "text",
    ["Meets the above", "Covers the points mentioned above", "Also names the dose", "Same as criterion 3",
     "Agrees with the reference answer", "符合上述要求", "与参考答案一致", "此外，说明剂量"],
)  # fmt: skip
def test_texts_that_lean_on_something_else(text):
    assert findings("R005", text)


@pytest.mark.parametrize(
    "text",
    ["Says that the price stayed above 5%", "Lists the causes. Explains which of the above matter most",
     "Follows the prompt", "如上涨、下跌等情景"],
)  # fmt: skip
def test_self_contained_texts_pass(text):
    assert findings("R005", text) == []


def test_a_reference_that_is_there_may_be_named():
    assert findings("R005", {"text": "Agrees with the reference answer", "reference": "Paris"}) == []
    assert findings("R005", "Agrees with the reference answer", reference="Paris") == []
    assert findings("R005", "Agrees with the reference answer", references=["Paris"]) == []


def test_mixed_scripts_are_named_once():
    (found,) = findings("R006", "Names the dose", "说明剂量和风险", "Names the risk")
    assert "2 criteria are in latin script, 1 are not: c1" in found.reason
    assert findings("R006", "使用 Python 编写代码", "说明剂量") == []


@pytest.mark.parametrize(("text", "reason"), [("...", "holds no word"), ("A\x00B", "U+0000"), ("A\x1b[0m", "U+001B")])
def test_texts_that_cannot_be_judged(text, reason):
    (found,) = findings("R007", text)
    assert reason in found.reason
    assert found.severity == "error"
    assert findings("R007", "Fine\n\ttext") == []
