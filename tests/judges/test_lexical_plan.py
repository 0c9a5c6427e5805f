import math

import pytest

from rubricate.judges.lexical_plan import head, plan_of, units_of
from rubricate.rubrics.model import Criterion


@pytest.mark.parametrize(
    "text",
    [
        "Does not mention a dose.",
        "The response should not include a dose",
        "Avoids naming a dose",
        "Does the response avoid a dose?",
        "Contains no dose",
        "It doesn't give a dose",
        "Is free of a dose",
        "Fails to give a dose",
        "The answer never gives a dose",
        "No dose is given",
        "不应提及剂量",
    ],
)
def test_asking_for_an_absence(text):
    inverted, rest = head(text)
    assert inverted
    assert all(not u.negated for u in units_of(rest))
    assert len(units_of(rest)) == 1


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("Says not to drive.", ["drive"]),
        ("Advises to avoid alcohol", ["alcohol"]),
        ("Recommends against surgery", ["surgery"]),
        ("Notes that there is no cure", ["cure"]),
        ("Mentions the dose", []),
        ("应提到剂量", []),
    ],
)
def test_asking_for_a_negation_or_for_nothing_of_the_kind(text, negated):
    inverted, rest = head(text)
    assert not inverted
    assert [u.label for u in units_of(rest) if u.negated] == negated


def labels(text):
    return [u.label for u in units_of(text)]


def test_units():
    assert labels("Says that the refund arrives within five working days.") == [
        "refund",
        "arrives",
        "5",
        "working",
        "days",
    ]
    assert labels("Names at least three good reasons") == []
    assert labels("Names 3 cities") == ["3", "cities"]
    assert labels("The response is clear and helpful.") == []
    assert labels("Tea, tea and TEA") == ["tea"]
    assert labels("Suggests milk, cream or sugar for tea") == ["milk or cream or sugar", "tea"]
    assert labels("提到北京") == ["提到", "到北", "北京"]


def test_phrases():
    units = units_of("Writes \"warm the Pot\", 'no way' and `x = 1`; not John's pot")
    assert [u.phrase for u in units if u.phrase] == ["warm the pot", "no way", "x = 1"]
    assert [u.label for u in units if not u.phrase] == ["john's", "pot"]


def test_one_of_the_examples_is_enough_and_stands_for_what_it_exemplifies():
    units = units_of("Uses a comparison from a child's life, such as a kitchen, a recipe or a factory.")
    assert [u.label for u in units] == ["comparison", "child's", "life", "kitchen or recipe or factory"]
    assert units[-1].weight == pytest.approx(sum(u.weight for u in units[:-1]))


def test_names_and_numbers_weigh_more():
    weights = {u.label: u.weight for u in units_of("Mentions that Okafor paid 39 euros")}
    assert weights["39"] == 1.5
    assert weights["okafor"] == pytest.approx(1.5 * 0.9)
    assert weights["euros"] == pytest.approx(0.8)


def test_an_expected_answer_takes_the_place_of_the_text():
    criterion = Criterion(id="c", text="Gives the capital.", reference="Paris")
    assert [u.label for u in plan_of(criterion).units] == ["paris"]
    checks = Criterion(id="c", text="Is polite.", checks=("thanks the guest",))
    assert [u.label for u in plan_of(checks).units][-2:] == ["thanks", "guest"]


def test_anchors_are_weighed_by_how_far_they_tell_levels_apart():
    anchors = {"1": "Wrong or missing.", "3": "Names water, leaves out sugar.", "5": "Names water and sugar."}
    criterion = Criterion(id="c", text="t", scale={"kind": "ordinal", "min": 1, "max": 5, "anchors": anchors})
    (one, three, five) = plan_of(criterion).anchors
    assert (one[0], three[0], five[0]) == (1, 3, 5)
    share = 1 - math.log(2) / math.log(3)
    assert [(u.label, u.weight) for u in five[1]] == [
        ("water", pytest.approx(0.8 * share)),
        ("sugar", pytest.approx(0.8 * share)),
    ]
    labelled = Criterion(id="c", text="t", scale={"kind": "ordinal", "min": 1, "max": 5, "anchors": {"5": "Good"}})
    assert plan_of(labelled).anchors == ()
