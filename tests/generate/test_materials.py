"""Material from files: every field arrives, rows of one prompt become one material, mistakes are named with their place."""

import json

import pytest

from rubricate.errors import DataError
from rubricate.generate import Feedback, read_materials
from rubricate.rubrics import Rubric

ALL = {
    "id": 7, "prompt": "How do I brew tea?", "reference": "Warm the pot.", "responses": ["Warm it.", "Boil it."],
    "labels": [2, 0.5], "passages": ["Green tea wants 80 degrees."], "sources": ["tea.md"],
    "feedback": ["Too short.", {"text": "No time.", "annotator": "ana", "response": 1}], "persona": "A host.",
    "neighbours": [{"id": "n", "prompt": "How do I brew coffee?", "criteria": [{"id": "a", "text": "Names the grind."}]}],
    "history": ["Asked twice."], "failures": ["cold water"], "metadata": {"split": "dev"},
}  # fmt: skip


def lines(tmp_path, *rows):
    path = tmp_path / "m.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def test_every_field_arrives(tmp_path):
    material = read_materials(lines(tmp_path, ALL))["7"]
    assert material.prompt == "How do I brew tea?"
    assert (material.responses, material.labels) == (("Warm it.", "Boil it."), (2.0, 0.5))
    assert (material.passages, material.sources) == (("Green tea wants 80 degrees.",), ("tea.md",))
    assert material.feedback == (Feedback("Too short."), Feedback("No time.", "ana", 1))
    assert isinstance(material.neighbours[0], Rubric)
    assert (material.reference, material.persona, material.history) == ("Warm the pot.", "A host.", ("Asked twice.",))
    assert (material.failures, material.metadata) == (("cold water",), {"split": "dev"})


def test_the_three_formats_say_the_same(tmp_path):
    rows = [ALL, {"id": "b", "prompt": "Why?"}]
    expected = read_materials(lines(tmp_path, *rows))
    for name, data in (
        ("a.json", rows),
        ("b.json", {"materials": rows}),
        ("c.yaml", rows),
        ("d.yml", {"materials": rows}),
    ):
        (tmp_path / name).write_text(json.dumps(data))  # JSON is YAML
        assert read_materials(tmp_path / name) == expected
    (tmp_path / "one.yaml").write_text("id: b\nprompt: Why?\n")
    assert read_materials(tmp_path / "one.yaml") == {"b": expected["b"]}


def test_a_pair_is_two_responses_with_labels(tmp_path):
    material = read_materials(lines(tmp_path, {"id": "a", "prompt": "Why?", "chosen": "So.", "rejected": "No."}))["a"]
    assert (material.responses, material.labels) == (("So.", "No."), (1.0, 0.0))


def test_samples_of_one_prompt_are_one_material(tmp_path):
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]
    path = lines(
        tmp_path,
        {"id": "a1", "group": "a", "prompt": chat, "response": "So.", "score": 4, "documents": ["x"], "rubric": "r"},
        {"id": "b1", "prompt": "What?", "response": "That.", "metadata": {"label": True}, "reference": "It."},
        {"id": "a2", "group": "a", "prompt": chat, "response": "", "label": 1.5, "documents": ["x", "y"]},
        {"id": "b2", "prompt": "What?", "response": "This.", "metadata": {"label": False, "who": "ana"}},
        {"id": "c", "prompt": "How?", "response": "Thus."},
    )
    found = read_materials(path)
    assert list(found) == ["a", "b1", "c"]
    assert found["a"].prompt == "[system]\nBe kind.\n\n[user]\nWhy?"
    assert (found["a"].responses, found["a"].labels, found["a"].passages) == (("So.", ""), (4.0, 1.5), ("x", "y"))
    assert (found["b1"].responses, found["b1"].labels, found["b1"].reference) == (("That.", "This."), (1.0, 0.0), "It.")
    assert found["c"].labels == ()


