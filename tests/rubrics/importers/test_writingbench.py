"""WritingBench queries: score bands as anchors; all of the real length subset."""

import json

import pytest

from rubricate.errors import DataError
from rubricate.rubrics.importers import import_file, writingbench
from rubricate.rubrics.io import read_rubrics, write_rubrics

BANDS = {"1-2": "bad", "3-4": "weak", "5-6": "fair", "7-8": "good", "9-10": "great"}
ROW = {
    "index": 16, "domain1": "Academic", "domain2": "Introduction", "query": "Write.",
    "checklist": [{"name": "Word_Count", "criteria_description": "Keeps to the count.", **BANDS}],
}  # fmt: skip


def test_a_query():
    rubric = writingbench(ROW).rubric
    criterion = rubric.criteria[0]
    assert (criterion.id, criterion.title, criterion.text) == ("word-count", "Word_Count", "Keeps to the count.")
    assert (criterion.scale.min, criterion.scale.max, criterion.scale.anchors) == (1, 10, BANDS)
    assert (rubric.id, rubric.domain, rubric.topic) == ("writingbench/16", "Academic", "Introduction")


@pytest.mark.parametrize("drop", [["5-6"], list(BANDS)])
def test_a_gap_in_the_bands_is_refused(drop):
    item = {k: v for k, v in ROW["checklist"][0].items() if k not in drop}
    with pytest.raises(
        DataError, match=r"checklist\[0\]: the bands are (1-2, 3-4, 7-8, 9-10|missing); expected 1 to 10"
    ):
        writingbench(ROW | {"checklist": [item]})


def test_all_of_the_length_subset(real_data, tmp_path):
    path = real_data / "writingbench" / "length_subset_c.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = import_file("writingbench", path)
    assert len(found) == 222
    assert sum(len(i.rubric.criteria) for i in found) == sum(len(r["checklist"]) for r in rows) == 226
    for row, item in zip(rows, found, strict=True):
        assert item.extra == {}
        assert (item.rubric.prompt, item.rubric.prompt_id) == (row["query"], str(row["index"]))
        for criterion, source in zip(item.rubric.criteria, row["checklist"], strict=True):
            back = {"name": criterion.title, "criteria_description": criterion.text, **criterion.scale.anchors}
            assert back == source
    rubrics = [item.rubric for item in found]
    write_rubrics(rubrics, tmp_path / "r.jsonl")
    assert read_rubrics(tmp_path / "r.jsonl") == rubrics
