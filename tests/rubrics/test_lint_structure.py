import pytest

from rubricate.rubrics import Rubric
from rubricate.rubrics.lint import lint


def findings(rule, *criteria, policy="mind2web2", **fields):
    made = [{"id": f"c{k}", "text": f"Names point {k}."} | c for k, c in enumerate(criteria)]
    return [f for f in lint(Rubric(id="r", criteria=made, policy=policy, **fields)) if f.rule.startswith(rule)]


def test_children_of_a_critical_parent_are_critical():
    def tree(critical):
        return {"required": True, "children": [{"id": "x", "text": "Names x.", "required": critical}]}

    (found,) = findings("R201", tree(False))
    assert (found.place, found.criterion) == ("criteria[0].children[0].required", "x")
    assert findings("R201", tree(True)) == []


GATE = {"id": "first", "required": True, "min_score": 2, "on_failure": "stop"}


def test_a_required_stage_that_drops_its_points():
    criteria = [{"weight": 3, "stage": "first"}]
    (found,) = findings("R202", *criteria, policy="arcane_staged", stages=[GATE])
    assert found.place == "stages[0]"
    assert found.reason == "below 2 points the stage 'first' loses them all (on_failure: stop)"
    for change in ({"required": False}, {"min_score": 0}, {"on_failure": "continue"}):
        assert findings("R202", *criteria, policy="arcane_staged", stages=[GATE | change]) == []


def test_stages_may_be_the_top_criteria():
    top = {"required": True, "min_score": 2, "on_failure": "zero", "children": [{"id": "x", "text": "X.", "weight": 3}]}
    assert findings("R202", top, policy="arcane_staged")[0].place == "criteria[0].min_score"
    assert findings("R202", top) == []


@pytest.mark.parametrize(("cap", "weight", "fires"), [(None, 3, False), (1, 3, True), (None, 1, True), (2, 3, False)])
def test_a_stage_that_cannot_pass(cap, weight, fires):
    criteria = [{"weight": weight, "stage": "first"}, {"weight": 9, "stage": "other"}, {"weight": -5, "stage": "first"}]
    stages = [GATE | {"max_points": cap}, {"id": "other"}]
    assert bool(findings("R203", *criteria, policy="arcane_staged", stages=stages)) == fires


def test_points_of_a_stage_come_down_the_tree():
    tree = {"stage": "first", "children": [{"id": "x", "text": "X.", "weight": 2}]}
    assert findings("R203", tree, policy="arcane_staged", stages=[GATE]) == []
    assert findings("R203", {**tree, "stage": ""}, policy="arcane_staged", stages=[GATE])


def test_failing_may_not_pay():
    paid = GATE | {"on_failure": "zero", "on_failure_score": 2.5}
    criteria = [{"weight": 3, "stage": "first"}]
    assert "passing from 2" in findings("R203", *criteria, policy="arcane_staged", stages=[paid])[0].reason
    paid["on_failure_score"] = 2
    assert findings("R203", *criteria, policy="arcane_staged", stages=[paid]) == []


def test_programs_are_bounded():
    free = {"verifier": {"name": "python", "settings": {"code": "def check(): ..."}, "sandbox": False}}
    assert [f.place for f in findings("R204", free)] == ["criteria[0].verifier.sandbox", "criteria[0].verifier.timeout"]
    bounded = {"verifier": {"name": "python", "settings": {"code": "..."}, "timeout": 5}}
    assert findings("R204", bounded, {"verifier": "length"}, {}) == []


def test_something_decides():
    assert findings("R205", {"kind": "code"})
    assert findings("R205", {"kind": "reference_match"})
    assert findings("R205", {"kind": "reference_match"}, reference="Paris") == []
    fine = [{"kind": "reference_match", "reference": "Paris"}, {"verifier": "length"}, {"kind": "citation"}]
    assert findings("R205", *fine) == []


def test_ordinal_scales_have_anchors_at_their_ends():
    assert "none at 1, 5" in findings("R206", {"scale": "1-5"})[0].reason
    some = {"kind": "ordinal", "min": 1, "max": 5, "anchors": {"1": "bad", "3": "so"}}
    assert "none at 5" in findings("R206", {"scale": some})[0].reason
    some["anchors"]["5"] = "good"
    assert findings("R206", {"scale": some}, {"scale": "points 0-10"}, {}) == []
    bands = {"kind": "ordinal", "min": 1, "max": 10, "anchors": {"1-2": "bad", "3-8": "so", "9 to 10": "good"}}
    assert findings("R206", {"scale": bands}) == []
    assert "none at 10" in findings("R206", {"scale": bands | {"anchors": {"1-2": "bad", "high": "good"}}})[0].reason


def test_what_a_program_could_decide():
    (found,) = findings("R208", {"text": "Has at most 120 words and is kind."}, {"text": "Is kind."})
    assert (found.severity, found.repair) == ("info", "a criterion with verifier: {name: length}")
    by_program = {"text": "Has at most 120 words.", "verifier": {"name": "length", "max": 120}}
    assert findings("R208", by_program, {"text": "Has 120 words.", "kind": "code"}) == []


def test_rejected_criteria_still_count():
    (found,) = findings("R207", {"status": "rejected", "reject_reason": "redundant"}, {})
    assert "is rejected (redundant)" in found.reason
    assert findings("R207", {"status": "draft"})
