"""IFEval prompts: one verifier per instruction; all 541 of the real file, judged end to end."""

import json

import pytest

from rubricate.errors import DataError
from rubricate.rubrics.importers import ifeval, import_file
from rubricate.rubrics.io import read_rubrics, write_rubrics
from rubricate.types import Sample, State
from rubricate.verifiers.base import check_settings, decide

ROW = {
    "key": 7, "prompt": "Write it.", "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
    "kwargs": [{"num_words": None}, {"relation": "at least", "num_words": 2.0, "letter": None}],
}  # fmt: skip


def test_a_prompt():
    found = ifeval(ROW)
    assert [c.id for c in found.rubric.criteria] == ROW["instruction_id_list"]
    first, second = found.rubric.criteria
    assert (first.verifier.name, first.verifier.settings) == ("ifeval/punctuation:no_comma", {})
    assert second.verifier.settings == {"relation": "at least", "num_words": 2}
    assert second.text == "Has at least 2 words."
    assert (found.rubric.id, found.rubric.prompt, found.rubric.policy.name) == ("ifeval/7", "Write it.", "all_of")
    assert found.samples == ()
    assert found.extra == {}


def test_a_response_becomes_a_sample_and_loose_a_setting():
    found = ifeval(ROW | {"response": "So, two words.\nOr more words."}, loose=True)
    (sample,) = found.samples
    assert (sample.task, sample.group, sample.rubric) == ("Write it.", "7", "ifeval/7")
    assert [decide(sample, c).value for c in found.rubric.criteria] == [1.0, 1.0]
    assert [decide(sample, c).value for c in ifeval(ROW).rubric.criteria] == [0.0, 1.0]


def test_the_same_instruction_twice_gets_two_ids():
    row = ROW | {"instruction_id_list": ["punctuation:no_comma"] * 2, "kwargs": [{}, {}]}
    assert [c.id for c in ifeval(row).rubric.criteria] == ["punctuation:no_comma", "punctuation:no_comma-2"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"instruction_id_list": ["punctuation:no_comma"]}, "1 instructions and 2 tables"),
        ({"instruction_id_list": ["x:y", "punctuation:no_comma"]}, "the instruction 'x:y'"),
        ({"kwargs": [{}, {"relation": "at least"}]}, r"kwargs\[1\]: 'num_words' is missing"),
    ],
)
def test_a_broken_record_is_refused(change, says):
    with pytest.raises(DataError, match=says):
        ifeval(ROW | change)


def test_all_prompts(real_data, tmp_path):
    path = real_data / "ifeval" / "input_data.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = import_file("ifeval", path)
    assert len(found) == 541
    assert sum(len(i.rubric.criteria) for i in found) == sum(len(r["instruction_id_list"]) for r in rows) == 834
    for row, item in zip(rows, found, strict=True):
        assert item.rubric.prompt == row["prompt"]
        for criterion, kind, settings in zip(
            item.rubric.criteria, row["instruction_id_list"], row["kwargs"], strict=True
        ):
            assert criterion.verifier.name == f"ifeval/{kind}"
            assert criterion.verifier.settings == settings
            check_settings(criterion)
            assert decide(Sample("s", (), ""), criterion).value == 0
            assert decide(Sample("s", (), "Hello."), criterion).state is State.SCORED
    rubrics = [item.rubric for item in found]
    write_rubrics(rubrics, tmp_path / "r.jsonl")
    assert read_rubrics(tmp_path / "r.jsonl") == rubrics