A = {"id": "a", "prompt": "Why?"}
S = A | {"response": "So."}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], r"m.jsonl: there is no material; expected rows with id and prompt"),
        ([A, "{"], r"m.jsonl:2: not JSON"),
        ([A, "3"], r"m.jsonl:2: found the number 3"),
        ([{"prompt": "Why?"}], r"m.jsonl:1: 'id' is missing"),
        ([{"id": "a"}], r"m.jsonl:1: 'prompt' is missing"),
        ([{"id": "a", "prompt": " "}], r"m.jsonl:1: prompt: found .*; expected text"),
        ([A | {"referense": "x"}], r"m.jsonl:1: unknown field 'referense'; .*Did you mean 'reference'\?"),
        ([S | {"lable": 1}], r"m.jsonl:1: unknown field 'lable'; .*Did you mean 'label'\?"),
        ([A | {"owner": "x"}], r"Other values go under metadata"),
        ([A, A], r"m.jsonl:2: the id 'a' stands twice, first at .*m.jsonl:1"),
        ([A, S], r"m.jsonl:2: the id 'a' stands twice"),
        ([A | {"responses": "So."}], r"m.jsonl:1: responses: found .*; expected a list of text"),
        ([A | {"responses": ["x"], "labels": [1, 2]}], r"m.jsonl:1: 1 responses and 2 labels; expected one each"),
        ([A | {"responses": ["x"], "labels": ["good"]}], r"m.jsonl:1: labels\[0\]: found the text 'good'"),
        ([A | {"responses": ["x"], "labels": [float("nan")]}], r"labels\[0\]: .*finite number"),
        ([A | {"passages": ["x"], "sources": ["a", "b"]}], r"m.jsonl:1: 1 passages and 2 sources"),
        ([A | {"feedback": [{"text": "x", "by": "ana"}]}], r"m.jsonl:1: feedback\[0\]: unknown field 'by'"),
        ([A | {"feedback": [{"text": "x", "response": 0}]}], r"feedback\[0\].response: .*one of 0 responses, from 0"),
        ([A | {"feedback": [" "]}], r"m.jsonl:1: feedback\[0\]: found"),
        ([A | {"neighbours": [{"id": "n"}]}], r"m.jsonl:1: neighbours\[0\]: .*criteria"),
        ([A | {"chosen": "x"}], r"m.jsonl:1: 'rejected' is missing"),
        ([A | {"chosen": "x", "rejected": "y", "responses": ["z"]}], r"expected one of the two"),
        ([S | {"label": 1, "score": 2}], r"m.jsonl:1: 2 labels or scores; expected one for each response"),
        ([S | {"label": 1}, S | {"id": "b"}], r"m.jsonl:2: some responses of this prompt have a label and some have"),
        ([S | {"group": "g"}, S | {"group": "g", "prompt": "How?"}], r"m.jsonl:2: another prompt than that of the group"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_with_what_and_what_was_expected(tmp_path, rows, said):
    with pytest.raises(DataError, match=said):
        read_materials(lines(tmp_path, *rows))


def test_what_a_generator_needs_is_asked_of_every_row(tmp_path):
    path = lines(tmp_path, A | {"reference": "So."}, A | {"id": "b"})
    assert len(read_materials(path, "prompt")) == 2
    with pytest.raises(DataError, match=r"m.jsonl:2: reference needs 'reference', and 'b' has none"):
        read_materials(path, "reference", generator="reference")


def test_places_in_yaml_and_json_have_lines(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("# tea\nmaterials:\n  - id: a\n    prompt: Why?\n  - id: b\n    promt: How?\n")
    with pytest.raises(DataError, match=r"m.yaml:5: materials\[1\]: unknown field 'promt'"):
        read_materials(path)
    path.write_text("- id: a\n  prompt: Why?\n- tea\n")
    with pytest.raises(DataError, match=r"m.yaml:3: \[1\]: found the text 'tea'"):
        read_materials(path)
    (tmp_path / "m.json").write_text('[{"id": "a",\n "prompt": 3}]')
    with pytest.raises(DataError, match=r"m.json:1: \[0\]: prompt: found the number 3; expected text"):
        read_materials(tmp_path / "m.json")
    with pytest.raises(DataError, match=r"the suffix '.csv' is not known; expected one of: .jsonl"):
        read_materials(tmp_path / "m.csv")
