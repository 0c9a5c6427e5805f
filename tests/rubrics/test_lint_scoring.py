import pytest

from rubricate.rubrics import Rubric
from rubricate.rubrics.lint import lint


def findings(rule, *criteria, policy="healthbench", **fields):
    made = [{"id": f"c{k}", "text": f"Names point {k}."} | c for k, c in enumerate(criteria)]
    return [f for f in lint(Rubric(id="r", criteria=made, policy=policy, **fields)) if f.rule.startswith(rule)]


def w(*weights, **more):
    return [{"weight": x} | more for x in weights]


@pytest.mark.parametrize("policy", ["healthbench", "prbench", "researchrubrics", "points_ratio", "draco"])
def test_no_positive_weight_under_a_positive_denominator(policy):
    assert findings("R101", *w(-1, -2), policy=policy)[0].place == "policy"
    assert findings("R101", *w(-1, 2), policy=policy) == []


@pytest.mark.parametrize(
    "policy",
    ["weighted_mean", "orbit", "rubric_lib", "mind2web2", "their/plugin",
     {"name": "healthbench", "negatives_only": "one_plus"}, {"name": "healthbench", "denominator": "abs"}],
)  # fmt: skip
def test_other_policies_are_defined_without_positive_weights(policy):
    assert findings("R101", *w(-1, -2), policy=policy) == []


def test_settings_make_a_denominator_positive():
    assert findings("R101", *w(-1), policy={"name": "their/plugin", "denominator": "positive"})


def test_sign_and_polarity():
    (found,) = findings("R102", {"weight": -2, "polarity": "good_if_met"})
    assert "weight 2" in found.repair
    assert findings("R102", *w(-2), {"weight": -2, "polarity": "bad_if_met"}) == []
    assert findings("R103", {"weight": 2, "polarity": "bad_if_met"})
    assert findings("R103", {"weight": -2, "polarity": "bad_if_met"}, *w(2)) == []


def test_weight_zero():
    assert findings("R104", *w(0, 1))[0].criterion == "c0"
    assert findings("R104", {"weight": 0, "required": True}, *w(1))[0].repair.endswith("or a gate")
    gate = {"name": "healthbench", "gate": "veto"}
    assert findings("R104", {"weight": 0, "required": True}, *w(1), policy=gate) == []
    assert findings("R104", *w(0, 1), policy=gate)
    assert findings("R104", *w(0, 1), policy="writingbench") == []
    assert findings("R104", {"weight": 0, "weight_class": "Essential"}, policy="rar_explicit") == []


def test_a_gate_that_no_policy_reads():
    assert findings("R105", {"required": True}, {})[0].place == "criteria[0].required"
    for policy in ({"name": "healthbench", "gate": "truncate"}, "weighted_mean", "mind2web2", "their/plugin", "all_of"):
        assert findings("R105", {"required": True}, {}, policy=policy) == []


def test_negative_weights_under_a_sum():
    assert [f.criterion for f in findings("R106", *w(1, -1), policy="rar_explicit")] == ["c1"]
    assert findings("R106", *w(1, -1)) == []


def test_weights_that_should_sum_to_one():
    assert "multiply each by 0.5" in findings("R107", *w(1, 1), policy="arcane_flat")[0].repair
    assert findings("R107", *w(0.3, 0.7), policy="arcane_flat") == []
    assert findings("R107", *w(1, 1)) == []
    good = [{"weight": 0.33, "axis": "a"}, {"weight": 0.67, "axis": "a"}, {"weight": 1, "axis": "b"}]
    sizes = {"a": 0.4, "b": 0.6}
    assert findings("R107", *good, policy="deepresearch_race", dimension_weights=sizes) == []
    bad = [{**good[0], "weight": 0.2}, *good[1:]]
    (found,) = findings("R107", *bad, policy="deepresearch_race", dimension_weights=sizes)
    assert found.reason == "the 2 criteria of 'a' sum to 0.87, not 1"
    assert findings("R107", *good, dimension_weights={"a": 0.4, "b": 0.5})[0].place == "dimension_weights"
    assert findings("R107", *w(-1, 1), policy="arcane_flat")[0].repair == "write weights that sum to 1"


def test_axes_and_dimension_weights_match():
    found = findings("R108", {"axis": "a"}, {"axis": "b"}, dimension_weights={"a": 0.5, "c": 0.5})
    assert [f.reason for f in found] == [
        "the axis 'b' has no weight",
        "the dimension 'c' (weight 0.5) has no criterion",
    ]
    assert findings("R108", {"axis": "a"}, {"axis": "b"}, dimension_weights={"a": 0.5, "b": 0.5}) == []
    assert findings("R108", {"axis": "a"}) == []


def test_one_criterion_that_decides():
    assert "holds 90%" in findings("R109", *w(9, 1, -5))[0].reason
    assert findings("R109", *w(8, 2)) == []
    assert findings("R109", *w(9)) == []
    assert findings("R109", *w(9, 1), policy="writingbench") == []
    halves = {"a": 0.5, "b": 0.5}
    pooled = [{"weight": 9, "axis": "a"}, {"weight": 1, "axis": "b"}]
    assert findings("R109", *pooled, policy="category_mean", dimension_weights=halves) == []
