"""Rubric files of two libraries: the forms they read, options, data sets with ground truth."""

import json

import pytest

from rubricate.arrays import pack
from rubricate.errors import DataError
from rubricate.rewards.named import named
from rubricate.rubrics.importers import autorubric_lib, import_file, rubric_lib
from rubricate.types import State

A, B = {"weight": 2.0, "requirement": "Says why."}, {"weight": -1, "requirement": "Is rude."}
FORMS = [
    [A, B],
    [{"name": "s", "criteria": [A]}, {"criteria": [B]}],
    {"sections": [{"name": "s", "criteria": [A, B]}]},
    {"rubric": [A, B]},
    {"rubric": {"sections": [{"criteria": [A]}, B]}},
]


@pytest.mark.parametrize("data", FORMS)
def test_every_form_that_the_libraries_read(data):
    rubric = rubric_lib({"id": "r", "rubric": data}).rubric
    assert [(c.text, c.weight) for c in rubric.criteria] == [("Says why.", 2), ("Is rude.", -1)]
    assert rubric.policy.name == "rubric_lib"
    assert [c.text for c in autorubric_lib({"id": "r", "rubric": data}).rubric.criteria] == ["Says why.", "Is rude."]


def test_sections_become_the_axis():
    assert [c.axis for c in rubric_lib({"id": "r", "rubric": FORMS[1]}).rubric.criteria] == ["s", ""]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([A, {"requirement": "x"}], r"rubric\[1\]: 'weight' is missing"),
        ([A, 5], r"rubric\[1\]: found the number 5"),
        ([], "rubric: found a list of 0; expected a list of criteria or sections"),
        ({"items": []}, "rubric: found a table with items; expected a table with rubric, sections or criteria"),
        ({"sections": "x"}, r"rubric.sections: found the text 'x'"),
        ([{"criteria": []}], r"rubric\[0\].criteria: found a list of 0"),
    ],
)
def test_what_is_refused(data, message):
    with pytest.raises(DataError, match=message):
        rubric_lib({"id": "r", "rubric": data})


def test_files_give_their_name_as_id(tmp_path):
    for name, text in (("tea.json", json.dumps(FORMS[2])), ("cup.yaml", "- {weight: 1, requirement: no sugar}")):
        (tmp_path / name).write_text(text)
        assert [i.rubric.id for i in import_file("rubric_lib", tmp_path / name)] == [name.partition(".")[0]]
    with pytest.raises(DataError, match=r"the suffix '.txt' is not known; expected .json, .yaml or .yml"):
        (tmp_path / "x.txt").write_text("x") and import_file("rubric_lib", tmp_path / "x.txt")


OPTIONS = {
    "name": "tone", "requirement": "How kind?", "scale_type": "nominal", "aggregation": "mode",
    "options": [
        {"label": "low", "value": 0.25}, {"label": "high", "value": 1.0}, {"label": "n/a", "value": 0.0, "na": True},
    ],
}  # fmt: skip
DATA_SET = {
    "name": "set", "prompt": "Tea?", "reference_submission": "Warm the pot.",
    "rubric": {"guidelines": "British.", "criteria": [OPTIONS, {"name": "why", **A}]},
    "items": [
        {
            "submission": "a", "description": "good", "ground_truth": ["high", "MET"],
            "ground_truth_reasons": ["r", None],
        },
        {"submission": "b", "description": "bad", "ground_truth": ["n/a", "CANNOT_ASSESS"], "prompt": "Cup?"},
        {"submission": "c", "description": "own", "rubric": [{"name": "why", **A}], "ground_truth": ["UNMET"]},
        {"submission": "d", "description": "none", "ground_truth": None},
    ],
}  # fmt: skip


def test_options_guidelines_and_the_default_weight():
    rubric = autorubric_lib({"id": "r", "rubric": DATA_SET["rubric"]}).rubric
    tone, why = rubric.criteria
    assert (tone.id, tone.weight, tone.tags) == ("tone", 10.0, ("scale_type:nominal", "aggregation:mode"))
    assert (tone.scale.labels, tone.scale.min, tone.scale.max) == ({"low": 0.25, "high": 1.0}, 0, 1)
    assert (why.id, why.weight, why.scale.kind, rubric.guidelines) == ("why", 2.0, "binary", "British.")
    with pytest.raises(DataError, match=r"rubric\[0\].options: found .*; expected two options or more"):
        autorubric_lib({"id": "r", "rubric": [OPTIONS | {"options": OPTIONS["options"][1:]}]})


def test_a_data_set(tmp_path):
    path = tmp_path / "s.json"
    path.write_text(json.dumps(DATA_SET))
    common, own = import_file("autorubric_lib", path)
    assert [(s.id, s.task, s.response) for s in common.samples] == [
        ("set/0", "Tea?", "a"),
        ("set/1", "Cup?", "b"),
        ("set/2", "Tea?", "d"),
    ]
    assert (own.rubric.id, own.samples[0].response, own.samples[0].reference) == ("set/2", "c", "Warm the pot.")
    first, second = common.recorded
    assert [(v.value, v.label, v.reason) for v in first.verdicts] == [(1.0, "high", "r"), (1.0, "MET", "")]
    assert [v.state for v in second.verdicts] == [State.ABSTAINED, State.ABSTAINED]
    scores = pack([first], {common.rubric.digest: common.rubric.columns()})
    assert named("rubric_lib").score(scores).values.tolist() == [1.0]
    assert own.recorded[0].verdicts[0].value == 0.0


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"ground_truth": ["MET"]}, r"items\[0\].ground_truth: found 1 values and 1 reasons; expected 2, one for each"),
        ({"ground_truth": ["high", "YES"]}, r"items\[0\].ground_truth: found the text 'YES'; expected MET, UNMET"),
        ({"submission": 5}, r"items\[0\].submission: found the number 5"),
    ],
)
def test_items_that_do_not_fit(item, message):
    record = {"id": "r", "rubric": DATA_SET["rubric"], "prompt": "p", "items": [{"submission": "a", **item}]}
    with pytest.raises(DataError, match=message):
        autorubric_lib(record)


def test_an_item_without_any_rubric(tmp_path):
    path = tmp_path / "s.json"
    path.write_text(json.dumps(DATA_SET | {"rubric": None}))
    with pytest.raises(
        DataError, match="an item has no rubric, and there is no common one; expected a rubric for each"
    ):
        import_file("autorubric_lib", path)
