import pytest

from rubricate.rubrics import Rubric
from rubricate.rubrics.lint import lint
from rubricate.rubrics.lint_overlap import claim_of


def findings(rule, *criteria):
    made = [{"id": f"c{k}"} | (c if isinstance(c, dict) else {"text": c}) for k, c in enumerate(criteria)]
    return [f for f in lint(Rubric(id="r", criteria=made)) if f.rule.startswith(rule)]


def test_equal_texts():
    (found,) = findings("R301", {"text": "Names the dose.", "weight": 2}, "Names a risk", "names the  DOSE")
    assert (found.criterion, found.repair) == ("c2", "remove it; give 'c0' the weight 3")
    assert findings("R301", "Names the dose", "Names the doses") == []


def test_overlap_from_seventy_percent():
    seven_of_ten = ("Names apple pear plum fig kiwi lime", "Names apple pear plum fig kiwi lime melon grape")
    (found,) = findings("R302", *seven_of_ten)
    assert "shares 78%" in found.reason  # name + 6 of name + 8 words
    assert findings("R302", "Names apple pear plum fig", "Names apple pear plum melon grape") == []
    assert findings("R302", "Names the dose.", "names the dose") == []


def test_chinese_texts_overlap_too():
    one = "评估文章是否识别出了多个具有市场意义的关键支撑位"
    assert findings("R302", one, one.replace("支撑", "压力"))
    assert findings("R302", one, "评估语言是否清晰") == []


def test_parallel_items_with_numbers_of_their_own_do_not_overlap():
    assert (
        findings("R302", "Displays the time range from 16:00 to 17:00", "Displays the time range from 18:00 to 19:00")
        == []
    )


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Discusses how the accuracy of precision vibration isolation systems was raised by *control algorithms*",
         "Discusses how the accuracy of precision vibration isolation systems was raised by *control hardware*"),
        ("评估文章是否明确包含了对‘东方学’理论维度的讨论，并分析全球南方合作", "评估文章是否明确包含了对‘全球史’理论维度的讨论，并分析全球南方合作"),
    ],
)  # fmt: skip
def test_parallel_items_with_names_of_their_own_do_not_overlap(one, two):
    plain = str.maketrans("", "", "*‘’")
    assert findings("R302", one, two) == []
    assert findings("R302", one.translate(plain), two.translate(plain))  # without the marks nobody can tell


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Mentions the dose of aspirin", "Does not mention the dose of aspirin"),
        ("Uses formal language", "Uses informal language"),
        ("Recommends antibiotics", "Discourages antibiotics"),
        ("Has at least 500 words", "Has at most 500 words"),
        ("Is concise", "Is detailed"),
        ("说明剂量和风险", "没有说明剂量和风险"),
        ({"text": "Mentions the dose", "weight": 1}, {"text": "Mentions the dose", "weight": -1}),
        ({"text": "Omits the dose", "weight": 1}, {"text": "Lacks the dose", "weight": -1}),
    ],
)
def test_contradictions(one, two):
    (found,) = findings("R303", one, two)
    assert (found.criterion, "'c0'" in found.reason) == ("c1", True)
    assert findings("R302", one, two) == []


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Mentions the dose", "Mentions the doses, not the price"),
        ("Explains short-term effects", "Explains long-term effects"),
        ("Has at least 300 words", "Has at most 500 words"),
        ("Matches strings of the list", "Matches strings of the list and not any others"),
        ("Names the dose of aspirin", "Does not name the author of the study"),
    ],
)
def test_no_contradictions(one, two):
    assert findings("R303", one, two) == []


def test_a_complement_counts_one_fact_twice():
    (found,) = findings(
        "R304", {"text": "Mentions the dose", "weight": 3}, {"text": "Does not mention the dose", "weight": -2}
    )
    assert found.repair == "keep the positive one with weight 5"
    assert findings("R304", "Mentions the dose", "Does not mention the dose") == []


def test_claims_take_negations_out_and_count_them():
    plain, denied = claim_of("States the dose"), claim_of("Never states the dose")
    assert plain.words == denied.words == {"dose"}
    assert (plain.denied, denied.denied, claim_of("Does not omit the dose").denied) == (False, True, False)


def test_many_criteria_of_one_template_are_looked_at_once_each():
    texts = [f"States the answer to question number {k} in words" for k in range(300)]
    assert findings("R30", *texts) == []
    assert len(findings("R301", *(["States the dose"] * 300))) == 299
